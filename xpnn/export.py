"""ONNX export: a network as a graph that other programs run, without Python or xpnn.

A layer says itself how ONNX computes it, in `Layer.to_onnx` beside its `forward`.  Here the
layers are asked, one after another, and the file is written; the graph that they add to is in
`xpnn.onnx_graph`.  A network whose model file knows its table (`xpnn.tables`) can take raw
rows, as ``xpnn predict`` does.
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from .checks import check_path
from .files.atomic import atomic_write
from .layers.holding import write_layer
from .losses import Heads
from .network import Network
from .onnx_graph import IR_VERSION as IR_VERSION
from .onnx_graph import OPSET as OPSET
from .onnx_graph import Graph
from .tables import Classes, Measure, Preparation

__all__ = ["Graph", "export_onnx", "onnx_model"]

LARGEST = 2_000_000_000
"""How many bytes of parameters fit into a file of protobuf's, which ends at 2 GiB."""


def onnx_model(model: Network, preparation: Preparation | None = None) -> Any:
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
        float64 or text.  A number that is predicted is ``"prediction"``, float64.  Each of
        several heads (`xpnn.losses.Heads`) is an output of its own, by its name, beside
        ``"outputs"``.

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
    tensors = tensors_of(model)
    about: dict[str, str] = {}
    if preparation is None or not preparation.features:
        x = graph.input("inputs", graph.dtype, model.n_inputs)
    else:
        x = _raw_rows(graph, preparation)
        about["features"] = json.dumps([feature.column for feature in preparation.features])
    x = add_layers(graph, model, tensors, x)
    n_outputs, name, dtype = model.link_sizes()[-1], _output_name(model), graph.dtype
    if preparation is not None:
        target = preparation.target
        if isinstance(target, Classes):
            about["labels"] = json.dumps(target.labels)
        else:
            x = _restored(graph, target, x)
            name, dtype = "prediction", np.dtype("float64")
    if model.compiled is not None and isinstance(model.compiled.loss, Heads):
        for head in model.compiled.loss:
            ends = ([end] for end in (head.columns.start, head.columns.stop, 1))
            bounds = [graph.constant(end, "int64", name="bound") for end in ends]
            graph.output(graph.node("Slice", x, *bounds), head.name, dtype, head.size)
    return graph.finish(x, name, dtype, n_outputs, about)


def add_layers(
    graph: Graph, model: Network, tensors: dict[str, np.ndarray], x: str, prefix: str = ""
) -> str:
    """Add what a network's layers compute.

    Parameters
    ----------
    graph : Graph
        Where to.
    model : Network
        The network.
    tensors : dict of str to numpy.ndarray
        Its arrays, as `tensors_of` returns them.
    x : str
        The name of its inputs in the graph.
    prefix : str
        What is put before the names of all layers.

    Returns
    -------
    str
        The name of its outputs.

    Raises
    ------
    TypeError
        If a layer does not say how ONNX computes it.
    """
    for index, (layer, arrays) in enumerate(zip(model.layers, _by_layer(model, tensors))):
        graph.prefix = f"{prefix}{index}."
        params = tuple(graph.constant(array, name=name) for name, array in arrays.items())
        x = write_layer(graph, f"layers[{index}]", layer, params, x)
    graph.prefix = ""
    return x


def export_onnx(
    model: Network, path: str | os.PathLike[str], preparation: Preparation | None = None
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
    check_path("path", path, "file")
    made = onnx_model(model, preparation)
    write_onnx(made, path)
    return made


def write_onnx(made: Any, path: str | os.PathLike[str]) -> None:
    """Write an ONNX model to a file, which is replaced at once when all is written."""
    with atomic_write(path) as temporary:
        temporary.write_bytes(made.SerializeToString())


def tensors_of(model: Network) -> dict[str, np.ndarray]:
    """Return copies of parameters and states, on the host, by their names in a model file.

    Raises
    ------
    ValueError
        If they are larger than an ONNX file can be.
    """
    with model.gate:
        tensors = model.tensors()
        copies = dict(zip(tensors, model.copy_to_host([*tensors.values()])))
    size = sum(array.nbytes for array in copies.values())
    if size > LARGEST:
        raise ValueError(
            f"an ONNX file holds parameters of at most {LARGEST / 1e9:g} GB, and the network "
            f"has {size / 1e9:.3g} GB"
        )
    return copies


def _by_layer(model: Network, tensors: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Return the same for each layer, in the order in which `forward` takes it."""
    arrays: list[dict[str, np.ndarray]] = [{} for _ in model.layers]
    for name, array in tensors.items():
        index, _, name = name.partition(".")
        arrays[int(index)][name] = array
    return arrays


def _output_name(model: Network) -> str:
    """Return what the network's outputs are called."""
    if model.compiled is None:
        return (
            "probabilities" if type(model.stack.layers[-1]).__name__ == "Softmax" else "outputs"
        )
    loss = model.compiled.loss
    if not loss.classifies:
        return "outputs"
    return "logits" if getattr(loss, "from_logits", False) else "probabilities"


def _raw_rows(graph: Graph, preparation: Preparation) -> str:
    """Add what makes raw rows into inputs, in double precision as `Preparation.inputs`."""
    features = preparation.features
    if all(not feature.categories for feature in features):
        x = graph.input("features", "float64", len(features))
        return _scaled(graph, x, [f.mean for f in features], [f.scale for f in features])
    columns = [  # before anything else, so that they get the names that they have
        graph.input(feature.column, "object" if feature.categories else "float64", 1)
        for feature in features
    ]
    parts = []
    for feature, x in zip(features, columns):
        if not feature.categories:
            parts.append(_scaled(graph, x, [feature.mean], [feature.scale]))
            continue
        rows = graph.node(  # (n, 1, k); zeros=1 lets an unknown category be none of them
            "OneHotEncoder", x, domain="ai.onnx.ml", cats_strings=feature.categories, zeros=1
        )
        flat = graph.constant([-1, feature.width], "int64", name="shape")
        one_hot = graph.node("Reshape", rows, flat)
        parts.append(graph.cast(one_hot, graph.dtype))
    return graph.node("Concat", *parts, axis=1)


def _scaled(graph: Graph, x: str, means: list[float], scales: list[float]) -> str:
    """Add (x - mean) / scale, as the network's dtype; a missing number becomes 0."""
    mean = graph.constant(means, "float64", name="mean")
    x = graph.node("Where", graph.node("IsNaN", x), mean, x)
    x = graph.node("Sub", x, mean)
    x = graph.node("Div", x, graph.constant(scales, "float64", name="scale"))
    return graph.cast(x, graph.dtype)


def _restored(graph: Graph, target: Measure, x: str) -> str:
    """Add x * scale + mean, in double precision as `Measure.restore`."""
    x = graph.cast(x, "float64")
    x = graph.node("Mul", x, graph.constant([target.scale], "float64", name="scale"))
    return graph.node("Add", x, graph.constant([target.mean], "float64", name="mean"))
