"""A disk that is full: the system lets this process write files of a few bytes only."""

import resource
from contextlib import contextmanager


@contextmanager
def full_disk(room=0):
    """Let no file become longer than `room` bytes; what goes on is refused by the system."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
