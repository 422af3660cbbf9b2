"""Seeing that other processes don't answer."""

from __future__ import annotations

import os
import sys
import threading
import time

from .communicator import Communicator

__all__ = ["NO_WATCH", "Watch"]


class _NoWatch:
    """A context that does nothing, cheaper than `contextlib.nullcontext`'s."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        pass


NO_WATCH = _NoWatch()


class Watch:
    """A thread that ends the job where this process waits for others for too long.

    Parameters
    ----------
    timeout : float
        How many seconds are too long.
    communicator : Communicator
        The processes.
    """

    def __init__(self, timeout: float, communicator: Communicator) -> None:
        self._timeout = timeout
        self._who = f"process {communicator.rank} of {communicator.size}"
        self._since: dict[int, tuple[float, str]] = {}  # of each thread that waits
        threading.Thread(target=self._look, name="xpnn watch", daemon=True).start()

    def waiting(self, what: str) -> _Waiting:
        """Return the context in which others are waited for; one may be in another."""
        return _Waiting(self._since, what)

    def _look(self) -> None:
        while True:
            time.sleep(min(1.0, self._timeout / 4))
            now = time.monotonic()
            for since, what in [*self._since.values()]:
                if now - since > self._timeout:
                    self._end(what)

    def _end(self, what: str) -> None:
        print(
            f"xpnn: {self._who} has waited {self._timeout:g} s for {what} of the others: one "
            "of them is lost, and the job ends. Where one only takes long, as in a callback, "
            "the communicator needs a larger timeout",
            file=sys.stderr,
            flush=True,
        )
        os._exit(1)  # MPI's own way to end the others would wait for them, too


class _Waiting:
    def __init__(self, since: dict[int, tuple[float, str]], what: str) -> None:
        self._since, self._what = since, what

    def __enter__(self) -> None:
        thread = threading.get_ident()
        around = self._since.get(thread)
        self._before = around and around[1]
        self._since[thread] = time.monotonic(), self._what

    def __exit__(self, *error: object) -> None:
        if self._before is None:
            self._since.pop(threading.get_ident(), None)
        else:  # the others have just answered
            self._since[threading.get_ident()] = time.monotonic(), self._before
