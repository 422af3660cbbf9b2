"""Codes of categories, which become columns."""

import numpy as np
import pytest
from support import host

import xpnn


def test_codes_become_columns(backend, dtype):
    x = [[0.5, 0, 1], [-1.5, 2, 0], [2.0, 3, -1], [0.0, 1.5, np.nan]]
    y, backward = xpnn.OneHot(3, (3, 2)).forward((), backend.asarray(np.array(x), dtype))
    wanted = [
        [0.5, 1, 0, 0, 0, 1],
        [-1.5, 0, 0, 1, 1, 0],
        [2.0, 0, 0, 0, 0, 0],  # no such codes
        [0.0, 0, 0, 0, 0, 0],
    ]
    assert host(y).tolist() == wanted
    assert host(y).dtype == dtype
    dx, grads = backward(backend.asarray(np.arange(24.0).reshape(4, 6), dtype))
    assert host(dx).tolist() == [[6.0 * row, 0, 0] for row in range(4)]
    assert grads == ()


def test_a_network_on_codes_is_that_on_columns(backend):
    generator = np.random.default_rng(3)
    codes = generator.integers(0, 4, (40, 2))
    numbers = generator.standard_normal((40, 1))
    columns = np.concatenate([numbers, *(np.eye(4)[c] for c in codes.T)], axis=1)
    y = codes.sum(axis=1) % 3
    found = []
    for first, x in (([], columns), ([xpnn.OneHot(3, (4, 4))], np.hstack([numbers, codes]))):
        layers = [*first, xpnn.Dense(9, 8), xpnn.ReLU(), xpnn.Dense(8, 3), xpnn.Softmax()]
        model = xpnn.Sequential(layers, seed=0, dtype="float64")
        model.compile("categorical_cross_entropy", xpnn.Adam(0.05))
        model.fit(x, y, epochs=20, batch_size=16, verbose=False)
        found.append(host(model.predict(x)))
    np.testing.assert_allclose(*found, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ((2, ()), "sizes must be those of 1 to 2 columns, got 0"),
        ((2, (2, 2, 2)), "sizes must be those of 1 to 2 columns, got 3"),
        ((2, (0,)), "sizes must be an integer >= 1, got 0"),
        ((0, (2,)), "n_inputs must"),
    ],
    ids=["none", "more", "empty", "inputs"],
)
def test_what_is_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        xpnn.OneHot(*settings)


def test_another_number_of_inputs():
    with pytest.raises(ValueError, match="takes 2 inputs, but gets 3"):
        xpnn.Sequential([xpnn.Dense(2, 3), xpnn.OneHot(2, (2,))])
