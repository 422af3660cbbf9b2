"""A gate at a network's arrays, for threads: many may read at once, one may change alone.

Training changes arrays in place, so who reads them beside it must come between two steps.  A
reader must cost next to nothing, for a network that serves one row at a time is read more often
than it is changed: it writes its name on a list and looks whether somebody changes, and only
then takes locks.

A process that is forked has none of the threads but the one that forked it, and would wait for
the others for ever.  So a fork waits until nobody changes anything, and in the new process the
gates forget who is not there.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from weakref import WeakValueDictionary

__all__ = ["Gate"]


class Gate:
    """Who is at a network's arrays.

    It is itself the context of who reads, `changing` is that of who changes, and both may be
    entered again by the thread that is inside.  Whoever waits comes next: a training, which
    changes arrays nearly all the time, leaves the gate between its blocks of steps, and would
    otherwise be back before another thread has woken up.
    """

    def __init__(self) -> None:
        self._readers: list[int] = []  # their threads; a list's methods are atomic
        self._changer: int | None = None
        self._waiting, self._alone = threading.Lock(), threading.Lock()
        self._left = threading.Event()
        self._reserved = threading.Lock()
        self._reserver: int | None = None
        self._change = _Alone(self)
        _gates[id(self)] = self

    def __enter__(self) -> None:
        me = get_ident()
        self._readers.append(me)
        if self._changer is not None:
            self._wait_to_read(me)

    def __exit__(self, *error: object) -> None:
        self._readers.remove(get_ident())
        if self._changer is not None:
            self._left.set()

    def _wait_to_read(self, me: int) -> None:
        """Wait for who changes, unless that is this thread or waits for it."""
        if me == self._changer or self._readers.count(me) > 1:
            return
        self._readers.remove(me)
        self._left.set()
        with self._waiting:
            self._alone.acquire()
        self._readers.append(me)
        self._alone.release()

    def changing(self) -> _Alone:
        """Return the context of who is alone at the arrays: nobody else is there, or comes."""
        return self._change

    @contextmanager
    def reserved(self, name: str) -> Iterator[None]:
        """Be the only one who trains the network, or changes what it is; nobody waits for that.

        Parameters
        ----------
        name : str
            The method that asks.

        Raises
        ------
        RuntimeError
            If somebody has it.
        """
        if not self._reserved.acquire(blocking=False):
            raise RuntimeError(
                f"{name}() can't be called while the model is training, as from a callback or "
                "another thread"
            )
        self._reserver = get_ident()
        try:
            yield
        finally:
            self._reserver = None
            self._reserved.release()

    def _forget_other_threads(self) -> None:
        me = get_ident()
        self._readers = [reader for reader in self._readers if reader == me]
        self._waiting, self._alone = threading.Lock(), threading.Lock()
        self._left, self._reserved = threading.Event(), threading.Lock()
        if self._changer == me:
            self._alone.acquire()
        else:
            self._changer = None
        if self._reserver == me:
            self._reserved.acquire()
        else:
            self._reserver = None


class _Alone:
    """The context of `Gate.changing`; one made by `contextlib` costs some microseconds."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._depth = 0  # how often who changes has come again

    def __enter__(self) -> None:
        """Wait for who is there, and let nobody in from now on."""
        gate, me = self._gate, get_ident()
        if me == gate._changer:
            self._depth += 1
            return
        with gate._waiting:
            gate._alone.acquire()
        gate._changer = me
        if gate._readers:
            self._wait_for_readers(me)

    def __exit__(self, *error: object) -> None:
        if self._depth:
            self._depth -= 1
        else:
            self._gate._changer = None
            self._gate._alone.release()

    def _wait_for_readers(self, me: int) -> None:
        """Wait until no other thread reads."""
        gate = self._gate
        try:
            while any(reader != me for reader in gate._readers.copy()):
                gate._left.clear()
                if any(reader != me for reader in gate._readers.copy()):
                    gate._left.wait()
        except BaseException:  # Ctrl-C ends the wait
            self.__exit__()
            raise


# ------------------------------------------------------------------------ forks

_gates: WeakValueDictionary[int, Gate] = WeakValueDictionary()

_forking = threading.local()


def _before_fork() -> None:
    _forking.gates = []
    for ref in _gates.valuerefs():
        if (gate := ref()) is not None:
            gate.__enter__()
            _forking.gates.append(gate)


def _after_fork() -> None:
    for gate in vars(_forking).pop("gates"):
        gate.__exit__()


def _in_child() -> None:
    for gate in _forking.gates:
        gate._forget_other_threads()
    _after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child
    )
