"""Model files: safetensors, with the architecture as JSON in the metadata.

A file holds numbers and a description, never code: loading one runs none.  The
description names layers, losses and optimizers by their class names, which must be known
already, and a SHA-256 over description and numbers tells a damaged file from a good one.
"""

from __future__ import annotations

import os
from typing import Any

from .backend import Backend, resolve
from .files.atomic import atomic_write
from .files.model_file import FORMAT as FORMAT
from .files.model_file import VERSION as VERSION
from .files.model_file import ModelFileError, read_file
from .saving import rebuild, save
from .sequential import Sequential

__all__ = ["ModelFileError", "atomic_write", "load", "read", "read_file", "save"]


def load(path: str | os.PathLike[str], backend: str | Backend | None = None) -> Sequential:
    """Load a model that `Sequential.save` has saved.  No code of the file is run.

    Parameters
    ----------
    path : str or path
        The file.
    backend : str or Backend, optional
        Where to put the model; by default the backend in use.

    Returns
    -------
    Sequential
        The model, compiled as it was; its optimizer starts anew.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If it is truncated, damaged, of another program or of a newer version, or names
        a layer whose class has not been imported.  Of a pickle, or another well-known kind
        of file, the message says what it seems to be and why it is not loaded.
    """
    return read(path, backend)[0]


def read(
    path: str | os.PathLike[str], backend: str | Backend | None = None
) -> tuple[Sequential, dict[str, Any]]:
    """Load a model, and what was kept beside its description.

    Parameters
    ----------
    path, backend
        As in `load`.

    Returns
    -------
    model : Sequential
        As in `load`.
    extra : dict
        As given to `save`.
    """
    description, tensors = read_file(path)
    place = resolve(backend)
    try:
        model = rebuild(Sequential, description, tensors, place)
        return model, dict(description["extra"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ModelFileError(f"{path} does not describe a network: {reason}") from error
