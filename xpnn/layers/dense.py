"""The fully connected layer."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ..backend import Array
from ..checks import check_integer, check_number
from ..initializers import INITIALIZERS
from ..naming import look_up
from ..operations import column_sums
from .base import Backward, Layer, Parameter, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["Dense"]


@dataclass(frozen=True)
class Dense(Layer):
    """A fully connected layer: ``y = x @ weights + biases``.

    Parameters
    ----------
    n_inputs : int
        The number of features of an input.
    n_outputs : int
        The number of neurons.
    weights, biases : str, float, array_like or callable
        Their first values, as in `xpnn.initializers.draw`.  Arrays have the shapes
        (n_inputs, n_outputs) and (n_outputs,).
    l1, l2 : float
        What the weights add to the loss, ``l1 * sum(abs(weights)) + l2 * sum(weights**2)``
        (the book, ch. 14).
    bias_l1, bias_l2 : float
        The same of the biases.

    Raises
    ------
    TypeError, ValueError
        If a size is not a positive integer, an initializer is unknown, or a penalty is
        negative.
    """

    n_inputs: int
    n_outputs: int
    _: KW_ONLY
    weights: Any = field(
        default="glorot_uniform", repr=False, compare=False, metadata={"saved": False}
    )
    biases: Any = field(default="zeros", repr=False, compare=False, metadata={"saved": False})
    l1: float = 0.0
    l2: float = 0.0
    bias_l1: float = 0.0
    bias_l2: float = 0.0

    unbounded: ClassVar[bool | None] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("n_inputs", self.n_inputs, at_least=1)
        check_integer("n_outputs", self.n_outputs, at_least=1)
        for name in ("l1", "l2", "bias_l1", "bias_l2"):
            check_number(name, getattr(self, name), at_least=0)
        for initializer in (self.weights, self.biases):
            if isinstance(initializer, str):
                look_up(initializer, INITIALIZERS, "initializer")

    def parameters(self) -> dict[str, Parameter]:
        """Return the weights (n_inputs, n_outputs) and biases (n_outputs,)."""
        return {
            "weights": Parameter(
                (self.n_inputs, self.n_outputs), self.weights, self.l1, self.l2
            ),
            "biases": Parameter((self.n_outputs,), self.biases, self.bias_l1, self.bias_l2),
        }

    def output_size(self, n_inputs: int | None) -> int:
        """Return `n_outputs`."""
        if n_inputs not in (None, self.n_inputs):
            raise ValueError(
                f"Dense({self.n_inputs}, {self.n_outputs}) takes {self.n_inputs} inputs, "
                f"but gets {n_inputs}"
            )
        return self.n_outputs

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute ``x @ weights + biases``."""
        weights, biases = params
        y = x @ weights  # (n, n_outputs)
        y += biases

        def backward(dy: Array) -> tuple[Array, Params]:
            dx = dy @ weights.T  # (n, n_inputs)
            return dx, self.gradients(x, dy)

        return y, backward

    def gradients(self, x: Array, dy: Array) -> Params:
        """Compute the gradients with respect to the weights and biases alone."""
        dweights = x.T @ dy  # (n_inputs, n_outputs)
        dbiases = column_sums(dy)  # (n_outputs,)
        return dweights, dbiases

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add a Gemm: x @ weights + biases."""
        return graph.node("Gemm", x, *params)
