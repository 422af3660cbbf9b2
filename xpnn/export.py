"""ONNX export: a network as a graph that other programs run, without Python or xpnn.

A layer says itself how ONNX computes it, in `Layer.to_onnx` beside its `forward`.  Here is
what all of them share: the graph that they add to, and the file.  A network whose model file
knows its table (`xpnn.tables`) can take raw rows, as ``xpnn predict`` does.
"""

from __future__ import annotations

import json
import os
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .layers.base import Layer
from .serialization import atomic_write
from .tables import Classes, Measure, Preparation

if TYPE_CHECKING:
    from .model import Sequential

__all__ = ["Graph", "export_onnx", "onnx_model"]

OPSET = 17
"""The set of operators: onnxruntime reads it from 1.12 on (2022)."""

IR_VERSION = 8
"""The version of the file format that came with it."""

LARGEST = 2_000_000_000
"""How many bytes of parameters fit into a file of protobuf's, which ends at 2 GiB."""


def _onnx() -> Any:
    """Import the package onnx."""
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "ONNX export needs the package onnx, which is not installed: "
            "pip install 'xpnn[onnx]', or pip install 'onnx>=1.16'",
            name="onnx",
        ) from error
    return onnx


class Graph:
    """An ONNX graph that layers add their operations to.

    Parameters
    ----------
    dtype : str
        The dtype of the network's numbers, ``"float32"`` or ``"float64"``.

    Attributes
    ----------
    dtype : numpy.dtype
        As given.
    """

    def __init__(self, dtype: str) -> None:
        self.dtype = np.dtype(dtype)
        self._onnx = _onnx()
        self._where = ""
        self._used: set[str] = set()
        self._inputs: list[Any] = []
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operation.

        Parameters
        ----------
        operator : str
            Its name in ONNX's set 17, for example ``"Relu"``; one of another domain has that
            in ``domain=``.
        *inputs : str
            The names of what it takes, in ONNX's order: what other operations and `constant`
            returned, the layer's inputs and its parameters.
        **attributes
            As ONNX calls them.

        Returns
        -------
        str
            The name of its (first) output.
        """
        output = self._name(f"{self._where}{operator}")
        make = self._onnx.helper.make_node
        self._nodes.append(make(operator, list(inputs), [output], name=output, **attributes))
        return output

    def constant(self, value: Any, dtype: Any = None, *, name: str = "constant") -> str:
        """Add numbers that don't change.

        Parameters
        ----------
        value : array_like
            The numbers.
        dtype : dtype, optional
            By default that of the network; shapes and axes are ``"int64"``.
        name : str
            What to call them; a number is put behind it where the name is taken.

        Returns
        -------
        str
            Their name in the graph.
        """
        name = self._name(f"{self._where}{name}")
        array = np.ascontiguousarray(value, dtype=self.dtype if dtype is None else dtype)
        array = array.reshape(np.shape(value))  # NumPy made a number a row of one
        self._constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def _name(self, wanted: str) -> str:
        """Return a name that nothing else in the graph has."""
        name, count = wanted, 1
        while name in self._used:
            count += 1
            name = f"{wanted}.{count}"
        self._used.add(name)
        return name

    def _input(self, name: str, dtype: Any, size: int | None) -> str:
        name = self._name(name)
        self._inputs.append(self._value(name, dtype, size, "n_features"))
        return name

    def _value(self, name: str, dtype: Any, size: int | None, unknown: str) -> Any:
        """Describe rows, of any number, that go in or come out."""
        helper = self._onnx.helper
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return helper.make_tensor_value_info(name, kind, ["n", size or unknown])

    def _finish(
        self, last: str, output: str, dtype: Any, size: int | None, about: dict[str, str]
    ) -> Any:
        """Return the whole as a checked ModelProto, with the last value under a good name."""
        from . import __version__

        helper, output = self._onnx.helper, self._name(output)
        if any(last in node.output for node in self._nodes):
            for node in self._nodes:
                for names in (node.input, node.output):
                    for i, name in enumerate(names):
                        names[i] = output if name == last else name
        else:  # nothing was computed
            self._nodes.append(helper.make_node("Identity", [last], [output], name=output))
        outputs = [self._value(output, dtype, size, "n_outputs")]
        graph = helper.make_graph(self._nodes, "xpnn", self._inputs, outputs, self._constants)
        domains = sorted({node.domain for node in self._nodes} - {""})
        known = self._onnx.helper.make_opsetid
        model = helper.make_model(
            graph,
            producer_name="xpnn",
            producer_version=__version__,
            ir_version=IR_VERSION,
            opset_imports=[known("", OPSET), *(known(d, DOMAINS.get(d, 1)) for d in domains)],
        )
        helper.set_model_props(model, about)
        try:
            self._onnx.checker.check_model(model, full_check=True)
        except Exception as error:  # its own classes, and those of the inference of shapes
            raise ValueError(f"the network makes no valid ONNX graph: {error}") from error
        return model


DOMAINS = {"ai.onnx.ml": 3}
"""The sets of operators of other domains, as they were when `OPSET` was new."""


def onnx_model(model: Sequential, preparation: Preparation | None = None) -> Any:
    """Make a network into an ONNX model.

    Parameters
    ----------
    model : Sequential
        The network.
    preparation : Preparation, optional
        How rows of a table become its inputs, and its outputs answers; then the graph takes
        raw rows, and gives a number in the target's own units.

    Returns
    -------
    onnx.ModelProto
        Checked.  Its input is ``"inputs"``, of shape (n, n_features) and the network's dtype.
        Its output has the values of `Sequential.predict` and is called ``"probabilities"`` or
        ``"logits"`` where the loss says so (an uncompiled network's Softmax gives
        probabilities), else ``"outputs"``.  With a preparation whose features are all
        numbers the input is ``"features"``, of shape (n, n_features) and float64; where some
        are categories there is an input for each column, by its name and of shape (n, 1),
        float64 or text.  A number that is predicted is ``"prediction"``, float64.

    Raises
    ------
    ModuleNotFoundError
        If the package onnx is not installed.
    TypeError
        If a layer does not say how ONNX computes it.
    ValueError
        If the graph is not valid, or larger than an ONNX file can be.
    """
    graph = Graph(model.dtype)
    size = sum(array.nbytes for array in _tensors(model).values())
    if size > LARGEST:
        raise ValueError(
            f"an ONNX file holds parameters of at most {LARGEST / 1e9:g} GB, and the network "
            f"has {size / 1e9:.3g} GB"
        )
    about: dict[str, str] = {}
    if preparation is None or not preparation.features:
        x = graph._input("inputs", graph.dtype, model.n_inputs)
    else:
        x = _raw_rows(graph, preparation)
        about["features"] = json.dumps([feature.column for feature in preparation.features])
    for index, (layer, arrays) in enumerate(zip(model.layers, _by_layer(model))):
        graph._where = f"{index}."
        params = tuple(graph.constant(array, name=name) for name, array in arrays.items())
        to_onnx = layer.to_onnx if _is_of_its_forward(layer) else partial(Layer.to_onnx, layer)
        try:
            y = to_onnx(graph, params, x)
        except TypeError as error:
            raise TypeError(f"layers[{index}] can't be exported: {error}") from error
        if not isinstance(y, str):
            raise TypeError(
                f"layers[{index}] can't be exported: to_onnx of {layer} must return the name "
                f"of its outputs, got {y!r}"
            )
        x = y
    graph._where = ""
    n_outputs, name, dtype = model._sizes()[-1], _output_name(model), graph.dtype
    if preparation is not None:
        target = preparation.target
        if isinstance(target, Classes):
            about["labels"] = json.dumps(target.labels)
        else:
            x = _restored(graph, target, x)
            name, dtype = "prediction", np.dtype("float64")
    return graph._finish(x, name, dtype, n_outputs, about)


def export_onnx(
    model: Sequential, path: str | os.PathLike[str], preparation: Preparation | None = None
) -> Any:
    """Write a network to an ONNX file, which is replaced at once when all is written.

    Parameters
    ----------
    model, preparation
        As in `onnx_model`, which tells what is raised.
    path : str or path
        The file.

    Returns
    -------
    onnx.ModelProto
        What was written.
    """
    made = onnx_model(model, preparation)
    with atomic_write(path) as temporary:
        temporary.write_bytes(made.SerializeToString())
    return made


def _is_of_its_forward(layer: Layer) -> bool:
    """Whether `to_onnx` is that of the class whose `forward` it has, or of a later one.

    A class that extends ReLU and defines another `forward` inherits what is ReLU's.
    """
    definer = next(c for c in type(layer).__mro__ if {"forward", "to_onnx"} & vars(c).keys())
    return "to_onnx" in vars(definer)


def _tensors(model: Sequential) -> dict[str, np.ndarray]:
    """Return parameters and states, on the host, by their names in a model file."""
    return {name: model.backend.to_numpy(array) for name, array in model._tensors().items()}


def _by_layer(model: Sequential) -> list[dict[str, np.ndarray]]:
    """Return the same for each layer, in the order in which `forward` takes it."""
    arrays: list[dict[str, np.ndarray]] = [{} for _ in model.layers]
    for name, array in _tensors(model).items():
        index, _, name = name.partition(".")
        arrays[int(index)][name] = array
    return arrays


def _output_name(model: Sequential) -> str:
    """Return what the network's outputs are called."""
    loss = model._loss
    if loss is None:
        return "probabilities" if type(model.layers[-1]).__name__ == "Softmax" else "outputs"
    if not loss.classifies:
        return "outputs"
    return "logits" if getattr(loss, "from_logits", False) else "probabilities"


def _raw_rows(graph: Graph, preparation: Preparation) -> str:
    """Add what makes raw rows into inputs, in double precision as `Preparation.inputs`."""
    features = preparation.features
    if all(not feature.categories for feature in features):
        x = graph._input("features", "float64", len(features))
        return _scaled(graph, x, [f.mean for f in features], [f.scale for f in features])
    columns = [  # before anything else, so that they get the names that they have
        graph._input(feature.column, "object" if feature.categories else "float64", 1)
        for feature in features
    ]
    parts = []
    for feature, x in zip(features, columns):
        if not feature.categories:
            parts.append(_scaled(graph, x, [feature.mean], [feature.scale]))
            continue
        rows = graph.node(  # (n, 1, k); zeros=0 makes an unknown category an error
            "OneHotEncoder", x, domain="ai.onnx.ml", cats_strings=feature.categories, zeros=0
        )
        flat = graph.constant([-1, feature.width], "int64", name="shape")
        one_hot = graph.node("Reshape", rows, flat)
        parts.append(graph.node("Cast", one_hot, to=_kind(graph, graph.dtype)))
    return graph.node("Concat", *parts, axis=1)


def _scaled(graph: Graph, x: str, means: list[float], scales: list[float]) -> str:
    """Add (x - mean) / scale, as the network's dtype."""
    x = graph.node("Sub", x, graph.constant(means, "float64", name="mean"))
    x = graph.node("Div", x, graph.constant(scales, "float64", name="scale"))
    return graph.node("Cast", x, to=_kind(graph, graph.dtype))


def _restored(graph: Graph, target: Measure, x: str) -> str:
    """Add x * scale + mean, in double precision as `Measure.restore`."""
    x = graph.node("Cast", x, to=_kind(graph, np.dtype("float64")))
    x = graph.node("Mul", x, graph.constant([target.scale], "float64", name="scale"))
    return graph.node("Add", x, graph.constant([target.mean], "float64", name="mean"))


def _kind(graph: Graph, dtype: np.dtype) -> int:
    return int(graph._onnx.helper.np_dtype_to_tensor_dtype(dtype))
