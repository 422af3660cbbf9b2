"""Scans: files of each format as runs of rows, with names for their columns."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .delimited import Layout, layout, rewritten
from .engine import EngineError, Wanted, connect, identifier, literal, stream
from .files import LocalFile, in_utf8, local
from .gathering import Cells
from .header import Header, header

__all__ = ["Scan", "scan"]

Run = dict[str, Cells]


@dataclass(frozen=True)
class Scan:
    """What can be read, as often as one likes.

    Attributes
    ----------
    source : str
        What it is, for messages.
    header : Header
        The names of its columns.
    kinds : dict of str to {"text", "number", "moment"}
        What each column holds.
    runs : callable
        Takes names of columns, and whether texts are to be cast to numbers too; gives their
        cells in runs of rows.
    labels : bool
        Whether texts are to stay texts, however many there are, since numbers have a type
        of their own in this format.
    notes : tuple of str
        What was found.
    """

    source: str
    header: Header
    kinds: dict[str, str]
    runs: Callable[[Sequence[str], bool], Iterator[Run]]
    labels: bool = False
    notes: tuple[str, ...] = ()


def scan(path: str, folder: str) -> Scan:
    """Open a file of any format.

    Parameters
    ----------
    path : str
        The file, a pipe, or ``-`` for standard input.
    folder : str
        A temporary folder, which must stay as long as the scan.
    """
    file = local(path, folder)
    return READERS[file.format](file, folder)


def scan_text(file: LocalFile, folder: str) -> Scan:
    """Open a text file with separators."""
    file = in_utf8(file, folder)
    found = layout(file)
    names = header(file.name, found.header)
    text = _TextFile(file, found, names.names, folder)
    notes = (*file.notes, *found.notes, *names.notes)
    return Scan(file.name, names, dict.fromkeys(names.names, "text"), text.runs, notes=notes)


class _TextFile:
    """A text file, which is written anew when the engine refuses it as it is."""

    def __init__(
        self, file: LocalFile, found: Layout, names: tuple[str, ...], folder: str
    ) -> None:
        self.file, self.layout, self.names, self.folder = file, found, names, folder
        self.connection = connect(folder)
        if found.awkward:
            self._rewrite()

    def runs(self, names: Sequence[str], floats: bool) -> Iterator[Run]:
        given = 0
        if not self.layout.awkward:
            try:
                for run in self._stream(names, floats):
                    yield run
                    given += _length(run)
                return
            except EngineError:
                self._rewrite()
        try:
            for run in self._stream(names, floats):
                skipped = min(given, _length(run))
                given -= skipped
                if skipped < _length(run):
                    yield {name: cells[skipped:] for name, cells in run.items()}
        except EngineError as error:
            raise ValueError(f"{self.file.name} can't be read: {error}") from None

    def _rewrite(self) -> None:
        path = os.path.join(self.folder, f"rewritten{len(os.listdir(self.folder))}.csv")
        rewritten(self.file, self.layout, path)
        self.file = replace(self.file, path=path)
        self.layout = replace(self.layout, separator=",", quote='"', skip=0, awkward=True)

    def _stream(self, names: Sequence[str], floats: bool) -> Iterator[Run]:
        columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(self.names)))
        quote = literal(self.layout.quote)
        source = (
            f"read_csv({literal(os.path.abspath(self.file.path))}, auto_detect = false, "
            f"header = true, delim = {literal(self.layout.separator)}, quote = {quote}, "
            f"escape = {quote}, allow_quoted_nulls = false, compression = 'none', "
            f"columns = {{{columns}}})"
        )
        position = {name: i for i, name in enumerate(self.names)}
        wanted = [
            Wanted(name, f"c{i}", floats=floats and self.layout.numeric[i])
            for name, i in ((name, position[name]) for name in names)
        ]
        # of a single column, an empty line is no row; a cell may still be empty, as ""
        where = "c0 IS NOT NULL" if len(self.names) == 1 else ""
        return stream(self.connection.sql, source, wanted, where)


def _length(run: Run) -> int:
    return len(next(iter(run.values())))


READERS: dict[str, Callable[[LocalFile, str], Scan]] = {"text": scan_text}
