"""A network as a formula."""

from __future__ import annotations

from typing import Any

from ..checks import check_integer
from ..layers import Dense
from ..network import Network

__all__ = ["forward_formula"]


def forward_formula(
    axes: Any, model: Network, *, explained: bool = False, lines: int | None = None
) -> str:
    r"""Write the forward pass of a network as a formula, and its loss, if it is compiled.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to write.
    model : Sequential
        The network.
    explained : bool
        Whether it is taken apart: a line for each layer, with the shape of what it gives for
        n rows.

    lines : int, optional
        How many of these lines are there; by default all.

    Returns
    -------
    str
        The formula, without its explanation: ``$\mathrm{ReLU}(X W_{1} + b_{1})$`` of a Dense
        layer and ReLU.
    """
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    sizes = model.layer_sizes()
    whole, dense, steps = "X", 0, [("$X$", "the inputs", _shape(sizes[0]))]
    for k, layer in enumerate(model.layers):
        if isinstance(layer, Dense):
            dense += 1
            inner = (
                whole if k == 0 or not isinstance(model.layers[k - 1], Dense) else f"({whole})"
            )
            whole = f"{inner} W_{{{dense}}} + b_{{{dense}}}"
            step = f"$Z_{{{k + 1}}} = {_before(k)} W_{{{dense}}} + b_{{{dense}}}$"
        else:
            name = rf"\mathrm{{{type(layer).__name__}}}"
            whole = rf"{name}({whole})"
            step = f"$Z_{{{k + 1}}} = {name}({_before(k)})$"
        steps.append((step, f"layer {k}, {layer.title}", _shape(sizes[k + 1])))
    compiled = model.compiled
    if compiled is not None:
        name = rf"\mathrm{{{type(compiled.loss).__name__}}}"
        whole = f"{name}({whole},\\, y)"
        steps.append(
            (f"$L = {name}({_before(len(model.layers))},\\, y)$", "the loss", "a number")
        )
    formula = f"${whole}$"
    words: dict[str, Any] = {"va": "center", "color": "black"}
    if not explained:
        size = max(7.0, min(16.0, 1500 / len(formula)))
        axes.text(0.5, 0.5, formula, ha="center", fontsize=size, **words)
        return formula
    lines = len(steps) if lines is None else check_integer("lines", lines, at_least=0)
    for i, (step, what, shape) in enumerate(steps[:lines]):
        height = 1 - (i + 0.5) / len(steps)
        axes.text(0.02, height, step, fontsize=11, **words)
        axes.text(0.52, height, what, fontsize=9, **words)
        axes.text(0.98, height, shape, fontsize=9, ha="right", **words)
    return formula


def _before(k: int) -> str:
    return f"Z_{{{k}}}" if k else "X"


def _shape(size: int | None) -> str:
    return f"(n, {'?' if size is None else size})"
