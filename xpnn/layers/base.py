"""What a layer is.

A layer is a frozen description: a dataclass of hyper-parameters.  What it learns is
plain data that goes in and comes out, and nothing is remembered on it between steps::

    y, backward = layer.forward(params, x)          (n, n_inputs) -> (n, n_outputs)
    dx, grads = backward(dy)

The backward pass is a closure under the forward pass, so it reads beside it and sees
what it needs; a gradient has its array's name with ``d`` in front.

What a layer keeps beside what it learns, as running statistics are, is data too: its `state`
comes after the parameters where the network is used, and goes in and comes out of `train`.

A setting may be a layer, or a tuple of them: what these declare, the layer declares, under
longer names (``inner.0.weights``).  `xpnn.layers.combinator` is for layers that do little else
than run others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ..backend import Array
from ..keywords import class_with, several
from ..naming import Described, register

if TYPE_CHECKING:
    from ..initializers import Generator
    from ..onnx_graph import Graph

__all__ = [
    "LAYERS",
    "Backward",
    "Layer",
    "Parameter",
    "Params",
    "by_name",
    "parameters_of",
    "state_of",
]

Params = tuple[Array, ...]
Backward = Callable[[Array], tuple[Array, Params]]

LAYERS: dict[str, type[Layer]] = {}
"""Every layer class by its name: a model file names its layers so."""


class Parameter(NamedTuple):
    """One array that a layer learns.

    Attributes
    ----------
    shape : tuple of int
        Its shape.
    initializer : str, float, array_like or callable
        Its first value, as in `xpnn.initializers.draw`.
    l1, l2 : float
        What it adds to the loss: ``l1 * sum(abs(p)) + l2 * sum(p**2)`` (the book, ch. 14).
    learning_rate : float
        By what the optimizer's learning rate is multiplied for it, > 0.
    weight_decay : bool or float
        Whether the optimizer's weight decay is for it, too; or by what that is multiplied.
    trainable : bool
        Whether training changes it.  Where it does not, nothing is remembered of it, it adds
        nothing to the loss, and its gradient may be None.
    by_rows : bool
        Whether the layer gives its gradient by `xpnn.row_gradients.gradient_of_rows`, so that a
        step of plain gradient descent may leave alone the rows that it does not take.
    """

    shape: tuple[int, ...]
    initializer: Any = "zeros"
    l1: float = 0.0
    l2: float = 0.0
    learning_rate: float = 1.0
    weight_decay: bool | float = True
    trainable: bool = True
    by_rows: bool = False


@dataclass(frozen=True, eq=False)
class Layer(Described):
    """The base class of layers: no parameters, as many outputs as inputs.

    A subclass is a frozen dataclass that defines `forward`, and `parameters` and
    `output_size` where these differ.  Defining it makes its name known to `xpnn.load`.
    """

    unbounded: ClassVar[bool | None] = None
    """Whether outputs can be any number, so that they can't be probabilities.  Where a class
    doesn't say it, the layer is tried out with random rows when a loss takes probabilities."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name in get_annotations(cls):
            own = getattr(Layer, name, None)
            if callable(own) or isinstance(own, property):
                raise TypeError(
                    f"{cls.__name__} can't have a field {name!r}, as each layer has something "
                    "of this name: give it another one"
                )
        register(cls, LAYERS, "layer")

    def __str__(self) -> str:
        return self._text({})

    @property
    def title(self) -> str:
        """What tables call it: without the layers that are settings of it, which they show."""
        return self._text(self.inner_layers())

    def _text(self, left_out: Mapping[str, Layer]) -> str:
        shown: list[str] = []
        settings_left_out = {name.partition(".")[0] for name in left_out}
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name in settings_left_out:
                continue
            if f.name in several(type(self)):
                shown += map(_shown, value)
            # what was left at its default by keyword says nothing of this layer
            elif f.repr and not (f.kw_only and value == f.default):
                shown.append(f"{f.name}={_shown(value)}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def inner_layers(self) -> dict[str, Layer]:
        """Return the layers that are settings of this one, by ``setting`` or ``setting.0``."""
        inner: dict[str, Layer] = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, Layer):
                inner[f.name] = value
            elif isinstance(value, tuple | list | dict):
                several = value.items() if isinstance(value, dict) else enumerate(value)
                inner |= {f"{f.name}.{k}": v for k, v in several if isinstance(v, Layer)}
        return inner

    def inner_sizes(self, n_inputs: int | None) -> list[int | None]:
        """Return how many inputs each of `inner_layers` has, where that is known."""
        return [None] * len(self.inner_layers())

    def parameters(self) -> dict[str, Parameter]:
        """Return the parameters by name, in the order in which `forward` takes them.

        By default they are those of the layers that are settings.
        """
        return by_name({k: parameters_of(one) for k, one in self.inner_layers().items()})

    @property
    def learns(self) -> bool:
        """Whether training changes a parameter of it."""
        return any(p.trainable for p in self.parameters().values())

    def state(self) -> dict[str, Parameter]:
        """Return by name the arrays that the layer keeps beside its parameters.

        Training changes them, by `train` and not by gradients; where the network is used,
        `forward` gets them behind the parameters.  By default they are those of the layers that
        are settings.
        """
        return by_name({k: state_of(one) for k, one in self.inner_layers().items()})

    def output_size(self, n_inputs: int | None) -> int | None:
        """Return the number of outputs for a number of inputs; None is not known.

        Raises
        ------
        ValueError
            If the layer can't take that number of inputs.
        """
        return n_inputs

    def codes(self, n_inputs: int) -> dict[int, int]:
        """Return which of its inputs are codes of categories, and of how many.

        Where rows are given to a network, it is checked that they are.

        Parameters
        ----------
        n_inputs : int
            The number of inputs.

        Returns
        -------
        dict of int to int
            By the number of an input k, that it holds one of 0, 1, …, k - 1.
        """
        return {}

    def passes(self, n_inputs: int) -> list[int | None]:
        """Return for each output the number of the input that it is, unchanged, or None.

        So what is a code to the layer behind it is found among the inputs of the network.  By
        default nothing is passed on, and the list is empty.
        """
        return []

    def draw(self, generator: Generator, shape: tuple[int, int]) -> tuple[Any, ...]:
        """Draw the noise of one training step.

        Parameters
        ----------
        generator : numpy.random.Generator or numpy.random.RandomState
            Where draws come from.
        shape : (n, n_inputs)
            The shape of the layer's input.

        Returns
        -------
        tuple of numpy.ndarray
            What `forward` gets after its first two arguments, in training only.

        Notes
        -----
        For which step it draws, `xpnn.schedules.current_step` tells.
        """
        return ()

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute the outputs, and the function that takes gradients back.

        Parameters
        ----------
        params : tuple of array
            In the order of `parameters`.
        x : array of shape (n, n_inputs)
            The inputs, which are not changed.

        Returns
        -------
        y : array of shape (n, n_outputs)
            The outputs.
        backward : callable
            ``backward(dy) -> (dx, grads)``: from the gradient of the loss with respect
            to `y`, those with respect to `x` and to each parameter; None will do for a
            parameter that is not trainable.
        """
        raise TypeError(f"the layer {type(self).__name__} does not define forward")

    def train(
        self, params: Params, state: Params, x: Array, *noise: Array
    ) -> tuple[Array, Backward, Params]:
        """Compute the outputs in training, and what the layer's state is after it.

        A layer with `state` defines it; that of others is `forward`.

        Parameters
        ----------
        params, state : tuple of array
            In the order of `parameters` and of `state`; not changed.
        x : array of shape (n, n_inputs)
            The inputs, which are not changed.
        *noise : array
            What `draw` drew.

        Returns
        -------
        y, backward
            As `forward` returns them.
        state : tuple of array
            The new state.
        """
        y, backward = self.forward(params, x, *noise)
        return y, backward, state

    def gradients(self, x: Array, dy: Array) -> Params:
        """Compute the gradients with respect to the parameters alone.

        A layer may define it: of the first one that learns, nobody needs the gradient with
        respect to its inputs, which takes Dense as long as `forward` does.  Its `backward` asks
        it for them, so that nothing is computed where they are not needed.

        Parameters
        ----------
        x : array of shape (n, n_inputs)
            The inputs of `forward`.
        dy : array of shape (n, n_outputs)
            The gradient of the loss with respect to its outputs.

        Returns
        -------
        tuple of array
            As the second result of ``backward(dy)``.
        """
        raise TypeError(f"the layer {type(self).__name__} does not define gradients")

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Say how ONNX computes what `forward` does outside training.

        A layer that is exported defines it, in a line or a few::

            return graph.node("Relu", x)

        Parameters
        ----------
        graph : xpnn.export.Graph
            What operations (`node`) and numbers (`constant`) are added to.
        params : tuple of str
            The names of the parameters, and of the state behind them, in the order in which
            `forward` takes them.
        x : str
            The name of the inputs, of shape (n, n_inputs).

        Returns
        -------
        str
            The name of the outputs, of shape (n, n_outputs).
        """
        raise TypeError(
            f"the layer {type(self).__name__} does not say how ONNX computes it: define "
            "to_onnx(self, graph, params, x), as docs/guides/export.md shows"
        )


def _shown(setting: Any) -> str:
    """Return a setting as a layer's text shows it."""
    if isinstance(setting, Layer):
        return str(setting)
    if isinstance(setting, tuple) and any(isinstance(item, Layer) for item in setting):
        return f"({', '.join(map(_shown, setting))}{',' * (len(setting) == 1)})"
    return repr(setting)


def parameters_of(layer: Layer) -> dict[str, Parameter]:
    """Return a layer's parameters, with the first values that `with_values` gave them.

    None is `by_rows` of a layer that says itself, beyond the class which declares parameters,
    how it computes: it may do with gradients what needs whole ones.
    """
    declared = _with_first(layer, layer.parameters())
    if any(p.by_rows for p in declared.values()) and not _hands_rows_on(type(layer)):
        declared = {name: p._replace(by_rows=False) for name, p in declared.items()}
    return declared


def _hands_rows_on(kind: type) -> bool:
    says = class_with(kind, "parameters")
    computing = [class_with(kind, name) for name in ("forward", "train", "gradients")]
    return all(
        issubclass(says, own) or own.__module__.startswith(f"{__package__}.")
        for own in computing
    )


def state_of(layer: Layer) -> dict[str, Parameter]:
    """Return a layer's state, likewise."""
    return _with_first(layer, layer.state())


def _with_first(layer: Layer, declared: dict[str, Parameter]) -> dict[str, Parameter]:
    values = vars(layer).get("_values", {})
    return {
        name: p._replace(initializer=values[name]) if name in values else p
        for name, p in declared.items()
    }


def by_name(of_layers: Mapping[str, Mapping[str, Parameter]]) -> dict[str, Parameter]:
    """Return what layers declare by the layer's name and its own: ``"0.weights"``."""
    return {f"{layer}.{name}": p for layer, own in of_layers.items() for name, p in own.items()}
