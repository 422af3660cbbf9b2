"""A graph of operations, drawn: values above its edges, gradients below."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from ..checks import check_integer
from .graph import Edge, Graph
from .style import COLOURS, new_figure, number

__all__ = ["operation_graph"]

GRADIENT = COLOURS[4]
"""The colour of what goes back."""


def operation_graph(
    graph: Graph, *, stages: int | None = None, gradients: int | None = None
) -> Any:
    """Draw a graph of operations, with values above its edges and gradients below.

    Parameters
    ----------
    graph : Graph
        As `graph_of_network` or `graph_of_function` returns it.
    stages : int, optional
        Of how many operations in a row the results are drawn, counted from what goes in; by
        default of all.
    gradients : int, optional
        On how many edges gradients are drawn, in the order in which they go back; by default
        on all.

    Returns
    -------
    matplotlib.figure.Figure
        The graph: what goes in is on the left, operations are circles with their names.
    """
    stages = check_integer("stages", len(graph.nodes) if stages is None else stages, at_least=0)
    gradients = len(graph.edges) if gradients is None else gradients
    gradients = check_integer("gradients", gradients, at_least=0)
    columns = [node.column for node in graph.nodes]
    rows = [node.row for node in graph.nodes]
    width, height = np.ptp(columns) + 2.0, np.ptp(rows) + 1.4
    scale = min(0.85, 16 / width)  # inches for a column
    figure = new_figure(scale * width + 0.3, 0.42 * height + 0.3, dpi=110)
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_xlim(min(columns) - 0.4, max(columns) + 1.6)
    axes.set_ylim(max(rows) + 0.7, min(rows) - 0.7)
    ways = _ways(graph)
    for k, (edge, way) in enumerate(zip(graph.edges, ways)):
        source = graph.nodes[edge.source]
        is_here = source.stage <= stages
        goes_back = is_here and k < gradients
        _draw_way(axes, way, GRADIENT if goes_back else "0.6")
        if is_here:
            _write(axes, way.label, source.value, "bottom", "black")
        if goes_back:
            _write(axes, way.label, edge.gradient, "top", GRADIENT)
    for node in graph.nodes:
        shape = "circle,pad=0.25" if len(node.text) < 3 else "round,pad=0.3"
        edge_of_box, face = (COLOURS[0], "white") if node.stage else ("0.6", "0.92")
        axes.text(
            node.column,
            node.row,
            node.text,
            ha="center",
            va="center",
            fontsize=10,
            color="black",
            zorder=4,
            bbox={"boxstyle": shape, "facecolor": face, "edgecolor": edge_of_box},
        )
    return figure


class _Way(NamedTuple):
    """How an edge is drawn: from where, to where, and where its numbers stand."""

    start: tuple[float, float]
    end: tuple[float, float]
    label: tuple[float, float]


def _ways(graph: Graph) -> list[_Way]:
    """Find how edges are drawn, so that the numbers of no two are in the same place.

    They leave and arrive level.  An edge that is the only one from its node has its numbers
    where it leaves; of several from one node, each has them where it arrives; and where several
    of these arrive at one node, they do so one above the other.
    """
    leaving = Counter(edge.source for edge in graph.edges)
    crowded = dict[int, list[Edge]]()
    for edge in graph.edges:
        if edge.target >= 0 and leaving[edge.source] > 1:
            crowded.setdefault(edge.target, []).append(edge)
    shifts = dict[Edge, float]()
    for edges in crowded.values():
        edges.sort(key=lambda edge: graph.nodes[edge.source].row)
        shifts |= {e: 1.2 * (k - (len(edges) - 1) / 2) for k, e in enumerate(edges)}
    ways = []
    for edge in graph.edges:
        source = graph.nodes[edge.source]
        start = source.column, source.row
        if edge.target < 0:
            end = source.column + 1.5, source.row
        else:
            target = graph.nodes[edge.target]
            room = 0.06 * len(target.text) if "$" not in target.text else 0.15
            end = target.column - room, target.row + shifts.get(edge, 0.0)
        beside_end, beside_start = (end[0] - 0.65, end[1]), (start[0] + 0.75, start[1])
        ways.append(_Way(start, end, beside_end if edge in shifts else beside_start))
    return ways


def _draw_way(axes: Any, way: _Way, colour: str) -> None:
    """Draw an arrow that leaves and arrives level."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    (x0, y0), (x1, y1), (at, level) = way
    # level from its node to behind the numbers, and then in a bend
    first = max(at + 0.4, x0 + 0.3) if level == y0 else x0 + 0.3
    last = x1 - 0.3 if level == y0 else at - 0.45
    if first >= last:
        first = last = (first + last) / 2
    bend = (first + last) / 2
    points = [(x0, y0), (first, y0), (bend, y0), (bend, y1), (last, y1), (x1 - 0.2, y1)]
    codes = [Path.MOVETO, Path.LINETO, Path.CURVE4, Path.CURVE4, Path.CURVE4, Path.LINETO]
    axes.add_patch(
        FancyArrowPatch(
            path=Path(points, codes), arrowstyle="-|>", mutation_scale=9, color=colour, lw=1.1
        )
    )


def _write(axes: Any, at: tuple[float, float], value: float, where: str, colour: str) -> None:
    """Write a number above the way, its bottom on it, or below."""
    up = -0.06 if where == "bottom" else 0.08
    words: dict[str, Any] = {"ha": "center", "va": where, "fontsize": 8.5, "color": colour}
    axes.text(at[0], at[1] + up, number(value), zorder=3, **words)
