"""Arrays in files that are mapped into memory: what is read of them is what is taken."""

from __future__ import annotations

import json
import math
import mmap
import os
import struct
import weakref
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

__all__ = ["MappedRows", "mapped"]

AT_ONCE = 1 << 22
"""How many bytes are read at once at most."""

NEAR = 1 << 12
"""How many bytes between two rows are read rather than left out."""

COMPARED = 64
"""Of how many rows it is looked whether the file has what is mapped."""

DTYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4",
    "U64": "<u8", "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8",
}  # fmt: skip
"""What safetensors calls the dtypes that NumPy has."""


def mapped(path: str | os.PathLike[str], name: str | None = None) -> np.memmap:
    """Map an array of a file into memory: nothing is read until its rows are.

    Parameters
    ----------
    path : str or path
        A ``.npy``, an ``.npz`` that is not compressed, or a ``.safetensors`` file.
    name : str, optional
        Which of the arrays of the latter two; it may be left out where there is one.

    Returns
    -------
    numpy.memmap
        The array, which can't be written to.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError
        If the array holds something that can't be mapped, as Python objects, or bfloat16.
    ValueError
        If the file is none of these, is compressed, or has no such array.
    """
    path = Path(path)
    readers = {".npy": _npy, ".npz": _npz, ".safetensors": _safetensors}
    if path.suffix not in readers:
        raise ValueError(
            f"path must be that of a .npy, .npz or .safetensors file, got {str(path)!r}"
        )
    return readers[path.suffix](path, name)


def _npy(path: Path, name: str | None) -> np.memmap:
    if name is not None:
        raise ValueError(f"{path} holds one array, which has no name: got name={name!r}")
    with path.open("rb") as file:
        return _of_npy(path, file)


def _npz(path: Path, name: str | None) -> np.memmap:
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path} is no .npz file: {error}") from None
    with archive:
        members = {one.filename.removesuffix(".npy"): one for one in archive.infolist()}
        member = members[_chosen(path, name, members)]
    if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError(
            f"{path} is compressed, so that it can't be mapped: write it by np.savez, or read "
            "it by np.load"
        )
    with path.open("rb") as file:
        # behind a header of 30 bytes, a name and extra fields, whose lengths are in it
        file.seek(member.header_offset + 26)
        file.seek(sum(struct.unpack("<HH", file.read(4))), os.SEEK_CUR)
        return _of_npy(path, file)


def _of_npy(path: Path, file: Any) -> np.memmap:
    """Map the array that begins where a file is read."""
    form = np.lib.format
    try:
        read = {(1, 0): form.read_array_header_1_0, (2, 0): form.read_array_header_2_0}
        shape, is_fortran, dtype = read[form.read_magic(file)](file)
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path} holds no array that can be mapped: {error}") from None
    if dtype.hasobject:
        raise TypeError(f"{path} holds Python objects, which can't be mapped")
    return _map(path, dtype, file.tell(), shape, "F" if is_fortran else "C")


def _safetensors(path: Path, name: str | None) -> np.memmap:
    try:
        with safe_open(path, "numpy"):
            pass  # what it opens is whole, and well formed
    except SafetensorError as error:
        raise ValueError(f"{path} is no safetensors file: {error}") from None
    with path.open("rb") as file:  # where arrays lie, it does not tell
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    array = header[_chosen(path, name, header)]
    if array["dtype"] not in DTYPES:
        raise TypeError(f"{path} holds {array['dtype']}, which NumPy does not have")
    offset = 8 + length + array["data_offsets"][0]
    return _map(path, DTYPES[array["dtype"]], offset, tuple(array["shape"]), "C")


def _chosen(path: Path, name: str | None, names: Any) -> str:
    """Return the name of the array that is meant."""
    if name in names:
        return str(name)
    if name is None and len(names) == 1:
        return str(next(iter(names)))
    wanted = "name must say which array" if name is None else f"name {name!r} is none of those"
    raise ValueError(f"{wanted} of {path}: {', '.join(sorted(names)) or 'it has none'}")


def _map(path: Path, dtype: Any, offset: int, shape: tuple[int, ...], order: Any) -> np.memmap:
    try:
        return np.memmap(path, dtype, "r", offset, shape, order)
    except ValueError as error:  # of nothing, or more than there is
        raise ValueError(f"{path} can't be mapped: {error}") from None


class MappedRows:
    """The rows of an array that is mapped from a file.

    They are read from the file where that can be, and not from the map: each row from here or
    there would have pages around it mapped, up to two megabytes, which takes longer than to
    read it, and counts as memory of this process until it is said that it may go.

    Parameters
    ----------
    array : numpy.memmap
        Of any number of dimensions.
    """

    def __init__(self, array: np.memmap) -> None:
        self.shape, self._rows = array.shape, np.asarray(array)
        self._row_size = math.prod(array.shape[1:]) * array.itemsize
        self._map: Any = array._mmap  # type: ignore[attr-defined]
        is_plain = array.flags.c_contiguous and hasattr(os, "preadv")
        self._file = self._opened(array) if is_plain and array.mode != "c" else None

    def _opened(self, array: np.memmap) -> int | None:
        """Open the file; None if it is not there, or another one by now."""
        first = np.frombuffer(self._map, np.uint8).ctypes.data
        before = array.offset - array.offset % mmap.ALLOCATIONGRANULARITY
        self._begin = before + array.ctypes.data - first
        try:
            file = os.open(str(array.filename), os.O_RDONLY)
        except OSError:
            return None
        weakref.finalize(self, os.close, file)
        some = np.unique(np.linspace(0, len(array) - 1, COMPARED).astype(np.int64))
        try:
            is_the_same = self._read(file, some).tobytes() == self._rows[some].tobytes()
        except OSError:
            return None
        if hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)  # what was mapped to compare may go
        return file if is_the_same else None

    def take(self, numbers: np.ndarray) -> np.ndarray:
        """Return copies of rows, by their numbers.

        Raises
        ------
        OSError
            If the file can't be read, or has become shorter.
        """
        if self._file is not None:
            return self._read(self._file, np.asarray(numbers))
        rows: np.ndarray = np.take(self._rows, numbers, axis=0)
        return rows

    def _read(self, file: int, numbers: np.ndarray) -> np.ndarray:
        """Read rows in the order in which they lie, those that lie near one another at once."""
        places = np.argsort(numbers, kind="stable")
        lying = numbers[places]
        is_far = np.diff(lying) > max(1, NEAR // self._row_size)
        piece = lying // max(1, AT_ONCE // self._row_size)
        ends = np.flatnonzero(is_far | (np.diff(piece) > 0)) + 1
        rows = np.empty((len(numbers), *self.shape[1:]), self._rows.dtype)
        for start, end in pairwise([0, *ends.tolist(), len(numbers)] if len(numbers) else []):
            first, last = int(lying[start]), int(lying[end - 1])
            if end - start == 1:
                place = int(places[start])
                self._fill(file, rows[place : place + 1], first)
                continue
            near = np.empty((last + 1 - first, *self.shape[1:]), rows.dtype)
            self._fill(file, near, first)
            rows[places[start:end]] = near[lying[start:end] - first]
        return rows

    def _fill(self, file: int, rows: np.ndarray, first: int) -> None:
        """Read consecutive rows from one on."""
        where = self._begin + first * self._row_size
        if os.preadv(file, [rows.view(np.uint8).data.cast("B")], where) != rows.nbytes:
            raise OSError("the file that is mapped has become shorter")
