"""The network that suits a built-in data set, and the loss that suits its target."""

from __future__ import annotations

import numpy as np

from ..backend import Backend
from ..layers import (
    ELU,
    GELU,
    SELU,
    Dense,
    Dropout,
    Layer,
    LeakyReLU,
    Mish,
    ReLU,
    SiLU,
    Softmax,
    Softplus,
)
from ..sequential import Sequential
from ..tables import Classes
from ..tables.targets import Target
from .settings import Settings, activation

STARTS: dict[str, tuple[type[Layer], ...]] = {
    "he_normal": (ReLU, LeakyReLU, ELU, GELU, SiLU, Mish, Softplus),
    "lecun_normal": (SELU,),
}
"""He et al.'s start is for what is about 0 on one side; SELU keeps what has variance 1."""


def network(
    n_inputs: int,
    settings: Settings,
    target: Classes,
    generator: np.random.Generator,
    backend: Backend,
) -> Sequential:
    """Make the network: hidden layers, and an output for the classes."""
    between = activation(settings.activation)
    starts = [name for name, kinds in STARTS.items() if isinstance(between, kinds)]
    weights = starts[0] if starts else "glorot_uniform"  # which is for what is even
    layers: list[Layer] = []
    for size in settings.hidden:
        layers += [Dense(n_inputs, size, weights=weights, l2=settings.l2), between]
        if settings.dropout:
            layers.append(Dropout(settings.dropout))
        n_inputs = size
    layers += [Dense(n_inputs, target.n_outputs, l2=settings.l2), Softmax()]
    return Sequential(layers, seed=generator, backend=backend)


def loss_for(target: Target) -> str:
    """Return the name of the loss that suits the target."""
    return "categorical_cross_entropy" if isinstance(target, Classes) else "mean_squared_error"
