"""Runs beside each other."""

import numpy as np
import pytest
from drawing import HISTORY, axes

import xpnn
from xpnn import plots
from xpnn.schedules import StepDecay


def test_rates_are_those_that_training_takes():
    optimizers = {
        "decay": xpnn.SGD(0.5, decay=0.1),
        "steps": xpnn.Adam(StepDecay(1.0, every=3, factor=0.5)),
    }
    drawn = axes()
    rates = plots.learning_rates(drawn, optimizers, steps=7)
    t = np.arange(7)
    np.testing.assert_allclose(rates["decay"], 0.5 / (1 + 0.1 * t))  # the book's
    np.testing.assert_allclose(rates["steps"], [1, 1, 1, 0.5, 0.5, 0.5, 0.25])
    drawn_rates = [line.get_ydata() for line in drawn.get_lines()]
    np.testing.assert_array_equal(drawn_rates, [*rates.values()])


def test_a_measure_of_several_runs():
    drawn = axes()
    runs = {"one": HISTORY, "two": {"loss": [4.0, 3.0], "accuracy": [0.0, 0.5]}}
    plots.compared_curves(drawn, runs, "accuracy")
    one, two = drawn.get_lines()
    np.testing.assert_array_equal(one.get_ydata(), HISTORY["accuracy"])
    np.testing.assert_array_equal(two.get_xdata(), [1, 2])
    assert [t.get_text() for t in drawn.get_legend().get_texts()] == ["one", "two"]


def test_a_leap_of_the_loss_does_not_make_the_rest_small():
    drawn = axes()
    plots.compared_curves(drawn, {"leaps": {"loss": [1.0, 100.0, 0.5]}})
    assert drawn.get_ylim()[1] == 2


def test_what_is_no_run_is_refused():
    with pytest.raises(TypeError, match="optimizers must be a dict of names and Optimizers"):
        plots.learning_rates(axes(), [xpnn.SGD()])
    with pytest.raises(TypeError, match="histories must be a dict of names and histories"):
        plots.compared_curves(axes(), [HISTORY])
    with pytest.raises(ValueError, match="name must be a measure of 'one'"):
        plots.compared_curves(axes(), {"one": HISTORY}, "recall")
