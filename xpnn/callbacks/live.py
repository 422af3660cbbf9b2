"""A callback that shows a training in a notebook while it runs."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..checks import check_number
from ..hooks import Callback
from .pictures import USUAL, check_pair, check_size
from .progress import ProgressBar

# as in pictures.py
if TYPE_CHECKING:
    from ..movie.scene import Scene

__all__ = ["LivePlot"]

TIMES = 5
"""How many times as long as a picture took the next one is waited for, at least."""


class LivePlot(Callback):
    """Shows a training in a notebook while it runs, in one place under the cell.

    It is what `TrainingMovie` films: the regions or the curve that the network makes of the
    data, the weights, and the loss so far.  Training does not wait for it: pictures are drawn
    between two blocks of steps and take at most a sixth of the time, so that large networks and
    slow machines have fewer.

    Parameters
    ----------
    data : (X, y), optional
        The data to show; by default what the training goes through.
    seconds : float
        How long a picture stays, at least, > 0.
    size : (width, height)
        In pixels.

    Attributes
    ----------
    pictures : int
        How many were shown of the last training.

    Raises
    ------
    RuntimeError
        If this is no notebook.
    ModuleNotFoundError
        If matplotlib is not installed.
    TypeError, ValueError
        If an argument is none of the above.
    """

    patient: ClassVar[bool] = True
    told_once: ClassVar[bool] = True

    def __init__(
        self,
        data: tuple[Any, Any] | None = None,
        *,
        seconds: float = 0.2,
        size: tuple[int, int] = (960, 480),
    ) -> None:
        from ..plots import check_picture

        if not ProgressBar.in_notebook():
            raise RuntimeError(
                "LivePlot shows its pictures in a notebook, and this is none: TrainingMovie "
                "writes them to a file"
            )
        check_picture("live.png")
        check_pair(data)
        check_number("seconds", seconds, above=0)
        check_size(size)
        self.seconds, self.size, self.pictures = seconds, size, 0
        self._given = data
        self._scene: Scene | None = None

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Make the scene."""
        from ..movie.scene import Scene

        data = self.data if self._given is None else self._given
        self._scene = Scene(self.model, data, epochs, self.size, USUAL)
        self._place: Any = None
        self._left: list[Any] | None = None
        self._next, self._shown, self._known, self.pictures = 0.0, -1, 0, 0

    def on_epoch_begin(self, epoch: int) -> None:
        """Write down what a resumed run has measured before."""
        if not self._known and self.model.history is not None:
            measures = self.model.history.history
            for before, row in enumerate(list(zip(*measures.values()))[:epoch], 1):
                self._note(before, dict(zip(measures, row)))

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Show the model, where it is time and it is the one of that epoch."""
        self._note(epoch + 1, logs)
        self._left = self.model.parameter_arrays
        assert self.model.history is not None
        if epoch + 1 == self.model.history.epochs and time.perf_counter() >= self._next:
            self._show()

    def on_train_end(self) -> None:
        """Show what the training leaves."""
        scene = self._scene
        if scene is not None and self._left is not None:
            if self._left is not self.model.parameter_arrays:
                scene.end()
                self._show()
            elif self._shown != self._known:
                self._show()
        self._scene = self._left = None

    def _note(self, epoch: int, logs: dict[str, float]) -> None:
        assert self._scene is not None
        self._scene.note(epoch, logs)
        self._known = epoch

    def _show(self) -> None:
        """Draw the model as it is, in the place of the last picture."""
        from IPython.display import Image, display

        assert self._scene is not None
        began = time.perf_counter()
        width, height = self._scene.size
        image = Image(_png(self._scene.draw()), format="png", width=width, height=height)
        if self._place is None:
            self._place = display(image, display_id=True)
        else:
            self._place.update(image)
        self._shown, self.pictures = self._known, self.pictures + 1
        now = time.perf_counter()
        self._next = now + max(self.seconds, TIMES * (now - began))


def _png(frame: np.ndarray) -> bytes:
    """Return a picture as a PNG: one that is packed quickly, as another one comes soon."""
    from PIL import Image

    packed = io.BytesIO()
    Image.fromarray(frame).save(packed, "png", compress_level=1)
    return packed.getvalue()
