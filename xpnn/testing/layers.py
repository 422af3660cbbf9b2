"""The check of layers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..backend import Array, Backend, array_namespace
from ..checks import check_integer
from ..initializers import draw
from ..layers import Dense
from ..layers.base import LAYERS, Layer, Params
from ..layers.holding import parameter_gradients
from ..optimizers import SGD
from ..sequential import Sequential
from ..serialization import load
from .base import Arrays, Back, assert_close, check_at_work, check_description, check_passes

__all__ = ["check_layer"]


def check_layer(
    layer: Layer,
    input_shape: tuple[int, int],
    *,
    inputs: Any = None,
    backends: Sequence[str | Backend] | None = None,
    seed: int = 0,
) -> None:
    """Check that a layer computes what it should, and the same everywhere.

    On each backend, in float32 and float64: shapes and dtypes are as declared, nothing
    that went in is changed, the same arguments give the same results, gradients equal
    central differences (float64), and all backends agree; a library with a second
    device is checked there (`Backend.elsewhere`).  A device without float64 is compared in
    float32 with the others, or with NumPy.  Nothing is asked of an array that it has
    not where a step is compiled.  Then a small network of the layer is compiled,
    trained for two steps in each dtype on the first backend, saved and loaded.

    Parameters
    ----------
    layer : Layer
        The layer.
    input_shape : (n, n_inputs)
        The shape of the inputs to check with, which are drawn from a normal distribution; but
        codes where the layer says that they are (`Layer.codes`).
    inputs : array_like of shape (n, n_inputs), optional
        The inputs themselves, for a layer that takes no others, as one of codes.
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
    if inputs is None:
        inputs = generator.standard_normal(input_shape)
        for column, count in layer.codes(n_inputs).items():
            inputs[:, column] = generator.integers(count, size=n)
    x = np.asarray(inputs, dtype=np.float64)
    if x.shape != tuple(input_shape):
        raise ValueError(f"inputs must have the shape {tuple(input_shape)}, got {x.shape}")
    given = _drawn(layer, x, generator)
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
    _check_network(layer, given, backends)


@dataclass(frozen=True)
class _Drawn:
    """What a layer is checked with."""

    x: np.ndarray
    params: dict[str, np.ndarray]
    state: dict[str, np.ndarray]
    noise: tuple[np.ndarray, ...]
    dy: np.ndarray


def _drawn(layer: Layer, x: np.ndarray, generator: np.random.Generator) -> _Drawn:
    """Draw parameters, state and noise of a layer, and a gradient of its outputs."""
    params = {
        name: draw(p.initializer, generator, p.shape) for name, p in layer.parameters().items()
    }
    # as training may have left it: not the first value, but no less
    state = {
        name: draw(p.initializer, generator, p.shape) + generator.uniform(0, 1, p.shape)
        for name, p in layer.state().items()
    }
    n, n_inputs = x.shape
    noise = layer.draw(generator, (n, n_inputs))
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
    shape, wanted = tuple(getattr(y, "shape", ())), tuple(dy.shape)
    assert shape == wanted, (
        f"{layer}: y has the shape {shape}, not {wanted}, as output_size says"
    )

    def back() -> Arrays:
        dx, grads = backward(dy)
        assert len(grads) == len(names), (
            f"backward of {layer} returns {len(grads)} gradients for {len(names)} parameters"
        )
        found = {"dx": dx, **{f"d{name}": grad for name, grad in zip(names, grads)}}
        alone = parameter_gradients(layer, x, backward, dy)
        found |= {f"d{name} (alone)": grad for name, grad in zip(names, alone)}
        missing = [name for name, p in layer.parameters().items() if p.trainable]
        missing = [name for name in missing if found[f"d{name}"] is None]
        assert not missing, f"backward of {layer} returns None for {missing}, to be trained"
        return {name: grad for name, grad in found.items() if grad is not None}

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


def _check_network(
    layer: Layer, given: _Drawn, backends: Sequence[str | Backend] | None
) -> None:
    """Check that a network of the layer and one more trains."""
    n_outputs = given.dy.shape[1]

    def network(dtype: str, backend: Backend) -> Sequential:
        layers = [layer, Dense(n_outputs, 2)]
        model = Sequential(layers, seed=0, dtype=dtype, backend=backend)
        return model.compile("mean_squared_error", SGD(1e-3))

    y = given.dy[:, :1] * np.array([0.1, -0.1])
    check_at_work(str(layer), network, given.x, y, backends)
