"""Piecewise linear encodings, against their formula written out."""

from itertools import pairwise

import numpy as np
import pytest
from support import host

import xpnn

rng = np.random.default_rng(9)
EDGES = [[-1.0, -0.2, 0.3, 2.0], [0.0, 4.0], [-0.5, 0.5, 1.5]]


def encoded(x, edges):
    """Return what a number becomes: equation 1 of the paper, open at both ends."""
    parts = []
    for t, (a, b) in enumerate(pairwise(edges)):
        part = (x - a) / (b - a)
        part = max(part, 0) if t > 0 else part
        parts.append(min(part, 1) if t < len(edges) - 2 else part)
    return parts


@pytest.mark.float64
def test_each_column_becomes_its_bins(backend):
    x = 3 * rng.standard_normal((20, 4))
    x[0] = [0.3, 4.0, 0.5, 7.0]  # on edges
    model = xpnn.Sequential([xpnn.PiecewiseLinear(4, EDGES)], dtype="float64")
    wanted = [
        [*(e for number, edges in zip(row, EDGES) for e in encoded(number, edges)), row[3]]
        for row in x
    ]
    np.testing.assert_allclose(host(model.predict(x)), wanted, rtol=1e-13, atol=1e-15)


@pytest.mark.float64
def test_gradients_go_to_the_bin_that_holds_the_number(backend):
    x = np.array([[-3.0], [-0.9], [0.0], [1.0], [9.0]])
    layer = xpnn.PiecewiseLinear(1, EDGES[:1])
    state = [backend.asarray(p.initializer, "float64") for p in layer.state().values()]
    y, backward = layer.forward(tuple(state), backend.asarray(x))
    dx, _ = backward(backend.asarray(np.tile([1.0, 10.0, 100.0], (5, 1))))
    wanted = [1 / 0.8, 1 / 0.8, 10 / 0.5, 100 / 1.7, 100 / 1.7]
    np.testing.assert_allclose(host(dx)[:, 0], wanted, rtol=1e-13)
    assert np.all(np.isfinite(host(y)))


def test_a_line_between_edges_is_learnt_and_the_edges_stay(backend):
    x = rng.uniform(-2, 3, (200, 1))
    edges = [-1.0, 0.0, 2.0]
    y = np.interp(x, [-2.0, 0.0, 3.0], [1.0, -1.0, 2.0])
    layers = [xpnn.PiecewiseLinear(1, [edges]), xpnn.Dense(2, 1)]
    model = xpnn.Sequential(layers, seed=0, dtype="float64")
    before = {n: host(a) for n, a in model.tensors().items() if n.startswith("0.")}
    model.compile("mean_squared_error", xpnn.Adam(0.1))
    model.fit(x, y, epochs=200, batch_size=None)
    assert model.evaluate(x, y)["loss"] < 1e-4
    assert len(before) == 4
    for name, array in before.items():
        np.testing.assert_array_equal(host(model.tensors()[name]), array)


def test_edges_are_those_of_arrays():
    column = rng.standard_normal(100)
    edges = np.unique(np.quantile(column, np.linspace(0, 1, 9)))
    assert xpnn.PiecewiseLinear(2, [edges]) == xpnn.PiecewiseLinear(2, (tuple(edges),))


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        ([], "edges must be those of 1 to 2 columns, got 0"),
        ([[0, 1]] * 3, "edges must be those of 1 to 2 columns, got 3"),
        ([[0, 1], [0]], r"at least 2 for each column and rise, got \[0\]"),
        ([[0, 2, 1]], r"at least 2 for each column and rise, got \[0, 2, 1\]"),
        ([[0, 1, 1]], "at least 2 for each column and rise"),
        ([[0, float("nan")]], "edges must be a finite number, got nan"),
        ([["a", "b"]], "edges must be a finite number"),
    ],
    ids=["none", "more", "one", "falling", "twice", "nan", "text"],
)
def test_what_is_refused(edges, words):
    with pytest.raises((TypeError, ValueError), match=words):
        xpnn.PiecewiseLinear(2, edges)


def test_another_number_of_inputs():
    with pytest.raises(ValueError, match="takes 2 inputs, but gets 3"):
        xpnn.Sequential([xpnn.Dense(2, 3), xpnn.PiecewiseLinear(2, [[0, 1]])])
