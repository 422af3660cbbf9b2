"""The network that suits a built-in data set, and the loss that suits its target."""

from __future__ import annotations

import numpy as np

from ..backend import Backend
from ..layers import Dense, Dropout, Layer, Softmax
from ..layers.activations import start_for
from ..sequential import Sequential
from ..tables import Classes
from ..tables.targets import Target
from .settings import Settings, activation


def network(
    n_inputs: int,
    settings: Settings,
    target: Classes,
    generator: np.random.Generator,
    backend: Backend,
) -> Sequential:
    """Make the network: hidden layers, and an output for the classes."""
    between = activation(settings.activation)
    weights = start_for(between)
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
