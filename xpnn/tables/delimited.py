"""Text files with cells between separators: which separator, and which header.

The engine is told everything about a file, and guesses nothing.
"""

from __future__ import annotations

import codecs
import csv
import io
import mmap
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from .columns import is_missing, is_plain_number
from .files import LocalFile
from .header import titles

__all__ = ["Layout", "dialect", "fits", "layout", "may_repeat", "trimmed"]

SEPARATORS = ("\t", ";", "|", ",")
"""What may stand between cells, and a space; of two that would do, the first is taken."""

SAMPLE = 1 << 17
"""How many letters are looked at to find the separator."""

MOST_RECORDS = 500

COMMENT = "#"

TOLD = re.compile(r'"?sep=([^\w"\'\r\n])"?[\r\n]*', re.IGNORECASE)
"""A first line that tells the separator, as Excel takes and writes it."""

WIDE = "  "
"""What separates where cells may hold a space: two spaces, or more."""

SPOKEN = {"\t": "tabs", " ": "spaces", WIDE: "two or more spaces"}


@dataclass(frozen=True)
class Layout:
    """How a text file's cells lie.

    Attributes
    ----------
    separator, quote : str
        What stands between cells, and around those which hold separators.
    header : tuple of str
        The cells of the header, one for each column.
    skip : int
        How many lines to leave out before the header.
    numeric : tuple of bool
        Which columns look like numbers in the first rows.
    awkward : bool
        Whether the engine can't take the file as it is, or should not.
    notes : tuple of str
        What was found.
    hint : str
        What to add where a row doesn't fit the header.
    """

    separator: str
    quote: str
    header: tuple[str, ...]
    skip: int = 0
    numeric: tuple[bool, ...] = ()
    awkward: bool = False
    notes: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True)
class _Parsed:
    """The first records of a file, as one separator would have them."""

    separator: str
    records: list[list[str]]

    @property
    def header(self) -> list[str]:
        return self.records[0]

    @property
    def body(self) -> list[list[str]]:
        return self.records[1:]

    def share(self) -> float:
        """Return the part of the rows that have as many cells as the header."""
        if not self.body:
            return 1.0
        if self.row_names():
            return 1.0
        width = len(self.header)
        return sum(fits(row, width) for row in self.body) / len(self.body)

    def row_names(self) -> bool:
        """Whether each row has a name or a number before its cells, as R writes them."""
        width = len(self.header) + 1
        if width < 3 or len(self.body) < 2 or any(len(row) != width for row in self.body):
            return False
        names = {row[0] for row in self.body}
        return len(names) == len(self.body) and any(row[-1].strip() for row in self.body)


def fits(row: list[str], width: int) -> bool:
    """Whether a row has so many cells, or an empty one more: a separator at the end."""
    return len(row) == width or (len(row) == width + 1 and not row[-1].strip())


def layout(file: LocalFile) -> Layout:
    """Find out how the cells of a text file lie, from its first lines.

    Parameters
    ----------
    file : LocalFile
        A file in UTF-8.

    Raises
    ------
    ValueError
        If there is nothing in it but empty lines.
    """
    with open(file.path, encoding="utf-8-sig", newline="") as text:
        sample = text.read(SAMPLE)
        whole = not text.read(1)
    if not whole:
        sample = sample[: sample.rfind("\n") + 1] or sample
    lines = list(io.StringIO(sample, newline=""))
    blank = next((i for i, line in enumerate(lines) if line.strip()), None)
    if blank is None:
        raise ValueError(f"{file.name} is empty; expected a header and rows")
    told = TOLD.fullmatch(lines[blank])
    if told and len(lines) > blank + 1:
        behind = _layout(lines[blank + 1 :], whole, told[1])
        return replace(behind, skip=blank + 1, awkward=True)
    found = _layout(lines[blank:], whole)
    if lines[blank].startswith(COMMENT):
        commented = next(
            (i for i, line in enumerate(lines) if i > blank and not line.startswith(COMMENT)),
            None,
        )
        if commented is not None:
            behind = _layout(lines[commented:], whole)
            if len(behind.header) > len(found.header):
                notes = (*behind.notes, "the lines with '#' before the header are left out")
                return replace(behind, skip=commented, awkward=True, notes=notes)
    start, separator, sure = _titles(lines[blank:], whole, found)
    line = blank + start
    if sure:
        behind = _layout(lines[line:], whole, separator)
        note = f"the header is line {line + 1}; what stands before it is left out"
        return replace(behind, skip=line, awkward=True, notes=(*behind.notes, note))
    hint = f"; the header seems to be line {line + 1}" if start else ""
    awkward = found.awkward or blank > 0 or _is_repeated(file.path, lines[blank], found)
    return replace(found, skip=blank, awkward=awkward, hint=hint)


def _titles(lines: list[str], whole: bool, found: Layout) -> tuple[int, str, bool]:
    """Return how many lines are titles, how the others are separated, and whether it is sure.

    Other separators than that of the first line are tried only where that doesn't fit.
    """
    first = _parse(lines, whole, found.separator, found.quote)
    fitting = (
        not found.separator.startswith(" ") and len(first.header) > 1 and first.share() > 0.5
    )
    tried = [(False, 0, 0, "")]
    for separator in (found.separator,) if fitting else SEPARATORS:
        begins, records = _numbered(lines, whole, separator)
        count, sure = titles(records) if records else (0, False)
        width, start = len(records[count]) if records else 0, begins[count] if records else 0
        # two cells are a sentence with a comma, or a number, unless an empty line shows more
        gap = any(not line.strip() for line in lines[:start])
        if count and (width > 2 or gap or (sure and separator != ",")):
            tried.append((sure, width, start, separator))
    sure, _, start, separator = max(tried, key=lambda one: one[:2])
    return start, separator, sure


def may_repeat(header: Sequence[str]) -> bool:
    """Whether a row that equals the header is one: a single word or numbers may be cells."""
    return len(header) > 1 and any(map(str.isalpha, "".join(header)))


def _is_repeated(path: str, header: str, found: Layout) -> bool:
    """Whether a line like the header comes again, as `cat *.csv` leaves one for each file."""
    if not may_repeat(found.header):
        return False
    line = header.rstrip("\r\n").encode()
    with (
        open(path, "rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        marks = (b"", codecs.BOM_UTF8) if content[:3] == codecs.BOM_UTF8 else (b"",)
        for wanted in (b"\n" + mark + line for mark in marks):
            place = content.find(wanted)
            while place >= 0:
                if content[place + len(wanted) : place + len(wanted) + 1] in (
                    b"\r",
                    b"\n",
                    b"",
                ):
                    return True
                place = content.find(wanted, place + 1)
    return False


def _numbered(
    lines: list[str], whole: bool, separator: str
) -> tuple[list[int], list[list[str]]]:
    """Split lines into cells, as `_parse` does, and tell at which line each row begins."""
    reader, begins, records, line = _reader(lines, separator, '"'), [], [], 0
    try:
        for row in reader:
            if any(cell.strip() for cell in row) or len(row) > 1:
                begins.append(line)
                records.append(row)
            line = reader.line_num
            if len(records) == MOST_RECORDS:
                break
    except csv.Error:
        pass
    if not whole and len(records) > 2:
        records.pop()
    return begins, records


def _layout(lines: list[str], whole: bool, told: str | None = None) -> Layout:
    quote = "'" if lines[0].startswith("'") and lines[0].count("'") > 1 else '"'
    best = _parse(lines, whole, told, quote) if told else _best(lines, whole, quote)
    head = best.header
    notes = []
    awkward = best.separator.startswith(" ")
    if best.separator != "," and len(head) > 1:
        spoken = SPOKEN.get(best.separator, repr(best.separator))
        notes.append(f"read with {spoken} between cells")
    if best.row_names():
        head = ["", *head]
        notes.append("the header has no name for the first column")
    elif (
        len(head) > 1
        and not head[-1].strip()
        and all(_bare(row, len(head)) for row in best.body)
    ):
        head, awkward = head[:-1], True  # a separator at the end of each line
    numeric = tuple(
        _looks_numeric([row[i].strip() for row in best.body if i < len(row)])
        for i in range(len(head))
    )
    return Layout(best.separator, quote, tuple(head), 0, numeric, awkward, tuple(notes))


def _bare(row: list[str], width: int) -> bool:
    """Whether a row has nothing in the last of so many cells."""
    return len(row) < width or (len(row) == width and not row[-1].strip())


def _looks_numeric(cells: list[str]) -> bool:
    told = [cell for cell in cells if not is_missing(cell)]
    return bool(told) and all(is_plain_number(cell) for cell in told)


def _best(lines: list[str], whole: bool, quote: str) -> _Parsed:
    """Return the reading that gives most rows as many cells as the header, and most cells."""
    parsed = [_parse(lines, whole, separator, quote) for separator in SEPARATORS]
    several = [p for p in parsed if len(p.header) > 1 and p.share() > 0.5]
    if several:
        return max(several, key=lambda p: (round(10 * p.share()), len(p.header)))
    if not any(quote in line for line in lines):
        wide = _parse(lines, whole, WIDE, quote)
        if _is_spaced(wide) and not wide.row_names() and not _has_several_numbers(wide):
            return wide
    spaced = _parse(lines, whole, " ", quote)
    if _is_spaced(spaced):
        return spaced
    if all(len(p.header) == 1 for p in parsed):
        # a comma within the cells of a single column, in numbers or in sentences
        single = [p for p in reversed(parsed) if p.share() == 1.0]
        widest = max((len(row) for p in parsed for row in p.body), default=1)
        if single and widest <= 2:
            return single[0]
    return max(reversed(parsed), key=lambda p: len(p.header))


def _is_spaced(parsed: _Parsed) -> bool:
    """Whether spaces separate: the same number in all lines, and numbers between them."""
    if len(parsed.header) < 2 or not parsed.body or parsed.share() < 1.0:
        return False
    return any(is_plain_number(cell) for row in parsed.body[:20] for cell in row)


def _has_several_numbers(parsed: _Parsed) -> bool:
    """Whether a cell holds numbers with a space between them: then that separates, too."""
    cells = (cell.split() for row in parsed.body for cell in row)
    return any(len(words) > 1 and all(map(is_plain_number, words)) for words in cells)


def _parse(lines: list[str], whole: bool, separator: str, quote: str) -> _Parsed:
    records = list(islice(_records(lines, separator, quote), MOST_RECORDS))
    if not whole and len(records) > 2:
        records.pop()  # it may have been cut within quotes
    return _Parsed(separator, records or [[""]])


def _records(lines: Iterable[str], separator: str, quote: str) -> Iterator[list[str]]:
    """Split lines into cells, as far as that goes; empty lines are left out."""
    reader = _reader(lines, separator, quote)
    try:
        yield from (row for row in reader if any(cell.strip() for cell in row) or len(row) > 1)
    except csv.Error:
        return


def _reader(lines: Iterable[str], separator: str, quote: str) -> Any:
    """Split lines into cells; where spaces separate, any number of them and of tabs does."""
    return csv.reader(trimmed(lines, separator), **dialect(separator, quote))


def dialect(separator: str, quote: str) -> dict[str, Any]:
    """Say to Python's csv what stands between cells and around them."""
    delimiter = "\t" if separator == WIDE else separator
    return {"delimiter": delimiter, "quotechar": quote, "skipinitialspace": separator == " "}


def trimmed(lines: Iterable[str], separator: str) -> Iterable[str]:
    """Where spaces separate, take tabs for spaces, or wide gaps for tabs; none at the ends."""
    if separator == WIDE:
        return (re.sub(" {2,}", "\t", line.strip()) + "\n" for line in lines)
    if separator != " ":
        return lines
    return (line.rstrip().replace("\t", " ") + "\n" for line in lines)
