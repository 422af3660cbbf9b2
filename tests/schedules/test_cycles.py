"""One cycle and many, at steps where one can say what they are."""

import numpy as np
import pytest
from support import host

from xpnn.schedules import Cyclic, OneCycle


def rates(backend, schedule, steps):
    return host(schedule(backend.asarray(np.asarray(steps), "float32")))


def test_one_cycle(backend):
    schedule = OneCycle(0.4, 100, rise=0.2, start=0.25, final=0.5)
    # halfway up a cosine is halfway
    found = rates(backend, schedule, [0, 10, 20, 60, 100, 101, 10_000])
    assert found == pytest.approx([0.1, 0.25, 0.4, 0.3, 0.2, 0.2, 0.2], rel=1e-5)
    steps = np.diff(rates(backend, schedule, range(101)))
    assert (steps[:20] > 0).all()
    assert (steps[20:] < 0).all()


def test_a_cycle_of_one_step(backend):
    found = rates(backend, OneCycle(0.4, 1), [0, 1, 2])
    assert found == pytest.approx([0.016, 1.6e-6, 1.6e-6], rel=1e-3)


def test_triangles(backend):
    schedule = Cyclic(0.5, 10, lowest=0.1)
    found = rates(backend, schedule, [0, 1, 5, 9, 10, 15, 20])
    assert found == pytest.approx([0.1, 0.18, 0.5, 0.18, 0.1, 0.5, 0.1], rel=1e-5)
    schedule = Cyclic(0.8, 8, rise=0.25, factor=0.5)
    found = rates(backend, schedule, [0, 1, 2, 5, 8, 10, 18])
    assert found == pytest.approx([0, 0.4, 0.8, 0.4, 0, 0.4, 0.2], rel=1e-5)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: OneCycle(0, 10), "learning_rate"),
        (lambda: OneCycle(0.1, 0), "steps"),
        (lambda: OneCycle(0.1, 10, rise=0), "rise"),
        (lambda: OneCycle(0.1, 10, start=1), "start"),
        (lambda: OneCycle(0.1, 10, final=-1), "final"),
        (lambda: Cyclic("fast", 10), "learning_rate"),
        (lambda: Cyclic(0.1, 1), "every"),
        (lambda: Cyclic(0.1, 10, lowest=0.1), "lowest"),
        (lambda: Cyclic(0.1, 10, rise=1), "rise"),
        (lambda: Cyclic(0.1, 10, factor=1.5), "factor"),
        (lambda: Cyclic(0.1, 10, factor=0), "factor"),
    ],
)
def test_what_is_refused(make, name):
    with pytest.raises((TypeError, ValueError), match=f"^{name} must"):
        make()
