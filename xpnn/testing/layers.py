"""The check of layers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ..backend import Array, Backend, array_namespace
from ..checks import check_integer
from ..initializers import draw
from ..layers.base import LAYERS, Layer, Params
from ..sequential import Sequential
from ..serialization import load
from .base import Arrays, Back, assert_close, check_description, check_passes

__all__ = ["check_layer"]


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
    central differences (float64), and all backends agree.  A device without float64 is
    compared in float32 with the others, or with NumPy.  Then: the layer survives being saved
    and loaded.

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
    given = _drawn(layer, input_shape, np.random.default_rng(seed))
    arrays = [given.x, *given.params.values(), *given.state.values(), *given.noise, given.dy]
    shapes = {
        "y": given.dy.shape,
        **{f"new {name}": a.shape for name, a in given.state.items()},
    }
    for training in (False, True) if given.state else (False,):
        what = f"{layer} in training" if training else str(layer)
        run = partial(_run, layer, training)

        def total(*arrays: Array, run: Callable[..., tuple[Arrays, Back]] = run) -> Array:
            y = run(*arrays)[0]["y"]
            return array_namespace(y).sum(y * arrays[-1])

        check_passes(what, run, total, ["x", *given.params], arrays, backends, shapes)
    check_description(layer, LAYERS, "layer")
    _check_file(layer, [*given.params.values(), *given.state.values()], given.x)


@dataclass(frozen=True)
class _Drawn:
    """What a layer is checked with."""

    x: np.ndarray
    params: dict[str, np.ndarray]
    state: dict[str, np.ndarray]
    noise: tuple[np.ndarray, ...]
    dy: np.ndarray


def _drawn(
    layer: Layer, input_shape: tuple[int, int], generator: np.random.Generator
) -> _Drawn:
    """Draw inputs, parameters, state and noise of a layer, and a gradient of its outputs."""
    params = {
        name: draw(p.initializer, generator, p.shape) for name, p in layer.parameters().items()
    }
    # as training may have left it: not the first value, but no less
    state = {
        name: draw(p.initializer, generator, p.shape) + generator.uniform(0, 1, p.shape)
        for name, p in layer.state().items()
    }
    x = generator.standard_normal(input_shape)
    noise = layer.draw(generator, input_shape)
    n, n_inputs = input_shape
    n_outputs = layer.output_size(n_inputs)
    assert n_outputs is not None, f"output_size({n_inputs}) of {layer} is None"
    return _Drawn(x, params, state, noise, generator.standard_normal((n, n_outputs)))


def _run(layer: Layer, training: bool, *arrays: Array) -> tuple[Arrays, Back]:
    """Go forwards and, when the second result is called, backwards.

    `arrays` are the inputs, the parameters, the state, the noise and the gradient of the
    outputs.
    """
    names, states = [*layer.parameters()], [*layer.state()]
    x, *rest, dy = arrays
    n_own = len(names) + len(states)
    own, kept, noise = rest[: len(names)], rest[len(names) : n_own], rest[n_own:]
    new: Params = ()
    if training:
        y, backward, new = layer.train(tuple(own), tuple(kept), x, *noise)
        assert len(new) == len(states), (
            f"train of {layer} returns {len(new)} states instead of {len(states)}"
        )
    else:
        y, backward = layer.forward((*own, *kept), x, *noise)

    def back() -> Arrays:
        dx, grads = backward(dy)
        assert len(grads) == len(names), (
            f"backward of {layer} returns {len(grads)} gradients for {len(names)} parameters"
        )
        found = {"dx": dx, **{f"d{name}": grad for name, grad in zip(names, grads)}}
        if type(layer).gradients is not Layer.gradients:
            alone = layer.gradients(x, dy)
            found |= {f"d{name} (alone)": grad for name, grad in zip(names, alone)}
        return found

    return {"y": y, **{f"new {name}": array for name, array in zip(states, new)}}, back


def _check_file(layer: Layer, tensors: list[np.ndarray], x: np.ndarray) -> None:
    """Check that a network of the layer gives the same after it was saved and loaded."""
    model = Sequential([layer], dtype="float64", backend="numpy")
    model.set_tensors(dict(zip(model.tensors(), tensors)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        model.save(path)
        again = load(path, backend="numpy")
    outputs, wanted = again.predict(x), model.predict(x)
    assert_close(f"{layer}: y after saving and loading", model.backend, outputs, wanted, 0.0)
