"""The confusion matrix."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from xpnn.plots import confusion_matrix


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
