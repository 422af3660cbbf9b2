"""One thread for small products of matrices, instead of as many as there are processors."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

__all__ = ["SMALL", "threads_for"]

SMALL = 2 * 10**7
"""So many multiplications of a product one thread does in less than half a millisecond."""


class _Turn:
    """Whose turn it is to set how many threads BLAS has, which holds for the whole process.

    Who sets it sets it back; others go on as it is meanwhile.  Two that set it in turns would
    leave it at what one of them found.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.limit: Any = None


_turn = _Turn()


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()  # it looks for libraries, which takes a millisecond


@contextmanager
def threads_for(multiplications: int) -> Iterator[None]:
    """Let BLAS have one thread while small products are computed.

    More than one gain little there, and wait for one another by spinning: where another program
    holds a processor, each product waits until that one's turn has ended.  Beside one busy
    process, on two processors, an epoch of (128, 128) @ (128, 128) took 8 to 75 times as long
    as with one thread.

    Parameters
    ----------
    multiplications : int
        Those of the largest product.
    """
    if multiplications > SMALL or not _turn.lock.acquire(blocking=False):
        yield
        return
    turn = _turn
    try:
        with _controller().limit(limits=1, user_api="blas") as turn.limit:
            yield
    finally:
        turn.limit = None
        turn.lock.release()


def _in_child() -> None:
    """End the turn of a thread that a forked process lacks."""
    global _turn
    limit, _turn = _turn.limit, _Turn()
    if limit is not None:
        limit.restore_original_limits()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
