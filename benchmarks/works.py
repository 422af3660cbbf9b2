"""The work: networks, data, batches and optimizers, in NumPy; the same for every side."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

NAMES = ("spiral", "small", "fmnist", "large")
"""The works to train, the smallest network first."""


@dataclass(frozen=True)
class SGD:
    """Steps down the gradient with momentum; the rate is lr / (1 + decay * steps taken)."""

    learning_rate: float
    momentum: float = 0.9
    decay: float = 0.0


@dataclass(frozen=True)
class Adam:
    """Adam, with epsilon outside of the square root."""

    learning_rate: float = 1e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7


@dataclass(frozen=True)
class Work:
    """A network with ReLU between its layers, trained by softmax and cross-entropy.

    Parameters
    ----------
    name : str
        What it is called in tables.
    sizes : tuple of int
        The number of inputs, of the neurons of each hidden layer, and of the classes.
    X : numpy.ndarray of shape (n, n_inputs), float32
        The inputs.
    y : numpy.ndarray of shape (n,), int64
        The classes.
    batch_size : int
        The number of rows in a step; the last step of an epoch may have fewer.
    optimizer : SGD or Adam
        How to step.
    shuffle : bool
        Whether each epoch goes through the rows in a new order.
    epochs : int
        The length of the whole task; 0 where single steps are timed instead.
    early : int
        After so many epochs all sides must have about the same loss, if they do the same
        work.
    """

    name: str
    sizes: tuple[int, ...]
    X: np.ndarray
    y: np.ndarray
    batch_size: int
    optimizer: SGD | Adam
    shuffle: bool = True
    epochs: int = 0
    early: int = 1

    @property
    def steps(self) -> int:
        """The number of steps in an epoch."""
        return math.ceil(len(self.X) / self.batch_size)

    @property
    def operations(self) -> int:
        """The additions and multiplications that a full step's matrix products take.

        Each layer has three products, one forwards and two backwards; the gradient with
        respect to the network's inputs is not needed.
        """
        products = [m * n for m, n in zip(self.sizes, self.sizes[1:])]
        return 2 * self.batch_size * (3 * sum(products) - products[0])

    def initial(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return new weights (n_inputs, n_outputs) and biases (n_outputs,) of each layer."""
        generator = np.random.default_rng(0)
        layers = []
        for n_inputs, n_outputs in zip(self.sizes, self.sizes[1:]):
            limit = math.sqrt(6 / (n_inputs + n_outputs))
            weights = generator.uniform(-limit, limit, (n_inputs, n_outputs))
            layers.append((weights.astype(np.float32), np.zeros(n_outputs, np.float32)))
        return layers


def make(name: str) -> Work:
    """Return the work of a name: one of `NAMES`, or "inference"."""
    if name == "spiral":
        from xpnn.datasets import spiral

        X, y = spiral(seed=np.random.RandomState(0))
        sgd = SGD(1.0, decay=1e-3)
        return Work(name, (2, 64, 3), X, y, 300, sgd, shuffle=False, early=50)
    if name == "small":
        return drawn(name, (64, 32, 10), 3200, 32, SGD(0.05), early=3)
    if name == "large":
        return drawn(name, (1024, 2048, 2048, 1000), 2048, 512, SGD(0.01))
    if name == "inference":
        return drawn(name, (784, 128, 128, 10), 1024, 1024, SGD(0.01))
    if name == "fmnist":
        from xpnn.datasets import fashion_mnist

        X, y = fashion_mnist("train")
        return Work(name, (784, 128, 128, 10), X, y, 128, Adam(), epochs=10)
    raise ValueError(f"there is no work {name!r}")


def drawn(
    name: str, sizes: tuple[int, ...], rows: int, batch_size: int, sgd: SGD, early: int = 1
) -> Work:
    """Return a work on normal draws, which a random linear map puts into classes."""
    generator = np.random.default_rng(1)
    X = generator.standard_normal((rows, sizes[0]), dtype=np.float32)
    X *= 0.5  # with larger inputs, long trainings of the small network diverge
    y = (X @ generator.standard_normal((sizes[0], sizes[-1]), dtype=np.float32)).argmax(axis=1)
    n = min(rows, sizes[-1])
    y[:n] = np.arange(n)  # each class is there: scikit-learn asks for that
    return Work(name, sizes, X, y, batch_size, sgd, early=early)


def accuracy(probabilities: np.ndarray, y: np.ndarray) -> float:
    """Return the part of the rows whose likeliest class is right."""
    return float(np.mean(probabilities.argmax(axis=1) == y))
