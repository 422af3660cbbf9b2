"""Figures that move, of pages that say ``<!-- figure: NAME -->``; one file a figure.

A figure is drawn in its first state when the site is built, and brings a table of what else its
numbers and lines can be, all of which xpnn computes here.  ``moving.js`` only looks them up.
"""

from __future__ import annotations

import re

from .backward import backward
from .neuron import neuron
from .product import product
from .sine import sine
from .tangent import tangent
from .walks import walks

FIGURES = {f.__name__: f for f in (backward, neuron, product, sine, tangent, walks)}
MARK = re.compile(r"<!-- figure: (.*?) -->")


def with_figures(html: str) -> str:
    """Put figures where a page asks for them.

    Raises
    ------
    ValueError
        If there is no figure of that name.
    """

    def drawn(match: re.Match[str]) -> str:
        name = match[1]
        if name not in FIGURES:
            raise ValueError(f"a page asks for the figure {name!r}; there are {[*FIGURES]}")
        return FIGURES[name]().html(name)

    return MARK.sub(drawn, html)
