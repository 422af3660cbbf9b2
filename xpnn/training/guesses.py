"""What is drawn in a thread while steps are taken, before anybody asks for it."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .kept import KINDS, generator_from, generator_state, set_generator_state

if TYPE_CHECKING:  # as in `xpnn.initializers`, which says why
    from ..initializers import Generator

__all__ = ["Call", "Guesses"]

Call = tuple[Any, ...]
"""``(function, *arguments)``: what draws, by ``function(generator, *arguments)``."""


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
        self._makes_any = makes_any
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="xpnn-guesses")
        self._guessed: Future[deque[Drawn]] | None = None

    def ask(self, generator: Generator, call: Call) -> Any:
        """Return what a call draws from a generator."""
        if self._guessed is not None:
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
        if self._makes_any and type(generator) in (np.random.Generator, np.random.RandomState):
            state = generator_state(generator)
            if state["bit_generator"] in KINDS:
                self._guessed = self._thread.submit(_drawn, state, calls)


def _drawn(state: dict[str, Any], calls: tuple[Call, ...]) -> deque[Drawn]:
    """Return what calls draw from a generator in a state, up to one that can't be made."""
    generator, guessed = generator_from(state), deque[Drawn]()
    for function, *arguments in calls:
        try:
            value = function(generator, *arguments)
        except Exception:  # it will be raised where it is asked for
            break
        before, state = state, generator_state(generator)
        guessed.append(Drawn((function, *arguments), before, value, state))
    return guessed
