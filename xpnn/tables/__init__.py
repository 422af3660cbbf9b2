"""Tables of numbers and categories: read from CSV, and made into a network's numbers.

A `Table` is what a CSV file says.  A `Preparation` is how its columns become inputs and
a network's outputs become answers: plain data that is kept in the model file, so that
whoever uses the model gives raw rows and gets the answers in the file's own terms.
`prepare` finds out which preparation suits a table.

`read` reads any table as columns (`xpnn.tables.columns.Table`), for the estimators of
`xpnn.sklearn`; what it needs is the extra ``tables``.
"""

from .inference import prepare
from .preparation import Classes, Feature, Measure, Preparation
from .reading import read_table
from .sources import batches, from_frame, read
from .table import Table

__all__ = [
    "Classes",
    "Feature",
    "Measure",
    "Preparation",
    "Table",
    "batches",
    "from_frame",
    "prepare",
    "read",
    "read_table",
]
