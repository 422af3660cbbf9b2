"""Shapes that don't go together, and arrays of other libraries that do."""

import numpy as np
import pandas
import pytest
from metric_cases import placed, rng
from support import host, of_the_core

from xpnn import metrics

COMPUTED = [c for c in metrics.METRICS.values() if c.computes is not None and of_the_core(c)]
NUMBERS = metrics.mean_squared_error, metrics.mean_absolute_error, metrics.r2


@pytest.mark.parametrize(
    "function",
    [metrics.accuracy, metrics.f1, metrics.log_loss, metrics.roc_auc, metrics.confusion_matrix],
    ids=lambda f: f.__name__,
)
def test_shapes_that_do_not_go_together(backend, function):
    p, y = placed(backend, "float64", rng.random((6, 3)), rng.integers(3, size=6))
    with pytest.raises(ValueError, match=r"as many rows as predictions, 6, got the shape \(5,"):
        function(p, y[:5])
    with pytest.raises(ValueError, match=r"of the shape \(6, 3\), got the shape \(6, 2\)"):
        function(p, p[:, :2])
    with pytest.raises(ValueError, match=r"\(n, 1\) for predictions of one column, got \(6, 3"):
        function(p[:, 0], p)


@pytest.mark.parametrize(
    "function",
    [
        metrics.accuracy,
        metrics.recall,
        metrics.log_loss,
        metrics.roc_auc,
        metrics.mean_squared_error,
        metrics.confusion_matrix,
        metrics.top_k_accuracy,
    ],
    ids=lambda f: f.__name__,
)
def test_arrays_of_more_dimensions(backend, function):
    """What belongs to one sample is one number, or a row of them."""
    deep, flat = (backend.asarray(np.ones(shape)) for shape in ((3, 2, 2), (3,)))
    for p, y in ((deep, flat), (flat, deep), (deep[:, :, 0], deep)):
        with pytest.raises(ValueError, match=r"got.*\(3, 2, 2\)|got.*\(3, 2\)|got.*\(3,\)"):
            function(p, y)


def listed(array):
    return host(array).tolist()


@pytest.mark.parametrize("function", [c.computes for c in COMPUTED], ids=lambda f: f.__name__)
@pytest.mark.parametrize("kind", [host, listed, pandas.DataFrame])
def test_what_is_compared_may_be_of_another_kind(backend, function, kind):
    """Lists, NumPy's arrays and frames beside predictions that are on a device."""
    p = rng.random((8, 3))
    y = rng.random((8, 3)) if function in NUMBERS else np.arange(8) % 3
    weights = np.arange(8) + 1
    p, y, floats = placed(backend, "float64", p, y, weights.astype("float64"))
    wanted = host(function(p, y, sample_weight=floats))
    as_given = kind(host(y)) if kind is pandas.DataFrame else kind(y)
    given = function(p, as_given, sample_weight=weights.tolist())
    assert backend.owns(given)
    np.testing.assert_allclose(host(given), wanted, rtol=1e-6)
    alone = function(listed(p), as_given, sample_weight=weights)
    np.testing.assert_allclose(alone, wanted, rtol=1e-6)


@pytest.mark.parametrize(
    ("function", "p", "y", "weight", "wanted"),
    [
        (metrics.mean_squared_error, [1, 2], [1.5, 2.5], None, 0.25),
        (metrics.mean_absolute_error, [1, 2], [1.5, 2.5], None, 0.5),
        (metrics.r2, [1, 2], [1.5, 2.5], None, 0.0),
        (metrics.accuracy, [[0, 1], [1, 0]], [1, 1], [0.75, 0.25], 0.75),
        (metrics.f1, [0, 1, 1], [0, 1, 0], [0.5, 0.5, 0.75], 2 / (2 + 1.5)),
        (metrics.confusion_matrix, [0, 1, 1], [0, 1, 0], [0.5] * 3, [[0.5, 0.5], [0, 0.5]]),
        (metrics.roc_auc, [1, 9, 5], [0, 1, 1], [0.5] * 3, 1.0),
    ],
    ids=lambda f: getattr(f, "__name__", None),
)
def test_fractions_beside_whole_numbers_stay_fractions(backend, function, p, y, weight, wanted):
    for place in (backend.asarray, lambda p: p):
        found = function(place(np.array(p)), y, sample_weight=weight)
        np.testing.assert_allclose(host(found), wanted, rtol=1e-6)


OF_CLASSES = [c.computes for c in COMPUTED if c.computes not in NUMBERS]


@pytest.mark.parametrize("function", OF_CLASSES, ids=lambda f: f.__name__)
def test_whole_numbers_are_measured_as_floats(backend, function):
    """As votes for each class."""
    votes, y = np.array([[0, 3], [2, 1], [1, 0], [0, 1]]), backend.asarray([1, 0, 1, 1])
    measured = function(backend.asarray(votes), y)
    wanted = function(backend.asarray(votes, "float32"), y)
    assert measured.dtype == wanted.dtype
    np.testing.assert_array_equal(host(measured), host(wanted))


@pytest.mark.parametrize("function", [c.computes for c in COMPUTED], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "wrong",
    [
        np.array(["a", "b", "c"]),
        (number for number in range(3)),
        [[1.0], [2.0, 3.0]],
        "rows.npy",
    ],
    ids=["words", "generator", "ragged", "path"],
)
def test_what_is_no_numbers_is_named(backend, function, wrong):
    p, y = placed(backend, "float64", rng.random((3, 2)), rng.random((3, 2)))
    with pytest.raises((TypeError, ValueError), match=r"^predictions: expected"):
        function(wrong, y)
    with pytest.raises((TypeError, ValueError), match=r"^targets: expected"):
        function(p, wrong)
    with pytest.raises((TypeError, ValueError), match=r"^sample_weight: expected"):
        function(p, y, sample_weight=wrong)
    with pytest.raises(ValueError, match=r"sample_weight must have the shape \(3,\), got \(\)"):
        function(p, y, sample_weight=2.0)
