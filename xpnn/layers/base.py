"""What a layer is.

A layer is a frozen description: a dataclass of hyper-parameters.  What it learns is
plain data that goes in and comes out, and nothing is remembered on it between steps::

    y, backward = layer.forward(params, x)          (n, n_inputs) -> (n, n_outputs)
    dx, grads = backward(dy)

The backward pass is a closure under the forward pass, so it reads beside it and sees
what it needs; a gradient has its array's name with ``d`` in front.

What a layer keeps beside what it learns, as running statistics are, is data too: its `state`
comes after the parameters where the network is used, and goes in and comes out of `train`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ..backend import Array
from ..naming import Described, register

if TYPE_CHECKING:
    from ..initializers import Generator
    from ..onnx_graph import Graph

__all__ = ["LAYERS", "Backward", "Layer", "Parameter", "Params"]

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
    """

    shape: tuple[int, ...]
    initializer: Any = "zeros"
    l1: float = 0.0
    l2: float = 0.0
    learning_rate: float = 1.0
    weight_decay: bool | float = True


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
        register(cls, LAYERS, "layer")

    def __str__(self) -> str:
        # what was left at its default by keyword says nothing of this layer
        shown = [
            f"{f.name}={getattr(self, f.name)!r}"
            for f in fields(self)
            if f.repr and not (f.kw_only and getattr(self, f.name) == f.default)
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def parameters(self) -> dict[str, Parameter]:
        """Return the parameters by name, in the order in which `forward` takes them."""
        return {}

    def state(self) -> dict[str, Parameter]:
        """Return by name the arrays that the layer keeps beside its parameters.

        Training changes them, by `train` and not by gradients; where the network is used,
        `forward` gets them behind the parameters.
        """
        return {}

    def output_size(self, n_inputs: int | None) -> int | None:
        """Return the number of outputs for a number of inputs; None is not known.

        Raises
        ------
        ValueError
            If the layer can't take that number of inputs.
        """
        return n_inputs

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
            to `y`, those with respect to `x` and to each parameter.
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
        respect to its inputs, which takes Dense as long as `forward` does.

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
