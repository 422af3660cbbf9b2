"""A network: layers with their arrays, and what is computed with rows of data.

It takes rows in and gives outputs, gradients and measures.  It knows nothing of `fit`, and
nothing of files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..checks import check_integer
from ..data.sources import Source
from ..data.streams import all_rows, first_rows
from ..distributed import Communicator
from ..distributed.communicator import ALONE, check_rows_of, check_same_rows
from ..history import History
from ..keywords import helpful
from ..layers.base import Layer
from ..losses import Heads
from .arrays import PlacedLayers
from .compiled import Compiled, not_compiled
from .measuring import measure
from .predicting import predict
from .rows import beside, place_inputs, place_targets, place_weight, weigh_targets
from .stack import fuse
from .step import make_gradients, make_measure, make_measure_of_all

__all__ = ["Network"]

PREDICT_NUMBERS = 1 << 22
"""About how many numbers one layer's outputs may hold when predicting a part of the rows."""


class Network(PlacedLayers):
    """A network, as `xpnn.network.arrays.PlacedLayers` makes and moves it.

    Attributes
    ----------
    compiled : Compiled or None
        How it is trained and measured, where that was chosen.
    history : History or None
        What its last training measured, also when that was interrupted.
    """

    def _describe(self, layers: Sequence[Layer], dtype: Any, backend: Any) -> None:
        super()._describe(layers, dtype, backend)
        self.compiled: Compiled | None = None
        self.history: History | None = None
        self._functions: dict[str, Callable[..., Any]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_functions": {}}  # compiled ones are made again

    def __setstate__(self, values: dict[str, Any]) -> None:
        super().__setstate__(values)
        if self.compiled is not None:  # names of an older version
            self.compiled = self.compiled.for_outputs(self.link_sizes()[-1])

    def place(self, backend: Backend) -> None:
        """Put the arrays on a backend, as arrays of their own."""
        super().place(backend)
        self._functions = {}

    def choose(self, loss: Any, *how: Any) -> None:
        """Check how the network is to be trained and measured, and choose it.

        Parameters
        ----------
        loss, *how
            As `Compiled.checked` takes them.

        Raises
        ------
        TypeError, ValueError
            As there, or if the network can't learn it; see `xpnn.network.goals`.
        """
        from .goals import check_goal

        compiled = Compiled.checked(loss, *how)
        check_goal(self.links, self.link_sizes(), compiled.loss)
        self.use(compiled)

    def use(self, compiled: Compiled) -> None:
        """Choose how the network is trained and measured, with a loss that `fuse` takes."""
        with self.gate.changing():
            self.compiled = compiled.for_outputs(self.link_sizes()[-1])
            self._functions = {}

    def require_compiled(self) -> Compiled:
        """Return how the network is trained and measured.

        Raises
        ------
        RuntimeError
            If that was not chosen yet.
        """
        if self.compiled is None:
            raise not_compiled()
        return self.compiled

    def function(self, name: str) -> Callable[..., Any]:
        """Return a function of the arrays, compiled by the backend at its first use."""
        if name not in self._functions:
            self._functions[name] = self.backend.compile(self._make(name))
        return self._functions[name]

    def _find_one_row(self) -> Callable[..., Any]:
        """Return what computes one row at once; of nothing, where the backend has none."""
        found, n = None, self.n_inputs
        if n is not None and not self.codes(n):  # else there is more to look at
            found = self.backend.one_row(self.stack, self.dtype, n)
        one_row = found or (lambda arrays, x: None)
        self._functions["one_row"] = one_row
        return one_row

    def _make(self, name: str) -> Callable[..., Any]:
        if name == "predict":
            return self.stack.predict
        compiled = self.require_compiled()
        stack, criterion = fuse(self.layers, compiled.loss)
        if name == "to_measure":
            return stack.predict
        if name == "gradients":
            return make_gradients(stack, criterion)
        if name == "measure":
            return make_measure(stack, criterion, compiled.metrics)
        return make_measure_of_all(stack, criterion, compiled.metrics)

    # ------------------------------------------------------------------- rows in use

    def place_inputs(self, X: Any, name: str = "X") -> Array | Source:
        """Check inputs and place them on the backend; see `place_inputs`."""
        where = self.backend, self.dtype
        return place_inputs(*where, X, self.n_inputs, self.codes, name, self.stack.multiplies)

    def place_targets(self, y: Any, x: Array | Source, name: str = "y") -> Array | Source:
        """Check the targets of placed inputs, and place them; see `place_targets`."""
        outputs = partial(self.n_outputs, x.shape[1])
        loss = self.require_compiled().loss
        return place_targets(self.backend, self.dtype, y, x, outputs, loss, name)

    def place_weight(
        self,
        weight: Any,
        x: Array,
        name: str = "sample_weight",
        all_may_be_0: bool = False,
    ) -> np.ndarray | None:
        """Check the weights by which placed inputs are to be measured; see `place_weight`."""
        metrics = self.require_compiled().metrics
        return place_weight(self.dtype, weight, x.shape[0], metrics, name, all_may_be_0)

    def of_rows(self, name: str, x: Array, at_once: int) -> Array:
        """Compute outputs of placed inputs by a function that goes forwards."""
        function = partial(self.function(name), self.all_arrays)
        with self.multiplying(min(at_once, x.shape[0])):
            return self.backend.map_rows(function, x, at_once, self.stack.rows_apart)

    def multiplying(self, n_rows: int) -> AbstractContextManager[Any]:
        """Return a context to be in while so many rows go through the layers together."""
        # a row meets each number of a parameter once
        largest = max((math.prod(p.shape) for p in self.parameter_arrays), default=0)
        return self.backend.threads_for(n_rows * largest)

    def rows_at_a_time(self, n_features: int) -> int:
        """Return how many rows go through the network together, to bound memory."""
        widest = max(size or 1 for size in self.link_sizes(n_features))
        return max(1, PREDICT_NUMBERS // widest)

    def predict(
        self,
        X: Any,
        *,
        batch_size: int | None = None,
        communicator: Communicator | None = None,
        rows: str = "same",
    ) -> Array:
        """Compute the network's outputs.

        Parameters
        ----------
        X : array_like or row source of shape (n, n_features)
            The inputs.
        batch_size : int, optional
            How many rows go through the network at a time; by default as many as keep
            memory bounded.
        communicator : Communicator, optional
            The processes that predict together.
        rows : {"same", "own"}
            Whether each process is given all rows, computes a part and returns all outputs, or
            is given its own, and returns the outputs of these.

        Returns
        -------
        array of shape (n, n_outputs)
            Of the library, and on the device, that `X` is of; NumPy for lists and sources.
            Of a network whose loss is `Heads`, a dict of such arrays by the heads' names.

        Raises
        ------
        TypeError, ValueError
            If `X` or `batch_size` is none of the above.
        """
        if batch_size is not None:
            batch_size = check_integer("batch_size", batch_size, at_least=1)
        check_rows_of(rows)
        with self.gate:
            if communicator is None:
                one_row = self._functions.get("one_row") or self._find_one_row()
                if (y := one_row(self.all_arrays, X)) is not None:
                    return self._by_head(beside(X, y, self.backend))
            with self.backend.activate_for(self.dtype):
                return self._by_head(predict(self, X, batch_size, communicator, rows))

    def _by_head(self, y: Array) -> Any:
        """Return outputs by the names of the heads, where there are some."""
        if self.compiled is None or not isinstance(self.compiled.loss, Heads):
            return y
        return {head.name: y[:, head.columns] for head in self.compiled.loss}

    def _placed_whole(self, X: Any) -> Array:
        """Check inputs and place them, also those of a source."""
        return self.place_inputs(all_rows(X, "X"))

    def forward(self, X: Any) -> Array:
        """Compute the network's outputs on the model's backend.

        Parameters
        ----------
        X : array_like of shape (n, n_features)
            The inputs.

        Returns
        -------
        array of shape (n, n_outputs)
            An array of the model's backend; nothing is dropped out.
        """
        with self.gate, self.backend.activate_for(self.dtype):
            x = self._placed_whole(X)
            at_once = 2 * x.shape[0]  # all, and as many more as a backend may fill them up with
            return self.backend.asarray(self.of_rows("predict", x, at_once))

    def layer_outputs(self, X: Any, layer: int) -> Array:
        """Compute the outputs of a layer on the model's backend.

        Parameters
        ----------
        X : array_like of shape (n, n_features)
            The network's inputs.
        layer : int
            The layer's number, counted from 0.

        Returns
        -------
        array of shape (n, n_outputs of the layer)
            An array of the model's backend; nothing is dropped out.
        """
        with self.gate, self.backend.activate_for(self.dtype):
            x = self._placed_whole(X)
            arrays = self.stack.split(self.all_arrays)
            for (name, one), arrays_of_one in zip(self.links.items(), arrays):
                if int(name.partition(".")[0]) <= layer:
                    x, _ = one.forward(arrays_of_one, x)
            return x

    @helpful
    def gradients(self, X: Any, y: Any) -> tuple[float, list[Array]]:
        """Compute the loss and its gradient with respect to each parameter.

        Parameters
        ----------
        X : array_like of shape (n, n_features)
            The inputs.
        y : array_like of shape (n,) or (n, n_outputs)
            The targets, as the loss takes them.

        Returns
        -------
        loss : float
            The mean loss.
        grads : list of array
            In the order and shapes of `parameters`; nothing is dropped out.
        """
        self.require_compiled()
        with self.gate, self.backend.activate_for(self.dtype):
            x = self._placed_whole(X)
            targets = self.place_targets(y, x)
            value, grads = self.function("gradients")(self.all_arrays, x, targets)
            return float(value), grads

    def measure_on(
        self,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        communicator: Communicator | None = None,
        rows: str = "same",
    ) -> Callable[[], dict[str, Any]]:
        """Return `Sequential.evaluate` for data that is checked and placed once.

        Parameters
        ----------
        X, y, sample_weight, communicator, rows
            As in `Sequential.evaluate`, which tells what is raised.

        Returns
        -------
        callable
            Without arguments; it measures the network with the parameters that it then
            has, as long as it stays on this backend.
        """
        compiled = self.require_compiled()
        check_rows_of(rows)
        together = (communicator or ALONE).together()
        with together, self.gate, self.backend.activate_for(self.dtype):
            x = self.place_inputs(X)
            targets = self.place_targets(y, x)
            is_part = rows == "own" and communicator is not None
            weight = self.place_weight(sample_weight, x, all_may_be_0=is_part)
            weight = weigh_targets(compiled, targets, weight, self.dtype, all_may_be_0=is_part)
        if communicator is not None and communicator.size > 1 and rows == "same":
            check_same_rows(communicator, *map(first_rows, (x, targets, weight)))

        def measure() -> dict[str, Any]:
            with self.gate, self.backend.activate_for(self.dtype):
                return self.measure_rows(x, targets, weight, communicator, rows)

        return measure

    def measure_rows(
        self,
        x: Array,
        y: Array,
        weight: np.ndarray | None = None,
        communicator: Communicator | None = None,
        rows: str = "same",
    ) -> dict[str, Any]:
        """Measure the loss and the metrics of rows that are placed already.

        Parameters
        ----------
        x, y, weight
            As `place_inputs`, `place_targets` and `place_weight` return them.
        communicator : Communicator, optional
            The processes that measure together.
        rows : {"same", "own"}
            Whether they all have the same rows, and measure a part of them each, or their own.

        Returns
        -------
        dict of str to float or numpy.ndarray
            ``"loss"`` and each metric, of all rows together.
        """
        return measure(self, x, y, weight, communicator or ALONE, rows)
