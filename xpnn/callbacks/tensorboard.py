"""A callback that writes what TensorBoard shows."""

from __future__ import annotations

import math
import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..cards import text
from ..checks import check_integer, check_path
from ..data import some_rows
from ..hooks import Callback, Trainable
from .event_files import EventFile
from .hyperparameters import hyperparameters

__all__ = ["TensorBoard"]

BINS = 30
"""Of a histogram; TensorBoard draws as many."""

ROWS = 1024
"""How many rows gradients are of, at most."""


class TensorBoard(Callback):
    """Write curves, histograms and hyper-parameters for TensorBoard.

    In its ``Time series``, the training's loss and metrics are the run ``train`` and those of
    the validation the run ``validation``, so that both are in one chart; the learning rate
    with which each epoch began is in the first.  ``Histograms`` has the weights after
    an epoch, and the gradients there of the loss of up to 1,024 rows; ``Text`` the table of the
    layers; ``HParams`` the hyper-parameters with the last epoch's measures, where TensorBoard
    is given a folder above the run's.  A step is an epoch, counted from 0.  All of an epoch is
    on the disk when it has ended.

    Parameters
    ----------
    directory : str or path
        The folder of the run, which is made if it is not there.  A run that is resumed goes on
        in its curves; another one takes the place of what this callback wrote there.
    histograms : int or None
        After how many epochs to write histograms; None writes none.
    hyperparameters : mapping of str to str, bool, int or float, optional
        What else to show beside the measures in ``HParams``.

    Raises
    ------
    ModuleNotFoundError
        If tensorboardX is not installed.
    TypeError, ValueError
        If an argument is none of the above; when training begins, if another training
        writes to the folder.
    OSError
        When training begins, if nothing can be written there.

    Warns
    -----
    UserWarning
        If something can't be written, as on a full disk.  Training goes on, and it is tried
        again after the next epoch; histograms are not kept so long.
    """

    told_once: ClassVar[bool] = True

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        histograms: int | None = 1,
        hyperparameters: Mapping[str, str | float] | None = None,
    ) -> None:
        check_path("directory", directory, "folder")
        if histograms is not None:
            histograms = check_integer("histograms", histograms, at_least=1)
        for name, value in dict(hyperparameters or {}).items():
            if not isinstance(name, str) or not isinstance(value, str | int | float):
                raise TypeError(
                    "hyperparameters must be strings, numbers and booleans by their names, got "
                    f"{value!r} for {name!r}"
                )
        _tensorboardx()
        self.directory, self.histograms = Path(directory), histograms
        self.hyperparameters = dict(hyperparameters or {})
        self._rate: dict[str, Any] = {}

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Take the folder, and look whether it can be written to."""
        assert self.model.running is not None
        self._start = self.model.running.begun_at[0]
        places = {name: self.directory / name for name in ("", "train", "validation")}
        validates = any(name.startswith("val_") for name in self.model.running.measures)
        if not validates and not places["validation"].is_dir():  # of a run before
            del places["validation"]
        for place in places.values():
            place.mkdir(parents=True, exist_ok=True)
        self.model.running.own(self.directory)
        self._files = {name: EventFile(place) for name, place in places.items()}
        n_rows = self.data[0].shape[0]
        settings = hyperparameters(self.model, n_rows, epochs, steps) | self.hyperparameters
        self._files[""].add(_tensorboardx().summary.hparams(settings, {})[1])
        self._files[""].add(_table(self.model))
        self._rate, self._warned, self._told = {}, False, False
        self._error = sys.exception()  # that is being handled where fit was called

    def on_epoch_begin(self, epoch: int) -> None:
        """Note the learning rate, if the epoch begins here and not where a run goes on."""
        if self._rate.get("epoch") != epoch:
            self._rate = {"epoch": epoch, "learning_rate": self.model.learning_rate}

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Write the epoch; in the first one of a resumed run also what is missing before."""
        if not self._told:
            self._catch_up()
        self._told = True
        for name, value in logs.items():
            self._add_measure(name, value, epoch)
        scalar = _tensorboardx().summary.scalar
        train = self._files["train"]
        train.add(scalar("learning_rate", self._rate["learning_rate"]), epoch)
        if self.histograms is not None and (epoch + 1) % self.histograms == 0:
            _, gradients = self.model.gradients(*some_rows(self.data, ROWS))
            for kind, arrays in (("weights", self.model.parameters), ("gradients", gradients)):
                for name, array in zip(self.model.declared_parameters, arrays):
                    values = self.model.backend.to_numpy(array)
                    if (summary := _histogram(f"{kind}/{name}", values)) is not None:
                        train.add(summary, epoch)
        self._write()

    def on_train_end(self) -> None:
        """Write how it ended, and what waits to be written, and close the files."""
        if self._told:
            error = sys.exception()
            well = error is None or error is self._error
            self._files[""].add(_end(well))
            self._write()
        for file in self._files.values():
            file.close()
        self._files, self._error = {}, None

    def state(self) -> dict[str, Any]:
        """Return the learning rate with which the epoch began."""
        return self._rate

    def restore(self, state: dict[str, Any]) -> None:
        """Take it over, as it may have changed within the epoch.

        Raises
        ------
        TypeError, ValueError, KeyError
            If it is nothing that `state` returns.
        """
        check_integer("epoch", state["epoch"], at_least=0)
        self._rate = {"epoch": state["epoch"], "learning_rate": float(state["learning_rate"])}

    # --------------------------------------------------------------------------- events

    def _add_measure(self, name: str, value: float, epoch: int) -> None:
        of_validation = name.startswith("val_")
        file = self._files["validation" if of_validation else "train"]
        file.add(_tensorboardx().summary.scalar(name.removeprefix("val_"), value), epoch)

    def _catch_up(self) -> None:
        """Keep what was written before the epoch where a run goes on, and fill its gaps."""
        there = {
            name: file.scalars_before(self._start) for name, file in self._files.items() if name
        }
        assert self.model.history is not None
        for name, values in self.model.history.history.items():
            of = "validation" if name.startswith("val_") else "train"
            for epoch in range(self._start):
                if (name.removeprefix("val_"), epoch) not in there[of]:
                    self._add_measure(name, values[epoch], epoch)

    def _write(self) -> None:
        """Write what waits; where that can't be, warn once, and let the numbers wait."""
        try:
            for file in self._files.values():
                file.write()
        except OSError as error:
            if not self._warned:
                warnings.warn(
                    "the events for TensorBoard could not be written, so training goes on "
                    f"without them and tries again after the next epoch: {error}",
                    stacklevel=3,
                )
            self._warned = True
            for name, file in self._files.items():
                if name:
                    file.thin_out()
        else:
            self._warned = False


def _table(model: Trainable) -> Any:
    """Return the table of the layers, as a block of code of Markdown."""
    lines = text({**model.card(), "training": None}, model.summary()).splitlines()
    summary = _tensorboardx().summary.text("", "\n".join(f"    {line}" for line in lines))
    summary.value[0].tag = "network"
    return summary


def _histogram(tag: str, values: np.ndarray) -> Any:
    """Return a histogram of finite numbers, or None."""
    with np.errstate(all="ignore"):
        low, high = (float(f(values)) for f in (np.min, np.max))
        if not math.isfinite(high - low):
            return None
        # numbers that differ by their rounding alone can't be told apart
        bins = BINS if high - low > 1e-9 * max(abs(low), abs(high)) else 1
        return _tensorboardx().summary.histogram(tag, values, bins)


def _end(well: bool) -> Any:
    """Return the summary that says how a run ended."""
    from tensorboardX.proto.api_pb2 import Status
    from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

    summary = _tensorboardx().summary.hparams({}, {})[2]
    if not well:
        data = summary.value[0].metadata.plugin_data
        content = HParamsPluginData.FromString(data.content)
        content.session_end_info.status = Status.Value("STATUS_FAILURE")
        data.content = content.SerializeToString()
    return summary


def _tensorboardx() -> Any:
    """Import the package tensorboardX."""
    try:
        import tensorboardX
        import tensorboardX.summary
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "TensorBoard needs tensorboardX, which is not installed: "
            "pip install 'xpnn[tensorboard]'",
            name="tensorboardX",
        ) from error
    return tensorboardX
