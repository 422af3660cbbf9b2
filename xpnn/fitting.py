"""The loop of `Sequential.fit`: batches, epochs, and what is told of them.

Steps are taken many at a time (`Backend.repeat`), and nothing is read from the device before
somebody wants to know it: a callback that listens at each epoch, validation, or the end of
some hundred steps.  So small steps cost little more than their mathematics, and a library that
compiles can run many of them as one.
"""

from __future__ import annotations

import copy
import math
import secrets
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .backend import Array
from .callbacks import Callback, Checkpoint
from .checkpoints import Start, generator_state, plan_of
from .data import batch_slices
from .layers.base import Layer

if TYPE_CHECKING:
    from .initializers import Generator
    from .model import Sequential
    from .optimizers import State
    from .packing import Packing

__all__ = ["DivergenceError", "Fit", "Packed"]

OPERATIONS = 4e9
"""About how many multiplications and additions are asked for at once: Ctrl-C waits for them."""

STEPS = 128
"""How many steps are taken at once at most."""

DRAWN = 1 << 22
"""About how many numbers that layers drew may be held at once."""


class DivergenceError(ArithmeticError):
    """The loss, or what was learnt, became NaN or infinite, so training was stopped."""


@dataclass
class Packed:
    """What is learnt, as the steps take it; `Sequential` keeps it from one fit to the next.

    `params` and `state` are what the model has of it: views of the buffers, or these.
    """

    packing: Packing | None
    slot_names: tuple[str, ...]
    buffers: list[Array]
    slots: list[list[Array]]
    iterations: int
    layer_state: list[Array]
    params: list[Array] = field(default_factory=list)
    state: State = field(default_factory=dict)


@dataclass
class _Moment:
    """The beginning of some epochs, to which training may have to go back."""

    epoch: int
    buffers: list[Array]
    slots: list[list[Array]]
    iterations: int
    layer_state: list[Array]
    generator: Generator | None


class Fit:
    """One call of `Sequential.fit`, with data that is checked and placed.

    Parameters
    ----------
    model : Sequential
        The compiled model.
    data : (x, y, weight)
        The inputs and targets, of n rows, and on the host the samples' weights, of shape (n,),
        or None.
    validation : (x, y), optional
        What to measure after each epoch.
    epochs, batch_size, shuffle, callbacks
        As in `Sequential.fit`.
    begin : dict
        The state of the model's generator when `fit` was called.

    Attributes
    ----------
    start : Start
        Where the run begins.
    epoch, step : int
        How many epochs are finished, and how many steps of the next one.
    is_whole : bool
        Whether that is so now, and everybody has been told of it.
    generator_of_epoch : dict
        The state of the generator when that next epoch began.
    """

    def __init__(
        self,
        model: Sequential,
        data: tuple[Array, Array, np.ndarray | None],
        validation: tuple[Array, Array] | None,
        epochs: int,
        batch_size: int | None,
        shuffle: bool,
        callbacks: Sequence[Callback],
        begin: dict[str, Any],
    ) -> None:
        x, y, weight = data
        self.model, self.backend = model, model.backend
        self.weight, self.validation = weight, validation
        # a checkpoint holds what the others remember, so it is told after them
        self.checkpoints = [c for c in callbacks if isinstance(c, Checkpoint)]
        others = [c for c in callbacks if not isinstance(c, Checkpoint)]
        self.epochs, self.callbacks = epochs, [*others, *self.checkpoints]
        self.begin = self.generator_of_epoch = begin
        self.start, self.is_whole = Start(), False
        self.epoch = self.step = 0
        self._optimizer = model._optimizer  # a callback may change the learning rate
        self._measured: list[tuple[Array, ...]] = []
        self._earlier: list[np.ndarray] = []
        placed = None if weight is None else self.backend.asarray(weight, model.dtype)
        slices = batch_slices(x.shape[0], batch_size)
        if len(slices) == 1:  # a batch of all rows is placed once
            x = self.backend.asarray(x, model.dtype)
        self.data = x, y, placed
        self.counts = np.array([float(part.stop - part.start) for part in slices])
        self.batch_size = slices[0].stop  # but for the last one, which may be shorter
        self.shuffle = shuffle and len(slices) > 1
        self.sizes = [size or 0 for size in model._sizes(x.shape[1])][:-1]
        self._size_blocks()
        self._moments: list[_Moment] = []
        self.packed: Packed

    def _size_blocks(self) -> None:
        """Decide how many steps are taken, and epochs told of, at once."""
        n_parameters = sum(math.prod(p.shape) for p in self.model._params)
        n_drawn = sum(
            self.batch_size * size
            for layer, size in zip(self.model.layers, self.sizes)
            if _overrides(layer, Layer, "draw")
        )
        self.draws_noise = n_drawn > 0
        steps = min(
            STEPS,
            OPERATIONS / (3 * self.batch_size * max(1, n_parameters)),
            DRAWN / max(1, n_drawn),
        )
        hasty = [callback for callback in self.callbacks if not callback.patient]
        self.tell_step = [
            callback.on_batch_end
            for callback in self.callbacks  # most care for epochs only, and steps can be small
            if _overrides(callback, Callback, "on_batch_end")
        ]
        each_step = any(_overrides(c, Callback, "on_batch_end") for c in hasty)
        each_epoch = each_step or any(
            _overrides(c, Callback, hook)
            for c in hasty
            for hook in ("on_epoch_begin", "on_epoch_end")
        )
        self.steps_at_once = 1 if each_step else max(1, int(steps))
        self.epochs_at_once = max(1, self.steps_at_once // len(self.counts))
        if each_epoch or self.validation is not None:
            self.epochs_at_once = 1

    # ------------------------------------------------------------------------ epochs

    def plan(self) -> dict[str, Any]:
        """Return, as plain data, what a run must have in common with this one to go on."""
        n, n_features = self.data[0].shape
        plan = plan_of(
            self.model,
            self._optimizer,
            n_samples=n,
            n_features=n_features,
            batch_size=self.batch_size,
            shuffle=self.shuffle,
            validation=self.validation is not None,
        )
        if self.start.path is not None:
            plan["optimizer"] = self.start.training["plan"]["optimizer"]
        return plan

    @cached_property
    def run_id(self) -> str:
        """What tells this run, also where it was interrupted, from others."""
        return self.start.training.get("run") or secrets.token_hex(8)

    def start_at(self, start: Start) -> None:
        """Begin where a checkpoint was made.

        Raises
        ------
        ValueError
            If it is of another run.
        """
        if start.path is not None:
            start.check(self.plan())
        self.start, self.epoch, self.step = start, start.epoch, start.step

    def run(self) -> None:
        """Train; as `Sequential.fit`, which tells what is raised."""
        model = self.model
        for callback in self.callbacks:
            if "data" in vars(callback):
                raise ValueError(
                    f"{type(callback).__name__}.data is set by fit to what is trained on: give "
                    "the attribute another name"
                )
        model.stop_training = False
        for callback in self.callbacks:
            callback.model, callback.data = model, self.data[:2]
        with _deferred_interrupt() as interrupted, ExitStack() as begun:
            begun.callback(self._settle)
            for callback in self.callbacks:
                callback.on_train_begin(self.epochs, len(self.counts))
                begun.callback(callback.on_train_end)
            if self.start.path is not None:
                self.start.apply(model, self.callbacks)
                self._earlier = self.start.measured
            if self.checkpoints:
                self.generator_of_epoch = generator_state(model._generator)
            while self.epoch < self.epochs and not model.stop_training:
                count = min(self.epochs_at_once, self.epochs - self.epoch)
                self._take_epochs(self.epoch, count, interrupted)
            # the last step's parameters have not given a loss yet
            if model._params and not self.backend.all_finite(*model._params):
                what = "parameters became infinite or NaN"
                epoch = self.epoch - 1
                self._diverged(epoch, len(self.counts) - 1, what, epoch)

    def measured_so_far(self) -> list[np.ndarray]:
        """Read what the finished steps of the epoch measured: a column for each measure."""
        columns = [self.backend.read(list(column)) for column in zip(*self._measured)]
        earlier = self._earlier
        if columns and earlier:
            return [np.concatenate(both) for both in zip(earlier, columns)]
        return columns or earlier

    def _take_epochs(self, epoch: int, count: int, interrupted: Callable[[], bool]) -> None:
        """Take the steps of some epochs, and tell of them when all are taken."""
        n_steps, taken, skip = len(self.counts), 0, self.step
        self._measured = []
        shares: list[np.ndarray] = []
        self.is_whole = False
        live = count == 1  # of one epoch, what happens is told while it happens
        if live:
            self._tell_begin(epoch)
        self._prepare()
        self._remember(epoch, count)
        for share, block in self._blocks(self.model._generator, count, skip):
            shares.append(share)
            begin, taken = taken, taken + share.size
            if begin < skip:  # taken before the run was interrupted
                continue
            self.is_whole = False
            self._measured += self._take(block)
            if live:
                self._tell_steps(begin, taken)
                self.step, self.is_whole = taken, True
                if taken < n_steps:
                    for checkpoint in self.checkpoints:
                        checkpoint.on_block_end()
            if interrupted():
                if not live:  # an epoch that is told step by step ends when its last is told
                    self._report(epoch, taken // n_steps, shares, live)
                raise KeyboardInterrupt
        self._report(epoch, count, shares, live)

    def _tell_begin(self, epoch: int) -> None:
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch)

    def _tell_steps(self, start: int, end: int) -> None:
        for step in range(start, end):
            for tell in self.tell_step:
                tell(step)

    def _report(
        self,
        epoch: int,
        count: int,
        shares: list[np.ndarray],
        live: bool,
    ) -> None:
        """Read what was measured in some epochs: here, and nowhere else, the host waits."""
        shape = count, len(self.counts)
        n = math.prod(shape)
        if not n:
            return
        self.is_whole = False
        taken = sum(share.size for share in shares)
        losses, *columns = (
            column.reshape(taken, -1)[:n].reshape(*shape, -1)
            for column in self.measured_so_far()
        )
        losses = losses[..., 0]
        share = np.concatenate(shares)[:n].reshape(shape)
        wrong = ~np.isfinite(losses)
        good = int(np.argmax(wrong.any(axis=1))) if wrong.any() else count
        means = {"loss": np.sum(share * losses, axis=1) / np.sum(share, axis=1)}
        for metric, values in zip(self.model._step_metrics, columns):
            means[metric.name] = metric.result(values, self.counts)
        if self.validation is not None and good:  # then it is one epoch
            measures = self.model._measure(*self.validation)
            means |= {
                f"val_{name}": np.array([value])
                for name, value in measures.items()
                if isinstance(value, float)
            }
        logs = {name: values[:good].tolist() for name, values in means.items()}
        assert self.model.history is not None
        self.model.history.extend(logs)
        self.epoch, self.step, self._measured, self._earlier = epoch + good, 0, [], []
        if self.checkpoints:
            self.generator_of_epoch = generator_state(self.model._generator)
        if self.callbacks:
            for i, row in enumerate(zip(*logs.values())):
                if not live:
                    self._tell_begin(epoch + i)
                    self._tell_steps(0, len(self.counts))
                told = dict(zip(logs, row))
                for callback in self.callbacks:
                    self.is_whole = callback in self.checkpoints and good == count
                    if self.is_whole or callback not in self.checkpoints:
                        callback.on_epoch_end(epoch + i, dict(told))
        if good < count:
            step = int(np.argmax(wrong[good]))
            # the parameters with which an epoch began gave its first loss
            began_well = epoch + good - (step == 0)
            self._diverged(epoch + good, step, f"loss became {losses[good, step]}", began_well)

    # ------------------------------------------------------------------------- steps

    def _prepare(self) -> None:
        """Take over the model's parameters, also where a callback has set them."""
        model, packed = self.model, self.model._packed
        theirs = model._params, model._state, model._layer_state
        if packed and all(
            a is b for a, b in zip((packed.params, packed.state, packed.layer_state), theirs)
        ):
            self.packed = packed  # as this, or the last, call of fit left them
            return
        _, optimizer = model._compiled()
        state = model._state or model._function("init")(model._params)
        packing = model._train_step().packing
        join = packing.join if packing else list
        self.packed = Packed(
            packing,
            optimizer.slots,
            join(model._params),
            [join(state[name]) for name in optimizer.slots],
            int(state.get("iterations", 0)),
            model._layer_state,
        )
        self._publish()

    def _publish(self) -> None:
        """Let the model have what was learnt."""
        packed = self.packed
        split = packed.packing.split if packed.packing else list
        packed.params = split(packed.buffers)
        slots = {name: split(slot) for name, slot in zip(packed.slot_names, packed.slots)}
        packed.state = {**slots, "iterations": packed.iterations}
        self.model._params, self.model._state = packed.params, packed.state
        self.model._layer_state, self.model._packed = packed.layer_state, packed

    def _settle(self) -> None:
        """Let go of the data, and make the count of steps an array again, as it began."""
        for callback in self.callbacks:
            vars(callback).pop("data", None)
        state = self.model._state
        if state:
            count = np.array(int(state["iterations"]), dtype=np.int32)
            state["iterations"] = self.backend.asarray(count)

    def _take(self, block: tuple[Any, ...]) -> list[tuple[Array, ...]]:
        """Take the steps of a block, and return what they measured."""
        count, rows, noise = block
        self._prepare()
        packed = self.packed
        has_state = bool(packed.layer_state)
        slots = [*packed.slots, packed.layer_state] if has_state else packed.slots
        packed.buffers, slots, measured = self.model._function("steps")(
            packed.buffers, slots, packed.iterations, count, self.data, rows, noise
        )
        packed.slots = slots[:-1] if has_state else slots
        packed.layer_state = slots[-1] if has_state else []
        packed.iterations += count
        if packed.packing:  # the model's arrays are views of the buffers
            packed.state["iterations"] = packed.iterations
            self.model._layer_state = packed.layer_state
        else:
            self._publish()
        return measured  # type: ignore[no-any-return]

    def _blocks(
        self, generator: Generator, epochs: int, skip: int = 0
    ) -> Iterator[tuple[np.ndarray, tuple[Any, ...]]]:
        """Yield steps that are taken at once: their weights in the mean loss, and arguments.

        A block ends after the first `skip` steps.
        """
        n, size = self.data[0].shape[0], self.batch_size
        if size == n:
            for start in range(0, epochs, self.steps_at_once):
                yield self._block(generator, min(self.steps_at_once, epochs - start), None)
            return
        for _ in range(epochs):
            order = generator.permutation(n) if self.shuffle else None
            at_once = self.steps_at_once * size
            end = n // size * size
            middle = min(skip * size, end)
            for first, last in ((0, middle), (middle, end)):
                for start in range(first, last, at_once):
                    stop = min(start + at_once, last)
                    yield self._rows(generator, order, start, stop, size)
            if end < n:
                yield self._rows(generator, order, end, n, n - end)

    def _rows(
        self, generator: Generator, order: np.ndarray | None, start: int, stop: int, size: int
    ) -> tuple[np.ndarray, tuple[Any, ...]]:
        """Return a block with the rows of a part of an epoch."""
        rows: Any = slice(start, stop)
        if order is not None:
            rows = order[rows].reshape(-1, size)
        return self._block(generator, (stop - start) // size, rows)

    def _block(
        self, generator: Generator, count: int, rows: Any
    ) -> tuple[np.ndarray, tuple[Any, ...]]:
        n = self.data[0].shape[0]
        size = n if rows is None else _length(rows) // count
        if self.weight is None:
            share = np.full(count, float(size))
        else:
            weight = self.weight if rows is None else self.weight[rows]
            share = np.broadcast_to(weight.reshape(-1, size).sum(axis=1), count)
        return share, (count, rows, self._noise(generator, count, size))

    def _noise(self, generator: Generator, count: int, size: int) -> tuple[Any, ...]:
        """Return what each layer draws for some steps, with the steps on the first axis."""
        layers = self.model.layers
        if not self.draws_noise:
            return ()
        drawn = [
            [layer.draw(generator, (size, width)) for layer, width in zip(layers, self.sizes)]
            for _ in range(count)
        ]
        return tuple(
            tuple(
                self.backend.asarray(np.stack(arrays), self.model.dtype)
                for arrays in zip(*of_layer)
            )
            for of_layer in zip(*drawn)
        )

    # -------------------------------------------------------------------- divergence

    def _remember(self, epoch: int, count: int) -> None:
        """Keep a copy of the parameters, and of all that it takes to go on from there."""
        duplicate = self.model._function("copy")
        several = count > 1  # then it may have to go on, up to one of these epochs
        draws = self.shuffle or self.draws_noise
        moment = _Moment(
            epoch,
            duplicate(self.packed.buffers),
            [duplicate(slot) for slot in self.packed.slots] if several else [],
            self.packed.iterations,
            duplicate(self.packed.layer_state),
            copy.deepcopy(self.model._generator) if several and draws else None,
        )
        self._moments = [*self._moments[-1:], moment]

    def _diverged(self, epoch: int, step: int, what: str, began_well: int) -> None:
        """Go back to where an epoch began well, and raise."""
        self.is_whole = False
        moment = next(
            m for m in reversed(self._moments) if m.epoch <= max(self.start.epoch, began_well)
        )
        packed = self.packed
        packed.buffers, packed.iterations = moment.buffers, moment.iterations
        self.model._layer_state = packed.layer_state = moment.layer_state
        if began_well > moment.epoch:  # take the steps again that lead there
            packed.slots = moment.slots
            generator = moment.generator or self.model._generator  # which draws nothing then
            for _, block in self._blocks(generator, began_well - moment.epoch):
                self._take(block)
        split = packed.packing.split if packed.packing else list
        model = self.model
        model._params, model._state = split(packed.buffers), {}
        raise DivergenceError(
            f"the {what} in epoch {epoch + 1}, step {step + 1}. Try a "
            f"smaller learning rate (it is {model.learning_rate:g}), inputs scaled to "
            "about -1 to 1, or dtype='float64'. The parameters are the last with which "
            "an epoch began well"
        )


def _overrides(thing: Any, base: type, method: str) -> bool:
    return getattr(type(thing), method) is not getattr(base, method)


def _length(rows: slice | np.ndarray) -> int:
    return int(rows.stop - rows.start) if isinstance(rows, slice) else rows.size


@contextmanager
def _deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C wait for the end of a step, in which parameters are half changed.

    A second Ctrl-C does not wait.  Where Ctrl-C has been given another meaning, or in a
    thread that doesn't get it, nothing changes.
    """
    asked = False

    def ask(number: int, frame: Any) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if ours:
        signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: asked
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
    if asked:  # after the last step, where nobody looked any more
        raise KeyboardInterrupt
