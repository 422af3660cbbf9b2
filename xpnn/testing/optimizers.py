"""The check of optimizers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from ..backend import Array, Backend
from ..checks import check_integer
from ..layers import Dense
from ..optimizers import OPTIMIZERS, Optimizer
from ..sequential import Sequential
from .base import (
    Arrays,
    assert_close,
    assert_kind,
    check_at_work,
    check_description,
    on_each_backend,
    rounding,
)
from .traced import check_traced

__all__ = ["check_optimizer"]


def check_optimizer(
    optimizer: Optimizer,
    *,
    backends: Sequence[str | Backend] | None = None,
    steps: int = 20,
    seed: int = 0,
) -> None:
    """Check that an optimizer works, and does the same everywhere.

    On each backend, in float32 and float64: it brings the loss of a convex problem down,
    the same arguments give the same results, dtypes and shapes are kept, its state is
    plain data that counts the steps, its rule is elementwise, so that parameters may be joined
    in one array, unless it says that it is `by_parameter`, and all backends agree.  Then it
    trains a small network, which is saved and loaded, as in `check_layer`.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer, with a learning rate of about its default.
    backends : sequence of str or Backend, optional
        Where to check; by default on every backend that is usable here.
    steps : int
        How many steps to take.
    seed : int
        The seed of the problem.

    Raises
    ------
    AssertionError
        If a check fails.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer must be an Optimizer, got {optimizer!r}")
    steps = check_integer("steps", steps, at_least=1)
    generator = np.random.default_rng(seed)
    start = [generator.uniform(1, 2, (3, 2)), generator.uniform(-2, -1, 2)]

    def train(backend: Backend, dtype: str, start: list[np.ndarray]) -> list[Array]:
        # the loss is the sum of p² / 2, so the gradient with respect to p is p itself
        params = [backend.asarray(p, dtype, copy=True) for p in start]
        state = optimizer.init(params)
        for _ in range(steps):
            grads = [backend.asarray(p, copy=True) for p in params]
            params, state = optimizer.update(params, grads, state)
        assert int(state["iterations"]) == steps, (
            f"{optimizer} on {backend.name}: 'iterations' is {int(state['iterations'])} after "
            f"{steps} steps"
        )
        return params

    def flat(arrays: list[np.ndarray]) -> np.ndarray:
        return np.concatenate([array.reshape(-1) for array in arrays])

    def check(where: str, backend: Backend, dtype: str) -> Arrays:
        params, again = (train(backend, dtype, start) for _ in range(2))
        for i, (p, q, first) in enumerate(zip(params, again, start)):
            assert_kind(f"{where}: parameter {i}", backend, p, dtype, first.shape)
            assert_close(f"{where}: parameter {i}, the second time", backend, q, p, 0.0)
        host = [backend.to_numpy(p) for p in params]
        if not optimizer.by_parameter:
            (joined,) = train(backend, dtype, [flat(start)])
            label = f"{where}: the rule is not elementwise: of parameters joined in one array"
            assert_close(label, backend, joined, flat(host), rounding(dtype))
        before, after = (sum(float(np.sum(p**2)) for p in ps) for ps in (start, host))
        assert after < before, f"{where}: the loss rose from {before:g} to {after:g}"
        return {f"parameter {i}": p for i, p in enumerate(params)}

    def update(*params: Array) -> None:
        optimizer.update([*params], [*params], optimizer.init([*params]))

    what = str(optimizer)
    on_each_backend(what, backends, check, partial(check_traced, what, update, start))
    check_description(optimizer, OPTIMIZERS, "optimizer")

    def network(dtype: str, backend: Backend) -> Sequential:
        model = Sequential([Dense(3, 2)], seed=0, dtype=dtype, backend=backend)
        return model.compile("mean_squared_error", optimizer)

    x = generator.standard_normal((5, 3))
    check_at_work(str(optimizer), network, x, x[:, :2], backends)
