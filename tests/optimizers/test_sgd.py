"""Gradient descent beside its equation, written out in NumPy."""

import pytest
from equations import assert_follows, assert_settings_are_checked

import xpnn


def sgd(p, g, s, t, o):
    lr = o.learning_rate / (1 + o.decay * t)
    v = s["v"] = o.momentum * s.get("v", 0) - lr * g
    return p + (o.momentum * v - lr * g if o.nesterov else v)


@pytest.mark.parametrize(
    "optimizer",
    [
        xpnn.SGD(0.1),
        xpnn.SGD(0.1, decay=0.5),
        xpnn.SGD(0.1, momentum=0.9, decay=0.5),
        xpnn.SGD(0.1, momentum=0.9, decay=0.5, nesterov=True),
    ],
    ids=str,
)
def test_the_equation(backend, dtype, optimizer):
    assert_follows(optimizer, sgd, backend, dtype)


def test_settings_are_checked():
    assert_settings_are_checked(xpnn.SGD)


def test_nesterov_needs_momentum():
    with pytest.raises(ValueError, match="nesterov needs a momentum > 0"):
        xpnn.SGD(nesterov=True)
