"""One neuron: its numbers on a drawing, and the line that its weight and bias move."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import HOST, resolve, to_host
from ..checks import check_integer, check_number
from ..layers import Dense, Layer, Linear
from .style import COLOURS, blank, number

__all__ = ["activation_curve", "neuron_diagram", "neuron_line"]

PARTS = ("inputs", "weights", "products", "bias", "activation")
"""In which order a neuron computes."""


def neuron_diagram(
    axes: Any,
    inputs: Any,
    weights: Any,
    bias: float,
    activation: Layer | None = None,
    *,
    parts: int = len(PARTS),
) -> float:
    """Draw a neuron with its numbers: inputs, weights, their products, the bias, the result.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    inputs, weights : array_like of shape (n,)
        What comes in, and by what each is multiplied.
    bias : float
        What is added.
    activation : Layer, optional
        What is done with the sum; by default nothing.
    parts : int
        How much is drawn: 1 only the inputs, 2 the weights too, 3 their products, 4 the bias
        and the sum, 5 what the activation makes of it.

    Returns
    -------
    float
        What the neuron gives, as Dense and the activation compute it in float64.

    Raises
    ------
    TypeError, ValueError
        If the shapes differ, or an argument is none of the above.
    """
    from matplotlib.patches import Circle, FancyArrowPatch

    x = to_host(inputs).astype(np.float64)
    w = to_host(weights).astype(np.float64)
    if x.ndim != 1 or not x.size or x.shape != w.shape:
        raise ValueError(
            f"inputs and weights must have the same shape (n,), got {x.shape} and {w.shape}"
        )
    check_number("bias", bias)
    parts = check_integer("parts", parts, at_least=1)
    z, y = neuron_outputs(x[None], w, bias, activation)
    n = len(x)
    middle = (n - 1) / 2 + 0.7
    blank(axes, 7.6, n + 0.9)
    words: dict[str, Any] = {"ha": "center", "va": "center"}
    arrow: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 9, "color": "0.4"}
    for i in range(n):
        row = i + 0.7
        axes.add_patch(Circle((0.8, row), 0.34, facecolor="#FFF7E0", edgecolor="0.3"))
        axes.text(0.8, row, number(x[i]), fontsize=9, **words)
        toward = middle + 0.25 * (row - middle)
        axes.add_patch(FancyArrowPatch((1.15, row), (3.5, toward), **arrow))
        if parts >= 2:
            says = number(w[i])
            if parts >= 3:
                says = f"× {says} = {number(x[i] * w[i])}"
            part = 0.5
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
            place = 1.15 + part * 2.35, row + part * (toward - row)
            axes.text(*place, says, fontsize=8, color=COLOURS[0], bbox=box, **words)
    axes.add_patch(Circle((4.2, middle), 0.7, facecolor="#E3F0FA", edgecolor="0.3"))
    if parts >= 4:
        says = f"sum {number(float(x @ w))}\n+ bias {number(bias)}"
        axes.text(4.2, middle, says, fontsize=7.5, **words)
        axes.add_patch(FancyArrowPatch((4.9, middle), (6.6, middle), **arrow))
        shown = y if parts >= 5 else z
        if parts >= 5 and activation is not None:
            axes.text(5.7, middle - 0.28, type(activation).__name__, fontsize=8, **words)
        axes.text(7.0, middle, number(shown), fontsize=11, color=COLOURS[4], **words)
    return float(y)


def neuron_line(
    axes: Any,
    weight: float,
    bias: float,
    activation: Layer | None = None,
    *,
    low: float = -2.0,
    high: float = 2.0,
) -> Any:
    """Draw what a neuron with one input makes of it: a line, or what its activation makes.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    weight, bias : float
        The neuron: the slope of its line, and the height at 0.
    activation : Layer, optional
        What is done with the line, which then is drawn in grey too.
    low, high : float
        The part of the inputs that is drawn.

    Returns
    -------
    matplotlib.lines.Line2D
        What the neuron gives.
    """
    check_number("weight", weight)
    check_number("bias", bias)
    x = _inputs(low, high)
    z, y = neuron_outputs(x[:, None], np.array([weight], np.float64), bias, activation)
    if activation is not None:
        axes.plot(x, z, color="0.6", lw=1, ls="--")
    (line,) = axes.plot(x, y, color=COLOURS[0], lw=2)
    if np.ptp(y) < 1:
        axes.set_ylim(y.min() - 1, y.max() + 1)
    _cross(axes, low, high)
    says = f"weight {number(weight)}, bias {number(bias)}"
    if activation is not None:
        says += f", {type(activation).__name__}"
    axes.set_title(says, fontsize="medium")
    return line


def activation_curve(
    axes: Any, activation: Layer, *, slope: bool = True, low: float = -4.0, high: float = 4.0
) -> Any:
    """Draw an activation and, dashed, its slope as its backward pass gives it.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    activation : Layer
        A layer without parameters that works on each number apart.
    slope : bool
        Whether the slope is drawn.
    low, high : float
        The part of the inputs that is drawn.

    Returns
    -------
    matplotlib.lines.Line2D
        The activation.

    Raises
    ------
    TypeError
        If `activation` is no such layer.
    """
    if not isinstance(activation, Layer) or activation.parameters():
        raise TypeError(f"activation must be a layer without parameters, got {activation!r}")
    x = _inputs(low, high)
    y, backward = activation.forward((), x[:, None])
    (line,) = axes.plot(x, y[:, 0], color=COLOURS[0], lw=2, label=type(activation).__name__)
    if slope:
        slopes = backward(np.ones_like(y))[0]
        axes.plot(x, slopes[:, 0], color=COLOURS[4], lw=1.3, ls="--", label="slope")
        axes.legend(fontsize="small")
    _cross(axes, low, high)
    axes.set_title(str(activation), fontsize="medium")
    return line


def neuron_outputs(x: np.ndarray, weights: Any, bias: float, activation: Layer | None) -> Any:
    """Return what a neuron gives before its activation, and behind it."""
    params = weights[:, None], np.array([bias], np.float64)
    with resolve(HOST).activate_for("float64"):
        z, _ = Dense(len(weights), 1).forward(params, x)  # (n, 1)
        y, _ = (activation or Linear()).forward((), z)
    return (float(z[0, 0]), float(y[0, 0])) if len(x) == 1 else (z[:, 0], y[:, 0])


def _inputs(low: float, high: float) -> np.ndarray:
    check_number("low", low)
    check_number("high", high, above=low)
    return np.linspace(low, high, 401)


def _cross(axes: Any, low: float, high: float) -> None:
    """Draw the lines where either number is 0."""
    axes.axhline(0, color="0.75", lw=0.8, zorder=0)
    axes.axvline(0, color="0.75", lw=0.8, zorder=0)
    axes.set_xlim(low, high)
    axes.grid(alpha=0.3)
    axes.set_xlabel("input")
    axes.set_ylabel("output")
