"""The graph that layers add to: what it says of itself is what a file says."""

import numpy as np
import onnxruntime
import pytest

from xpnn.onnx_graph import Graph
from xpnn.version import __version__


def test_export_has_the_same_graph():
    from xpnn import export

    assert export.Graph is Graph


@pytest.mark.parametrize("other", ["float32", "float64"])
def test_a_graph_of_one_s_own(dtype, other):
    graph = Graph(dtype)
    x = graph.input("x", graph.dtype, 3)
    graph.prefix = "7."
    doubled = graph.node("Mul", x, graph.constant(2.0, name="two"))
    graph.prefix = ""
    model = graph.finish(graph.cast(doubled, other), "twice", other, None, {"for": "a test"})
    assert (model.producer_name, model.producer_version) == ("xpnn", __version__)
    assert [node.output[0] for node in model.graph.node] == ["7.Mul", "twice"]
    assert [tensor.name for tensor in model.graph.initializer] == ["7.two"]
    assert {entry.key: entry.value for entry in model.metadata_props} == {"for": "a test"}
    session = onnxruntime.InferenceSession(model.SerializeToString())
    rows = np.arange(6, dtype=dtype).reshape(2, 3)
    (outputs,) = session.run(["twice"], {"x": rows})
    assert outputs.dtype == other
    np.testing.assert_array_equal(outputs, 2 * rows)


def test_a_name_that_is_taken_gets_a_number():
    graph = Graph("float32")
    assert [graph.input("x", "float32", 1) for _ in range(2)] == ["x", "x.2"]
    assert graph.constant(1.0, name="x") == "x.3"
    assert [graph.node("Relu", "x") for _ in range(2)] == ["Relu", "Relu.2"]


def test_what_is_no_graph_is_refused():
    graph = Graph("float32")
    with pytest.raises(ValueError, match="no valid ONNX graph"):
        graph.finish(graph.node("Relu", "nothing"), "y", "float32", 1, {})
