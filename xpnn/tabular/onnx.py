"""An ensemble as one ONNX graph that takes raw rows.

There is an input for each column, by its name and of shape (n, 1): numbers as float64, NaN
where one is missing; yes or no, categories and free text as text, "" where one is missing;
dates as days since 1970 and times of day as seconds, float64, NaN where one is missing.  Where
all columns are numbers they are one input, ``"features"`` of shape (n, n_features).  What comes
out is ``"probabilities"`` of shape (n, n_classes) and ``"label"`` of shape (n, 1), text, the
class that is told; or ``"prediction"`` of shape (n, 1), float64.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Container, Sequence
from typing import Any

import numpy as np

from ..checks import check_path
from ..export import add_layers, tensors_of, write_onnx
from ..onnx_graph import Graph
from ..tables.cells import BITS, DAY, TRUTH, as_numbers
from ..tables.columns import MISSING
from ..tables.features import (
    CategoryFeature,
    DateFeature,
    Feature,
    NumberFeature,
    TimeFeature,
    YesNoFeature,
)
from ..tables.scaling import Scale
from ..tables.targets import Measure
from ..tables.wording import TextFeature
from .calibration import SMALLEST
from .ensemble import Ensemble
from .onnx_text import add_parts

__all__ = ["export_onnx", "onnx_model"]

DOUBLE = "float64"

LookUp = Callable[[Graph, str, dict[str, float], float, float], str]


def onnx_model(ensemble: Ensemble) -> Any:
    """Make an ensemble into an ONNX model, which takes raw rows.

    Parameters
    ----------
    ensemble : Ensemble
        What was trained.

    Returns
    -------
    onnx.ModelProto
        Checked; the module's docstring says what it takes and gives.  Its metadata have the
        names of the columns as ``"features"``, and the classes as ``"labels"``.

    Raises
    ------
    ModuleNotFoundError
        If the package onnx is not installed.
    ValueError
        If the graph is larger than an ONNX file can be.
    """
    graph = Graph("float32")
    features, target = ensemble.encoding.features, ensemble.target
    about = {"features": json.dumps([feature.column for feature in features])}
    answers, told = add_ensemble(graph, ensemble, _raw_columns(graph, features))
    if isinstance(target, Measure):
        return graph.finish(answers, "prediction", DOUBLE, 1, about)
    about["labels"] = json.dumps(target.labels)
    labels = graph.constant([*target.labels], "object", name="labels")
    graph.output(graph.node("Gather", labels, told), "label", "object", 1)
    return graph.finish(answers, "probabilities", graph.dtype, len(target.labels), about)


def add_ensemble(
    graph: Graph, ensemble: Ensemble, columns: Sequence[str], numbers: Container[str] = ()
) -> tuple[str, str]:
    """Add what an ensemble computes of raw columns.

    Parameters
    ----------
    graph : Graph
        Where to; its dtype is float32.
    ensemble : Ensemble
        What was trained.
    columns : sequence of str
        The names in the graph of its features' columns, of shape (n, 1), as the module's
        docstring says what they hold.
    numbers : container of str
        Those that hold numbers, NaN where one is missing, though they are yes or no, or
        categories.

    Returns
    -------
    answers : str
        The name of the probabilities, of shape (n, n_classes), or of the number, (n, 1).
    told : str
        The name of the numbers of the classes that are told, of shape (n, 1); "" where there
        are none.
    """
    x = _inputs(graph, ensemble.encoding.features, columns, numbers)
    outputs = []
    for number, member in enumerate(ensemble.members):
        tensors = {name: a.astype(graph.dtype) for name, a in tensors_of(member).items()}
        outputs.append(add_layers(graph, member, tensors, x, f"members.{number}."))
    mean = graph.node("Mean", *outputs)
    if isinstance(ensemble.target, Measure):
        return _restored(graph, ensemble.target, mean), ""
    probabilities = _with_temperature(graph, mean, ensemble.temperature)
    weighed = probabilities
    if ensemble.factors:
        factors = graph.constant([*ensemble.factors], graph.dtype, name="factors")
        weighed = graph.node("Mul", probabilities, factors)
    return probabilities, graph.node("ArgMax", weighed, axis=1, keepdims=1)


def export_onnx(ensemble: Ensemble, path: str | os.PathLike[str]) -> Any:
    """Write an ensemble to an ONNX file, which is replaced at once when all is written.

    Parameters
    ----------
    ensemble : Ensemble
        As in `onnx_model`, which tells what is raised.
    path : str or path
        The file.

    Returns
    -------
    onnx.ModelProto
        What was written.
    """
    check_path("path", path, "file")
    made = onnx_model(ensemble)
    write_onnx(made, path)
    return made


# ---------------------------------------------------------------------------- rows to inputs


def _raw_columns(graph: Graph, features: Sequence[Feature]) -> list[str]:
    """Add the graph's own inputs, and return the names of the columns."""
    if all(isinstance(feature, NumberFeature) for feature in features):
        rows = graph.input("features", DOUBLE, len(features))
        return [column_of(graph, rows, k) for k in range(len(features))]
    return [  # before anything else, so that they get the names that they have
        graph.input(feature.column, "object" if is_text(feature) else DOUBLE, 1)
        for feature in features
    ]


def _inputs(
    graph: Graph, features: Sequence[Feature], columns: Sequence[str], numeric: Container[str]
) -> str:
    """Add what makes raw columns into inputs, in the order of `Encoding.inputs`."""
    kinds: tuple[list[str], ...] = [], [], []  # numbers, plain inputs, codes
    for feature, column in zip(features, columns):
        look_up = _looked_up_number if column in numeric else _looked_up
        for found, kind in zip(_feature(graph, feature, column, look_up), kinds):
            kind += found
    return graph.node("Concat", *(part for kind in kinds for part in kind), axis=1)


def is_text(feature: Feature) -> bool:
    """Whether the column of a feature is text: yes or no, categories, or free."""
    return isinstance(feature, YesNoFeature | CategoryFeature | TextFeature)


def column_of(graph: Graph, rows: str, k: int) -> str:
    """Add what takes one column of rows, of shape (n, 1)."""
    bounds = (graph.constant([n], "int64", name="bound") for n in (k, k + 1, 1))
    return graph.node("Slice", rows, *bounds)


def _feature(
    graph: Graph, feature: Feature, x: str, look_up: LookUp
) -> tuple[list[str], list[str], list[str]]:
    """Add what `apply` of a feature computes; the missing are told apart first."""
    if isinstance(feature, YesNoFeature):
        only = len(feature.values) == 1
        keys = dict(zip(feature.values, [1.0] if only else [-1.0, 1.0]))
        return [], [look_up(graph, x, keys, -1.0 if only else 0.0, 0.0)], []
    if isinstance(feature, CategoryFeature):
        n = len(feature.values)
        keys = {value: float(code) for code, value in enumerate(feature.values)}
        missing = float(n) if feature.missing else -1.0
        other = float(n + feature.missing) if feature.pooled else -1.0
        return [], [], [look_up(graph, x, keys, missing, other)]
    if isinstance(feature, TextFeature):
        present = graph.cast(_looked_up(graph, x, {}, 0.0, 1.0), "bool")
        return [], [add_parts(graph, feature, x, present)], []
    absent = graph.node("Or", graph.node("IsNaN", x), graph.node("IsInf", x))
    plain = [graph.cast(absent, graph.dtype)] if getattr(feature, "missing", False) else []
    if isinstance(feature, NumberFeature):
        return [_scaled(graph, feature.scale, x, absent)], plain, []
    known = graph.node("Where", absent, _number(graph, 0.0), x)
    if isinstance(feature, TimeFeature):
        turns = graph.node("Div", known, _number(graph, DAY))
        turns = graph.node("Sub", turns, graph.node("Floor", turns))
        angle = graph.cast(graph.node("Mul", turns, _number(graph, 2 * math.pi)), graph.dtype)
        zero = graph.constant(0.0, name="zero")
        waves = [
            graph.node("Where", absent, zero, graph.node(wave, angle))
            for wave in ("Sin", "Cos")
        ]
        return [_scaled(graph, feature.scale, x, absent)], [*waves, *plain], []
    assert isinstance(feature, DateFeature)
    parts = _parts(graph, known)
    numbers = [
        _scaled(graph, scale, parts[name], absent) for name, scale in feature.parts.items()
    ]
    return numbers, plain, []


def _number(graph: Graph, value: float) -> str:
    return graph.constant(value, DOUBLE, name="number")


def _scaled(graph: Graph, scale: Scale, x: str, absent: str) -> str:
    """Add what `Scale` computes, in double precision as there."""
    z = graph.node("Sub", x, _number(graph, scale.center))
    z = graph.node("Mul", z, _number(graph, scale.factor))
    if scale.bends:
        z = graph.node("Clip", z, _number(graph, -1e100), _number(graph, 1e100))
        third = graph.node("Div", z, _number(graph, 3.0))
        squared = graph.node("Mul", third, third)
        root = graph.node("Sqrt", graph.node("Add", squared, _number(graph, 1.0)))
        z = graph.node("Div", z, root)
    z = graph.node("Where", absent, _number(graph, 0.0), z)
    limit = float(np.finfo(np.float32).max)
    z = graph.node("Clip", z, _number(graph, -limit), _number(graph, limit))
    return graph.cast(z, graph.dtype)


def _looked_up(
    graph: Graph, x: str, keys: dict[str, float], missing: float, other: float
) -> str:
    """Add a table of texts; what `tables` reads as a missing cell is one here."""
    absent = {text for word in MISSING for text in (word, word.upper(), word.title())}
    truth = {
        written: code
        for text, code in keys.items()
        if text.casefold() in TRUTH
        for written in (text.lower(), text.upper())
    }
    table = {**dict.fromkeys(sorted(absent), missing), "NaN": missing, **truth, **keys}
    return graph.node(
        "LabelEncoder",
        x,
        domain="ai.onnx.ml",
        keys_strings=[*table],
        values_floats=[*table.values()],
        default_float=other,
    )


def _looked_up_number(
    graph: Graph, x: str, keys: dict[str, float], missing: float, other: float
) -> str:
    """Add a table of numbers, which float64 tells apart."""
    bits = {BITS[key]: value for key, value in keys.items() if key in BITS}
    table = as_numbers(bits | keys) or {math.nan: other}  # NaN is equal to nothing
    known = np.array([*table]).reshape(1, -1)
    values = np.array([*table.values()]).reshape(-1, 1) - other
    same = graph.node("Equal", x, graph.constant(known, DOUBLE, name="keys"))  # (n, k)
    found = graph.node(
        "MatMul", graph.cast(same, graph.dtype), graph.constant(values, name="values")
    )
    found = graph.node("Add", found, graph.constant(other, name="other"))
    absent = graph.node("IsNaN", x)
    return graph.node("Where", absent, graph.constant(missing, name="missing"), found)


def _parts(graph: Graph, days: str) -> dict[str, str]:
    """Add what `tables.cells.PARTS` computes of days since 1970.

    Year, month and day by Howard Hinnant's "chrono-compatible low-level date algorithms", in
    whole numbers that float64 has exactly: a division is rounded down.
    """

    def node(operator: str, a: str, b: float | str) -> str:
        return graph.node(operator, a, b if isinstance(b, str) else _number(graph, b))

    def over(a: str, b: float) -> str:
        return graph.node("Floor", node("Div", a, b))

    day = graph.node("Floor", days)
    z = node("Add", day, 719_468.0)  # from the first of March of the year 0 on
    era = over(z, 146_097.0)
    of_era = node("Sub", z, node("Mul", era, 146_097.0))
    leap = node("Sub", over(of_era, 36_524.0), over(of_era, 1_460.0))
    leap = node("Sub", leap, over(of_era, 146_096.0))
    year = over(node("Add", of_era, leap), 365.0)  # of the era
    leap = node("Sub", over(year, 4.0), over(year, 100.0))
    of_year = node("Sub", of_era, node("Add", node("Mul", year, 365.0), leap))
    march = over(node("Add", node("Mul", of_year, 5.0), 2.0), 153.0)  # 0 is March
    before = over(node("Add", node("Mul", march, 153.0), 2.0), 5.0)
    is_next = over(march, 10.0)  # January and February
    month = node("Sub", node("Add", march, 3.0), node("Mul", is_next, 12.0))
    since_monday = node("Add", day, 3.0)  # 1970 began on a Thursday
    week = node("Mul", over(since_monday, 7.0), 7.0)
    return {
        "year": node("Add", node("Add", year, node("Mul", era, 400.0)), is_next),
        "month": month,
        "day": node("Add", node("Sub", of_year, before), 1.0),
        "day of the week": node("Sub", since_monday, week),
        "hour": node("Mul", node("Sub", days, day), 24.0),
        "days since 1970": days,
    }


# ------------------------------------------------------------------------- outputs to answers


def _with_temperature(graph: Graph, probabilities: str, temperature: float) -> str:
    """Add what `with_temperature` computes: a softmax of the logarithms over T."""
    least = graph.node("Max", probabilities, graph.constant(SMALLEST, name="smallest"))
    factor = graph.constant(1 / temperature, name="factor")
    return graph.node("Softmax", graph.node("Mul", graph.node("Log", least), factor), axis=1)


def _restored(graph: Graph, target: Measure, x: str) -> str:
    """Add what `Measure.restore` computes, in double precision as there."""
    x = graph.cast(x, DOUBLE)
    x = graph.node("Mul", x, _number(graph, target.scale))
    x = graph.node("Add", x, _number(graph, target.mean))
    return graph.node("Clip", x, _number(graph, target.low), _number(graph, target.high))
