"""`bytefit compress` for several images: where the answers go, and what one that fails does to the others."""

from __future__ import annotations

import json

import pytest

from images import encoded, opened, photograph


@pytest.fixture
def several(tmp_path, monkeypatch):
    """Return a folder that is the current one, with two photographs, one as TIFF, and a text."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(encoded(photograph((120, 90), seed=ord(name[0])), "JPEG", quality=95))
    (tmp_path / "c.tif").write_bytes(encoded(photograph((96, 64)), "TIFF"))
    (tmp_path / "text.jpg").write_bytes(b"no image")
    return tmp_path


def test_several_images_go_to_a_folder_and_a_bad_one_does_not_stop_them(run, several):
    """The folder is made, names stay, the originals too; the exit code says that one could not be used."""
    before = (several / "a.jpg").read_bytes()

    code, out, err = run("compress", "a.jpg", "text.jpg", "b.jpg", "--to", "3KB", "--out-dir", "out/small")

    assert code == 2
    assert [line.partition(": ")[0] for line in out] == ["out/small/a.jpg", "out/small/b.jpg"]
    assert err == ["bytefit: error: text.jpg is not an image Pillow can read"]
    assert (several / "a.jpg").read_bytes() == before
    assert {path.name: path.stat().st_size <= 3000 for path in (several / "out/small").iterdir()} == {
        "a.jpg": True,
        "b.jpg": True,
    }


def test_several_images_are_replaced_on_request(run, several):
    """One that does not fit leaves its file as it was, and makes the exit code 1."""
    kept = (several / "c.tif").read_bytes()

    code, out, err = run("compress", "a.jpg", "c.tif", "--to", "3KB", "--in-place", "--effort", "fast")

    assert (code, len(out), len(err)) == (1, 1, 1)
    assert err[0].startswith("bytefit: error: cannot fit c.tif in 3 kB")
    assert (several / "a.jpg").stat().st_size <= 3000
    assert (several / "c.tif").read_bytes() == kept


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--format", "webp"], {"a.webp", "c.webp"}),
        (["--format", "auto", "--formats", "webp"], {"a.webp", "c.webp"}),
        (["--formats", "jpeg,gif"], {"a.jpg", "c"}),
    ],
)
def test_the_suffix_says_which_format_it_became(run, several, options, names):
    """Chosen by the user, by looks, or because its own is not allowed."""
    code, _, err = run("compress", "a.jpg", "c.tif", "--to", "4KB", "--out-dir", "out", *options, "--effort", "fast")

    made = {path.name: opened(path.read_bytes()).format for path in (several / "out").iterdir()}
    assert (code, err) == (0, [])
    assert {name if name in names else name.partition(".")[0] for name in made} == names
    for name, made_format in made.items():
        assert {"webp": "WEBP", "jpg": "JPEG", "gif": "GIF"}[name.partition(".")[2]] == made_format


def test_json_is_one_list(run, several):
    """With a record for each image, that of a bad one with its error."""
    code, out, _ = run("compress", "a.jpg", "text.jpg", "--to", "3KB", "--out-dir", str(several / "out"), "--json")

    first, second = json.loads("\n".join(out))
    assert code == 2
    assert first["size"] <= 3000
    assert second == {"path": "text.jpg", "error": "text.jpg is not an image Pillow can read"}


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("a.jpg b.jpg", "2 images, and each needs a place: give --out-dir DIR, or --in-place to replace them"),
        ("a.jpg b.jpg -o c.jpg", "2 images, and --output is one file: give --out-dir DIR, or --in-place"),
        ("a.jpg - --in-place", "standard input (-) goes alone"),
        ("a.jpg b.jpg --out-dir .", "a.jpg is the image itself: give another folder, or --in-place to replace it"),
        ("a.jpg ./a.jpg --out-dir out", "a.jpg and ./a.jpg would both be written to out/a.jpg"),
    ],
)
def test_an_unclear_place_is_refused_before_anything_is_written(run, arguments, message):
    """Whoever gives several images may expect copies, or not: bytefit does not guess."""
    code, out, err = run("compress", *arguments.split(), "--to", "3KB")

    assert (code, out) == (2, [])
    assert err[0].startswith(f"bytefit: error: {message}")
