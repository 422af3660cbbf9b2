"""What pictures show of the inside of a network, brought from a model to the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..backend import to_host
from ..layers import Dense

if TYPE_CHECKING:
    from ..model import Sequential

__all__ = ["dense_layers", "layer_outputs"]


def dense_layers(model: Sequential) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return each Dense layer's name, weights and biases, on the host."""
    arrays, layers = model._tensors(), list[tuple[str, np.ndarray, np.ndarray]]()
    for index, layer in enumerate(model.layers):
        if isinstance(layer, Dense):
            counts = ((layer.n_inputs, "input"), (layer.n_outputs, "neuron"))
            said = ", ".join(f"{n} {word}{'s' * (n > 1)}" for n, word in counts)
            weights, biases = arrays[f"{index}.weights"], arrays[f"{index}.biases"]
            layers.append((f"Layer {index}: {said}", to_host(weights), to_host(biases)))
    return layers


def layer_outputs(model: Sequential, X: np.ndarray, layer: int) -> np.ndarray:
    """Return a layer's outputs, of shape (n, k), on the host."""
    with model.backend.activate():
        x = model.backend.asarray(model._inputs(X), model.dtype)
        arrays = model._stack.split(model._arrays)
        for one, own in zip(model.layers[: layer + 1], arrays):
            x, _ = one.forward(own, x)
        return to_host(x)
