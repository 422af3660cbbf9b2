"""Learning rates that change with the number of steps taken, sorted by complexity.

A schedule is given to an optimizer instead of a number: ``Adam(CosineDecay(0.01, 1000))``, or
as `AdamW`'s weight decay, or to a layer: ``Dropout(WarmUp(0.3, 500))``.  It is a frozen
description and elementwise in the step, so `fit` computes it for many steps at once on the
host, and a compiled step never goes stale.  What depends on how training goes is a callback:
`xpnn.callbacks.ReduceOnPlateau`.
"""

# isort: off
# Classes register themselves in this order.
from .base import SCHEDULES, Schedule
from .base import current_step
from .base import as_learning_rate as as_learning_rate
from .base import at_step as at_step
from .base import learning_rate_at as learning_rate_at
from .decays import StepDecay, ExponentialDecay, CosineDecay, FlatCosine
from .cycles import Cyclic, OneCycle, CosineLog
from .others import WarmUp, Scaled
# isort: on

__all__ = [
    "SCHEDULES",
    "CosineDecay",
    "CosineLog",
    "Cyclic",
    "ExponentialDecay",
    "FlatCosine",
    "OneCycle",
    "Scaled",
    "Schedule",
    "StepDecay",
    "WarmUp",
    "current_step",
]
