"""Text files with separators, as the engine reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

from .delimited import Layout, layout
from .engine import EngineError, Wanted, Workplace, literal, stream
from .files import LocalFile, in_utf8, new_name
from .gathering import Cells, part
from .header import header
from .rewriting import rewritten
from .scans import Scan

__all__ = ["scan_text"]

Run = dict[str, Cells]

LONGEST_LINE = 1 << 24
"""How many bytes a row may have."""


def scan_text(file: LocalFile, place: Workplace) -> Scan:
    """Open a text file with separators."""
    file = in_utf8(file, place.folder)
    found = layout(file)
    names = header(file.name, found.header, numeric=found.numeric)
    notes = [*file.notes, *found.notes, *names.notes]
    text = _TextFile(file, found, names.names, place, notes)
    return Scan(file.name, names, dict.fromkeys(names.names, "text"), text.runs, notes=notes)


class _TextFile:
    """A text file, which is written anew when the engine refuses it as it is.

    Parameters
    ----------
    file : LocalFile
        Where it is.
    found : Layout
        How its cells lie.
    names : tuple of str
        What its columns are called.
    place : Workplace
        Where it may be written anew, and the engine.
    notes : list of str
        What was found; a note is added if the file's quotes are odd.
    """

    def __init__(
        self,
        file: LocalFile,
        found: Layout,
        names: tuple[str, ...],
        place: Workplace,
        notes: list[str],
    ) -> None:
        self.file, self.layout, self.names = file, found, names
        self.place, self.notes = place, notes
        if found.awkward:
            self._rewrite()

    def runs(self, names: Sequence[str], floats: bool) -> Iterator[Run]:
        """Give columns in runs of rows; see `Scan`."""
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
                    yield {
                        name: part(cells, slice(skipped, None)) for name, cells in run.items()
                    }
        except EngineError as error:
            reason = str(error).split("\n", 1)[0]
            raise ValueError(f"{self.file.name} can't be read: {reason}") from None

    def _rewrite(self) -> None:
        path = new_name(self.place.folder)
        self.notes += rewritten(self.file, self.layout, path)
        self.file = replace(self.file, path=path)
        self.layout = replace(self.layout, separator=",", quote='"', skip=0, awkward=True)

    def _stream(self, names: Sequence[str], floats: bool) -> Iterator[Run]:
        columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(self.names)))
        quote = literal(self.layout.quote)
        # longer lines take more memory, so they are allowed only where the engine needs them
        longest = f"max_line_size = {LONGEST_LINE}, " if self.layout.awkward else ""
        source = (
            f"read_csv({literal(os.path.abspath(self.file.path))}, auto_detect = false, "
            f"header = true, delim = {literal(self.layout.separator)}, quote = {quote}, "
            f"escape = {quote}, allow_quoted_nulls = false, compression = 'none', "
            f"{longest}"
            f"columns = {{{columns}}})"
        )
        position = {name: i for i, name in enumerate(self.names)}
        wanted = [
            Wanted(name, f"c{i}", floats=floats and self.layout.numeric[i])
            for name, i in ((name, position[name]) for name in names)
        ]
        # of a single column, an empty line is no row; a cell may still be empty, as ""
        where = "c0 IS NOT NULL" if len(self.names) == 1 else ""
        return stream(self.place.query, source, wanted, where)


def _length(run: Run) -> int:
    return len(next(iter(run.values())))
