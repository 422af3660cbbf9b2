"""Callbacks from which pictures are made: gradients' norms, and a movie."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..checks import check_integer, check_number, check_tensors
from ..hooks import Callback

# pictures are for few trainings, so what draws them is imported there
if TYPE_CHECKING:
    from ..movie import Film

__all__ = ["PANELS", "GradientNorms", "TrainingMovie", "check_panels"]

PANELS = ("regions", "loss", "accuracy", "learning_rate", "weights", "updates")
"""What a movie can show."""

USUAL = ("regions", "loss", "weights")
"""What it shows unless asked for something else."""


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
        check_pair(data)
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
        """Go on from there.

        Raises
        ------
        TypeError, ValueError
            If it is nothing that `state` returns of such a model.
        """
        self._forget()
        self.epochs = list(state["epochs"])
        for epoch in self.epochs:
            check_integer("epochs", epoch, at_least=0)
        arrays = {key: value for key, value in state.items() if key != "epochs"}
        like, names = np.empty(len(self.epochs)), self.model.declared_parameters
        keys = [(kind, name) for kind in ("norms", "sizes") for name in names if self.epochs]
        check_tensors("norms and sizes", arrays, {f"{k} {name}": like for k, name in keys})
        for kind, name in keys:
            record = self.norms if kind == "norms" else self.sizes
            record[name] = arrays[f"{kind} {name}"].tolist()

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
    weights of the Dense layers as `xpnn.plots.weight_map` draws them.  The numbers are the
    epoch's, measured before each of its steps, as in `History`; where something else is given
    back in the end, as by `EarlyStopping`, the last frame shows that.  Frames are written
    as they are drawn, to a file beside `path` that takes its name when the training ends,
    also by Ctrl-C; when the program is killed, `path` is as it was.  The movie of a resumed run
    begins where that goes on.  Where the disk is full, training goes on without a movie.

    Further panels can be asked for.  The learning rate is that of an epoch's first step, with
    the optimizer's decay or schedule, and known of the epochs that are filmed.  The updates are
    what the last step before a frame has added to the weights and biases; their scale fits each
    frame, as steps differ by powers of ten.  They cost a copy of the weights in each epoch.

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
    size : (width, height), optional
        In pixels; by default 960 by 480, and 1280 by 640 with further panels.
    hold : float
        For how many seconds more the last frame stays.
    panels : sequence of str
        What is shown: some of ``"regions"`` (or the curve), ``"loss"``, ``"accuracy"``,
        ``"learning_rate"``, ``"weights"`` and ``"updates"``.

    Attributes
    ----------
    failure : OSError or None
        Why there is no movie of the last training, where it could not be written.

    Raises
    ------
    ModuleNotFoundError
        If matplotlib is not installed, or for MP4 no ffmpeg is found.
    TypeError, ValueError, OSError
        If an argument is none of the above, or the file can't be written there.  When
        training begins, if a panel can't be shown of it.  If ffmpeg fails, when training has
        ended.

    Warns
    -----
    UserWarning
        If the disk refuses the movie, as where it is full.
    """

    told_once: ClassVar[bool] = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        data: tuple[Any, Any] | None = None,
        every: int | None = None,
        fps: float = 12,
        size: tuple[int, int] | None = None,
        hold: float = 2.0,
        panels: Sequence[str] = USUAL,
    ) -> None:
        from ..movie import check_movie

        check_movie(path)
        self.panels = check_panels(panels)
        check_pair(data)
        if every is not None:
            every = check_integer("every", every, at_least=1)
        check_number("fps", fps, above=0, below=61)
        if size is None:
            size = (1280, 640) if {*self.panels} - {*USUAL} else (960, 480)
        check_size(size)
        check_number("hold", hold, at_least=0)
        self.path, self.every, self.fps, self.size, self.hold = path, every, fps, size, hold
        self._given = data
        self._film: Film | None = None
        self._left: list[Any] | None = None
        self._rate = math.nan
        self.failure: OSError | None = None

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Open the film."""
        from ..movie import Film, moments

        assert self.model.running is not None
        if "accuracy" in self.panels and "accuracy" not in self.model.running.measures:
            raise ValueError(
                "panels: this training measures no accuracy, but "
                f"{', '.join(self.model.running.measures)}"
            )
        data = self.data if self._given is None else self._given
        self._moments, self.failure = moments(epochs, self.every), None
        settings = self.fps, self.size, self.hold, self.panels
        self._film = Film(self.path, self.model, data, epochs, *settings)

    def on_epoch_begin(self, epoch: int) -> None:
        """Take the first frame: of the beginning, or of where a resumed run goes on."""
        self._rate = self.model.learning_rate
        if self._film is not None and not self._film.frames:
            with self._not_at_the_cost_of_the_training():
                self._film.begin()

    @property
    def wants_last_step(self) -> bool:
        """Whether what the last step of an epoch changes is shown."""
        return "updates" in self.panels

    def on_last_step_begin(self) -> None:
        """Keep what the step is about to change."""
        if self._film is not None:
            self._film.note_step()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Take a frame, where it is time."""
        if self._film is not None:
            self._left = self.model.parameter_arrays
            self._film.note(epoch + 1, {**logs, "learning_rate": self._rate})
            if epoch + 1 in self._moments:
                with self._not_at_the_cost_of_the_training():
                    self._film.take()

    def on_train_end(self) -> None:
        """Take the last frame, if it is not taken yet, and give the file its name."""
        film, self._film = self._film, None
        left, self._left = self._left, None
        if film is not None:
            with self._not_at_the_cost_of_the_training():
                film.close(left is not None and left is not self.model.parameter_arrays)
        if self.failure is not None and self.failure.errno is None:
            raise self.failure  # what films is broken

    @contextmanager
    def _not_at_the_cost_of_the_training(self) -> Iterator[None]:
        """Give up the movie where it can't be written; where the disk refuses it, warn."""
        try:
            yield
        except OSError as error:
            self._film, self.failure = None, error
            if error.errno is not None:
                warnings.warn(
                    f"the movie could not be written, so training goes on without it: {error}",
                    stacklevel=4,
                )


def check_panels(panels: Any) -> tuple[str, ...]:
    """Return the panels of a movie, which must be some of those that there are.

    Raises
    ------
    TypeError, ValueError
        If it is no list of names, has none, an unknown one or one twice.
    """
    if not isinstance(panels, tuple | list):
        raise TypeError(f"panels must be a list of names, got {panels!r}")
    is_known = panels and all(name in PANELS for name in panels)
    if not is_known or len({*panels}) < len(panels):
        raise ValueError(
            f"panels must be some of {', '.join(map(repr, PANELS))}, each once, got {panels!r}"
        )
    return tuple(panels)


def check_pair(data: Any) -> None:
    """Check that data to show are a pair, where there are any."""
    if data is not None and (not isinstance(data, tuple | list) or len(data) != 2):
        raise ValueError(
            f"data must be a pair (X, y), got a {type(data).__name__} that is none"
        )


def check_size(size: Any) -> None:
    """Check that the size of a picture is a pair of numbers of pixels, of at least 200."""
    if not isinstance(size, tuple | list) or len(size) != 2:
        raise ValueError(f"size must be a pair (width, height), got {size!r}")
    for side in size:
        check_integer("size", side, at_least=200)
