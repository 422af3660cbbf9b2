"""The work: networks, data, batches and optimizers, in NumPy; the same for every side."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

NAMES = ("spiral", "small", "tables", "fmnist", "large")
"""The works to train, the smallest network first."""


@dataclass(frozen=True)
class SGD:
    """Steps down the gradient with momentum; the rate is lr / (1 + decay * steps taken)."""

    learning_rate: float
    momentum: float = 0.9
    decay: float = 0.0


@dataclass(frozen=True)
class Adam:
    """Adam, with epsilon outside of the square root; AdamW where there is a weight decay.

    Then all parameters shrink by learning_rate * weight_decay before each step.
    """

    learning_rate: float = 1e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    weight_decay: float = 0.0


@dataclass(frozen=True)
class Waves:
    """What comes before the first layer where numbers are embedded in waves.

    Of each column x, with parameters of its own, it is
    cos(2 π x frequencies + phases) @ weights + biases; then come the columns themselves.
    `xpnn.NumericEmbedding` is this.
    """

    n_outputs: int = 3
    n_frequencies: int = 16
    scale: float = 0.1
    """The standard deviation of the first frequencies."""


@dataclass(frozen=True)
class Work:
    """A network, trained by softmax and cross-entropy.

    Parameters
    ----------
    name : str
        What it is called in tables.
    sizes : tuple of int
        The number of inputs of the first layer, of the neurons of each hidden layer, and of
        the classes.
    X : numpy.ndarray of shape (n, n_columns), float32
        The inputs: those of the first layer, or of what embeds them.
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
        work.  It is the mean of an epoch, so what dropout draws moves it little.
    activation : {"ReLU", "SiLU"}
        What follows a hidden layer.
    dropout : float
        The part of each hidden layer's outputs that is silenced in training.
    label_smoothing : float
        The part of each target that is spread evenly over the classes.
    waves : Waves or None
        How the columns are embedded before the first layer.
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
    activation: str = "ReLU"
    dropout: float = 0.0
    label_smoothing: float = 0.0
    waves: Waves | None = None

    @property
    def steps(self) -> int:
        """The number of steps in an epoch."""
        return math.ceil(len(self.X) / self.batch_size)

    @property
    def operations(self) -> int:
        """The additions and multiplications that a full step's matrix products take.

        Each layer has three products, one forwards and two backwards, and so have waves with
        their weights; the gradient with respect to the network's inputs is not needed.
        """
        products = [m * n for m, n in zip(self.sizes, self.sizes[1:])]
        if self.waves is None:
            return 2 * self.batch_size * (3 * sum(products) - products[0])
        products.append(self.X.shape[1] * self.waves.n_frequencies * self.waves.n_outputs)
        return 2 * self.batch_size * 3 * sum(products)

    def initial(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return new weights (n_inputs, n_outputs) and biases (n_outputs,) of each layer."""
        generator = np.random.default_rng(0)
        layers = []
        for n_inputs, n_outputs in zip(self.sizes, self.sizes[1:]):
            limit = math.sqrt(6 / (n_inputs + n_outputs))
            weights = generator.uniform(-limit, limit, (n_inputs, n_outputs))
            layers.append((weights.astype(np.float32), np.zeros(n_outputs, np.float32)))
        return layers

    def initial_waves(self) -> list[np.ndarray]:
        """Return new parameters of the waves of c columns; none where there are no waves.

        They are frequencies and phases (c, 1, f), weights (c, f, k) and biases (c, 1, k).
        """
        if self.waves is None:
            return []
        generator = np.random.default_rng(2)
        c, f, k = self.X.shape[1], self.waves.n_frequencies, self.waves.n_outputs
        limit = 1 / math.sqrt(f)
        arrays = [
            generator.normal(0, self.waves.scale, (c, 1, f)),
            generator.uniform(-math.pi, math.pi, (c, 1, f)),
            generator.uniform(-limit, limit, (c, f, k)),
            generator.uniform(-limit, limit, (c, 1, k)),
        ]
        return [array.astype(np.float32) for array in arrays]


def make(name: str) -> Work:
    """Return the work of a name: one of `NAMES`, or "inference"."""
    if name == "spiral":
        from xpnn.datasets import spiral

        X, y = spiral(seed=np.random.RandomState(0))
        sgd = SGD(1.0, decay=1e-3)
        return Work(name, (2, 64, 3), X, y, 300, sgd, shuffle=False, early=50)
    if name == "small":
        return drawn(name, (64, 32, 10), 3200, 32, SGD(0.05), early=3)
    if name == "tables":
        return table(name)
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


def table(name: str) -> Work:
    """Return the network that xpnn makes for a table, on a drawn table of two classes.

    It is that of `xpnn.tabular.recipe`, but for the schedules of its learning rate and weight
    decay, which would need to know when the training ends; and batches are those of few rows.
    """
    generator = np.random.default_rng(1)
    X = generator.standard_normal((12_800, 16), dtype=np.float32)
    wavy = np.sin(3 * X[:, :8]).sum(axis=1) + X[:, 8:].sum(axis=1) / 2
    y = (wavy + generator.standard_normal(len(X)) > 0).astype(np.int64)
    waves = Waves()
    return Work(
        name,
        (X.shape[1] * (waves.n_outputs + 1), 128, 128, 128, 2),
        X,
        y,
        128,
        Adam(0.004, beta_2=0.95, weight_decay=0.2),
        early=4,
        activation="SiLU",
        dropout=0.15,
        label_smoothing=0.1,
        waves=waves,
    )


def accuracy(probabilities: np.ndarray, y: np.ndarray) -> float:
    """Return the part of the rows whose likeliest class is right."""
    return float(np.mean(probabilities.argmax(axis=1) == y))
