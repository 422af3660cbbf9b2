"""Keras: `fit`; the worker has chosen Keras's own backend before this is imported."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from works import Adam, Work


class KerasTrainer:
    """A keras.Sequential."""

    def __init__(self, work: Work) -> None:
        self.work = work
        initial = work.initial()
        layers = [keras.layers.Dense(len(b), activation="relu") for _, b in initial[:-1]]
        layers.append(keras.layers.Dense(work.sizes[-1]))
        self.model = keras.Sequential([keras.Input((work.sizes[0],)), *layers])
        self.model.set_weights([array for pair in initial for array in pair])
        rule = work.optimizer
        if isinstance(rule, Adam):
            optimizer = keras.optimizers.Adam(
                rule.learning_rate, rule.beta_1, rule.beta_2, rule.epsilon
            )
        else:
            rate = rule.learning_rate
            if rule.decay:
                rate = keras.optimizers.schedules.InverseTimeDecay(rate, 1, rule.decay)
            optimizer = keras.optimizers.SGD(rate, rule.momentum)
        self.model.compile(
            optimizer,
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            steps_per_execution=min(32, work.steps) if keras.backend.backend() == "jax" else 1,
        )

    def train(self, epochs: int, tick: Callable[[], None] | None = None) -> float:
        """Train; see `Trainer`."""
        callbacks = []
        if tick:
            callbacks.append(keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: tick()))
        history = self.model.fit(
            self.work.X,
            self.work.y,
            batch_size=self.work.batch_size,
            epochs=epochs,
            shuffle=self.work.shuffle,
            callbacks=callbacks,
            verbose=0,
        )
        return history.history["loss"][-1]

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return probabilities; see `Trainer`."""
        logits = self.model.predict(X, batch_size=1024, verbose=0)
        return keras.ops.convert_to_numpy(keras.ops.softmax(logits))


SIDES = {"keras-jax": KerasTrainer, "keras-torch": KerasTrainer}
