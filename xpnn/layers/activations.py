"""Activations by short names, and with which weights the layers before them begin."""

from __future__ import annotations

from .base import Layer
from .elu import ELU
from .gelu import GELU
from .leaky_relu import LeakyReLU
from .linear import Linear
from .mish import Mish
from .relu import ReLU
from .selu import SELU
from .sigmoid import Sigmoid
from .silu import SiLU
from .softplus import Softplus
from .tanh import Tanh

__all__ = ["ACTIVATIONS", "start_for"]

ACTIVATIONS: dict[str, Layer] = {
    "linear": Linear(),
    "relu": ReLU(),
    "leaky_relu": LeakyReLU(),
    "elu": ELU(),
    "selu": SELU(),
    "gelu": GELU(),
    "silu": SiLU(),
    "mish": Mish(),
    "softplus": Softplus(),
    "sigmoid": Sigmoid(),
    "tanh": Tanh(),
}
"""What may stand between layers and needs no settings."""

STARTS: dict[str, tuple[type[Layer], ...]] = {
    "he_normal": (ReLU, LeakyReLU, ELU, GELU, SiLU, Mish, Softplus),
    "lecun_normal": (SELU,),
}
"""He et al.'s start is for what is about 0 on one side; SELU keeps what has variance 1."""


def start_for(activation: Layer) -> str:
    """Return the name of the initializer of weights that suits the activation behind them.

    Parameters
    ----------
    activation : Layer
        What the layer's outputs go through.
    """
    starts = [name for name, kinds in STARTS.items() if isinstance(activation, kinds)]
    return starts[0] if starts else "glorot_uniform"  # which is for what is even
