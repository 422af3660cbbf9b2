"""Pipelines as ONNX: what skl2onnx asks of an estimator that it does not know."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from ..export import add_layers, tensors_of
from ..onnx_graph import DOMAINS, OPSET, Graph
from .estimators import MLPClassifier, MLPRegressor

__all__ = ["register_skl2onnx"]


def register_skl2onnx() -> None:
    """Let skl2onnx make ONNX models of pipelines that end in an estimator of xpnn.

    Then ``skl2onnx.to_onnx(pipeline, X[:1])`` knows `MLPClassifier` and `MLPRegressor`, with
    the options and names of outputs that scikit-learn's own have: ``zipmap``, ``nocl`` and
    ``output_class_labels``; ``label`` and ``probabilities``, or ``variable``.

    Raises
    ------
    ModuleNotFoundError
        If the package skl2onnx is not installed.
    """
    try:
        from skl2onnx import update_registered_converter as register
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "ONNX models of pipelines need the package skl2onnx, which can't be imported "
            f"({error}): pip install 'xpnn[skl2onnx]', or pip install 'skl2onnx>=1.20'",
            name="skl2onnx",
        ) from error
    switch = [False, True]
    options = {"zipmap": [*switch, "columns"], "nocl": switch, "output_class_labels": switch}
    register(MLPClassifier, "XpnnMLPClassifier", _describe, _convert, options=options)
    register(MLPRegressor, "XpnnMLPRegressor", _describe, _convert)


class _Part(Graph):
    """A graph that is written into skl2onnx's, under names that nothing else there has."""

    def __init__(self, dtype: str, scope: Any, container: Any) -> None:
        super().__init__(dtype)
        self._scope, self._opsets = scope, container.node_domain_version_pair_sets
        self._nodes, self._constants = container.nodes, container.initializers

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        domain = attributes.get("domain", "")
        self._opsets.add((domain, DOMAINS.get(domain, 1) if domain else OPSET))
        return super().node(operator, *inputs, **attributes)

    def _name(self, wanted: str) -> str:
        return str(self._scope.get_unique_variable_name(f"xpnn.{wanted}"))

    def give(self, x: str, variable: Any) -> None:
        """Let something come out as one of skl2onnx's variables."""
        self.node("Identity", x)
        self._nodes[-1].output[0] = variable.full_name


def _labels(operator: Any) -> np.ndarray:
    """Return the classes as ONNX has them: int64, or text."""
    from skl2onnx.common.utils_classifier import get_label_classes

    labels = np.asarray(get_label_classes(operator.scope_inst, operator.raw_operator))
    return labels.astype(np.int64 if labels.dtype.kind in "biuf" else object)


def _describe(operator: Any) -> None:
    """Tell skl2onnx the shapes of what comes out, and of what kind labels are."""
    from skl2onnx.common.data_types import Int64TensorType, StringTensorType
    from skl2onnx.common.utils import check_input_and_output_numbers

    estimator, n = operator.raw_operator, operator.inputs[0].get_first_dimension()
    check_is_fitted(estimator)
    check_input_and_output_numbers(operator, input_count_range=1)
    if not is_classifier(estimator):
        operator.outputs[0].type.shape = [n, estimator.n_outputs_]
        return
    labels = _labels(operator)
    kind = StringTensorType if labels.dtype == object else Int64TensorType
    operator.outputs[0].set_type(kind([n, len(labels)] if estimator._multilabel else [n]))
    operator.outputs[1].type.shape = [n, len(labels)]


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Write what an estimator computes into skl2onnx's graph."""
    from skl2onnx.common.data_types import guess_numpy_type

    estimator = operator.raw_operator
    model = estimator._network_of(estimator.coefs_[0])
    graph = _Part(model.dtype, scope, container)
    x = graph.cast(operator.inputs[0].full_name, graph.dtype)
    x = add_layers(graph, model, tensors_of(model), x)
    if is_classifier(estimator):
        x, label = _classes(graph, x, operator)
        graph.give(label, operator.outputs[0])
    graph.give(graph.cast(x, guess_numpy_type(operator.outputs[-1].type)), operator.outputs[-1])


def _classes(graph: Graph, x: str, operator: Any) -> tuple[str, str]:
    """Add what makes a network's outputs probabilities, and labels."""
    estimator, labels = operator.raw_operator, _labels(operator)
    if estimator._multilabel:
        return x, graph.cast(graph.node("Greater", x, graph.constant(0.5)), "int64")
    if estimator.n_outputs_ == 1:
        x = graph.node("Concat", graph.node("Sub", graph.constant(1.0), x), x, axis=1)
    if len(labels) == 1:  # a network has two outputs, or says yes or no, all the same
        x = graph.node("ReduceSum", x, graph.constant([1], "int64"))
    best = graph.node("ArgMax", x, axis=1, keepdims=0)
    return x, graph.node("Gather", graph.constant(labels, labels.dtype), best)
