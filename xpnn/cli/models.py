"""Model files: loaded, with what they say of their data checked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import tabular
from ..backend import resolve, to_host
from ..checks import check_integer, check_number
from ..files.model_file import ModelFileError, read_file
from ..sequential import Sequential
from ..serialization import read
from ..tables import Classes, Preparation, Table, batches
from ..tables.features import NumberFeature, Odd
from ..tables.targets import Target
from .data import built_in
from .datasets import Pair


@dataclass(frozen=True)
class Model(ABC):
    """A model that 'xpnn train' wrote.

    Attributes
    ----------
    path : Path
        Its file, for messages.
    source : dict
        Where the rows are from on which it was trained.
    """

    path: Path
    source: dict[str, Any]

    @property
    @abstractmethod
    def target(self) -> Target:
        """What it tells."""

    @property
    @abstractmethod
    def network(self) -> Sequential:
        """Its network, or the first of several."""

    @property
    @abstractmethod
    def columns(self) -> list[str] | None:
        """The columns that it needs; None where all columns of a table are inputs."""

    @property
    @abstractmethod
    def numbers(self) -> frozenset[str]:
        """The columns of which only the numbers count, however they are written."""

    @abstractmethod
    def inputs(self, table: Table, odd: Odd | None = None) -> np.ndarray:
        """Return a network's inputs of a table's rows; count what is odd."""

    @abstractmethod
    def answers(self, table: Table, odd: Odd | None = None) -> np.ndarray:
        """Return probabilities (n, n_classes) or numbers (n,); count what is odd."""

    def weighed(self, answers: np.ndarray) -> np.ndarray:
        """Return what the largest of is told, of probabilities."""
        return answers


@dataclass(frozen=True)
class TableModel(Model):
    """Networks that learnt a table.

    Attributes
    ----------
    ensemble : Ensemble
        They, and what makes inputs and answers.
    """

    ensemble: tabular.Ensemble

    @property
    def target(self) -> Target:
        """What it tells."""
        return self.ensemble.target

    @property
    def network(self) -> Sequential:
        """The first of its networks."""
        return self.ensemble.members[0]

    @property
    def columns(self) -> list[str]:
        """The columns that it needs."""
        return [feature.column for feature in self.ensemble.encoding.features]

    @property
    def numbers(self) -> frozenset[str]:
        """The columns of which only the numbers count, however they are written.

        With a decimal comma they are none: there "3.000" is no plain number.
        """
        features = self.ensemble.encoding.features
        plain = (f for f in features if isinstance(f, NumberFeature) and f.style.decimal == ".")
        return frozenset(feature.column for feature in plain)

    def inputs(self, table: Table, odd: Odd | None = None) -> np.ndarray:
        """Return the networks' inputs of a table's rows; count what is odd."""
        return self.ensemble.encoding.inputs(table, odd)

    def answers(self, table: Table, odd: Odd | None = None) -> np.ndarray:
        """Return probabilities (n, n_classes) or numbers (n,); count what is odd."""
        return self.ensemble.outputs(table, odd)

    def weighed(self, answers: np.ndarray) -> np.ndarray:
        """Return what the largest of is told, of probabilities."""
        return self.ensemble.weighed(answers)


@dataclass(frozen=True)
class NetworkModel(Model):
    """One network: of a built-in data set, or of a table and written by xpnn 0.1.

    Attributes
    ----------
    alone : Sequential
        The network.
    preparation : Preparation
        What its inputs and outputs mean.
    """

    alone: Sequential
    preparation: Preparation

    @property
    def target(self) -> Target:
        """What it tells."""
        return self.preparation.target

    @property
    def network(self) -> Sequential:
        """Its network."""
        return self.alone

    @property
    def columns(self) -> list[str] | None:
        """The columns that it needs; None where all columns of a table are inputs."""
        return [feature.column for feature in self.preparation.features] or None

    @property
    def numbers(self) -> frozenset[str]:
        """The columns of which only the numbers count, however they are written."""
        features = self.preparation.features
        return frozenset(feature.column for feature in features if not feature.categories)

    def inputs(self, table: Table, odd: Odd | None = None) -> np.ndarray:
        """Return the network's inputs of a table's rows; count what is odd."""
        return self.preparation.inputs(table, self.alone.n_inputs or 0, odd)

    def answers(self, table: Table, odd: Odd | None = None) -> np.ndarray:
        """Return probabilities (n, n_classes) or numbers (n,); count what is odd."""
        outputs = to_host(self.alone.predict(self.inputs(table, odd)))
        if isinstance(self.target, Classes):
            return outputs
        return self.target.restore(outputs[:, 0])


def load(path: Path, backend: str | None) -> Model:
    """Load a model file that 'xpnn train' wrote, and check what it says of its data.

    Raises
    ------
    BackendUnavailableError, FileNotFoundError
        If the backend is not usable, or there is no such file.
    ModelFileError
        If the file is no model, or does not say what its inputs and outputs mean.
    """
    model, _ = load_any(path, backend)
    if isinstance(model, Sequential):
        raise ModelFileError(
            f"{path} was not written by 'xpnn train', so it does not say what its inputs and "
            "outputs mean; use it in Python with xpnn.load"
        )
    return model


def load_any(
    path: Path, backend: str | None = "numpy"
) -> tuple[Model | Sequential, dict[str, Any]]:
    """Load any model file, also one that 'xpnn train' did not write, and what it keeps.

    Raises
    ------
    BackendUnavailableError, FileNotFoundError
        If the backend is not usable, or there is no such file.
    ModelFileError
        If the file is no model, or does not describe its data well.
    """
    place = resolve(backend)
    if "members" in read_file(path)[0]:
        with _import_told():
            ensemble, extra = tabular.load(path, place)
        extra = {"data": {"name": "a table"}, **extra}
        return TableModel(path, _source(path, extra), ensemble), extra
    with _import_told():
        network, extra = read(path, place)
    if "preparation" not in extra:
        return network, extra
    source = _source(path, extra)
    try:
        preparation = Preparation.from_json(extra["preparation"])
        outputs = network.layer_sizes()[-1], preparation.target.n_outputs
        if outputs[0] != outputs[1] or preparation.n_inputs not in (0, network.n_inputs):
            raise ValueError("the features and the target don't fit the network")
    except ValueError as error:
        raise ModelFileError(f"{path} does not describe its data well: {error}") from error
    return NetworkModel(path, source, network, preparation), extra


@contextmanager
def _import_told() -> Iterator[None]:
    """Where a class is not known, say how the command gets to know it."""
    try:
        yield
    except ModelFileError as error:
        before, way, after = str(error).partition(
            "import the module that defines it before loading"
        )
        if not way:
            raise
        raise ModelFileError(
            f"{before}give --import MODULE, which defines it{after}"
        ) from error


def _source(path: Path, extra: dict[str, Any]) -> dict[str, Any]:
    """Return where a model's rows were from."""
    source = extra.get("data")
    if not isinstance(source, dict) or not isinstance(source.get("name"), str):
        raise ModelFileError(
            f"{path} does not describe its data well: expected data with a name, got "
            f"{source!r:.80}"
        )
    return source


def built_in_rows(model: Model, name: str) -> dict[str, Pair | None]:
    """Return the rows of the data set that a model was trained on, by their part of it.

    Raises
    ------
    ValueError
        If it was trained on something else.
    """
    if model.source["name"] != name or model.target.column:
        raise ValueError(f"{model.path} was trained on {model.source['name']}, not on {name}")
    seed, part = model.source.get("seed"), model.source.get("validation_split")
    check_integer("seed of the model file", seed, at_least=0)
    if part is not None:
        check_number("validation_split of the model file", part, at_least=0, below=1)
    rows = built_in(name, int(seed or 0), part)
    return {"training": rows.training, "validation": rows.validation}


def answered_rows(
    model: Model, data: str, target: str | None, told: Callable[[str], None]
) -> Iterator[tuple[Table, np.ndarray]]:
    """Read a table some rows at a time, with the right answers.

    Parameters
    ----------
    model : Model
        The model that shall be measured.
    data : str
        The table.
    target : str, optional
        The column with the right answers; by default the one that was learnt.
    told : callable
        Told of rows that are left out since they have no answer, or one that the model does
        not know.

    Yields
    ------
    table : Table
        The next rows, without the answers.
    right : numpy.ndarray of shape (n,)
        Numbers of classes, or numbers.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file or column, or no row with an answer.
    """
    target = model.target.column or None if target is None else target
    if target is None:
        raise ValueError(f"--target must name the column of {data} with the right answers")
    columns = None if model.columns is None else [*dict.fromkeys([*model.columns, target])]
    n_measured = n_left_out = 0
    for batch in batches(data, columns, numbers=model.numbers - {target}):
        right = model.target.apply(batch[target])
        known = right >= 0 if isinstance(model.target, Classes) else np.isfinite(right)
        rows = np.flatnonzero(known)
        n_measured, n_left_out = n_measured + len(rows), n_left_out + len(known) - len(rows)
        table = batch if target in (model.columns or ()) else batch.without([target])
        if len(rows):
            yield table.take(rows), right[rows]
    if not n_measured:
        raise ValueError(f"{data} has no row with a {target} that the model knows")
    if n_left_out:
        told(
            f"Note: {n_left_out:,} row{'s' * (n_left_out != 1)} without a {target} that the "
            "model knows: not measured."
        )
