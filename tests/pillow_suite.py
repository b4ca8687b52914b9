"""Runs Pillow's own tests of every format with and without `bytefit.auto`, and prints what differs.

    python tests/pillow_suite.py [--sdist pillow-13.0.0.tar.gz]

A save without a target must stay Pillow's own. Its source distribution carries the tests; without `--sdist` pip fetches
that of the installed Pillow, which takes some minutes. The exit code is 1 if any test has another outcome with bytefit.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

import PIL

# Every test that saves: those of the formats, of `Image` itself, and of what calls `save` for its callers.
SUITES = ("test_file_*.py", "test_image.py", "test_image_*.py", "test_imagefile.py", "test_imagesequence.py")
SUITES += ("test_pickle.py", "test_shell_injection.py", "test_tiff_*.py", "test_bmp_reference.py", "test_format_*.py")


def main(argv: list[str] | None = None) -> int:
    """Run both and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sdist", type=Path, help="the source distribution of the installed Pillow")
    parser.add_argument("--suites", nargs="+", default=SUITES, help="globs in Pillow's Tests/ (default: all that save)")
    arguments = parser.parse_args(argv)
    with TemporaryDirectory() as folder:
        sdist = arguments.sdist or _fetched(Path(folder))
        root = _unpacked(sdist, Path(folder))
        paths = sorted({str(path) for suite in arguments.suites for path in root.glob(f"Tests/{suite}")})
        without, with_bytefit = (_outcomes(root, paths, plugins) for plugins in ((), ("-p", "bytefit.auto")))
    print(f"Pillow {PIL.__version__}, {len(paths)} files of tests")
    for name, found in (("without", without), ("with", with_bytefit)):
        print(f"{name:>8} bytefit: " + ", ".join(f"{count} {what}" for what, count in Counter(found.values()).items()))
    differing = differences(without, with_bytefit)
    print("\n".join(differing) or "no test has another outcome")
    return 1 if differing or not without else 0


def differences(without: dict[str, str], with_bytefit: dict[str, str]) -> list[str]:
    """Return a line for each test whose outcome is not the same in both runs."""
    return [
        f"{name}: {without.get(name, 'not run')} without bytefit, {with_bytefit.get(name, 'not run')} with it"
        for name in sorted(without.keys() | with_bytefit.keys())
        if without.get(name) != with_bytefit.get(name)
    ]


def _fetched(folder: Path) -> Path:
    version = f"pillow=={PIL.__version__}"
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", str(folder)]
    subprocess.run([*pip, version], check=True)
    return next(folder.glob("*.tar.gz"))


def _unpacked(sdist: Path, folder: Path) -> Path:
    """Unpack the tests, but not Pillow's sources: what is tested is the installed Pillow."""
    with tarfile.open(sdist) as archive:
        kept = [one for one in archive.getmembers() if "/src/" not in one.name]
        archive.extractall(folder, kept, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


def _outcomes(root: Path, paths: list[str], plugins: tuple[str, ...]) -> dict[str, str]:
    """Run the tests in a process of their own and return the outcome of each."""
    report = root / "report.xml"
    report.unlink(missing_ok=True)
    quiet = ("-q", "--no-header", "--tb=no", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist")
    command = [sys.executable, "-m", "pytest", *quiet, *plugins, f"--junitxml={report}", *paths]
    subprocess.run(command, cwd=root, check=False, stdout=subprocess.DEVNULL)
    return {f"{case.get('classname')}.{case.get('name')}": _outcome(case) for case in ET.parse(report).iter("testcase")}  # noqa: S314


def _outcome(case: ET.Element) -> str:
    return next((kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None), "passed")


if __name__ == "__main__":
    sys.exit(main())
