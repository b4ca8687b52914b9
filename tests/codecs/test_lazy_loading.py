"""A format's folder is loaded when that format is first met, so that a JPEG does not pay for the code of a GIF."""

from __future__ import annotations

import json
import subprocess
import sys

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
