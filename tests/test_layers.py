"""The shape of the package: imports run one way, and what is not needed is not loaded."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

import bytefit
from images import write_jpeg

PACKAGE = Path(bytefit.__file__).parent

# Each layer may import those above it and itself; modules that share a layer may not import each other.
LAYERS = (
    ("messages", "resources", "formats"),
    ("errors",),
    ("sizes", "options"),
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

HEAVY = ("numpy", "scipy", "sklearn", "joblib", "fsspec", "sewar", "ssimulacra2", "matplotlib")

# A floor on the score needs the metric, which loads numpy: inside a function, with the first score.
KNOWN_WEIGHTS = {("pictures", "ssimulacra2")}

# What chooses a JPEG's levels by looks computes with numpy, and is imported for the effort "best" only.
BY_LOOKS = PACKAGE / "codecs" / "jpeg" / "best"


def modules():
    """Return every module of the package with the name of its part, the package's own front left out."""
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]
    return [(path.relative_to(PACKAGE).parts[0].removesuffix(".py"), path) for path in paths]


each_module = pytest.mark.parametrize(
    ("part", "path"), modules(), ids=[str(path.relative_to(PACKAGE)) for _, path in modules()]
)


def imports(path):
    """Return (part imported, whether inside a function) for every import of the package in a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lazy = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found += [
            (name.split(".")[1], id(node) in lazy) for name in names if name.split(".")[0] == "bytefit" and "." in name
        ]
    return [(part, inside) for part, inside in found if part != "__version__"]


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


@each_module
def test_imports_run_one_way(part, path):
    """Down the layers only; training and benchmarks may import anything below the command line."""
    if part in WORKSHOPS:
        return
    assert part in RANK, f"{part} is in no layer: give it its place in LAYERS"

    wrong = [
        imported for imported, _ in imports(path) if imported not in {part, *WORKSHOPS} and RANK[imported] >= RANK[part]
    ]

    assert wrong == []


@each_module
def test_training_and_benchmarks_are_imported_by_the_command_alone_and_late(part, path):
    """They need numpy, and an extra that few install."""
    found = [inside for imported, inside in imports(path) if imported in WORKSHOPS]

    assert part in WORKSHOPS or found == [] or (part == "cli" and all(found))


@each_module
def test_training_does_not_know_its_benchmarks(part, path):
    """What makes the models stands below what measures them."""
    assert part != "training" or all(imported != "benchmarks" for imported, _ in imports(path))


@each_module
def test_heavy_libraries_are_imported_in_training_alone(part, path):
    """Importing numpy costs more than a JPEG's whole search."""
    tree = ast.parse(path.read_text(encoding="utf-8"))

    names = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    heavy = {name for name in names & set(HEAVY) if (part, name) not in KNOWN_WEIGHTS}
    if path.is_relative_to(BY_LOOKS):
        heavy -= {"numpy"}
    assert part in {*WORKSHOPS, "batches"} or not heavy


@pytest.mark.parametrize("path", [path for _, path in modules()], ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_chooses_levels_by_looks_is_imported_late(path):
    """It loads numpy, which only the effort "best" may."""
    tree = ast.parse(path.read_text(encoding="utf-8"))

    at_top = [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)]

    assert path.is_relative_to(BY_LOOKS) or not any(name.startswith("bytefit.codecs.jpeg.best") for name in at_top)


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
