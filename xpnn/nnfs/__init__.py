"""The names of *Neural Networks from Scratch in Python* over xpnn's own code.

A script of the book's chapters 2-10 runs on any backend whose arrays NumPy's functions
accept, with its imports changed and its class definitions left out::

    import xpnn.nnfs as nnfs
    from xpnn.nnfs import Layer_Dense, Activation_ReLU
    from xpnn.nnfs.datasets import spiral_data

Objects remember what the book's remember (``output``, ``dinputs``, ``dweights``, …); the
mathematics is that of `xpnn.layers`, `xpnn.losses` and `xpnn.optimizers`.  Nothing in
NumPy is patched; draws come from NumPy's global generator, which `init` seeds, so that a
script's own ``np.random.randn`` continues the same stream.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import Array, array_namespace, get_backend
from ..layers import Dense, Layer, Linear, ReLU, Sigmoid, Softmax
from ..losses import CategoricalCrossEntropy, one_hot
from ..optimizers import SGD, AdaGrad, Adam, Optimizer, RMSProp
from .datasets import _stream

__all__ = [
    "Activation_Linear",
    "Activation_ReLU",
    "Activation_Sigmoid",
    "Activation_Softmax",
    "Activation_Softmax_Loss_CategoricalCrossentropy",
    "Layer_Dense",
    "Loss",
    "Loss_CategoricalCrossentropy",
    "Optimizer_Adagrad",
    "Optimizer_Adam",
    "Optimizer_RMSprop",
    "Optimizer_SGD",
    "init",
]


_dtype = "float64"
"""What `init` sets; before it, NumPy's default, as in a script that does not call it."""


def init(
    dot_precision_workaround: bool = True,
    default_dtype: str = "float32",
    random_seed: int | None = 0,
) -> None:
    """Make runs repeatable, as the book's ``nnfs.init``.

    Parameters
    ----------
    dot_precision_workaround : bool
        Accepted, and without effect.  The book's version replaces ``np.dot`` by one that
        multiplies in float64; here products are the array library's own, and the book's
        printed results come out all the same (docs/architecture.md tells how far).
    default_dtype : {"float32", "float64"}
        The dtype of weights and of everything computed from them.
    random_seed : int or None
        The seed of NumPy's global generator; None leaves it as it is.
    """
    if default_dtype not in ("float32", "float64"):
        raise ValueError(f"default_dtype must be 'float32' or 'float64', got {default_dtype!r}")
    global _dtype
    _dtype = default_dtype
    if random_seed is not None:
        np.random.seed(random_seed)


def _place(x: Any) -> Array:
    return get_backend().asarray(x, _dtype)


def _classes(y_true: Any, y_pred: Array) -> Array:
    """Return targets, checked against the predictions that they belong to."""
    targets = get_backend().asarray(y_true)
    n, k = y_pred.shape
    if targets.ndim == 0 or targets.shape[0] != n:
        raise ValueError(f"y_true must have {n} rows, got the shape {tuple(targets.shape)}")
    return CategoricalCrossEntropy().prepare(targets, k, y_pred.dtype, "y_true")


class _Remembering:
    """A layer that keeps what went in, what came out, and the way back.

    The book's scripts also set these themselves, and then go back from what they set.
    """

    layer: Layer
    inputs: Array
    output: Array
    dinputs: Array
    _backward: Callable[[Array], tuple[Array, tuple[Array, ...]]]
    _seen: tuple[Any, ...] = ()

    def forward(self, inputs: Any) -> None:
        """Set `inputs` and `output`, both arrays of shape (n, …)."""
        self.inputs = _place(inputs)
        self.output, self._backward = self.layer.forward(self._params(), self.inputs)
        self._seen = self._remembered()

    def backward(self, dvalues: Any) -> None:
        """Set `dinputs`, from the gradient with respect to `output`."""
        self.dinputs, _ = self._way_back()(_place(dvalues))

    def _params(self) -> tuple[Array, ...]:
        return ()

    def _remembered(self) -> tuple[Any, ...]:
        return (vars(self).get("inputs"), vars(self).get("output"), *self._params())

    def _way_back(self) -> Callable[[Array], tuple[Array, tuple[Array, ...]]]:
        """Return the closure of the last forward pass, or one for what was set since."""
        now = self._remembered()
        if len(now) != len(self._seen) or any(a is not b for a, b in zip(now, self._seen)):
            _, self._backward = self.layer.forward(self._params(), self._find_inputs())
            self._seen = now
        return self._backward

    def _find_inputs(self) -> Array:
        return _place(self.inputs)


class Layer_Dense(_Remembering):
    """Chapters 3 and 9: a dense layer that starts with 0.01 * randn and zeros.

    Parameters
    ----------
    n_inputs, n_neurons : int
        The numbers of inputs and of neurons.

    Attributes
    ----------
    weights, dweights : array of shape (n_inputs, n_neurons)
        The weights, and the gradient with respect to them.
    biases, dbiases : array of shape (1, n_neurons)
        The biases, and the gradient with respect to them.
    """

    layer: Dense
    dweights: Array
    dbiases: Array

    def __init__(self, n_inputs: int, n_neurons: int) -> None:
        self.layer = Dense(n_inputs, n_neurons)
        draws = _stream().randn(n_inputs, n_neurons).astype(_dtype)
        self.weights = _place(0.01 * draws)
        self.biases = _place(np.zeros((1, n_neurons)))
        self._states: dict[_Stepping, dict[str, Any]] = {}

    def _params(self) -> tuple[Array, ...]:
        return _place(self.weights), _place(self.biases)

    def backward(self, dvalues: Any) -> None:
        """Set `dweights`, `dbiases` and `dinputs`."""
        self.dinputs, (self.dweights, dbiases) = self._way_back()(_place(dvalues))
        self.dbiases = dbiases[None, :]


class Activation_ReLU(_Remembering):
    """Chapters 4 and 9: `xpnn.ReLU`."""

    layer = ReLU()


class Activation_Softmax(_Remembering):
    """Chapters 4 and 9: `xpnn.Softmax`; goes back from `output`."""

    layer = Softmax()

    def _find_inputs(self) -> Array:
        y = _place(self.output)
        xp = array_namespace(y)
        return xp.log(xp.maximum(y, float(xp.finfo(y.dtype).smallest_normal)))


class Activation_Sigmoid(_Remembering):
    """Chapter 16: `xpnn.Sigmoid`; goes back from `output`."""

    layer = Sigmoid()

    def _find_inputs(self) -> Array:
        y = _place(self.output)
        xp = array_namespace(y)
        tiny = float(xp.finfo(y.dtype).smallest_normal)
        return xp.log(xp.maximum(y, tiny)) - xp.log(xp.maximum(1 - y, tiny))


class Activation_Linear(_Remembering):
    """Chapter 17: `xpnn.Linear`."""

    layer = Linear()


class Loss:
    """Chapter 5: the mean of what a subclass's `forward` gives for each sample."""

    def forward(self, y_pred: Any, y_true: Any) -> Array:
        """Return the loss of each sample."""
        raise TypeError(f"{type(self).__name__} does not define forward")

    def calculate(self, output: Any, y: Any) -> np.floating[Any]:
        """Return the mean loss, as a NumPy number."""
        losses = _place(self.forward(output, y))
        mean = get_backend().to_numpy(array_namespace(losses).mean(losses))
        return mean.reshape(-1)[0]  # type: ignore[no-any-return]


class Loss_CategoricalCrossentropy(Loss):
    """Chapters 5 and 9: `xpnn.CategoricalCrossEntropy` of probabilities."""

    dinputs: Array

    def forward(self, y_pred: Any, y_true: Any) -> Array:
        """Return the loss of each sample, an array of shape (n,)."""
        p = _place(y_pred)
        return CategoricalCrossEntropy().forward(p, _classes(y_true, p))[0]

    def backward(self, dvalues: Any, y_true: Any) -> None:
        """Set `dinputs`, from the probabilities `dvalues`."""
        p = _place(dvalues)
        _, self.dinputs = CategoricalCrossEntropy()(p, _classes(y_true, p))


class Activation_Softmax_Loss_CategoricalCrossentropy:
    """Chapter 9: softmax and cross-entropy in one, with the simple gradient."""

    output: Array
    dinputs: Array

    def __init__(self) -> None:
        self.activation = Activation_Softmax()
        self.loss = Loss_CategoricalCrossentropy()

    def forward(self, inputs: Any, y_true: Any) -> np.floating[Any]:
        """Set `output` to the probabilities, and return the mean loss."""
        self.activation.forward(inputs)
        self.output = self.activation.output
        return self.loss.calculate(self.output, y_true)

    def backward(self, dvalues: Any, y_true: Any) -> None:
        """Set `dinputs` to (probabilities - one-hot targets) / n, with `dvalues` the former."""
        p = _place(dvalues)
        self.dinputs = (p - one_hot(_classes(y_true, p), p)) / p.shape[0]


class _Stepping:
    """The book's way of calling an optimizer: once for each layer, between two hooks.

    Settings are attributes, which a script may change while it trains.
    """

    kind: type[Optimizer]

    def __init__(self, learning_rate: float, decay: float, **settings: float) -> None:
        self.learning_rate = self.current_learning_rate = learning_rate
        self.decay = decay
        self.iterations = 0
        self._names = tuple(settings)
        vars(self).update(settings)
        self._optimizer()  # checks them

    def _optimizer(self) -> Optimizer:
        settings = {name: getattr(self, name) for name in self._names}
        return self.kind(self.current_learning_rate, **settings)

    def pre_update_params(self) -> None:
        """Set `current_learning_rate`; call once before the layers are updated."""
        self.current_learning_rate = self.learning_rate / (1 + self.decay * self.iterations)

    def update_params(self, layer: Layer_Dense) -> None:
        """Take a step with the layer's `weights` and `biases`."""
        optimizer = self._optimizer()
        params = [_place(layer.weights), _place(layer.biases)]
        state = layer._states.get(self) or optimizer.init(params)
        state["iterations"] = get_backend().asarray(self.iterations, "int32")
        (layer.weights, layer.biases), layer._states[self] = optimizer.update(
            params, [layer.dweights, layer.dbiases], state
        )

    def post_update_params(self) -> None:
        """Count the step; call once after the layers are updated."""
        self.iterations += 1


class Optimizer_SGD(_Stepping):
    """Chapter 10: `xpnn.SGD`, with the book's order of arguments."""

    kind = SGD

    def __init__(
        self, learning_rate: float = 1.0, decay: float = 0.0, momentum: float = 0.0
    ) -> None:
        super().__init__(learning_rate, decay, momentum=momentum)


class Optimizer_Adagrad(_Stepping):
    """Chapter 10: `xpnn.AdaGrad`, with the book's order of arguments."""

    kind = AdaGrad

    def __init__(
        self, learning_rate: float = 1.0, decay: float = 0.0, epsilon: float = 1e-7
    ) -> None:
        super().__init__(learning_rate, decay, epsilon=epsilon)


class Optimizer_RMSprop(_Stepping):
    """Chapter 10: `xpnn.RMSProp`, with the book's order of arguments."""

    kind = RMSProp

    def __init__(
        self,
        learning_rate: float = 0.001,
        decay: float = 0.0,
        epsilon: float = 1e-7,
        rho: float = 0.9,
    ) -> None:
        super().__init__(learning_rate, decay, epsilon=epsilon, rho=rho)


class Optimizer_Adam(_Stepping):
    """Chapter 10: `xpnn.Adam`, with the book's order of arguments."""

    kind = Adam

    def __init__(
        self,
        learning_rate: float = 0.001,
        decay: float = 0.0,
        epsilon: float = 1e-7,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
    ) -> None:
        super().__init__(learning_rate, decay, epsilon=epsilon, beta_1=beta_1, beta_2=beta_2)
