"""The picture of a training that 'xpnn train --plot' writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..files.atomic import atomic_write
from ..sequential import Sequential
from ..tables import Classes
from .data import Data
from .results import in_units
from .saying import tell


def draw(path: Path, model: Sequential, data: Data) -> bool:
    """Draw a picture of the training, if an epoch was finished; return whether it was."""
    history = model.history.history if model.history else {}
    if not history:
        tell(f"No epoch was finished, so there is nothing to draw in {path}.")
        return False
    from ..plots import picture_of_training

    target, features = data.preparation.target, data.preparation.features
    curves = {
        name: [in_units(name, value, target) for value in values]
        for name, values in history.items()
    }
    X, y = data.training
    if (
        isinstance(target, Classes)
        and X.shape[1] == 2
        and all(not f.categories for f in features)
    ):
        # points in the plane: the regions of the classes are shown, in the table's units
        mean = np.array([f.mean for f in features] or [0.0, 0.0])
        scale = np.array([f.scale for f in features] or [1.0, 1.0])
        figure = picture_of_training(
            curves,
            lambda points: model.predict((points - mean) / scale),
            (X * scale + mean, y),
            target.labels,
            [f.column for f in features],
        )
    else:
        figure = picture_of_training(curves)
    with atomic_write(path) as temporary:
        figure.savefig(temporary)
    return True
