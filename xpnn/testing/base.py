"""What the checks share: running on each backend, and comparing what came out."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..backend import HOST, Array, Backend, available_backends, resolve
from ..calculus import gradient
from ..naming import check_described, describe, make
from ..sequential import Sequential
from ..serialization import load
from .traced import check_traced

__all__ = [
    "Arrays",
    "Back",
    "assert_close",
    "assert_kind",
    "check_at_work",
    "check_description",
    "check_passes",
    "on_each_backend",
    "rounding",
]

Arrays = dict[str, Array]
Back = Callable[[], Arrays]

DELTA = 1e-5
"""The step of the finite differences: rounding and curvature then weigh about the same."""

GRADIENT_TOLERANCE = 1e-6
"""What finite differences in float64 can be off, as a part of the largest entry, or of 1."""


def on_each_backend(
    what: str,
    backends: Sequence[str | Backend] | None,
    check: Callable[[str, Backend, str], Arrays],
    check_once: Callable[[], None] = lambda: None,
) -> None:
    """Run a check on each backend in both dtypes, and compare what it computes there.

    Parameters
    ----------
    what : str
        What is checked, for messages.
    backends : sequence of str or Backend, optional
        Where to check; by default on every backend that is usable here.
    check : callable
        ``check(where, backend, dtype)`` returns named arrays, which must be those of the
        first backend in float64 to rounding.  Where a device has no float64 they are compared
        in float32, and NumPy comes first if no backend has it.
    check_once : callable, optional
        What else to check, where the first backend has found nothing.
    """
    reference: dict[str, np.ndarray] | None = None
    places = sorted(_usable(backends), key=lambda backend: not backend.has_float64)
    if places and not places[0].has_float64:
        places.insert(0, resolve(HOST))
    for i, backend in enumerate(places):
        if i == 1:
            check_once()
        for dtype in ("float64", "float32") if backend.has_float64 else ("float32",):
            with backend.activate_for(dtype):
                where = f"{what} on {backend.name} in {dtype}"
                try:
                    found = check(where, backend, dtype)
                except AssertionError:
                    raise
                except Exception as error:
                    raise AssertionError(f"{where}: {type(error).__name__}: {error}") from error
                if reference is None:
                    reference = {
                        name: np.array(backend.to_numpy(array)) for name, array in found.items()
                    }
                for name, array in found.items():
                    label = f"{where}: {name}, beside the first backend's"
                    assert_close(label, backend, array, reference[name], rounding(dtype))
    if len(places) < 2:
        check_once()


def check_passes(
    what: str,
    run: Callable[..., tuple[Arrays, Back]],
    total: Callable[..., Array],
    differentiated: list[str],
    arrays: list[np.ndarray],
    backends: Sequence[str | Backend] | None,
    shapes: dict[str, tuple[int, ...]],
) -> None:
    """Check a forward and a backward pass on each backend.

    Parameters
    ----------
    what : str
        What is checked, for messages.
    run : callable
        ``run(*arrays)`` returns named outputs, and a function that returns named gradients.
    total : callable
        ``total(*arrays)`` is the number, of shape (), whose gradients these are.
    differentiated : list of str
        The names of the first entries of `arrays`, those with gradients.
    arrays : list of numpy.ndarray
        What to check with.
    backends : sequence of str or Backend, optional
        Where to check; by default on every backend that is usable here.
    shapes : dict
        The shapes that outputs must have, by name; a gradient has that of its array.
    """

    def whole(*arrays: Array) -> Arrays:
        outputs, back = run(*arrays)
        return outputs | back()

    def check(where: str, backend: Backend, dtype: str) -> Arrays:
        placed = [
            backend.asarray(a, dtype if a.dtype.kind == "f" else None, copy=True)
            for a in arrays
        ]
        before = [np.array(backend.to_numpy(a)) for a in placed]
        found, repeated = whole(*placed), whole(*placed)
        compiled = backend.compile(whole)(*placed)
        for i, (array, old) in enumerate(zip(placed, before)):
            name = differentiated[i] if i < len(differentiated) else f"argument {i}"
            assert_close(f"{where}: {name} was changed", backend, array, old, 0.0)
        wanted = dict(shapes)
        for name, array in zip(differentiated, arrays):
            wanted |= {grad: array.shape for grad in found if grad.startswith(f"d{name}")}
        for name, array in found.items():
            assert_kind(f"{where}: {name}", backend, array, dtype, wanted[name])
            label = f"{where}: {name}, the second time"
            assert_close(label, backend, repeated[name], array, 0.0)
            label = f"{where}: {name}, compiled"
            assert_close(label, backend, compiled[name], array, rounding(dtype))
        if dtype == "float64":
            _check_gradients(where, backend, total, differentiated, placed, found)
        return found

    on_each_backend(what, backends, check, partial(check_traced, what, whole, arrays))


def _check_gradients(
    where: str,
    backend: Backend,
    total: Callable[..., Array],
    differentiated: list[str],
    placed: list[Array],
    found: Arrays,
) -> None:
    """Compare gradients with central differences."""
    total = backend.compile(total)  # each entry of each array takes two calls
    for i, name in enumerate(differentiated):

        def along(array: Array, i: int = i) -> Array:
            return total(*placed[:i], array, *placed[i + 1 :])

        numerical = backend.to_numpy(gradient(along, placed[i], DELTA))
        for grad in (f"d{name}", f"d{name} (alone)"):
            if grad in found:
                label = f"{where}: {grad}, beside central differences"
                assert_close(label, backend, found[grad], numerical, GRADIENT_TOLERANCE)


def check_at_work(
    what: str,
    network: Callable[[str, Backend], Sequential],
    x: np.ndarray,
    y: np.ndarray,
    backends: Sequence[str | Backend] | None,
) -> None:
    """Check that a small network trains, on the first backend, and comes back from a file.

    Parameters
    ----------
    what : str
        What is checked, for messages.
    network : callable
        ``network(dtype, backend)`` returns a network, compiled.
    x, y : numpy.ndarray
        What it is to learn.
    backends : sequence of str or Backend, optional
        As in `check_layer`.
    """
    backend = _usable(backends)[0] if backends else resolve("numpy")
    if x.shape[0] == 1:  # a batch of one row is not for every layer
        x, y = np.concatenate([x, x[:, ::-1]]), np.concatenate([y, y])
    for dtype in ("float64", "float32"):
        where = f"{what} in a network on {backend.name} in {dtype}"
        try:
            model = network(dtype, backend)
            model.fit(x, y, epochs=2, batch_size=None, verbose=False)
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "model.safetensors"
                model.save(path)
                again = load(path, backend=backend)
            outputs, wanted = again.forward(x), model.forward(x)
        except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError) as error:
            raise AssertionError(f"{where}: {type(error).__name__}: {error}") from error
        label = f"{where}: y after saving and loading"
        assert_close(label, backend, outputs, wanted, 0.0)


def check_description(thing: Any, classes: dict[str, Any], kind: str) -> None:
    """Check that a model file can hold a layer, loss or optimizer."""
    try:
        check_described(thing, kind)
    except TypeError as error:
        raise AssertionError(
            f"{thing} is not the same after saving and loading: {error}"
        ) from None
    text = json.dumps(describe(thing))
    again = make(json.loads(text), classes, kind)
    assert describe(again) == describe(thing), f"{thing} comes back from a file as {again}"


def _usable(backends: Sequence[str | Backend] | None) -> list[Backend]:
    """Return the backends that are named, or all that can run here.

    Where no device is named, it is a second one, if the library has any.
    """
    if backends is None:
        backends = [info.name for info in available_backends() if info.usable]
        backends = sorted(backends, key=lambda name: name != "numpy")  # always there: first
    return [
        b if not isinstance(b, str) else resolve(b) if ":" in b else resolve(b).elsewhere()
        for b in (f"{b.removesuffix('!')}!" if isinstance(b, str) else b for b in backends)
    ]


def rounding(dtype: str) -> float:
    """Return how far apart two ways of summing may end, as a part of the largest entry."""
    return 1e4 * float(np.finfo(dtype).eps)


def assert_kind(
    name: str, backend: Backend, array: Array, dtype: str, shape: tuple[int, ...]
) -> None:
    """Check that an array is the backend's, of a dtype and a shape."""
    assert backend.owns(array) or not math.prod(shape), (
        f"{name} is a {type(array).__name__}, not an array of {backend.name}"
    )
    assert array.dtype == backend.dtype(dtype), (
        f"{name} has the dtype {array.dtype}, not {dtype}"
    )
    assert tuple(array.shape) == shape, (
        f"{name} has the shape {tuple(array.shape)}, not {shape}"
    )


def assert_close(
    name: str, backend: Backend, actual: Array, wanted: Any, tolerance: float
) -> None:
    """Check that an array is another one but for a part, `tolerance`, of the largest entry."""
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
