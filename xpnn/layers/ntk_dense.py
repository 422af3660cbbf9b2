"""The fully connected layer for one learning rate in layers of any width."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..backend import Array
from ..initializers import Scaled
from .base import Backward, Parameter, Params
from .dense import Dense

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["NTKDense"]


@dataclass(frozen=True)
class NTKDense(Dense):
    """A fully connected layer: ``y = x @ weights / sqrt(n_inputs) + biases``.

    It computes what `Dense` computes with weights that are smaller by that root, and so one
    learning rate suits layers of any width.  Jacot, Gabriel and Hongler (2018), of whose
    neural tangent kernel this parametrisation has its name.

    Parameters
    ----------
    n_inputs, n_outputs, l1, l2, bias_l1, bias_l2
        As of `Dense`; penalties are those of the weights as they are learnt.
    weights, biases
        As of `Dense`; the weights are the first values of ``weights / sqrt(n_inputs)``.
    """

    @property
    def _factor(self) -> float:
        return 1 / math.sqrt(self.n_inputs)

    def parameters(self) -> dict[str, Parameter]:
        """Return the weights (n_inputs, n_outputs) and biases (n_outputs,)."""
        parameters = super().parameters()
        weights = Scaled(self.weights, 1 / self._factor)
        return {**parameters, "weights": parameters["weights"]._replace(initializer=weights)}

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute ``x @ weights / sqrt(n_inputs) + biases``."""
        weights, biases = params
        # the way back of Dense asks for `gradients`, which are those below
        return super().forward((self._factor * weights, biases), x)

    def gradients(self, x: Array, dy: Array) -> Params:
        """Compute the gradients with respect to the weights and biases alone."""
        dweights, dbiases = super().gradients(x, dy)
        return self._factor * dweights, dbiases

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add the product with the factor, and what `Dense` adds."""
        weights, biases = params
        weights = graph.node("Mul", weights, graph.constant(self._factor))
        return super().to_onnx(graph, (weights, biases), x)
