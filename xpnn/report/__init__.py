"""A page about a model of a table: whether to use it, and where it goes wrong.

`evidence` measures, by networks that had not seen the rows; `figures` draws; `page` puts both
into one file of HTML that needs nothing else, readable on a narrow window and in the dark.
It needs the extra ``report``.
"""

from .evidence import Evidence, gather
from .page import report

__all__ = ["Evidence", "gather", "report"]
