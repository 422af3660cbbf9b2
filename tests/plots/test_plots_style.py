"""The colours of pictures."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from xpnn.plots import COLOURS

# Machado, Oliveira and Fernandes (2009), severity 1: what linear RGB looks like to people
# without cones for long, middle and short waves.
SEEN = {
    "trichromat": np.eye(3),
    "protanope": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranope": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanope": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def lab(colour, matrix):
    """Return a colour, as somebody sees it, in CIELAB, where distances are differences seen."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.asarray(matrix) @ linear, 0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.asarray(to_xyz) @ linear / [0.9505, 1.0, 1.089]
    f = [v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("matrix", SEEN.values(), ids=SEEN)
def test_colours_differ_for_any_colour_vision(matrix):
    # the curves, and the regions of up to four classes; 10 is a difference at a glance
    for pair in [(COLOURS[0], COLOURS[4]), *itertools.combinations(COLOURS[:4], 2)]:
        assert np.linalg.norm(lab(pair[0], matrix) - lab(pair[1], matrix)) > 10, pair
