"""The runs of chapter 10 on the spiral, with the book's data and its first weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..callbacks import TrainingMovie
from ..callbacks.pictures import PANELS
from ..datasets import spiral
from ..layers import Dense, ReLU, Softmax
from ..optimizers import SGD, AdaGrad, Adam, Optimizer, RMSProp
from ..sequential import Sequential

__all__ = ["EPOCHS", "RUNS", "history_of", "trained"]

EPOCHS = 10001
EVERY = 400
"""After how many epochs movies have a frame."""

RUNS: dict[str, Optimizer] = {
    "SGD, 1.0": SGD(1.0),
    "SGD, 0.85": SGD(0.85),
    "SGD, 1.0, decay 1e-2": SGD(1.0, decay=1e-2),
    "SGD, 1.0, decay 1e-3": SGD(1.0, decay=1e-3),
    "SGD, 1.0, decay 1e-3, momentum 0.5": SGD(1.0, decay=1e-3, momentum=0.5),
    "SGD, 1.0, decay 1e-3, momentum 0.9": SGD(1.0, decay=1e-3, momentum=0.9),
    "AdaGrad, 1.0, decay 1e-4": AdaGrad(1.0, decay=1e-4),
    "RMSProp, 0.001, decay 1e-4": RMSProp(0.001, decay=1e-4),
    "RMSProp, 0.02, decay 1e-5, rho 0.999": RMSProp(0.02, decay=1e-5, rho=0.999),
    "Adam, 0.05, decay 5e-7": Adam(0.05, decay=5e-7),
}
"""The optimizer of each."""


def trained(name: str, path: str | None = None) -> Any:
    """Train the network of a run, and film it if there is a path.

    Returns
    -------
    model : Sequential
        The network as it ended.
    history : dict of str to list of float
        Its loss and accuracy before each step.
    (X, y)
        The spiral.
    """
    if path is not None or name not in _trained:
        films = [] if path is None else [TrainingMovie(path, every=EVERY, panels=PANELS)]
        _trained[name] = _train(name, films)
    return _trained[name]


def history_of(name: str) -> dict[str, list[float]]:
    """Return how loss and accuracy of a run went."""
    history: dict[str, list[float]] = trained(name)[1]
    return history


_trained: dict[str, Any] = {}
"""Those of this process."""


def _train(name: str, callbacks: list[Any]) -> Any:
    stream = np.random.RandomState(0)  # as nnfs.init() seeds it
    X, y = spiral(samples=100, classes=3, seed=stream)
    layers = [
        Dense(2, 64, weights=_first_weights),
        ReLU(),
        Dense(64, 3, weights=_first_weights),
        Softmax(),
    ]
    model = Sequential(layers, seed=stream)
    model.compile("categorical_cross_entropy", RUNS[name])
    history = model.fit(X, y, epochs=EPOCHS, batch_size=None, callbacks=callbacks).history
    return model, history, (X, y)


def _first_weights(generator: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Draw as the book does, in float32."""
    draws = generator.standard_normal(shape).astype(np.float32)
    weights: np.ndarray = np.float32(0.01) * draws
    return weights
