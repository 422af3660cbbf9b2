"""What is measured of rows, put together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from typing import Any, Protocol

import numpy as np

from ..backend import HOST, Array, Backend, find, to_host
from ..data import batch_slices
from ..data.sources import Source
from ..data.streams import stream
from ..distributed.communicator import Communicator, part_of
from ..layers.base import Layer
from ..metrics import Metric
from .compiled import Compiled
from .stack import Stack, fuse, is_ours
from .step import make_measure, make_measure_of_all

__all__ = ["measure"]

Part = tuple[np.ndarray, list[tuple[int, ...]], float]
"""What was measured of some rows: all numbers one after the other, the shape of each measure,
and how many rows they are, or what these weigh."""


class Network(Protocol):
    """What is asked of a network that is measured; `xpnn.network.Network` has it."""

    backend: Backend
    dtype: str
    layers: tuple[Layer, ...]
    stack: Stack
    parameter_arrays: list[Array]

    @property
    def all_arrays(self) -> list[Array]:
        """Parameters and states."""

    def require_compiled(self) -> Compiled:
        """Return how it is measured."""

    def function(self, name: str) -> Callable[..., Any]:
        """Return a function of the arrays, compiled."""

    def of_rows(self, name: str, x: Array, at_once: int) -> Array:
        """Compute outputs of placed inputs."""

    def rows_at_a_time(self, n_features: int) -> int:
        """Return how many rows go through the network together."""

    def multiplying(self, n_rows: int) -> AbstractContextManager[Any]:
        """Return a context to be in while so many do."""


def measure(
    network: Network,
    x: Array | Source,
    y: Array | Source,
    weight: np.ndarray | None,
    communicator: Communicator,
    rows: str,
) -> dict[str, Any]:
    """Measure a network's loss and metrics; as `Network.measure_rows`, which tells of what."""
    metrics = network.require_compiled().metrics
    on_host = network.backend.measures_on_host and _is_known(network)
    if rows == "same" and communicator.size > 1:
        here = part_of(x.shape[0], communicator.rank, communicator.size)
        x, y, weight = x[here, ...], y[here, ...], None if weight is None else weight[here]
    parts: list[Part] = []
    outputs = None
    of_rows = _on_host if on_host else _on_backend
    with communicator.together():
        if isinstance(x, Source):
            parts, outputs, y = _of_source(network, of_rows, x, y, weight)
        elif x.shape[0]:
            parts, outputs = of_rows(network, x, y, weight)
        needs_all = communicator.size > 1 and any(metric.of_all for metric in metrics)
        own = [a if a is None else to_host(a) for a in (outputs, y, weight) if needs_all]
    if communicator.size > 1:
        parts = [part for of_one in communicator.gather(parts) for part in of_one]
    if needs_all:
        outputs, y, weight = (_gathered(communicator, array) for array in own)
    wholes = [] if outputs is None else _of_all(network, on_host, outputs, y, weight)
    return joined(metrics, parts, wholes)


def _of_source(
    network: Network,
    of_rows: Callable[..., tuple[list[Part], Array | None]],
    x: Source,
    y: Source,
    weight: np.ndarray | None,
) -> tuple[list[Part], np.ndarray | None, np.ndarray | None]:
    """Measure rows of a source piece by piece; return outputs that are needed, and targets."""
    asarray = network.backend.asarray
    parts: list[Part] = []
    outputs, targets = [], []
    with closing(stream(x, network.rows_at_a_time(x.shape[1]), y, weight)) as pieces:
        for x_piece, y_piece, weights in pieces:
            measured, given = of_rows(network, asarray(x_piece), asarray(y_piece), weights)
            parts.extend(measured)
            if given is not None:
                outputs.append(to_host(given))
                targets.append(y_piece)
    if not outputs:
        return parts, None, None
    return parts, np.concatenate(outputs), np.concatenate(targets)


def _gathered(communicator: Communicator, array: np.ndarray | None) -> np.ndarray | None:
    """Return an array with the rows of all processes; some may have none."""
    of_all = [part for part in communicator.gather(array) if part is not None]
    return np.concatenate(of_all) if of_all else None


def _is_known(network: Network) -> bool:
    """Whether all that is measured, and of what, is computed as xpnn does."""
    compiled = network.require_compiled()
    return network.stack.rows_apart and is_ours((compiled.loss, compiled.metrics))


def _on_backend(
    network: Network, x: Array, y: Array, weight: np.ndarray | None
) -> tuple[list[Part], Array | None]:
    """Measure rows as many at a time as memory holds; and return outputs that are needed."""
    measure_part, backend = network.function("measure"), network.backend
    parts: list[Part] = []
    outputs = []
    placed = None if weight is None else backend.asarray(weight)
    for part in batch_slices(x.shape[0], network.rows_at_a_time(x.shape[1])):
        x_part = x[part, ...]
        w = () if placed is None else (placed[part],)
        with network.multiplying(x_part.shape[0]):
            measures, predictions = measure_part(network.all_arrays, x_part, y[part, ...], *w)
        shapes = [one.shape for one in measures]
        of_part = x_part.shape[0] if weight is None else np.sum(weight[part], dtype=float)
        parts.append((backend.read(list(measures)), shapes, float(of_part)))
        outputs.append(predictions)
    return parts, None if outputs[0] is None else backend.xp.concat(outputs)


def _on_host(
    network: Network, x: Array, y: Array, weight: np.ndarray | None
) -> tuple[list[Part], np.ndarray | None]:
    """Measure rows on the host, by their outputs."""
    to_numpy, host = network.backend.to_numpy, find(HOST)
    outputs = network.of_rows("to_measure", x, network.rows_at_a_time(x.shape[1]))
    outputs = outputs if isinstance(outputs, np.ndarray) else to_numpy(outputs)
    stack, criterion = fuse(network.layers, network.require_compiled().loss)
    params = [to_numpy(p) for p in network.parameter_arrays] if stack.penalties else []
    metrics = network.require_compiled().metrics
    behind = Stack((), stack.head)  # nothing is left to go through
    with host.activate():
        (loss, *measures), of_all = make_measure(behind, criterion, metrics)(
            (), outputs, to_numpy(y), weight
        )
        measures = [stack.penalise(params, loss), *measures]
        shapes = [one.shape for one in measures]
        count = x.shape[0] if weight is None else np.sum(weight, dtype=float)
        return [(host.read(measures), shapes, float(count))], of_all


def _of_all(
    network: Network, on_host: bool, outputs: Array, y: Array, weight: np.ndarray | None
) -> list[np.ndarray]:
    """Measure what needs the outputs of all rows."""
    if on_host:
        backend, y = find(HOST), to_host(y)
        stack, criterion = fuse(network.layers, network.require_compiled().loss)
        metrics = network.require_compiled().metrics
        of_all = make_measure_of_all(Stack((), stack.head), criterion, metrics)
    else:
        backend, of_all = network.backend, network.function("measure_all")
        outputs, y = backend.asarray(outputs), backend.asarray(y)
    weights = {} if weight is None else {"weight": backend.asarray(weight)}
    with backend.activate():
        return [backend.read([whole]) for whole in of_all(outputs, y, **weights)]


def joined(
    metrics: Sequence[Metric], parts: Sequence[Part], of_all: Sequence[np.ndarray]
) -> dict[str, Any]:
    """Return the loss and each metric of all rows.

    Parameters
    ----------
    metrics : sequence of Metric
        What was measured beside the loss.
    parts : sequence of Part
        What was measured of some rows after the others.
    of_all : sequence of numpy.ndarray
        What metrics measured that need all rows.

    Returns
    -------
    dict of str to float or numpy.ndarray
        ``"loss"`` and each metric by its name.
    """
    numbers, shapes, counts = zip(*parts)
    rows = np.array(counts, dtype=np.float64)
    ends = np.cumsum([math.prod(shape) for shape in shapes[0]])
    losses, *columns = np.split(np.stack(numbers), ends[:-1], axis=1)  # (n_parts, w)
    values: dict[str, Any] = {"loss": float(sum(losses[:, 0] * rows) / sum(rows))}
    wholes = [*of_all]
    for metric in metrics:
        if metric.of_all:
            value = metric.result(wholes.pop(0)[None, :], np.array([sum(rows)]))
        else:
            value = metric.result(columns.pop(0), rows)
        values[metric.name] = float(value) if metric.is_number else value
    return values
