"""Dense in the parametrisation of the neural tangent kernel."""

import numpy as np
import pytest
from support import host

import xpnn


@pytest.mark.float64
def test_it_is_dense_with_other_weights(backend):
    x = np.random.default_rng(1).standard_normal((6, 9))
    ours, theirs = (
        xpnn.Sequential([kind(9, 4, biases="ones")], seed=3, dtype="float64")
        for kind in (xpnn.NTKDense, xpnn.Dense)
    )
    np.testing.assert_allclose(host(ours.predict(x)), host(theirs.predict(x)), rtol=1e-12)
    np.testing.assert_allclose(host(ours.parameters[0]), 3 * host(theirs.parameters[0]))


def test_first_values_may_be_given():
    layer = xpnn.NTKDense(4, 1, weights=np.ones((4, 1)))
    assert xpnn.Sequential([layer]).parameters[0].tolist() == [[2.0]] * 4


def test_a_step_of_one_size_changes_little_weights_little():
    """Adam's first step is its rate for each weight: seen through 1 / sqrt(n), and the bias."""
    for n in (4, 100):
        x = np.ones((1, n))
        model = xpnn.Sequential([xpnn.NTKDense(n, 1)], seed=0, dtype="float64")
        model.compile("mean_squared_error", xpnn.Adam(0.01))
        before = model.predict(x)
        model.fit(x, before + 100, verbose=False)
        change = (model.predict(x) - before).item()
        assert change == pytest.approx(0.01 * np.sqrt(n) + 0.01, rel=1e-6)
