"""L-BFGS: all rows at once, and steps as long as a search along a line finds them.

SciPy's L-BFGS-B has the parameters on the host, as one vector in double precision; the loss and
its gradient are computed where the model is.  It suits small data, where it needs far fewer
passes than steps of batches do, and ends at a minimum.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .backend import Array
from .checks import check_integer, check_number
from .data import check_sample_weight
from .data.sources import Source, source_of
from .data.sparse import Sparse
from .data.streams import all_rows
from .history import DivergenceError, History
from .hooks import Trainable
from .network.rows import weigh_targets
from .network.stack import fuse
from .network.step import make_gradients, with_gradient
from .training.interrupt import deferred_interrupt

__all__ = ["minimize", "search"]


def minimize(
    model: Trainable,
    X: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    max_iter: int = 200,
    max_fun: int = 15_000,
    tol: float = 1e-5,
    memory: int = 10,
) -> History:
    """Train a model by L-BFGS-B: Zhu, Byrd, Lu and Nocedal (1997), as SciPy has it.

    Nothing is random: the loss is that of all rows, with penalties, of the network as it is
    used.  So nothing is dropped out, and batch normalisation goes by its running statistics,
    which stay as they are.  The optimizer that the model was compiled with takes no part in it.

    Parameters
    ----------
    model : Sequential
        A compiled model, on any backend; it ends with the best parameters that were found.
        What is not trainable stays as it is.
    X : array_like or row source of shape (n, n_features)
        The inputs; all of them are in memory, sparse ones as they are.
    y : array_like
        The targets, as the loss takes them.
    sample_weight : array_like of shape (n,), optional
        How much each row counts.
    max_iter : int
        The number of iterations, at most; each has a search along a line.
    max_fun : int
        How often the loss is computed, at most.
    tol : float
        It ends where no entry of the gradient is larger.
    memory : int
        Of how many iterations it remembers the course of the gradient.

    Returns
    -------
    History
        The loss after each iteration, an epoch each; also as `Sequential.history`.

    Raises
    ------
    ModuleNotFoundError
        If SciPy is not installed.
    DivergenceError
        If the loss, or its gradient, is infinite or NaN where it begins.
    TypeError, ValueError, RuntimeError
        If an argument is none of the above, or the model is not compiled or training already;
        then it stays as it was.
    KeyboardInterrupt, SystemExit
        As in `Sequential.fit`; the model then has the parameters of the last iteration.
    """
    check_number("tol", tol, above=0)
    options = {
        "maxiter": check_integer("max_iter", max_iter, at_least=1),
        "maxfun": check_integer("max_fun", max_fun, at_least=1),
        "maxcor": check_integer("memory", memory, at_least=1),
        "gtol": tol,
        "ftol": 64 * float(np.finfo(model.dtype).eps),
    }
    search(model, X, y, sample_weight, options)
    assert model.history is not None
    return model.history


def search(
    model: Trainable,
    X: Any,
    y: Any,
    sample_weight: Any,
    options: dict[str, Any],
    tell: Callable[[float], Any] | None = None,
) -> Any:
    """Do what `minimize` does, and return how it ended.

    Parameters
    ----------
    model, X, y, sample_weight
        As in `minimize`.
    options : dict
        As SciPy's L-BFGS-B takes them.
    tell : callable, optional
        It is called with the loss after each iteration.

    Returns
    -------
    scipy.optimize.OptimizeResult
        With ``nit``, the number of iterations, ``status``, ``message`` and ``fun``, the loss.
    """
    try:
        from scipy import optimize
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "minimize needs the package scipy, which is not installed: "
            "pip install 'xpnn[scipy]', or pip install scipy",
            name="scipy",
        ) from error
    with model.gate.reserved("minimize"):
        goal, history = _Goal(model, X, y, sample_weight), History()
        start = goal.flat(model.parameters)
        best, (loss, gradient) = [start], goal(start)
        if not math.isfinite(loss) or not np.isfinite(gradient).all():
            raise DivergenceError("the loss, or its gradient, is not finite where it begins")

        def iterated(intermediate_result: Any) -> None:
            best[0] = intermediate_result.x.copy()
            loss = float(intermediate_result.fun)
            history.append({"loss": loss})
            if tell is not None:
                tell(loss)
            if interrupted():
                raise StopIteration

        with deferred_interrupt() as interrupted:
            try:
                found = optimize.minimize(
                    goal,
                    start,
                    jac=True,
                    method="L-BFGS-B",
                    callback=iterated,
                    options=options,
                )
                best[0] = found.x
            finally:
                model.set_parameters(goal.whole(best[0]))
                model.history = history
    return found


class _Goal:
    """The loss and its gradient, as functions of the trainable parameters as one vector."""

    def __init__(self, model: Trainable, X: Any, y: Any, sample_weight: Any) -> None:
        compiled = model.require_compiled()
        if not model.trained_parameters:
            raise ValueError(f"model must have a parameter that is trained, got {model!r}")
        self._model, self._backend = model, model.backend
        self._trainable = [p.trainable for p in model.declared_parameters.values()]
        self._first = model.parameters
        shapes = [p.shape for p in model.declared_parameters.values() if p.trainable]
        self._shapes, self._ends = shapes, np.cumsum([math.prod(shape) for shape in shapes])
        backend = self._backend
        with backend.activate_for(model.dtype):
            x = model.place_inputs(X if isinstance(source_of(X), Sparse) else all_rows(X, "X"))
            y = model.place_targets(y, x)
            weight = check_sample_weight(sample_weight, x.shape[0])
            self._x, self._y = x, y
            self._weight: Any = None
            if isinstance(x, Source):  # its batches are put together by what they weigh
                self._y = backend.asarray(y.take(np.arange(x.shape[0])))
                weight = weigh_targets(compiled, self._y, weight)
                weight = np.ones(x.shape[0]) if weight is None else weight
            if weight is None:
                self._function = model.function("gradients")
                return
            self._shares = weight / weight.sum()
            self._weight = backend.asarray(weight / weight.max(), model.dtype)
        stack, criterion = fuse(model.layers, compiled.loss)
        measure = with_gradient(criterion)

        def gradients(arrays: Any, x: Array, y: Array, weight: Array) -> tuple[Array, Any]:
            weighed: Any = lambda predictions, y: measure(predictions, y, weight)  # noqa: E731
            return make_gradients(stack, weighed)(arrays, x, y)

        self._function = backend.compile(gradients)

    def flat(self, arrays: Sequence[Array]) -> np.ndarray:
        """Return what is trained of arrays, one for each parameter, as one vector."""
        own = [a for a, kind in zip(arrays, self._trainable, strict=True) if kind]
        flat = [self._backend.to_numpy(array).astype(np.float64).ravel() for array in own]
        return np.concatenate(flat)

    def whole(self, flat: np.ndarray) -> list[Array]:
        """Return all parameters, of those that are trained as one vector."""
        parts = iter(np.split(flat, self._ends[:-1]))
        shapes = iter(self._shapes)
        with self._backend.activate_for(self._model.dtype):
            return [
                self._backend.asarray(next(parts).reshape(next(shapes)), self._model.dtype)
                if kind
                else first
                for kind, first in zip(self._trainable, self._first)
            ]

    def __call__(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the loss and its gradient."""
        arrays = [*self.whole(flat), *self._model.state_arrays]
        loss, gradient = 0.0, np.zeros_like(flat)
        with self._model.gate, self._backend.activate_for(self._model.dtype):
            for share, data in self._pieces():
                of_piece, grads = self._function(arrays, *data)
                loss += share * float(of_piece)
                gradient += share * self.flat(grads)
        return loss, gradient

    def _pieces(self) -> Iterator[tuple[float, list[Array]]]:
        """Yield which part of the whole some rows are, and these; sparse ones in pieces."""
        if not isinstance(self._x, Source):
            yield 1.0, [a for a in (self._x, self._y, self._weight) if a is not None]
            return
        at_once = self._model.rows_at_a_time(self._x.shape[1])
        for rows, x in self._x.pieces(at_once):
            share = float(np.sum(self._shares[rows]))
            yield share, [self._backend.asarray(x), self._y[rows, ...], self._weight[rows]]
