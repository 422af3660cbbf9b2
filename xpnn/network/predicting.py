"""The outputs of rows that come in any form, put together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any, Protocol

import numpy as np

from ..backend import Array, Backend, to_host
from ..data.sources import Source
from ..data.streams import first_rows, stream
from ..distributed.communicator import Communicator, check_same_rows, part_of
from .rows import beside

__all__ = ["predict"]


class Network(Protocol):
    """What is asked of a network that predicts; `xpnn.network.Network` has it."""

    backend: Backend

    @property
    def all_arrays(self) -> list[Array]:
        """Parameters and states."""

    def function(self, name: str) -> Callable[..., Any]:
        """Return a function of the arrays, compiled."""

    def place_inputs(self, X: Any) -> Array | Source:
        """Check inputs and place them on the backend."""

    def of_rows(self, name: str, x: Array, at_once: int) -> Array:
        """Compute outputs of placed inputs."""

    def rows_at_a_time(self, n_features: int) -> int:
        """Return how many rows go through the network together."""


def predict(
    network: Network,
    X: Any,
    batch_size: int | None,
    communicator: Communicator | None,
    rows: str,
) -> Array:
    """Check inputs and compute their outputs; as `Network.predict`, which tells of what.

    It is called in the context of the backend, by who is at the gate.
    """
    if communicator is not None and communicator.size > 1 and rows == "same":
        return beside(X, _together(network, X, batch_size, communicator), network.backend)
    x = network.place_inputs(X)
    y = _of_placed(network, x, batch_size)
    if isinstance(x, Source):
        return y
    if y is x:  # no layer made a new array, and this one may be the caller's
        y = network.backend.xp.asarray(y, copy=True)
    return beside(X, y, network.backend)


def _of_placed(network: Network, x: Array | Source, batch_size: int | None) -> Array:
    """Compute the outputs of placed inputs; those of a source on the host."""
    if isinstance(x, Source):
        n_rows = batch_size or network.rows_at_a_time(x.shape[1])
        with closing(stream(x, n_rows)) as pieces:
            placed = (network.backend.asarray(piece) for (piece,) in pieces)
            return np.concatenate(
                [to_host(_of_placed(network, piece, batch_size)) for piece in placed]
            )
    if x.shape[0] == 1:  # what is asked for most often, and by who waits for it
        return network.function("predict")(network.all_arrays, x)
    at_once = batch_size or network.rows_at_a_time(x.shape[1])
    return network.of_rows("predict", x, at_once)


def _together(
    network: Network, X: Any, batch_size: int | None, communicator: Communicator
) -> np.ndarray:
    """Compute a part of the outputs on each process, and return all of them."""
    own = None
    with communicator.together():
        x = network.place_inputs(X)
    check_same_rows(communicator, first_rows(x))
    with communicator.together():
        here = part_of(x.shape[0], communicator.rank, communicator.size)
        if here.stop > here.start:
            y = _of_placed(network, x[here, ...], batch_size)
            own = y if isinstance(y, np.ndarray) else network.backend.to_numpy(y)
    return np.concatenate([y for y in communicator.gather(own) if y is not None])
