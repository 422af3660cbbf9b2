"""Where two backends part: the first output or gradient that differs by more than rounding.

One seed gives one run on every backend, to rounding.  Where it does not, somebody wants to
know which layer is to blame.  So each layer is compared *alone*: on every backend it is given
the very numbers that the first backend has there, its inputs on the way forwards and the
gradient of its outputs on the way back.  A layer that is wrong then differs, and the right
ones behind it do not.  Beside it stands how far the whole way has led apart until there.

How much is rounding?  A sum of n products is off by at most about n u times the sum of the
products' magnitudes, in whatever order it is computed, where u = eps / 2 is the largest
relative error of one operation (Higham, "Accuracy and Stability of Numerical Algorithms",
2002, section 3.1).  Two backends may each be so far off, in either direction: n eps.  To n are
added 16, for functions such as exp and tanh, which libraries compute to a few units of the
last place, and for the few operations beside the sum.  The magnitude of an array is the
largest that the layer computes when every number that goes in is replaced by its absolute
value, so that nothing cancels, or that is in the array itself; among gradients, also the
largest that comes back to the layer.  Mostly roundings cancel, and differences are far below;
but where the same number is added again and again they don't, so that a bound that counts on
it would raise false alarms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .backend import Array, Backend, resolve
from .checks import check_number
from .training import Stack, fuse

if TYPE_CHECKING:
    from .layers.base import Layer, Params
    from .losses import Loss
    from .model import Sequential

__all__ = ["Comparison", "Part", "compare_backends"]

BESIDE = 16
"""How many roundings are allowed beside those of a sum; see the module's first words."""


@dataclass(frozen=True)
class Part:
    """One output or gradient of one layer, on one backend and on the first.

    Attributes
    ----------
    backend : str
        The spec of the backend that is compared with the first.
    layer : int or None
        The number of the layer; None for the loss.
    name : str
        ``"3 Dense(8, 4): outputs"``, for example, or ``"loss"``.
    shape : tuple of int
        That of the array.
    difference : float
        The largest difference of an entry, where both are given the first backend's numbers.
    allowed : float
        How much rounding may explain.
    place : tuple of int
        Where it is.
    value, reference : float
        The entry on this backend, and on the first.
    accumulated : float
        The largest difference where each backend goes its own way from the inputs on.
    """

    backend: str
    layer: int | None
    name: str
    shape: tuple[int, ...]
    difference: float
    allowed: float
    place: tuple[int, ...]
    value: float
    reference: float
    accumulated: float

    @property
    def differs(self) -> bool:
        """Whether the difference is more than rounding."""
        return not self.difference <= self.allowed


@dataclass(frozen=True)
class Comparison:
    """What `compare_backends` found.

    Attributes
    ----------
    reference : str
        The spec of the first backend.
    backends : tuple of str
        The specs of those that were compared with it.
    dtype : str
        That of the network.
    parts : tuple of Part
        For each backend: outputs from the first layer to the last, the loss, and gradients
        from the last layer to the first.
    """

    reference: str
    backends: tuple[str, ...]
    dtype: str
    parts: tuple[Part, ...]

    @property
    def first(self) -> Part | None:
        """The first part that differs by more than rounding; None where all agree."""
        return next((part for part in self.parts if part.differs), None)

    def __str__(self) -> str:
        from tabulate import tabulate

        paragraphs = []
        headers = ["", "shape", "difference", "allowed", "", "accumulated"]
        alignment = ("left", "left", "right", "right", "left", "right")
        count = len(self.parts) // len(self.backends)
        for i, backend in enumerate(self.backends):  # one may be there twice
            parts = self.parts[i * count : (i + 1) * count]
            rows = [
                [
                    part.name,
                    str(part.shape),
                    f"{part.difference:.1e}",
                    f"{part.allowed:.1e}",
                    "differs" if part.differs else "",
                    f"{part.accumulated:.1e}",
                ]
                for part in parts
            ]
            table = tabulate(rows, headers, disable_numparse=True, colalign=alignment)
            title = f"{backend} beside {self.reference}, {self.dtype}"
            paragraphs.append(f"{title}\n{table}\n{self._verdict(backend, parts)}")
        return "\n\n".join(paragraphs)

    def _verdict(self, backend: str, parts: Sequence[Part]) -> str:
        differing = [part for part in parts if part.differs]
        if not differing:
            return f"{backend} and {self.reference} agree: all differences are rounding."
        first = differing[0]
        place = f" at {first.place}" if first.place else ""
        return (
            f"The first to differ by more than rounding is {first.name}{place}: "
            f"{first.value:.9g} on {backend}, {first.reference:.9g} on {self.reference}."
        )


def compare_backends(
    model: Sequential,
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
    model._compiled()
    with model.backend.activate():
        placed = model._inputs(X)
        targets = model.backend.to_numpy(model._targets(y, placed))
        x = model.backend.to_numpy(model.backend.asarray(placed, model.dtype))
    runs = [_Run(model, place, targets) for place in places]
    first = runs[0].walk(x)
    allowed = _allowed(model, runs[0], x, first, tolerance)
    parts: list[Part] = []
    for run in runs[1:]:
        alone = run.walk(x, first)
        whole = all(alone[key].shape == array.shape for key, array in first.items())
        own = run.walk(x) if whole else alone  # there is no way on from a wrong shape
        parts += [
            _part(run, key, reference, alone[key], own[key], allowed[key])
            for key, reference in first.items()
        ]
    specs = [place.spec for place in places]
    result = Comparison(specs[0], tuple(specs[1:]), model.dtype, tuple(parts))
    print(result)
    return result


Key = tuple[int | None, str]
"""The number of a layer, or None for the loss, and what of it."""

Trace = dict[Key, np.ndarray]
"""All outputs and gradients of a network, in the order in which they are computed."""

OUTPUTS, LOSS, BACK = "outputs", "loss", "gradient of its inputs"


class _Run:
    """The network on one backend; arrays go in and come out on the host."""

    def __init__(self, model: Sequential, backend: Backend, targets: np.ndarray) -> None:
        loss, _ = model._compiled()
        self.layers, self.backend, self.targets = model.layers, backend, targets
        self.stack, self.criterion = fuse(model.layers, loss)
        host = [model.backend.to_numpy(array) for array in model._arrays]
        self.flat = tuple(host[: len(model._params)])
        self.own = model._stack.split(host)
        self._forward = [backend.compile(_forward(layer)) for layer in self.layers]
        self._backward = [backend.compile(_backward(layer)) for layer in self.stack.layers]
        self._loss = backend.compile(_loss(self.stack, self.criterion))

    def walk(
        self, x: np.ndarray, given: Trace | None = None, *, absolute: bool = False
    ) -> Trace:
        """Go forwards and backwards, and return all that is computed.

        Parameters
        ----------
        x : numpy.ndarray of shape (n, n_inputs)
            The inputs.
        given : Trace, optional
            Where each layer gets its numbers from; by default from this walk.
        absolute : bool
            Whether layers get the absolute values of what they are given.
        """
        trace: Trace = {}
        given = trace if given is None else given
        inputs = []
        for i in range(len(self.layers)):
            inputs.append(x)
            trace[i, OUTPUTS] = self._call(self._forward[i], absolute, self.own[i], x)
            x = given[i, OUTPUTS]
        learning = len(self.stack.layers)
        predictions = given[learning - 1, OUTPUTS] if learning else inputs[0]
        loss, dpredictions = self._call(self._loss, False, self.flat, predictions, self.targets)
        trace[None, LOSS], trace[None, BACK] = loss, dpredictions
        dy = given[None, BACK]
        for i in reversed(range(learning)):
            back = self._call(self._backward[i], absolute, self.own[i], inputs[i], dy)
            dx, grads = back
            for name, grad in zip(self.layers[i].parameters(), grads):
                trace[i, f"gradient of {name}"] = grad
            trace[i, BACK] = dx
            dy = given[i, BACK]
        return trace

    def _call(self, function: Callable[..., Any], absolute: bool, *arguments: Any) -> Any:
        """Call a function of arrays on the backend, and return its results on the host."""

        def place(value: Any) -> Any:
            if isinstance(value, tuple):
                return tuple(map(place, value))
            return self.backend.asarray(np.abs(value) if absolute else value)

        def fetch(value: Any) -> Any:
            if isinstance(value, tuple | list):
                return tuple(map(fetch, value))
            return self.backend.to_numpy(value)

        # what becomes infinite is shown, and of absolute values it is nobody's fault
        with self.backend.activate(), np.errstate(all="ignore"):
            return fetch(function(*map(place, arguments)))


def _forward(layer: Layer) -> Callable[..., Any]:
    return lambda own, x: layer.forward(own, x)[0]


def _backward(layer: Layer) -> Callable[..., Any]:
    alone = Stack((layer,))

    def backward(own: Params, x: Array, dy: Array) -> tuple[Array, list[Array]]:
        dx, grads = layer.forward(own, x)[1](dy)
        penalised = [*grads]
        alone.penalise(own, 0.0, penalised)
        return dx, penalised

    return backward


def _loss(stack: Stack, criterion: Loss) -> Callable[..., Any]:
    def loss(params: Sequence[Array], predictions: Array, targets: Array) -> tuple[Array, ...]:
        value, dpredictions = criterion(predictions, targets)
        return stack.penalise(params, value), dpredictions

    return loss


def _allowed(
    model: Sequential, run: _Run, x: np.ndarray, first: Trace, tolerance: float | None
) -> dict[Key, float]:
    """Return how far apart rounding may bring each array; see the module's first words."""
    sums = run.walk(x, first, absolute=True)
    info = np.finfo(model.dtype)
    n, last = x.shape[0], len(run.stack.layers) - 1
    predictions = first[last, OUTPUTS] if last >= 0 else x
    allowed = {}
    for key, array in first.items():
        layer, name = key
        magnitude = max(_largest(array), _largest(sums[key]))
        if layer is None:
            # probabilities, of order 1, are subtracted from targets
            of_order = 1 / n if run.criterion.classifies else 0.0
            magnitude = max(magnitude, _largest(predictions) if name == LOSS else of_order)
            terms = predictions.shape[1]
            if name == LOSS:
                penalised = (run.flat[i].size for i, _, _ in run.stack.penalties)
                terms = n + terms + sum(penalised)
        elif name == OUTPUTS:
            terms = (first[layer - 1, OUTPUTS] if layer else x).shape[1]
        else:
            dy = first[None if layer == last else layer + 1, BACK]
            magnitude = max(magnitude, _largest(dy))
            terms = dy.shape[1] if name == BACK else n
        part = tolerance or (terms + BESIDE) * float(info.eps)
        allowed[key] = part * magnitude + float(info.smallest_normal)
    return allowed


def _largest(array: np.ndarray) -> float:
    """Return the largest magnitude of the finite entries."""
    return float(np.max(np.abs(array), initial=0.0, where=np.isfinite(array)))


def _part(
    run: _Run,
    key: Key,
    reference: np.ndarray,
    alone: np.ndarray,
    own: np.ndarray,
    allowed: float,
) -> Part:
    """Compare one array."""
    layer, what = key
    if layer is None:
        name = what if what == LOSS else "loss: gradient of its inputs"
    else:
        name = f"{layer} {run.layers[layer]}: {what}"
    apart = _apart(alone, reference)
    flat = int(np.argmax(apart)) if apart.size else 0
    place = tuple(int(i) for i in np.unravel_index(flat, apart.shape)) if apart.size else ()
    same = alone.shape == reference.shape and apart.size > 0
    return Part(
        backend=run.backend.spec,
        layer=layer,
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
