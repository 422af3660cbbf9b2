"""Going on after a kill: what a checkpoint holds, and a run that begins where it was made.

A checkpoint has the network as any model file has it, and beside it, under the prefix
``training/``, the optimizer's memory, the history and what callbacks remember; the place in
the run and the generator's state are in the description.  Arrays are the host's and the file
names no array library, so a run goes on wherever there is a backend.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from ..backend import is_array, to_host
from ..checks import check_path
from ..files.checkpoint_folder import CheckpointWarning, checkpoint_files, checkpoint_number
from ..files.model_file import ModelFileError, NewerFileError, read_file
from ..hooks import Callback, Trainable
from ..naming import describe
from ..network import Network
from ..optimizers import Optimizer
from ..saving import save
from .checking import blamed, check_alone, check_network, completed, renamed, shown
from .kept import (
    KINDS,
    PREFIX,
    generator_state,
    keep,
    memory_from,
    of_kind,
    set_generator_state,
)

__all__ = ["CheckpointWarning", "Start", "generator_state", "newest", "set_generator_state"]


@dataclass
class Start:
    """Where a run begins: at its first epoch, or where a checkpoint was made.

    Attributes
    ----------
    epoch, step : int
        How many epochs are finished, and how many steps of the next one.
    path : Path or None
        The checkpoint.
    directory : Path or None
        The folder in which one was looked for.
    training : dict
        What its description says of the run.
    description : dict
        Its description of the network, as a model file has it.
    arrays : dict of str to numpy.ndarray
        Its arrays: those of the network, and with the prefix those of the run.
    newest_seen : int
        The number of the newest file in the folder, good or not.
    """

    epoch: int = 0
    step: int = 0
    path: Path | None = None
    directory: Path | None = None
    training: dict[str, Any] = field(default_factory=dict)
    description: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    newest_seen: int = 0

    def of(self, kind: str) -> dict[str, np.ndarray]:
        """Return the arrays of a kind by what follows in their names."""
        return of_kind(self.arrays, kind)

    @property
    def measured(self) -> list[np.ndarray]:
        """What the finished steps of the epoch measured: a column for each measure."""
        columns = self.of("measured")
        return [columns[str(i)] for i in range(len(columns))]

    def rows(self, counts: np.ndarray) -> np.ndarray:
        """Return how many rows each part of a batch had that a measure is of.

        Parameters
        ----------
        counts : numpy.ndarray of shape (steps,)
            How many rows each step of an epoch has.
        """
        return self.of("parts").get("rows", counts[: self.step])

    def check(self, plan: Mapping[str, Any]) -> None:
        """Check that a run is the one that the checkpoint is of.

        Raises
        ------
        ValueError
            If it is not; it names what differs.
        ModelFileError
            If the checkpoint does not say of which run it is.
        """
        planned = self.training["plan"]
        if planned.keys() != plan.keys():
            raise ModelFileError(
                f"{self.path} does not say of which run it is: its plan must have "
                f"{sorted(plan)}, but has {shown(sorted(planned))}"
            )
        for name, saved in planned.items():
            now = plan[name]
            if isinstance(now, list | dict) and type(saved) is not type(now):
                raise ModelFileError(
                    f"{self.path} does not say of which run it is: its {name} must be of the "
                    f"type {type(now).__name__}, got {shown(saved)}"
                )
            # of the model that was interrupted, a callback may have changed the learning rate
            known = [saved, self.description["optimizer"]] if name == "optimizer" else [saved]
            if name == "loss":
                known.append(completed(saved))
            if name == "metrics":  # a macro mean was not always called so
                known.append([renamed(m, now) for m in saved])
            if now not in known:
                if name == "layers":  # the first that differs
                    pairs = enumerate(zip_longest(saved, now, fillvalue="none"))
                    name, (saved, now) = next(
                        (f"layer {i}", pair) for i, pair in pairs if pair[0] != pair[1]
                    )
                raise ValueError(
                    f"resume: the run of {self.path} has {name} {shown(saved)}, but this one "
                    f"{now!r}; make them the same, or begin a new run in another "
                    "directory"
                )

    def set_generator(self, model: Trainable) -> dict[str, Any]:
        """Bring a model's generator to where the run began, and return that state.

        Raises
        ------
        ValueError
            If it is of another kind.
        ModelFileError
            If the checkpoint holds no state of a generator.
        """
        begin: dict[str, Any] = self.training["begin"]
        own, its = generator_state(model.generator)["bit_generator"], begin.get("bit_generator")
        if its in KINDS and its != own:
            raise ValueError(
                f"resume: the run of {self.path} had a generator of the kind {its}, but the "
                f"model's is {own}; give it such a seed"
            )
        with blamed(self.path):
            for state in (self.training["generator"], begin):
                set_generator_state(model.generator, state)
        return begin

    def apply(self, model: Trainable, callbacks: Sequence[Callback]) -> None:
        """Give a model, and callbacks, what the checkpoint holds of them.

        Raises
        ------
        ModelFileError
            If it is nothing that they can take; then they may be half changed.
        """
        with blamed(self.path):
            optimizer = check_network(model, self.description, self.arrays)
            network = {n: a for n, a in self.arrays.items() if not n.startswith(PREFIX)}
            set_generator_state(model.generator, self.training["generator"])
            model.set_tensors(network)
            model.compiled = replace(model.require_compiled(), optimizer=optimizer)
            model.train_state.memory = memory_from(self.training, self.arrays, model)
            measures = self.of("history")
            metrics, told = model.require_compiled().metrics, self.training["measures"]
            known = [prefix + metric.name for metric in metrics for prefix in ("", "val_")]
            history = {renamed(name, known): measures[name].tolist() for name in told}
            assert model.history is not None
            model.history.extend(history)
        for key, callback in keyed(callbacks).items():
            state = {**self.training["callbacks"].get(key, {}), **self.of(f"callback/{key}")}
            if state:
                # a callback of somebody's own may raise anything
                with blamed(self.path, f"has a state that {key} does not take", Exception):
                    callback.restore(state)


def keyed(callbacks: Sequence[Callback]) -> dict[str, Callback]:
    """Return callbacks by their class, and which one of that class they are."""
    found: dict[str, Callback] = {}
    for callback in callbacks:
        name = type(callback).__name__
        count = sum(key.startswith(f"{name}.") for key in found)
        found[f"{name}.{count}"] = callback
    return found


def save_checkpoint(
    path: Path,
    model: Trainable,
    callbacks: Sequence[Callback],
    measured: tuple[Sequence[np.ndarray], np.ndarray],
    place: Mapping[str, Any],
) -> None:
    """Write a checkpoint of a run, at a moment when nothing is half done.

    Parameters
    ----------
    path : Path
        The file, which is there whole or not at all.
    model : Trainable
        What trains.
    callbacks : sequence of Callback
        Who is told of it, in the order in which they are told.
    measured : sequence of numpy.ndarray, numpy.ndarray
        What the finished steps of the epoch measured, as `Measured.columns_and_rows` tells.
    place : mapping
        Plain data: where the run is, and which run it is.

    Raises
    ------
    TypeError
        If a callback's state is no plain data.
    """
    assert model.history is not None
    own = keep(model)
    arrays: dict[str, Any] = {}
    arrays |= {f"history/{k}": np.array(v) for k, v in model.history.history.items()}
    columns, rows = measured
    arrays |= {f"measured/{i}": column for i, column in enumerate(columns)}
    if columns and len(rows) != len(columns[0]):  # batches were cut over processes
        arrays["parts/rows"] = rows.astype(np.float64)
    states: dict[str, dict[str, Any]] = {}
    for key, callback in keyed(callbacks).items():
        state = callback.state()
        state = {name: _as_kept(f"{key}: state {name!r}", v) for name, v in state.items()}
        of_arrays = [name for name, value in state.items() if isinstance(value, np.ndarray)]
        states[key] = {n: v for n, v in state.items() if n not in of_arrays}
        arrays |= {f"callback/{key}/{n}": state[n] for n in of_arrays}
    training = {
        **own["training"],
        **place,
        "measures": list(model.history.history),
        "callbacks": states,
    }
    tensors = {PREFIX + name: to_host(array) for name, array in arrays.items()}
    save(model, path, training=training, tensors={**own["tensors"], **tensors})


def newest(directory: str | os.PathLike[str]) -> Start:
    """Read the newest good checkpoint of a folder.

    A damaged one is refused with a `CheckpointWarning`, and the one before it is read.

    Parameters
    ----------
    directory : str or path
        The folder; it need not be there.

    Returns
    -------
    Start
        Where the run goes on: at its beginning, where there is no good checkpoint.

    Raises
    ------
    TypeError
        If it is no path.
    ValueError
        If it is a file.
    ModelFileError
        If the newest one is whole, but was written by another program, or none is good and one
        by a newer version: to begin anew would lose it.
    """
    check_path("resume", directory, "folder of checkpoints")
    folder = Path(directory)
    if folder.exists() and not folder.is_dir():
        raise ValueError(
            f"resume must be the folder of the checkpoints, but {folder} is a file; give "
            f"{folder.parent}"
        )
    start, refused = _newest_good(folder)
    if refused:
        newer = [error for _, error in refused if isinstance(error, NewerFileError)]
        if newer and start.path is None:
            raise newer[0]
        went_on = "training begins anew: there is no good one"
        if start.path is not None:
            went_on = f"training goes on from {start.path.name}, after epoch {start.epoch}"
            went_on += f" and {start.step} steps" if start.step else ""
        said = [f"{name} is refused: {error}" for name, error in refused]
        warnings.warn("; ".join([*said, went_on]), CheckpointWarning, stacklevel=3)
    return start


def _newest_good(folder: Path) -> tuple[Start, list[tuple[str, ModelFileError]]]:
    """Return where a run goes on, and what was refused before: names, and why."""
    refused: list[tuple[str, ModelFileError]] = []
    files = checkpoint_files(folder)
    seen = checkpoint_number(files[-1]) or 0 if files else 0
    for path in reversed(files):
        try:
            description, arrays = read_file(path)
        except FileNotFoundError:
            if os.path.lexists(path):
                raise
            # a run that goes on there has removed it since, and has written a newer one
            return _newest_good(folder)
        except ModelFileError as error:
            refused.append((path.name, error))
            continue
        with blamed(path):
            check_alone(description, arrays)
        training = description["training"]
        place = training["epoch"], training["step"]
        return Start(*place, path, folder, training, description, arrays, seen), refused
    return Start(directory=folder, newest_seen=seen), refused


def _as_kept(name: str, value: Any) -> Any:
    """Return a part of a callback's state as a checkpoint keeps it; arrays on the host.

    Raises
    ------
    TypeError
        If it is no array of floats and no plain data.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if is_array(value):
        host = to_host(value)
        if host.dtype.kind != "f":
            raise TypeError(f"{name} must be plain data or an array of floats, got {value!r}")
        return host
    try:
        if json.loads(json.dumps(value, allow_nan=False)) == value:
            return value
    except (TypeError, ValueError):
        pass
    raise TypeError(
        f"{name} must be an array of floats, or plain data as JSON has it (None, bool, int, "
        f"finite float, str, lists, dicts with str as keys), got {value!r}"
    )


def plan_of(network: Network, optimizer: Optimizer, **settings: Any) -> dict[str, Any]:
    """Return what must be the same where a run goes on, as plain data.

    Parameters
    ----------
    network : Network
        What trains.
    optimizer : Optimizer
        As it was when the run began: a callback may have changed the learning rate.
    **settings
        What else, as plain data.
    """
    compiled = replace(network.require_compiled(), optimizer=optimizer)
    plan = {
        "layers": [describe(layer) for layer in network.layers],
        **compiled.described(),
        "dtype": network.dtype,
        **settings,
    }
    return json.loads(json.dumps(plan))  # type: ignore[no-any-return]
