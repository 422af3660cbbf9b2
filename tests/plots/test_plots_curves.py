"""Learning curves."""

import numpy as np
import pytest
from drawing import HISTORY
from matplotlib.figure import Figure

from xpnn.plots import learning_curves, picture_of_training


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


def test_a_measure_of_validation_only_is_drawn():
    history = {"loss": [2.0, 1.0], "val_loss": [2.0, 1.5], "val_roc_auc": [0.5, 0.7]}
    loss, area = picture_of_training(history).axes
    assert loss.get_title() == "Loss"
    (line,) = area.get_lines()
    np.testing.assert_array_equal(line.get_ydata(), [0.5, 0.7])


def test_a_measure_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match=r"measure in history, \['loss'\], got 'f1'"):
        learning_curves(Figure().subplots(), {"loss": [1.0]}, "f1")
