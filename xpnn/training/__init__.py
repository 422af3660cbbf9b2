"""Training: the pure functions of a step, and the loop that takes steps.

The names here are those of the step, as `xpnn.network` has them: data goes in, data comes out,
so a backend may compile each as a whole, finite differences can check it, and two threads can
run it.  The loop of `Sequential.fit` is in `xpnn.training.loop`.
"""

from ..network.stack import Noise, Stack, fuse
from ..network.step import TrainStep, bind, clip, make_gradients, make_measure

__all__ = [
    "Noise",
    "Stack",
    "TrainStep",
    "bind",
    "clip",
    "fuse",
    "make_gradients",
    "make_measure",
]
