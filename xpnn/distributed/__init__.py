"""One training on many processes: the same training.

    communicator = xpnn.distributed.mpi()
    model.fit(X, y, batch_size=4096, communicator=communicator)

started by ``mpiexec -n 4 python -m mpi4py train.py``.  `docs/guides/many.md` tells how it is
started elsewhere, and what it costs.

Each process takes its part of every batch; all draw one order and one noise, gradients are
summed once a step, and statistics of a batch are those of the whole batch.  So one seed gives
one run on any number of processes, to rounding.

Beside `mpi` there are `Communicator`s of array libraries' own: a function ``LIBRARY_WORD`` is
found in that library's backend when it is asked for, so that none is named here.
"""

from importlib import import_module
from typing import Any

from .communicator import Communicator, DistributedError
from .processes import mpi

__all__ = ["Communicator", "DistributedError", "mpi"]


def __getattr__(name: str) -> Any:
    """Find a communicator that an array library brings."""
    if not name.startswith("_"):
        place = f"xpnn.backends._{name}"
        try:
            return getattr(import_module(place), name)
        except ModuleNotFoundError as error:
            if error.name != place:
                raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
