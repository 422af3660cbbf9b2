"""Model files: safetensors, with the architecture as JSON in the metadata.

A file holds numbers and a description, never code: loading one runs none.  The
description names layers, losses and optimizers by their class names, which must be known
already, and a SHA-256 over description and numbers tells a damaged file from a good one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .backend import Backend, resolve
from .layers.base import LAYERS
from .losses import LOSSES
from .metrics import FunctionMetric, plain
from .naming import describe, make
from .optimizers import OPTIMIZERS

if TYPE_CHECKING:
    from .model import Sequential

__all__ = ["ModelFileError", "atomic_write", "load", "read", "read_file", "save"]

FORMAT = "xpnn"
VERSION = 1


class ModelFileError(ValueError):
    """A file is no model file that this version of xpnn can load."""


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file so that it is there whole or not at all.

    Parameters
    ----------
    path : str or path
        The file to write.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        If its folder doesn't exist, or the path is that of a folder.
    ValueError
        If the path is that of a pipe or a device.

    Yields
    ------
    pathlib.Path
        A file beside it to write to, which takes its name when the block ends well, and
        is removed when it doesn't.
    """
    import secrets

    path = Path(os.path.realpath(path))  # a link stays one, and what it leads to is replaced
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} to")
    if path.is_dir():
        raise IsADirectoryError(f"{path} must be a file, but is a folder")
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} must be a file, but is a pipe or a device")
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{path.suffix}")
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    # the rights that a new file gets here, or those of the old one, whoever writes it
    mode = (path if path.exists() else temporary).stat().st_mode & 0o7777
    try:
        yield temporary
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
        _sync(path.parent)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _sync(folder: Path) -> None:
    """Wait until the disk has a folder's new entry, where a system offers that."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def save(
    model: Sequential,
    path: str | os.PathLike[str],
    extra: Mapping[str, Any] | None = None,
    *,
    training: Mapping[str, Any] | None = None,
    tensors: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Save a model.

    Parameters
    ----------
    model : Sequential
        The model; how it was compiled is saved too, the optimizer's state is not.
    path : str or path
        The file, which is replaced at once when all is written.
    extra : mapping, optional
        Plain data to keep beside the description, as `read` returns it.
    training, tensors : mapping, optional
        What a checkpoint has besides: plain data, and arrays with names that have a slash.
    """
    import json

    from safetensors.numpy import save_file

    backend = model.backend
    arrays = {name: backend.to_numpy(array) for name, array in model._tensors().items()}
    arrays = {n: np.ascontiguousarray(a) for n, a in {**arrays, **(tensors or {})}.items()}
    architecture = {
        "dtype": model.dtype,
        "layers": [describe(layer) for layer in model.layers],
        "loss": describe(model._loss) if model._loss else None,
        "optimizer": describe(model._optimizer) if model._optimizer else None,
        "metrics": _metrics(model, path),
        **model._clip,
        "extra": dict(extra or {}),
        **({"training": dict(training)} if training else {}),
    }
    text = json.dumps(architecture, allow_nan=False)
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "architecture": text,
        "sha256": _digest(text, arrays),
    }
    with atomic_write(path) as temporary:
        save_file(arrays, temporary, metadata)


def _metrics(model: Sequential, path: str | os.PathLike[str]) -> list[Any]:
    """Return the metrics as plain data, all but functions, of which a file holds none."""
    functions = [m.name for m in model._metrics if isinstance(m, FunctionMetric)]
    if functions:
        import warnings

        warnings.warn(
            f"{os.fspath(path)} is saved without the metric {' and '.join(functions)}: a file "
            "holds no code, so give the function to compile() again after loading",
            UserWarning,
            stacklevel=4,
        )
    return [plain(m) for m in model._metrics if not isinstance(m, FunctionMetric)]


def _digest(text: str, tensors: Mapping[str, np.ndarray]) -> str:
    import hashlib

    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        array = tensors[name]
        digest.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


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
    from .model import Sequential

    architecture, tensors = read_file(path)
    place = resolve(backend)
    try:
        layers = [make(d, LAYERS, "layer") for d in architecture["layers"]]
        of_network = {name: array for name, array in tensors.items() if "/" not in name}
        model = Sequential._restore(layers, of_network, architecture["dtype"], place)
        if architecture["loss"] is not None:
            model.compile(
                make(architecture["loss"], LOSSES, "loss"),
                make(architecture["optimizer"], OPTIMIZERS, "optimizer"),
                architecture["metrics"],
                **{name: architecture.get(name) for name in model._clip},
            )
        return model, dict(architecture["extra"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ModelFileError(f"{path} does not describe a network: {reason}") from error


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
        As in `load`.
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
        raise ModelFileError(
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
        if kind := _other_kind(path):
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


RUNS = "loading a pickle can run any code that whoever made it put there"

PICKLE = ("a pickle", RUNS)
ONNX = ("an ONNX file", "it holds operations, from which the layers can't be told any more")

BEGINNINGS = (
    (rb"\x80[\2-\5]", PICKLE),
    (rb"\x93NUMPY", ("a NumPy .npy file", f"it holds an array or a pickle, and {RUNS}")),
    (rb"\x89HDF", ("an HDF5 file, as Keras writes", "it names no layers of xpnn")),
    (rb"\x08[\1-\x20][\x12\x1a\x22\x2a\x32\x3a\x42]", ONNX),
    (
        rb"\x1f\x8b|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd|\x04\x22\x4d\x18",
        ("a compressed file", "no model file is, and what is in it may be a pickle"),
    ),
)
"""How files of other programs begin, what they are, and why they are not loaded."""

ENDINGS = {
    ".joblib": ("a file of joblib, which is a pickle", RUNS),
    **dict.fromkeys((".pkl", ".pickle", ".pt", ".pth"), PICKLE),
    ".onnx": ONNX,
}
"""The same by their endings, where the beginning does not tell."""

MEMBERS = {
    ".pkl": ("a zip with a pickle in it, as .pt files are", RUNS),
    ".npy": ("a NumPy .npz file", f"it holds arrays or pickles and no network, and {RUNS}"),
    ".h5": ("a Keras file", f"it names no layers of xpnn and may hold a pickle, and {RUNS}"),
}
"""The same by the endings of what is in a zip."""


def _other_kind(path: Path) -> tuple[str, str] | None:
    """Return what a file of another program seems to be, and why it is not loaded."""
    import re
    import zipfile

    with path.open("rb") as file:
        start = file.read(16)
    if start[8:9] == b"{":  # the beginning of a safetensors file, perhaps a damaged one
        return None
    if start.startswith(b"PK"):
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, OSError, ValueError):
            names = []  # a damaged one
        for ending, kind in MEMBERS.items():
            if any(name.endswith(ending) for name in names):
                return kind
        return "a zip", "no model file is"
    by_ending = ENDINGS.get(path.suffix.lower())
    if path.suffix.lower() == ".joblib":  # which may be compressed
        return by_ending
    for beginning, kind in BEGINNINGS:
        if re.match(beginning, start):
            return kind
    return by_ending
