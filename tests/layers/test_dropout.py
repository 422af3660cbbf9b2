"""Dropout whose rate is a schedule, beside steps by hand in NumPy."""

import copy
from dataclasses import dataclass

import numpy as np
import pytest
from support import host

import xpnn
from xpnn.schedules import CosineDecay, Schedule, StepDecay, WarmUp

rng = np.random.default_rng(11)
X, Y = rng.standard_normal((12, 3)), rng.standard_normal((12, 2))
W = rng.standard_normal((3, 2))


@dataclass(frozen=True)
class ClimbOfTestDropout(Schedule):
    to: float

    def __call__(self, t):
        return self.to * t


def network(rate, wrap=lambda layer: layer, **options):
    layers = [wrap(xpnn.Dropout(rate)), xpnn.Dense(3, 2, weights=W, biases=0.0)]
    model = xpnn.Sequential(layers, seed=4, **options)
    return model.compile("mean_squared_error", xpnn.SGD(0.1))


@pytest.mark.float64
@pytest.mark.parametrize("wrap", [lambda layer: layer, xpnn.Residual], ids=["alone", "inside"])
@pytest.mark.parametrize("size", [4, 5, None])
def test_each_step_has_its_rate(backend, size, wrap):
    schedule = WarmUp(CosineDecay(0.7, 9), 5)
    model = network(schedule, wrap, dtype="float64", backend=backend)
    generator = copy.deepcopy(model.generator)
    w, b, t = W.copy(), np.zeros(2), 0
    for epochs in (3, 2):  # the second fit goes on
        model.fit(X, Y, epochs=epochs, batch_size=size, shuffle=False)
        for _ in range(epochs):
            for start in range(0, 12, size or 12):
                x, y = X[start : start + (size or 12)], Y[start : start + (size or 12)]
                rate = float(schedule(np.array(float(t))))
                dropped = x * (generator.random(x.shape) >= rate) / (1 - rate)
                x = dropped if wrap is not xpnn.Residual else x + dropped
                dy = 2 * (x @ w + b - y) / y.size
                w, b, t = w - 0.1 * x.T @ dy, b - 0.1 * dy.sum(axis=0), t + 1
    for p, q in zip(model.parameters, (w, b)):
        np.testing.assert_allclose(host(p), q, rtol=1e-9, atol=1e-12)


def test_a_file_keeps_the_schedule(tmp_path):
    model = network(StepDecay(0.5, 10))
    model.save(tmp_path / "a.xpnn")
    assert xpnn.load(tmp_path / "a.xpnn").layers == model.layers


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        (CosineDecay(1.5, 10), "gives 1.5 at step 0"),
        (ClimbOfTestDropout(0.01), "gives 1 at step 100"),
        (ClimbOfTestDropout(-1.0), "gives -1 at step 1"),
        (lambda t: 0.5, "rate must be a number >= 0 or a Schedule"),
        (1.0, "rate must be"),
        ("0.5", "rate must be"),
    ],
)
def test_rates_out_of_range(rate, message):
    with pytest.raises((TypeError, ValueError), match=message):
        xpnn.Dropout(rate)


def test_a_rate_that_is_out_of_range_late_is_told_then():
    layer = xpnn.Dropout(ClimbOfTestDropout(0.00009))
    with (
        xpnn.schedules.at_step(20_000),
        pytest.raises(ValueError, match=r"gives 1\.8 at step 20000"),
    ):
        layer.draw(np.random.default_rng(0), (2, 3))
