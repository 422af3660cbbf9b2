"""The comparison itself: each layer on each backend, beside the first backend's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from ..backend import Backend, resolve
from ..checks import check_number
from ..data.streams import all_rows
from ..network import Network
from .parts import Comparison, Part
from .rounding import allowed_differences
from .walk import LOSS, Key, Run

__all__ = ["compare_backends"]


def compare_backends(
    model: Network,
    X: Any,
    y: Any,
    backends: Sequence[str | Backend],
    *,
    tolerance: float | None = None,
) -> Comparison:
    """Print, layer by layer, where backends differ by more than rounding.

    The network is run forwards and backwards on each backend as `Sequential.gradients` does:
    with the penalties of its parameters, with nothing dropped out, and with the running
    statistics of batch normalisation.  Each layer is given the first backend's numbers, so
    that only those that are to blame differ.

    Parameters
    ----------
    model : Sequential
        The network, compiled; it stays as it is, where it is.
    X : array_like of shape (n, n_features)
        Inputs.  Some hundred rows are enough; the more there are, the more of a difference
        of a parameter's gradient can be rounding.
    y : array_like of shape (n,) or (n, n_outputs)
        The targets, as the loss takes them.
    backends : sequence of str or Backend
        Two or more, as in `xpnn.set_backend`.  All must be usable: there is no fallback.
    tolerance : float, optional
        How far entries may be apart, > 0, as a part of the magnitude of what is summed; by
        default (n + 16) eps, where n is how many numbers are (`xpnn.comparison` tells why).
        Beside a device that has no float64 it is the eps of float32.

    Returns
    -------
    Comparison
        What is printed, for programs.

    Raises
    ------
    BackendUnavailableError
        If a backend can't run here.
    RuntimeError
        If the model is not compiled.
    TypeError, ValueError
        If an argument is none of the above.
    """
    if isinstance(backends, str) or not isinstance(backends, Sequence) or len(backends) < 2:
        raise ValueError(f"backends must be a list of two backends or more, got {backends!r}")
    if tolerance is not None:
        check_number("tolerance", tolerance, above=0)
    places = [
        resolve(f"{b.strip().removesuffix('!')}!" if isinstance(b, str) else b)
        for b in backends
    ]
    model.require_compiled()
    with model.gate, model.backend.activate_for(model.dtype):
        placed = model.place_inputs(all_rows(X, "X"))
        targets = model.backend.to_numpy(model.place_targets(y, placed))
        x = model.backend.to_numpy(model.backend.asarray(placed, model.dtype))
        runs = [Run(model, place, targets) for place in places]
    first = runs[0].walk(x)

    @cache
    def allowed_in(dtype: str) -> dict[Key, float]:
        return allowed_differences(runs[0], x, first, dtype, tolerance)

    parts: list[Part] = []
    for run in runs[1:]:
        precise = run.backend.has_float64 and runs[0].backend.has_float64
        allowed = allowed_in(model.dtype if precise else "float32")
        alone = run.walk(x, first)
        arrays = alone.arrays
        whole = all(arrays[key].shape == array.shape for key, array in first.arrays.items())
        own = run.walk(x) if whole else alone  # there is no way on from a wrong shape
        parts += [
            _part(run, key, reference, arrays[key], own.arrays[key], allowed[key])
            for key, reference in first.arrays.items()
        ]
    specs = [place.spec for place in places]
    result = Comparison(specs[0], tuple(specs[1:]), model.dtype, tuple(parts))
    print(result)
    return result


def _part(
    run: Run,
    key: Key,
    reference: np.ndarray,
    alone: np.ndarray,
    own: np.ndarray,
    allowed: float,
) -> Part:
    """Compare one array."""
    called, what = key
    if called is None:
        name = what if what == LOSS else "loss: gradient of its inputs"
    else:
        name = f"{called} {run.layers[called.partition(' ')[0]].title}: {what}"
    apart = _apart(alone, reference)
    flat = int(np.argmax(apart)) if apart.size else 0
    place = tuple(int(i) for i in np.unravel_index(flat, apart.shape)) if apart.size else ()
    same = alone.shape == reference.shape and apart.size > 0
    return Part(
        backend=run.backend.spec,
        layer=None if called is None else int(called.partition(".")[0].partition(" ")[0]),
        name=name,
        shape=reference.shape,
        difference=float(np.max(apart, initial=0.0)),
        allowed=allowed,
        place=place,
        value=float(alone[place]) if same else math.nan,
        reference=float(reference[place]) if same else math.nan,
        accumulated=float(np.max(_apart(own, reference), initial=0.0)),
    )


def _apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return how far entries are apart; what is no number on one side only, infinitely."""
    if a.shape != b.shape:
        return np.array(math.inf)
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore"):
        apart = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
    return np.where(np.isnan(apart), math.inf, apart)
