"""xpnn as its users call it: the public names, and `fit`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from works import Adam, Work

import xpnn

from . import UnavailableError


class Tick(xpnn.Callback):
    """Tells of the end of each epoch."""

    def __init__(self, tick: Callable[[], None]) -> None:
        self.tick = tick

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Tell."""
        self.tick()


class XpnnTrainer:
    """A Sequential."""

    def __init__(self, work: Work, backend: str, metrics: tuple[str, ...] = ()) -> None:
        self.work = work
        layers = []
        for weights, biases in work.initial():
            layers += [xpnn.Dense(*weights.shape, weights=weights, biases=biases), xpnn.ReLU()]
        layers[-1] = xpnn.Softmax()
        optimizer = work.optimizer
        if isinstance(optimizer, Adam):
            rule = xpnn.Adam(
                optimizer.learning_rate,
                beta_1=optimizer.beta_1,
                beta_2=optimizer.beta_2,
                epsilon=optimizer.epsilon,
            )
        else:
            rule = xpnn.SGD(
                optimizer.learning_rate, momentum=optimizer.momentum, decay=optimizer.decay
            )
        try:
            # with "!", so that no other backend steps in
            self.model = xpnn.Sequential(layers, seed=0, backend=f"{backend}!")
        except xpnn.BackendUnavailableError as error:
            raise UnavailableError(str(error)) from error
        self.model.compile(xpnn.CategoricalCrossEntropy(), rule, metrics=metrics)

    def train(self, epochs: int, tick: Callable[[], None] | None = None) -> float:
        """Train; see `Trainer`."""
        work = self.work
        history = self.model.fit(
            work.X,
            work.y,
            epochs=epochs,
            batch_size=work.batch_size,
            shuffle=work.shuffle,
            callbacks=[Tick(tick)] if tick else [],
            verbose=False,
        )
        return history.history["loss"][-1]

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return probabilities; see `Trainer`."""
        return self.model.predict(X)


SIDES = {
    "xpnn-numpy": partial(XpnnTrainer, backend="numpy"),
    "xpnn-numpy-accuracy": partial(XpnnTrainer, backend="numpy", metrics=("accuracy",)),
    "xpnn-torch": partial(XpnnTrainer, backend="torch"),
    "xpnn-jax": partial(XpnnTrainer, backend="jax"),
    "xpnn-cupy": partial(XpnnTrainer, backend="cupy"),
    "xpnn-torch-cuda": partial(XpnnTrainer, backend="torch:cuda"),
    "xpnn-jax-cuda": partial(XpnnTrainer, backend="jax:gpu"),
}
