"""The book's optimizers: a script shows them one layer after another in each step."""

from __future__ import annotations

from typing import ClassVar

from ..backend import Array, array_namespace, get_backend
from ..optimizers import SGD, AdaGrad, Adam, Optimizer, RMSProp, State
from .layers import Layer_Dense
from .settings import floats, promoted

__all__ = ["Optimizer_Adagrad", "Optimizer_Adam", "Optimizer_RMSprop", "Optimizer_SGD"]


class _Stepping:
    """The book's way of calling an optimizer: once for each layer, between two hooks.

    Settings are attributes, which a script may change while it trains.
    """

    kind: type[Optimizer]
    learning_rate: float
    current_learning_rate: float
    attributes: ClassVar[dict[str, str]] = {}
    """What the book calls each of the optimizer's slots, behind ``weight_`` and ``bias_``."""

    def __init__(self, learning_rate: float, decay: float, **settings: float) -> None:
        self.learning_rate = learning_rate
        self.decay = decay
        self.iterations = 0
        self._names = tuple(settings)
        vars(self).update(settings)
        self._optimizer()  # checks them

    def __setattr__(self, name: str, value: object) -> None:
        """Set a setting; a new learning rate is also the current one, until it decays."""
        super().__setattr__(name, value)
        if name == "learning_rate":
            super().__setattr__("current_learning_rate", value)

    def _optimizer(self) -> Optimizer:
        settings = {name: getattr(self, name) for name in self._names}
        return self.kind(self.current_learning_rate, **settings)

    def pre_update_params(self) -> None:
        """Set `current_learning_rate` where there is decay; call once before the updates."""
        if self.decay:
            decayed = 1 / (1 + self.decay * self.iterations)
            self.current_learning_rate = self.learning_rate * decayed

    def update_params(self, layer: Layer_Dense) -> None:
        """Take a step with the layer's `weights` and `biases`."""
        optimizer, backend = self._optimizer(), get_backend()
        params = [floats(backend, p) for p in (layer.weights, layer.biases)]
        grads = [floats(backend, g) for g in (layer.dweights, layer.dbiases)]
        state = layer.optimizer_states.get(self) or self._first_state(optimizer, layer, params)
        state["iterations"] = backend.asarray(self.iterations, "int32")
        (weights, biases), state = self._update(optimizer, params, grads, state)
        layer.weights = backend.scriptable(weights)
        layer.biases = backend.scriptable(biases)
        layer.optimizer_states[self] = state
        for slot in optimizer.slots:
            for name, array in zip(self._attributes_of(slot), state[slot]):
                setattr(layer, name, backend.scriptable(array))

    def post_update_params(self) -> None:
        """Count the step; call once after the layers are updated."""
        self.iterations += 1

    def _attributes_of(self, slot: str) -> tuple[str, str]:
        """Return under which names a layer shows a slot, of its weights and its biases."""
        return f"weight_{self.attributes[slot]}", f"bias_{self.attributes[slot]}"

    def _update(
        self, optimizer: Optimizer, params: list[Array], grads: list[Array], state: State
    ) -> tuple[list[Array], State]:
        """Take a step; as `Optimizer.update`."""
        backend = get_backend()
        grads = [backend.asarray(g, p.dtype) for g, p in zip(grads, params)]
        return optimizer.update(params, grads, state)

    def _first_state(
        self, optimizer: Optimizer, layer: Layer_Dense, params: list[Array]
    ) -> State:
        """Return zeros, or where the layer shows another's memory of the kind, that."""
        state = optimizer.init(params)
        shown_ones = {slot: self._attributes_of(slot) for slot in optimizer.slots}
        if all(hasattr(layer, name) for names in shown_ones.values() for name in names):
            for slot, names in shown_ones.items():
                state[slot] = [
                    get_backend().asarray(getattr(layer, name), copy=True) for name in names
                ]
        return state


class Optimizer_SGD(_Stepping):
    """Chapter 10: `xpnn.SGD`, with the book's order of arguments."""

    kind = SGD
    attributes: ClassVar[dict[str, str]] = {"velocity": "momentums"}

    def __init__(
        self, learning_rate: float = 1.0, decay: float = 0.0, momentum: float = 0.0
    ) -> None:
        super().__init__(learning_rate, decay, momentum=momentum)


class Optimizer_Adagrad(_Stepping):
    """Chapter 10: `xpnn.AdaGrad`, with the book's order of arguments."""

    kind = AdaGrad
    attributes: ClassVar[dict[str, str]] = {"squares": "cache"}

    def __init__(
        self, learning_rate: float = 1.0, decay: float = 0.0, epsilon: float = 1e-7
    ) -> None:
        super().__init__(learning_rate, decay, epsilon=epsilon)


class Optimizer_RMSprop(_Stepping):
    """Chapter 10: `xpnn.RMSProp`, with the book's order of arguments."""

    kind = RMSProp
    attributes: ClassVar[dict[str, str]] = {"squares": "cache"}

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
    attributes: ClassVar[dict[str, str]] = {"mean": "momentums", "squares": "cache"}
    beta_1: float
    beta_2: float
    epsilon: float

    def __init__(
        self,
        learning_rate: float = 0.001,
        decay: float = 0.0,
        epsilon: float = 1e-7,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
    ) -> None:
        super().__init__(learning_rate, decay, epsilon=epsilon, beta_1=beta_1, beta_2=beta_2)

    def _update(
        self, optimizer: Optimizer, params: list[Array], grads: list[Array], state: State
    ) -> tuple[list[Array], State]:
        """Take the step in the book's order of operations, so that its digits come out.

        `xpnn.Adam` keeps the means without their factors 1 - beta, and rounds otherwise.
        """
        t, new = self.iterations + 1, []
        for p, g, m, s in zip(params, grads, state["mean"], state["squares"]):
            xp, backend = array_namespace(p), get_backend()
            m, s, g = promoted(backend, m, s, g)  # the book's gradients may be in float64
            m = self.beta_1 * m + (1 - self.beta_1) * g
            s = self.beta_2 * s + (1 - self.beta_2) * g**2
            m_hat, s_hat = m / (1 - self.beta_1**t), s / (1 - self.beta_2**t)
            step = -self.current_learning_rate * m_hat / (xp.sqrt(s_hat) + self.epsilon)
            new.append((backend.asarray(backend.asarray(p, step.dtype) + step, p.dtype), m, s))
        stepped, means, squares = (list(arrays) for arrays in zip(*new))
        return stepped, {**state, "mean": means, "squares": squares}
