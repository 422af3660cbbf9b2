"""Layers and activations: an open list, a file each.

`xpnn.layers.base` tells what a layer is and CONTRIBUTING how to add one.
"""

from .base import LAYERS, Layer, Parameter
from .batch_norm import BatchNorm
from .chain import Chain
from .combinator import Combinator
from .concatenate import Concatenate
from .dense import Dense
from .dropout import Dropout
from .elu import ELU
from .embedding import Embedding
from .exponential import Exponential
from .frozen import Frozen
from .gelu import GELU
from .layer_norm import LayerNorm
from .leaky_relu import LeakyReLU
from .linear import Linear
from .mish import Mish
from .ntk_dense import NTKDense
from .numeric_embedding import NumericEmbedding
from .one_hot import OneHot
from .periodic_embedding import PeriodicEmbedding
from .piecewise_linear import PiecewiseLinear
from .relu import ReLU
from .residual import Residual
from .scale import Scale
from .select import Select
from .selu import SELU
from .sigmoid import Sigmoid
from .silu import SiLU
from .softmax import Softmax
from .softplus import Softplus
from .step import Step
from .tanh import Tanh

__all__ = [
    "ELU",
    "GELU",
    "LAYERS",
    "SELU",
    "BatchNorm",
    "Chain",
    "Combinator",
    "Concatenate",
    "Dense",
    "Dropout",
    "Embedding",
    "Exponential",
    "Frozen",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "Mish",
    "NTKDense",
    "NumericEmbedding",
    "OneHot",
    "Parameter",
    "PeriodicEmbedding",
    "PiecewiseLinear",
    "ReLU",
    "Residual",
    "Scale",
    "Select",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Step",
    "Tanh",
]
