"""An ensemble in one file: preparation, all members, temperature and labels.

It is a model file as any other (`xpnn.serialization`), whose description has ``"members"``,
how many networks there are.  All have the layers that it describes, and the arrays of each go
by its number, as ``members/0/2.weights``.  Under ``"table"`` are ``"features"``, ``"target"``
and ``"temperature"`` as plain data, and ``"factors"`` where there are any.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..backend import Backend, resolve, to_host
from ..checks import check_integer, check_number, check_path
from ..files.model_file import ModelFileError, read_file, write_file
from ..layers import LAYERS
from ..naming import describe, make
from ..network.compiled import nothing_described
from ..sequential import Sequential
from ..tables.plain import encoding_of, target_of, to_plain
from ..training.checking import blamed, shown
from .ensemble import Ensemble

__all__ = ["load", "save", "table_of"]

DTYPE = "float32"
"""In which members are trained, and so all that they know is kept."""


def table_of(ensemble: Ensemble) -> dict[str, Any]:
    """Return what makes inputs and answers, as plain data."""
    table: dict[str, Any] = {
        "features": to_plain(ensemble.encoding),
        "target": to_plain(ensemble.target),
        "temperature": ensemble.temperature,
    }
    return table | ({"factors": [*ensemble.factors]} if ensemble.factors else {})


def save(
    ensemble: Ensemble, path: str | os.PathLike[str], extra: Mapping[str, Any] | None = None
) -> None:
    """Save an ensemble.

    Parameters
    ----------
    ensemble : Ensemble
        What was trained.
    path : str or path
        The file, which is replaced at once when all is written.
    extra : mapping, optional
        Plain data to keep beside the description, as `load` returns it.
    """
    check_path("path", path, "file")
    arrays = {
        f"members/{number}/{name}": to_host(array).astype(DTYPE)
        for number, member in enumerate(ensemble.members)
        for name, array in member.tensors().items()
    }
    description = {
        "dtype": DTYPE,
        "layers": [describe(layer) for layer in ensemble.members[0].layers],
        **nothing_described(),
        "members": len(ensemble.members),
        "table": table_of(ensemble),
        "extra": dict(extra or {}),
    }
    write_file(path, description, arrays)


def load(
    path: str | os.PathLike[str], backend: str | Backend | None = None
) -> tuple[Ensemble, dict[str, Any]]:
    """Load an ensemble, and what was kept beside its description.  No code of the file is run.

    Parameters
    ----------
    path : str or path
        The file.
    backend : str or Backend, optional
        Where its members compute; by default the backend in use.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If it is damaged, of a newer version, or holds no ensemble.
    """
    check_path("path", path, "file")
    description, tensors = read_file(path)
    place = resolve(backend)
    if "members" not in description:
        raise ModelFileError(f"{path} holds one network and no table's ensemble: see xpnn.load")
    with blamed(path, "does not describe an ensemble"):
        ensemble = _rebuilt(description, tensors, place)
        extra = description["extra"]
        if not isinstance(extra, dict):
            raise TypeError(f"extra must be an object, got {shown(extra)}")
    return ensemble, extra


def _rebuilt(
    description: Mapping[str, Any], tensors: Mapping[str, np.ndarray], backend: Backend
) -> Ensemble:
    """Make an ensemble of a file's contents, trusting nothing."""
    layers = [make(layer, LAYERS, "layer") for layer in description["layers"]]
    n_members = check_integer("members", description["members"], at_least=1)
    table = description["table"]
    encoding, target = encoding_of(table["features"]), target_of(table["target"])
    check_number("temperature", table["temperature"], above=0)
    members = []
    for number in range(n_members):
        prefix = f"members/{number}/"
        own = {
            name.removeprefix(prefix): array
            for name, array in tensors.items()
            if name.startswith(prefix)
        }
        member = Sequential.around(layers, own, description["dtype"], backend)
        sizes = member.n_inputs, member.layer_sizes()[-1]
        if sizes != (encoding.n_inputs, target.n_outputs):
            raise ValueError(
                f"a member must have {encoding.n_inputs} inputs and {target.n_outputs} "
                f"outputs, got {sizes[0]} and {sizes[1]}"
            )
        members.append(member)
    factors = tuple(table.get("factors", ()))
    for factor in factors:
        check_number("factors", factor, above=0)
    if factors and len(factors) != target.n_outputs:
        raise ValueError(f"factors must be {target.n_outputs}, got {len(factors)}")
    return Ensemble(encoding, target, tuple(members), float(table["temperature"]), factors)
