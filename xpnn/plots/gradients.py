"""How large gradients are, layer by layer and in the course of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any, Protocol

import numpy as np

from ..checks import check_flag
from ..network import Network
from .norms import norms_of
from .style import COLOURS, MARKERS, UNSIGNED, epochs_across

__all__ = ["gradient_history", "gradient_norms"]


class GradientRecord(Protocol):
    """What was written down of gradients, as `xpnn.callbacks.GradientNorms` does it."""

    @property
    def epochs(self) -> Sequence[int]:
        """After which epochs."""

    @property
    def norms(self) -> Mapping[str, Sequence[float]]:
        """The norm of each parameter's gradient then, by the parameter's name."""

    @property
    def sizes(self) -> Mapping[str, Sequence[float]]:
        """The norm of each parameter itself."""


def gradient_norms(axes: Any, model: Network, X: Any, y: Any) -> dict[str, float]:
    """Draw how large the gradient of each parameter is, now.

    Where gradients vanish, they get smaller by a factor from the last layer to the first.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    model : Sequential
        A compiled model.
    X, y : array_like
        The data whose loss is differentiated, as `Sequential.gradients` takes it.

    Returns
    -------
    dict of str to float
        The root of the sum of squares of each parameter's gradient, by the parameter's name:
        ``"0.weights"``.  What is 0 has no place on the scale, and is a cross at its bottom.
    """
    _, grads = model.gradients(X, y)
    norms = dict(zip(model.declared_parameters, norms_of(model, grads)))
    layers, known = [*dict.fromkeys(map(_layer_of, norms))], model.all_layers
    # layers that others hold have no numbers of their own
    numbered = all(layer.isdigit() for layer in layers)
    places = {layer: int(layer) if numbered else i for i, layer in enumerate(layers)}
    for kind, colour, marker in zip(_kinds(norms), cycle(COLOURS), cycle(MARKERS)):
        own = {places[_layer_of(n)]: v for n, v in norms.items() if _kind_of(n) == kind}
        _log_line(axes, list(own), list(own.values()), colour, kind, marker=marker)
    classes = [type(known.get(layer, model)).__name__ for layer in layers]
    several = len(set(classes)) > 1
    names = [f"{i}\n{name}" if several else f"{i}" for i, name in zip(layers, classes)]
    axes.set_xticks([*places.values()], names)
    if not numbered:
        axes.tick_params("x", labelrotation=90)
    axes.set_xlabel("layer")
    axes.set_ylabel("norm of the gradient")
    axes.set_title("Gradients, layer by layer")
    axes.grid(alpha=0.3)
    axes.legend()
    return norms


def gradient_history(
    axes: Any, recorded: GradientRecord, *, kind: str = "weights", relative: bool = False
) -> None:
    """Draw how large the gradients of each layer were in the course of a training.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    recorded : GradientNorms
        The callback that was told of the training.
    kind : str
        Which of a layer's parameters: ``"weights"``, ``"biases"``.
    relative : bool
        Whether each is divided by the norm of the parameter itself, so that layers of
        unlike sizes can be compared.

    Raises
    ------
    TypeError, ValueError
        If nothing was recorded, or an argument is none of the above.
    """
    from matplotlib import colormaps

    check_flag("relative", relative)
    names = [name for name in recorded.norms if _kind_of(name) == kind]
    if not recorded.epochs:
        raise ValueError("recorded must hold at least one epoch: train with it in callbacks")
    if not names:
        kinds = sorted(_kinds(recorded.norms))
        raise ValueError(f"kind must be one of {kinds}, got {kind!r}")
    # from dark, the first layer, to light; without the yellow that is lost on white
    colours = colormaps[UNSIGNED](np.linspace(0, 0.88, len(names)))
    for name, colour in zip(names, colours):
        values = np.array(recorded.norms[name])
        if relative:
            sizes = np.array(recorded.sizes[name])
            values = values / np.where(sizes > 0, sizes, np.nan)
        # a line needs two points to be seen
        marker = "o" if len(values) == 1 else ""
        label = f"layer {_layer_of(name)}"
        _log_line(axes, recorded.epochs, values, colour, label, marker=marker)
    epochs_across(axes)
    axes.set_ylabel("norm of the gradient" + (" / norm of the parameter" if relative else ""))
    axes.set_title(f"Gradients of the {kind}")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))


def _layer_of(name: str) -> str:
    """Return the name of the layer whose parameter has this name, as ``"0.weights"``."""
    return name.rpartition(".")[0]


def _kind_of(name: str) -> str:
    """Return which of a layer's parameters has this name, as ``"0.weights"``."""
    return name.rpartition(".")[2]


def _kinds(names: Mapping[str, Any]) -> list[str]:
    """Return the kinds of parameters that there are, in the order in which they come."""
    return list(dict.fromkeys(map(_kind_of, names)))


def _log_line(
    axes: Any, places: Sequence[float], values: Any, colour: Any, label: str, *, marker: str
) -> None:
    """Draw numbers >= 0 on a logarithmic scale, and what is 0 as a cross at its bottom."""
    x, values = np.asarray(places), np.asarray(values, dtype=float)
    above = np.where(values > 0, values, np.nan)
    axes.plot(x, above, color=colour, marker=marker, lw=1.5, label=label)
    axes.set_yscale("log")
    zero = x[values == 0]
    if zero.size:
        place = axes.get_xaxis_transform()
        axes.plot(zero, np.zeros(zero.size), "x", color=colour, transform=place, clip_on=False)
