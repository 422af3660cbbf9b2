"""Tables as they come: read from files and frames, understood, and made into numbers.

`read` reads any table as columns, `prepare` finds out what these are and what is to be learnt.
What a table becomes for a network, and a network's outputs for people, is plain data that is
kept in the model file, so that whoever uses the model gives raw rows and gets the answers in
the table's own terms.  Reading needs the extra ``tables``.
"""

from .columns import Table
from .preparation import Prepared, prepare
from .single import Feature, Preparation
from .sources import batches, from_frame, read
from .targets import Classes, Measure

read_table = read
"""The name that `read` had when it knew only CSV."""

__all__ = [
    "Classes",
    "Feature",
    "Measure",
    "Preparation",
    "Prepared",
    "Table",
    "batches",
    "from_frame",
    "prepare",
    "read",
    "read_table",
]
