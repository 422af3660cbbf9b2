"""Model files: safetensors, with a description as JSON in the metadata.

A file holds arrays and plain data, never code, and a SHA-256 over both tells a damaged file
from a good one.  What the description means is known to those who write and read it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .atomic import atomic_write

__all__ = ["ModelFileError", "read_file", "write_file"]

FORMAT = "xpnn"
VERSION = 1


class ModelFileError(ValueError):
    """A file is no model file that this version of xpnn can load."""

    __module__ = "xpnn.serialization"  # as tracebacks have always called it


class NewerFileError(ModelFileError):
    """A file says that a newer version of xpnn wrote it."""


def write_file(
    path: str | os.PathLike[str],
    description: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
) -> None:
    """Write a description and arrays to a file, which is replaced at once when all is written.

    Parameters
    ----------
    path : str or path
        The file.
    description : mapping
        Plain data, without numbers that are not finite.
    arrays : mapping of str to numpy.ndarray
        Floats, by their names.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, ValueError, OSError
        As in `xpnn.files.atomic.atomic_write`.
    """
    import json

    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    tensors = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    text = json.dumps(description, allow_nan=False)
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "architecture": text,
        "sha256": _digest(text, tensors),
    }
    with atomic_write(path) as temporary:
        try:
            save_file(tensors, temporary, metadata)
        except SafetensorError as error:
            raise _of_the_system(error) from error


def _of_the_system(error: Exception) -> Exception:
    """Return what the system said, as on a full disk, which safetensors puts into its words."""
    import re

    said = re.search(r"(?:os error|code:) (\d+)", str(error))
    return OSError(int(said[1]), os.strerror(int(said[1]))) if said else error


def _digest(text: str, tensors: Mapping[str, np.ndarray]) -> str:
    import hashlib

    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        array = tensors[name]
        digest.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def read_file(
    path: str | os.PathLike[str],
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read the description and the arrays of a model file, and check that it is whole.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    description : dict
        As it was written.
    arrays : dict of str to numpy.ndarray
        By their names.

    Raises
    ------
    FileNotFoundError, ModelFileError
        As in `xpnn.load`.
    """
    import json

    metadata, tensors = _read_tensors(Path(path))
    version = metadata.get("version", "")
    number = (
        int(version) if version.isdecimal() and version.isascii() and len(version) < 10 else 0
    )
    if number < 1:
        raise ModelFileError(f"{path} is damaged: its version is {version!r}")
    if number > VERSION:
        raise NewerFileError(
            f"{path} has format version {version}, but this xpnn reads up to {VERSION}: "
            "upgrade xpnn"
        )
    text = metadata.get("architecture", "")
    if metadata.get("sha256") != _digest(text, tensors):
        raise ModelFileError(f"{path} is damaged: its contents don't match its SHA-256")

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no number")

    try:
        description = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} does not describe a network: {error}") from error
    if not isinstance(description, dict):
        raise ModelFileError(f"{path} does not describe a network: {text[:40]!r} is no object")
    return description, tensors


def _read_tensors(path: Path) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Read metadata and arrays; safetensors checks that sizes and offsets agree."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        if path.exists() and not path.is_dir():
            raise ModelFileError(f"{path} must be a file, but is a pipe or a device")
        raise FileNotFoundError(f"there is no file {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:  # and may be very large
                raise ModelFileError(f"{path} is a safetensors file, but not of xpnn")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except ModelFileError:
        raise
    except (SafetensorError, TypeError, AttributeError, ValueError) as error:
        from .foreign import other_kind

        if kind := other_kind(path):
            what, why = kind
            raise ModelFileError(
                f"{path} seems to be {what}; xpnn loads only its own safetensors files, and "
                f"not this: {why}"
            ) from error
        raise ModelFileError(
            f"{path} is not a whole safetensors file ({error}); xpnn loads no other kind, "
            "and no pickle: loading a pickle can run any code"
        ) from error
    for name, tensor in tensors.items():
        if tensor.dtype.kind != "f":
            raise ModelFileError(f"{path} holds {name} as {tensor.dtype}, which is no float")
    return metadata, tensors
