"""Networks: layers with their arrays on a backend, and what is computed with them.

From the bottom up: `stack` runs layers forwards and backwards; `step` makes pure functions of
that, a step of training among them; `measuring` joins what is measured; `compiled` is how a
network is trained and measured; `rows` checks and places data; `arrays` holds the layers'
arrays, and `network` uses them; `train_state` is what training changes beside them.
"""

from .compiled import Compiled
from .network import Network
from .stack import Stack, fuse
from .step import TrainStep
from .train_state import TrainState

__all__ = ["Compiled", "Network", "Stack", "TrainState", "TrainStep", "fuse"]
