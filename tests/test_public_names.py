"""The names that people outside import: none of those of 0.1.0's first house may go.

``tests/data/public_names.json`` was written by this file's `described`, in a checkout of
69caa3c (``python tests/test_public_names.py > tests/data/public_names.json``): every module
with its public names, and of those that ``docs/api/`` describes what parameters they take and
what members classes have.
"""

import importlib
import inspect
import json
import pkgutil
import re
import sys
from pathlib import Path

import xpnn

RECORD = Path(__file__).parent / "data" / "public_names.json"
PAGES = Path(__file__).parent.parent / "docs" / "api"


def described():
    """Return every module, its public names, and what these are, as plain data."""
    names = [m.name for m in pkgutil.walk_packages(xpnn.__path__, "xpnn.")]
    names = ["xpnn", *(n for n in names if not n.startswith("xpnn.backends"))]
    pages = "\n".join(page.read_text(encoding="utf-8") for page in PAGES.glob("*.md"))
    documented = {"xpnn", *re.findall(r"^::: (\S+)", pages, re.MULTILINE)}
    modules = {name: importlib.import_module(name) for name in names if "__main__" not in name}
    return {
        name: {
            public: thing_described(getattr(module, public)) if name in documented else {}
            for public in sorted(getattr(module, "__all__", ()))
        }
        for name, module in modules.items()
    }


def thing_described(thing):
    if inspect.isclass(thing) and thing.__module__.startswith("xpnn"):
        ours = [cls for cls in thing.__mro__ if cls.__module__.startswith("xpnn")]
        names = {name for cls in ours for name in (*vars(cls), *annotations_of(cls))}
        members = {
            name: parameters_of(getattr(thing, name, None))
            for name in sorted(names)
            if not name.startswith("_")
        }
        return {"takes": parameters_of(thing), "members": members}
    return {"takes": parameters_of(thing)}


def annotations_of(cls):
    return vars(cls).get("__annotations__", {})


def parameters_of(thing):
    """Return the kinds of the parameters of what can be called, and which are optional."""
    if not (inspect.isfunction(thing) or inspect.isclass(thing) or inspect.ismethod(thing)):
        return None
    try:
        given = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return None
    return {
        p.name: f"{p.kind.description}{'' if p.default is p.empty else ', optional'}"
        for p in given
    }


def recorded():
    return json.loads(RECORD.read_text(encoding="utf-8"))


def missing(old, new, path=""):
    """Yield what a description has lost: a name, a member, or a parameter."""
    for key, value in old.items():
        if key not in new:
            yield f"{path}{key}"
        elif isinstance(value, dict):
            yield from missing(value, new[key] or {}, f"{path}{key}: ")
        elif value is not None and value != new[key]:
            yield f"{path}{key} was {value!r}, and is {new[key]!r}"


def test_no_name_is_lost():
    assert len(recorded()) > 40
    assert [*missing(recorded(), described())] == []


def test_positional_parameters_keep_their_places():
    new, moved = described(), []
    for module, names in recorded().items():
        for name, thing in names.items():
            kinds = thing.get("takes") or {}
            placed = [p for p in kinds if "keyword-only" not in kinds[p]]
            now = list(new[module][name].get("takes") or {})
            if now[: len(placed)] != placed:
                moved.append(f"{module}.{name}: {placed} became {now}")
    assert moved == []


if __name__ == "__main__":
    json.dump(described(), sys.stdout, indent=1)
    print()
