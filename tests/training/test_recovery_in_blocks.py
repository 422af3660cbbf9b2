"""After a NaN in a block of steps: back to where an epoch began well."""

import re

import numpy as np
import pytest
from stepping import Write, WritePatiently, WriteSteps, X, Y, assert_same
from support import host

import xpnn


def diverging(optimizer, seed):
    """A network without a kink: with such steps it grows evenly, until it is too large."""
    model = xpnn.Sequential(
        [xpnn.Dropout(xpnn.schedules.StepDecay(0.4, 5, 0.5)), xpnn.Dense(3, 2)], seed=seed
    )
    return model.compile(xpnn.MeanSquaredError(), optimizer)


def test_divergence_in_a_block_goes_back_to_where_an_epoch_began_well(backend):
    # with seed 1 and whole batches, the first epoch of the second block is the bad one
    firsts = set()
    optimizers = [xpnn.SGD(1.6), xpnn.SGD(3.0), xpnn.SGD(3.5, momentum=0.9)]
    for optimizer in optimizers[: 1 if backend.name == "jax" else 3]:
        for batch_size in (None, 5, 11):
            for seed in (1,) if backend.name == "jax" else (0, 1):
                how = {"batch_size": batch_size}
                model = diverging(optimizer, seed)
                with pytest.raises(xpnn.DivergenceError) as raised:
                    model.fit(X, Y, epochs=5000, **how)
                found = re.search(
                    r"loss became \S+ in epoch (\d+), step (\d+)", str(raised.value)
                )
                assert found, raised.value
                epoch, step = (int(number) - 1 for number in found.groups())
                assert model.history.epochs == epoch  # all before have a loss
                assert np.isfinite(model.history.history["loss"]).all()
                # the last epoch whose first loss was finite, and what was learnt before it
                began_well = epoch if step else epoch - 1
                firsts.add(step == 0)
                wanted = diverging(optimizer, seed)
                if began_well:
                    wanted.fit(X, Y, epochs=began_well, **how)
                for p, q in zip(model.parameters, wanted.parameters):
                    if backend.name in ("jax", "cupy"):  # numbers grow, and so do differences
                        np.testing.assert_allclose(host(p), host(q), rtol=1e-2)
                    else:
                        np.testing.assert_array_equal(host(p), host(q))
                assert all(np.isfinite(host(p)).all() for p in model.parameters)
    if backend.name != "jax":
        assert firsts == {True, False}


def test_divergence_is_the_same_whoever_listens(backend):
    for batch_size in (None, 5):
        ends = []
        for callbacks in ([], [Write()], [WriteSteps()], [WritePatiently()]):
            model = diverging(xpnn.SGD(1.6), 1)
            with pytest.raises(xpnn.DivergenceError) as raised:
                model.fit(X, Y, epochs=5000, batch_size=batch_size, callbacks=callbacks)
            where = re.search(r"in epoch \d+, step \d+", str(raised.value))[0]
            ends.append((where, model.history.epochs, [host(p) for p in model.parameters]))
            heard = [call for c in callbacks for call in c.heard if call[0] == "end"]
            assert len(heard) == (model.history.epochs if callbacks else 0)
        for end in ends[1:]:
            if backend.name != "jax":  # of which an overflow can come a step earlier
                assert end[:2] == ends[0][:2]
                # on a GPU numbers grow, and so do differences
                rtol = 1e-2 if backend.name == "cupy" else 1e-5
                assert_same(backend, end[2], ends[0][2], rtol=rtol)


@pytest.mark.parametrize("epochs", [2, 3])
def test_divergence_in_the_second_epoch_of_few(backend, epochs):
    """Outputs of 1e18 become -2.8 times as large in each step: the fourth loss overflows."""

    def model():
        one = xpnn.Sequential([xpnn.Dense(1, 1, weights=1e18)])
        return one.compile("mean_squared_error", xpnn.SGD(0.95, momentum=0.1))

    x, y, diverged, wanted = np.ones((4, 1)), np.zeros((4, 1)), model(), model()
    with pytest.raises(xpnn.DivergenceError, match="epoch 2, step 2"):
        diverged.fit(x, y, epochs=epochs, batch_size=2)
    wanted.fit(x, y, epochs=1, batch_size=2)
    for p, q in zip(diverged.parameters, wanted.parameters):
        np.testing.assert_array_equal(host(p), host(q))
