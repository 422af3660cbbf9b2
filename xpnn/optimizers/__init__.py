"""Optimizers, sorted in order of increasing complexity: an open list, a file for each family.

An optimizer is a frozen description; what it remembers between steps is plain data::

    state = optimizer.init(params)
    params, state = optimizer.update(params, grads, state)

`update` consumes what it is given: arrays that can be changed are changed in place, so
the old ones must not be used again.  `xpnn.optimizers.base` tells what an optimizer is made
of, and CONTRIBUTING how to add one.
"""

# isort: off
# In this order they register themselves, and messages list them.
from .base import OPTIMIZERS, Optimizer, State
from .sgd import SGD
from .adagrad import AdaGrad
from .rmsprop import RMSProp
from .adadelta import AdaDelta
from .lion import Lion
from .adam import Adam, AdamW
from .adamax import AdaMax
from .nadam import NAdam
from .adan import Adan
from .lamb import LAMB
from .muon import Muon
# isort: on

__all__ = [
    "LAMB",
    "OPTIMIZERS",
    "SGD",
    "AdaDelta",
    "AdaGrad",
    "AdaMax",
    "Adam",
    "AdamW",
    "Adan",
    "Lion",
    "Muon",
    "NAdam",
    "Optimizer",
    "RMSProp",
    "State",
]
