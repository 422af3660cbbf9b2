"""What a page shows of a session now, as numbers: regions, neurons, weights, curves, norms."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..backend import to_host
from ..layers import Dense
from ..plots import norms_of
from .session import Session

__all__ = ["Curve", "frame", "layout", "picture"]

SIDE, SMALL_SIDE = 64, 32
"""How many points a side of the grid has on which regions are computed, and of a neuron's."""

ALONG = 200
"""On how many points a curve is computed."""

SHOWN_POINTS = 600
"""How many of the rows are shown, and as many more of those that are not trained on."""

MOST_POINTS = 400
"""How many points the curves of loss and accuracy have at most."""


class Curve:
    """What was measured in the course of a training, ever more thinly.

    Attributes
    ----------
    points : list of tuple of float
        The epochs, and behind each the losses and accuracies in training and in the test.
    """

    def __init__(self) -> None:
        self.points: list[tuple[float, ...]] = []

    def note(
        self, epochs: float, train: Mapping[str, float], test: Mapping[str, float]
    ) -> None:
        """Write down what is measured after so many epochs, in training and in the test."""
        if self.points and self.points[-1][0] == epochs:
            return
        numbers = [
            part.get(name, np.nan) for name in ("loss", "accuracy") for part in (train, test)
        ]
        self.points.append((epochs, *numbers))
        if len(self.points) > MOST_POINTS:
            del self.points[1:-1:2]


def bounds(session: Session) -> list[tuple[float, float]]:
    """Return from where to where each input is shown, and a single input's target."""
    rows = session.rows
    shown = [np.concatenate([rows.X, rows.X_test])]
    if rows.X.shape[1] == 1:
        shown.append(np.concatenate([rows.y, rows.y_test]))
    columns = [column for array in shown for column in array.astype(np.float64).T]
    edges = [(float(c.min()), float(c.max())) for c in columns]
    return [
        (low - (high - low or 1) / 16, high + (high - low or 1) / 16) for low, high in edges
    ]


def grid(session: Session, side: int) -> np.ndarray:
    """Return points all over what is shown, from the upper left, row by row."""
    edges = bounds(session)
    if session.rows.X.shape[1] == 1:
        return np.linspace(*edges[0], ALONG if side == SIDE else side, dtype=np.float32)[
            :, None
        ]
    across, up = (np.linspace(*edge, side, dtype=np.float32) for edge in edges)
    return np.stack(np.meshgrid(across, up[::-1]), axis=-1).reshape(-1, 2)


def layout(session: Session) -> dict[str, Any]:
    """Return what stays while a session lasts: its shape, and the points that it learns."""
    rows = session.rows
    dense = [layer for layer in session.model.layers if isinstance(layer, Dense)]

    def points(X: np.ndarray, y: np.ndarray) -> dict[str, Any]:
        every = max(1, -(-len(X) // SHOWN_POINTS))
        return {
            "every": every,
            "X": X[::every].astype(float).round(4).tolist(),
            "y": y[::every].reshape(-1).astype(float).round(4).tolist(),
        }

    return {
        "kind": "session",
        "choices": session.choices.plain(),
        "backend": session.model.backend.name,
        "sizes": [dense[0].n_inputs, *(layer.n_outputs for layer in dense)],
        "labels": [*rows.labels],
        "names": [*rows.names],
        "target": session.choices.target or (session.own.target if session.own else ""),
        "said": rows.said,
        "bounds": bounds(session),
        "side": SIDE,
        "smallSide": SMALL_SIDE,
        "rows": len(rows.X),
        "stepsOfEpoch": session.steps_of_epoch,
        "parameters": [*session.model.declared_parameters],
        "train": points(rows.X, rows.y),
        "test": points(rows.X_test, rows.y_test),
    }


def picture(session: Session, curve: Curve) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return what is shown now.

    Parameters
    ----------
    session : Session
        The session, between two steps.
    curve : Curve
        What was measured before, to which this moment is added.

    Returns
    -------
    told : dict
        Plain data.
    arrays : dict of str to numpy.ndarray
        Under "regions" the numbers of classes, uint8, and under "sure" their probabilities,
        from 0 to 255; or under "values" outputs, int8 of the target's range, or float32 along
        a curve.  Under "neurons" each neuron's outputs, int8 of its largest one; under
        "weights" all parameters, float32; under "curve" what was measured, float32 (n, 5).
    """
    model, rows = session.model, session.rows
    with np.errstate(all="ignore"):  # of a training that leaps, numbers may be infinite
        train, test = session.measure()
        step, of = session.step, session.steps_of_epoch
        curve.note(session.epoch + step / of, train, test)
        _, gradients = model.gradients(rows.X, rows.y)
        told = {
            "kind": "picture",
            "epoch": session.epoch,
            "step": step,
            "train": {name: _finite(value) for name, value in train.items()},
            "test": {name: _finite(value) for name, value in test.items()},
            "norms": [*map(_finite, norms_of(model, gradients))],
            "learningRate": model.learning_rate,
        }
        weights = [to_host(p).reshape(-1) for p in model.parameter_arrays]
        arrays = {
            **_outputs(session),
            "neurons": _neurons(session),
            "weights": np.concatenate(weights).astype(np.float32),
            "curve": np.array(curve.points, np.float32),
        }
    return told, arrays


def _finite(value: float) -> float | None:
    """Return a number, or None where JSON has none for it."""
    return value if math.isfinite(value) else None


def _outputs(session: Session) -> dict[str, np.ndarray]:
    """Return what the network makes of all points that are shown."""
    outputs = to_host(session.model.predict(grid(session, SIDE)))
    if session.rows.labels:
        columns = np.ascontiguousarray(outputs.T)  # whose largest is found much faster
        sure = columns.max(axis=0) * 255
        return {"regions": columns.argmax(axis=0).astype(np.uint8), "sure": np.uint8(sure)}
    if session.rows.X.shape[1] == 1:
        return {"values": outputs[:, 0].astype(np.float32)}
    return {"values": _signed(outputs.T, np.abs(session.rows.y).max())}


def _neurons(session: Session) -> np.ndarray:
    """Return what the hidden neurons make of the points, one after the other."""
    model, points, found = session.model, grid(session, SMALL_SIDE), []
    dense = [i for i, layer in enumerate(model.layers) if isinstance(layer, Dense)]
    for number in dense[:-1]:  # the activation is the one behind
        outputs = to_host(model.layer_outputs(points, number + 1)).T
        found.append(_signed(outputs, np.abs(outputs).max(axis=1, keepdims=True)))
    outputs = to_host(model.predict(points)).T
    found.append(_signed(outputs, 1.0 if session.rows.labels else np.abs(session.rows.y).max()))
    return np.concatenate(found)


def _signed(values: np.ndarray, largest: Any) -> np.ndarray:
    """Return numbers as parts of a largest one, from -127 to 127."""
    parts = values / np.where(largest > 0, largest, 1)
    return np.asarray(np.nan_to_num(parts).clip(-1, 1) * 127, np.int8)


def frame(told: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return data for a page: the length of a head, as JSON, the head, and the arrays.

    The head has under "arrays" each one's name, dtype and size; each begins at a multiple of 4.
    """
    described = [[name, a.dtype.name, a.size] for name, a in arrays.items()]
    head = json.dumps({**told, "arrays": described}, allow_nan=False).encode()
    head += b" " * (-len(head) % 4)
    parts = [struct.pack("<I", len(head)), head]
    for array in arrays.values():
        content = array.tobytes()
        parts += [content, bytes(-len(content) % 4)]
    return b"".join(parts)
