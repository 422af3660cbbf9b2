"""After a NaN: what is told of it, and what the model then has."""

import numpy as np
import pytest
from support import host

import xpnn
from xpnn import Callback, Dense, DivergenceError, Sequential


def diverging():
    """Return a model that diverges in the second epoch that it trains."""
    model = Sequential([Dense(1, 1, weights=[[1.0]])], dtype="float64", seed=0)
    return model.compile("mean_squared_error", xpnn.SGD(1e200, momentum=0.5))


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_divergence_tells_epoch_step_and_what_to_try(backend):
    x, y = np.ones((4, 1)), np.zeros((4, 1))
    model = diverging()
    seen = []

    class Watch(Callback):
        def on_epoch_begin(self, epoch):
            seen.append([host(p).copy() for p in self.model.parameters])

    # one step: a finite loss, and parameters of 1e200; the loss of those is infinite
    with pytest.raises(DivergenceError) as caught:
        model.fit(x, y, epochs=5, batch_size=None, callbacks=[Watch()])
    for words in ("inf", "epoch 2", "step 1", "learning rate", "1e+200", "float64"):
        assert words in str(caught.value)
    assert isinstance(caught.value, ArithmeticError)
    assert len(seen) == 2
    # those at the beginning of epoch 2 are of no use: it is they that give infinity
    np.testing.assert_equal([host(p) for p in model.parameters], seen[0])
    assert model.history.epochs == 1
    # the optimizer starts anew: with other settings the model can be trained on
    model.set_parameters([[[1.0]], [0.0]])
    model.compile("mean_squared_error", xpnn.SGD(0.1))
    assert model.fit(x, y, epochs=3).history["loss"][-1] < 1


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_divergence_within_an_epoch_gives_back_what_was_before_it(backend):
    x, y = np.ones((6, 1)), np.zeros((6, 1))
    model = diverging()
    before = [host(p).copy() for p in model.parameters]
    with pytest.raises(DivergenceError, match=r"epoch 1, step 2"):
        model.fit(x, y, epochs=5, batch_size=2)
    np.testing.assert_equal([host(p) for p in model.parameters], before)
    assert model.history.epochs == 0
    assert model.train_state.memory == {}
    with pytest.raises(DivergenceError, match=r"epoch 1, step 2"):  # nothing was spoilt
        model.fit(x, y, batch_size=2)


def test_divergence_says_so_and_nothing_else(backend):
    """The error tells all; NumPy's own warnings on the way to it would be noise."""
    model = diverging()
    with pytest.raises(DivergenceError):
        model.fit(np.ones((6, 1)), np.zeros((6, 1)), epochs=5, batch_size=2)


def test_the_last_step_may_break_it(backend):
    model = xpnn.Sequential([xpnn.Dense(1, 1, weights="ones")], seed=0)
    model.compile("mean_squared_error", xpnn.SGD(3e38))
    before = [host(p).copy() for p in model.parameters]
    with pytest.raises(xpnn.DivergenceError, match=r"parameters became .* epoch 1, step 1"):
        model.fit(np.full((4, 1), 5.0), np.zeros(4), batch_size=None)
    for p, q in zip(model.parameters, before):
        assert np.array_equal(host(p), q)


def test_the_last_step_of_several_epochs_may_break_it(backend):
    """Then the last epoch began well, and what it began with is given back."""

    class TooFast(xpnn.callbacks.Callback):
        def on_epoch_begin(self, epoch):
            self.began_with = [host(p).copy() for p in self.model.parameters]
            if epoch == 2:
                self.model.learning_rate = 3e38

    model, too_fast = xpnn.Sequential([xpnn.Dense(1, 1, weights="ones")], seed=0), TooFast()
    model.compile("mean_squared_error", xpnn.SGD(0.001))
    with pytest.raises(xpnn.DivergenceError, match=r"parameters became .* epoch 3, step 1"):
        model.fit(
            np.full((4, 1), 5.0), np.zeros(4), epochs=3, batch_size=None, callbacks=[too_fast]
        )
    np.testing.assert_equal([host(p) for p in model.parameters], too_fast.began_with)
