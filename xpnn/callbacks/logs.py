"""Callbacks that write what was measured to a file, a line for each epoch."""

from __future__ import annotations

import csv
import json
import math
import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TextIO

from ..hooks import Callback

__all__ = ["CSVLogger", "JSONLogger"]


class Logger(Callback, ABC):
    """What callbacks share that write a line for each epoch."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Look whether the file can be written."""
        self._file: TextIO | None = None
        if not self.path.parent.is_dir():
            raise FileNotFoundError(
                f"there is no folder {self.path.parent} to write {self.path.name} to"
            )
        if self.path.is_dir():
            raise IsADirectoryError(f"{self.path} must be a file, but is a folder")

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Write a line; in the first epoch of a resumed run also those before."""
        rows = [logs]
        if self._file is None:
            history = self.model.history
            assert history is not None
            self._file = self.path.open("w", encoding="utf-8", newline="")
            measures = history.history
            rows = [{name: measures[name][i] for name in measures} for i in range(epoch + 1)]
        for i, row in enumerate(rows, epoch + 1 - len(rows)):
            self._write(self._file, {"epoch": i, **row})
        self._file.flush()

    @abstractmethod
    def _write(self, file: TextIO, row: dict[str, float]) -> None:
        """Write what was measured in an epoch."""

    def on_train_end(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


class CSVLogger(Logger):
    """Write the loss and the metrics of each epoch as a line of a CSV file.

    Parameters
    ----------
    path : str or path
        The file.  It is replaced when the first epoch has ended; each line is on the disk
        when its epoch has ended, with the epoch, counted from 0, in the first column.
    """

    def _write(self, file: TextIO, row: dict[str, float]) -> None:
        if row["epoch"] == 0:
            self._writer = csv.DictWriter(file, list(row))
            self._writer.writeheader()
        self._writer.writerow(row)


class JSONLogger(Logger):
    """Write the loss and the metrics of each epoch as a line of JSON.

    Parameters
    ----------
    path : str or path
        The file, as in `CSVLogger`.  A number that is not finite is written as null.
    """

    def _write(self, file: TextIO, row: dict[str, float]) -> None:
        plain = {name: value if math.isfinite(value) else None for name, value in row.items()}
        file.write(json.dumps(plain) + "\n")
