"""Pictures of a training."""

import itertools
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image
from processes import run_python

from xpnn.plots import (
    COLOURS,
    check_picture,
    confusion_matrix,
    decision_regions,
    learning_curves,
    picture_of_training,
)

HISTORY = {
    "loss": [3.0, 2.0, 1.0],
    "accuracy": [0.2, 0.4, 0.9],
    "val_loss": [3.5, 2.5, 2.0],
    "val_accuracy": [0.1, 0.3, 0.5],
}


def left_or_right(points):
    """See class 1 right of x = 0.5."""
    right = np.asarray(points)[:, 0] > 0.5
    return np.stack([~right, right], axis=1).astype(np.float32)


POINTS = np.array([[0.0, 0.0], [0.2, 1.0], [0.9, 0.3], [1.0, 0.8]]), np.array([0, 0, 1, 1])


def test_curves_show_each_measure_in_training_and_validation():
    loss, accuracy = picture_of_training(HISTORY).axes
    for axes, name in ((loss, "loss"), (accuracy, "accuracy")):
        lines = {line.get_label(): line for line in axes.get_lines()}
        assert set(lines) == {"training", "validation"}
        np.testing.assert_array_equal(lines["training"].get_xdata(), [1, 2, 3])
        np.testing.assert_array_equal(lines["training"].get_ydata(), HISTORY[name])
        np.testing.assert_array_equal(lines["validation"].get_ydata(), HISTORY[f"val_{name}"])
        assert axes.get_title() == name.capitalize()


def test_one_epoch_without_validation_can_be_seen():
    (axes,) = picture_of_training({"loss": [1.0]}).axes
    (line,) = axes.get_lines()
    assert line.get_marker() == "o"


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


def test_a_picture_of_points_is_written(tmp_path):
    figure = picture_of_training(HISTORY, left_or_right, POINTS, names=("width", "height"))
    assert len(figure.axes) == 3
    assert (figure.axes[2].get_xlabel(), figure.axes[2].get_ylabel()) == ("width", "height")
    path = tmp_path / "picture.png"
    figure.savefig(path)
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_no_window_system_is_asked_for():
    done = run_python(
        """
        import sys
        from xpnn.plots import picture_of_training
        picture_of_training({"loss": [1.0]})
        print("matplotlib.pyplot" in sys.modules)
        """
    )
    assert done.stdout == "False\n"


def test_a_picture_of_an_unknown_kind_is_refused(tmp_path):
    check_picture(tmp_path / "curves.PNG")
    for name in ("curves.doc", "curves"):
        with pytest.raises(ValueError, match=r"must end in .*\.png.*, got '.*curves"):
            check_picture(tmp_path / name)


def test_without_matplotlib_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'xpnn\[plot\]'"):
        check_picture("curves.png")


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


def counted(y, predictions, k):
    """Count in Python."""
    counts = [[0] * k for _ in range(k)]
    for true, taken in zip(y, predictions):
        counts[true][taken] += 1
    return counts


def test_the_confusion_matrix_counts():
    rng = np.random.default_rng(0)
    y, scores = rng.integers(4, size=50), rng.random((50, 4))
    wanted = counted(y.tolist(), scores.argmax(axis=1).tolist(), 4)
    axes = Figure().subplots()
    counts = confusion_matrix(axes, y, scores, labels=["a", "b", "c", "d"])
    np.testing.assert_array_equal(counts, wanted)
    (image,) = axes.get_images()
    parts = np.array([[n / sum(row) for n in row] for row in wanted])
    np.testing.assert_allclose(image.get_array(), parts)
    written = {tuple(t.get_position()): int(t.get_text()) for t in axes.texts}
    assert written == {
        (j, i): n for i, row in enumerate(wanted) for j, n in enumerate(row) if n
    }
    assert [t.get_text() for t in axes.get_yticklabels()] == ["a", "b", "c", "d"]
    right = sum(wanted[i][i] for i in range(4)) / 50
    assert axes.get_title() == f"Confusion matrix: {right:.1%} right"


def test_confusions_of_two_classes_and_of_classes_that_are_absent():
    y = np.array([0, 1, 1, 1])
    counts = confusion_matrix(Figure().subplots(), y, np.array([[0.2], [0.7], [0.4], [0.9]]))
    np.testing.assert_array_equal(counts, counted(y, [0, 1, 0, 1], 2))
    counts = confusion_matrix(Figure().subplots(), [0, 0], [0, 2])
    np.testing.assert_array_equal(counts, [[1, 0, 1], [0, 0, 0], [0, 0, 0]])


def test_bad_input_of_confusions_is_refused():
    with pytest.raises(ValueError, match="predictions must have as many rows as y, 2, got 1"):
        confusion_matrix(Figure().subplots(), [0, 1], [0])
    with pytest.raises(ValueError, match="labels must name 2 classes"):
        confusion_matrix(Figure().subplots(), [0, 1], [0, 1], labels=["a"])
    with pytest.raises(ValueError, match="predictions must be class indices"):
        confusion_matrix(Figure().subplots(), [0, 1], [0, 0.3])


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


def test_the_page_shows_what_its_code_draws():
    docs = Path(__file__).parents[1] / "docs"
    page = (docs / "pictures.md").read_text(encoding="utf-8")
    code = "".join(re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL))
    drawn = re.findall(r'(?:savefig|TrainingMovie)\("([\w.]+)"\)', code)
    shown = re.findall(r"!\[[^\]]+\]\(images/([\w.]+)\)", page)
    assert drawn == shown
    for name in shown:
        path = docs / "images" / name
        with Image.open(path) as picture:
            picture.load()
        assert path.stat().st_size < (3_000_000 if name.endswith(".gif") else 150_000)
    with Image.open(docs / "images" / "momentum.gif") as movie:
        assert movie.n_frames > 100


def test_a_measure_of_validation_only_is_drawn():
    history = {"loss": [2.0, 1.0], "val_loss": [2.0, 1.5], "val_roc_auc": [0.5, 0.7]}
    loss, area = picture_of_training(history).axes
    assert loss.get_title() == "Loss"
    (line,) = area.get_lines()
    np.testing.assert_array_equal(line.get_ydata(), [0.5, 0.7])


def test_a_measure_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match=r"measure in history, \['loss'\], got 'f1'"):
        learning_curves(Figure().subplots(), {"loss": [1.0]}, "f1")


def test_names_of_classes_are_refused_with_what_to_do():
    names = np.array(["cat", "dog"])
    for call in (
        lambda axes: confusion_matrix(axes, names, [0, 1]),
        lambda axes: decision_regions(axes, left_or_right, POINTS[0], [*names, *names]),
    ):
        with pytest.raises(TypeError, match=r"y must be class indices: .*labels="):
            call(Figure().subplots())
