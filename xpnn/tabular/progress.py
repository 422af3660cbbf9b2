"""A bar that shows how far the members are, and how long they take yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from ..callbacks import Callback
from ..callbacks.progress import new_bar

__all__ = ["Bar", "progress"]


class Bar:
    """What moves the bar, member after member.

    Parameters
    ----------
    bar : tqdm or None
        The bar; None shows nothing.
    n_members : int
        How many members there are.
    """

    def __init__(self, bar: Any, n_members: int) -> None:
        self._bar, self._n_members, self._done = bar, n_members, 0

    def of_member(self, epochs: int) -> list[Callback]:
        """Return who is told of a member's epochs."""
        if self._bar is None:
            return []
        self._bar.total = self._bar.n + epochs * (self._n_members - self._done)
        self._done += 1
        self._bar.set_description_str(f"member {self._done} of {self._n_members}")
        return [_EpochsOfMember(self._bar)]


class _EpochsOfMember(Callback):
    told_once: ClassVar[bool] = True

    def __init__(self, bar: Any) -> None:
        self._bar = bar

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Move the bar."""
        self._bar.update()


@contextmanager
def progress(n_members: int, verbose: bool, is_here: bool = True) -> Iterator[Bar]:
    """Show a bar, if somebody wants to see it, here or on another process, until the end."""
    if not verbose:
        yield Bar(None, n_members)
        return
    with new_bar(unit="epoch", dynamic_ncols=True, disable=not is_here) as bar:
        yield Bar(bar, n_members)
