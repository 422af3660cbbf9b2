"""xpnn as its users call it: the public names, and `fit`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count

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


def layers_of(work: Work) -> list[xpnn.Layer]:
    """Return the layers of a work's network."""
    layers: list[xpnn.Layer] = []
    if work.waves is not None:
        layers.append(
            xpnn.NumericEmbedding(
                work.X.shape[1],
                n_outputs=work.waves.n_outputs,
                n_frequencies=work.waves.n_frequencies,
                learning_rate=1.0,
            )
        )
    *hidden, last = (
        xpnn.Dense(*weights.shape, weights=weights, biases=biases)
        for weights, biases in work.initial()
    )
    for dense in hidden:
        layers += [dense, getattr(xpnn, work.activation)()]
        if work.dropout:
            layers.append(xpnn.Dropout(work.dropout))
    return [*layers, last, xpnn.Softmax()]


def optimizer_of(work: Work) -> xpnn.Optimizer:
    """Return a work's optimizer."""
    rule = work.optimizer
    if isinstance(rule, Adam):
        options = {"beta_1": rule.beta_1, "beta_2": rule.beta_2, "epsilon": rule.epsilon}
        if rule.weight_decay:
            return xpnn.AdamW(rule.learning_rate, weight_decay=rule.weight_decay, **options)
        return xpnn.Adam(rule.learning_rate, **options)
    return xpnn.SGD(rule.learning_rate, momentum=rule.momentum, decay=rule.decay)


class XpnnTrainer:
    """A Sequential."""

    def __init__(self, work: Work, backend: str, metrics: tuple[str, ...] = ()) -> None:
        self.work = work
        try:
            # with "!", so that no other backend steps in
            self.model = xpnn.Sequential(layers_of(work), seed=0, backend=f"{backend}!")
        except xpnn.BackendUnavailableError as error:
            raise UnavailableError(str(error)) from error
        if waves := work.initial_waves():  # which come first, and can't be given to a layer
            rest = self.model.parameters[len(waves) :]
            self.model.set_parameters([*waves, *rest])
        loss = xpnn.CategoricalCrossEntropy(label_smoothing=work.label_smoothing)
        self.model.compile(loss, optimizer_of(work), metrics=metrics)

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


class NumbaTrainer(XpnnTrainer):
    """One that compiles its steps where so many are to come that it pays."""

    first_rows = 150_000
    """After how many rows, one at a time, it has compiled `predict`."""

    def get_ready(self) -> None:
        """Begin a long training, and end it when its steps have been compiled."""
        taken = count(self.work.steps, self.work.steps)

        def tick() -> None:
            # the first are taken as they are written, and the next ones compared
            self.model.stop_training = next(taken) >= READY

        self.train(LONG, tick)


LONG = 10**6
"""Epochs after which any network's compilation would have paid."""
READY = 512
"""After how many steps it has happened: it is thought of before each block of at most 128."""

SIDES = {
    "xpnn-numpy": partial(XpnnTrainer, backend="numpy"),
    "xpnn-numpy-accuracy": partial(XpnnTrainer, backend="numpy", metrics=("accuracy",)),
    "xpnn-numba": partial(NumbaTrainer, backend="numba"),
    "xpnn-torch": partial(XpnnTrainer, backend="torch"),
    "xpnn-jax": partial(XpnnTrainer, backend="jax"),
    "xpnn-cupy": partial(XpnnTrainer, backend="cupy"),
    "xpnn-torch-cuda": partial(XpnnTrainer, backend="torch:cuda"),
    "xpnn-jax-cuda": partial(XpnnTrainer, backend="jax:gpu"),
}
