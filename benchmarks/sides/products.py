"""The matrix products of a step alone: whoever multiplies with NumPy can't be faster.

They are called one after the other, each into memory that is there, and in the layouts of
training: inputs @ weights forwards, inputs.T @ gradient and gradient @ weights.T backwards.
Nothing else is computed, no rows are gathered, and nothing is learnt.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from works import Work

Product = tuple[np.ndarray, np.ndarray, np.ndarray]


def products(work: Work, n: int) -> list[Product]:
    """Return the products of a step on n rows: each of what with what, and into what."""
    weights = [w for w, _ in work.initial()]
    X = work.X[:n]
    outputs = [np.empty((n, size), np.float32) for size in work.sizes[1:]]
    gradients = [np.empty((n, size), np.float32) for size in work.sizes]
    gradients[-1][:] = np.random.default_rng(0).normal(0, 1 / n, gradients[-1].shape)
    inputs = [X, *outputs[:-1]]
    before: list[Product] = []
    after: list[Product] = []
    if work.waves is not None:
        inputs[0] = np.concatenate([np.empty_like(gradients[0][:, X.shape[1] :]), X], axis=1)
        before, after = of_waves(work, inputs[0], gradients[0])
    forwards = list(zip(inputs, weights, outputs))
    backwards: list[Product] = []
    for i in reversed(range(len(weights))):
        backwards.append((inputs[i].T, gradients[i + 1], np.empty_like(weights[i])))
        if i or work.waves is not None:
            backwards.append((gradients[i + 1], weights[i].T, gradients[i]))
    return [*before, *forwards, *backwards, *after]


def of_waves(work: Work, y: np.ndarray, dy: np.ndarray) -> tuple[list[Product], list[Product]]:
    """Return the products of the waves and their weights, forwards and backwards.

    Parameters
    ----------
    work : Work
        What has waves.
    y, dy : numpy.ndarray of shape (n, c (k + 1))
        What comes out of them and the gradient with respect to it; the columns are the last c.
    """
    frequencies, _, weights, _ = work.initial_waves()  # weights: (c, f, k)
    c, _, k = weights.shape
    e, de = (a[:, : c * k].reshape(len(a), c, k).transpose(1, 0, 2) for a in (y, dy))
    waves = np.cos(y[:, c * k :].T[:, :, None] * frequencies)  # (c, n, f)
    backwards = [
        (waves.transpose(0, 2, 1), de, np.empty_like(weights)),
        (de, weights.transpose(0, 2, 1), np.empty_like(waves)),
    ]
    return [(waves, weights, e)], backwards


class ProductsTrainer:
    """Multiplies as often as a training does."""

    def __init__(self, work: Work) -> None:
        steps, rest = divmod(len(work.X), work.batch_size)
        self.products = products(work, work.batch_size) * steps
        self.products += products(work, rest) if rest else []

    def train(self, epochs: int, tick: Callable[[], None] | None = None) -> None:
        """Multiply; see `Trainer`."""
        matmul = np.matmul
        for _ in range(epochs):
            for left, right, out in self.products:
                matmul(left, right, out)
            if tick:
                tick()

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Refuse: nothing was learnt."""
        raise NotImplementedError("products alone tell nothing of rows")


SIDES = {"products-numpy": ProductsTrainer}
