"""Ctrl-C, and the signals that end a process, which wait until no step is half taken.

SIGTERM is what Slurm, Kubernetes, systemd and ``kill`` send, SIGHUP what a terminal sends that
is closed.  They end a training as Ctrl-C does, with all that was learnt.  What somebody else
handles, or ignores as ``nohup`` does, is left alone.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["ENDING", "Signals", "deferred_interrupt", "handled", "held"]

ENDING = tuple(
    int(getattr(signal, name)) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""The signals that end a process, of those that the system has."""

DEFAULT: dict[int, Any] = {
    int(signal.SIGINT): signal.default_int_handler,
    **dict.fromkeys(ENDING, int(signal.SIG_DFL)),
}
"""The handlers with which Python begins."""

# CPython's own, without what makes their answers into enumerations: a small training of one
# epoch would pay a tenth of its time for it
_built_in: Any = sys.modules.get("_signal", signal)
_get, _set = _built_in.getsignal, _built_in.signal

_in_charge: Signals | None = None
"""What handles signals now, in the main thread; who handles them within that, shares it."""


class Signals:
    """The signals that came while they were handled here.

    Attributes
    ----------
    came : int or None
        The one that counts: the first that ends the process, else Ctrl-C.
    holds : int
        How many there are who want them to wait.
    """

    def __init__(self) -> None:
        self.came: int | None = None
        self.holds = 0
        self._process = os.getpid()

    def __call__(self) -> bool:
        """Whether one came."""
        return self.came is not None

    def error(self) -> BaseException:
        """Return what to raise where it has waited long enough."""
        assert self.came is not None
        return SystemExit(self.status) if self.came in ENDING else KeyboardInterrupt()

    @property
    def status(self) -> int:
        """The exit status of a process that a signal ended, as shells have it; 0 of none."""
        return 0 if self.came is None else 128 + self.came

    @property
    def name(self) -> str:
        """The name of the signal that came."""
        return signal.Signals(self.came).name if self.came is not None else ""

    def handle(self, number: int, frame: Any) -> None:
        """Note a signal; raise what it means where nobody wants it to wait."""
        if os.getpid() != self._process:  # a fork of it, where nobody looks at `came`
            _set(number, DEFAULT[number])
            signal.raise_signal(number)
            return
        again = self.came is not None
        if number in ENDING:
            if self.came in ENDING:
                return  # it ends already: some are sent twice, as where a terminal is closed
            self.came = number
        elif not again:
            self.came = number
        if not self.holds or (again and number not in ENDING):  # a second Ctrl-C doesn't wait
            raise KeyboardInterrupt if number not in ENDING else self.error()

    def put_back(self, number: int) -> None:
        """Give a signal its default meaning again, unless somebody gave it another one."""
        if _get(number) == self.handle:
            _set(number, DEFAULT[number])


@contextmanager
def handled(*numbers: int) -> Iterator[Signals]:
    """Handle those of some signals that have their default meaning, in the main thread."""
    global _in_charge
    if threading.current_thread() is not threading.main_thread():
        yield Signals()
        return
    outer = _in_charge
    signals = outer or Signals()
    ours = []
    try:
        for number in numbers:
            if _get(number) == DEFAULT[number]:
                ours.append(number)
                _set(number, signals.handle)
        _in_charge = signals
        yield signals
    finally:
        _in_charge = outer
        for number in ours:
            signals.put_back(number)


@contextmanager
def held() -> Iterator[Signals]:
    """Let Ctrl-C and signals that end a process wait; who holds them looks what `came`.

    A second Ctrl-C does not wait.
    """
    with handled(*DEFAULT) as signals:
        signals.holds += 1
        try:
            yield signals
        finally:
            signals.holds -= 1


@contextmanager
def deferred_interrupt() -> Iterator[Signals]:
    """Let them wait for the end of a step, in which parameters are half changed.

    At the latest where the block ends, `KeyboardInterrupt` is raised for Ctrl-C, and
    ``SystemExit(128 + number)`` for a signal that ends the process: it then ends with that
    status, after `finally` blocks and what `atexit` runs.
    """
    try:
        with held() as signals:
            yield signals
    except SystemExit:
        raise
    except BaseException as error:
        if signals() and not isinstance(error, type(signals.error())):
            raise signals.error() from error
        raise
    if signals():  # after the last step, where nobody looked any more
        raise signals.error()
