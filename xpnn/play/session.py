"""A session: a network in training by what was chosen, and the Python that does the same.

It knows nothing of pages.  One thread uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..backend import resolve
from ..callbacks import Callback
from ..history import DivergenceError
from ..layers import LAYERS, Layer
from ..layers.activations import ACTIVATIONS, start_for
from ..schedules import Schedule
from ..sequential import Sequential
from .choices import Choices
from .rows import OwnTable, rows_of
from .writing import called, written

__all__ = ["Session"]

Described = tuple[str, tuple[Any, ...], dict[str, Any]]
"""The name of a layer, its arguments and its settings."""

AFTER_STEPS = """

class AfterSteps(xpnn.callbacks.Callback):
    def on_batch_end(self, step):
        if step + 1 == {steps}:
            raise StopIteration


with contextlib.suppress(StopIteration):
    model.fit(X, y, batch_size={batch_size}, callbacks=[AfterSteps()])
"""
"""The code of an epoch that is not finished."""


@dataclass
class Stretch:
    """Some epochs that were trained alike."""

    epochs: int
    learning_rate: float | Schedule
    batch_size: int | None


class Watcher(Callback):
    """Calls functions in the middle of epochs: between blocks of steps, or after each step.

    An epoch's last step is reported with its epoch, when that is finished.
    """

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call

    def on_block_end(self) -> None:
        """Call it."""
        self._call()


class StepByStep(Watcher):
    """One for whose sake steps are taken one by one."""

    def on_batch_end(self, step: int) -> None:
        """Do nothing: that it is here makes each step a block."""


class Session:
    """A network in training.

    Parameters
    ----------
    choices : Choices
        What was chosen.
    own : OwnTable, optional
        The table of one's own.

    Attributes
    ----------
    choices, own
        As given.
    rows : Rows
        What it learns, and what is measured.
    model : Sequential
        The network.
    diverged : str
        Why training can't go on; empty where it can.

    Raises
    ------
    TypeError, ValueError, BackendUnavailableError
        If something can't be chosen: a sentence.
    """

    def __init__(self, choices: Choices, own: OwnTable | None = None) -> None:
        self.choices, self.own = choices, own
        backend = resolve(choices.backend)
        draws = np.random.default_rng(choices.seed)
        self.rows = rows_of(choices, draws, own)
        self._described = self._describe()
        layers: list[Layer] = [LAYERS[name](*args, **kw) for name, args, kw in self._described]
        self.model = Sequential(layers, seed=draws, backend=backend)
        self._loss = "categorical_cross_entropy" if self.rows.labels else "mean_squared_error"
        optimizer = choices.make_optimizer()
        self.model.compile(self._loss, optimizer)
        self._optimizer = called(f"xpnn.{type(optimizer).__name__}", **choices.settings)
        self._stretches: list[Stretch] = []
        self._learning_rate = optimizer.learning_rate
        self._finished, self.diverged = 0, ""

    def _describe(self) -> list[Described]:
        """Return the layers."""
        choices, described = self.choices, list[Described]()
        penalties = {k: v for k in ("l1", "l2") if (v := getattr(choices, k))}
        n_inputs = self.rows.X.shape[1]
        for size, name in zip(choices.hidden, choices.activations):
            activation = ACTIVATIONS[name]
            start = {"weights": start_for(activation)}
            described.append(("Dense", (n_inputs, size), start | penalties))
            described.append((type(activation).__name__, (), {}))
            if choices.dropout:
                described.append(("Dropout", (choices.dropout,), {}))
            n_inputs = size
        described.append(("Dense", (n_inputs, self.rows.n_outputs), penalties))
        return [*described, *([("Softmax", (), {})] if self.rows.labels else [])]

    @property
    def epoch(self) -> int:
        """How many epochs are finished, those of a training that goes on among them."""
        running = self.model.running
        return self._finished + (0 if running is None else running.epoch)

    @property
    def step(self) -> int:
        """How many steps of the next epoch are taken."""
        return 0 if self.model.running is None else self.model.running.step

    @property
    def steps_of_epoch(self) -> int:
        """How many steps an epoch has."""
        n = len(self.rows.X)
        return -(-n // min(self.choices.batch_size or n, n))

    # ------------------------------------------------------------------------ training

    def choose(self, choices: Choices) -> bool:
        """Go on by other choices, where no more differs than the learning rate and batch size.

        Returns
        -------
        bool
            Whether it does; else a new session is to be made.
        """
        if not self.epoch or self.step or self.diverged:
            return False
        if not choices.goes_on_from(self.choices):
            return False
        self.choices = choices
        self._learning_rate = choices.make_optimizer().learning_rate
        self.model.learning_rate = self._learning_rate
        return True

    def train(
        self,
        epochs: int,
        between: Callable[[], None] = lambda: None,
        *,
        by_steps: bool = False,
    ) -> None:
        """Train for some epochs, or until it diverges, which is then told in `diverged`.

        Parameters
        ----------
        epochs : int
            How many.
        between : callable, optional
            Is called between two steps where an epoch is cut.  What it raises ends the
            training there, in the middle of an epoch, and the session is to be left then.
        by_steps : bool
            Whether each step is by itself.
        """
        if self.diverged:
            return
        watcher = (StepByStep if by_steps else Watcher)(between)
        how: dict[str, Any] = {"verbose": False, "callbacks": [watcher]}
        X, y, batch_size = self.rows.X, self.rows.y, self.choices.batch_size
        try:
            self.model.fit(X, y, epochs=epochs, batch_size=batch_size, **how)
        except DivergenceError:
            self._note((self.model.history.epochs if self.model.history else 0) + 1)
            self.diverged = (
                f"Training stopped in epoch {self.epoch:,}, as its numbers became infinite or "
                "NaN. Try a smaller learning rate."
            )
        else:
            self._note(epochs)

    def _now(self, epochs: int) -> Stretch:
        return Stretch(epochs, self._learning_rate, self.choices.batch_size)

    def _note(self, epochs: int) -> None:
        """Write down that so many epochs were trained as is chosen now."""
        self._finished += epochs
        done = self._now(epochs)
        if self._stretches and replace(self._stretches[-1], epochs=epochs) == done:
            self._stretches[-1].epochs += epochs
        else:
            self._stretches.append(done)

    def measure(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return what is measured now on what is trained on, and on what is not."""
        model, rows = self.model, self.rows
        return model.evaluate(rows.X, rows.y), model.evaluate(rows.X_test, rows.y_test)

    # ---------------------------------------------------------------------------- code

    def code(self) -> str:
        """Return the Python that does what was done, and prints what `measure` returns."""
        lines = ["import contextlib"] if self.step else []
        lines += ["import numpy as np", "", "import xpnn", ""]
        lines += [f"draws = np.random.default_rng({self.choices.seed})", *self.rows.code]
        lines += ["layers = ["]
        lines += [f"    {called(f'xpnn.{n}', *a, **kw)}," for n, a, kw in self._described]
        backend = written(self.choices.backend)
        lines += ["]", f"model = xpnn.Sequential(layers, seed=draws, backend={backend})"]
        lines += [f"model.compile({written(self._loss)}, {self._optimizer})"]
        rate = self.choices.make_optimizer().learning_rate
        rate = self._stretches[0].learning_rate if self._stretches else rate
        for stretch in [*self._stretches, *([self._now(0)] if self.step else [])]:
            if stretch.learning_rate != rate:
                rate = stretch.learning_rate
                lines.append(f"model.learning_rate = {rate!r}")
            if stretch.epochs:
                how = f"epochs={stretch.epochs}, batch_size={stretch.batch_size}"
                lines.append(f"model.fit(X, y, {how})")
        if self.step:
            said = AFTER_STEPS.format(steps=self.step, batch_size=self.choices.batch_size)
            lines += said.splitlines()
        lines += ["print(model.evaluate(X, y))", "print(model.evaluate(X_test, y_test))"]
        return "\n".join(lines) + "\n"
