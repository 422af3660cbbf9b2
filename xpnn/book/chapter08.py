"""Chapter 8: partial derivatives, gradients, the chain rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..plots import (
    gradient_arrows,
    graph_of_function,
    new_figure,
    operation_graph,
    partial_derivatives,
)
from .entry import BookFigure, frames, on_axes

__all__ = ["FIGURES", "chained", "of_three"]


def of_two(x: Any, y: Any) -> Any:
    """Compute 2x + 3y²."""
    return 2 * x + 3 * y**2


def of_three(x: Any, y: Any, z: Any) -> Any:
    """Compute 3x³z - y² + 5z + 2yz."""
    return 3 * x**3 * z - y**2 + 5 * z + 2 * y * z


def chained(x: Any) -> Any:
    """Compute 3(2x²)⁵, whose slope is 960x⁹."""
    return 3 * (2 * x**2) ** 5


def _surface(x: float, y: float) -> Any:
    def draw() -> Any:
        figure = new_figure(6, 5, dpi=110)
        axes = figure.add_subplot(projection="3d")
        partial_derivatives(axes, of_two, (x, y))
        return figure

    return draw


def _graph(f: Any, gradients: int | None = None, **values: float) -> Any:
    return lambda: operation_graph(graph_of_function(f, **values), gradients=gradients)


FIGURES = [
    BookFigure(
        "8.01",
        "a function of two variables, and its gradients as arrows",
        (gradient_arrows,),
        on_axes(gradient_arrows, of_two, size=(6, 5)),
    ),
    BookFigure(
        "8.02",
        "its slope in the direction of each variable, on the surface",
        (partial_derivatives,),
        _surface(0.5, 1.0),
        frames([_surface(0.5, float(y)) for y in np.linspace(-1.5, 1.5, 16)], 5),
        in_book=False,
    ),
    BookFigure(
        "8.03",
        "the chain rule: 3(2x**2)**5 as a graph of operations",
        (graph_of_function, operation_graph),
        _graph(chained, x=1.0),
        frames([_graph(chained, k, x=1.0) for k in range(8)], 1),
        in_book=False,
    ),
    BookFigure(
        "8.04",
        "the gradient of 3x**3 z - y**2 + 5z + 2yz, by the graph of its operations",
        (graph_of_function, operation_graph),
        _graph(of_three, x=1.0, y=2.0, z=3.0),
        frames([_graph(of_three, k, x=1.0, y=2.0, z=3.0) for k in range(20)], 2),
        in_book=False,
    ),
]
