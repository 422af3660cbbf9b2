"""Callbacks from which pictures are made: gradients' norms, and a movie."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checks import check_integer, check_number
from ..hooks import Callback

# pictures are for few trainings, so what draws them is imported there
if TYPE_CHECKING:
    from ..movie import Film

__all__ = ["GradientNorms", "TrainingMovie"]


class GradientNorms(Callback):
    """Writes down how large the gradient of each parameter is, epoch by epoch.

    `xpnn.plots.gradient_history` draws it.  In a network whose gradients vanish, those of the
    first layers are smaller by powers of ten than those of the last, and stay so.

    Parameters
    ----------
    data : (X, y), optional
        The data whose loss is differentiated; by default what the training goes through.
    every : int
        After how many epochs it is done.
    rows : int
        How many rows of the data, evenly spaced, it is done with at most.

    Attributes
    ----------
    epochs : list of int
        After which epochs, counted from 1, it was done; 0 is before the training.
    norms : dict of str to list of float
        The root of the sum of squares of each parameter's gradient, by the parameter's
        name (``"0.weights"``), for each of `epochs`.
    sizes : dict of str to list of float
        The same of the parameters themselves.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """

    def __init__(
        self, data: tuple[Any, Any] | None = None, *, every: int = 1, rows: int = 1024
    ) -> None:
        _check_pair(data)
        every = check_integer("every", every, at_least=1)
        rows = check_integer("rows", rows, at_least=1)
        self._given, self.every, self.rows = data, every, rows
        self._forget()

    def _forget(self) -> None:
        self.epochs: list[int] = []
        self.norms: dict[str, list[float]] = {}
        self.sizes: dict[str, list[float]] = {}

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Forget the last training."""
        from ..movie import some_rows

        self._forget()
        self._some = some_rows(self.data if self._given is None else self._given, self.rows)

    def on_epoch_begin(self, epoch: int) -> None:
        """Measure what the training begins with."""
        if not self.epochs:
            self._measure(epoch)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Measure, where it is time."""
        if (epoch + 1) % self.every == 0:
            self._measure(epoch + 1)

    def on_train_end(self) -> None:
        """Let go of the data."""
        vars(self).pop("_some", None)  # the same callback may be given twice

    def state(self) -> dict[str, Any]:
        """Return what was written down."""
        records = (("norms", self.norms), ("sizes", self.sizes))
        arrays = {
            f"{kind} {k}": np.array(v) for kind, record in records for k, v in record.items()
        }
        return {"epochs": self.epochs, **arrays}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._forget()
        self.epochs = list(state["epochs"])
        for key, values in state.items():
            kind, _, name = key.partition(" ")
            if name:
                record = self.norms if kind == "norms" else self.sizes
                record[name] = values.tolist()

    def _measure(self, epoch: int) -> None:
        from ..plots import norms_of

        model = self.model
        _, grads = model.gradients(*self._some)
        self.epochs.append(epoch)
        for record, arrays in ((self.norms, grads), (self.sizes, model.parameters)):
            for name, norm in zip(model.declared_parameters, norms_of(model, arrays)):
                record.setdefault(name, []).append(norm)


class TrainingMovie(Callback):
    """Films a training: what the network makes of the data, beside its weights and loss.

    For two features and classes it shows the regions into which the network divides the
    plane, for one feature and one number the curve, else the loss alone, and beside it the
    weights of the Dense layers as `xpnn.plots.weight_map` draws them.  Frames are written
    as they are drawn, to a file beside `path` that takes its name when the training ends,
    also by Ctrl-C; when the program is killed, `path` is as it was.  The movie of a resumed run
    begins where that goes on.

    Parameters
    ----------
    path : str or path
        The file: ``.gif``, or ``.mp4``, which needs ffmpeg.
    data : (X, y), optional
        The data to show; by default what the training goes through.
    every : int, optional
        After how many epochs a frame is taken.  By default there are about 120 frames, dense
        at first, where much happens.  The beginning and the end are always there.
    fps : float
        Frames per second.
    size : (width, height)
        In pixels.
    hold : float
        For how many seconds more the last frame stays.

    Raises
    ------
    ModuleNotFoundError
        If matplotlib is not installed, or for MP4 no ffmpeg is found.
    TypeError, ValueError, FileNotFoundError, IsADirectoryError
        If an argument is none of the above, or the file can't be written there.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        data: tuple[Any, Any] | None = None,
        every: int | None = None,
        fps: float = 12,
        size: tuple[int, int] = (960, 480),
        hold: float = 2.0,
    ) -> None:
        from ..movie import check_movie

        check_movie(path)
        _check_pair(data)
        if every is not None:
            every = check_integer("every", every, at_least=1)
        check_number("fps", fps, above=0, below=61)
        if not isinstance(size, tuple | list) or len(size) != 2:
            raise ValueError(f"size must be a pair (width, height), got {size!r}")
        for side in size:
            check_integer("size", side, at_least=200)
        check_number("hold", hold, at_least=0)
        self.path, self.every, self.fps, self.size, self.hold = path, every, fps, size, hold
        self._given = data
        self._film: Film | None = None

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Open the film."""
        from ..movie import Film, moments

        data = self.data if self._given is None else self._given
        self._moments = moments(epochs, self.every)
        self._film = Film(self.path, self.model, data, epochs, self.fps, self.size, self.hold)

    def on_epoch_begin(self, epoch: int) -> None:
        """Take the first frame: of the beginning, or of where a resumed run goes on."""
        if self._film is not None and not self._film.frames:
            self._film.begin()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Take a frame, where it is time."""
        if self._film is not None:
            self._film.note(epoch + 1, logs)
            if epoch + 1 in self._moments:
                self._film.take()

    def on_train_end(self) -> None:
        """Take the last frame, if it is not taken yet, and give the file its name."""
        film, self._film = self._film, None
        if film is not None:
            film.close()


def _check_pair(data: Any) -> None:
    """Check that data to show are a pair, where there are any."""
    if data is not None and (not isinstance(data, tuple | list) or len(data) != 2):
        raise ValueError(
            f"data must be a pair (X, y), got a {type(data).__name__} that is none"
        )
