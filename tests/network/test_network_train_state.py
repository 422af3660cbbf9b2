"""Where the parameters and the optimizer's memory lie while steps are taken."""

import numpy as np
import pytest
from stepping import X, Y, network

import xpnn


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
