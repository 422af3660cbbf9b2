"""Learning rates that rise and fall, sorted by complexity."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..backend import Array, array_namespace
from ..checks import check_integer, check_number
from .base import Schedule

__all__ = ["CosineLog", "Cyclic", "OneCycle"]


@dataclass(frozen=True)
class Cyclic(Schedule):
    """Straight lines up and down again, over and over: triangles.  Smith (2017).

    Parameters
    ----------
    learning_rate : float
        The largest learning rate, > 0.
    every : int
        How many steps a triangle is long, at least 2.
    lowest : float
        The learning rate where triangles begin and end, 0 <= lowest < learning_rate.
    rise : float
        The part of each that goes up, 0 < rise < 1.
    factor : float
        By what the height of a triangle is multiplied for the next, 0 < factor <= 1.

    Notes
    -----
    With the triangle's number n = floor(t / every) and p = t / every - n,
    lowest + (learning_rate - lowest) * factor**n * min(p / rise, (1 - p) / (1 - rise)).
    """

    learning_rate: float
    every: int
    lowest: float = 0.0
    rise: float = 0.5
    factor: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("learning_rate", self.learning_rate, above=0)
        check_integer("every", self.every, at_least=2)
        check_number("lowest", self.lowest, at_least=0, below=self.learning_rate)
        check_number("rise", self.rise, above=0, below=1)
        check_number("factor", self.factor, above=0)
        if self.factor > 1:
            raise ValueError(f"factor must be a number > 0 and at most 1, got {self.factor!r}")

    def __call__(self, t: Array) -> Array:
        """Return the learning rate of step `t`; as in `Schedule`."""
        xp = array_namespace(t)
        done = xp.floor(t / self.every)
        part = t / self.every - done
        height = xp.minimum(part / self.rise, (1 - part) / (1 - self.rise))
        return self.lowest + (self.learning_rate - self.lowest) * self.factor**done * height


@dataclass(frozen=True)
class OneCycle(Schedule):
    """One rise and one fall, each half a cosine.  Smith and Topin (2018).

    Parameters
    ----------
    learning_rate : float
        The largest learning rate, > 0.
    steps : int
        After how many steps the last one is reached; it stays from there on.
    rise : float
        The part of these after which the largest is reached, 0 < rise < 1.
    start, final : float
        The first and the last learning rate, as parts of the largest, 0 <= part < 1.

    Notes
    -----
    With p = t / steps, the part is start + (1 - start) * (1 - cos(pi * p / rise)) / 2 while
    p < rise, then final + (1 - final) * (1 + cos(pi * (p - rise) / (1 - rise))) / 2.
    """

    learning_rate: float
    steps: int
    rise: float = 0.3
    start: float = 0.04
    final: float = 4e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("learning_rate", self.learning_rate, above=0)
        check_integer("steps", self.steps, at_least=1)
        check_number("rise", self.rise, above=0, below=1)
        check_number("start", self.start, at_least=0, below=1)
        check_number("final", self.final, at_least=0, below=1)

    def __call__(self, t: Array) -> Array:
        """Return the learning rate of step `t`; as in `Schedule`."""
        xp = array_namespace(t)
        top = self.rise * self.steps
        rising = t < top
        part = xp.where(t < self.steps, (t - top) / (self.steps - top), 1.0)
        part = xp.where(rising, t / top - 1, part)  # from -1 over 0, at the top, to 1
        lowest = xp.where(rising, self.start, xp.full_like(t, self.final))
        return self.learning_rate * (lowest + (1 - lowest) * (1 + xp.cos(math.pi * part)) / 2)


@dataclass(frozen=True)
class CosineLog(Schedule):
    """Whole cosines, each twice as long as the one before, from 0 up and down again.

    Parameters
    ----------
    learning_rate : float
        The largest learning rate, > 0.
    steps : int
        After how many steps the last cosine ends; the learning rate is 0 from there on.
    cycles : int
        How many cosines there are, at least 1.

    Notes
    -----
    learning_rate * (1 - cos(2 * pi * log2(1 + (2**cycles - 1) * t / steps))) / 2, as
    Holzmüller, Grinsztajn and Steinwart (2024) have it, with four cycles.
    """

    learning_rate: float
    steps: int
    cycles: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("learning_rate", self.learning_rate, above=0)
        check_integer("steps", self.steps, at_least=1)
        check_integer("cycles", self.cycles, at_least=1)

    def __call__(self, t: Array) -> Array:
        """Return the learning rate of step `t`; as in `Schedule`."""
        xp = array_namespace(t)
        part = xp.where(t < self.steps, t / self.steps, 1.0)
        done = xp.log2(1 + (2**self.cycles - 1) * part)  # cosines
        return self.learning_rate * (1 - xp.cos(2 * math.pi * done)) / 2
