"""A training that ends in time."""

import pytest
from ten_rows import X, Y, model

import xpnn
from xpnn import Callback


@pytest.mark.parametrize(("lasts", "epochs"), [(10.0, 1), (1.0, 4), (0.3, 15)])
def test_time_budget(monkeypatch, lasts, epochs):
    clock = [100.0]
    monkeypatch.setattr("xpnn.callbacks.time_budget.time.monotonic", lambda: clock[0])

    class Slow(Callback):
        def on_epoch_begin(self, epoch):
            clock[0] += lasts

    network = model()
    network.fit(X, Y, epochs=50, callbacks=[Slow(), xpnn.callbacks.TimeBudget(4.6)])
    assert network.history.epochs == epochs
    assert clock[0] - 100 <= max(4.6, lasts)
