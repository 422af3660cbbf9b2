"""Pictures: of a training, of what a network has learnt, and of how optimizers walk.

A function either draws on the matplotlib ``Axes`` that it is given or returns a ``Figure``,
whose ``savefig(path)`` writes it.  They need matplotlib, which is imported when a picture is
drawn.  No window is opened and no global state of matplotlib is touched.  Models and arrays
may be on any backend.
"""

from .activations import neuron_activations
from .confusion import confusion_matrix
from .curves import learning_curves, rate_curve
from .files import check_picture
from .gradients import gradient_history, gradient_norms
from .inside import dense_layers as dense_layers
from .neurons import contributions, fitted_curve, sine_by_hand
from .norms import norms_of as norms_of
from .regions import decision_regions
from .style import COLOURS as COLOURS
from .style import MARKERS as MARKERS
from .style import REGION_ALPHA as REGION_ALPHA
from .style import SIGNED as SIGNED
from .style import class_colours as class_colours
from .training import picture_of_training
from .walking import minima, valley, walk
from .walks import optimizer_walk, optimizer_walks
from .weights import weight_map, weight_maps

__all__ = [
    "check_picture",
    "confusion_matrix",
    "contributions",
    "decision_regions",
    "fitted_curve",
    "gradient_history",
    "gradient_norms",
    "learning_curves",
    "minima",
    "neuron_activations",
    "optimizer_walk",
    "optimizer_walks",
    "picture_of_training",
    "rate_curve",
    "sine_by_hand",
    "valley",
    "walk",
    "weight_map",
    "weight_maps",
]
