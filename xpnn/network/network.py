"""A network: layers with their arrays, and what is computed with rows of data.

It takes rows in and gives outputs, gradients and measures.  It knows nothing of `fit`, and
nothing of files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..checks import check_integer
from ..data import batch_slices, check_sample_weight
from ..history import History
from ..layers.base import Layer
from ..naming import helpful
from .arrays import PlacedLayers
from .compiled import Compiled, not_compiled
from .rows import beside, place_inputs, place_targets
from .stack import fuse
from .step import bind, make_gradients, make_measure

__all__ = ["Network"]

PREDICT_NUMBERS = 1 << 22
"""About how many numbers one layer's outputs may hold when predicting a part of the rows."""


class Network(PlacedLayers):
    """A network, as `xpnn.network.all_arrays.PlacedLayers` makes and moves it.

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

    def place(self, backend: Backend) -> None:
        """Put the arrays on a backend, as arrays of their own."""
        super().place(backend)
        self._functions = {}

    def use(self, compiled: Compiled) -> None:
        """Choose how the network is trained and measured.

        Raises
        ------
        ValueError
            If the loss doesn't fit the last layer.
        """
        fuse(self.layers, compiled.loss)
        self.compiled, self._functions = compiled, {}

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

    def _function(self, name: str) -> Callable[..., Any]:
        """Return a function of the arrays, compiled by the backend at its first use."""
        if name not in self._functions:
            self._functions[name] = self.backend.compile(self._make(name))
        return self._functions[name]

    def _make(self, name: str) -> Callable[..., Any]:
        if name == "predict":
            return self.stack.predict
        compiled = self.require_compiled()
        stack, criterion = fuse(self.layers, compiled.loss)
        if name == "gradients":
            return make_gradients(stack, criterion)
        if name == "measure":
            return make_measure(stack, criterion, compiled.metrics)
        measures = [bind(m, stack, criterion) for m in compiled.metrics if m.of_all]
        return lambda *of_all, **weight: [measure(*of_all, **weight) for measure in measures]

    # ------------------------------------------------------------------- rows in use

    def place_inputs(self, X: Any, name: str = "X") -> Array:
        """Check inputs and place them on the backend; see `place_inputs`."""
        return place_inputs(self.backend, self.dtype, X, self.n_inputs, name)

    def place_targets(self, y: Any, x: Array, name: str = "y") -> Array:
        """Check the targets of placed inputs, and place them; see `place_targets`."""
        n, n_features = x.shape
        loss, outputs = self.require_compiled().loss, partial(self.n_outputs, n_features)
        return place_targets(self.backend, self.dtype, y, n, outputs, loss, name)

    def place_weight(
        self, weight: Any, x: Array, name: str = "sample_weight"
    ) -> np.ndarray | None:
        """Check the weights of placed inputs, by which they are to be measured.

        Parameters
        ----------
        weight : array_like of shape (n,), or None
            How much each sample counts, >= 0.
        x : array of shape (n, n_features)
            The inputs, as `place_inputs` returns them.
        name : str
            What an error calls them.

        Returns
        -------
        numpy.ndarray of shape (n,), or None
            In the network's dtype, on the host.

        Raises
        ------
        TypeError, ValueError
            If they are none, or a metric can't weigh samples.
        """
        weights = check_sample_weight(weight, x.shape[0], name)
        if weights is None:
            return None
        for metric in self.require_compiled().metrics:
            if not metric.takes_weights:
                raise ValueError(
                    f"{name}: the metric {metric.name!r} can't weigh samples; a Metric whose "
                    "measure takes a weight can"
                )
        with np.errstate(over="ignore"):
            weights = weights.astype(self.dtype)
        if not (np.isfinite(weights).all() and weights.any()):
            raise ValueError(f"{name} must hold numbers that {self.dtype} can hold, not all 0")
        return weights

    def _parts(self, x: Array, rows: int) -> Iterator[tuple[slice, Array]]:
        """Yield some rows of placed inputs at a time, and which they are."""
        for part in batch_slices(x.shape[0], rows):
            yield part, self.backend.asarray(x[part, ...], self.dtype)
            self.backend.let_go(x)

    def _rows_at_a_time(self, n_features: int) -> int:
        """Return how many rows go through the network together, to bound memory."""
        widest = max(size or 1 for size in self.layer_sizes(n_features))
        return max(1, PREDICT_NUMBERS // widest)

    def predict(self, X: Any, *, batch_size: int | None = None) -> Array:
        """Compute the network's outputs.

        Parameters
        ----------
        X : array_like of shape (n, n_features)
            The inputs.
        batch_size : int, optional
            How many rows go through the network at a time; by default as many as keep
            memory bounded.

        Returns
        -------
        array of shape (n, n_outputs)
            Of the library, and on the device, that `X` is of; NumPy for lists.

        Raises
        ------
        TypeError, ValueError
            If `X` or `batch_size` is none of the above.
        """
        if batch_size is not None:
            check_integer("batch_size", batch_size, at_least=1)
        xp = self.backend.xp
        with self.backend.activate():
            x = self.place_inputs(X)
            predict = self._function("predict")
            n = x.shape[0]
            rows = batch_size or (n if n == 1 else self._rows_at_a_time(x.shape[1]))
            if rows >= n:
                y = predict(self.all_arrays, self.backend.asarray(x, self.dtype))
                if y is x:  # no layer made a new array, and this one may be the caller's
                    y = xp.asarray(y, copy=True)
            else:
                y = xp.concat(
                    [predict(self.all_arrays, part) for _, part in self._parts(x, rows)]
                )
            return beside(X, y, self.backend)

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
        with self.backend.activate():
            x = self.backend.asarray(self.place_inputs(X), self.dtype)
            return self._function("predict")(self.all_arrays, x)

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
        with self.backend.activate():
            x = self.backend.asarray(self.place_inputs(X), self.dtype)
            arrays = self.stack.split(self.all_arrays)
            for one, arrays_of_one in zip(self.layers[: layer + 1], arrays):
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
        with self.backend.activate():
            x = self.backend.asarray(self.place_inputs(X), self.dtype)
            targets = self.place_targets(y, x)
            value, grads = self._function("gradients")(self.all_arrays, x, targets)
            return float(value), grads

    def measure_on(
        self, X: Any, y: Any, *, sample_weight: Any = None
    ) -> Callable[[], dict[str, Any]]:
        """Return `Sequential.evaluate` for data that is checked and placed once.

        Parameters
        ----------
        X, y, sample_weight : array_like
            As in `Sequential.evaluate`, which tells what is raised.

        Returns
        -------
        callable
            Without arguments; it measures the network with the parameters that it then
            has, as long as it stays on this backend.
        """
        self.require_compiled()
        with self.backend.activate():
            x = self.place_inputs(X)
            targets = self.place_targets(y, x)
            weight = self.place_weight(sample_weight, x)

        def measure() -> dict[str, Any]:
            with self.backend.activate():
                return self.measure_rows(x, targets, weight)

        return measure

    def measure_rows(
        self, x: Array, y: Array, weight: np.ndarray | None = None
    ) -> dict[str, Any]:
        """Measure the loss and the metrics of rows that are placed already.

        Parameters
        ----------
        x, y, weight
            As `place_inputs`, `place_targets` and `place_weight` return them.

        Returns
        -------
        dict of str to float or numpy.ndarray
            ``"loss"`` and each metric, of all rows together.
        """
        metrics = self.require_compiled().metrics
        measure, read = self._function("measure"), self.backend.read
        rows, counts, outputs = [], [], []
        placed = None if weight is None else self.backend.asarray(weight)
        for part, x_part in self._parts(x, self._rows_at_a_time(x.shape[1])):
            w = () if placed is None else (placed[part],)
            measures, predictions = measure(self.all_arrays, x_part, y[part, ...], *w)
            rows.append(read(list(measures)))
            of_part = x_part.shape[0] if weight is None else np.sum(weight[part], dtype=float)
            counts.append(float(of_part))
            outputs.append(predictions)
        ends = np.cumsum([math.prod(measure.shape) for measure in measures])
        losses, *columns = np.split(np.stack(rows), ends[:-1], axis=1)  # (n_parts, w)
        values: dict[str, Any] = {"loss": float(sum(losses[:, 0] * counts) / sum(counts))}
        wholes = []
        if outputs[0] is not None:
            weights = {} if placed is None else {"weight": placed}
            wholes = self._function("measure_all")(
                self.backend.xp.concat(outputs), y, **weights
            )
        for metric in metrics:
            if metric.of_all:
                value = metric.result(read([wholes.pop(0)])[None, :], np.array([sum(counts)]))
            else:
                value = metric.result(columns.pop(0), np.array(counts))
            values[metric.name] = float(value) if metric.is_number else value
        return values
