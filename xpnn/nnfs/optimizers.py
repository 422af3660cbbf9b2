"""The book's optimizers: a script shows them one layer after another in each step."""

from __future__ import annotations

from ..backend import get_backend
from ..optimizers import SGD, AdaGrad, Adam, Optimizer, RMSProp
from .layers import Layer_Dense
from .settings import place

__all__ = ["Optimizer_Adagrad", "Optimizer_Adam", "Optimizer_RMSprop", "Optimizer_SGD"]


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
        params = [place(layer.weights), place(layer.biases)]
        state = layer.optimizer_states.get(self) or optimizer.init(params)
        state["iterations"] = get_backend().asarray(self.iterations, "int32")
        (layer.weights, layer.biases), layer.optimizer_states[self] = optimizer.update(
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
