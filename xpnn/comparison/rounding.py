"""How far apart rounding may bring the numbers of two backends; `xpnn.comparison` tells why."""

from __future__ import annotations

import numpy as np

from .walk import BACK, LOSS, OUTPUTS, Key, Run, Trace

__all__ = ["allowed_differences"]

BESIDE = 16
"""How many roundings are allowed beside those of a sum."""


def allowed_differences(
    run: Run, x: np.ndarray, first: Trace, dtype: str, tolerance: float | None
) -> dict[Key, float]:
    """Return how far apart rounding may bring each array of a trace, `first`."""
    sums = run.walk(x, first, absolute=True)
    info = np.finfo(dtype)
    n, learning = x.shape[0], [*run.links][: len(run.stack.layers)]
    predictions = first.arrays[learning[-1], OUTPUTS] if learning else x
    allowed = {}
    for key, array in first.arrays.items():
        layer, name = key
        magnitude = max(_largest(array), _largest(sums.arrays[key]))
        if layer is None:
            # probabilities, of order 1, are subtracted from targets
            of_order = 1 / n if run.criterion.classifies else 0.0
            magnitude = max(magnitude, _largest(predictions) if name == LOSS else of_order)
            terms = predictions.shape[1]
            if name == LOSS:
                penalised = (run.flat[i].size for i, _, _ in run.stack.penalties)
                terms = n + terms + sum(penalised)
        elif name == OUTPUTS:
            terms = first.inputs[layer].shape[1]
        else:
            dy = first.dys[layer]
            magnitude = max(magnitude, _largest(dy))
            terms = dy.shape[1] if name == BACK else n
        part = tolerance or (terms + BESIDE) * float(info.eps)
        allowed[key] = part * magnitude + float(info.smallest_normal)
    return allowed


def _largest(array: np.ndarray) -> float:
    """Return the largest magnitude of the finite entries."""
    return float(np.max(np.abs(array), initial=0.0, where=np.isfinite(array)))
