"""Layers with their arrays, on a backend: names, shapes, values in and out, moving."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, overload

import numpy as np

from ..backend import Array, Backend, array_namespace, resolve, to_host
from ..checks import about, check_number, check_precision
from ..initializers import as_generator, draw
from ..keywords import Helpful
from ..layers.base import Layer, Parameter, by_name, parameters_of, state_of
from ..layers.chain import Chain, links, size_of_inputs
from ..layers.holding import check_layers, with_held, with_values
from ..naming import check_described
from .gate import Gate
from .stack import Stack
from .summary import summary_rows, summary_table

__all__ = ["PlacedLayers"]


def copied(arrays: Sequence[Array]) -> list[Array]:
    """Return copies: one function for all networks, of which what is compiled serves all."""
    return [array_namespace(a).asarray(a, copy=True) for a in arrays]


class PlacedLayers(Helpful):
    """Layers with their arrays on a backend.

    Parameters
    ----------
    layers : sequence of Layer
        From input to output.
    seed : int, None, numpy.random.Generator or numpy.random.RandomState
        Where first values come from, and what training draws.
    dtype : {"float32", "float64"}
        The dtype of parameters and computation.
    backend : str or Backend, optional
        As in `xpnn.set_backend`; by default the one in use where the network is made.

    Attributes
    ----------
    layers : tuple of Layer
        As given.
    backend : Backend
        Where the arrays are and the computation runs.
    dtype : str
        As given.
    generator : numpy.random.Generator or numpy.random.RandomState
        That of `seed`.
    stack : Stack
        The layers as one function of their arrays.
    declared_parameters, declared_states : dict of str to Parameter
        What the layers declare, by its name in a file: ``"0.weights"``.
    parameter_arrays, state_arrays : list of array
        The arrays themselves, in that order.  Training changes them; who wants to keep them
        takes `parameters` or `copy_tensors`.
    gate : Gate
        What threads pass who read or change the arrays, while another one may change them.

    Raises
    ------
    TypeError, ValueError
        If the layers' sizes don't meet, or an argument is none of the above.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        seed: Any = None,
        dtype: Any = "float32",
        backend: str | Backend | None = None,
    ) -> None:
        self._describe(layers, dtype, backend)
        self.generator = as_generator(seed)
        self.parameter_arrays = self._draw(self.declared_parameters)
        self.state_arrays = self._draw(self.declared_states)

    @classmethod
    def around(
        cls, layers: Sequence[Layer], tensors: Mapping[str, Any], dtype: str, backend: Any
    ) -> Self:
        """Make a network around arrays that are known already; nothing is drawn.

        Parameters
        ----------
        layers, dtype, backend
            As in the constructor.
        tensors : mapping of str to array_like
            Parameters and states, of any library, by their names in a file; copied.
        """
        network = cls.__new__(cls)
        network._describe(layers, dtype, backend)
        network.generator = as_generator(None)
        network.set_tensors(tensors)
        return network

    def _describe(self, layers: Sequence[Layer], dtype: Any, backend: Any) -> None:
        """Set what is known before there are arrays."""
        if not isinstance(layers, Sequence):
            raise TypeError(f"layers must be a list of Layer objects, got {layers!r}")
        self.layers = tuple(layers)
        self.dtype = check_precision("dtype", dtype)
        if not self.layers:
            raise ValueError(f"layers must hold at least one layer, got {layers!r}")
        size: int | None = None
        check_layers("layers", self.layers)
        for index, layer in enumerate(self.layers):
            check_described(layer, f"layers[{index}]")
            try:
                size = layer.output_size(size)
            except ValueError as error:
                raise ValueError(f"layers[{index}] does not fit: {error}") from None
        self.backend = resolve(backend)
        self.stack = Stack((*self.links.values(),))
        links = self.links.items()
        self.declared_parameters = by_name({k: parameters_of(layer) for k, layer in links})
        for name, p in self.declared_parameters.items():
            check_number(f"learning_rate of the parameter {name}", p.learning_rate, above=0)
            check_number(f"weight_decay of the parameter {name}", +p.weight_decay, at_least=0)
        self.declared_states = by_name({k: state_of(layer) for k, layer in links})
        self._copy: Callable[..., list[Array]] | None = None
        self._sizes: dict[int | None, list[int | None]] = {}
        self._codes: dict[int, dict[int, int]] = {}
        self.gate = Gate()

    def _draw(self, declared: dict[str, Parameter]) -> list[Array]:
        """Make first values."""
        values = []
        for full_name, p in declared.items():
            try:
                values.append(draw(p.initializer, self.generator, p.shape))
            except (TypeError, ValueError) as error:
                index, _, name = full_name.partition(".")
                layer = self.layers[int(index)]
                raise about(f"{name} of layer {index}, {layer}", error) from None
        with self.backend.activate_for(self.dtype):
            return [self.backend.asarray(v, self.dtype, copy=True) for v in values]

    def __repr__(self) -> str:
        inner = ", ".join(str(layer) for layer in self.layers)
        name = type(self).__name__
        return f"{name}([{inner}], dtype={self.dtype!r}, backend={self.backend.spec!r})"

    def __getstate__(self) -> dict[str, Any]:
        with self.gate:
            changed = {
                "_copy": None,
                "parameter_arrays": self.copy_to_host(self.parameter_arrays),
                "state_arrays": self.copy_to_host(self.state_arrays),
            }
            values = {**self.__dict__, **changed}
        del values["gate"]
        return values

    def __setstate__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)
        self._sizes, self._codes = {}, {}  # which an older version had not
        self.gate = Gate()
        self.place(self.backend)

    def copy_to_host(self, arrays: Sequence[Array]) -> list[np.ndarray]:
        """Return copies of arrays, by which they travel to other devices and processes."""
        return [np.array(to_host(array)) for array in arrays]

    # ------------------------------------------------------------------------- layers

    def __len__(self) -> int:
        return len(self.layers)

    @overload
    def __getitem__(self, index: int) -> Layer: ...

    @overload
    def __getitem__(self, index: slice) -> list[Layer]: ...

    def __getitem__(self, index: int | slice) -> Layer | list[Layer]:
        """Return a layer, or a list of some, with what they have learnt as first values.

        So a new network goes on with them: ``Sequential([Frozen(model[0]), Dense(64, 3)])``.
        """
        if isinstance(index, slice):
            return [self[i] for i in range(len(self))[index]]
        number = range(len(self))[index]
        prefix = f"{number}."
        with self.gate:
            own = {k: v for k, v in self.tensors().items() if k.startswith(prefix)}
            copies = self.copy_to_host([*own.values()])
        values = {k.removeprefix(prefix): v for k, v in zip(own, copies)}
        return with_values(self.layers[number], values)

    # ------------------------------------------------------------------------- sizes

    @property
    def n_inputs(self) -> int | None:
        """The number of features that the first layer with a fixed size takes."""
        return size_of_inputs(self.layers)

    @property
    def links(self) -> dict[str, Layer]:
        """The layers by the names that they have in a file, each of a chain for itself."""
        return links({f"{i}": layer for i, layer in enumerate(self.layers)})

    @property
    def all_layers(self) -> dict[str, Layer]:
        """The layers and those that they hold, by the names that they have in a file."""
        return with_held({f"{i}": layer for i, layer in enumerate(self.layers)})

    @property
    def trained_parameters(self) -> dict[str, Parameter]:
        """Those of `declared_parameters` that training changes."""
        return {name: p for name, p in self.declared_parameters.items() if p.trainable}

    def link_sizes(self, n_inputs: int | None = None) -> list[int | None]:
        """Return the number of inputs of each of the `links`, and of outputs of the last."""
        if n_inputs not in self._sizes:
            self._sizes[n_inputs] = self._sizes_of(self.stack.layers, n_inputs)
        return [*self._sizes[n_inputs]]

    def layer_sizes(self, n_inputs: int | None = None) -> list[int | None]:
        """Return the number of inputs of each layer, and of outputs of the last."""
        return self._sizes_of(self.layers, n_inputs)

    def _sizes_of(self, layers: Sequence[Layer], n_inputs: int | None) -> list[int | None]:
        sizes = [self.n_inputs if n_inputs is None else n_inputs]
        for layer in layers:
            sizes.append(layer.output_size(sizes[-1]))
        return sizes

    def n_outputs(self, n_inputs: int) -> int:
        """Return the number of the network's outputs for a number of inputs.

        Raises
        ------
        ValueError
            If the layers don't tell.
        """
        size = self.link_sizes(n_inputs)[-1]
        if size is None:
            raise ValueError(f"the layers don't tell how many outputs {n_inputs} inputs have")
        return size

    def codes(self, n_inputs: int) -> dict[int, int]:
        """Return which inputs hold codes of categories, and of how many; see `Layer.codes`."""
        if n_inputs not in self._codes:
            self._codes[n_inputs] = Chain(*self.layers).codes(n_inputs)
        return self._codes[n_inputs]

    def summary(self) -> str:
        """Return a table of the layers, with their outputs and numbers of parameters.

        Below a layer that holds others stand these, with a dash before each.
        """
        rows = summary_rows(self.layers, self.layer_sizes())
        total = sum(math.prod(p.shape) for p in self.declared_parameters.values())
        return summary_table(rows, total, self.dtype, self.backend.spec)

    # ------------------------------------------------------------------------ arrays

    @property
    def all_arrays(self) -> list[Array]:
        """What the stack's functions take where the network is used: parameters, states."""
        if not self.state_arrays:
            return self.parameter_arrays
        return [*self.parameter_arrays, *self.state_arrays]

    def tensors(self) -> dict[str, Array]:
        """Return parameters and states by their names in a file; not copied."""
        names = [*self.declared_parameters, *self.declared_states]
        return dict(zip(names, self.all_arrays))

    def copy_tensors(self) -> dict[str, Array]:
        """Return copies of parameters and states by their names in a file."""
        with self.gate, self.backend.activate_for(self.dtype):
            tensors = self.tensors()
            return dict(zip(tensors, self.copy_arrays([*tensors.values()])))

    def set_tensors(self, tensors: Mapping[str, Any]) -> None:
        """Set parameters and states, of any library, by their names; copied.

        Raises
        ------
        ValueError
            If one is missing, unknown or of another shape; then nothing is changed.
        """
        declared = self.declared_parameters | self.declared_states
        if declared.keys() != tensors.keys():
            raise ValueError(f"expected the arrays {sorted(declared)}, got {sorted(tensors)}")
        n = len(self.declared_parameters)
        with self.gate.changing():
            new = self._copies([tensors[name] for name in declared], declared)
            self.parameter_arrays, self.state_arrays = new[:n], new[n:]
            self.note_set()

    def note_set(self) -> None:
        """Is called when somebody has set arrays, before anyone else may change them."""

    @property
    def parameters(self) -> list[Array]:
        """Copies of the parameters, layer by layer, weights before biases.

        They are arrays of the model's backend, and stay as they are when training goes
        on; `set_parameters` takes such a list.
        """
        with self.gate, self.backend.activate_for(self.dtype):
            return self.copy_arrays(self.parameter_arrays)

    def set_parameters(self, arrays: Sequence[Any]) -> None:
        """Set all parameters.

        Parameters
        ----------
        arrays : sequence of array_like
            In the order and the shapes of `parameters`, of any library; copied.

        Raises
        ------
        ValueError
            If their number or a shape is wrong; then nothing is changed.
        """
        count = len(self.declared_parameters)
        if len(arrays) != count:
            raise ValueError(f"arrays must hold {count} arrays, got {len(arrays)}")
        with self.gate.changing():
            self.parameter_arrays = self._copies(arrays, self.declared_parameters)
            self.note_set()

    def _copies(self, arrays: Sequence[Any], declared: dict[str, Parameter]) -> list[Array]:
        """Copy arrays, which must have the declared shapes, to the backend."""
        with self.backend.activate_for(self.dtype):
            new = [self.backend.asarray(a, self.dtype, copy=True) for a in arrays]
        for (name, p), array in zip(declared.items(), new):
            if tuple(array.shape) != p.shape:
                raise ValueError(
                    f"{name} must have the shape {p.shape}, got {tuple(array.shape)}"
                )
        return new

    def copy_arrays(self, arrays: Sequence[Array]) -> list[Array]:
        """Return copies of arrays that are on the backend, which must be active."""
        if self._copy is None:
            self._copy = self.backend.compile(copied)
        return list(self._copy(arrays))

    def place(self, backend: Backend) -> None:
        """Put the arrays on a backend, as arrays of their own."""
        with backend.activate_for(self.dtype):
            parameters, states = (
                [backend.asarray(a, a.dtype, copy=True) for a in arrays]
                for arrays in (self.parameter_arrays, self.state_arrays)
            )
        self.backend, self._copy = backend, None
        self.parameter_arrays, self.state_arrays = parameters, states

    def to(self, spec: str | Backend) -> Self:
        """Move the layers' arrays to another backend.

        Parameters
        ----------
        spec : str or Backend
            As in `xpnn.set_backend`.

        Returns
        -------
        PlacedLayers
            Itself.
        """
        backend = resolve(spec)
        with self.gate.changing():
            self.place(backend)
        return self
