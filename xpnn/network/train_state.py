"""What training changes beside a network's arrays, and how steps are taken with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..distributed import Communicator
from ..optimizers import Optimizer, State
from ..optimizers.apart import vary
from ..optimizers.base import averaged, steps_by_rows
from ..packing import Packing
from .compiled import Compiled
from .network import Network
from .partly_fixed import BY_ROWS, FIXED, STEPPED, in_training, merged, of_kind, ways_of
from .stack import fuse
from .step import TrainStep

__all__ = ["Packed", "TrainState", "memory_names"]

UNAVERAGED = "unaveraged"
"""In the memory, the parameters that training goes on with; the network has their means."""


@dataclass
class Packed:
    """What is learnt, as the steps take it: in few buffers, where arrays can share memory.

    Attributes
    ----------
    packing : Packing or None
        How parameters lie in the buffers; None where these are the parameters themselves.
    names : tuple of str
        As `memory_names` returns them.
    buffers : list of array
        The parameters, as the steps change them.
    slots : list of list of array
        What the optimizer remembers, in the form of `buffers`: last the means of the
        parameters, if it averages.
    iterations : int
        How many steps were taken.
    layer_state : list of array
        The layers' states.
    ways : tuple of int
        How a step treats each parameter; see `xpnn.network.partly_fixed`.
    tables, fixed : list of array
        The parameters that are changed by rows, and those that are not learnt: they are not in
        the buffers.
    params, memory
        What the network and its train state have of it: views of the buffers, or these.
    """

    packing: Packing | None
    names: tuple[str, ...]
    buffers: list[Array]
    slots: list[list[Array]]
    iterations: int
    layer_state: list[Array]
    ways: tuple[int, ...] = ()
    tables: list[Array] = field(default_factory=list)
    fixed: list[Array] = field(default_factory=list)
    params: list[Array] = field(default_factory=list)
    memory: State = field(default_factory=dict)

    def split(self, buffers: Sequence[Array]) -> list[Array]:
        """Return buffers as arrays in the shapes of the parameters that lie in them."""
        return self.packing.split(buffers) if self.packing else list(buffers)

    @property
    def averages(self) -> bool:
        """Whether the network has means for its parameters."""
        return UNAVERAGED in self.names

    def whole(self) -> list[Array]:
        """Return all parameters of the network, those too that are not in the buffers."""
        stepped = self.split(self.slots[-1] if self.averages else self.buffers)
        return (
            merged(self.ways, stepped, self.tables, self.fixed) if any(self.ways) else stepped
        )


class TrainState:
    """The optimizer's memory, and the packed form in which steps change everything.

    A network has one from one `fit` to the next; whoever changes the network's arrays in
    between, as a callback may, is noticed where the next steps are taken.

    Attributes
    ----------
    memory : dict
        What the optimizer remembers, as `Optimizer.init` returns it; empty before the first
        step.  What a file kept of it is the host's until the next step: who only uses the
        network has no need of it on a device.
    packed : Packed or None
        The packed form; None before the first step.
    is_forgotten : bool
        Whether the network is from a file that says that it was trained, but not what the
        optimizer remembers.
    communicator : Communicator or None
        The processes over which the steps are cut that are taken now.
    """

    is_forgotten = False
    communicator: Communicator | None = None

    def __init__(self) -> None:
        self.memory: State = {}
        self.packed: Packed | None = None
        self._run: Callable[..., Any] | None = None
        self._run_is_of: tuple[Compiled | None, Communicator | None] = None, None
        self._known_ways: tuple[int, ...] = ()
        self._ways_are_of: tuple[Compiled | None, Communicator | None] = None, None

    @property
    def iterations(self) -> int:
        """How many steps the optimizer has taken since it started anew; an int32 at most."""
        return min(int(self.memory.get("iterations", 0)), 2**31 - 1)

    def go_on_from(self, network: Network) -> None:
        """Let training go on from the network's own parameters: somebody has set them."""
        if UNAVERAGED in self.memory:
            declared = zip(network.parameter_arrays, network.declared_parameters.values())
            with network.backend.activate_for(network.dtype):
                learnt = network.copy_arrays([a for a, p in declared if p.trainable])
            self.memory = {**self.memory, UNAVERAGED: learnt}

    def map(self, function: Callable[[list[Array]], list[Any]]) -> TrainState:
        """Return another one, with a function applied to the memory's lists of arrays."""
        other = TrainState()
        other.is_forgotten = self.is_forgotten

        def mapped(value: Any) -> Any:
            if isinstance(value, list):
                return function(value)
            return value if isinstance(value, int) else function([value])[0]  # in training

        other.memory = {key: mapped(value) for key, value in self.memory.items()}
        return other

    def prepare(self, network: Network) -> Packed:
        """Take over the network's arrays, also where somebody has set them, and return them."""
        packed, ways = self.packed, self._ways(network)
        if packed is not None and (
            packed.ways == ways
            and packed.params is network.parameter_arrays
            and packed.memory is self.memory
            and packed.layer_state is network.state_arrays
        ):
            return packed  # as the last steps left them
        optimizer = network.require_compiled().optimizer
        params, tables, fixed = (
            of_kind(network.parameter_arrays, ways, way) for way in (STEPPED, BY_ROWS, FIXED)
        )
        backend = network.backend
        memory = self.memory or optimizer.init(params)
        packing = packing_of(network, ways)
        join = packing.join if packing else list

        def placed(array: Any) -> Array:
            if backend.owns(array):
                return array
            return backend.asarray(array, network.dtype, copy=True)

        def remembered(name: str) -> list[Array]:
            return join([placed(array) for array in memory[name]])

        buffers, slots = join(params), [remembered(name) for name in optimizer.slots]
        if optimizer.average is not None:
            slots.append(buffers)
            is_new = UNAVERAGED not in memory
            buffers = join(network.copy_arrays(params)) if is_new else remembered(UNAVERAGED)
        self.packed = packed = Packed(
            packing,
            memory_names(optimizer),
            buffers,
            slots,
            int(memory.get("iterations", 0)),
            network.state_arrays,
            ways,
            tables,
            fixed,
        )
        self._publish(network, packed)
        return packed

    def _publish(self, network: Network, packed: Packed) -> None:
        """Let the network have what was learnt."""
        packed.params = packed.whole()
        held = [*packed.slots[:-1], packed.buffers] if packed.averages else packed.slots
        slots = {name: packed.split(slot) for name, slot in zip(packed.names, held)}
        packed.memory = self.memory = {**slots, "iterations": packed.iterations}
        network.parameter_arrays, network.state_arrays = packed.params, packed.layer_state

    def take(
        self, network: Network, data: tuple[Any, ...], count: int, rows: Any, noise: Any
    ) -> list[tuple[Array, ...]]:
        """Take steps.

        Parameters
        ----------
        network : Network
            Whose arrays are changed.
        data, count, rows, noise
            As in `Backend.repeat`.

        Returns
        -------
        list of tuple of array
            What the steps measured, as `Backend.repeat` tells.
        """
        packed = self.prepare(network)
        k, n = len(packed.tables), len(packed.tables) + len(packed.fixed)
        state = [*packed.tables, *packed.fixed, *packed.layer_state]
        slots = [*packed.slots, state] if state else packed.slots
        run = self._steps(network, packed)
        packed.buffers, slots, measured = run(
            packed.buffers, slots, packed.iterations, count, data, rows, noise
        )
        packed.slots = slots[:-1] if state else slots
        state = slots[-1] if state else []
        packed.tables, packed.fixed, packed.layer_state = state[:k], state[k:n], state[n:]
        packed.iterations += count
        if packed.packing and not n:  # the network's arrays are views of the buffers
            packed.memory["iterations"] = packed.iterations
            network.state_arrays = packed.layer_state
        else:
            self._publish(network, packed)
        return measured  # type: ignore[no-any-return]

    def _ways(self, network: Network) -> tuple[int, ...]:
        """Return how the steps treat each parameter; it is asked before each block."""
        compiled, cut_over = self._ways_are_of
        if compiled is not None and (
            compiled is network.compiled and cut_over is self.communicator
        ):
            return self._known_ways
        declared = network.declared_parameters.values()
        compiled = network.require_compiled()
        by_rows = (
            any(p.by_rows for p in declared)
            and steps_by_rows(compiled.optimizer)
            and compiled.clip_norm is None is compiled.clip_value
            and self.communicator is None
            and all(p.learning_rate == p.weight_decay == 1 for p in declared)
        )
        self._known_ways = ways_of(declared, by_rows)
        self._ways_are_of = compiled, self.communicator
        return self._known_ways

    def _steps(self, network: Network, packed: Packed) -> Callable[..., Any]:
        """Return the function that takes many steps, made anew for another `Compiled`."""
        compiled, cut_over = self._run_is_of
        if self._run is None or (
            compiled is not network.compiled or cut_over is not self.communicator
        ):
            packing = packed.packing
            compiled = network.require_compiled()
            stack, criterion = fuse(network.layers, compiled.loss)
            factors = packing.kinds_of_parts() if packing else factors_of(network, packed.ways)
            step = TrainStep(
                in_training(stack, packed.ways),
                criterion,
                averaged(vary(compiled.optimizer, factors), compiled.optimizer.average),
                compiled.step_metrics,
                packing,
                compiled.clip_norm,
                compiled.clip_value,
                compiled.optimizer if packed.tables else None,
                self.communicator,
            )
            self._run = network.backend.repeat(step)
            self._run_is_of = compiled, self.communicator
        return self._run

    def settle(self, backend: Backend) -> None:
        """Make the count of steps an array again, as it was before the first one."""
        if self.memory:
            count = np.array(self.iterations, dtype=np.int32)
            self.memory["iterations"] = backend.asarray(count)


def memory_names(optimizer: Optimizer) -> tuple[str, ...]:
    """Return by which names a network's memory holds an array for each parameter."""
    return optimizer.slots if optimizer.average is None else (*optimizer.slots, UNAVERAGED)


def packing_of(network: Network, ways: Sequence[int]) -> Packing | None:
    """Return how stepped parameters are packed; None where arrays can't share memory."""
    if not network.backend.packing:
        return None
    shapes = [p.shape for p in network.declared_parameters.values()]
    stepped, factors = tuple(of_kind(shapes, ways, STEPPED)), tuple(factors_of(network, ways))
    by_parameter = network.require_compiled().optimizer.by_parameter
    return Packing(stepped, *network.backend.packing, factors, by_parameter)


def factors_of(network: Network, ways: Sequence[int]) -> list[tuple[float, float]]:
    """Return by what each stepped parameter's learning rate and decay are multiplied."""
    declared = of_kind(network.declared_parameters.values(), ways, STEPPED)
    return [(float(p.learning_rate), float(p.weight_decay)) for p in declared]
