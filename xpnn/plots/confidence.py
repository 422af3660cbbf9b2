"""What cross-entropy makes of how sure a network was."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import HOST, resolve
from ..checks import reject
from ..losses import CategoricalCrossEntropy
from .arguments import check_lengths, class_indices
from .style import COLOURS, number

__all__ = ["confidence_loss", "confidences"]


def confidence_loss(axes: Any, *, at: Any = (0.05, 0.2, 0.5, 0.8)) -> np.ndarray:
    """Draw the loss, -log p, over the confidence p in the true class.

    Where p is 0 the loss is that of 1e-7, to which it is clipped.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    at : array_like of shape (m,)
        Confidences that are marked.

    Returns
    -------
    numpy.ndarray of shape (m,), float64
        Their losses, as `CategoricalCrossEntropy` computes them.
    """
    at = np.asarray(at, np.float64)
    p = np.concatenate([[0.0], np.geomspace(1e-8, 1, 400)])
    axes.plot(p, _losses(p), color=COLOURS[0], lw=1.8)
    axes.plot([0.0], _losses(np.zeros(1)), "s", color=COLOURS[4], label="p = 0, clipped")
    marked = _losses(at)
    axes.plot(at, marked, "o", color=COLOURS[1], mec="black", mew=0.5)
    for x, loss in zip(at, marked):
        beside: dict[str, Any] = {"textcoords": "offset points", "xytext": (5, 5)}
        axes.annotate(f"{number(x)}: {number(loss, 3)}", (x, loss), fontsize=8, **beside)
    axes.set_xlabel("confidence p in the true class")
    axes.set_ylabel("loss, \N{MINUS SIGN}log p")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    return marked


def confidences(axes: Any, probabilities: Any, targets: Any) -> np.ndarray:
    """Draw the probabilities of each sample as a bar, and the loss that follows.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    probabilities : array_like of shape (n, k)
        Of each class, for each sample.
    targets : array_like of shape (n,)
        The true classes, whose part of a bar has a black rim.

    Returns
    -------
    numpy.ndarray of shape (n,), float64
        The loss of each sample.
    """
    rows = np.asarray(probabilities, np.float64)
    if rows.ndim != 2 or not rows.size:
        raise ValueError(f"probabilities must have the shape (n, k), got {rows.shape}")
    targets = class_indices("targets", targets)
    check_lengths("targets", targets, "probabilities", rows)
    reject(targets >= rows.shape[1], targets, f"targets must be < {rows.shape[1]}, the classes")
    confident = rows[np.arange(len(rows)), targets]
    losses = _losses(confident)
    begin = np.cumsum(rows, axis=1) - rows
    for c in range(rows.shape[1]):
        rims = ["black" if target == c else "none" for target in targets]
        colour = COLOURS[c % len(COLOURS)]
        samples = np.arange(len(rows))
        axes.barh(
            samples,
            rows[:, c],
            left=begin[:, c],
            color=colour,
            alpha=0.75,
            edgecolor=rims,
            linewidth=2,
            label=f"class {c}",
        )
    for i, (p, loss) in enumerate(zip(confident, losses)):
        says = f"\N{MINUS SIGN}log {number(p)} = {number(loss, 3)}"
        axes.text(1.02, i, says, va="center", fontsize=9)
    axes.set_xlim(0, 1)
    axes.set_yticks(range(len(rows)), [f"sample {i}" for i in range(len(rows))])
    axes.invert_yaxis()
    axes.set_xlabel("probability")
    axes.legend(
        fontsize="small", ncols=rows.shape[1], loc="upper left", bbox_to_anchor=(0, 1.18)
    )
    return losses


def _losses(p: np.ndarray) -> np.ndarray:
    """Return the loss of each sample whose true class has the probability p (n,)."""
    rows = np.stack([p, 1 - p], axis=1)
    with resolve(HOST).activate_for("float64"):
        losses: np.ndarray = CategoricalCrossEntropy().forward(
            rows, np.zeros(len(p), np.int64)
        )[0]
    return losses
