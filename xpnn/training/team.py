"""The processes that train together: what they must have in common, and how they agree.

What one of them decides, all do: each moment at which something may happen on one alone, as in
a callback, ends with a word among all (`Team.together`).  Only within a step there is no time
for words, since the others wait for its sum: who fails there ends the job.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from ..distributed.communicator import ALONE, Communicator, check_rows_of, part_of
from ..hooks import Trainable
from .interrupt import Signals
from .kept import generator_from, generator_state, set_generator_state

__all__ = ["Team"]

NOTHING: AbstractContextManager[None] = nullcontext()
"""The context of a process that needs to agree with nobody."""

Value = TypeVar("Value")

SHOWN = 300
"""How many characters of what differs a message has at most."""


class Team:
    """The processes of a training.

    Parameters
    ----------
    communicator : Communicator or None
        The processes; None where this one trains alone.
    rows : {"same", "own"}
        Whether all have the same rows, or each has its own.

    Attributes
    ----------
    communicator : Communicator or None
        As given, but None where there is one process only.
    size, rank : int
        Into how many parts batches are cut, and the number of the one that is taken here.
    is_first : bool
        Whether this process writes files, and shows what there is to show.
    has_own_rows : bool
        Whether there are several, and each has its own rows.

    Raises
    ------
    TypeError, ValueError
        If an argument is something else.
    """

    def __init__(self, communicator: Communicator | None, rows: str = "same") -> None:
        check_rows_of(rows)
        if communicator is not None and not isinstance(communicator, Communicator):
            raise TypeError(
                "communicator must be what xpnn.distributed makes, as xpnn.distributed.mpi(), "
                f"got {communicator!r}"
            )
        self._all = communicator or ALONE
        cuts = self._all.cuts_batches
        if rows == "own" and not cuts:
            raise ValueError(f"rows must be 'same' with {communicator!r}, got 'own'")
        self.communicator = communicator if self._all.size > 1 or not cuts else None
        self.rank, self.size = (self._all.rank, self._all.size) if cuts else (0, 1)
        self.is_first = self._all.is_first
        self.has_own_rows = rows == "own" and self.size > 1
        self._known: tuple[Any, ...] = ()

    # --------------------------------------------------------------------------- words

    def together(self) -> AbstractContextManager[None]:
        """Come to the end of something together, or not at all; see `Communicator.together`."""
        return NOTHING if self.communicator is None else self._all.together()

    def at_once(self) -> AbstractContextManager[None]:
        """End all processes if something goes wrong here, while the others wait for a sum."""
        return NOTHING if self._all.size == 1 else self._aborting()

    @contextmanager
    def _aborting(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._all.abort(error)
            raise

    def at_each(self, values: Iterable[Value]) -> Iterator[Value]:
        """Return values; end all processes if one can't be made, as the others have theirs."""
        return iter(values) if self._all.size == 1 else self._each(iter(values))

    def _each(self, iterator: Iterator[Value]) -> Iterator[Value]:
        while True:
            with self.at_once():
                try:
                    value = next(iterator)
                except StopIteration:
                    return
            yield value

    def gather(self, value: Value) -> list[Value]:
        """Return what each process has, in their order."""
        return self._all.gather(value)

    def exchange(self, values: Sequence[Value]) -> list[Value]:
        """Give each process a value of its own, and return what each had for this one."""
        return self._all.exchange(values)

    def of_first(self, make: Callable[[], Value]) -> Value:
        """Return what the first process makes; the others don't make it."""
        if self.communicator is None:
            return make()
        value = None
        with self.together():
            if self.is_first:
                value = make()
        made: Value = self._all.broadcast(value)
        return made

    def are_interrupted(self, signals: Signals) -> bool:
        """Whether a signal came to one of the processes; then it came to all."""
        if self.communicator is None:
            return signals()
        if not self._all.any(signals()):
            return False
        signals.came = next(came for came in self.gather(signals.came) if came is not None)
        return True

    # --------------------------------------------------------------- what is in common

    def check_same(self, plan: Mapping[str, Any]) -> None:
        """Check that plain data is the same on all processes.

        Raises
        ------
        ValueError
            If it is not; on each process it names what differs first.
        """
        if self.communicator is None:
            return
        of_all = self.gather(json.loads(json.dumps(plan)))
        for name, first in of_all[0].items():
            for rank, other in enumerate(of_all):
                if other.get(name) != first:
                    raise ValueError(
                        f"the processes must train alike, but {name} of process 0 is "
                        f"{_shown(first, other.get(name))}, and of process {rank} "
                        f"{_shown(other.get(name), first)}"
                    )

    def begin(self, model: Trainable) -> None:
        """Let all models have what that of the first process has learnt, and draws."""
        if self.communicator is None:
            return
        state = model.train_state
        memory = state.map(model.copy_to_host).memory
        kept = {name: model.copy_to_host([a])[0] for name, a in model.tensors().items()}
        host = [*kept.values(), *_arrays_in(memory)]
        sums = tuple(zlib.crc32(a.tobytes()) for a in host)
        if len({*self.gather(sums)}) > 1:
            tensors, learnt = self._all.broadcast((kept, memory))
            model.set_tensors(tensors)
            state.memory = learnt
        drawn = self._all.broadcast(generator_state(model.generator))
        if generator_state(model.generator)["bit_generator"] == drawn["bit_generator"]:
            set_generator_state(model.generator, drawn)
        else:
            model.generator = generator_from(drawn)
        self._known = self._of(model)

    def align(self, model: Trainable) -> None:
        """Let all do what a callback decided on one: to stop, how fast to learn, and what."""
        if self.communicator is None:
            return
        compiled, tensors = model.require_compiled(), None
        optimizer = None if compiled is self._known[0] else compiled.optimizer
        if self._has_set(model):
            tensors = {name: model.copy_to_host([a])[0] for name, a in model.tensors().items()}
        changed = optimizer is not None or tensors is not None or model.stop_training
        if not self._all.any(changed):
            return
        told = self.gather((model.stop_training, optimizer, tensors))
        model.stop_training = any(stops for stops, _, _ in told)
        optimizers = [given for _, given, _ in told if given is not None]
        if optimizers and compiled.optimizer != optimizers[0]:
            model.compiled = replace(compiled, optimizer=optimizers[0])
        given_tensors = [given for _, _, given in told if given is not None]
        if given_tensors:
            model.set_tensors(given_tensors[0])
        with model.gate.changing():
            model.train_state.prepare(model)
        self._known = self._of(model)

    def _has_set(self, model: Trainable) -> bool:
        """Whether somebody has set the model's arrays since the last steps."""
        packed = model.train_state.packed
        if packed is None:
            _, parameters, states = self._known
            return model.parameter_arrays is not parameters or model.state_arrays is not states
        return (
            packed.params is not model.parameter_arrays
            or packed.layer_state is not model.state_arrays
        )

    @staticmethod
    def _of(model: Trainable) -> tuple[Any, ...]:
        """Return what a callback may change, to be compared by identity."""
        return model.compiled, model.parameter_arrays, model.state_arrays

    # --------------------------------------------------------------------------- parts

    def here(self, n: int, rank: int | None = None) -> slice:
        """Return which of a batch's n rows are taken here, or by another one; one at least.

        Where it has fewer rows than there are processes, some take a row of another one, which
        counts nothing.
        """
        part = part_of(n, self.rank if rank is None else rank, self.size)
        return part if part.stop > part.start else slice(part.start, part.start + 1)

    def parts(self, counts: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return how many rows each process has of batches with so many: (steps, size)."""
        rows = np.asarray(counts, dtype=np.int64)
        if self.size == 1:
            return rows[:, None]
        ends = np.outer(rows, np.arange(self.size + 1))
        parts: np.ndarray = np.diff(ends // self.size, axis=1)
        return parts


def _arrays_in(memory: Mapping[str, Any]) -> list[np.ndarray]:
    """Return the arrays of an optimizer's memory, in one order."""
    lists = (v if isinstance(v, list) else [np.asarray(v)] for _, v in sorted(memory.items()))
    return [array for arrays in lists for array in arrays]


def _shown(value: Any, other: Any) -> str:
    """Return plain data for a message; of lists the first part that differs."""
    if isinstance(value, list) and isinstance(other, list):
        if len(value) != len(other):
            return f"a list of {len(value)}: {repr(value)[:SHOWN]}"
        i = next(i for i, (a, b) in enumerate(zip(value, other)) if a != b)
        return f"{repr(value[i])[:SHOWN]} (number {i})"
    return repr(value)[:SHOWN]
