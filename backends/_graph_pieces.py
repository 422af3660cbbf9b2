"""A step as several CUDA graphs, with what no graph can hold in between.

A sum over processes is asked for by the host, of a library that knows nothing of graphs, and
each time by all processes.  So where a step comes to one while it is captured, the graph ends
there, and the next one begins behind it (`outside`).  They are one after the other in one
stream, and their memory is of one pool, so that they are to one another as two halves of a
graph.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar

__all__ = ["Pieces", "outside"]

Call = Callable[[], None]


class Pieces:
    """The pieces of a step that is captured: graphs, and calls of the host.

    Parameters
    ----------
    begin : callable
        Begins to capture.
    end : callable
        Ends it, and returns what plays the graph.
    """

    def __init__(self, begin: Call, end: Callable[[], Call]) -> None:
        self._begin, self._end = begin, end
        self._calls: list[Call] = []

    def capture(self, take: Call) -> Call:
        """Capture what is asked in a function, of which nothing is computed.

        Returns
        -------
        callable
            Plays it.
        """
        token = _current.set(self)
        try:
            self._begin()
            try:
                take()
            except BaseException:
                with suppress(Exception):  # it complains of what is raised here
                    self._end()
                raise
            self._calls.append(self._end())
        finally:
            _current.reset(token)
        return self._play

    def cut(self, call: Call) -> None:
        """Let a call stand between what was captured and what comes."""
        self._calls += [self._end(), call]
        self._begin()

    def _play(self) -> None:
        for call in self._calls:
            call()


_current: ContextVar[Pieces | None] = ContextVar("xpnn_pieces", default=None)


def outside(call: Call) -> None:
    """Do what no graph can hold: now or, in a step that is captured, when it is played.

    Parameters
    ----------
    call : callable
        What it works with must stay where it is.
    """
    pieces = _current.get()
    if pieces is None:
        call()
    else:
        pieces.cut(call)
