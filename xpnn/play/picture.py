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

__all__ = ["Curve", "View", "frame"]

SIDE, SMALL_SIDE = 64, 24
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


class View:
    """What is seen of a session, while it lasts.

    Parameters
    ----------
    session : Session
        The session.

    Attributes
    ----------
    session
        As given.
    bounds : list of tuple of float
        From where to where each input is shown, and behind a single one its target.
    curve : Curve
        What was measured so far.
    """

    def __init__(self, session: Session) -> None:
        rows = session.rows
        self.session, self.curve = session, Curve()
        self._is_curve = rows.X.shape[1] == 1
        shown = [(rows.X, rows.X_test), *([(rows.y, rows.y_test)] if self._is_curve else [])]
        columns = [c for pair in shown for c in np.concatenate(pair).astype(np.float64).T]
        edges = [(float(column.min()), float(column.max())) for column in columns]
        rooms = [(high - low or 1) / 16 for low, high in edges]
        self.bounds = [(low - room, high + room) for (low, high), room in zip(edges, rooms)]
        self._points = self._grid(ALONG if self._is_curve else SIDE)
        self._few_points = self._grid(SMALL_SIDE)
        self._largest_y = 1.0 if rows.labels else float(np.abs(rows.y).max())

    def _grid(self, side: int) -> np.ndarray:
        """Return points all over what is shown, from the upper left, row by row."""
        if self._is_curve:
            return np.linspace(*self.bounds[0], side, dtype=np.float32)[:, None]
        across, up = (np.linspace(*edge, side, dtype=np.float32) for edge in self.bounds)
        return np.stack(np.meshgrid(across, up[::-1]), axis=-1).reshape(-1, 2)

    def layout(self) -> dict[str, Any]:
        """Return what stays: the network's shape, and the points that it learns."""
        session = self.session
        rows, choices = session.rows, session.choices
        dense = [layer for layer in session.model.layers if isinstance(layer, Dense)]
        return {
            "kind": "session",
            "choices": choices.plain(),
            "backend": session.model.backend.name,
            "sizes": [dense[0].n_inputs, *(layer.n_outputs for layer in dense)],
            "labels": [*rows.labels],
            "names": [*rows.names],
            "target": choices.target or (session.own.target if session.own else ""),
            "said": rows.said,
            "bounds": self.bounds,
            "side": SIDE,
            "smallSide": SMALL_SIDE,
            "rows": len(rows.X),
            "stepsOfEpoch": session.steps_of_epoch,
            "parameters": [*session.model.declared_parameters],
            "train": _some_points(rows.X, rows.y),
            "test": _some_points(rows.X_test, rows.y_test),
        }

    def note(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return what is measured now, as `Session.measure`, and write it down."""
        session = self.session
        with np.errstate(all="ignore"):  # of a training that leaps, numbers may be infinite
            train, test = session.measure()
        epochs = session.epoch + session.step / session.steps_of_epoch
        self.curve.note(epochs, train, test)
        return train, test

    def picture(
        self, *, network: bool = True, whole: bool = True
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return what is shown now, between two steps.

        Parameters
        ----------
        network : bool
            Whether what is inside of the network is there: "neurons" and "weights".
        whole : bool
            Whether it is measured, too: "epoch", "step", "train", "test", "norms",
            "learningRate" and the curve.

        Returns
        -------
        told : dict
            Plain data.
        arrays : dict of str to numpy.ndarray
            Under "regions" the numbers of classes, uint8, and under "sure" their
            probabilities, from 0 to 255; or under "values" outputs, int8 of the target's
            range, or float32 along a curve.  Under "neurons" each neuron's outputs, int8 of
            its largest one; under "weights" all parameters, float32; under "curve" what was
            measured, float32 of shape (n, 5).
        """
        session, model = self.session, self.session.model
        told: dict[str, Any] = {"kind": "picture"}
        with np.errstate(all="ignore"):
            arrays = self._outputs()
            if network:
                weights = [to_host(p).reshape(-1) for p in model.parameter_arrays]
                arrays["neurons"] = self._neurons()
                arrays["weights"] = np.concatenate(weights).astype(np.float32)
            if not whole:
                return told, arrays
            train, test = self.note()
            _, gradients = model.gradients(session.rows.X, session.rows.y)
            told |= {
                "epoch": session.epoch,
                "step": session.step,
                "train": {name: _finite(value) for name, value in train.items()},
                "test": {name: _finite(value) for name, value in test.items()},
                "norms": [*map(_finite, norms_of(model, gradients))],
                "learningRate": model.learning_rate,
            }
        return told, arrays | {"curve": np.array(self.curve.points, np.float32)}

    def _outputs(self) -> dict[str, np.ndarray]:
        """Return what the network makes of all points that are shown."""
        outputs = to_host(self.session.model.predict(self._points))
        if self.session.rows.labels:
            columns = np.ascontiguousarray(outputs.T)  # whose largest is found much faster
            sure = columns.max(axis=0) * 255
            return {
                "regions": columns.argmax(axis=0).astype(np.uint8),
                "sure": np.uint8(np.nan_to_num(sure)),
            }
        if self._is_curve:
            return {"values": outputs[:, 0].astype(np.float32)}
        return {"values": _signed(outputs.T, self._largest_y)}

    def _neurons(self) -> np.ndarray:
        """Return what the neurons make of fewer points, one after the other."""
        model, points, found = self.session.model, self._few_points, []
        dense = [i for i, layer in enumerate(model.layers) if isinstance(layer, Dense)]
        for number in dense[:-1]:  # the activation is the one behind
            outputs = to_host(model.layer_outputs(points, number + 1)).T
            found.append(_signed(outputs, np.abs(outputs).max(axis=1, keepdims=True)))
        outputs = to_host(model.predict(points)).T
        return np.concatenate([*found, _signed(outputs, self._largest_y)])


def _some_points(X: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Return some rows, evenly spaced, as plain data."""
    every = max(1, -(-len(X) // SHOWN_POINTS))
    return {
        "every": every,
        "X": X[::every].astype(float).round(4).tolist(),
        "y": y[::every].reshape(-1).astype(float).round(4).tolist(),
    }


def _finite(value: float) -> float | None:
    """Return a number, or None where JSON has none for it."""
    return value if math.isfinite(value) else None


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
