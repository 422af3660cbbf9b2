"""Model files and checkpoints that somebody has changed, with a checksum that is right.

Damage is found by the checksum.  Here are files that only a program can have made: their
description is another one, or their arrays are, and the SHA-256 goes with it.  One in twenty is
damaged as well.
"""

from __future__ import annotations

import copy
import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save as pack

Tree = Any
Arrays = dict[str, np.ndarray]

NESTED: Any = []
for _ in range(200):
    NESTED = [NESTED]

JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 7, 624, 625, 2**31, 2**31 - 1, 2**63, 2**64, 10**30,
    10**400,
    0.5, -0.0, 1.5, 1e308, -1e308, 1e-320, float("nan"), float("inf"), float("-inf"),
    "", "x", "0", "loss", "Dense", "Adam", "SGD", "PCG64", "MT19937", "float16", "float64",
    "accuracy", "../x", "é\0", "y" * 5000, [], [0], [None], ["loss"], [[]], {}, NESTED,
    {"type": "Dense"}, {"type": "Adam", "learning_rate": 0.1}, {"type": "StepDecay"},
    {"a": {"b": {"c": []}}},
)  # fmt: skip
"""Values of every type, ordinary and odd."""

NUMBERS = (0.0, -1.0, 1e30, 3e38, np.nan, np.inf, -np.inf)


def mutated(description: Tree, arrays: Arrays, draw: random.Random) -> tuple[Tree, Arrays, str]:
    """Return a description and arrays with one to three changes, and what they are."""
    description, arrays, told = copy.deepcopy(description), dict(arrays), []
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        if arrays and draw.random() < 0.3:
            told.append(_change_array(arrays, draw))
        else:
            description, what = _change_tree(description, draw)
            told.append(what)
    return description, arrays, "; ".join(told)


def places(tree: Tree, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path to each value in plain data."""
    yield path
    parts = tree.items() if isinstance(tree, dict) else ()
    if isinstance(tree, list):
        parts = enumerate(tree[:8])  # of the 624 numbers of a generator, not each
    for key, part in parts:
        yield from places(part, (*path, key))


def _change_tree(tree: Tree, draw: random.Random) -> tuple[Tree, str]:
    """Change one value in plain data."""
    path = draw.choice([*places(tree)])
    if not path:
        return draw.choice((copy.deepcopy(draw.choice(JUNK)), tree)), "the whole description"
    *way, last = path
    parent = tree
    for key in way:
        parent = parent[key]
    old = parent[last]
    how = draw.choice(("junk", "junk", "retag", "drop", "add", "number", "swap"))
    if how == "drop":
        del parent[last]
    elif how == "retag":
        parent[last] = _retagged(old, draw)
    elif how == "add" and isinstance(old, dict):
        old[draw.choice(("type", "x", "epoch", "0", "decay"))] = copy.deepcopy(
            draw.choice(JUNK)
        )
    elif how == "add" and isinstance(old, list):
        old.insert(draw.randint(0, len(old)), copy.deepcopy(draw.choice([*JUNK, *old])))
    elif how == "number" and isinstance(old, int | float):
        # changed again and again, an integer outgrows what a float holds
        number = float(max(-(10**300), min(old, 10**300)))
        parent[last] = draw.choice((old + 1, old - 1, -old, old * 10**6, number, number / 3))
    elif how == "swap":
        other = (
            draw.choice([*parent]) if isinstance(parent, dict) else draw.randrange(len(parent))
        )
        parent[last], parent[other] = parent[other], old
    else:
        parent[last] = copy.deepcopy(draw.choice(JUNK))
    return tree, f"{how} at {'.'.join(map(str, path))}"


def _retagged(old: Any, draw: random.Random) -> Any:
    """Return a value as one of another type."""
    if isinstance(old, dict):
        return draw.choice(([*old], [*old.values()], str(old), [old], {"type": old}))
    if isinstance(old, list):
        return draw.choice((dict(enumerate(map(str, old))), str(old), [old], old[:1], old * 2))
    if isinstance(old, str):
        return draw.choice((old.upper(), [*old], {old: old}, old + " ", len(old)))
    return draw.choice((str(old), [old], {"value": old}, bool(old)))


def _change_array(arrays: Arrays, draw: random.Random) -> str:
    """Change one array."""
    name = draw.choice([*arrays])
    array = arrays[name]
    how = draw.choice(("drop", "rename", "copy", "shape", "dtype", "numbers", "number", "swap"))
    if how == "drop":
        del arrays[name]
    elif how == "rename":
        new = draw.choice(
            ("", "x", "0.weights", f"{name}/0", name.upper(), "training/slot/x/0")
        )
        arrays[new] = arrays.pop(name)
    elif how == "copy":
        new = draw.choice(("9.weights", "x", "training/slot/mean/9", "training/callback/A.0/x"))
        arrays[new] = array
    elif how == "shape":
        shapes = (
            array.reshape(-1),
            array.T,
            array[None],
            array[:0],
            np.concatenate([array] * 2),
        )
        arrays[name] = draw.choice(shapes) if array.ndim else array[None]
    elif how == "dtype":
        with np.errstate(all="ignore"):
            arrays[name] = array.astype(draw.choice(("f2", "f4", "f8", "i4", "u1", "?")))
    elif how == "numbers":
        arrays[name] = np.full_like(array, draw.choice(NUMBERS))
    elif how == "number" and array.size:
        arrays[name] = array.copy()
        with np.errstate(all="ignore"):  # NaN of an array of integers
            number = np.asarray(draw.choice(NUMBERS)).astype(array.dtype)
        arrays[name].flat[draw.randrange(array.size)] = number
    else:
        other = draw.choice([*arrays])
        arrays[name], arrays[other] = arrays[other], array
    return f"{how} of the array {name}"


def write(path: Path, description: Tree, arrays: Arrays, draw: random.Random) -> None:
    """Write a file with the right checksum; seldom another version or format, or damaged."""
    text = json.dumps(description)  # NaN and Infinity too
    tensors = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        array = tensors[name]
        digest.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.tobytes())
    metadata = {
        "format": "xpnn",
        "version": "1",
        "architecture": text,
        "sha256": digest.hexdigest(),
    }
    if draw.random() < 0.02:
        metadata[draw.choice([*metadata])] = draw.choice(("", "0", "2", "x", "1e3", "[]"))
    content = pack(tensors, metadata)
    path.write_bytes(_damaged(content, draw) if draw.random() < 0.05 else content)


def _damaged(content: bytes, draw: random.Random) -> bytes:
    """Return a file of which a few bytes are others, too many, or missing."""
    header = 8 + int.from_bytes(content[:8], "little")
    where = draw.randrange(draw.choice((8, header, len(content))))
    odd = bytes(draw.randrange(256) for _ in range(draw.choice((0, 1, 1, 8))))
    rest = draw.choice((where, where + len(odd), where + len(odd), where + 100, len(content)))
    return content[:where] + odd + content[rest:]
