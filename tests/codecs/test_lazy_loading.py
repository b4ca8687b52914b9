"""A format's folder is loaded when that format is first met, so that a JPEG does not pay for the code of a GIF."""

from __future__ import annotations

import json
import subprocess
import sys

import PIL
import pytest

from bytefit.formats import FORMATS
from images import encoded, photograph

FOLDERS = {one.folder for one in FORMATS if one.folder} | {"palettes"}

# The sample of any image is read as plain JPEG, so that folder is always there.
CASES = [("JPEG", "JPEG", {"jpeg"}), ("JPEG", "WEBP", {"jpeg", "webp"}), ("PNG", "JPEG", {"jpeg", "png", "palettes"})]


def folders_loaded(code, *arguments):
    """Return which folders of formats a fresh interpreter has loaded after `code`, and how many modules of codecs."""
    ending = "\nprint(json.dumps([name for name in sys.modules if name.startswith('bytefit.codecs.')]))"
    done = subprocess.run(
        [sys.executable, "-c", f"import json, sys\n{code}{ending}", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    names = json.loads(done.stdout.splitlines()[-1])
    return {name.split(".")[2] for name in names} & FOLDERS, len(names)


@pytest.mark.parametrize(("source", "wanted", "folders"), CASES)
def test_compress_loads_the_formats_it_meets(tmp_path, source, wanted, folders):
    """Nothing but the folders of the source and of the result, and those they are made of."""
    path = tmp_path / "photo.img"
    path.write_bytes(encoded(photograph((96, 64)), source))

    loaded, count = folders_loaded(
        "import bytefit\nbytefit.compress(sys.argv[1], 3000, format=sys.argv[2])", path, wanted
    )

    assert loaded == folders
    assert count <= 34


# What a plain JPEG has no use for, in the order of what it costs to load.
UNUSED = {
    *("numpy", "rich", "PIL.GifImagePlugin", "PIL.PngImagePlugin", "PIL.BmpImagePlugin", "PIL.WebPImagePlugin"),
    *("inspect", "dataclasses", "shutil", "fractions", "tempfile", "xml", "pickle", "tomllib", "pathspec", "hashlib"),
    *("bytefit.cli.batch", "bytefit.cli.budgets", "bytefit.cli.benchmarks", "bytefit.cli.training"),
}


def modules_loaded(*arguments):
    """Return the modules that a command has loaded at its end, without those of the interpreter's start."""
    code = "import sys\nbefore = set(sys.modules)\nfrom bytefit.cli.main import main\nmain(sys.argv[1:])\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}print(*sorted(set(sys.modules) - before))", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1].split()


@pytest.mark.parametrize("output", ["answer.jpg", "answer.webp"])
def test_the_command_loads_nothing_it_does_not_use(tmp_path, output):
    """The first answer is what a user of the command line waits for: every module costs it a part of a millisecond."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(photograph((96, 64)), "JPEG", quality=95))

    loaded = modules_loaded("compress", path, "--to", "2000", "-o", tmp_path / output)

    unused = UNUSED - ({"PIL.WebPImagePlugin"} if output.endswith("webp") else set())
    if tuple(map(int, PIL.__version__.split(".")[:2])) < (12, 2):  # it loads five plugins with the first image
        unused = {name for name in unused if not name.startswith("PIL.")}
    assert not unused & set(loaded)
    assert len([name for name in loaded if name.startswith("bytefit")]) <= 87
    # Pillow, and what it and `argparse` load; 3.11 loads the most.
    assert len(loaded) <= 190


@pytest.mark.parametrize("command", ["check", "fix"])
def test_the_hooks_load_the_formats_they_fix(tmp_path, command):
    """`check` needs no codec at all, and `fix` that of the file over its budget."""
    (tmp_path / "photo.jpg").write_bytes(encoded(photograph((96, 64)), "JPEG", quality=95))
    code = "from bytefit.cli.main import main\nmain([sys.argv[1], sys.argv[2], '--max-size', '3KB'])"

    loaded, _ = folders_loaded(code, command, tmp_path)

    assert loaded == ({"jpeg"} if command == "fix" else set())


def test_a_codec_is_loaded_by_its_name_alone():
    """Looking one up, or being told that there is none, loads no other."""
    code = """
from bytefit.codecs import codec_for_format, format_for_suffix
from bytefit.errors import UnsupportedImage
format_for_suffix(".gif")
try:
    codec_for_format("BMP")
except UnsupportedImage:
    codec_for_format("WEBP")
"""

    assert folders_loaded(code)[0] == {"webp"}


def test_the_tuples_of_all_codecs_load_every_format():
    """Training, the mode table and the tests ask for them."""
    assert folders_loaded("from bytefit.codecs import CODECS, BY_PLUGIN")[0] == FOLDERS
