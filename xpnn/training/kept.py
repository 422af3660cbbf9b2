"""What training needs to go on, beside the network: as model files and checkpoints keep it.

It is plain data, the count of steps and the generator's state, and under the prefix
``training/slot/`` the arrays that the optimizer remembers.  Arrays are the host's and no array
library is named, so training goes on wherever there is a backend.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backend import to_host
from ..checks import check_integer, check_tensors
from ..hooks import Trainable
from ..layers.base import Parameter
from ..network import Network
from ..network.train_state import memory_names
from ..optimizers import Optimizer, State

if TYPE_CHECKING:  # as in `xpnn.initializers`, which says why
    from ..initializers import Generator

__all__ = [
    "PREFIX",
    "check_memory",
    "generator_from",
    "generator_state",
    "keep",
    "memory_from",
    "of_kind",
    "set_generator_state",
    "take_over",
]

PREFIX = "training/"

KINDS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
"""NumPy's bit generators: of a model with another one, a model file keeps no generator."""

STEPS = 2**31
"""The count of steps is an int32."""


# ------------------------------------------------------------------------ model and file


def keep(model: Trainable) -> dict[str, Any]:
    """Return what training needs to go on, for `xpnn.saving.save`.

    Returns
    -------
    dict
        ``"training"``, plain data: the ``"generator"`` and, after a step, how many
        ``"iterations"`` the optimizer has taken; and ``"tensors"``, the arrays that it
        remembers, on the host.
    """
    training: dict[str, Any] = {}
    state = generator_state(model.generator)
    if state["bit_generator"] in KINDS:
        training["generator"] = state
    tensors = {}
    if model.compiled is not None and model.train_state.memory:
        memory = model.train_state.memory
        training["iterations"] = model.train_state.iterations
        for slot in memory_names(model.compiled.optimizer):
            arrays = {f"{PREFIX}slot/{slot}/{i}": a for i, a in enumerate(memory[slot])}
            tensors.update({name: to_host(array) for name, array in arrays.items()})
    return {"training": training, "tensors": tensors}


def take_over(
    model: Trainable, training: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Give a model what its file keeps for training to go on.

    The optimizer's arrays stay on the host until training takes a step.

    Raises
    ------
    TypeError, ValueError
        If it is nothing that `keep` returns of such a model.
    """
    if "generator" in training:
        model.generator = generator_from(training["generator"])
    if "iterations" in training:
        if model.compiled is None:
            raise ValueError("it holds the memory of an optimizer that it does not name")
        optimizer = model.compiled.optimizer
        check_memory(training, arrays, optimizer, model.trained_parameters)
        model.train_state.memory = memory_from(training, arrays, model)


def of_kind(arrays: Mapping[str, np.ndarray], kind: str) -> dict[str, np.ndarray]:
    """Return the arrays of a kind by what follows in their names."""
    prefix = f"{PREFIX}{kind}/"
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}


def check_memory(
    training: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    optimizer: Optimizer,
    declared: Mapping[str, Parameter],
) -> None:
    """Check what a file keeps of an optimizer's memory.

    Parameters
    ----------
    training, arrays : mapping
        The file's plain data and all of its arrays.
    optimizer : Optimizer
        Whose memory it is.
    declared : mapping of str to Parameter
        The parameters that it learns.

    Raises
    ------
    TypeError, ValueError, KeyError
        If the count or an array is missing, or is none that this optimizer has of these
        parameters.
    """
    count = training["iterations"]
    check_integer("iterations", count, at_least=0)
    if count >= STEPS:
        raise ValueError(f"iterations must be below {STEPS}, got {count}")
    slots, parameters = of_kind(arrays, "slot"), [*declared.values()]
    wanted = {f"{s}/{i}": p for s in memory_names(optimizer) for i, p in enumerate(parameters)}
    check_tensors("the optimizer's memory", slots, wanted)
    for name, array in slots.items():
        if np.isnan(array).any():
            raise ValueError(f"the optimizer's memory {name} holds NaN")


def memory_from(
    training: Mapping[str, Any], arrays: Mapping[str, np.ndarray], network: Network
) -> State:
    """Return what a network's optimizer remembers, as a file keeps it: its own arrays."""
    slots, n = of_kind(arrays, "slot"), len(network.trained_parameters)
    with np.errstate(over="ignore"):
        memory: State = {
            name: [np.asarray(slots[f"{name}/{i}"], network.dtype) for i in range(n)]
            for name in memory_names(network.require_compiled().optimizer)
        }
    return {**memory, "iterations": np.array(training["iterations"], dtype=np.int32)}


# -------------------------------------------------------------------------- generators


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
        If the state is of another kind of generator, or none at all; then the generator
        stays as it was.
    """
    own = generator_state(generator)
    if not isinstance(state, dict) or not isinstance(state.get("bit_generator"), str):
        raise ValueError(
            f"expected the state of a generator of random numbers, got {state!r:.80}"
        )
    if own["bit_generator"] != state["bit_generator"]:
        raise ValueError(
            f"resume: the run had a generator of the kind {state['bit_generator']}, but the "
            f"model's is {own['bit_generator']}; give it such a seed"
        )
    _check_like("generator", state, own)
    # NumPy trusts a position in a list
    of_kind = state["state"]
    for place, values in (("pos", of_kind.get("key")), ("buffer_pos", state.get("buffer"))):
        position = {**of_kind, **state}.get(place)
        if values is not None and position is not None and position > len(values):
            raise ValueError(
                f"generator: {place} must be at most {len(values)}, got {position}"
            )
    try:
        _set(generator, state)
        if generator_state(generator) != state:
            raise ValueError("generator: a number of its state is out of range")
    except Exception as error:
        _set(generator, own)
        raise ValueError(f"expected the state of a generator: {error}") from error


def generator_from(state: Any, seed: Any = 0) -> Generator:
    """Return a generator in a state that `generator_state` returned.

    Parameters
    ----------
    state : dict
        The state.
    seed : int or numpy.random.bit_generator.ISeedSequence
        Whose children the generator spawns; nothing else comes of it.

    Raises
    ------
    ValueError
        If it is none of NumPy's.
    """
    kind = state.get("bit_generator") if isinstance(state, dict) else None
    if kind not in KINDS:
        raise ValueError(
            f"expected a generator of the kinds {', '.join(KINDS)}, got {kind!r:.80}"
        )
    bits = getattr(np.random, kind)(seed)
    legacy = "has_gauss" in state
    generator = np.random.RandomState(bits) if legacy else np.random.Generator(bits)
    set_generator_state(generator, state)
    return generator


def _set(generator: Generator, state: Mapping[str, Any]) -> None:
    if isinstance(generator, np.random.RandomState):
        generator.set_state(dict(state))
    else:
        generator.bit_generator.state = state


def _check_like(name: str, value: Any, like: Any) -> None:
    """Check that plain data has the form of other plain data, without negative numbers."""
    fits = type(value) is type(like)
    if isinstance(like, dict) and fits:
        fits = value.keys() == like.keys()
        if fits:
            for key, part in like.items():
                _check_like(f"{name}.{key}", value[key], part)
    elif isinstance(like, list) and fits:
        fits = len(value) == len(like)
        if fits:
            for one, part in zip(value, like):
                _check_like(name, one, part)
    elif isinstance(like, int) and fits:
        fits = value >= 0
    elif isinstance(like, float) and fits:
        fits = math.isfinite(value)
    if not fits:
        raise ValueError(f"{name} must be like {like!r:.80}, got {value!r:.80}")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return value.tolist() if hasattr(value, "tolist") else value  # NumPy's numbers and arrays
