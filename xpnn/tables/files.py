"""Getting at a file: from a pipe, out of an archive, in UTF-8; and what format it has.

A format is told by a file's first bytes where it has a mark, otherwise by its name.  What
can't be read where it lies is written anew into a temporary folder.
"""

from __future__ import annotations

import bz2
import codecs
import glob
import gzip
import lzma
import os
import re
import shutil
import stat
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import IO, Any

__all__ = ["STDIN", "LocalFile", "find", "in_utf8", "local", "new_name"]

STDIN = "-"

BLOCK = 1 << 20

ENOUGH = 1 << 12
"""How many bytes are looked at to tell JSON from other texts."""

MARKS = {
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"\xff\xff\xff\xff": "arrow stream",
    b"FEA1": "feather 1",
    b"\xd0\xcf\x11\xe0": "excel",
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
} | {
    b"BZh%d%s" % (level, begin): "bzip2"
    for level in range(1, 10)
    for begin in (b"1AY&SY", b"\x17rE8P\x90")
}
"""The first bytes of a file, and its format; of bzip2 those of the first block, too."""

BINARY = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"SQLite format 3": "an SQLite database",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array (np.load reads it)",
    b"\x80\x04\x95": "a Python pickle",
    b"\x80\x05\x95": "a Python pickle",
    b"RDX": "an R data file",
    b"\x7fELF": "a program",
}
"""The first bytes of files that are no tables, and what they are."""

OPENERS: dict[str, Callable[[str], Any]] = {
    "gzip": gzip.open,
    "bzip2": bz2.open,
    "xz": lzma.open,
}

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

FEW_ZEROS = 3
"""So many bytes that are 0 show nothing."""

ZEROS_OF_UTF16 = 0.05
"""The part of bytes, at least, that are 0 in UTF-16: the first or the second ones of letters,
figures and separators of ASCII."""

OLD_ENCODINGS = {"cp1252": "Windows-1252", "latin-1": "Latin-1"}
"""What a text may be that is not UTF-8; any byte is a letter of Latin-1."""


@dataclass(frozen=True)
class LocalFile:
    """A file that can be read where it lies.

    Attributes
    ----------
    path : str
        Where it lies.
    name : str
        What the user calls it, for messages.
    format : {"text", "json", "parquet", "arrow", "excel"}
        What is in it.
    notes : tuple of str
        What was done to get at it.
    """

    path: str
    name: str
    format: str = "text"
    notes: tuple[str, ...] = ()


def find(path: str | os.PathLike[str]) -> list[str]:
    """Return the files that a path or a pattern means, sorted.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or nothing that the pattern fits.
    IsADirectoryError
        If it is a folder.
    """
    path = os.fspath(path)
    if path == STDIN:
        return [path]
    if os.path.isdir(path):
        raise IsADirectoryError(
            f"{path} is a folder; name a file, or {os.path.join(path, '*.csv')!r} for all"
        )
    if os.path.exists(path):
        return [path]
    if glob.has_magic(path):
        found = sorted(file for file in glob.glob(path, recursive=True) if os.path.isfile(file))
        if not found:
            raise FileNotFoundError(f"no file is called like {path}")
        return found
    raise FileNotFoundError(f"there is no file {path}")


def local(path: str, folder: str) -> LocalFile:
    """Make a file readable where it lies: no pipe, nothing compressed.

    Parameters
    ----------
    path : str
        A file, a pipe, or ``-`` for standard input.
    folder : str
        A temporary folder, where it is written to if need be.

    Raises
    ------
    FileNotFoundError
        If standard input is closed.
    ValueError
        If it is empty, damaged, or no table.
    """
    file = LocalFile(path, path)
    if path == STDIN:
        if sys.stdin is None:
            raise FileNotFoundError("standard input is closed")
        file = replace(_written(sys.stdin.buffer, file, folder), name="standard input")
    elif not stat.S_ISREG(os.stat(path).st_mode):
        with open(path, "rb") as pipe:
            file = _written(pipe, file, folder)
    return _recognized(file, folder)


def _written(content: IO[bytes], file: LocalFile, folder: str) -> LocalFile:
    """Write what can be read once into a temporary file."""
    path = new_name(folder)
    with open(path, "wb") as out:
        shutil.copyfileobj(content, out, BLOCK)
    return replace(file, path=path)


def new_name(folder: str) -> str:
    """Return the path of a file that is not yet in a folder."""
    return os.path.join(folder, f"file{len(os.listdir(folder))}")


def _recognized(file: LocalFile, folder: str) -> LocalFile:
    """Find out the format, and unpack what is packed."""
    with open(file.path, "rb") as content:
        head = content.read(BLOCK)
    if not head:
        raise ValueError(f"{file.name} is empty; expected a header and rows")
    for mark, what in BINARY.items():
        if _begins(head, mark):
            raise ValueError(f"{file.name} is no table, but {what}")
    form = next((form for mark, form in MARKS.items() if _begins(head, mark)), None)
    if form in OPENERS:
        return _recognized(_unpacked(file, OPENERS[form], folder), folder)
    if form == "zstd":
        return _recognized(_unpacked(file, _zstd_opener(file.name), folder), folder)
    if form == "zip":
        return _from_zip(file, folder)
    if form == "feather 1" or form == "arrow stream":
        form = "arrow"
    if form is None:
        form = _text_format(file, head)
    return _without_pattern(replace(file, format=form), folder)


def _begins(head: bytes, mark: bytes) -> bool:
    """Whether a file begins with a mark: one of letters is a column's name in a text."""
    return head.startswith(mark) and (not mark.isalnum() or b"\x00" in head)


def _text_format(file: LocalFile, head: bytes) -> str:
    """Tell text from JSON, and both from what is neither."""
    encoding = _encoding(head)
    if encoding == "utf-8" and b"\x00" in head:
        raise ValueError(f"{file.name} is no table, but a binary file of an unknown format")
    begin = head[:ENOUGH].decode(encoding, "replace").lstrip("\ufeff \t\r\n")
    if begin.startswith("{") or re.match(r"\[\s*[{[\]]", begin):
        return "json"
    return "text"


def _unpacked(file: LocalFile, opener: Callable[[str], Any], folder: str) -> LocalFile:
    try:
        with opener(file.path) as content:
            return _written(content, file, folder)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # a full disk, say
        raise ValueError(f"{file.name} is damaged, it can't be unpacked: {error}") from None


def _zstd_opener(name: str) -> Callable[[str], Any]:
    """Find what reads zstd: Python 3.14, or a package."""
    for module in ("compression.zstd", "backports.zstd", "zstandard"):
        try:
            opener: Callable[[str], Any] = __import__(module, fromlist=["open"]).open
        except ImportError:
            continue
        return opener
    raise ModuleNotFoundError(
        f"{name} is compressed with zstd, which Python reads from 3.14 on; before, it needs "
        "zstandard, which is not installed: pip install zstandard",
        name="zstandard",
    )


def _from_zip(file: LocalFile, folder: str) -> LocalFile:
    """Take the one file out of a ZIP archive, or see that it is a workbook."""
    try:
        with zipfile.ZipFile(file.path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if any(name in names for name in ("xl/workbook.xml", "xl/workbook.bin")):
                return replace(file, format="excel")
            if "mimetype" in names and "content.xml" in names:
                return replace(file, format="excel")
            names = [name for name in names if not name.startswith("__MACOSX/")]
            if len(names) != 1:
                shown = ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
                raise ValueError(
                    f"{file.name} must have one file in it, got {len(names)}: {shown}"
                )
            with archive.open(names[0]) as content:
                inner = _written(content, file, folder)
    except (zipfile.BadZipFile, EOFError, zlib.error, RuntimeError) as error:
        raise ValueError(f"{file.name} can't be unpacked: {error}") from None
    return _recognized(inner, folder)


def _without_pattern(file: LocalFile, folder: str) -> LocalFile:
    """Give a file whose own name looks like a pattern another one, for the engine's sake."""
    if not glob.has_magic(file.path):
        return file
    path = new_name(folder)
    try:
        os.symlink(os.path.abspath(file.path), path)
    except OSError:  # not everybody may, on Windows
        shutil.copyfile(file.path, path)
    return replace(file, path=path)


def in_utf8(file: LocalFile, folder: str, keep_mark: bool = True) -> LocalFile:
    """Make sure that a text file is UTF-8: write it anew if it is not.

    Parameters
    ----------
    file : LocalFile
        The file.
    folder : str
        A temporary folder, where it is written to if need be.
    keep_mark : bool
        Whether it may begin with a byte order mark.

    Raises
    ------
    ValueError
        If it begins as UTF-16, which it isn't.
    """
    with open(file.path, "rb") as content:
        head = content.read(BLOCK)
    encoding = _encoding(head)
    if encoding == "utf-8":
        if _decodes(file.path, "utf-8"):
            if keep_mark or not head.startswith(codecs.BOM_UTF8):
                return file
            return replace(file, path=_transcoded(file.path, "utf-8-sig", folder))
        encoding = next(name for name in OLD_ENCODINGS if _decodes(file.path, name))
    try:
        path = _transcoded(file.path, encoding, folder)
    except UnicodeDecodeError as error:
        raise ValueError(f"{file.name} begins as UTF-16, but is not: {error.reason}") from None
    said = OLD_ENCODINGS.get(encoding, "UTF-16")
    return replace(file, path=path, notes=(*file.notes, f"{file.name} is read as {said}"))


def _encoding(head: bytes) -> str:
    """Return the encoding that a byte order mark tells, or UTF-16 without one, or UTF-8."""
    for mark, name in BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return name
    zeros = [head[first::2].count(0) for first in (0, 1)]
    if max(zeros) > max(FEW_ZEROS, ZEROS_OF_UTF16 * len(head), 3 * min(zeros)):
        return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    return "utf-8"


def _decodes(path: str, encoding: str) -> bool:
    """Whether all of a file is of an encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    waiting = False  # for the rest of a letter
    try:
        with open(path, "rb") as content:
            while block := content.read(BLOCK):
                if block.isascii() and not waiting:
                    continue
                decoder.decode(block)
                waiting = bool(decoder.getstate()[0])
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _transcoded(path: str, encoding: str, folder: str) -> str:
    new = new_name(folder)
    with (
        open(path, encoding=encoding, newline="") as content,
        open(new, "w", encoding="utf-8", newline="") as out,
    ):
        shutil.copyfileobj(content, out, BLOCK)
    return new
