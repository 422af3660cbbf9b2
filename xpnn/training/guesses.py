"""What is drawn in a thread while steps are taken, before anybody asks for it."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.random.bit_generator import ISeedSequence

from .kept import KINDS, generator_from, generator_state, set_generator_state

if TYPE_CHECKING:  # as in `xpnn.initializers`, which says why
    from ..initializers import Generator

__all__ = ["Call", "Guesses"]

Call = tuple[Any, ...]
"""``(function, *arguments)``: what draws, by ``function(generator, *arguments)``."""


BITS = tuple(getattr(np.random, kind) for kind in KINDS)
"""The bit generators of which a copy is made."""


class NoSeed(ISeedSequence):
    """The seed of a copy: a state may be copied, but a seed's children are drawn only once."""

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> np.ndarray:
        """Return what is the first state, before another is set."""
        return np.ones(n_words, dtype)


class Drawn(NamedTuple):
    """What a call drew, and the generator's state before it and after it."""

    call: Call
    before: dict[str, Any]
    value: Any
    after: dict[str, Any]


class Guesses:
    """Calls that draw from a generator, of which the next ones are made ahead.

    A guess draws from a copy of the generator.  It is used if what is asked for is what was
    guessed, and the generator is where the copy was; then the generator is brought to where
    the copy is.  Otherwise it is forgotten.  So nobody can tell but by the time: whenever
    training ends, or somebody looks, the generator is where it would be without guesses.

    Parameters
    ----------
    makes_any : bool
        Whether guesses are made; it pays only where somebody leaves Python to the thread.
    """

    def __init__(self, makes_any: bool) -> None:
        self._makes_any, self._process = makes_any, os.getpid()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="xpnn-guesses")
        self._guessed: Future[deque[Drawn]] | None = None

    def ask(self, generator: Generator, call: Call) -> Any:
        """Return what a call draws from a generator."""
        if self._guessed is not None and os.getpid() == self._process:  # else without a thread
            guessed = self._guessed.result()
            if guessed and guessed[0].call == call:
                drawn = guessed.popleft()
                if drawn.before == generator_state(generator):
                    set_generator_state(generator, drawn.after)
                    return drawn.value
            self._guessed = None
        function, *arguments = call
        return function(generator, *arguments)

    def guess(self, generator: Generator, *calls: Call) -> None:
        """Begin to make calls, one after the other, that are likely to be asked for next."""
        self._guessed = None
        if self._makes_any and os.getpid() == self._process and _is_numpys(generator):
            state, context = generator_state(generator), copy_context()
            try:
                self._guessed = self._thread.submit(context.run, _drawn, state, calls)
            except RuntimeError:  # Python is about to end, or there can't be another thread
                self._makes_any = False

    def close(self) -> None:
        """Forget what was guessed, which holds on to rows, and let the thread end."""
        self._guessed, self._makes_any = None, False
        self._thread.shutdown(wait=False, cancel_futures=True)


def _is_numpys(generator: Generator) -> bool:
    """Whether a generator is NumPy's own, and no other class's that adds to it."""
    if type(generator) is np.random.RandomState:
        return type(generator._bit_generator) in BITS
    return type(generator) is np.random.Generator and type(generator.bit_generator) in BITS


def _drawn(state: dict[str, Any], calls: tuple[Call, ...]) -> deque[Drawn]:
    """Return what calls draw from a generator in a state, up to one that can't be made."""
    generator, guessed = generator_from(state, NoSeed()), deque[Drawn]()
    for function, *arguments in calls:
        try:
            value = function(generator, *arguments)
        except Exception:  # it will be raised where it is asked for
            break
        before, state = state, generator_state(generator)
        guessed.append(Drawn((function, *arguments), before, value, state))
    return guessed
