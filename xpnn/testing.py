"""Checks for layers, losses and optimizers of your own, on every array library at once.

Each check raises an AssertionError that names the backend, the array and the largest
deviation, so it can stand in a test as it is::

    from xpnn.testing import check_layer

    def test_swish():
        check_layer(Swish(), (5, 3))
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .backend import Array, Backend, array_namespace, available_backends, resolve
from .calculus import gradient
from .checks import check_integer
from .initializers import draw
from .layers.base import LAYERS, Layer
from .losses import LOSSES, Loss
from .model import Sequential
from .naming import describe, make
from .optimizers import OPTIMIZERS, Optimizer
from .serialization import load

__all__ = ["check_layer", "check_loss", "check_optimizer"]

DELTA = 1e-5
"""The step of the finite differences: rounding and curvature then weigh about the same."""

GRADIENT_TOLERANCE = 1e-6
"""What finite differences in float64 can be off, as a part of the largest entry, or of 1."""


def check_layer(
    layer: Layer,
    input_shape: tuple[int, int],
    *,
    backends: Sequence[str | Backend] | None = None,
    seed: int = 0,
) -> None:
    """Check that a layer computes what it should, and the same everywhere.

    On each backend, in float32 and float64: shapes and dtypes are as declared, nothing
    that went in is changed, the same arguments give the same results, gradients equal
    central differences (float64), and all backends agree.  Then: the layer survives
    being saved and loaded.

    Parameters
    ----------
    layer : Layer
        The layer.
    input_shape : (n, n_inputs)
        The shape of the inputs to check with, which are drawn from a normal distribution.
    backends : sequence of str or Backend, optional
        Where to check; by default on every backend that is usable here.
    seed : int
        The seed of the draws.

    Raises
    ------
    AssertionError
        If a check fails.
    """
    if not isinstance(layer, Layer):
        raise TypeError(f"layer must be a Layer, got {layer!r}")
    n, n_inputs = input_shape
    check_integer("input_shape[0]", n, at_least=1)
    check_integer("input_shape[1]", n_inputs, at_least=1)
    generator = np.random.default_rng(seed)
    parameters, states = layer.parameters(), layer.state()
    params = [draw(p.initializer, generator, p.shape) for p in parameters.values()]
    # as training may have left it: not the first value, but no less
    state = [
        draw(p.initializer, generator, p.shape) + generator.uniform(0, 1, p.shape)
        for p in states.values()
    ]
    x = generator.standard_normal(input_shape)
    noise = layer.draw(generator, input_shape)
    n_outputs = layer.output_size(n_inputs)
    assert n_outputs is not None, f"output_size({n_inputs}) of {layer} is None"
    dy = generator.standard_normal((n, n_outputs))
    given = {"x": x, **dict(zip(parameters, params))}
    new_names = [f"new {name}" for name in states]

    def run(
        *arrays: Array, training: bool = False
    ) -> tuple[dict[str, Array], Callable[[], dict[str, Array]]]:
        x, *rest = arrays
        n_own = len(params) + len(state)
        own, kept, extra = rest[: len(params)], rest[len(params) : n_own], rest[n_own:-1]
        dy, new = rest[-1], ()
        if training:
            y, backward, new = layer.train(tuple(own), tuple(kept), x, *extra)
            assert len(new) == len(state), (
                f"train of {layer} returns {len(new)} states instead of {len(state)}"
            )
        else:
            y, backward = layer.forward((*own, *kept), x, *extra)

        def back() -> dict[str, Array]:
            dx, grads = backward(dy)
            assert len(grads) == len(params), (
                f"backward of {layer} returns {len(grads)} gradients for {len(params)} "
                "parameters"
            )
            found = {f"d{name}": grad for name, grad in zip(given, (dx, *grads))}
            if type(layer).gradients is not Layer.gradients:
                alone = layer.gradients(x, dy)
                found |= {f"d{name} (alone)": grad for name, grad in zip(parameters, alone)}
            return found

        return {"y": y, **dict(zip(new_names, new))}, back

    arrays = [x, *params, *state, *noise, dy]
    shapes = {"y": dy.shape, **{f"new {name}": p.shape for name, p in states.items()}}
    for training in (False, True) if states else (False,):
        what = f"{layer} in training" if training else str(layer)
        pass_ = partial(run, training=training)

        def total(*arrays: Array, pass_: Callable[..., Any] = pass_) -> Array:
            y = pass_(*arrays)[0]["y"]
            return array_namespace(y).sum(y * arrays[-1])

        _check_everywhere(what, pass_, total, list(given), arrays, backends, shapes)
    _check_description(layer, LAYERS, "layer")
    _check_file(layer, [*params, *state], x)


def check_loss(
    loss: Loss,
    predictions: Any = None,
    targets: Any = None,
    *,
    backends: Sequence[str | Backend] | None = None,
    seed: int = 0,
) -> None:
    """Check that a loss computes what it should, and the same everywhere.

    As `check_layer`, for the loss of each sample, the mean and the weighted mean.

    Parameters
    ----------
    loss : Loss
        The loss.
    predictions : array_like of shape (n, k), optional
        What to check with; by default draws, made to probabilities where the loss takes
        these.
    targets : array_like, optional
        What belongs to them; by default classes for a loss that classifies, else draws.
    backends : sequence of str or Backend, optional
        Where to check; by default on every backend that is usable here.
    seed : int
        The seed of the draws.

    Raises
    ------
    AssertionError
        If a check fails.
    """
    if not isinstance(loss, Loss):
        raise TypeError(f"loss must be a Loss, got {loss!r}")
    generator = np.random.default_rng(seed)
    if predictions is None:
        predictions = generator.standard_normal((5, 3))
        if loss.activation is not None and not getattr(loss, "from_logits", False):
            predictions, _ = LAYERS[loss.activation]().forward((), predictions)
    predictions = np.asarray(predictions, dtype=np.float64)
    n, k = predictions.shape
    if targets is None:
        if not loss.classifies:
            targets = generator.standard_normal((n, k))
        elif loss.threshold is None:
            targets = generator.integers(k, size=n)
        else:
            targets = generator.integers(2, size=(n, k)).astype(np.float64)
    targets = np.asarray(targets)
    weight = generator.uniform(0.5, 2.0, n)

    def run(*arrays: Array) -> tuple[dict[str, Array], Callable[[], dict[str, Array]]]:
        p, y, w = arrays
        losses, _ = loss.forward(p, y)
        mean, dmean = loss(p, y)
        weighted, dweighted = loss(p, y, w)
        outputs = {"losses": losses, "loss": mean, "weighted loss": weighted}
        return outputs, lambda: {"dpredictions": dweighted, "dpredictions (no weights)": dmean}

    def total(*arrays: Array) -> Array:
        return run(*arrays)[0]["weighted loss"]

    arrays = [predictions, targets, weight]
    shapes: dict[str, tuple[int, ...]] = {"losses": (n,), "loss": (), "weighted loss": ()}
    _check_everywhere(str(loss), run, total, ["predictions"], arrays, backends, shapes)
    _check_description(loss, LOSSES, "loss")


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
    plain data that counts the steps, and all backends agree.

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
    check_integer("steps", steps, at_least=1)
    generator = np.random.default_rng(seed)
    start = [generator.uniform(1, 2, (3, 2)), generator.uniform(-2, -1, 2)]

    def train(backend: Backend, dtype: str) -> list[Array]:
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

    reference = None
    for backend in _usable(backends):
        with backend.activate():
            for dtype in ("float64", "float32"):
                where = f"{optimizer} on {backend.name} in {dtype}"
                params, again = train(backend, dtype), train(backend, dtype)
                for i, (p, q, first) in enumerate(zip(params, again, start)):
                    _assert_kind(f"{where}: parameter {i}", backend, p, dtype, first.shape)
                    _assert_close(
                        f"{where}: parameter {i}, the second time", backend, q, p, 0.0
                    )
                host = [backend.to_numpy(p) for p in params]
                before, after = (sum(float(np.sum(p**2)) for p in ps) for ps in (start, host))
                assert after < before, f"{where}: the loss rose from {before:g} to {after:g}"
                reference = reference or host
                for i, (p, wanted) in enumerate(zip(params, reference)):
                    name = f"{where}: parameter {i}, beside the first backend's"
                    _assert_close(name, backend, p, wanted, _rounding(dtype))
    _check_description(optimizer, OPTIMIZERS, "optimizer")


def _check_everywhere(
    what: str,
    run: Callable[..., tuple[dict[str, Array], Callable[[], dict[str, Array]]]],
    total: Callable[..., Array],
    differentiated: list[str],
    arrays: list[np.ndarray],
    backends: Sequence[str | Backend] | None,
    shapes: dict[str, tuple[int, ...]],
) -> None:
    """Check a forward and backward pass, `run`, and a number that sums it up, `total`.

    The first entries of `arrays`, called `differentiated`, are those with gradients.
    """
    reference: dict[str, np.ndarray] | None = None
    for backend in _usable(backends):
        with backend.activate():
            for dtype in ("float64", "float32"):
                where = f"{what} on {backend.name} in {dtype}"
                placed = [
                    backend.asarray(a, dtype if a.dtype.kind == "f" else None, copy=True)
                    for a in arrays
                ]
                before = [np.array(backend.to_numpy(a)) for a in placed]
                outputs, back = run(*placed)
                grads = back()
                repeated_outputs, repeated_back = run(*placed)
                repeated = repeated_outputs | repeated_back()

                def whole(*arrays: Array) -> dict[str, Array]:
                    outputs, back = run(*arrays)
                    return outputs | back()

                compiled = backend.compile(whole)(*placed)
                for i, (array, old) in enumerate(zip(placed, before)):
                    name = differentiated[i] if i < len(differentiated) else f"argument {i}"
                    _assert_close(f"{where}: {name} was changed", backend, array, old, 0.0)
                wanted = dict(shapes)
                for name, array in zip(differentiated, arrays):
                    wanted |= {
                        grad: array.shape for grad in grads if grad.startswith(f"d{name}")
                    }
                for name, array in (outputs | grads).items():
                    _assert_kind(f"{where}: {name}", backend, array, dtype, wanted[name])
                    label = f"{where}: {name}, the second time"
                    _assert_close(label, backend, repeated[name], array, 0.0)
                    label = f"{where}: {name}, compiled"
                    _assert_close(label, backend, compiled[name], array, _rounding(dtype))
                if dtype == "float64":
                    _check_gradients(where, backend, total, differentiated, placed, grads)
                host = {
                    name: np.array(backend.to_numpy(a)) for name, a in (outputs | grads).items()
                }
                reference = reference or host
                for name, array in (outputs | grads).items():
                    label = f"{where}: {name}, beside the first backend's"
                    _assert_close(label, backend, array, reference[name], _rounding(dtype))


def _check_gradients(
    where: str,
    backend: Backend,
    total: Callable[..., Array],
    differentiated: list[str],
    placed: list[Array],
    grads: dict[str, Array],
) -> None:
    """Compare gradients with central differences."""
    for i, name in enumerate(differentiated):

        def along(array: Array, i: int = i) -> Array:
            return total(*placed[:i], array, *placed[i + 1 :])

        numerical = backend.to_numpy(gradient(along, placed[i], DELTA))
        for found in (f"d{name}", f"d{name} (alone)"):
            if found in grads:
                label = f"{where}: {found}, beside central differences"
                _assert_close(label, backend, grads[found], numerical, GRADIENT_TOLERANCE)


def _check_description(thing: Any, classes: dict[str, Any], kind: str) -> None:
    """Check that a model file can hold a layer, loss or optimizer."""
    text = json.dumps(describe(thing))
    again = make(json.loads(text), classes, kind)
    assert describe(again) == describe(thing), f"{thing} comes back from a file as {again}"


def _check_file(layer: Layer, tensors: list[np.ndarray], x: np.ndarray) -> None:
    """Check that a network of the layer gives the same after it was saved and loaded."""
    model = Sequential([layer], dtype="float64", backend="numpy")
    model._set_tensors(dict(zip(model._tensors(), tensors)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        model.save(path)
        again = load(path, backend="numpy")
    outputs, wanted = again.predict(x), model.predict(x)
    _assert_close(f"{layer}: y after saving and loading", model.backend, outputs, wanted, 0.0)


def _usable(backends: Sequence[str | Backend] | None) -> list[Backend]:
    if backends is None:
        return [resolve(info.name) for info in available_backends() if info.usable]
    return [resolve(f"{b.removesuffix('!')}!" if isinstance(b, str) else b) for b in backends]


def _rounding(dtype: str) -> float:
    """Return how far apart two ways of summing may end, as a part of the largest entry."""
    return 1e4 * float(np.finfo(dtype).eps)


def _assert_kind(
    name: str, backend: Backend, array: Array, dtype: str, shape: tuple[int, ...]
) -> None:
    assert backend.owns(array) or not math.prod(shape), (
        f"{name} is a {type(array).__name__}, not an array of {backend.name}"
    )
    assert array.dtype == backend.dtype(dtype), (
        f"{name} has the dtype {array.dtype}, not {dtype}"
    )
    assert tuple(array.shape) == shape, (
        f"{name} has the shape {tuple(array.shape)}, not {shape}"
    )


def _assert_close(
    name: str, backend: Backend, actual: Array, wanted: Any, tolerance: float
) -> None:
    actual = np.asarray(backend.to_numpy(actual), dtype=np.float64)
    wanted = np.asarray(
        wanted if isinstance(wanted, np.ndarray) else backend.to_numpy(wanted), dtype=np.float64
    )
    assert actual.shape == wanted.shape, f"{name}: shape {actual.shape}, not {wanted.shape}"
    if not actual.size:
        return
    deviation = np.abs(actual - wanted)
    limit = tolerance * max(1.0, float(np.max(np.abs(wanted))))
    worst = np.unravel_index(int(np.argmax(deviation)), deviation.shape)
    place = tuple(int(i) for i in worst)
    assert float(deviation[place]) <= limit, (
        f"{name}: the largest deviation is {deviation[place]:.3g}, at {place}: "
        f"{actual[place]:.10g} instead of {wanted[place]:.10g}; {limit:.3g} is allowed"
    )
