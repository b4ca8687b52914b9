"""The shape of the package: imports run one way, and what is not needed is not loaded."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

import bytefit
from images import write_jpeg

PACKAGE = Path(bytefit.__file__).parent

# Each layer may import those above it and itself; modules that share a layer may not import each other.
LAYERS = (
    ("messages", "resources", "formats"),
    ("errors",),
    ("sizes",),
    ("options",),
    ("pictures",),
    ("codecs",),
    ("sources", "search"),
    ("seeding",),
    ("fitting",),
    ("files",),
    ("pillow_plugin", "budgets"),
    ("reporters", "batches", "auto"),
    ("cli",),
    ("__main__",),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}

# What makes the models, and what measures: neither is needed at run time.
WORKSHOPS = ("training", "benchmarks")

HEAVY = ("numpy", "scipy", "sklearn", "joblib", "fsspec", "ssimulacra2", "matplotlib")

# A floor on the score needs the metric, which loads numpy: inside a function, with the first score.
# The plot of one search needs matplotlib: inside a function, with `explain --plot`.
KNOWN_WEIGHTS = {("pictures", "ssimulacra2"), ("cli", "matplotlib")}

# What chooses a JPEG's levels by looks computes with numpy, and is imported for the effort "best" only.
BY_LOOKS = PACKAGE / "codecs" / "jpeg" / "best"


class Module(NamedTuple):
    """A module of the package.

    Attributes:
        part: the name of its part of the package.
        path: its file.
        own: (part imported, whether inside a function) for every import of the package.
        others: the other packages that it imports.
        at_top: the modules imported from when it is loaded.
    """

    part: str
    path: Path
    own: list[tuple[str, bool]]
    others: set[str]
    at_top: list[str]


@pytest.fixture(scope="module")
def modules():
    """Return every module of the package, the package's own front left out."""
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]
    return [parsed(path) for path in paths]


def parsed(path):
    """Return what a module imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lazy = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    own, others = [], set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        others |= {name.split(".")[0] for name in names}
        parts = [name.split(".")[1] for name in names if name.startswith("bytefit.")]
        own += [(part, id(node) in lazy) for part in parts if part != "__version__"]
    at_top = [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)]
    return Module(path.relative_to(PACKAGE).parts[0].removesuffix(".py"), path, own, others - {"bytefit"}, at_top)


def python(code, *arguments):
    """Run code in a fresh interpreter with warnings as errors and return what it prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout.splitlines()[-1])


def test_imports_run_one_way(modules):
    """Down the layers only; training and benchmarks may import anything below the command line."""
    placed = [module for module in modules if module.part not in WORKSHOPS]
    assert {module.part for module in placed} <= set(RANK), "give each part its place in LAYERS"

    wrong = [
        (module.path, part)
        for module in placed
        for part, _ in module.own
        if part not in {module.part, *WORKSHOPS} and RANK[part] >= RANK[module.part]
    ]

    assert len(modules) > 200
    assert wrong == []


def test_training_and_benchmarks_are_imported_by_the_command_alone_and_late(modules):
    """They need numpy, and an extra that few install."""
    wrong = [
        module.path
        for module in modules
        for part, inside in module.own
        if part in WORKSHOPS and module.part not in WORKSHOPS and not (module.part == "cli" and inside)
    ]

    assert wrong == []


def test_training_does_not_know_its_benchmarks(modules):
    """What makes the models stands below what measures them."""
    wrong = [module.path for module in modules if module.part == "training" and "benchmarks" in dict(module.own)]

    assert wrong == []


def test_heavy_libraries_are_imported_in_training_alone(modules):
    """Importing numpy costs more than a JPEG's whole search."""
    wrong = [
        (module.path, name)
        for module in modules
        for name in module.others & set(HEAVY)
        if module.part not in {*WORKSHOPS, "batches"}
        and (module.part, name) not in KNOWN_WEIGHTS
        and not (name == "numpy" and module.path.is_relative_to(BY_LOOKS))
    ]

    assert wrong == []


def test_what_chooses_levels_by_looks_is_imported_late(modules):
    """It loads numpy, which at run time only the effort "best" may."""
    wrong = [
        module.path
        for module in modules
        if not module.path.is_relative_to(BY_LOOKS)
        and module.part not in WORKSHOPS
        and any(name.startswith("bytefit.codecs.jpeg.best") for name in module.at_top)
    ]

    assert wrong == []


def test_the_exported_names_are_the_public_names():
    """What the front declares to type checkers, lists in `__all__` and hands out are the same."""
    tree = ast.parse(PACKAGE.joinpath("__init__.py").read_text(encoding="utf-8"))
    declared = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("bytefit.")
        for alias in node.names
    ]

    assert sorted(bytefit.__all__) == bytefit.__all__ == sorted(declared) == dir(bytefit)


@pytest.mark.parametrize("name", bytefit.__all__)
def test_every_exported_name_can_be_fetched(name):
    """From the front, and it is what its home holds."""
    value = getattr(bytefit, name)

    assert value.__name__ == name
    assert getattr(sys.modules[value.__module__], name) is value
    assert value.__doc__


def test_nothing_else_is_public():
    """After everything was fetched, the front holds its names, its modules and no more."""
    names = {name for name in bytefit.__all__ if getattr(bytefit, name)}

    public = {
        name
        for name, value in vars(bytefit).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and name not in {"TYPE_CHECKING", "annotations"}
    }

    assert public == names


def test_names_there_are_not_are_attribute_errors():
    """As of any module."""
    with pytest.raises(AttributeError, match="module 'bytefit' has no attribute 'nonsense'"):
        _ = bytefit.nonsense


def test_importing_the_package_loads_neither_pillow_nor_numpy():
    """Asking for the version, or for a size, costs nothing."""
    loaded = python("import sys, json, bytefit; bytefit.parse_size('1KB'); print(json.dumps(list(sys.modules)))")

    assert not {"PIL", "numpy"} & set(loaded)


def test_running_it_loads_pillow_and_nothing_heavy(tmp_path):
    """A whole round: compress, save with a target, check, fix."""
    write_jpeg(tmp_path / "photo.jpg")
    code = """
import json, pathlib, sys, bytefit
from bytefit.cli.main import main
path = pathlib.Path(sys.argv[1])
result = bytefit.compress(path, "6KB", resize=True, max_width=100, effort="fast")
bytefit.register()
from PIL import Image
with Image.open(path) as picture:
    picture.save(path.with_name("hero.webp"), target_size="4KB")
main(["check", str(path.parent), "--max-size", "5KB"])
main(["fix", str(path.parent), "--max-size", "5KB"])
print(json.dumps(list(sys.modules)))
"""

    loaded = python(code, tmp_path / "photo.jpg")

    assert "PIL" in loaded
    assert not set(HEAVY) & set(loaded)
    assert not any(name.startswith(("bytefit.training", "bytefit.benchmarks")) for name in loaded)


def test_checking_a_clean_tree_does_not_load_pillow(tmp_path):
    """The hook's usual case: every file fits."""
    write_jpeg(tmp_path / "photo.jpg")
    code = """
import json, sys
from bytefit.cli.main import main
code = main(sys.argv[1:])
print(json.dumps([code, list(sys.modules)]))
"""

    for command in ("check", "fix"):
        ended, loaded = python(code, command, tmp_path, "--max-size", "1MB")

        assert ended == 0
        assert "PIL" not in loaded


def test_importing_auto_registers():
    """And unregistering still works."""
    code = """
import json
from PIL import Image
own = Image.Image.save
import bytefit.auto
wrapped = Image.Image.save is not own
bytefit.unregister()
print(json.dumps([wrapped, Image.Image.save is own]))
"""

    assert python(code) == [True, True]


def test_importing_the_package_registers_nothing():
    """No side effect without being asked."""
    code = """
import json
from PIL import Image
own = Image.Image.save
import bytefit, bytefit.pillow_plugin
print(json.dumps(Image.Image.save is own))
"""

    assert python(code) is True


def test_layers_are_listed_once():
    """A module has one place."""
    names = [name for layer in LAYERS for name in layer]

    assert len(names) == len(set(names))
    assert all(set(left).isdisjoint(right) for left, right in pairwise(LAYERS))
