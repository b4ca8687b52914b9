"""Images are recognised by suffix in folders and by their first bytes; Git LFS pointers state a size."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from PIL import Image, features

from bytefit.budgets.image_files import POINTER_SIZES, has_image_suffix, head_of, size_in_pointer, sniff, walk
from bytefit.formats import SUFFIXES
from images import animation, encoded, photograph
from repositories import Repository

OID = f"oid sha256:{'0123456789abcdef' * 4}\n"
VERSION = "version https://git-lfs.github.com/spec/v1\n"

# Formats that Pillow writes, and our names for them.
WRITTEN = {
    **{form: form for form in ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "ICO", "JPEG2000")},
    "MPO": "JPEG",  # a JPEG file with more pictures behind the first
}


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_suffixes_are_taken_in_any_case(suffix):
    """Cameras write suffixes in capitals, so case must not matter."""
    assert has_image_suffix(f"a/b.c/photo{suffix}")
    assert has_image_suffix(f"photo{suffix.upper()}")
    assert has_image_suffix(os.fsdecode(b"\xff") + suffix.title())


@pytest.mark.parametrize(
    "name",
    ["", "jpg", "a.txt", "a.jpg.txt", "a.jpg~", "a.jpg/b", "a.jpg/b.py", "a.jpg ", "a.", ".", "a.JP", "a.ĵpg"],
)
def test_what_is_called_otherwise_is_not(name):
    """Only a suffix at the end of the name may count."""
    assert not has_image_suffix(name)


@pytest.mark.parametrize(("codec_format", "name"), WRITTEN.items())
def test_formats_are_told_by_the_first_bytes(codec_format, name):
    """The format of every file that Pillow writes must be recognised, still or animated."""
    if codec_format == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow is built without AVIF")
    Image.init()
    saved = [encoded(photograph((32, 24)), codec_format)]
    if codec_format in Image.SAVE_ALL and codec_format != "MPO":
        saved.append(animation(codec_format))

    assert [sniff(data[:512]) for data in saved] == [name] * len(saved)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\x00\x00\x00\x1cftypavif", "AVIF"),
        (b"\x00\x00\x00\x2cftypavis", "AVIF"),
        (b"\x00\x00\x00\x18ftypheic", "HEIC"),
        (b"\x00\x00\x00\x18ftyphevc", "HEIC"),
        (b"\x00\x00\x00\x18ftypmif1", "HEIF"),
        (b"\xff\x0a", "JXL"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JXL"),
        (b"MM\x00*", "TIFF"),
        (b"GIF87a", "GIF"),
        (b"8BPS", "PSD"),
        (b"RIFF\x00\x00\x00\x00WAVE", None),
        (b"\x00\x00\x00\x18ftypmp42", None),
        (b"", None),
        (b"\xff\xd8", None),
        (b"\x89PNG\n\x1a\n", None),
        (b" \xff\xd8\xff", None),
        (b"<svg xmlns=", None),
        (VERSION.encode(), None),
        (b"hello " * 80, None),
    ],
)
def test_signatures_are_those_of_the_formats(head, name):
    """Formats that Pillow does not write must be recognised, and similar data must not."""
    assert sniff(head) == name


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (f"{VERSION}{OID}size 1\n", 1),
        (f"{VERSION}{OID}size 12345678\n", 12345678),
        (f"{VERSION}{OID}size 999999999999999\n", 999999999999999),
        (f"{VERSION}{OID}size 12345678\n".replace("\n", "\r\n"), 12345678),
        (f"{VERSION}ext-0-foo sha256:{'f' * 64}\n{OID}size 12345678\n", 12345678),
        (f"{VERSION}{OID}size 0\n", 0),
        (f"{VERSION}{OID}", None),
        (f"{VERSION}{OID}size\n", None),
        (f"{VERSION}{OID}size -5\n", None),
        (f"{VERSION}{OID}size 5 MB\n", None),
        (f"{VERSION}{OID}oversize 12345678\n", None),
        (f"{VERSION}{OID}size 1{'0' * 30}\n", None),
        (f"{VERSION.replace('v1', 'v2')}{OID}size 12345678\n", None),
        (f"{VERSION.replace('.com', '-com')}{OID}size 12345678\n", None),
        (f"\n{VERSION}{OID}size 12345678\n", None),
        (f"# {VERSION}{OID}size 12345678\n", None),
        (f"{OID}size 12345678\n{VERSION}", None),
        ("", None),
    ],
)
def test_pointers_state_the_size_of_what_they_stand_for(text, size):
    """A pointer is read with either line break, and similar text must give no size."""
    assert size_in_pointer(text.encode()) == size
    if size is not None:
        assert len(text) in POINTER_SIZES


def test_head_is_the_whole_of_a_pointer_and_not_of_a_picture(tmp_path):
    """The head holds a whole pointer, but a check must not read whole images."""
    path = tmp_path / "a.jpg"
    for size in (0, 1, POINTER_SIZES[-1], 100_000):
        path.write_bytes(bytes(range(256)) * (size // 256) + bytes(size % 256))

        head = head_of(str(path))

        assert path.read_bytes().startswith(head)
        assert min(size, POINTER_SIZES[-1]) <= len(head) <= POINTER_SIZES.stop


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_head_of_a_pipe_is_not_waited_for(tmp_path):
    """Reading a pipe without a writer must not block."""
    os.mkfifo(tmp_path / "pipe.jpg")
    heads = []
    reader = threading.Thread(target=lambda: heads.append(head_of(str(tmp_path / "pipe.jpg"))), daemon=True)

    reader.start()
    reader.join(10)

    assert heads == [b""]


TREE = (
    *("b.jpg", "A.PNG", "a.jpg", "notes.txt", "jpg", "b/c.jpg", "b/a/d.webp", ".hidden/e.gif", "line\nbreak.jpg"),
    os.fsdecode(b"\xff.jpg"),
)


def test_a_folder_is_walked_in_order(tmp_path, monkeypatch):
    """Files come first, then the folders in order; hidden files and all names are included."""
    monkeypatch.chdir(tmp_path)
    for name in TREE:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()

    found = list(walk("."))

    assert found == [
        *("./A.PNG", "./a.jpg", "./b.jpg", "./line\nbreak.jpg", f"./{TREE[-1]}"),
        *("./.hidden/e.gif", "./b/c.jpg", "./b/a/d.webp"),
    ]
    assert list(walk("b")) == ["b/c.jpg", "b/a/d.webp"]
    assert list(walk(str(tmp_path / "b" / "a"))) == [str(tmp_path / "b" / "a" / "d.webp")]
    assert list(walk("missing")) == []


def test_a_walk_enters_no_repository_and_follows_no_link(tmp_path, monkeypatch):
    """A walk must skip links, clones, worktrees and submodules, except the one it starts in."""
    monkeypatch.chdir(tmp_path)
    clone = Repository(tmp_path / "start" / "clone")
    clone.write("a.jpg", b"a")
    clone.commit()
    clone.git("worktree", "add", "--quiet", str(tmp_path / "start" / "linked"))
    clone.write("deep/b.jpg", b"b")
    for name in ("start/c.jpg", "elsewhere/d.jpg"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    Path("start/link.jpg").symlink_to("c.jpg")
    Path("start/folder").symlink_to(tmp_path / "elsewhere")

    assert list(walk("start")) == ["start/c.jpg"]
    assert list(walk("start/clone")) == ["start/clone/a.jpg", "start/clone/deep/b.jpg"]
    assert list(walk("start/linked")) == ["start/linked/a.jpg"]
