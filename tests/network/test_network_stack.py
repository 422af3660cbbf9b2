"""The last layer and the loss: what goes together, and what is joined."""

import numpy as np
import pytest

import xpnn
from xpnn import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Dense,
    Linear,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
)
from xpnn.network.stack import Stack, is_ours


def test_dense_end_and_a_loss_that_takes_probabilities():
    for last in (Dense(2, 3), Linear(), ReLU(), xpnn.LeakyReLU()):
        model = Sequential([Dense(2, 2), Dense(2, 2), last])
        for loss, remedy in (
            (CategoricalCrossEntropy(), "Softmax"),
            (BinaryCrossEntropy(), "Sigmoid"),
        ):
            with pytest.raises(ValueError) as caught:
                model.compile(loss, "sgd")
            for word in (
                "loss",
                "probabilities",
                type(last).__name__,
                remedy,
                "from_logits=True",
            ):
                assert word in str(caught.value)
            model.compile(type(loss)(from_logits=True), "sgd")


@pytest.mark.parametrize(
    ("last", "loss"), [(Softmax, CategoricalCrossEntropy), (Sigmoid, BinaryCrossEntropy)]
)
def test_probabilities_end_and_a_loss_that_takes_logits(last, loss):
    with pytest.raises(ValueError) as caught:
        Sequential([Dense(2, 3), last()]).compile(loss(from_logits=True), "sgd")
    for word in ("loss", "logits", last.__name__, "probabilities"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("last", "loss"),
    [(xpnn.Softmax(), "categorical_cross_entropy"), (xpnn.Sigmoid(), "binary_cross_entropy")],
)
def test_a_network_that_is_only_joined_with_its_loss(backend, last, loss):
    x = np.array([[0.0, 1.0], [2.0, -1.0]])
    y = np.array([[0.0, 1.0], [1.0, 0.0]])
    model = xpnn.Sequential([last]).compile(loss, "sgd", clip_norm=np.float32(1))
    history = model.fit(x, y)
    assert history.history["loss"][0] == pytest.approx(model.evaluate(x, y)["loss"])
    assert model.gradients(x, y)[1] == []


class OwnOfTestStack(xpnn.Layer):
    def forward(self, params, x):
        return x, lambda dy: (dy, ())


@pytest.mark.parametrize(
    ("part", "ours"),
    [
        (Dense(2, 3), True),
        ((Dense(2, 3), ReLU()), True),
        ({"a": 1, "b": "text", "c": None}, True),
        (Dense(2, 3, weights=xpnn.initializers.Normal(0.1)), True),
        (xpnn.metrics.r2, True),
        (OwnOfTestStack(), False),
        ([Dense(2, 3), OwnOfTestStack()], False),
        ({"layer": OwnOfTestStack()}, False),
        (Dense(2, 3, weights=lambda generator, shape: np.ones(shape)), False),
        (np.mean, False),
        (len, False),
        (xpnn.metrics.as_metric(lambda p, y: 0.0), False),
    ],
)
def test_what_is_xpnn_s_own(part, ours):
    assert is_ours(part) is ours


def test_layers_beside_those_with_a_state_get_what_they_drew():
    """Dropout's 2 or 0, and then the mean of a column and its spread."""
    drawn = np.array([[2.0, 0.0], [2.0, 2.0], [0.0, 2.0], [2.0, 2.0]])
    stack = Stack((xpnn.Dropout(0.5), xpnn.BatchNorm(2, momentum=0.0, epsilon=1e-300)))
    params = stack.split([np.ones(2), np.zeros(2)])
    y, _, state = stack.train(
        params, [np.zeros(2), np.ones(2)], np.ones((4, 2)), ((drawn,), ())
    )
    np.testing.assert_allclose(state[0], [1.5, 1.5])
    np.testing.assert_allclose(y, (drawn - 1.5) / drawn.std(axis=0))
