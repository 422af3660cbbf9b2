"""Nine rows, and a network of four classes for them."""

import numpy as np

import xpnn
from xpnn import Dense, Sequential

X = np.random.default_rng(0).standard_normal((9, 3))


def classifier(**options):
    layers = [Dense(3, 8), xpnn.BatchNorm(8), xpnn.Tanh(), Dense(8, 4), xpnn.Softmax()]
    return Sequential(layers, seed=0, **options)
