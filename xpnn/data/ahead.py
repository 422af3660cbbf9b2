"""What is made ahead, in a thread, while somebody works on what was made before."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["ahead"]

Made = TypeVar("Made")


def ahead(makers: Iterable[Callable[[], Made]]) -> Generator[Made, None, None]:
    """Yield what functions return, in their order; the next one is called meanwhile.

    So at most two results are there at a time: the one that was yielded last, and the next.
    An error comes where its result would.  To be closed, if it isn't gone through to the end.

    Parameters
    ----------
    makers : iterable of callable
        Without arguments; they are called in one thread, one after the other.
    """
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="xpnn-ahead") as thread:
        try:
            for make in makers:
                waiting.append(thread.submit(make))
                if len(waiting) > 1:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()
