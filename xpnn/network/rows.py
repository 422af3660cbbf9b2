"""Rows on their way into a network and out of it: checked and placed once, at the door."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..backend import Array, Backend, array_namespace, backend_of, device_of, is_array, to_host
from ..checks import about, check_codes, check_rows
from ..data import check_sample_weight
from ..data.sources import Held, Source, inputs, source_of, targets
from ..data.streams import all_rows, pieces_of
from ..losses import Heads, Loss
from ..metrics import Metric
from .compiled import Compiled

__all__ = ["beside", "place_inputs", "place_targets", "place_weight", "weigh_targets"]


def place_inputs(
    backend: Backend,
    dtype: str,
    X: Any,
    n_inputs: int | None,
    codes: Callable[[int], Mapping[int, int]],
    name: str = "X",
    multiplies: bool = False,
) -> Array | Source:
    """Check inputs and place them on a backend.

    Parameters
    ----------
    backend, dtype
        Those of the network.
    X : array_like or row source of shape (n, n_features)
        Finite numbers of any library.
    n_inputs : int or None
        How many features the network takes; None is any number.
    codes : callable
        From a number of features to those that hold codes; see `Layer.codes`.
    name : str
        What an error calls them.
    multiplies : bool
        Whether the first layer only multiplies them, so that they may be sparse there.

    Returns
    -------
    array or Source of shape (n, n_features)
        On the backend; or what is checked when it comes, on the host.

    Raises
    ------
    TypeError, ValueError
        If `X` is none of the above.
    """
    x: Array = None
    try:
        source = source_of(X)
        if source is None:
            x = backend.place_inputs(X, dtype)
            check_rows(name, x, backend)
    except Exception as error:
        if x is None and isinstance(error, TypeError | ValueError):
            raise about(name, error) from None
        if not isinstance(error, TypeError | ValueError):
            _check_plain(name, X, backend)
        raise
    if source is not None:
        from ..data.sparse import Sparse

        if isinstance(source, Sparse):
            from ..data.sparse_inputs import sparse_inputs

            multiplies = multiplies and backend.multiplies_sparse
            x = sparse_inputs(source, dtype, name, codes, multiplies)
        else:
            x = inputs(source, dtype, name, codes)
    if n_inputs is not None and x.shape[1] != n_inputs:
        raise ValueError(
            f"{name} must have {n_inputs} features, as the first layer takes, got the shape "
            f"{tuple(x.shape)}"
        )
    if source is None and (of_codes := codes(x.shape[1])):
        check_codes(name, x, of_codes)
    return x


def place_targets(
    backend: Backend,
    dtype: str,
    y: Any,
    x: Array | Source,
    n_outputs: Callable[[], int],
    loss: Loss,
    name: str = "y",
) -> Array | Source:
    """Check targets, place them on a backend, and make them fit the loss.

    Parameters
    ----------
    backend, dtype
        Those of the network.
    y : array_like or row source of shape (n,) or (n, n_outputs)
        The targets, as the loss takes them.
    x : array or Source of n rows
        The inputs, placed.
    n_outputs : callable
        It returns the number of the network's outputs.
    loss : Loss
        What they are for.
    name : str
        What an error calls them.

    Returns
    -------
    array of n rows, or Source
        On the backend; a source, of rows on the host, where the inputs are one.

    Raises
    ------
    TypeError, ValueError
        If `y` is none of the above.
    """
    if y is None:
        raise TypeError(
            f"{name} is missing: expected numbers, the targets that {loss} takes; where inputs "
            "are to be given back, they are their own: fit(X, X)"
        )
    comes = isinstance(x, Source)
    if isinstance(y, Mapping) and isinstance(loss, Heads):
        y = _side_by_side(y, x.shape[0], n_outputs(), loss, dtype, name)
    try:
        source = source_of(y)
        if source is None:  # what comes from the host is checked there
            is_there = backend.owns(y) and not comes
            given = backend.asarray(backend.plain(y)) if is_there else to_host(y)
    except (TypeError, ValueError) as error:
        raise about(name, error) from None
    if source is not None:
        # those in parts can't follow inputs that come in any order; they are few numbers
        follows = comes and (x.parts is not None or getattr(source, "parts", None) is None)
        given = source if follows else all_rows(source, name)
    if len(given.shape) == 0 or given.shape[0] != x.shape[0]:
        raise ValueError(
            f"{name} must have as many rows as the inputs, {x.shape[0]}, got the shape "
            f"{tuple(given.shape)}"
        )

    def prepared(rows: Array) -> Array:
        wanted = backend.dtype(dtype) if backend.owns(rows) else np.dtype(dtype)
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is found
            return loss.prepare(rows, n_outputs(), wanted, name)

    if given is source:
        return targets(source, prepared, name)
    return Held(prepared(given)) if comes else backend.asarray(prepared(given))


def _side_by_side(
    y: Mapping[str, Any], n: int, n_outputs: int, loss: Heads, dtype: str, name: str
) -> np.ndarray:
    """Return the targets of several heads as one array, with a column for each output."""
    targets = {}
    for head, given in y.items():
        try:
            targets[head] = to_host(given)
        except (TypeError, ValueError) as error:
            raise about(f"{name}[{head!r}]", error) from None
        if targets[head].shape[:1] != (n,):
            raise ValueError(
                f"{name}[{head!r}] must have as many rows as the inputs, {n}, got the shape "
                f"{targets[head].shape}"
            )
    with np.errstate(over="ignore"):  # as in `place_targets`
        rows: np.ndarray = loss.prepare(targets, n_outputs, np.dtype(dtype), name)
    return rows


def place_weight(
    dtype: str,
    weight: Any,
    n: int,
    metrics: Sequence[Metric],
    name: str = "sample_weight",
    all_may_be_0: bool = False,
) -> np.ndarray | None:
    """Check the weights of samples that are to be measured.

    Parameters
    ----------
    dtype : {"float32", "float64"}
        That of the network.
    weight : array_like of shape (n,), or None
        How much each sample counts, >= 0.
    n : int
        How many samples there are.
    metrics : sequence of Metric
        What is measured.
    name : str
        What an error calls them.
    all_may_be_0 : bool
        Whether these are a part of all samples.

    Returns
    -------
    numpy.ndarray of shape (n,), or None
        In the network's dtype, on the host.

    Raises
    ------
    TypeError, ValueError
        If they are none, or a metric can't weigh samples.
    """
    weights = check_sample_weight(weight, n, name, all_may_be_0)
    if weights is None:
        return None
    _check_weighing(metrics, name)
    with np.errstate(over="ignore"):
        weights = weights.astype(dtype)
    if not (np.isfinite(weights).all() and (all_may_be_0 or weights.any())):
        raise ValueError(f"{name} must hold numbers that {dtype} can hold, not all 0")
    return weights


def weigh_targets(
    compiled: Compiled,
    y: Array | Source,
    weight: np.ndarray | None,
    dtype: str = "float64",
    name: str = "y",
    all_may_be_0: bool = False,
) -> np.ndarray | None:
    """Return the weights of samples, 0 for those that the loss leaves out by their targets.

    Parameters
    ----------
    compiled : Compiled
        The loss, and the metrics that leave them out too.
    y : array or Source of n rows
        The targets, placed.
    weight : numpy.ndarray of shape (n,), or None
        The weights that were given.
    dtype : {"float32", "float64"}
        Of the weights where none were given.
    name : str
        What an error calls the targets.
    all_may_be_0 : bool
        Whether these are a part of all samples.

    Returns
    -------
    numpy.ndarray of shape (n,), or None
        As `weight`, which it is where the loss leaves out nothing.

    Raises
    ------
    ValueError
        If no sample is left, or a metric can't weigh samples.
    """
    loss = compiled.loss
    if not loss.leaves_out:
        return weight
    pieces = pieces_of(y) if isinstance(y, Source) else [y]
    counted = [loss.counted(piece) for piece in pieces]
    if any(part is None for part in counted):
        return weight
    _check_weighing(compiled.metrics, name)
    counts = np.concatenate([to_host(part) for part in counted])
    weights: np.ndarray = counts.astype(dtype) if weight is None else counts * weight
    if not (all_may_be_0 or weights.any()):
        raise ValueError(
            f"{name} must hold a row of some weight that {loss} does not leave out"
        )
    return weights


def _check_weighing(metrics: Sequence[Metric], name: str) -> None:
    """Check that metrics can weigh samples."""
    for metric in metrics:
        if not metric.takes_weights:
            raise ValueError(
                f"{name}: the metric {metric.name!r} can't weigh samples; a Metric whose "
                "measure takes a weight can"
            )


def _check_plain(name: str, X: Any, backend: Backend) -> None:
    """Say of an array of the backend's own what it is, if it can't be computed with.

    Raises
    ------
    TypeError
        If it can't.
    """
    if backend.owns(X):
        try:
            backend.plain(X)
        except TypeError as error:
            raise TypeError(f"{name}: {error}") from None


def beside(X: Any, y: Array, backend: Backend) -> Array:
    """Take an array of a backend to where `X` is: its library, and its device.

    Parameters
    ----------
    X : array_like
        What somebody gave.
    y : array
        What is given back.
    backend : Backend
        Where `y` is, or was computed, where it is NumPy's.

    Returns
    -------
    array
        The numbers of `y`; NumPy's where `X` is a list.  It shares no memory with `X`.
    """
    if isinstance(X, np.ndarray | np.generic) or not is_array(X):
        host = y if isinstance(y, np.ndarray) else backend.to_numpy(y)
        shared = isinstance(X, np.ndarray) and np.may_share_memory(host, X)
        return host.copy() if shared else host  # a layer may have handed X through
    if backend.owns(X) and device_of(X) == backend.device:
        return backend.asarray(y)
    host = y if isinstance(y, np.ndarray) else backend.to_numpy(y)
    try:
        return backend_of(X).asarray(host)  # which knows what the device can hold
    except TypeError:  # of a library without a backend
        return array_namespace(X).asarray(host, device=device_of(X))
