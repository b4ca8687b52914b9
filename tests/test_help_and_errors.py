"""Every help page and an example of every error message, in one text to read through: `help_and_errors.txt`.

The test fails if the text is not up to date. After a change that is meant, write it again and read the difference:

    python tests/test_help_and_errors.py --write

Every message is caused as a user would cause it: by the command line, or by a call of the public functions.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import os
import re
import shlex
import struct
import sys
import textwrap
import zlib
from contextlib import chdir, redirect_stderr, redirect_stdout
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent))  # as pytest does, however this file is started

import bytefit
from bytefit import errors
from bytefit.batches.job import prepare_job
from bytefit.batches.plan import Plan
from bytefit.batches.row import Entry
from bytefit.batches.storage.stamps import Stamp
from bytefit.cli.main import _parser, main
from bytefit.codecs import codec_for_format
from bytefit.codecs.colour_profiles import gamma_curve, profile
from bytefit.codecs.jpeg.quantisation import load_knots
from bytefit.resources import models_folder
from bytefit.seeding.model import load_model
from images import XMP, animation, encoded, exif, graphic, icc_profile, noise, opened, photograph
from repositories import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).with_suffix("").parent / "help_and_errors.txt"
PACKAGE = Path(bytefit.__file__).parent
WIDTH = 100

FILM = b"\x00\x00\x00\x18ftypmp42" + b"film" * 100
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"

# A line that starts with "$" is a command, any other one Python.
EXAMPLES = {
    "Sizes": """
        bytefit.parse_size("much")
        bytefit.parse_size("200KO")
        bytefit.parse_size("0")
        bytefit.parse_size(1.5)
        bytefit.parse_size(10**30)
        $ compress photo.jpg --to 200KO
        bytefit.parse_size("20KB..50KB")
        bytefit.compress(photo, "50KB..20KB", format="JPEG")
        bytefit.compress(photo, "20..50KB", format="JPEG")
        bytefit.compress(photo, "20KB..50KB", format="JPEG", min_size="9KB")
        bytefit.compress(photo, "20KB..50KB", format="JPEG", exact=True)
        bytefit.compress(photo, "20KB", format="JPEG", min_size="30KB")
        bytefit.compress(photo, "20KB", format="JPEG", min_size="much")
        bytefit.compress(photo, 4001, format="JPEG", exact=True, encoding="base64")
        bytefit.compress(photo, 4001, format="JPEG", exact=True, encoding="data-uri")
        bytefit.compress(photo, "5..7", format="JPEG", encoding="base64")
        bytefit.compress(photo, "500B", format="JPEG", encoding="base64")
        $ compress photo.jpg --to 50KB..20KB
        $ compress photo.jpg --to 9KB --min-size much
        $ compress photo.jpg --to 9KB --base64 --data-uri
    """,
    "Options": """
        bytefit.compress(photo, "9KB", format=3)
        bytefit.compress(photo, "9KB", format="auto", formats="PNG")
        bytefit.compress(photo, "9KB", format="auto", formats=[])
        bytefit.compress(photo, "9KB", format="JPEG", formats=["WEBP", "PNG"])
        bytefit.compress_file("photo.jpg", "9KB", formats=["WEBP", "PNG"])
        bytefit.compress(photo, "9KB", slack=2)
        bytefit.compress(photo, "9KB", min_quality="high")
        bytefit.compress(photo, "9KB", min_score=100)
        bytefit.compress(photo, "9KB", resize=(300, 200))
        bytefit.compress(photo, "9KB", lossless="no")
        bytefit.compress(photo, "9KB", resize=True, min_width=0)
        bytefit.compress(photo, "9KB", resize=True, max_height=99.5)
        bytefit.compress(photo, "9KB", max_width=300)
        bytefit.compress(photo, "9KB", resize=True, min_width=301, max_width=300)
        bytefit.compress(photo, "9KB", effort="slow")
        bytefit.compress(photo, "9KB", max_pixels=0)
        bytefit.compress(photo, "9KB", format="JPEG", lossless=True)
        bytefit.compress(photo, "9KB", format="TIFF", lossless=True, compression="jpeg")
        bytefit.compress(photo, "9KB", format="auto", lossless=True, formats=["AVIF", "JPEG"])
        bytefit.compress(photo, "9KB", format="JPEG", quality=80)
        bytefit.compress(photo, "9KB", format="JPEG", subsamplng=1)
        bytefit.compress(photo, "9KB", format="JPEG", max_widht=300)
        $ compress photo.jpg --to 9KB --slack 2
        $ compress photo.jpg --to 9KB --min-quality high
        $ compress photo.jpg --to 9KB --resize --max-width 9.5
        $ compress photo.jpg --to 9KB --max-width 300
        $ compress photo.jpg --to 9KB --formats WEBP,PNG
        $ compress photo.jpg
        $ compress photo.jpg tagged.jpg --to 9KB
        $ compress photo.jpg tagged.jpg --to 9KB -o small.jpg
        $ compress photo.jpg - --to 9KB --in-place
        $ compress photo.jpg ./photo.jpg --to 9KB --out-dir small
        $ compress photo.jpg --to 9KB --out-dir .
        $ compress photo.jpg --for discord-emojy
        $ compress photo.jpg --for my-own
        $ presets --check-age soon
        bytefit.compress(photo, "discord-emojy", format="PNG")
        $ compress photo.jpg --to 9KB --effort slow
    """,
    "Boxes": """
        bytefit.compress(photo, "9KB", format="JPEG", box="0x50")
        bytefit.compress(photo, "9KB", format="JPEG", fit="contain")
        bytefit.compress(photo, "9KB", format="JPEG", box="9x9", fit="fill")
        bytefit.compress(photo, "9KB", format="JPEG", box="9x9", focus=(0.5, 1.2))
        bytefit.compress(photo, "9KB", format="JPEG", box="9x9", fit="contain", focus=(0, 0))
        bytefit.compress(photo, "9KB", format="JPEG", box="9x9", resize=True)
        bytefit.compress(photo, "9KB", format="JPEG", box="1:1", fit="inside")
        bytefit.compress(photo, "9KB", format="JPEG", box="1:1", enlarge=True)
        bytefit.compress(photo, "9KB", format="JPEG", box="99999x99999", enlarge=True)
        bytefit.compress(photo, "9KB", format="JPEG", box="900x900")
        bytefit.compress(photo, "9KB", format="WEBP", box="17000x2", enlarge=True)
        bytefit.compress(photo, "9KB", format="JPEG", box="99x99", fit="contain")
        bytefit.compress(photo.convert("CMYK"), "9KB", format="JPEG", box="99x99", fit="contain")
        bytefit.compress(photo.convert("F"), "90KB", format="TIFF", box="99x99", fit="contain", background="white")
        bytefit.compress(photo, "9KB", format="JPEG", dpi=0)
        bytefit.compress(photo, "9KB", format="GIF", dpi=300)
        bytefit.compress("film.jpg", "9KB", box="9x9")
        $ compress photo.jpg --to 9KB --box 9
        $ compress photo.jpg --to 9KB --fit contain
        $ compress photo.jpg --to 9KB --box 9x9 --focus 2,2
        $ compress photo.jpg --to 9KB --dpi high
    """,
    "Image.save": """
        photo.save("x.jpg", max_width=100, resize=True)
        photo.save("x.jpg", min_quality=60)
        photo.save("x.jpg", targetsize="9KB")
        photo.save(BytesIO(), target_size="9KB")
        photo.save("x.txt", target_size="9KB")
        photo.save("x.jpg", target_size="9KB", quality=80)
        photo.save("x.webp", target_size="9KB", formats=["PNG"])
        photo.save("x.webp", target_size="9KB", duration=[40, 40])
        photo.save("x.webp", target_size="9KB", save_all=True, append_images=[photo.resize((8, 8))])
    """,
    "Images that are refused": """
        bytefit.compress(b"bytes", "9KB")
        bytefit.compress(photo, "9KB")
        bytefit.compress(photo, "9KB", format="BMP")
        bytefit.compress(photo, "9KB", format="PCX")
        bytefit.compress(photo.convert("F"), "9KB", format="JPEG")
        bytefit.compress(deep, "9KB", format="PNG")
        bytefit.compress(Image.new("RGBa", (8, 8)), "9KB", format="JPEG")
        bytefit.compress(Image.new("RGB", (0, 5)), "9KB", format="JPEG")
        bytefit.compress(Image.new("L", (70_000, 2)), "9KB", format="JPEG")
        bytefit.compress(graphic, "9KB", format="JPEG")
        bytefit.compress("moving.webp", "9KB", format="JPEG")
        moving.save("x.avif", target_size="9KB", loop=3)
        bytefit.compress("pages.tif", "9KB", format="JPEG")
        bytefit.compress("text.jpg", "9KB")
        bytefit.compress("cut.jpg", "9KB")
        bytefit.compress("bomb.png", "9KB")
        bytefit.compress("photo.jpg", "9KB", max_pixels=9999)
        bytefit.compress("pointer.jpg", "9KB")
        bytefit.compress("alpha16.png", "9KB", format="WEBP")
        bytefit.compress("linear.png", "9KB", format="GIF")
        bytefit.compress(photo, "9KB", format="JPEG", background="whitish")
        bytefit.compress(photo, "9KB", format="JPEG", progressive="no")
        bytefit.compress(photo, "9KB", format="WEBP", method=7)
        $ compress photo.jpg --to 9KB --option progressive
        $ compress photo.jpg --to 9KB --option progresive=true
        $ compress photo.jpg --to 9KB --option progressive=maybe
        $ compress photo.jpg --to 9KB --option subsampling=4:2
        bytefit.compress(photo, "9KB", format="JPEG", colours="rgb")
        bytefit.compress(photo, "9KB", format="JPEG", depth=16)
        bytefit.compress("linear16.png", "9KB", colours="srgb")
        bytefit.compress("inks.jpg", "9KB", colours="srgb")
        bytefit.compress("damaged-profile.jpg", "9KB", colours="srgb")
        bytefit.compress(far, "9KB", format="JPEG", depth=8)
        bytefit.compress("cover.png", "9KB", format="WEBP")
        bytefit.compress("film.jpg", "9KB", format="WEBP")
        bytefit.compress(two, "9KB", format="JPEG")
        bytefit.compress(photo, 4001, format="WEBP", exact=True)
        bytefit.compress(photo, "90KB", format="JPEG", exif=b"Exif" + bytes(70_000))
        bytefit.compress(photo, "90KB", format="GIF", lossless=True)
        bytefit.compress(photo, "90KB", format="GIF", min_quality=95)
        bytefit.compress(graphic, "90KB", format="GIF", lossless=True)
        bytefit.compress(photo.convert("HSV"), "90KB", format="PNG", lossless=True)
        bytefit.compress(photo, "90KB", format="TIFF", compression="webp")
        bytefit.compress(Image.new("RGBA", (9, 9), (9, 9, 9, 0)), "90KB", format="GIF", lossless=True)
        bytefit.compress(photo, "9KB", format="JPEG2000", no_jp2=True, xmp=XMP)
    """,
    "Budgets that cannot be reached": """
        bytefit.compress(photo, "400B", format="JPEG")
        bytefit.compress("photo.jpg", "2KB", min_quality=60)
        bytefit.compress("photo.jpg", "400B", resize=True, min_width=140)
        bytefit.compress("photo.jpg", "3KB", min_score=90)
        bytefit.compress("tagged.jpg", "2KB")
        bytefit.compress(photo, "9KB", format="PNG", lossless=True)
        $ compress photo.jpg --to 400B
        $ compress photo.jpg --to 9KB -o photo.tif
    """,
    "Files": """
        bytefit.compress_file("missing.jpg", "9KB")
        $ compress missing.jpg --to 9KB
        $ compress folder --to 9KB
        $ compress photo.jpg --to 9KB -o missing/photo.jpg
        $ compress photo.jpg --to 9KB -o folder
        $ compress photo.jpg --to 9KB -o photo.txt
        $ compress photo.jpg --to 4KB --format WEBP
        $ compress text.jpg --to 1KB
    """,
    "Models": """
        load_model(Path("missing.json"), codec_for_format("JPEG"))
        load_model(Path("empty.json"), codec_for_format("JPEG"))
        load_model(Path("old-model.json"), codec_for_format("JPEG"))
        bytefit.use_models("missing")
        bytefit.compress(photo, "9KB", format="JPEG", models="folder")
        $ models --codec JPEG --check missing
        $ models --codec JPEG --check folder
        load_knots(Path("missing.json"))
        load_knots(Path("empty-tables.json"))
    """,
    "Usage": """
        $
        $ nonsense
        $ compress photo.jpg
        $ compress photo.jpg --to 9KB --nonsense
        $ fix --max-size much
        $ check --report nonsense
        $ check --report json=
        $ check --report html-dir
        $ check --scores
        $ compress photo.jpg --to 9KB --report json
        $ bench shrink . --json --report html=page.html
        $ batch . out --to 9KB --dry-run --report html=page.html
        $ check --to-ref HEAD
        $ check --staged --from-ref HEAD
        $ check --min-change 1KB
        $ fix -q -v
        $ explain photo.jpg --to 9MB --plot curve.png
        $ explain photo.jpg --to 9KB --plot curve.gif
        $ explain alpha16.png --to 9KB --plot alpha16.png
        $ check --write-baseline --update-baseline
        $ check --write-baseline --no-baseline
    """,
    "Batches": """
        $ batch folder --to 9KB
        $ batch missing out --to 9KB
        $ batch photo.jpg out --to 9KB
        $ batch folder out --to 9KB
        $ batch images images/out --to 9KB
        $ batch images/below images --to 9KB
        $ batch images out --to 9KB --in-place
        $ batch images --to 9KB --in-place --format WEBP
        $ batch images --to 9KB --in-place --format auto
        $ batch images out --to 9KB --suffix a/b
        $ batch images out --to 9KB --max-failures many
        $ batch images out --to 9KB --image-timeout 0
        $ batch images out --to 9KB --shard-size 0
        $ batch images out --to 9KB --backend dask
        $ batch images out --to 9KB --scheduler tcp://127.0.0.1:8786
        $ batch images out --to 9KB --address auto
        $ batch images out --to 9KB --format WEBP
        $ batch images out --to 9KB --files-from twice.txt
        $ batch images out --to 9KB --files-from outside.txt
        $ batch images out --to 9KB --files-from absolute.txt
        $ batch images out --to 9KB --files-from broken.jsonl
        $ batch images out --to 9KB --files-from nameless.jsonl
        $ batch images photo.jpg --to 9KB
        $ batch nonsense://images out --to 9KB
        $ batch ftp://me:secret@host/images out --to 9KB
        $ batch images out --to 9KB --job begun
        $ batch images out --to 9KB --job old
        $ batch images out --to 9KB --job torn
        $ batch status folder
        $ batch manifest begun -o rows.xml
        list(bytefit.batch("images", "out", "9KB", backend="spark"))
        list(bytefit.batch("images", "out", "9KB", overwrite="perhaps"))
        list(bytefit.batch("images", "out", "9KB", exif=b"Exif"))
        list(bytefit.batch("images", "small", "300B", jobs=1, max_failures=0))
        bytefit.run_shard("folder", 0)
        bytefit.run_shard("begun", 7)
    """,
    "Repositories": """
        $ check --staged
        $ check --baseline missing.json
        $ check --baseline broken.json
        $ check --baseline empty.json
        $ check --baseline wrong.json
    """,
    "Inside a repository": """
        $ check --from-ref nonsense
        $ check --from-ref nonsense --to-ref 0000000000000000000000000000000000000000
    """,
}

# TOML that is wrong, each by itself.
CONFIGURATIONS = (
    "max-size = ",
    "max-size = 0",
    "max-size = '200KO'",
    "max-size = '1_000'",
    "max-sise = 1",
    "zzz = 1",
    "max-width = 0",
    "min-quality = 101",
    "min-score = 100",
    "slack = '5%'",
    "resize = 1",
    "skip = 'yes'",
    "effort = 'bets'",
    "metadata = 'all'",
    "save-options = 1",
    "save-options = { progresive = true }",
    "save-options = { progressive = 'yes' }",
    "save-options = { method = 7 }",
    "tool.bytefit = 1",
    "slack = 0\n[tool.bytefit]",
    "exclude = 'a'",
    "exclude = ['']",
    "exclude = ['../a.jpg']",
    "exclude = ['*.{jpg,png}']",
    "exclude = ['@(a|b).jpg']",
    "exclude = ['a\\b']",
    "exclude = ['a//b']",
    "exclude = ['***']",
    "exclude = ['a/**/']",
    "exclude = ['[z-a]']",
    "exclude = [' a']",
    "exclude = ['!a', 'b']",
    "rules = 1",
    "rules = [1]",
    "[[rules]]\nmax-size = 1",
    "[[totals]]\nfiles = ['a']",
    "presets = 1",
    "presets.form = 1",
    "[presets.Form]\nto = 1",
    "[presets.form]\nbox = '9x9'",
    "[presets.form]\nto = '9XB'",
    "[presets.form]\nto = 1\nenlarje = true",
    "[presets.form]\nto = 1\nbox = '0x9'",
    "[presets.form]\nto = 1\nzzz = 1",
    "[presets.form]\nto = 1\nread = 'May'",
    "[presets.form]\nto = 1\nsource = 3",
    f"exclude = {'[' * 5000}",
)

# Messages that have no example: no call from outside causes them where everything is installed and works.
WITHOUT_EXAMPLE = {
    "nothing was kept": "an encoder that is wrong",
    "the encoder returned ": "an encoder that is wrong",
    "does not keep every pixel": "an encoder with an option that makes it lossy, such as HEIF: needs a plugin",
    "oxipng cannot pack": "an encoder that is wrong",
    "the encoder changed ": "an encoder that is wrong",
    "was changed by another program": "two programs at the same moment",
    "pip install": "a package that is not installed",
    "MB when decoded": "an animation of a gigabyte",
    "its end or its header is damaged": "a file that is encoded again instead: tests/fitting/test_exact.py",
    "cannot write TIFF tag ": "a damaged tag: tests/codecs/tiff/test_writable_tags.py",
    "cannot read the EXIF block": "a process in which warnings are errors: tests/test_threads.py",
    "too many pixels to be encoded": "an image of more than 178 megapixels: tests/fitting/test_max_pixels.py",
    "is refused by Pillow": "frames of more than 178 megapixels: tests/fitting/test_max_pixels.py",
    "is no file that could be replaced": "a pipe: tests/files/test_pipes.py",
    ", not an image file: name a file": "a device: tests/sources/test_streams.py",
    " is a terminal": "a terminal: tests/sources/test_streams.py",
    " is a disk": "a disk",
    "not enough memory": "an animation of gigabytes: tests/fitting/test_max_pixels.py",
    "cannot score ": "an image of less than eight pixels a side, with a floor on its score",
    "colour profiles": "a plugin of Pillow",
    "git is not installed": "a machine without git",
    " failed in ": "git that fails",
    "at the first push of a branch": "a note of a report: tests/budgets/test_comparison.py",
    "git cannot read an object": "a repository that is damaged",
    "both configure": "two files: tests/budgets/test_configuration.py",
    "has no [tool.bytefit] table": "a pyproject.toml: tests/budgets/test_configuration.py",
    ": convert it to one of ": "a mode of Pillow that there is not yet",
    "cannot convert mode ": "a mode of Pillow that there is not yet",
    "to an exact size": "a format that register_codec added",
    "and files of this format cannot be padded": "a format that register_codec added",
    "cannot decode this GIF": "a damaged GIF: tests/codecs/gif",
    " holds ": "a file of several images that is trained on",
    "train it again": "a model that was edited by hand: tests/seeding/test_model.py",
    "Pillow crashes when it writes an animation": "EXIF in an AVIF: tests/fitting/test_animations.py",
    "its palette is missing": "a damaged file: tests/sources/test_reading.py",
    "times; ": "an animation with a count that no format of ours can write: tests/fitting/test_animations.py",
    "was made by another version of bytefit; --restart": "an old job",
    "images failed, ": "a job that runs: tests/batches/test_jobs.py",
    "the cluster is gone": "a cluster that ends during a job",
    "no Dask scheduler at ": "a cluster: tests/batches/test_batch_clusters.py",
    "no Ray cluster at ": "a cluster: tests/batches/test_batch_clusters.py",
    "the Ray cluster has ": "a cluster that is too small",
    " is being run by ": "a job that runs: tests/batches/test_jobs.py",
    "cannot be listed: ": "a storage that fails: tests/batches/test_s3.py",
    ":// needs ": "a package that is not installed",
    "no such bucket": "a storage: tests/batches/test_s3.py",
    "no such folder or bucket": "a storage: tests/batches/test_s3.py",
    "is not writable": "a folder of another user",
    "workers have to see the same folder": "a cluster whose workers see other folders",
    "needs Little CMS": "a Pillow without it",
    "further pictures": "a damaged multi-picture file: tests/codecs/jpeg/test_jpeg_multi_picture.py",
}
# Modules whose errors are reasons inside another message, or which are for whoever trains and measures.
WITHOUT_EXAMPLES = (
    *("training", "benchmarks", "codecs/refusals.py"),
    *("codecs/jpeg/multi_picture.py", "codecs/gif/frame_differences.py"),
)


def page() -> str:
    """Return all help pages and all examples."""
    parts = ["Written by `python tests/test_help_and_errors.py --write`; numbers that encoders change are #\n"]
    parts += [f"{command}\n\n{text}" for command, text in help_pages()]
    with TemporaryDirectory() as folder, chdir(folder):
        write_files()
        bytefit.register()
        try:
            for heading, lines in EXAMPLES.items():
                with chdir("repository" if heading == "Inside a repository" else "."):
                    parts.append(section(heading, lines))
        finally:
            bytefit.unregister()
        parts.append("\n\n".join(["Configurations", *map(configured, CONFIGURATIONS), ""]))
        text = f"\n{'=' * WIDTH}\n".join(parts)
        text = text.replace(os.path.realpath(folder), "FOLDER").replace(folder, "FOLDER")
        return re.sub(r" +$", "", text, flags=re.MULTILINE)


def help_pages() -> Iterator[tuple[str, str]]:
    """Yield every command and its help."""
    yield from _help_of(_parser(), [])


def _help_of(parser: argparse.ArgumentParser, command: list[str]) -> Iterator[tuple[str, str]]:
    yield " ".join(["bytefit", *command, "--help"]), ran([*command, "--help"])[1]
    for action in parser._actions:
        if isinstance(action.choices, dict):
            for name, below in action.choices.items():
                yield from _help_of(below, [*command, name])


def ran(arguments: list[str]) -> tuple[int, str]:
    """Return the exit code of the command line, and what it prints."""
    printed = io.StringIO()
    width, os.environ["COLUMNS"] = os.environ.get("COLUMNS"), str(WIDTH)
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            code = main(arguments)
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        del os.environ["COLUMNS"]
        if width is not None:
            os.environ["COLUMNS"] = width
    return code, printed.getvalue()


def section(heading: str, lines: str) -> str:
    """Return a heading and, of every line of Python and every command, the error it ends in."""
    found = [example(line.strip()) for line in lines.strip().splitlines()]
    return "\n\n".join([heading, *found, ""])


def example(line: str) -> str:
    """Return a line of Python or a command, and the error it ends in."""
    if line.startswith("$"):
        code, printed = ran(shlex.split(line[1:]))
        assert code in {1, 2}, f"{line} ended with {code}: {printed}"
        return f"$ bytefit {line[1:].strip()}\n{masked(printed.strip(), line)}\n(exit code {code})"
    try:
        exec(line, namespace())  # noqa: S102  (lines of this file)
    except (bytefit.BytefitError, OSError) as error:
        return f">>> {line}\n{type(error).__name__}: {masked(str(error), line)}"
    msg = f"no error: {line}"
    raise AssertionError(msg)


def masked(message: str, line: str) -> str:
    """Return a message without the numbers that another version of an encoder would change."""
    if "BudgetUnreachable" not in message and not re.search(
        r"cannot fit |no encoding of |bytes not processed", message
    ):
        return message
    kept = {*re.findall(r"\d+", line), "144", "96"}
    return re.sub(r"(?<![A-Z\d])\d+(\.\d+)?", lambda number: number[0] if number[0] in kept else "#", message)


def configured(text: str) -> str:
    """Return a configuration, and the error of a check in its folder."""
    with chdir("folder"):
        Path(".bytefit.toml").write_text(text, encoding="utf-8")
        shown = text if len(text) < WIDTH else f"{text[:20]} ..."
        return f"{textwrap.indent(shown, '    ')}\n{example('$ check')}"


def namespace() -> dict[str, Any]:
    """Return the names that the lines of Python use."""
    names = {"bytefit": bytefit, "Image": Image, "BytesIO": BytesIO, "Path": Path, "XMP": XMP}
    functions = {"load_model": load_model, "load_knots": load_knots, "codec_for_format": codec_for_format}
    pictures = {
        **{name: drawn.copy() for name, drawn in drawn_pictures().items()},
        **{name: opened(data) for name, data in files_of_several().items()},
        "deep": Image.new("I;16", (8, 8)),
        "far": Image.new("I", (8, 8), 70_000),
    }
    pictures["deep"].info["transparency"] = 0
    return {**names, **functions, **pictures}


@cache
def drawn_pictures() -> dict[str, Image.Image]:
    """Return the pictures that the lines of Python use copies of."""
    return {"photo": noise(), "graphic": graphic()}


@cache
def files_of_several() -> dict[str, bytes]:
    """Return the files that the lines of Python use opened."""
    return {"moving": animation("WEBP"), "two": two_pictures()}


def write_files() -> None:
    """Write the files that the examples name into the current folder."""
    photo = encoded(noise())
    model = json.loads((models_folder() / "jpeg.json").read_bytes())
    files = {
        "photo.jpg": photo,
        "text.jpg": b"no image at all " * 100,
        "cut.jpg": photo[:-4000],
        "pointer.jpg": POINTER,
        "film.jpg": photo + FILM,
        "tagged.jpg": encoded(noise(), exif=exif(padding=3000)),
        "moving.webp": animation("WEBP"),
        "pages.tif": encoded(photograph(), "TIFF", save_all=True, append_images=[noise()]),
        "bomb.png": with_dimensions(encoded(Image.new("L", (1, 1)), "PNG"), 60_000),
        "alpha16.png": with_sixteen_bits(),
        "linear16.png": with_gamma(encoded(Image.new("I;16", (8, 8)), "PNG"), 100_000),
        "inks.jpg": encoded(photograph(mode="CMYK"), icc_profile=profile(gamma_curve(1.0))),
        "damaged-profile.jpg": encoded(photograph(), icc_profile=icc_profile()),
        "linear.png": with_gamma(encoded(photograph(), "PNG"), 100_000),
        "cover.png": encoded(noise(), "PNG", save_all=True, default_image=True, append_images=[photograph(), noise()]),
        "empty.json": b"{}",
        "empty-tables.json": b'{"version": 0}',
        "broken.json": b"{",
        "wrong.json": b'{"version": 1, "files": 3}',
        "old-model.json": json.dumps({**model, "version": 0}).encode(),
    }
    for name, data in files.items():
        Path(name).write_bytes(data)
    Path("folder").mkdir()
    write_batches()
    Repository(Path("repository"))


def write_batches() -> None:
    """Write images for a batch, lists of them, and job folders that cannot be used as they are."""
    Path("images/below").mkdir(parents=True)
    for name in ("images/a.jpg", "images/below/b.jpg"):
        Path(name).write_bytes(encoded(noise()))
    Path("images/a.png").write_bytes(encoded(graphic(), "PNG"))
    lists = {
        "twice.txt": "a.jpg\n./a.jpg\n",
        "outside.txt": "../photo.jpg\n",
        "absolute.txt": "/photo.jpg\n",
        "broken.jsonl": '"a.jpg"\n{\n',
        "nameless.jsonl": '{"size": 3}\n',
    }
    for name, text in lists.items():
        Path(name).write_text(text, encoding="utf-8")
    plan = Plan(source=os.path.realpath("images"), destination=os.path.realpath("out"), budget=8000)
    prepare_job(os.path.realpath("begun"), plan, [Entry(0, "a.jpg", Stamp())], shard_size=1)
    for name, text in {"old": '{"version": 0}', "torn": "{"}.items():
        Path(name).mkdir()
        Path(name, "job.json").write_text(text, encoding="utf-8")


def two_pictures() -> bytes:
    """Return a JPEG file that holds a second picture."""
    return encoded(photograph(), "MPO", save_all=True, append_images=[noise()])


def with_dimensions(png: bytes, side: int) -> bytes:
    """Return a PNG whose header claims to be larger than it is."""
    header = png[12:16] + struct.pack(">II", side, side) + png[24:29]
    return png[:12] + header + struct.pack(">I", zlib.crc32(header)) + png[33:]


def chunk(name: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def with_gamma(png: bytes, gamma: int) -> bytes:
    """Return a PNG that states a gamma."""
    return png[:33] + chunk(b"gAMA", gamma.to_bytes(4, "big")) + png[33:]


def with_sixteen_bits() -> bytes:
    """Return a PNG of one pixel with 16 bits a channel and transparency, which Pillow reads with 8."""
    header = struct.pack(">IIBBBBB", 1, 1, 16, 6, 0, 0, 0)
    pixels = zlib.compress(b"\x00" + bytes(range(8)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def as_words(text: str) -> str:
    """Return a text without what differs between versions of Python: line breaks, columns, and argparse's style."""
    text = re.sub(r"(-\w) ([A-Z]+), (--[\w-]+) \2", r"\1, \3 \2", " ".join(text.split()))
    return re.sub(r"\(choose from [^)]*\)", lambda choices: choices[0].replace("'", ""), text)


def raised() -> Iterator[tuple[str, list[str]]]:
    """Yield the module and the fixed parts of every message that the package raises as an error of its own."""
    names = {name for name in vars(errors) if isinstance(getattr(errors, name), type)} - {"BudgetUnreachable"}
    for path in sorted(PACKAGE.rglob("*.py")):
        module = path.relative_to(PACKAGE).as_posix()
        if module.startswith(WITHOUT_EXAMPLES):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            call = node.exc if isinstance(node, ast.Raise) else None
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in names:
                constants = (part.value for part in ast.walk(call) if isinstance(part, ast.Constant))
                yield module, [part for part in constants if isinstance(part, str)]


def test_the_page_is_up_to_date():
    """A changed message is read before it is shipped: write the page again, and read the difference."""
    written, now = (textwrap.dedent(text) for text in (PAGE.read_text(encoding="utf-8"), page()))

    assert as_words(written) == as_words(now), "run: python tests/test_help_and_errors.py --write"


def test_the_page_has_every_class_of_error():
    """The base is never raised; each class below it has an example."""
    text = PAGE.read_text(encoding="utf-8")
    classes = [it for it in vars(errors).values() if isinstance(it, type) and issubclass(it, Exception)]

    assert [it.__name__ for it in classes if it is not bytefit.BytefitError and f"\n{it.__name__}: " not in text] == []


def test_the_page_has_every_message():
    """A new message gets an example in EXAMPLES, or its fixed part and the reason in WITHOUT_EXAMPLE."""
    text = as_words(PAGE.read_text(encoding="utf-8"))

    missing = [
        (module, parts)
        for module, parts in raised()
        if parts and as_words(max(parts, key=len)) not in text
        if not any(known in part for known in WITHOUT_EXAMPLE for part in parts)
    ]

    assert missing == []


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="Write help_and_errors.txt.")
    arguments.add_argument("--write", action="store_true", help="write it instead of printing it")
    if arguments.parse_args().write:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        print(page())
