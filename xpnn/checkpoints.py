"""Checkpoints: what it takes to go on with a training.

`xpnn.callbacks.Checkpoint` writes them, and ``fit(resume=directory)`` goes on from one.  What
is here is for programs that look into a run's folder themselves; it is made in
`xpnn.training.resume`.
"""

from .training.resume import (
    CheckpointWarning,
    Start,
    generator_state,
    newest,
    set_generator_state,
)

__all__ = ["CheckpointWarning", "Start", "generator_state", "newest", "set_generator_state"]
