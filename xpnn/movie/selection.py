"""What of a training is shown: after which epochs, and which rows of the data."""

from __future__ import annotations

from ..data import some_rows

__all__ = ["moments", "some_rows"]

FRAMES = 120
"""About how many frames a movie has, where nobody says."""


def moments(epochs: int, every: int | None) -> set[int]:
    """Return after which epochs a frame is taken, the first and the last among them.

    Where nobody says how often, the k-th of n frames is taken after (k / n)³ of all epochs:
    the loss falls fast at first, and then ever more slowly.
    """
    if every is not None:
        return {*range(0, epochs, every), epochs}
    return {round(epochs * (k / FRAMES) ** 3) for k in range(FRAMES + 1)}
