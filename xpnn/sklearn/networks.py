"""From an estimator's parameters to a network: its layers, first values and optimizer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from numbers import Real
from typing import Any

from ..initializers import Uniform
from ..layers import Dense, Dropout, Exponential, Linear, Sigmoid, Softmax
from ..layers.base import Layer
from ..optimizers import SGD, AdaGrad, Adam, Optimizer, RMSProp
from .parameters import ACTIVATIONS, Parameters

__all__ = [
    "OUTPUTS",
    "activation_layers",
    "hidden_sizes",
    "make_layers",
    "make_optimizer",
    "rate_schedule",
]

OUTPUTS: dict[str, Layer] = {
    "identity": Linear(),
    "logistic": Sigmoid(),
    "softmax": Softmax(),
    "exp": Exponential(),
}
"""What a network can end in, by scikit-learn's names."""


def hidden_sizes(parameters: Parameters) -> list[int]:
    """Return the number of neurons of each hidden layer."""
    sizes = parameters.hidden_layer_sizes
    sizes = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
    if any(size <= 0 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return [int(size) for size in sizes]


def _each(name: str, value: Any, count: int) -> list[Any]:
    """Return a parameter that is one for all hidden layers, or a list with one for each."""
    if isinstance(value, str | Real | Layer):
        return [value] * count
    if len(value) != count:
        raise ValueError(
            f"{name} must be one for all hidden layers or a list with one for each of the "
            f"{count}, got {value!r}"
        )
    return [*value]


def activation_layers(parameters: Parameters, count: int) -> list[Layer]:
    """Return the activation of each of so many hidden layers."""
    layers = []
    for given in _each("activation", parameters.activation, count):
        layer = ACTIVATIONS.get(given) if isinstance(given, str) else given
        if not isinstance(layer, Layer):
            raise ValueError(
                f"activation must be one of {', '.join(map(repr, ACTIVATIONS))} or a Layer "
                f"of xpnn, got {given!r}"
            )
        if layer.parameters() or layer.state():
            raise ValueError(
                f"activation must not learn: coefs_ and intercepts_ have no place for what "
                f"{layer} does"
            )
        layers.append(layer)
    return layers


def make_layers(
    parameters: Parameters, sizes: Sequence[int], output: str, rows: float | None = None
) -> list[Layer]:
    """Return the network's layers.

    Parameters
    ----------
    parameters : Parameters
        Of the estimator.
    sizes : sequence of int
        The numbers of features, of neurons and of outputs.
    output : str
        What it ends in, one of `OUTPUTS`.
    rows : float, optional
        By how many rows the penalties are divided, as scikit-learn divides them: the weight
        of a batch.  Without it the network is for use only.
    """
    hidden = activation_layers(parameters, len(sizes) - 2)
    rates = _each("dropout", parameters.dropout, len(hidden))
    factors = [2.0 if isinstance(layer, Sigmoid) else 6.0 for layer in hidden] or [6.0]
    factors.append(factors[-1])
    penalties: dict[str, Any] = {}
    if rows is not None:
        penalties = {
            "l1": float(parameters.l1) / rows,
            "l2": float(parameters.alpha) / (2 * rows),
        }
    layers: list[Layer] = []
    for i, (n_inputs, n_outputs) in enumerate(pairwise(sizes)):
        start = Uniform(math.sqrt(factors[i] / (n_inputs + n_outputs)))
        layers.append(Dense(n_inputs, n_outputs, weights=start, biases=start, **penalties))
        if i < len(hidden):
            layers.append(hidden[i])
            if rows is not None and rates[i]:
                layers.append(Dropout(float(rates[i])))
    return [layer for layer in [*layers, OUTPUTS[output]] if not isinstance(layer, Linear)]


def make_optimizer(parameters: Parameters) -> Optimizer:
    """Return the optimizer that is meant by a name, or the one that is given."""
    p = parameters
    if isinstance(p.solver, Optimizer):
        return p.solver
    rate, epsilon = float(p.learning_rate_init), float(p.epsilon)
    if p.solver == "sgd":
        momentum = float(p.momentum)
        nesterov = bool(p.nesterovs_momentum) and momentum > 0
        return SGD(rate, momentum=momentum, nesterov=nesterov)
    if p.solver == "adagrad":
        return AdaGrad(rate, epsilon=epsilon)
    if p.solver == "rmsprop":
        return RMSProp(rate, epsilon=epsilon)
    return Adam(rate, beta_1=float(p.beta_1), beta_2=float(p.beta_2), epsilon=epsilon)


def rate_schedule(parameters: Parameters) -> str:
    """Return how the learning rate changes; only with ``solver="sgd"`` it does."""
    return str(parameters.learning_rate) if parameters.solver == "sgd" else "constant"
