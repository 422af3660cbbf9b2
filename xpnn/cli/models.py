"""Model files: loaded, with what they say of their data checked, and the rows they suit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..backend import Backend, resolve
from ..checks import check_integer, check_number
from ..sequential import Sequential
from ..serialization import ModelFileError, read
from ..tables import Preparation, read_table
from .data import built_in
from .datasets import DATA_SETS, Pair, data_name
from .options import check_table


@dataclass(frozen=True)
class Model:
    """A model that 'xpnn train' wrote.

    Attributes
    ----------
    path : Path
        Its file, for messages.
    network : Sequential
        The network.
    preparation : Preparation
        What its inputs and outputs mean.
    source : dict
        Where the rows are from on which it was trained.
    """

    path: Path
    network: Sequential
    preparation: Preparation
    source: dict[str, Any]


def load(path: Path, backend: str | None) -> Model:
    """Load a model file that 'xpnn train' wrote, and check what it says of its data.

    Raises
    ------
    BackendUnavailableError, FileNotFoundError
        If the backend is not usable, or there is no such file.
    ModelFileError
        If the file is no model, or does not say what its inputs and outputs mean.
    """
    network, extra = _read(path, resolve(backend))
    if "preparation" not in extra:
        raise ModelFileError(
            f"{path} was not written by 'xpnn train', so it does not say what its inputs and "
            "outputs mean; use it in Python with xpnn.load"
        )
    return Model(path, network, *_described(path, network, extra))


def load_any(path: Path) -> tuple[Sequential, Preparation | None, dict[str, Any]]:
    """Load any model file, also one that 'xpnn train' did not write, and what it keeps.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If the file is no model, or does not describe its data well.
    """
    network, extra = _read(path, resolve("numpy"))
    preparation = None
    if "preparation" in extra:
        preparation, _ = _described(path, network, extra)
    return network, preparation, extra


def _read(path: Path, backend: Backend) -> tuple[Sequential, dict[str, Any]]:
    """Read a model file; where a class is not known, say how the command gets to know it."""
    try:
        return read(path, backend)
    except ModelFileError as error:
        before, way, after = str(error).partition(
            "import the module that defines it before loading"
        )
        if not way:
            raise
        raise ModelFileError(
            f"{before}give --import MODULE, which defines it{after}"
        ) from error


def _described(
    path: Path, network: Sequential, extra: dict[str, Any]
) -> tuple[Preparation, dict[str, Any]]:
    """Check what a model file says of its data."""
    try:
        preparation = Preparation.from_json(extra["preparation"])
        source = extra.get("data")
        if not isinstance(source, dict) or not isinstance(source.get("name"), str):
            raise ValueError(f"expected data with a name, got {source!r:.80}")
        n_outputs: int | None = None
        for layer in network.layers:
            n_outputs = layer.output_size(n_outputs)
        if n_outputs != preparation.target.n_outputs or preparation.n_inputs not in (
            0,
            network.n_inputs,
        ):
            raise ValueError("the features and the target don't fit the network")
    except ValueError as error:
        raise ModelFileError(f"{path} does not describe its data well: {error}") from error
    return preparation, source


def rows_for(model: Model, data: str, target: str | None) -> dict[str, Pair | None]:
    """Return the rows of a table, or of the data set that the model was trained on.

    Parameters
    ----------
    model : Model
        The model that shall be measured.
    data : str
        A CSV file, or the name of a built-in data set.
    target : str, optional
        The column with the right answers; by default the one that was learnt.

    Returns
    -------
    dict
        Inputs and targets of each part of the rows, by its name; None where it has none.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such data, or the model can't know its columns or cells.
    """
    data = data_name(data)
    goal = model.preparation.target
    if data in DATA_SETS:
        if target is not None:
            raise ValueError(f"--target is for CSV files; {data} has its classes")
        if model.source["name"] != data or goal.column:
            raise ValueError(
                f"{model.path} was trained on {model.source['name']}, not on {data}"
            )
        seed, part = model.source.get("seed"), model.source.get("validation_split")
        check_integer("seed of the model file", seed, at_least=0)
        if part is not None:
            check_number("validation_split of the model file", part, at_least=0, below=1)
        rows = built_in(data, int(seed or 0), part)
        return {"training": rows.training, "validation": rows.validation}
    target = goal.column or None if target is None else target
    check_table(data, target)
    table = read_table(data)
    assert target is not None  # it was checked
    table.column(target, "the target")
    X = model.preparation.inputs(table, model.network.n_inputs or 0, target)
    return {f"{len(table):,} rows": (X, goal.apply(table, target))}
