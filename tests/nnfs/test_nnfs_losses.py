"""The book's losses, alone and together with softmax."""

import numpy as np
import pytest
from support import host

from xpnn import nnfs

OUTPUTS = np.array([[0.7, 0.1, 0.2], [0.1, 0.5, 0.4], [0.02, 0.9, 0.08]])
TARGETS = np.array([0, 1, 1])
WANTED = np.array(
    [
        [-0.1, 0.03333333, 0.06666667],
        [0.03333333, -0.16666667, 0.13333333],
        [0.00666667, -0.03333333, 0.02666667],
    ]
)


@pytest.fixture(autouse=True)
def init(backend, fresh_book):
    nnfs.init()


def test_chapter_9_compares_the_two_ways_back():
    """As typed in the book: the activation's output is set by hand."""
    together = nnfs.Activation_Softmax_Loss_CategoricalCrossentropy()
    together.backward(OUTPUTS, TARGETS)
    activation = nnfs.Activation_Softmax()
    activation.output = OUTPUTS
    loss = nnfs.Loss_CategoricalCrossentropy()
    loss.backward(OUTPUTS, TARGETS)
    activation.backward(loss.dinputs)
    np.testing.assert_allclose(host(together.dinputs), WANTED, atol=1e-7)
    np.testing.assert_allclose(host(activation.dinputs), WANTED, atol=1e-7)


@pytest.mark.parametrize("wrong", [[0, 5, 1], [0, -1, 1], [0, 0.5, 1], [0, 1]])
def test_labels_that_are_none(wrong):
    loss = nnfs.Loss_CategoricalCrossentropy()
    for call in (loss.calculate, loss.backward):
        with pytest.raises(ValueError, match="y_true must"):
            call(OUTPUTS, np.array(wrong))
