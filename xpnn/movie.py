"""What `xpnn.callbacks.TrainingMovie` is made of: a scene, and who writes its frames.

A scene is drawn once; from frame to frame its parts are given other numbers.  A frame is
written at once, so that a movie takes the memory of two frames, however long it is.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from . import plots
from .backend import to_host
from .checks import check_rows
from .serialization import atomic_write

if TYPE_CHECKING:
    from .model import Sequential

__all__ = ["Film", "check_movie", "moments", "some_rows"]

FRAMES = 120
"""About how many frames a movie has, where nobody says."""

ROWS = 1000
"""How many rows of the data are shown at most."""

LAYERS = 3
"""How many Dense layers' weights there is room for."""

RESOLUTION = 160
"""How many points a side of the grid has on which regions are computed."""

DPI = 100


def check_movie(path: str | os.PathLike[str]) -> None:
    """Check that a movie can be written, before the training that it will show.

    Parameters
    ----------
    path : str or path
        The file; its ending says of which kind.

    Raises
    ------
    ModuleNotFoundError
        If matplotlib is not installed, or for MP4 no ffmpeg is found.
    ValueError
        If the ending is neither ``.gif`` nor ``.mp4``.
    FileNotFoundError, IsADirectoryError
        If its folder doesn't exist, or the path is that of a folder.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be the name of a file, got {path!r}")
    ending = Path(path).suffix.lower()
    if ending not in (".gif", ".mp4"):
        raise ValueError(f"the name of a movie must end in .gif or .mp4, got {str(path)!r}")
    plots.check_picture("frame.png")
    if ending == ".mp4":
        _ffmpeg()
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {target.parent} to write {path} to")
    if target.is_dir():
        raise IsADirectoryError(f"{path} must be a file, but is a folder")


def _ffmpeg() -> str:
    """Return the path of ffmpeg: the one that is installed, or imageio-ffmpeg's."""
    import shutil

    found = shutil.which("ffmpeg")
    if found is None:
        try:
            import imageio_ffmpeg

            found = imageio_ffmpeg.get_ffmpeg_exe()
        except (ImportError, RuntimeError) as error:
            raise ModuleNotFoundError(
                "MP4 needs ffmpeg, which is not installed: pip install 'xpnn[movie]', or let "
                "the name end in .gif"
            ) from error
    return str(found)


def moments(epochs: int, every: int | None) -> set[int]:
    """Return after which epochs a frame is taken, the first and the last among them.

    Where nobody says how often, the k-th of n frames is taken after (k / n)³ of all epochs:
    the loss falls fast at first, and then ever more slowly.
    """
    if every is not None:
        return {*range(0, epochs, every), epochs}
    return {round(epochs * (k / FRAMES) ** 3) for k in range(FRAMES + 1)}


def some_rows(data: tuple[Any, Any], count: int) -> tuple[Any, Any]:
    """Return some rows of the data, evenly spaced."""
    X, y = data
    step = max(1, math.ceil(len(X) / count))
    return X[::step], y[::step]


class Film:
    """A movie in the making.

    Parameters
    ----------
    path : str or path
        The file.
    model : Sequential
        The model that trains.
    data : (X, y)
        What is shown.
    epochs : int
        How many there will be.
    fps : float
        Frames per second.
    size : (width, height)
        In pixels.
    hold : float
        For how many seconds more the last frame stays.

    Attributes
    ----------
    frames : int
        How many were taken.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        model: Sequential,
        data: tuple[Any, Any],
        epochs: int,
        fps: float,
        size: tuple[int, int],
        hold: float,
    ) -> None:
        self.frames, self._epoch, self._taken, self._broken = 0, 0, -1, False
        self._scene = _Scene(model, data, epochs, size)
        self._model = model
        self._hold = hold
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic_write(path))
            kind = _Gif if temporary.suffix.lower() == ".gif" else _Mp4
            self._writer: _Writer = kind(temporary, fps, self._scene)
            stack.callback(self._writer.abandon)
            self._stack = stack.pop_all()

    def begin(self) -> None:
        """Take the first frame: of the beginning, or of where a resumed run goes on."""
        measures = self._model.history.history if self._model.history else {}
        for epoch, row in enumerate(zip(*measures.values()), 1):
            self.note(epoch, dict(zip(measures, row)))
        self.take()

    def note(self, epoch: int, logs: dict[str, float]) -> None:
        """Write down what an epoch measured."""
        self._epoch = epoch
        self._scene.note(epoch, logs)

    def take(self) -> None:
        """Take a frame of the model as it is."""
        try:
            self._writer.add(self._scene.draw())
        except BaseException:
            # what is there is no whole movie
            self._broken = True
            self._stack.__exit__(*sys.exc_info())
            raise
        self.frames += 1
        self._taken = self._epoch

    def close(self) -> None:
        """End the movie; then it is there under its name."""
        if self._broken:
            return
        if not self.frames:
            self.begin()
        elif self._taken != self._epoch:
            self.take()
        with self._stack:
            self._writer.close(self._hold)


# --------------------------------------------------------------------------------- a scene


class _Scene:
    """What a frame shows: the view of the data, the weights, and the loss so far."""

    def __init__(
        self, model: Sequential, data: tuple[Any, Any], epochs: int, size: tuple[int, int]
    ) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self._model, self._epochs = model, epochs
        width, height = (side // 2 * 2 for side in size)  # which MP4 asks for
        self.size = width, height
        figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, layout="constrained")
        self._canvas = FigureCanvasAgg(figure)
        self._figure = figure
        self._loss: list[float] = []
        self._at: list[int] = []
        self._said: dict[str, float] = {}

        try:
            maps = plots.dense_layers(model)[:LAYERS]
        except ValueError:  # no Dense layer
            maps = []
        view, data = self._kind(data)
        rows = len(maps) + (view != "loss")
        grid = figure.add_gridspec(max(1, rows), 2)
        main = figure.add_subplot(grid[:, 0])
        main.tick_params(labelsize="small")
        self._update_view = self._begin(view, main, data)
        self._title = main.set_title(" ", fontsize="medium")
        self._update_maps, self._map_axes = [], []
        for row, (name, weights, biases) in enumerate(maps):
            axes = figure.add_subplot(grid[row, 1])
            axes.set_title(name, fontsize="small")
            axes.tick_params(labelsize="x-small")
            self._update_maps.append(plots.weight_map(axes, weights, biases))
            self._map_axes.append(axes)
            axes.set_xlabel("")
            axes.yaxis.label.set_fontsize("small")
        curve = main if view == "loss" else figure.add_subplot(grid[-1, 1])
        self._begin_loss(curve)
        # what changes from frame to frame is drawn over a picture of all the rest
        self._moving = [self._title, self._curve, *main.collections, *main.get_lines()]
        self._moving += [axes.collections[0] for axes in self._map_axes]
        for artist in self._moving:
            artist.set_animated(True)
        self._canvas.draw()
        figure.set_layout_engine("none")  # places stay as they are now
        self._scales: list[tuple[float, float]] = []

    def _kind(self, data: tuple[Any, Any]) -> tuple[str, tuple[np.ndarray, np.ndarray]]:
        """Decide what of the data can be shown."""
        loss, _ = self._model._compiled()
        X, y = (to_host(array) for array in some_rows(data, ROWS))
        if X.ndim != 2 or len(X) != len(y) or not len(X):
            raise ValueError(
                "data must be a pair of X of shape (n, n_features) and y of as many rows, got "
                f"the shapes {X.shape} and {y.shape}"
            )
        check_rows("X of data", X, _host())
        n_outputs = to_host(self._model.predict(X[:1])).shape[1]
        one_class = loss.classifies and (loss.threshold is None or n_outputs == 1)
        if one_class and X.shape[1] == 2:
            return "regions", (X, y)
        if not loss.classifies and X.shape[1] == n_outputs == 1:
            return "curve", (X, y)
        return "loss", (X, y)

    def _begin(self, view: str, axes: Any, data: tuple[np.ndarray, np.ndarray]) -> Any:
        X, y = data
        predict, loss = self._model.predict, self._model._loss
        assert loss is not None
        if view == "regions":
            threshold = 0.5 if loss.threshold is None else loss.threshold
            update = plots.decision_regions(
                axes, predict, X, y, threshold=threshold, resolution=RESOLUTION
            )
            if axes.get_legend():
                axes.get_legend().remove()  # the colours say it, and room is scarce
            return update
        if view == "curve":
            plots.fitted_curve(axes, predict, X, y)
            room = 0.2 * (np.ptp(y) or 1.0)  # for a network that overshoots
            axes.set_ylim(y.min() - room, y.max() + room)
            line, x = axes.get_lines()[1], np.sort(X, axis=0)
            return lambda: line.set_ydata(to_host(predict(x)).reshape(-1))
        return lambda: None

    def _begin_loss(self, axes: Any) -> None:
        (self._curve,) = axes.plot([], [], color=plots.COLOURS[0], lw=1.5)
        axes.set_xlim(0, self._epochs)
        axes.set_xlabel("epoch", fontsize="small")
        axes.set_ylabel("loss", fontsize="small")
        axes.tick_params(labelsize="small")
        axes.grid(alpha=0.3)
        axes.set_ylim(0, 1)
        self._axes = axes

    def note(self, epoch: int, logs: dict[str, float]) -> None:
        self._at.append(epoch)
        self._loss.append(logs["loss"])
        self._said = logs

    def _heading(self, epoch: int) -> str:
        words = [f"epoch {epoch:,}"]
        if self._said:
            words.append(f"loss {self._said['loss']:.3f}")
        if "accuracy" in self._said:
            words.append(f"accuracy {self._said['accuracy']:.1%}")
        return ", ".join(words)

    def draw(self) -> np.ndarray:
        """Return the picture of the model as it is: (height, width, 3), uint8."""
        self._update_view()
        try:
            maps = plots.dense_layers(self._model)
        except ValueError:
            maps = []
        for update, (_, weights, biases) in zip(self._update_maps, maps):
            update(weights, biases)
        if self._loss:
            self._curve.set_data(self._at, self._loss)
            # a leap of the loss may leave the picture, not make all the rest small
            top = min(max(self._loss), 2 * self._loss[0])
            self._axes.set_ylim(0, 1.1 * top or 1)
        self._title.set_text(self._heading(self._at[-1] if self._at else 0))
        scales = [axes.collections[0].get_clim() for axes in self._map_axes]
        scales.append(self._axes.get_ylim())
        if scales != self._scales:
            self._canvas.draw()
            self._rest = self._canvas.copy_from_bbox(self._figure.bbox)
            self._scales = scales
        self._canvas.restore_region(self._rest)
        for artist in self._moving:
            self._figure.draw_artist(artist)
        return np.asarray(self._canvas.buffer_rgba())[..., :3].copy()

    def palette(self) -> np.ndarray:
        """Return 255 colours that frames are made of: (255, 3), uint8."""
        from matplotlib import colormaps
        from matplotlib.colors import to_rgb

        signed = colormaps[plots.SIGNED](np.linspace(0, 1, 81))[:, :3]
        bright = np.array([to_rgb(colour) for colour in plots.COLOURS])
        region = 1 - plots.REGION_ALPHA * (1 - bright)
        black, white = np.zeros(3), np.ones(3)
        mixed = [bright, region]
        for part in (0.2, 0.4, 0.6, 0.8):  # the edges of what is drawn are smoothed
            mixed += [
                bright + part * (black - bright),
                bright + part * (region - bright),
                region + part * (black - region),
            ]
        mixed += [bright + part * (white - bright) for part in (0.3, 0.6, 0.8)]
        colours = np.concatenate([signed, *mixed])
        greys = np.linspace(0, 1, 255 - len(colours))[:, None] * white
        return np.round(255 * np.concatenate([colours, greys])).astype(np.uint8)


def _host() -> Any:
    from .backend import HOST, resolve

    return resolve(HOST)


# --------------------------------------------------------------------------------- writers


class _Writer(Protocol):
    def add(self, frame: np.ndarray) -> None: ...

    def close(self, hold: float) -> None: ...

    def abandon(self) -> None: ...


class _Gif:
    """Writes a GIF frame by frame, of each only what differs from the one before.

    Pillow packs the pixels; it would write whole movies too, but keeps all frames until
    then.  One table of colours serves all frames, so that what doesn't change stays the same
    to the pixel.
    """

    def __init__(self, path: Path, fps: float, scene: _Scene) -> None:
        import struct

        from PIL import Image

        self._milliseconds = 1000 / fps
        self._clock, self._told = 0.0, 0  # the format counts hundredths of a second
        self._shown: np.ndarray | None = None
        self._waiting: tuple[Any, tuple[int, int]] | None = None
        self._file = path.open("wb")
        colours = scene.palette()
        table = colours.tobytes() + bytes(3)  # the last one is "as before"
        self._white = len(colours) - 1
        self._palette = Image.new("P", (1, 1))
        self._palette.putpalette(table[:-3])
        self._file.write(b"GIF89a" + struct.pack("<HHBBB", *scene.size, 0xF7, 0, 0) + table)
        self._file.write(b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0")  # again and again

    def add(self, frame: np.ndarray) -> None:
        from PIL import Image

        picture = Image.fromarray(frame).quantize(
            palette=self._palette, dither=Image.Dither.NONE
        )
        pixels = np.array(picture)
        # Pillow takes the nearest colour of coarser ones, and most of a frame is white
        pixels[(frame == 255).all(axis=2)] = self._white
        if self._waiting is not None:
            self._write(self._milliseconds)
        corner = (0, 0)
        part = pixels
        if self._shown is not None:
            changed = pixels != self._shown
            rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
            if not rows.size:  # the file must have a frame here, and a pixel is enough
                rows = columns = np.zeros(1, dtype=int)
            corner = int(columns[0]), int(rows[0])
            where = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
            part = np.where(changed[where], pixels[where], np.uint8(255))
        self._shown = pixels
        self._waiting = Image.fromarray(part), corner

    def _write(self, milliseconds: float) -> None:
        """Write the frame that waits, now that it is known how long it stays."""
        from PIL.GifImagePlugin import getdata

        assert self._waiting is not None
        picture, corner = self._waiting
        self._clock += milliseconds
        hundredths = max(2, round(self._clock / 10) - self._told)
        self._told += hundredths
        for block in getdata(
            picture, corner, duration=10 * hundredths, transparency=255, disposal=1
        ):
            self._file.write(block)

    def close(self, hold: float) -> None:
        if self._waiting is not None:
            self._write(self._milliseconds + 1000 * hold)
        self._file.write(b";")
        self._file.close()

    def abandon(self) -> None:
        self._file.close()


class _Mp4:
    """Gives frames to ffmpeg, which writes an MP4."""

    def __init__(self, path: Path, fps: float, scene: _Scene) -> None:
        import tempfile

        self._fps, self._last = fps, b""
        width, height = scene.size
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (until the movie ends)
        self._process = subprocess.Popen(
            [
                *(_ffmpeg(), "-y", "-loglevel", "error"),
                *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"),
                *("-r", f"{fps:g}", "-i", "-", "-an", "-pix_fmt", "yuv420p"),
                *("-movflags", "+faststart", str(path)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            start_new_session=True,  # Ctrl-C is for the training, not for who films it
        )

    def add(self, frame: np.ndarray) -> None:
        self._last = frame.tobytes()
        self._give()

    def _give(self) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(self._last)
        except OSError:  # it has ended, and says why
            self._end()

    def _end(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        if self._process.wait():
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace").strip()
            raise OSError(f"ffmpeg could not write the movie: {said}")

    def close(self, hold: float) -> None:
        for _ in range(round(hold * self._fps)):
            self._give()
        self._end()

    def abandon(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None and not self._process.stdin.closed:
            with suppress(OSError):
                self._process.stdin.close()
        self._errors.close()
