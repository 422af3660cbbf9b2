"""Shapes that don't go together."""

import numpy as np
import pytest
from metric_cases import placed, rng

from xpnn import metrics


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
