"""Optimization without gradients (chapter 6 of the book): what gradients are better than."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .checks import check_integer, check_number
from .initializers import Normal, as_generator
from .model import History, Sequential

if TYPE_CHECKING:
    from .initializers import Generator

__all__ = ["random_search", "random_walk"]


def random_search(
    model: Sequential,
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
        If an argument is none of the above; then the model stays as it was.
    """
    return _search(model, X, y, iterations, scale, as_generator(seed), walk=False)


def random_walk(
    model: Sequential,
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
        As in `random_search`.
    scale : float
        The standard deviation of a step, > 0.

    Returns
    -------
    History
        The loss and the metrics of the best parameters so far, after each step.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        If an argument is none of the above; then the model stays as it was.
    """
    return _search(model, X, y, iterations, scale, as_generator(seed), walk=True)


def _search(
    model: Sequential,
    X: Any,
    y: Any,
    iterations: int,
    scale: float,
    generator: Generator,
    *,
    walk: bool,
) -> History:
    check_integer("iterations", iterations, at_least=1)
    check_number("scale", scale, above=0)
    draw, history = Normal(scale), History()
    measure_all = model.measure_on(X, y)

    def measure() -> dict[str, float]:
        return {
            name: value for name, value in measure_all().items() if isinstance(value, float)
        }

    best, logs = model.parameters, measure()
    try:
        for _ in range(iterations):
            drawn = [draw(generator, tuple(p.shape)) for p in best]
            if walk:
                with model.backend.activate():
                    steps = [model.backend.asarray(step, model.dtype) for step in drawn]
                    drawn = [p + step for p, step in zip(best, steps)]
            model.set_parameters(drawn)
            candidate = measure()
            if candidate["loss"] < logs["loss"]:
                best, logs = model.parameters, candidate
            history.append(logs)
    finally:
        model.set_parameters(best)
    return history
