"""The picture of a training that 'xpnn train --plot' writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..files.atomic import atomic_write
from .saying import tell


def draw(
    path: Path,
    history: Mapping[str, Sequence[float]],
    predict: Callable[[Any], Any] | None = None,
    data: tuple[Any, Any] | None = None,
    labels: Sequence[str] | None = None,
    names: Sequence[str] = (),
) -> bool:
    """Draw a picture of the training, if an epoch was finished; return whether it was.

    Parameters
    ----------
    path : Path
        The file.
    history, predict, data, labels, names
        As of `xpnn.plots.picture_of_training`.
    """
    if not history:
        tell(f"No epoch was finished, so there is nothing to draw in {path}.")
        return False
    from ..plots import picture_of_training

    figure = picture_of_training(history, predict, data, labels, names)
    with atomic_write(path) as temporary:
        figure.savefig(temporary)
    return True
