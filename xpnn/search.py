"""Optimization without gradients (chapter 6 of the book): what gradients are better than."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .backend import Array
from .checks import check_integer, check_number
from .history import History
from .hooks import Trainable
from .initializers import Normal, as_generator
from .training.interrupt import deferred_interrupt

__all__ = ["random_search", "random_walk"]


def random_search(
    model: Trainable,
    X: Any,
    y: Any,
    *,
    iterations: int = 1000,
    scale: float = 0.05,
    seed: Any = None,
) -> History:
    """Draw all parameters anew each time, and keep the best.

    Parameters
    ----------
    model : Sequential
        A compiled model, which ends with the best parameters that were found, its own
        at the beginning among them; so a draw must beat these to count.
    X, y : array_like
        The data on which the loss is measured.
    iterations : int
        How many times to draw.
    scale : float
        The standard deviation of the draws, > 0.
    seed : int, None, numpy.random.Generator or numpy.random.RandomState
        Where the draws come from, in the order of the parameters.

    Returns
    -------
    History
        The loss and the metrics of the best parameters so far, after each draw.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        If an argument is none of the above, or the model is training already; then the model
        stays as it was.
    KeyboardInterrupt, SystemExit
        As in `Sequential.fit`; the model then has the best parameters so far.
    """
    with model.gate.reserved("random_search"):
        return _search(model, X, y, iterations, scale, seed, lambda best, draws: draws)


def random_walk(
    model: Trainable,
    X: Any,
    y: Any,
    *,
    iterations: int = 1000,
    scale: float = 0.05,
    seed: Any = None,
) -> History:
    """Take a random step from the best parameters, and keep it if the loss fell.

    Parameters
    ----------
    model, X, y, iterations, seed
        As in `random_search`, which also tells what is raised.
    scale : float
        The standard deviation of a step, > 0.

    Returns
    -------
    History
        As `random_search` returns it, after each step.
    """

    def step_from(best: list[Array], draws: list[Array]) -> list[Array]:
        with model.backend.activate_for(model.dtype):
            steps = [model.backend.asarray(draw, model.dtype) for draw in draws]
            return [p + step for p, step in zip(best, steps)]

    with model.gate.reserved("random_walk"):
        return _search(model, X, y, iterations, scale, seed, step_from)


def _search(
    model: Trainable,
    X: Any,
    y: Any,
    iterations: int,
    scale: float,
    seed: Any,
    candidate_of: Callable[[list[Array], list[Array]], list[Array]],
) -> History:
    """Try what `candidate_of` makes of the best parameters and of draws; keep the best."""
    generator = as_generator(seed)
    iterations = check_integer("iterations", iterations, at_least=1)
    check_number("scale", scale, above=0)
    draw, history = Normal(scale), History()
    measure_all = model.measure_on(X, y)

    def measure() -> dict[str, float]:
        return {
            name: value for name, value in measure_all().items() if isinstance(value, float)
        }

    best, logs = model.parameters, measure()
    with deferred_interrupt() as interrupted:
        try:
            for _ in range(iterations):
                draws = [draw(generator, tuple(p.shape)) for p in best]
                model.set_parameters(candidate_of(best, draws))
                found = measure()
                if found["loss"] < logs["loss"]:
                    best, logs = model.parameters, found
                history.append(logs)
                if interrupted():
                    break
        finally:
            model.set_parameters(best)
    return history
