"""Whatever raises an error in a training: what was written goes on to the same end.

A checkpoint is written at the end too, also of a training that an error ends, but only of a
state between two steps of which all is known.
"""

import itertools
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pytest

import xpnn
from xpnn.callbacks import Callback, Checkpoint

rng = np.random.default_rng(8)
X, Y = rng.standard_normal((20, 3)), np.arange(20) % 2

HOOKS = [
    *("on_epoch_begin", "on_last_step_begin", "on_batch_end", "on_block_end", "on_epoch_end"),
    *("layer", "metric", "none"),
]


class BrokenError(Exception):
    """What is raised."""


calls = {"layer": itertools.count(), "metric": itertools.count(), "at": None}


@dataclass(frozen=True)
class FailingOfTestErrors(xpnn.Layer):
    """Gives what it gets, until it fails in training."""

    unbounded = True

    def forward(self, parameters, x):
        return x * 1.0, lambda dy: (dy, ())

    def train(self, parameters, state, x):
        if calls["at"] == ("layer", next(calls["layer"])):
            raise BrokenError
        return *self.forward(parameters, x), ()


def failing(predictions, targets):
    """Measure nothing, and fail at some time."""
    if calls["at"] == ("metric", next(calls["metric"])):
        raise BrokenError
    return predictions.sum() * 0


def failing_callback(hook, n):
    """Return a callback that raises an error in the n-th call of a hook."""
    counted = itertools.count()

    def call(self, *arguments):
        if next(counted) == n:
            raise BrokenError

    return type("Failing", (Callback,), {hook: call} if hook.startswith("on_") else {})()


def trained(folder, hook, n, batch_size, at):
    for name in ("layer", "metric"):
        calls[name] = itertools.count()
    calls["at"] = (hook, n)
    layers = [xpnn.Dense(3, 4), FailingOfTestErrors(), xpnn.BatchNorm(4), xpnn.Dense(4, 2)]
    model = xpnn.Sequential(layers, seed=0, backend="numpy")
    loss = xpnn.CategoricalCrossEntropy(from_logits=True)
    model.compile(loss, "adam", [failing])
    callbacks = [failing_callback(hook, n), Checkpoint(folder, every_epochs=at, keep=100)]
    model.fit(
        X,
        Y,
        epochs=6,
        batch_size=batch_size,
        validation_data=(X, Y),
        callbacks=callbacks,
        resume=folder,
    )
    return model


@pytest.mark.filterwarnings("ignore:.*failing:UserWarning")
@pytest.mark.parametrize("batch_size", [4, None])
@pytest.mark.parametrize("every", [1, 100])
@pytest.mark.parametrize("hook", HOOKS)
def test_after_an_error_anywhere(tmp_path, hook, every, batch_size):
    whole = trained(tmp_path / "whole", "none", 0, batch_size, every)
    for n in (0, 8):
        folder = tmp_path / str(n)
        with suppress(BrokenError):
            trained(folder, hook, n, batch_size, every)
        again = trained(folder, "none", 0, batch_size, every)
        assert again.history.history == whole.history.history
        np.testing.assert_array_equal(again.predict(X), whole.predict(X))
