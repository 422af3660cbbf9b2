"""What pictures are given: what is refused wherever it is given."""

import numpy as np
import pytest
from drawing import POINTS, left_or_right
from matplotlib.figure import Figure

from xpnn.plots import confusion_matrix, decision_regions


def test_names_of_classes_are_refused_with_what_to_do():
    names = np.array(["cat", "dog"])
    for call in (
        lambda axes: confusion_matrix(axes, names, [0, 1]),
        lambda axes: decision_regions(axes, left_or_right, POINTS[0], [*names, *names]),
    ):
        with pytest.raises(TypeError, match=r"y must be class indices: .*labels="):
            call(Figure().subplots())
