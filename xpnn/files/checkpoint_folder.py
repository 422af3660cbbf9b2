"""The folder of a run's checkpoints: model files with a number and an epoch in their names."""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = [
    "CheckpointWarning",
    "checkpoint_files",
    "checkpoint_name",
    "checkpoint_number",
    "unfinished_files",
]

NAME = re.compile(r"checkpoint-(\d+)-epoch-\d+\.safetensors")


class CheckpointWarning(UserWarning):
    """A checkpoint is damaged, so that training goes on from another, or can't be written."""

    __module__ = "xpnn.checkpoints"  # where it is documented


def checkpoint_name(number: int, epoch: int) -> str:
    """Return the name of a run's checkpoint: they are numbered as they are written."""
    return f"checkpoint-{number:06d}-epoch-{epoch}.safetensors"


def checkpoint_number(path: Path) -> int | None:
    """Return the number of a checkpoint; None for another file."""
    match = NAME.fullmatch(path.name)
    return int(match[1]) if match else None


def checkpoint_files(directory: str | os.PathLike[str]) -> list[Path]:
    """Return the checkpoints in a folder, the oldest first."""
    folder = Path(directory)
    if not folder.is_dir():
        return []
    numbered = [(checkpoint_number(path), path) for path in folder.iterdir()]
    return [path for _, path in sorted((n, path) for n, path in numbered if n is not None)]


def unfinished_files(directory: Path) -> list[Path]:
    """Return what processes left that were killed while they wrote a checkpoint."""
    # the second is what safetensors writes to, before it gives that the name that we asked for
    patterns = ".checkpoint-*.safetensors", ".tmp??????"
    found = (path for pattern in patterns for path in directory.glob(pattern))
    return [path for path in found if path.is_file()]  # others make folders of such names
