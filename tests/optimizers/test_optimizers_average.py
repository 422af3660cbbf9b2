"""The running mean of the parameters beside its definition: a weighted mean of them all."""

import numpy as np
import pytest
from equations import GRADS, START
from support import host

import xpnn


@pytest.mark.parametrize("average", [0.3, 0.9, 0.9999])
@pytest.mark.parametrize("kind", [xpnn.SGD, xpnn.Adam, xpnn.Muon])
def test_the_mean_of_all_steps(backend, dtype, kind, average):
    optimizers = kind(0.1), kind(0.1, average=average)
    params = [[backend.asarray(p, dtype, copy=True) for p in START] for _ in optimizers]
    states = [o.init(own) for o, own in zip(optimizers, params)]
    taken = []
    for grads in GRADS:
        for i, optimizer in enumerate(optimizers):
            placed = [backend.asarray(g, dtype, copy=True) for g in grads]
            params[i], states[i] = optimizer.update(params[i], placed, states[i])
        taken.append([host(p).astype("float64") for p in params[0]])
    weights = average ** np.arange(len(GRADS))[::-1]
    eps = 100 * np.finfo(dtype).eps
    for k, mean in enumerate(states[1]["average"]):
        # the steps are those that are taken without it
        np.testing.assert_array_equal(host(params[1][k]), host(params[0][k]))
        assert mean.dtype == backend.dtype(dtype)
        wanted = np.average([of_step[k] for of_step in taken], axis=0, weights=weights)
        np.testing.assert_allclose(host(mean), wanted, rtol=eps, atol=eps)


@pytest.mark.parametrize("average", [0, 1, 1.5, -0.1, float("nan"), "0.9", True])
def test_what_no_average_is_refused(average):
    with pytest.raises((TypeError, ValueError), match="average must be"):
        xpnn.Adam(average=average)


def test_a_file_of_before_is_as_it_was():
    assert "average" not in xpnn.naming.describe(xpnn.Adam())
    assert xpnn.naming.describe(xpnn.Adam(average=0.9))["average"] == 0.9
