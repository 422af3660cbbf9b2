"""A network in a file: what its description says, and a network made again from that.

The description names layers, losses and optimizers by their class names, which must be known
already, so that loading a file runs no code of it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from .backend import Backend
from .checks import check_path
from .files.model_file import write_file
from .layers import LAYERS
from .losses import LOSSES
from .naming import describe, make
from .network import Compiled, Network, fuse
from .network.compiled import nothing_described
from .optimizers import OPTIMIZERS

__all__ = ["rebuild", "save"]

N = TypeVar("N", bound=Network)


def save(
    model: Network,
    path: str | os.PathLike[str],
    extra: Mapping[str, Any] | None = None,
    *,
    training: Mapping[str, Any] | None = None,
    tensors: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Save a model.

    Parameters
    ----------
    model : Sequential
        The model; how it was compiled is saved too.
    path : str or path
        The file, which is replaced at once when all is written.
    extra : mapping, optional
        Plain data to keep beside the description, as `read` returns it.
    training, tensors : mapping, optional
        What training needs to go on: plain data, and arrays with names that have a slash, as
        `xpnn.training.kept.keep` returns them.  A checkpoint has more of both.
    """
    check_path("path", path, "file")
    with model.gate:  # till all is written, for which the arrays are not copied
        to_numpy = model.backend.to_numpy
        arrays = {name: to_numpy(array) for name, array in model.tensors().items()}
        description = {
            "dtype": model.dtype,
            "layers": [describe(layer) for layer in model.layers],
            **_compiled(model.compiled, path),
            "extra": dict(extra or {}),
            **({"training": dict(training)} if training else {}),
        }
        write_file(path, description, {**arrays, **(tensors or {})})


def _compiled(compiled: Compiled | None, path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return how a network was compiled as plain data; a file holds no function."""
    if compiled is None:
        return {**nothing_described(), "metrics": []}
    described, functions = compiled.described(), [m.name for m in compiled.function_metrics]
    if functions:
        warnings.warn(
            f"{os.fspath(path)} is saved without the metric {' and '.join(functions)}: a file "
            "holds no code, so give the function to compile() again after loading",
            UserWarning,
            stacklevel=4,
        )
    return {**described, "metrics": [m for m in described["metrics"] if m not in functions]}


def rebuild(
    kind: type[N],
    description: Mapping[str, Any],
    tensors: Mapping[str, np.ndarray],
    backend: Backend,
) -> N:
    """Make the network of a file again, compiled as it was.

    Parameters
    ----------
    kind : type
        The class to make: `Network`, or one that extends it.
    description, tensors
        As `xpnn.files.model_file.read_file` returns them.
    backend : Backend
        Where to put it.

    Raises
    ------
    TypeError, ValueError, KeyError
        If they don't describe a network.
    """
    layers = [make(layer, LAYERS, "layer") for layer in description["layers"]]
    of_network = {name: array for name, array in tensors.items() if "/" not in name}
    network = kind.around(layers, of_network, description["dtype"], backend)
    if description["loss"] is not None:
        compiled = Compiled.checked(
            make(description["loss"], LOSSES, "loss"),
            make(description["optimizer"], OPTIMIZERS, "optimizer"),
            description["metrics"],
            description.get("clip_norm"),
            description.get("clip_value"),
        )
        fuse(network.layers, compiled.loss)  # a loss that they don't fit
        network.use(compiled)
    return network
