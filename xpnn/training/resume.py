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
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backend import is_array, to_host
from ..files.checkpoint_folder import checkpoint_files
from ..files.model_file import ModelFileError, read_file
from ..hooks import Callback, Trainable
from ..naming import describe, make
from ..network import Network
from ..optimizers import OPTIMIZERS, Optimizer
from ..saving import save

if TYPE_CHECKING:  # as in `xpnn.initializers`, which says why
    from ..initializers import Generator

__all__ = ["CheckpointWarning", "Start", "generator_state", "newest", "set_generator_state"]

PREFIX = "training/"


class CheckpointWarning(UserWarning):
    """A checkpoint is damaged, so that training goes on from another one."""

    __module__ = "xpnn.checkpoints"  # where it is documented


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
    """

    epoch: int = 0
    step: int = 0
    path: Path | None = None
    directory: Path | None = None
    training: dict[str, Any] = field(default_factory=dict)
    description: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def of(self, kind: str) -> dict[str, np.ndarray]:
        """Return the arrays of a kind by what follows in their names."""
        prefix = f"{PREFIX}{kind}/"
        return {
            name.removeprefix(prefix): array
            for name, array in self.arrays.items()
            if name.startswith(prefix)
        }

    @property
    def measured(self) -> list[np.ndarray]:
        """What the finished steps of the epoch measured: a column for each measure."""
        columns = self.of("measured")
        return [columns[str(i)] for i in range(len(columns))]

    def check(self, plan: Mapping[str, Any]) -> None:
        """Check that a run is the one that the checkpoint is of.

        Raises
        ------
        ValueError
            If it is not; it names what differs.
        """
        for name, saved in self.training["plan"].items():
            # of the model that was interrupted, a callback may have changed the learning rate
            known = [saved, self.description["optimizer"]] if name == "optimizer" else [saved]
            if plan[name] not in known:
                now = plan[name]
                if name == "layers":  # the first that differs
                    pairs = enumerate(zip_longest(saved, now))
                    name, (saved, now) = next(
                        (f"layer {i}", pair) for i, pair in pairs if pair[0] != pair[1]
                    )
                raise ValueError(
                    f"resume: the run of {self.path} has {name} {saved!r}, but this one "
                    f"{now!r}; make them the same, or begin a new run in another "
                    "directory"
                )

    def apply(self, model: Trainable, callbacks: Sequence[Callback]) -> None:
        """Give a model, and callbacks, what the checkpoint holds of them."""
        model.set_tensors({n: a for n, a in self.arrays.items() if not n.startswith(PREFIX)})
        optimizer = make(self.description["optimizer"], OPTIMIZERS, "optimizer")
        model.compiled = replace(model.require_compiled(), optimizer=optimizer)
        slots, backend = self.of("slot"), model.backend

        def place(name: str) -> list[Any]:
            own = [slots[f"{name}/{i}"] for i in range(len(model.parameter_arrays))]
            return [backend.asarray(array, model.dtype, copy=True) for array in own]

        iterations = np.array(self.training["iterations"], dtype=np.int32)
        memory: dict[str, Any] = {name: place(name) for name in optimizer.slots}
        model.train_state.memory = {**memory, "iterations": backend.asarray(iterations)}
        set_generator_state(model.generator, self.training["generator"])
        measures = self.of("history")
        history = {name: measures[name].tolist() for name in self.training["measures"]}
        assert model.history is not None
        model.history.extend(history)
        for key, callback in keyed(callbacks).items():
            state = {**self.training["callbacks"].get(key, {}), **self.of(f"callback/{key}")}
            if state:
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
    measured: Sequence[np.ndarray],
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
    measured : sequence of numpy.ndarray
        What the finished steps of the epoch measured: a column for each measure.
    place : mapping
        Plain data: where the run is, and which run it is.

    Raises
    ------
    TypeError
        If a callback's state is no plain data.
    """
    assert model.history is not None
    memory = model.train_state.memory
    arrays: dict[str, Any] = {}
    for name in model.require_compiled().optimizer.slots:
        arrays |= {f"slot/{name}/{i}": a for i, a in enumerate(memory[name])}
    arrays |= {f"history/{k}": np.array(v) for k, v in model.history.history.items()}
    arrays |= {f"measured/{i}": column for i, column in enumerate(measured)}
    states: dict[str, dict[str, Any]] = {}
    for key, callback in keyed(callbacks).items():
        state = callback.state()
        state = {name: _as_kept(f"{key}: state {name!r}", v) for name, v in state.items()}
        of_arrays = [name for name, value in state.items() if isinstance(value, np.ndarray)]
        states[key] = {n: v for n, v in state.items() if n not in of_arrays}
        arrays |= {f"callback/{key}/{n}": state[n] for n in of_arrays}
    training = {
        **place,
        "iterations": model.train_state.iterations,
        "measures": list(model.history.history),
        "callbacks": states,
    }
    tensors = {PREFIX + name: to_host(array) for name, array in arrays.items()}
    save(model, path, training=training, tensors=tensors)


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
    ValueError
        If it is a file.
    """
    folder = Path(directory)
    if folder.is_file():
        raise ValueError(
            f"resume must be the folder of the checkpoints, but {folder} is a file; give "
            f"{folder.parent}"
        )
    refused: list[str] = []
    start = Start(directory=folder)
    for path in reversed(checkpoint_files(directory)):
        try:
            description, arrays = read_file(path)
            training = description["training"]
            epoch, step = training["epoch"], training["step"]
            start = Start(epoch, step, path, folder, training, description, arrays)
            break
        except (ModelFileError, KeyError, TypeError) as error:
            refused.append(f"{path.name} is refused: {error}")
    if refused:
        went_on = "training begins anew: there is no good one"
        if start.path is not None:
            went_on = f"training goes on from {start.path.name}, after epoch {start.epoch}"
            went_on += f" and {start.step} steps" if start.step else ""
        warnings.warn("; ".join([*refused, went_on]), CheckpointWarning, stacklevel=3)
    return start


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


def generator_state(generator: Generator) -> dict[str, Any]:
    """Return the state of a generator as plain data."""
    if isinstance(generator, np.random.RandomState):
        return _plain(generator.get_state(legacy=False))  # type: ignore[no-any-return]
    return _plain(generator.bit_generator.state)  # type: ignore[no-any-return]


def set_generator_state(generator: Generator, state: Mapping[str, Any]) -> None:
    """Bring a generator to a state that `generator_state` returned.

    Raises
    ------
    ValueError
        If the state is of another kind of generator.
    """
    kind = generator_state(generator)["bit_generator"]
    if kind != state["bit_generator"]:
        raise ValueError(
            f"resume: the run had a generator of the kind {state['bit_generator']}, but the "
            f"model's is {kind}; give it such a seed"
        )
    if isinstance(generator, np.random.RandomState):
        generator.set_state(dict(state))
    else:
        generator.bit_generator.state = state


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


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
