"""Where the parameters and the optimizer's memory lie while steps are taken."""

import numpy as np
import pytest
from stepping import X, Y, network
from support import assert_close, host

import xpnn

rng = np.random.default_rng(5)


def address(array):
    return array.__array_interface__["data"][0]


@pytest.mark.parametrize(
    "optimizer", [xpnn.SGD(0.01), xpnn.SGD(0.01, momentum=0.9), xpnn.Adam()], ids=str
)
def test_numpy_keeps_the_parameters_in_one_buffer(optimizer):
    model = network(optimizer, backend="numpy")
    places = set()
    for how in ({"epochs": 30}, {"batch_size": None}, {"epochs": 5, "batch_size": 7}):
        model.fit(X, Y, **how)
        packed = model.train_state.packed
        assert len(packed.buffers) == 1
        assert len(packed.slots) == len(optimizer.slots)
        groups = [
            model.parameter_arrays,
            *(model.train_state.memory[name] for name in optimizer.slots),
        ]
        for arrays, buffers in zip(groups, [packed.buffers, *packed.slots]):
            assert sum(a.size for a in arrays) == buffers[0].size
            assert all(np.shares_memory(a, buffers[0]) for a in arrays)
        places.add(
            tuple(
                address(b)
                for b in [*packed.buffers, *(s for slot in packed.slots for s in slot)]
            )
        )
    assert len(places) == 1


def test_parameters_that_are_set_are_trained_on(backend):
    """By plain steps, p - 0.1 * gradient."""
    x, y = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    model = xpnn.Sequential([xpnn.Dense(3, 2)], dtype="float64", seed=0)
    model.compile("mean_squared_error", xpnn.SGD(0.1))
    model.fit(x, y, epochs=2, batch_size=None)
    for value in (0.5, -2.0):
        model.set_parameters([np.full((3, 2), value), np.full(2, value)])
        _, gradients = model.gradients(x, y)
        model.fit(x, y, batch_size=None)
        for p, gradient in zip(model.parameters, gradients):
            assert_close(p, value - 0.1 * host(gradient), rtol=1e-12)
