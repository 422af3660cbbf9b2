"""Callbacks that write what was measured to a file, a line for each epoch."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from ..checks import check_path
from ..files.lines import Lines
from ..hooks import Callback

__all__ = ["CSVLogger", "JSONLogger"]


class Logger(Callback, ABC):
    """What callbacks share that write a line for each epoch.

    Where the disk is full, a warning says so, and the lines follow when there is room again.
    """

    told_once: ClassVar[bool] = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        check_path("path", path, "file")
        self.path = Path(path)

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Look whether the file can be written."""
        self._lines = Lines(self.path)
        self._told = self._written = 0
        self._warned = False

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Write a line; in the first epoch of a resumed run also those before."""
        self._told = epoch + 1
        self._catch_up()

    def _catch_up(self) -> None:
        """Write a line for each epoch that has none yet."""
        assert self.model.history is not None
        measures = self.model.history.history
        rows = [
            {"epoch": i, **{name: values[i] for name, values in measures.items()}}
            for i in range(self._written, self._told)
        ]
        try:
            self._lines.add(self._text(rows))
        except OSError as error:
            if not self._warned:
                warnings.warn(
                    f"the log could not be written, so training goes on without it and tries "
                    f"again after the next epoch: {error}",
                    stacklevel=3,
                )
            self._warned = True
        else:
            self._written, self._warned = self._told, False

    @abstractmethod
    def _text(self, rows: Sequence[dict[str, float]]) -> str:
        """Return the lines of what was measured in epochs."""

    def on_train_end(self) -> None:
        """Close the file."""
        if self._written < self._told:
            self._catch_up()
        self._lines.close()


class CSVLogger(Logger):
    """Write the loss and the metrics of each epoch as a line of a CSV file.

    Parameters
    ----------
    path : str or path
        The file.  It is replaced when the first epoch has ended; each line is on the disk
        when its epoch has ended, with the epoch, counted from 0, in the first column.  A line
        that can't be written, as on a full disk, costs a warning, and is tried again after the
        next epoch.
    """

    def _text(self, rows: Sequence[dict[str, float]]) -> str:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(rows[0]))
        if rows[0]["epoch"] == 0:
            writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()


class JSONLogger(Logger):
    """Write the loss and the metrics of each epoch as a line of JSON.

    Parameters
    ----------
    path : str or path
        The file, as in `CSVLogger`.  A number that is not finite is written as null.
    """

    def _text(self, rows: Sequence[dict[str, float]]) -> str:
        plain = (
            {name: value if math.isfinite(value) else None for name, value in row.items()}
            for row in rows
        )
        return "".join(json.dumps(row) + "\n" for row in plain)
