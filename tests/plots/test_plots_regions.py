"""Decision regions."""

import numpy as np
import pytest
from drawing import POINTS, left_or_right
from matplotlib.figure import Figure

from xpnn.plots import decision_regions


def test_regions_are_what_the_model_sees():
    axes = Figure().subplots()
    decision_regions(axes, left_or_right, *POINTS, labels=["left", "right"])
    (mesh,) = (c for c in axes.collections if type(c).__name__ == "QuadMesh")
    grid, seen = mesh.get_coordinates(), mesh.get_array()
    assert seen.shape == (300, 300)
    # the regions reach beyond the points, and change where the function does
    assert grid[..., 0].min() < 0
    assert grid[..., 0].max() > 1
    across = np.linspace(-0.05, 1.05, 300)
    np.testing.assert_array_equal(seen, np.tile(across > 0.5, (300, 1)))
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["left", "right"]


def test_regions_follow_a_model_that_learns():
    border = [0.5]

    def predict(points):
        right = points[:, :1] > border[0]
        return np.where(right, 0.9, 0.2)  # one output, which says yes or no

    axes = Figure().subplots()
    update = decision_regions(axes, predict, *POINTS, resolution=40)
    (mesh,) = (c for c in axes.collections if type(c).__name__ == "QuadMesh")
    across = np.linspace(-0.05, 1.05, 40)
    np.testing.assert_array_equal(mesh.get_array(), np.tile(across > 0.5, (40, 1)))
    border[0] = 0.1
    update()
    np.testing.assert_array_equal(mesh.get_array(), np.tile(across > 0.1, (40, 1)))


def test_targets_may_be_rows():
    X, y = POINTS
    places = []
    for targets in (y, y[:, None], y[:, None].astype(np.float32), np.eye(2)[y]):
        axes = Figure().subplots()
        decision_regions(axes, left_or_right, X, targets, resolution=10)
        places.append([c.get_offsets().tolist() for c in axes.collections[1:]])
    assert all(place == places[0] for place in places)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"X": np.zeros((4, 3))}, r"X must be points in the plane, of shape \(n, 2\), got"),
        ({"X": np.full((4, 2), np.inf)}, "X must hold finite numbers; got inf in row 0"),
        ({"y": np.array([0, 1, 0.5, 1])}, "y must be class indices, integers >= 0; got 0.5"),
        ({"y": np.array([0, 1, -1, 1])}, "y must be class indices, integers >= 0; got -1"),
        ({"y": np.array([0, 1])}, "y must have as many rows as X, 4, got 2"),
        ({"labels": ["left"]}, r"labels must name 2 classes, got \['left'\]"),
        ({"resolution": 1}, "resolution must be an integer >= 2, got 1"),
    ],
)
def test_bad_input_of_regions_is_refused(wrong, said):
    settings = {"X": POINTS[0], "y": POINTS[1], **wrong}
    with pytest.raises(ValueError, match=said):
        decision_regions(Figure().subplots(), left_or_right, **settings)
