"""Arguments and options that several commands have, and checks of the paths they take."""

from __future__ import annotations

import os
from pathlib import Path

import click

model_argument = click.argument("model", type=click.Path(path_type=Path), metavar="MODEL")

backend_option = click.option(
    "--backend",
    metavar="SPEC",
    help="Array library and device: numpy, auto, NAME or NAME:DEVICE, with ! at the end to "
    "forbid falling back to NumPy.  'xpnn backends' lists them.  [default: $XPNN_BACKEND, else "
    "numpy]",
)

metric_option = click.option(
    "--metric",
    multiple=True,
    metavar="NAME",
    help="What else to measure, any number of times: for classes f1, precision, recall (of "
    "the second of two classes; of more their mean, f1_macro and so on), log_loss, roc_auc, "
    "top_3_accuracy, and f1_weighted and the like; for numbers r2 and mean_squared_error.",
)

answers_option = click.option(
    "--target",
    metavar="COLUMN",
    help="The column with the right answers.  [default: the one that the model was trained on]",
)
"""For commands that use a model; 'xpnn train' has a --target of its own."""


def check_writable(option: str, path: Path, *others: tuple[str, str | Path]) -> None:
    """Check that a file can be written, before the work that it will hold.

    Parameters
    ----------
    option : str
        What the user calls the file, for messages.
    path : Path
        The file.
    *others : tuple of str and path
        Files that it must not be, each with its name for the message.

    Raises
    ------
    ValueError
        If its folder is not there or can't be written to, if it is a folder, or if it is
        one of the others.
    """
    folder = path.parent
    if not folder.is_dir():
        raise ValueError(f"{option}: there is no folder {str(folder)!r}; make it first")
    if path.is_dir():
        raise ValueError(f"{option} must be a file, but {str(path)!r} is a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValueError(f"{option}: the folder {str(folder)!r} can't be written to")
    for name, other in others:
        if path.resolve() == Path(other).resolve():
            raise ValueError(f"{option} must not be {name}, but both are {str(path)!r}")


def check_table(data: str, target: str | None) -> None:
    """Check that there is a CSV file, and that a column of it is asked for.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If no column is named.
    """
    if not Path(data).is_file():
        raise FileNotFoundError(f"there is no file {data}")
    if target is None:
        raise ValueError(f"--target must name the column of {data} to learn")
