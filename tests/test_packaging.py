"""What is built carries what is needed: the sdist, the wheel of the sdist and the wheel of the tree."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import PIL
import pytest

from bytefit.codecs import LEARNED
from once import once

ROOT = Path(__file__).parent.parent
WHEELS = ("wheel of the sdist", "wheel of the tree")

# Run with nothing on the path but the folder under test and Pillow, so that no other bytefit can answer.
TRY = """
import json, random, site, sys
folder, pillow = sys.argv[1:]
site.addsitedir(folder)
sys.path.append(pillow)
import bytefit
from PIL import Image
from bytefit.codecs import LEARNED
from bytefit.seeding.model import models_folder, shipped_model

picture = Image.frombytes("L", (64, 48), random.Random(1).randbytes(64 * 48)).resize((640, 480)).convert("RGB")
result = bytefit.compress(picture, 20_000, format="JPEG")
print(json.dumps({
    "package": bytefit.__file__,
    "models": str(models_folder()),
    "loaded": [codec.format for codec in LEARNED if shipped_model(codec.format) is not None],
    "size": result.size,
}))
"""


def run(*command: object) -> str:
    """Run a command to its end and return what it printed."""
    done = subprocess.run([str(word) for word in command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return what the build makes of the tree, by name."""
    folder = once(tmp_path_factory, "built", _build)
    names = ("sdist", *WHEELS)
    patterns = ("both/*.tar.gz", "both/*.whl", "tree/*.whl")
    return {name: next(folder.glob(pattern)) for name, pattern in zip(names, patterns, strict=True)}


def _build(folder: Path) -> None:
    """Build the sdist and the wheel of it, and the wheel of the tree."""
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "both", ".")
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder / "tree", ".")


def files_in(wheel: Path) -> set[str]:
    """Return the names of all files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def check_installed(folder: Path, home: Path, models: Path) -> None:
    """Use bytefit as a program would that sees `folder`; its package and its models have to be those named."""
    # -I and -S: neither the environment's paths nor its own bytefit are seen.
    found = json.loads(run(sys.executable, "-I", "-S", "-c", TRY, folder, Path(PIL.__file__).parent.parent))

    assert Path(found["package"]).resolve() == (home / "bytefit" / "__init__.py").resolve()
    assert Path(found["models"]).resolve() == models.resolve()
    assert found["loaded"] == [codec.format for codec in LEARNED]
    assert 0 < found["size"] <= 20_000


@pytest.mark.parametrize("name", WHEELS)
def test_installed_package_finds_its_models_and_compresses(name, built, tmp_path):
    """An installed bytefit loads the model of every codec from its own files and fits a picture to a budget."""
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile")
    run(*pip, "--target", tmp_path, built[name])

    check_installed(tmp_path, tmp_path, tmp_path / "bytefit" / "models")


def test_editable_install_finds_the_models_of_the_checkout(tmp_path):
    """An editable install is a path to `src`: the models are then those at the top of the checkout, never old copies.

    Hatchling copies the models of that day beside the path, into what is no package but only a folder of its name.
    """
    (tmp_path / "bytefit" / "models").mkdir(parents=True)
    (tmp_path / "_bytefit.pth").write_text(str(ROOT / "src"), encoding="utf-8")

    check_installed(tmp_path, ROOT / "src", ROOT / "models")


def test_wheels_hold_the_same_files(built):
    """What pip builds from the sdist is what we build from the tree."""
    assert files_in(built["wheel of the sdist"]) == files_in(built["wheel of the tree"])


def test_wheel_holds_the_package_and_its_models_only(built):
    """The wheel is every module, the marker of its types, the models, and nothing of the tests or examples."""
    package = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src" / "bytefit").rglob("*.py")}
    models = {f"bytefit/models/{codec.format.lower()}.json" for codec in LEARNED}

    files = {name for name in files_in(built["wheel of the tree"]) if ".dist-info/" not in name}

    # The card, the benchmark's rival, JPEG's quantisation tables.
    beside = {f"bytefit/models/{name}" for name in ("README.md", "published-attempt.json", "jpeg-tables.json")}
    schemas = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*.schema.json")}
    pages = {f"bytefit/reporters/html/{name}" for name in ("icon.svg", "page.css", "page.js")}
    assert files == package | models | beside | schemas | pages | {"bytefit/py.typed", "bytefit/options/presets.toml"}


def test_sdist_holds_what_the_tests_need(built):
    """Whoever packages bytefit from the sdist can run its tests: they, the examples and the hooks are in it."""
    with tarfile.open(built["sdist"]) as archive:
        files = {name.partition("/")[2] for name in archive.getnames()}

    tests = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py")}
    tests |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.*") if path.suffix != ".pyc"}
    needed = {"LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", ".pre-commit-hooks.yaml"}
    assert (tests | needed | {"examples/landscape.jpg"}) - files == set()


def test_little_is_needed_at_run_time(built):
    """A hook's environment is every user's cost: what few need is behind an extra."""
    wheel = built["wheel of the tree"]
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())

    needed = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    names = {line.partition(">")[0] for line in needed}
    assert names == {"pillow", "pathspec", "rich", "mozjpeg-lossless-optimization", "pyoxipng", "pyoxipng-ng"}


def test_wheel_is_small(built):
    """Every hook environment downloads it: the models are text that packs well, together below a megabyte."""
    assert built["wheel of the tree"].stat().st_size < 1_000_000
