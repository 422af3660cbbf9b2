"""Pipelines as ONNX: what skl2onnx asks of an estimator that it does not know."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, is_classifier
from sklearn.utils.validation import check_is_fitted

from ..export import add_layers, tensors_of
from ..onnx_graph import DOMAINS, OPSET, Graph
from ..tables.columns import to_number
from ..tables.features import NumberFeature
from ..tabular.onnx import add_ensemble, column_of, is_text
from .estimators import MLPClassifier, MLPRegressor
from .tabular import Tabular, TabularClassifier, TabularRegressor

__all__ = ["register_skl2onnx"]


def register_skl2onnx() -> None:
    """Let skl2onnx make ONNX models of pipelines that end in an estimator of xpnn.

    Then ``skl2onnx.to_onnx(pipeline, X[:1])`` knows `MLPClassifier`, `MLPRegressor`,
    `TabularClassifier` and `TabularRegressor`, with the options and names of outputs that
    scikit-learn's own have: ``zipmap``, ``nocl`` and ``output_class_labels``; ``label`` and
    ``probabilities``, or ``variable``.  Of a table it can tell numbers, and texts that are yes
    or no, or categories; dates and numbers as text are refused, which
    `xpnn.tabular.onnx.export_onnx` can tell.

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
    for kind in (MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor):
        of_kind = options if issubclass(kind, ClassifierMixin) else None
        register(kind, f"Xpnn{kind.__name__}", _describe, _convert, options=of_kind)


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
    if not isinstance(estimator, Tabular):
        check_input_and_output_numbers(operator, input_count_range=1)
    if not is_classifier(estimator):
        operator.outputs[0].type.shape = [n, getattr(estimator, "n_outputs_", 1)]
        return
    labels, several = _labels(operator), getattr(estimator, "_multilabel", False)
    kind = StringTensorType if labels.dtype == object else Int64TensorType
    operator.outputs[0].set_type(kind([n, len(labels)] if several else [n]))
    operator.outputs[1].type.shape = [n, len(labels)]


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Write what an estimator computes into skl2onnx's graph."""
    from skl2onnx.common.data_types import guess_numpy_type

    estimator, outputs, told = operator.raw_operator, operator.outputs, ""
    if isinstance(estimator, Tabular):
        graph = _Part("float32", scope, container)
        columns, numbers = _columns(graph, operator)
        x, told = add_ensemble(graph, estimator.ensemble_, columns, numbers)
    else:
        model = estimator._network_of(estimator.coefs_[0])
        graph = _Part(model.dtype, scope, container)
        x = graph.cast(operator.inputs[0].full_name, graph.dtype)
        x = add_layers(graph, model, tensors_of(model), x)
        if is_classifier(estimator):
            x, told = _classes(graph, x, estimator)
    graph.give(graph.cast(x, guess_numpy_type(outputs[-1].type)), outputs[-1])
    if told and getattr(estimator, "_multilabel", False):
        graph.give(told, outputs[0])
    elif told:
        labels = _labels(operator)
        told = graph.node("Reshape", told, graph.constant([-1], "int64", name="shape"))
        told = graph.node("Gather", graph.constant(labels, labels.dtype, name="labels"), told)
        graph.give(told, outputs[0])


def _classes(graph: Graph, x: str, estimator: Any) -> tuple[str, str]:
    """Add what makes a network's outputs probabilities, and tells of these which class is it.

    Of several labels it tells which are there.
    """
    if estimator._multilabel:
        return x, graph.cast(graph.node("Greater", x, graph.constant(0.5)), "int64")
    if estimator.n_outputs_ == 1:
        x = graph.node("Concat", graph.node("Sub", graph.constant(1.0), x), x, axis=1)
    if estimator.classes_.shape[0] == 1:  # for which a network has two outputs all the same
        x = graph.node("ReduceSum", x, graph.constant([1], "int64"))
    return x, graph.node("ArgMax", x, axis=1)


def _columns(graph: Graph, operator: Any) -> tuple[list[str], list[str]]:
    """Return the columns that an ensemble takes, and which of them hold numbers."""
    from skl2onnx.common.data_types import StringTensorType

    estimator, inputs = operator.raw_operator, operator.inputs
    names = estimator._column_names
    given = {variable.raw_name: variable for variable in inputs}
    if len(inputs) == 1 and inputs[0].get_second_dimension() not in (None, len(names)):
        raise ValueError(
            f"X must have the {len(names)} columns that were fitted, got an array of "
            f"{inputs[0].get_second_dimension()}"
        )
    columns, numbers = [], []
    for feature in estimator.ensemble_.encoding.features:
        name = feature.column
        if len(inputs) > 1 and name not in given:
            raise ValueError(f"X must have the column {name!r}, got {', '.join(given)}")
        variable = inputs[0] if len(inputs) == 1 else given[name]
        as_text = isinstance(variable.type, StringTensorType)
        if is_text(feature):
            values = getattr(feature, "values", ("free text",))
            is_known = as_text or not np.isnan([*map(to_number, values)]).any()
        else:
            is_known = isinstance(feature, NumberFeature) and not as_text
        if not is_known:
            raise ValueError(
                f"the column {name!r} was a {feature.kind} and comes as "
                f"{'text' if as_text else 'numbers'}, which skl2onnx can't be told of: "
                "xpnn.tabular.onnx.export_onnx(estimator.ensemble_, path) takes raw rows"
            )
        x = variable.full_name
        if len(inputs) == 1:
            x = column_of(graph, x, names.index(name))
        if not as_text:
            x = graph.cast(x, "float64")
            numbers.append(x)
        columns.append(x)
    return columns, numbers
