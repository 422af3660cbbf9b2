"""Learning rates at steps where one can say what they are."""

import math

import numpy as np
import pytest
from support import host

import xpnn
from xpnn.schedules import CosineLog, FlatCosine, Scaled, StepDecay


def rates(backend, schedule, steps):
    return host(schedule(backend.asarray(np.asarray(steps), "float32")))


def test_cosine_log(backend):
    """With three cycles in 70 steps they end at 10, 30 and 70, and are highest in between."""
    schedule = CosineLog(0.4, 70, cycles=3)
    ends = rates(backend, schedule, [0, 10, 30, 70, 71, 10_000])
    np.testing.assert_allclose(ends, 0, atol=1e-6)
    # where log2(1 + t / 10) is 1/2, 3/2 and 5/2
    tops = [10 * (2**half - 1) for half in (0.5, 1.5, 2.5)]
    np.testing.assert_allclose(rates(backend, schedule, tops), 0.4, rtol=1e-5)
    assert (np.diff(rates(backend, schedule, range(5))) > 0).all()


def test_step_decay(backend):
    t = backend.asarray(np.arange(12.0), "float64" if backend.has_float64 else "float32")
    found = host(StepDecay(0.5, 5, 0.2)(t))
    np.testing.assert_allclose(found, [0.5] * 5 + [0.1] * 5 + [0.02] * 2, rtol=1e-6)


def test_flat_cosine(backend):
    schedule = FlatCosine(0.2, 100, flat=0.6)
    assert rates(backend, schedule, [0, 30, 59, 60]) == pytest.approx([0.2] * 4)
    falling = 0.2 * (1 + math.cos(math.pi / 4)) / 2
    assert rates(backend, schedule, [70, 80, 100]) == pytest.approx([falling, 0.1, 0], abs=1e-7)
    assert rates(backend, schedule, [101, 10_000]) == pytest.approx([0, 0])


def test_scaled(backend):
    halved = rates(backend, Scaled(FlatCosine(0.2, 100), 0.5), [0, 75, 100])
    assert halved == pytest.approx([0.1, 0.05, 0], abs=1e-7)


def test_a_weight_decay_that_changes(backend, tmp_path):
    """With no gradient, each step multiplies by 1 - rate * decay, which ends after two."""
    layer = xpnn.Dense(1, 1, weights=1.0)
    model = xpnn.Sequential([layer], dtype="float64")
    optimizer = xpnn.AdamW(0.5, weight_decay=FlatCosine(0.1, 2))
    model.compile("mean_squared_error", optimizer)
    model.fit(np.zeros((1, 1)), np.zeros((1, 1)), epochs=1)
    model.save(tmp_path / "model")
    model = xpnn.load(tmp_path / "model")
    assert model.compiled.optimizer == optimizer
    model.fit(np.zeros((1, 1)), np.zeros((1, 1)), epochs=3)
    # of the steps 0, 1, 2 and 3: flat until half of them, then 0
    assert host(model.parameters[0])[0, 0] == pytest.approx((1 - 0.5 * 0.1) ** 2)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: CosineLog(0, 10), "learning_rate"),
        (lambda: CosineLog(0.1, 0), "steps"),
        (lambda: CosineLog(0.1, 10, cycles=0), "cycles"),
        (lambda: FlatCosine(0.1, 10, flat=1), "flat"),
        (lambda: FlatCosine(0.1, 2.5), "steps"),
        (lambda: Scaled(0.1, -1), "factor"),
        (lambda: Scaled("fast", 1), "schedule"),
        (lambda: xpnn.AdamW(weight_decay=-0.1), "weight_decay"),
        (lambda: xpnn.AdamW(weight_decay=lambda t: t), "weight_decay"),
    ],
    ids=["rate", "steps", "cycles", "flat", "half", "factor", "what", "decay", "function"],
)
def test_what_is_refused(make, name):
    with pytest.raises((TypeError, ValueError), match=f"^{name} must"):
        make()
