"""The rooms of the house: what is named where, and what is shipped."""

import ast
import importlib
import inspect
import pkgutil
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from support import of_the_core

import xpnn

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "xpnn").rglob("*.py"))
TESTS = [p for p in (ROOT / "tests").rglob("*.py") if ROOT / "tests/data" not in p.parents]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def modules():
    """Return the name of every module of the library, without the backends."""
    return ["xpnn", *(m.name for m in pkgutil.walk_packages([str(ROOT / "xpnn")], "xpnn."))]


def test_there_is_something_to_look_at():
    assert len(SOURCES) > 20
    assert {"xpnn", "xpnn.backend", "xpnn.layers.dense"} <= set(modules())


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_array_library_is_named(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    names = r"cupy|torch|jax|dpnp|\bmlx|numba|array[_-]api[_-]strict"
    library = re.compile(names, re.IGNORECASE)
    named = [f"{n}: {line}" for n, line in enumerate(lines, 1) if library.search(line)]
    assert named == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_imports_the_backends_by_name(path):
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ""
            if node.level:  # the package that the dots lead to
                base = ".".join(path.relative_to(ROOT).parts[: -node.level])
            base = ".".join(filter(None, [base, node.module]))
            imported |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    assert [name for name in imported if re.match(r"(xpnn\.)?backends\b", name)] == []


def test_packages_are_complete():
    folders = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in SOURCES
        if path.name == "__init__.py"
    }
    setuptools = PYPROJECT["tool"]["setuptools"]
    assert set(setuptools["packages"]) == folders | {"xpnn.backends"}
    assert len(setuptools["packages"]) == len(set(setuptools["packages"]))
    for package in setuptools["packages"]:
        folder = setuptools["package-dir"].get(package, package.replace(".", "/"))
        assert (ROOT / folder / "__init__.py").is_file()
    # a folder of code without __init__.py would be left out in silence
    assert {".".join(path.parent.relative_to(ROOT).parts) for path in SOURCES} == folders


def test_all_files_beside_the_code_are_shipped():
    data = PYPROJECT["tool"]["setuptools"]["package-data"]
    for path in (ROOT / "xpnn").rglob("*"):
        if path.is_file() and path.suffix not in (".py", ".pyc"):
            package = ".".join(path.parent.relative_to(ROOT).parts)
            assert any(path.match(pattern) for pattern in data[package]), path
    for file in PYPROJECT["project"]["license-files"]:
        assert (ROOT / file).is_file()


def test_one_version():
    assert PYPROJECT["project"]["version"] == xpnn.__version__


@pytest.mark.parametrize("name", modules())
def test_all_names_exist_once(name):
    module = importlib.import_module(name)
    names = getattr(module, "__all__", [])
    assert len(names) == len(set(names))
    assert [n for n in names if not hasattr(module, n)] == []


@pytest.mark.parametrize("name", modules())
def test_what_is_public_is_documented(name):
    module = importlib.import_module(name)
    assert module.__doc__
    for public in getattr(module, "__all__", []):
        thing = getattr(module, public)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert thing.__doc__, f"{name}.{public}"


def test_front_door_is_complete_and_sorted():
    tree = ast.parse((ROOT / "xpnn" / "__init__.py").read_text())
    imported = [
        alias.asname or alias.name
        for node in ast.walk(tree)  # what is imported later is there for types
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    ]
    assert {*xpnn.__all__, "__version__"} == set(imported)

    def key(name):  # constants, classes, functions
        return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)

    assert xpnn.__all__ == sorted(xpnn.__all__, key=key)


def test_front_door_has_every_layer_loss_and_optimizer():
    tables = (xpnn.layers.LAYERS, xpnn.losses.LOSSES, xpnn.optimizers.OPTIMIZERS)
    ours = {name for table in tables for name, c in table.items() if of_the_core(c)}
    assert ours - set(xpnn.__all__) == set()


def test_every_backend_can_be_asked_for_by_an_extra():
    extras = PYPROJECT["project"]["optional-dependencies"]
    asked = " ".join(word for words in extras.values() for word in words)
    for path in (ROOT / "backends").glob("[a-z]*.py"):
        library = path.stem.replace("_", "-")
        assert library in asked + " ".join(PYPROJECT["project"]["dependencies"])


def test_tests_stand_where_their_sources_do():
    """Those in ``tests/ROOM/`` are of the package ``xpnn/ROOM/``, or of ``backends/``.

    What is looked at in a browser, of the package and of the documentation, is together.
    """
    rooms = {path.parent for path in SOURCES if path.name == "__init__.py"}
    rooms = {"backends", "browser", *(str(room.relative_to(ROOT / "xpnn")) for room in rooms)}
    found = {path: str(path.parent.relative_to(ROOT / "tests")) for path in TESTS}
    assert set(found.values()) > {".", "backends", "training"}
    assert [path for path in found if found[path] not in rooms] == []


def test_no_two_files_of_tests_share_a_name():
    """They are imported by their basenames, beside the modules of these folders."""
    folders = ("benchmarks", "examples", "reliability")
    beside = [p for folder in folders for p in (ROOT / folder).iterdir()]
    modules = [p for p in beside if p.suffix == ".py" or (p / "__init__.py").exists()]
    counts = Counter(path.stem for path in [*TESTS, *modules])
    del counts["conftest"]  # of which each folder may have one
    assert [name for name, count in counts.items() if count > 1] == []
