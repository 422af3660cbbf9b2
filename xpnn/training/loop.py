"""The loop of `Sequential.fit`: epochs, blocks of steps, and what is told of them.

Steps are taken many at a time (`Backend.repeat`), and nothing is read from the device before
somebody wants to know it: a callback that listens at each epoch, validation, or the end of
some hundred steps.  So small steps cost little more than their mathematics, and a library that
compiles can run many of them as one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from functools import partial
from typing import Any

import numpy as np

from ..backend import expecting
from ..history import DivergenceError
from ..hooks import Callback, Trainable
from .blocks import Blocks
from .door import Door
from .interrupt import Signals, deferred_interrupt
from .listeners import Listeners
from .progress import Progress
from .recovery import Recovery
from .report import Means, Measured
from .resume import Start
from .supply import Supply

__all__ = ["Fit"]


class Fit:
    """One call of `Sequential.fit`, with data that is checked and placed.

    Parameters
    ----------
    model : Trainable
        The compiled model.
    supply : Supply
        The rows, and the processes that train together.
    validation : (x, y) or (x, y, weight), optional
        What to measure after each epoch, as `Network.measure_rows` takes it.
    epochs, batch_size, shuffle, callbacks
        As in `Sequential.fit`.
    generator_at_start : dict
        The state of the model's generator when the run began.
    door : Door
        What there was when `fit` was called.
    start : Start, optional
        Where the run begins; by default at its first epoch.

    Attributes
    ----------
    progress : Progress
        How far it is.

    Raises
    ------
    ValueError
        If `start` is of another run.
    """

    def __init__(
        self,
        model: Trainable,
        supply: Supply,
        validation: tuple[Any, ...] | None,
        epochs: int,
        batch_size: int | None,
        shuffle: bool | str,
        callbacks: Sequence[Callback],
        generator_at_start: dict[str, Any],
        door: Door,
        start: Start | None = None,
    ) -> None:
        self.door, self.team = door, supply.team
        self.model, self.validation, self.epochs = model, validation, epochs
        self.listeners = Listeners(callbacks, self.team.is_first)
        one_by_one = self.listeners.want_each_step
        self.blocks = Blocks(model, supply, batch_size, shuffle, one_by_one)
        self.measured = Measured(model.backend, self.blocks.counts, self.team)
        self.recovery = Recovery(model, self.blocks)
        parts = self.blocks, self.listeners, self.measured
        is_validated = validation is not None
        self.progress = Progress(
            model, *parts, is_validated, generator_at_start, start or Start()
        )
        self._epochs_at_once = max(1, self.blocks.steps_at_once // self.blocks.n_steps)
        if self.listeners.want_each_epoch or validation is not None:
            self._epochs_at_once = 1

    def run(self) -> None:
        """Train; as `Sequential.fit`, which tells what is raised."""
        model = self.model
        with (
            deferred_interrupt() as interrupted,
            self.door.before(),
            closing(self.progress),
            closing(self.blocks),
            self._begin(),
        ):
            with self.team.together():
                self.progress.resume()
            self.team.align(model)
            if what := self.recovery.spoilt_state():
                raise DivergenceError(
                    f"the {what} was infinite or NaN before this training, which can't mend "
                    "it: set it by set_tensors, or make the model anew"
                )
            self.door.pass_through()
            while self.progress.epoch < self.epochs and not model.stop_training:
                left = self.epochs - self.progress.epoch
                # of an epoch that was begun before, batches may be cut in another way
                at_once = 1 if self.progress.step else self._epochs_at_once
                with expecting(left * self.blocks.n_steps):
                    self._take_epochs(min(at_once, left), interrupted)
            self._check_last_step()
            self.team.are_interrupted(interrupted)

    def _begin(self) -> ExitStack:
        """Tell that training begins, and in the end that it has ended."""
        blocks = self.blocks
        begin = partial(
            self.listeners.begin, self.model, blocks.supply.seen, self.epochs, blocks.n_steps
        )
        if self.team.communicator is None:
            return begin()
        with ExitStack() as begun:
            begun.callback(self.team.align, self.model)  # if one's callback changed something
            with self.team.together():
                begun.enter_context(begin())
            return begun.pop_all()

    # ------------------------------------------------------------------------ epochs

    def _take_epochs(self, count: int, interrupted: Signals) -> None:
        """Take the steps of some epochs, and tell of them when all are taken."""
        progress, model, measured = self.progress, self.model, self.measured
        epoch, skip, taken = progress.epoch, progress.step, 0
        progress.is_whole = False
        measured.begin()
        live = count == 1  # of one epoch, what happens is told while it happens
        if live:
            self._tell(self.listeners.epoch_begins, epoch)
        self.recovery.remember(epoch, skip, count)
        n_steps = self.blocks.n_steps
        wanted = self.listeners.want_last_step  # then it is live
        alone = model.gate.changing()
        steps_end = self._telling(self.listeners.steps_end)
        block_ends = self._telling(self.listeners.block_ends)
        cuts = (n_steps - 1,) if wanted else ()
        first = model.train_state.iterations - skip
        more = progress.epoch + count < self.epochs
        drawn = self.blocks.draw(model.generator, count, skip, cuts, first, more=more)
        with closing(drawn) as blocks:
            for block in self.team.at_each(blocks):
                measured.weights.append(block.weights)
                begin, taken = taken, taken + block.steps
                if begin < skip:  # taken before the run was interrupted
                    continue
                if wanted and begin == n_steps - 1:
                    self._tell(self.listeners.last_step_begins)
                progress.is_whole = False
                with self.team.at_once(), alone, model.multiplying(self.blocks.batch_size):
                    measured.add(
                        model.train_state.take(
                            model, block.data, block.steps, block.rows, block.noise
                        )
                    )
                if live:
                    steps_end(begin, taken)
                    progress.step, progress.is_whole = taken, True
                    if taken < n_steps and self.listeners.are_some:
                        measured.settle()  # for checkpoints, which one process writes
                        block_ends()
                if self.team.are_interrupted(interrupted):
                    measured.settle()
                    if (
                        not live
                    ):  # an epoch that is told step by step ends when its last is told
                        self._report(taken // n_steps, live)
                        progress.is_whole = False
                    if self.recovery.spoilt():  # by the steps that nobody was told of
                        progress.is_whole = False
                        self._go_back(progress.epoch)
                    raise interrupted.error()
        self._report(count, live)

    def _report(self, count: int, live: bool) -> None:
        """Tell what some epochs measured, or that training diverged in one of them."""
        if not count:
            return
        progress, epoch = self.progress, self.progress.epoch
        progress.is_whole = False
        metrics = self.model.require_compiled().step_metrics
        self.measured.settle()
        means = Means.of(self.measured, count, self.blocks.n_steps, metrics)
        good = self.recovery.epochs_kept(means.good)
        values = dict(means.values)
        if self.validation is not None and good:  # then it is one epoch
            values |= {
                f"val_{name}": np.array([value])
                for name, value in self._validate().items()
                if isinstance(value, float)
            }
        logs = {name: of_epochs[:good].tolist() for name, of_epochs in values.items()}
        assert self.model.history is not None
        with self.model.gate.changing():
            self.model.history.extend(logs)
        progress.epoch, progress.step = epoch + good, 0
        self.measured.end()
        progress.note_generator()
        is_well = good == count
        if self.listeners.are_some:
            for i, row in enumerate(zip(*logs.values())):
                if not live:
                    self._tell(self.listeners.epoch_begins, epoch + i)
                    self._tell(self.listeners.steps_end, 0, self.blocks.n_steps)
                self._tell_epoch(epoch + i, dict(zip(logs, row)), whole=is_well)
        if good < means.good:  # what layers keep is no part of the loss that they measured
            what = f"{self.recovery.spoilt_state()} became infinite or NaN"
            self._diverged(f"{what} in epoch {progress.epoch + 1}", progress.epoch)
        if means.wrong is not None:
            step, loss = means.wrong
            where = f"in epoch {progress.epoch + 1}, step {step + 1}"
            # the parameters with which an epoch began gave its first loss
            self._diverged(f"loss became {loss} {where}", progress.epoch - (step == 0))

    def _tell_epoch(self, epoch: int, logs: dict[str, float], whole: bool) -> None:
        """Tell of an epoch: some last, and only if all is well."""
        self.progress.is_whole = False
        self._tell(self.listeners.epoch_ends, self.listeners.first, epoch, logs)
        self.progress.is_whole = whole
        if whole:
            self._tell(self.listeners.epoch_ends, self.listeners.last, epoch, logs)

    def _tell(self, tell: Callable[..., None], *what: Any) -> None:
        """Tell callbacks something."""
        self._telling(tell)(*what)

    def _telling(self, tell: Callable[..., None]) -> Callable[..., None]:
        """Return what tells callbacks, and lets all do what one process then decides."""
        if self.team.communicator is None:
            return tell

        def tell_all(*what: Any) -> None:
            with self.team.together():
                tell(*what)
            self.team.align(self.model)

        return tell_all

    def _validate(self) -> dict[str, Any]:
        """Measure the rows that were held back for it."""
        assert self.validation is not None
        rows = "own" if self.team.has_own_rows else "same"
        x, y, *weight = self.validation
        return self.model.measure_rows(
            x, y, weight[0] if weight else None, self.team.communicator, rows
        )

    # -------------------------------------------------------------------- divergence

    def _check_last_step(self) -> None:
        """Check what the last step made, which has not given a loss yet."""
        if what := self.recovery.spoilt():
            epoch = self.progress.epoch
            where = f"in epoch {epoch}, step {self.blocks.n_steps}"
            self._diverged(f"{what} became infinite or NaN {where}", epoch - 1)

    def _diverged(self, what: str, began_well: int) -> None:
        """Go back to where an epoch began well, and raise."""
        self.progress.is_whole = False
        self._go_back(began_well)
        raise DivergenceError(
            f"the {what}. Try a smaller learning rate (it is {self.model.learning_rate:g}), "
            "inputs scaled to about -1 to 1, or dtype='float64'. The parameters are the last "
            "with which an epoch began well"
        )

    def _go_back(self, began_well: int) -> None:
        """Go back to where an epoch began well; not beyond where this run began."""
        self.recovery.go_back(max(self.progress.start.epoch, began_well))
