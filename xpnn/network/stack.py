"""Layers on top of one another: forwards, backwards, and what their parameters cost.

A `Stack` is pure: arrays go in and come out.  Each function here depends on its arguments
only, so a backend may compile it as a whole, finite differences can check it, and two threads
can run it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from functools import cached_property, partial
from inspect import isfunction
from itertools import chain
from typing import Any

from ..backend import Array, array_namespace
from ..layers import Dense, Linear
from ..layers.base import Backward, Layer, Params
from ..layers.chain import links
from ..layers.holding import parameter_gradients, split_by
from ..losses import Loss
from ..operations import sign, sum_of_squares

__all__ = ["Noise", "Stack", "fuse", "is_ours"]

Noise = tuple[tuple[Array, ...], ...]
"""For each layer what it drew for this step; an empty tuple for most."""


@dataclass(frozen=True)
class Stack:
    """Layers, each fed by the one before.

    Parameters
    ----------
    layers : tuple of Layer
        From input to output; none of them a chain.
    head : Layer, optional
        The activation that comes next, where the loss is computed together with it.
    """

    layers: tuple[Layer, ...]
    head: Layer | None = None

    @cached_property
    def _counts(self) -> list[int]:
        """How many parameters each layer has; found once, not each step."""
        return [len(layer.parameters()) for layer in self.layers]

    @cached_property
    def _state_counts(self) -> list[int]:
        """How many states each layer has."""
        return [len(layer.state()) for layer in self.layers]

    @cached_property
    def has_state(self) -> bool:
        """Whether a layer keeps something beside its parameters."""
        return any(self._state_counts)

    @property
    def multiplies(self) -> bool:
        """Whether inputs are multiplied by the first layer, and nothing else."""
        return bool(self.layers) and type(self.layers[0]) is Dense

    @property
    def kept(self) -> int:
        """How many parameters are state to a step: here none is."""
        return 0

    @property
    def tables(self) -> int:
        """How many of these are tables that are changed by rows."""
        return 0

    @cached_property
    def penalties(self) -> list[tuple[int, float, float]]:
        """The number of each parameter that is penalised, with its l1 and l2."""
        each = chain.from_iterable(layer.parameters().values() for layer in self.layers)
        return [(i, p.l1, p.l2) for i, p in enumerate(each) if p.trainable and (p.l1 or p.l2)]

    @cached_property
    def _first(self) -> int:
        """The number of the first layer that learns: nothing goes back beyond it."""
        learns = [layer.learns for layer in self.layers]
        return learns.index(True) if any(learns) else len(learns)

    @cached_property
    def rows_apart(self) -> bool:
        """Whether `predict` is known to compute each row of that row alone.

        All layers of xpnn do; a layer of somebody's own may mix rows of a batch.
        """
        return is_ours(self.layers)

    def split(self, arrays: Sequence[Any]) -> list[Params]:
        """Return a flat list as one tuple for each layer.

        Parameters
        ----------
        arrays : sequence
            All parameters and, where the network is used, then all states.
        """
        params, n = split_by(self._counts, arrays), sum(self._counts)
        if len(arrays) == n:
            return params
        return [(*p, *s) for p, s in zip(params, split_by(self._state_counts, arrays[n:]))]

    def predict(self, arrays: Sequence[Array], x: Array) -> Array:
        """Run the layers forwards, and keep nothing for the way back."""
        for layer, arrays_of_layer in zip(self.layers, self.split(arrays)):
            x, _ = layer.forward(arrays_of_layer, x)
        return x

    def forward(
        self, arrays: Sequence[Params], x: Array
    ) -> tuple[Array, Callable[[Array], list[Array]]]:
        """Run the layers forwards, as where the network is used.

        Parameters
        ----------
        arrays : sequence of tuples of array
            The parameters and the state of each layer, as `split` returns them.
        x : array of shape (n, n_inputs)
            The inputs.

        Returns
        -------
        y : array of shape (n, n_outputs)
            The outputs.
        backward : callable
            ``backward(dy)`` returns the gradients with respect to the parameters, as a flat
            list; None may stand for that of one that is not trainable.
        """
        closures, first_x = [], x
        for i, (layer, arrays_of_layer) in enumerate(zip(self.layers, arrays)):
            if i == self._first:
                first_x = x
            x, layer_backward = layer.forward(arrays_of_layer, x)
            closures.append(layer_backward)
        return x, partial(self._backward, closures, first_x)

    def train(
        self,
        params: Sequence[Params],
        state: Sequence[Array],
        x: Array,
        noise: Noise | None = None,
    ) -> tuple[Array, Callable[[Array], list[Array]], list[Array]]:
        """Run the layers forwards in training.

        Parameters
        ----------
        params : sequence of tuples of array
            The parameters of each layer, as `split` returns them.
        state : sequence of array
            The states of all layers.
        x : array of shape (n, n_inputs)
            The inputs.
        noise : tuple of tuples of array, optional
            What the layers drew.

        Returns
        -------
        y, backward
            As `forward` returns them.
        state : list of array
            The new states.
        """
        closures, first_x = [], x
        new_state: list[Array] = []
        states = split_by(self._state_counts, state)
        for i, (layer, layer_params) in enumerate(zip(self.layers, params)):
            if i == self._first:
                first_x = x
            drawn = noise[i] if noise else ()
            x, layer_backward, new = layer.train(layer_params, states[i], x, *drawn)
            closures.append(layer_backward)
            new_state += new
        return x, partial(self._backward, closures, first_x), new_state

    def _backward(self, closures: list[Backward], first_x: Array, dy: Array) -> list[Array]:
        """Return the gradients with respect to the parameters, as a flat list."""
        grads: list[Array] = []
        first = self._first
        for layer_backward in reversed(closures[first + 1 :]):
            dy, layer_grads = layer_backward(dy)
            grads[:0] = layer_grads
        if first < len(closures):
            layer = self.layers[first]
            grads[:0] = parameter_gradients(layer, first_x, closures[first], dy)
        return [*[None] * sum(self._counts[:first]), *grads]

    def penalise(
        self,
        params: Sequence[Array],
        loss: Array,
        grads: list[Array] | None = None,
        share: float | Array = 1.0,
    ) -> Array:
        """Add the penalties of the parameters to a loss, and their gradients to `grads`.

        A penalty is l1 * sum(abs(p)) + l2 * sum(p²); its derivative, l1 * sign(p) + 2 * l2 * p,
        is taken as 0 at 0 (the book, ch. 14, takes l1 there).

        Parameters
        ----------
        params : sequence of array
            All parameters.
        loss : array of shape ()
            The mean loss.
        grads : list of array, optional
            Its gradients, of which entries are replaced.
        share : float or array of shape ()
            Which part of the penalties to add: processes that add up what they have of a loss
            share them.

        Returns
        -------
        array of shape ()
            The loss with the penalties.
        """
        for i, l1, l2 in self.penalties:
            p = params[i]
            xp = array_namespace(p)
            if l1:
                loss = loss + share * l1 * xp.sum(xp.abs(p))
            if l2:
                loss = loss + share * l2 * sum_of_squares(p)
            if grads is not None:
                grads[i] = grads[i] + share * l1 * sign(p) if l1 else grads[i]
                grads[i] = grads[i] + share * 2 * l2 * p if l2 else grads[i]
        return loss


def fuse(layers: tuple[Layer, ...], loss: Loss) -> tuple[Stack, Loss]:
    """Return the stack and the loss to train with.

    Where the last activation and the loss belong together, as Softmax and categorical
    cross-entropy do, the loss is computed from the logits before it: the gradient is
    simpler (probabilities minus targets) and nothing is clipped.

    Raises
    ------
    ValueError
        If the loss can't use what the last layer gives.
    """
    layers = (*links(dict(enumerate(layers))).values(),)
    last = layers[-1] if layers else Linear()
    if loss.activation is None:
        return Stack(layers), loss
    from_logits = getattr(loss, "from_logits", False)
    if type(last).__name__ == loss.activation:
        if from_logits:
            raise ValueError(
                f"loss {loss} takes logits, but the network ends in {loss.activation}, which "
                "gives probabilities: leave one of the two out"
            )
        if not hasattr(loss, "from_logits"):
            raise TypeError(
                f"loss {loss} is computed together with {last}, as its activation says, so it "
                "must have a field from_logits: bool, and take logits where it is True"
            )
        return Stack(layers[:-1], last), replace(loss, from_logits=True)  # type: ignore[call-arg]
    if last.unbounded and not from_logits:
        wanted = "means" if loss.activation == "Exponential" else "probabilities"
        raise ValueError(
            f"loss {loss} takes {wanted}, but the network ends in {last}: "
            f"add {loss.activation}() at the end, or use from_logits=True"
        )
    return Stack(layers), loss


def is_ours(part: Any) -> bool:
    """Whether a part, and all parts that it holds, are of classes and functions of xpnn's own.

    Of these we know what they do beside what they declare.
    """
    if isinstance(part, Mapping):
        return all(map(is_ours, part.values()))
    if isinstance(part, list | tuple):
        return all(map(is_ours, part))
    if not is_dataclass(part) and not callable(part):
        return True  # a setting
    module = getattr(part if isfunction(part) else type(part), "__module__", None) or ""
    return module.startswith("xpnn.") and is_ours(getattr(part, "__dict__", {}))
