"""What pictures show of the inside of a network, brought from a model to the host."""

from __future__ import annotations

import numpy as np

from ..backend import to_host
from ..layers import Dense
from ..network import Network

__all__ = ["dense_layers"]


def dense_layers(model: Network) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return each Dense layer's name, weights and biases, on the host.

    Those too that other layers hold.
    """
    arrays, found = model.copy_tensors(), list[tuple[str, np.ndarray, np.ndarray]]()
    for name, layer in model.all_layers.items():
        if isinstance(layer, Dense) and f"{name}.weights" in arrays:
            counts = ((layer.n_inputs, "input"), (layer.n_outputs, "neuron"))
            said = ", ".join(f"{n} {word}{'s' * (n > 1)}" for n, word in counts)
            weights, biases = arrays[f"{name}.weights"], arrays[f"{name}.biases"]
            found.append((f"Layer {name}: {said}", to_host(weights), to_host(biases)))
    return found
