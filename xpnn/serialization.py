"""Model files: safetensors, with the architecture as JSON in the metadata.

A file holds numbers and a description, never code: loading one runs none.  The
description names layers, losses and optimizers by their class names, which must be known
already, and a SHA-256 over description and numbers tells a damaged file from a good one.

The description is a JSON object: ``"dtype"``, ``"layers"``, ``"loss"``, ``"optimizer"``,
``"metrics"``, ``"clip_norm"``, ``"clip_value"``, and ``"extra"``, which is whoever's that saved
it.  The network's arrays go by the number of their layer, as ``0.weights``.  For training to go
on there is ``"training"``: ``"iterations"``, how many steps the optimizer has taken, and the
``"generator"``'s state, as NumPy has it; and an array ``training/slot/SLOT/NUMBER`` for each of
the optimizer's slots and each parameter.  A file without them loads, as older ones do.
"""

from __future__ import annotations

import os
from typing import Any

from .backend import Backend, resolve
from .checks import check_path
from .files.atomic import atomic_write
from .files.model_file import FORMAT as FORMAT
from .files.model_file import VERSION as VERSION
from .files.model_file import ModelFileError, read_file
from .saving import rebuild, save
from .sequential import Sequential
from .training.checking import blamed, shown
from .training.kept import take_over

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
        The model, compiled as it was.  If the file keeps what training needs to go on, as
        `Sequential.save` writes it by default, `fit` goes on as though the model had never been
        saved: to the last bit on the same backend, to rounding on another.  Else the optimizer
        starts anew; `compile` makes it start anew too.

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
    check_path("path", path, "file")
    description, tensors = read_file(path)
    place = resolve(backend)
    if "members" in description:
        raise ModelFileError(
            f"{path} holds {description['members']} networks that are averaged, for a table: "
            "load it by xpnn.tabular.load"
        )
    with blamed(path, "does not describe a network"):
        model, extra = rebuild(Sequential, description, tensors, place), description["extra"]
        training = description.get("training", {})
        for name, value in (("extra", extra), ("training", training)):
            if not isinstance(value, dict):
                raise TypeError(f"{name} must be an object, got {shown(value)}")
        take_over(model, training, tensors)
    last = extra.get("training")
    was_trained = isinstance(last, dict) and bool(last.get("epochs"))
    model.train_state.is_forgotten = was_trained and not model.train_state.memory
    return model, extra
