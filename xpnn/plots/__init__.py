"""Pictures: of a training, of what a network has learnt, and of how all of it computes.

A function either draws on the matplotlib ``Axes`` that it is given or returns a ``Figure``,
whose ``savefig(path)`` writes it.  They need matplotlib, which is imported when a picture is
drawn.  No window is opened and no global state of matplotlib is touched.  Models and arrays
may be on any backend.
"""

from .activations import neuron_activations
from .cells import array_cells, dot_product, matrix_product, transposition
from .confidence import confidence_loss, confidences
from .confusion import confusion_matrix
from .curves import learning_curves, rate_curve
from .diagrams import network_diagram
from .expressions import graph_of_function
from .files import check_picture
from .formula import forward_formula
from .gradients import gradient_history, gradient_norms
from .graph import Edge, Graph, Node, graph_of_network
from .inside import dense_layers as dense_layers
from .neuron import activation_curve, neuron_diagram, neuron_line
from .neurons import contributions, fitted_curve, fitted_rows, sine_by_hand
from .norms import norms_of as norms_of
from .operations import operation_graph
from .rates import compared_curves, learning_rates
from .regions import decision_regions, regions_beside_each_other
from .responses import network_response
from .scatter import points
from .style import COLOURS as COLOURS
from .style import MARKERS as MARKERS
from .style import REGION_ALPHA as REGION_ALPHA
from .style import SIGNED as SIGNED
from .style import class_colours as class_colours
from .style import new_figure as new_figure
from .surfaces import gradient_arrows, partial_derivatives
from .tangents import derivative_curve, secants, tangents
from .training import picture_of_training
from .walking import hills, minima, valley, walk
from .walks import optimizer_walk, optimizer_walks
from .weights import weight_map, weight_maps

__all__ = [
    "Edge",
    "Graph",
    "Node",
    "activation_curve",
    "array_cells",
    "check_picture",
    "compared_curves",
    "confidence_loss",
    "confidences",
    "confusion_matrix",
    "contributions",
    "decision_regions",
    "derivative_curve",
    "dot_product",
    "fitted_curve",
    "fitted_rows",
    "forward_formula",
    "gradient_arrows",
    "gradient_history",
    "gradient_norms",
    "graph_of_function",
    "graph_of_network",
    "hills",
    "learning_curves",
    "learning_rates",
    "matrix_product",
    "minima",
    "network_diagram",
    "network_response",
    "neuron_activations",
    "neuron_diagram",
    "neuron_line",
    "operation_graph",
    "optimizer_walk",
    "optimizer_walks",
    "partial_derivatives",
    "picture_of_training",
    "points",
    "rate_curve",
    "regions_beside_each_other",
    "secants",
    "sine_by_hand",
    "tangents",
    "transposition",
    "valley",
    "walk",
    "weight_map",
    "weight_maps",
]
