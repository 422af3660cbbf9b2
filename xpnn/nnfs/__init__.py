"""The names of *Neural Networks from Scratch in Python* over xpnn's own code.

A script of the book's chapters 2-10 runs on any backend whose arrays NumPy's functions
accept, with its imports changed and its class definitions left out::

    import xpnn.nnfs as nnfs
    from xpnn.nnfs import Layer_Dense, Activation_ReLU
    from xpnn.nnfs.datasets import spiral_data

Objects remember what the book's remember (``output``, ``dinputs``, ``dweights``, …); the
mathematics is that of `xpnn.layers`, `xpnn.losses` and `xpnn.optimizers`.  Nothing in
NumPy is patched; draws come from NumPy's global generator, which `init` seeds, so that a
script's own ``np.random.randn`` continues the same stream.
"""

from . import datasets as datasets
from .layers import (
    Activation_Linear,
    Activation_ReLU,
    Activation_Sigmoid,
    Activation_Softmax,
    Layer_Dense,
)
from .losses import (
    Activation_Softmax_Loss_CategoricalCrossentropy,
    Loss,
    Loss_CategoricalCrossentropy,
)
from .optimizers import Optimizer_Adagrad, Optimizer_Adam, Optimizer_RMSprop, Optimizer_SGD
from .settings import init

__all__ = [
    "Activation_Linear",
    "Activation_ReLU",
    "Activation_Sigmoid",
    "Activation_Softmax",
    "Activation_Softmax_Loss_CategoricalCrossentropy",
    "Layer_Dense",
    "Loss",
    "Loss_CategoricalCrossentropy",
    "Optimizer_Adagrad",
    "Optimizer_Adam",
    "Optimizer_RMSprop",
    "Optimizer_SGD",
    "init",
]
