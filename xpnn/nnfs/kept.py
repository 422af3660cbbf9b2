"""A `Model` in a file: safetensors under the book's names, and a description of plain data.

The description names classes of this package, whose objects are made again and given settings
and arrays; no code of a file is run, as it is when a pickle is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import Array, get_backend, to_host
from ..checks import check_integer, check_path
from ..files.model_file import read_file, write_file
from ..training.checking import blamed
from . import accuracies, layers, losses, optimizers
from .layers import REGULARIZERS, Layer_Dense, Layer_Dropout

__all__ = ["read_model", "read_parameters", "write_model", "write_parameters"]

PARTS: dict[str, Any] = {
    name: getattr(module, name)
    for module in (layers, losses, optimizers, accuracies)
    for name in module.__all__
}
SETTINGS: dict[str, tuple[str, ...]] = {
    "Layer_Dense": REGULARIZERS,
    "Layer_Dropout": ("rate",),
    "Accuracy_Categorical": ("binary",),
    "Accuracy_Regression": ("precision",),
}
"""Which attributes say how a part computes; see `_settings` for optimizers."""

PARAMETERS = ("weights", "biases")
MEMORY = ("weight_momentums", "bias_momentums", "weight_cache", "bias_cache")
"""What a dense layer shows of what the optimizer remembers."""

MEASURING = ("loss", "optimizer", "accuracy")


def write_parameters(
    path: str | os.PathLike[str], parameters: Sequence[tuple[Array, Array]]
) -> None:
    """Write weights and biases; as `Model.save_parameters`."""
    check_path("path", path, "file")
    arrays = {
        f"{i}.{name}": _floats(array)
        for i, of_layer in enumerate(parameters)
        for name, array in zip(PARAMETERS, of_layer)
    }
    write_file(path, {"nnfs": "parameters"}, arrays)


def read_parameters(path: str | os.PathLike[str]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Read weights and biases; as `Model.load_parameters`."""
    arrays = _read(path, "parameters", "Model.save_parameters")[1]
    with blamed(path, "does not hold weights and biases of layers"):
        count = len(arrays) // 2
        return [(arrays[f"{i}.weights"], arrays[f"{i}.biases"]) for i in range(count)]


def write_model(path: str | os.PathLike[str], model: Any) -> None:
    """Write a model; as `Model.save`."""
    check_path("path", path, "file")
    description = {
        "nnfs": "model",
        "layers": [_described(layer) for layer in model.layers],
        **{name: _described(getattr(model, name)) for name in MEASURING},
    }
    arrays = {
        f"{i}.{name}": _floats(getattr(layer, name))
        for i, layer in enumerate(model.layers)
        if isinstance(layer, Layer_Dense)
        for name in (*PARAMETERS, *MEMORY)
        if hasattr(layer, name)
    }
    write_file(path, description, arrays)


def read_model(path: str | os.PathLike[str]) -> tuple[list[Any], dict[str, Any]]:
    """Read the layers of a model, and its loss, optimizer and accuracy; as `Model.load`."""
    description, arrays = _read(path, "model", "Model.save")
    with blamed(path, "does not describe a model of xpnn.nnfs"):
        made = []
        for i, described in enumerate(description["layers"]):
            own = {name: arrays.get(f"{i}.{name}") for name in (*PARAMETERS, *MEMORY)}
            made.append(_made(described, own))
        return made, {name: _made(description[name], {}) for name in MEASURING}


def _read(
    path: str | os.PathLike[str], what: str, by: str
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a file of this package."""
    check_path("path", path, "file")
    description, arrays = read_file(path)
    with blamed(path, f"was not written by {by} of xpnn.nnfs"):
        found = description.get("nnfs")
        if found != what:
            raise ValueError(f"it holds {'a network' if found is None else f'a {found}'}")
    return description, arrays


def _settings(part: Any) -> tuple[str, ...]:
    """Return the names of what a file keeps of a part beside arrays."""
    if isinstance(part, optimizers._Stepping):
        # in this order: a new learning rate is the current one, too
        return "learning_rate", "current_learning_rate", "decay", "iterations", *part._names
    return SETTINGS.get(type(part).__name__, ())


def _described(part: Any) -> dict[str, Any] | None:
    """Return a part as plain data."""
    if part is None:
        return None
    name = type(part).__name__
    if PARTS.get(name) is not type(part):
        raise TypeError(
            f"a file can hold only what xpnn.nnfs defines, got {part!r}: "
            "save_parameters writes the weights and biases of any model"
        )
    return {"name": name, **{s: _plain(getattr(part, s)) for s in _settings(part)}}


def _made(described: dict[str, Any] | None, arrays: dict[str, np.ndarray | None]) -> Any:
    """Return a part again."""
    if described is None:
        return None
    values = dict(described)
    cls = PARTS[values.pop("name")]
    part: Any
    if cls is Layer_Dense:
        part = cls.holding(arrays.pop("weights"), arrays.pop("biases"))
        for name, array in arrays.items():
            if array is not None:
                setattr(part, name, get_backend().scriptable(get_backend().asarray(array)))
    else:
        part = cls(1 - values["rate"]) if cls is Layer_Dropout else cls()
    if {*values} != {*_settings(part)}:
        raise ValueError(f"{cls.__name__} has the settings {_settings(part)}, got {[*values]}")
    for name in _settings(part):
        setattr(part, name, values[name])
    if isinstance(part, optimizers._Stepping):
        check_integer("iterations", part.iterations, at_least=0)
        part._optimizer()  # checks the others
    return part


def _plain(value: Any) -> Any:
    """Return a number of NumPy's as Python's."""
    return value.item() if isinstance(value, np.generic) else value


def _floats(array: Any) -> np.ndarray:
    """Return an array on the host, with floats."""
    host = to_host(array)
    return host if host.dtype.kind == "f" else host.astype(np.float64)
