"""The check of users' own optimizers finds what it is there to find."""

from dataclasses import dataclass

import pytest
from support import of_the_core

import xpnn
from xpnn.backend import array_namespace
from xpnn.optimizers import OPTIMIZERS
from xpnn.testing import check_optimizer

OUR_OPTIMIZERS = [
    xpnn.SGD(),
    xpnn.SGD(0.1, momentum=0.9, decay=0.1),
    xpnn.SGD(0.1, momentum=0.9, nesterov=True),
    xpnn.AdaGrad(0.1),
    xpnn.RMSProp(0.01, decay=0.1),
    xpnn.Adam(0.01),
    xpnn.Adam(0.01, beta_1=0.0),
    xpnn.AdamW(0.01, weight_decay=0.1),
]
listed = {type(optimizer) for optimizer in OUR_OPTIMIZERS}
OUR_OPTIMIZERS += [
    cls() for cls in OPTIMIZERS.values() if of_the_core(cls) and cls not in listed
]


@pytest.mark.parametrize("optimizer", OUR_OPTIMIZERS, ids=str)
def test_every_optimizer_passes(optimizer, backend):
    check_optimizer(optimizer, backends=["numpy", backend])


def test_every_optimizer_is_tested():
    ours = {name for name, cls in OPTIMIZERS.items() if of_the_core(cls)}
    assert ours == {type(optimizer).__name__ for optimizer in OUR_OPTIMIZERS}


@dataclass(frozen=True)
class Uphill(xpnn.Optimizer):
    learning_rate: float = 0.1

    def rule(self, p, g, learning_rate):
        return (p + learning_rate * g,)


def test_a_wrong_optimizer_is_found():
    with pytest.raises(AssertionError, match="the loss rose"):
        check_optimizer(Uphill(), backends=["numpy"])


@dataclass(frozen=True)
class Normed(xpnn.Optimizer):
    """Its rule looks at a whole parameter, so that joined ones take other steps."""

    learning_rate: float = 0.1

    def rule(self, p, g, learning_rate):
        xp = array_namespace(p)
        return (p - learning_rate * g / xp.sqrt(xp.sum(g * g)),)


def test_a_rule_that_is_not_elementwise_is_found():
    with pytest.raises(AssertionError, match="the rule is not elementwise"):
        check_optimizer(Normed(), backends=["numpy"])
