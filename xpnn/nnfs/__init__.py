"""The names of *Neural Networks from Scratch in Python* over xpnn's own code.

A script of the book's chapters 2 to 22 runs with its imports changed and its class definitions
left out, on every backend whose arrays go together with NumPy's functions and arrays::

    import xpnn.nnfs as nnfs
    from xpnn.nnfs import Layer_Dense, Activation_ReLU
    from xpnn.nnfs.datasets import spiral_data

Objects remember what the book's remember (``output``, ``dinputs``, ``dweights``, …), on the
backend's device, and each result has the dtype that it has in the book.  Activations, losses
and optimizers are xpnn's own; products are computed and rounded as the book's ``np.dot`` does
after `init`.  Draws come from NumPy's global generator, which `init` seeds, so that a script's
own ``np.random.randn`` continues the same stream; that function is the only one of NumPy's
that `init` replaces.  A library that has to be told to compute in double precision is told so
for the whole process: the script's own lines need it, too.
"""

from . import datasets as datasets
from .accuracies import Accuracy, Accuracy_Categorical, Accuracy_Regression
from .layers import (
    Activation_Linear,
    Activation_ReLU,
    Activation_Sigmoid,
    Activation_Softmax,
    Layer_Dense,
    Layer_Dropout,
    Layer_Input,
)
from .losses import (
    Activation_Softmax_Loss_CategoricalCrossentropy,
    Loss,
    Loss_BinaryCrossentropy,
    Loss_CategoricalCrossentropy,
    Loss_MeanAbsoluteError,
    Loss_MeanSquaredError,
)
from .model import Model
from .optimizers import Optimizer_Adagrad, Optimizer_Adam, Optimizer_RMSprop, Optimizer_SGD
from .settings import init

__all__ = [
    "Accuracy",
    "Accuracy_Categorical",
    "Accuracy_Regression",
    "Activation_Linear",
    "Activation_ReLU",
    "Activation_Sigmoid",
    "Activation_Softmax",
    "Activation_Softmax_Loss_CategoricalCrossentropy",
    "Layer_Dense",
    "Layer_Dropout",
    "Layer_Input",
    "Loss",
    "Loss_BinaryCrossentropy",
    "Loss_CategoricalCrossentropy",
    "Loss_MeanAbsoluteError",
    "Loss_MeanSquaredError",
    "Model",
    "Optimizer_Adagrad",
    "Optimizer_Adam",
    "Optimizer_RMSprop",
    "Optimizer_SGD",
    "init",
]
