"""What is told of a training while it runs."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, ClassVar

from .checks import check_integer, check_number

if TYPE_CHECKING:
    from .model import Sequential
    from .movie import Film

__all__ = ["Callback", "GradientNorms", "ProgressBar", "TrainingMovie"]


class Callback:
    """The base class of callbacks: each method does nothing.

    Attributes
    ----------
    model : Sequential
        The model that trains, from `on_train_begin` on.  A callback may read all of it,
        change parameters by ``model.set_parameters``, and end the training after the
        current epoch by ``model.stop_training = True``.
    """

    model: Sequential

    patient: ClassVar[bool] = False
    """Whether it may be told of steps and epochs later, of several at once but of each in
    order.  Then training need not stop to tell, which makes small steps faster."""

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Is called once, with the number of epochs and of steps in each."""

    def on_epoch_begin(self, epoch: int) -> None:
        """Is called before each epoch, counted from 0."""

    def on_batch_end(self, step: int) -> None:
        """Is called after each step of an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Is called after each epoch with its loss, metrics and validation."""

    def on_train_end(self) -> None:
        """Is called once, also when training ended by an error or by Ctrl-C.

        Of several callbacks the last is told first.
        """


class ProgressBar(Callback):
    """A bar on the terminal, or in a notebook, with the latest loss and metrics.

    Parameters
    ----------
    delay : float
        Seconds of training before it is shown, so that short fits stay quiet.
    """

    patient: ClassVar[bool] = True

    def __init__(self, delay: float = 0.0) -> None:
        self.delay = delay

    @staticmethod
    def wanted() -> bool:
        """Whether somebody watches: a terminal or a notebook, not a pipe or a file."""
        terminal = sys.stderr is not None and sys.stderr.isatty()
        return terminal or ProgressBar._in_notebook()

    @staticmethod
    def _in_notebook() -> bool:
        return "ipykernel" in sys.modules

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Open the bar."""
        from tqdm.auto import tqdm

        # of a fixed width on a terminal, where the measures would squeeze it to nothing
        bar = "{bar}" if self._in_notebook() else "{bar:12}"
        self._epochs, self._shown = epochs, 0.0
        self._bar: Any = tqdm(
            total=epochs * steps,
            delay=self.delay,
            unit="step",
            dynamic_ncols=True,
            bar_format="{desc}{percentage:3.0f}% |" + bar + "| {elapsed}<{remaining}{postfix}",
        )

    def on_batch_end(self, step: int) -> None:
        """Move the bar."""
        self._bar.update()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Show the epoch's results, ten times a second at most."""
        now = time.monotonic()
        if now - self._shown > 0.1 or epoch + 1 == self._epochs:
            self._shown = now
            self._bar.set_description(f"epoch {epoch + 1}/{self._epochs}", refresh=False)
            self._bar.set_postfix({k: f"{v:.4g}" for k, v in logs.items()}, refresh=False)

    def on_train_end(self) -> None:
        """Close the bar."""
        self._bar.close()


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
        check_integer("every", every, at_least=1)
        check_integer("rows", rows, at_least=1)
        self._given, self.every, self.rows = data, every, rows
        self._forget()

    def _forget(self) -> None:
        self.epochs: list[int] = []
        self.norms: dict[str, list[float]] = {}
        self.sizes: dict[str, list[float]] = {}

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Forget the last training, and measure before this one."""
        from .movie import some_rows

        self._forget()
        self._some = some_rows(self.data if self._given is None else self._given, self.rows)
        self._measure(0)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Measure, where it is time."""
        if (epoch + 1) % self.every == 0:
            self._measure(epoch + 1)

    def _measure(self, epoch: int) -> None:
        from .plots import norms_of

        model = self.model
        _, grads = model.gradients(*self._some)
        self.epochs.append(epoch)
        for record, arrays in ((self.norms, grads), (self.sizes, model.parameters)):
            for name, norm in zip(model._parameters, norms_of(model, arrays)):
                record.setdefault(name, []).append(norm)


class TrainingMovie(Callback):
    """Films a training: what the network makes of the data, beside its weights and loss.

    For two features and classes it shows the regions into which the network divides the
    plane, for one feature and one number the curve, else the loss alone, and beside it the
    weights of the Dense layers as `xpnn.plots.weight_map` draws them.  Frames are written
    as they are drawn, to a file beside `path` that takes its name when the training ends,
    also by Ctrl-C; when the program is killed, `path` is as it was.

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
        from .movie import check_movie

        check_movie(path)
        _check_pair(data)
        if every is not None:
            check_integer("every", every, at_least=1)
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
        """Open the film, and take its first frame."""
        from .movie import Film, moments

        data = self.data if self._given is None else self._given
        self._moments = moments(epochs, self.every)
        film = Film(self.path, self.model, data, epochs, self.fps, self.size, self.hold)
        film.take()
        self._film = film

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
    if data is not None and (not isinstance(data, tuple | list) or len(data) != 2):
        raise ValueError(f"data must be a pair (X, y), got a {type(data).__name__} that is none")
