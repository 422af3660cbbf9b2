"""The parts of the book's chapters 14 to 18: penalties, dropout, losses and accuracies."""

import numpy as np
import pytest
from support import host

from xpnn import calculus, nnfs

rng = np.random.default_rng(8)


@pytest.fixture(autouse=True)
def init(backend, fresh_book):
    nnfs.init()


@pytest.mark.parametrize("kind", ["weight", "bias"])
@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_penalties_and_their_gradients(kind, norm):
    plain = nnfs.Layer_Dense(3, 2)
    layer = nnfs.Layer_Dense(3, 2, **{f"{kind}_regularizer_{norm}": 0.3})
    values = {"weight": rng.standard_normal((3, 2)), "bias": rng.standard_normal((1, 2))}
    for one in (plain, layer):
        one.set_parameters(values["weight"], values["bias"])
        one.forward(rng.standard_normal((4, 3)) * 0)
        one.backward(np.ones((4, 2)))

    def penalty(p):
        return 0.3 * np.sum(np.abs(p) if norm == "l1" else p * p)

    loss = nnfs.Loss_CategoricalCrossentropy()
    assert loss.regularization_loss(plain) == 0
    assert loss.regularization_loss(layer) == pytest.approx(penalty(values[kind]), rel=1e-6)
    loss.remember_trainable_layers([plain, layer, layer])
    assert loss.regularization_loss() == pytest.approx(2 * penalty(values[kind]), rel=1e-6)
    for name, other in (("weight", "dweights"), ("bias", "dbiases")):
        added = host(getattr(layer, other)) - host(getattr(plain, other))
        wanted = calculus.gradient(penalty, values[name]) if name == kind else 0.0
        np.testing.assert_allclose(added, host(wanted), atol=1e-5)


def test_at_0_the_book_takes_a_slope_of_1():
    layer = nnfs.Layer_Dense(2, 2, bias_regularizer_l1=0.25)
    layer.forward(np.zeros((1, 2)))
    layer.backward(np.zeros((1, 2)))
    assert host(layer.dbiases).tolist() == [[0.25, 0.25]]


@pytest.mark.parametrize("name", ["weight_regularizer_l1", "bias_regularizer_l2"])
def test_a_penalty_is_no_reward(name):
    with pytest.raises(ValueError, match=name):
        nnfs.Layer_Dense(2, 2, **{name: -1e-3})


def test_dropout_draws_as_the_book_does():
    dropout = nnfs.Layer_Dropout(0.3)
    assert dropout.rate == 1 - 0.3
    x = rng.standard_normal((5, 4)).astype(np.float32)
    np.random.seed(3)
    mask = np.random.binomial(1, 0.7, size=(5, 4)) / 0.7
    np.random.seed(3)
    dropout.forward(x)
    np.testing.assert_allclose(host(dropout.binary_mask), mask, rtol=1e-6)
    np.testing.assert_allclose(host(dropout.output), x * mask, rtol=1e-6)
    dropout.backward(np.ones((5, 4)))
    np.testing.assert_allclose(host(dropout.dinputs), mask, rtol=1e-6)
    dropout.forward(x, training=False)
    np.testing.assert_array_equal(host(dropout.output), x)
    with pytest.raises(ValueError, match="rate"):
        nnfs.Layer_Dropout(1.0)


LOSSES = {
    nnfs.Loss_BinaryCrossentropy: lambda p, y: -(y * np.log(p) + (1 - y) * np.log(1 - p)),
    nnfs.Loss_MeanSquaredError: lambda p, y: (y - p) ** 2,
    nnfs.Loss_MeanAbsoluteError: lambda p, y: abs(y - p),
}


@pytest.mark.float64
@pytest.mark.parametrize("cls", LOSSES)
@pytest.mark.parametrize("outputs", [1, 3])
def test_losses_and_their_gradients(cls, outputs):
    p, y = rng.uniform(0.1, 0.9, (6, outputs)), rng.integers(2, size=(6, outputs))

    def each(p):
        return np.mean(LOSSES[cls](p, y), axis=1)

    loss = cls()
    np.testing.assert_allclose(host(loss.forward(p, y)), each(p), rtol=1e-9)
    assert loss.calculate(p, y) == pytest.approx(np.mean(each(p)), rel=1e-9)
    loss.backward(p, y)
    wanted = calculus.gradient(lambda p: np.mean(each(p)), p)
    np.testing.assert_allclose(host(loss.dinputs), host(wanted), rtol=1e-6, atol=1e-9)
    if outputs == 1:
        assert loss.calculate(p, y[:, 0]) == pytest.approx(np.mean(each(p)), rel=1e-9)
    with pytest.raises(ValueError, match="y_true"):
        loss.calculate(p, y[:-1])


def test_losses_of_batches_add_up():
    p, y = rng.uniform(0.1, 0.9, (10, 2)), rng.uniform(0.1, 0.9, (10, 2))
    loss = nnfs.Loss_MeanSquaredError()
    with pytest.raises(ValueError, match="since new_pass"):
        loss.calculate_accumulated()
    for _ in range(2):
        loss.new_pass()
        for rows in (slice(0, 7), slice(7, 10)):
            loss.calculate(p[rows], y[rows])
        assert loss.calculate_accumulated() == pytest.approx(np.mean((p - y) ** 2), rel=1e-5)
    layer = nnfs.Layer_Dense(2, 2, weight_regularizer_l2=1.0)
    loss.remember_trainable_layers([layer])
    mean, penalty = loss.calculate_accumulated(include_regularization=True)
    assert penalty == pytest.approx(np.sum(host(layer.weights) ** 2), rel=1e-5)
    assert loss.calculate(p, y, include_regularization=True) == pytest.approx((mean, penalty))


def test_accuracies():
    classes = nnfs.Accuracy_Categorical()
    assert classes.calculate(np.array([0, 1, 2, 1]), np.array([0, 1, 1, 1])) == 0.75
    assert classes.calculate(np.array([2, 0]), np.eye(3)[[2, 1]]) == 0.5
    assert classes.calculate_accumulated() == 4 / 6
    classes.new_pass()
    with pytest.raises(ValueError, match="since new_pass"):
        classes.calculate_accumulated()
    with pytest.raises(ValueError, match="same shape"):
        classes.calculate(np.array([0, 1]), np.array([0, 1, 1]))
    answers = nnfs.Accuracy_Categorical(binary=True)
    assert answers.calculate(np.array([[0], [1]]), np.array([1, 1])) == 0.5
    near = nnfs.Accuracy_Regression()
    y = np.array([[0.0], [1.0], [2.0]])
    with pytest.raises(ValueError, match=r"init\(y\)"):
        near.calculate(y, y)
    near.init(y)
    step = np.std(y) / 250
    assert near.calculate(y + step * np.array([[0.9], [-0.9], [1.1]]), y) == pytest.approx(
        2 / 3
    )
    near.init(10 * y)
    assert near.precision == pytest.approx(step)
    near.init(10 * y, reinit=True)
    assert near.precision == pytest.approx(10 * step)


def test_an_accuracy_of_ones_own():
    class Half(nnfs.Accuracy):
        def compare(self, predictions, y):
            return np.arange(len(y)) % 2 == 0

    assert Half().calculate(np.zeros(4), np.zeros(4)) == 0.5
    with pytest.raises(TypeError, match="does not define compare"):
        nnfs.Accuracy().calculate(np.zeros(4), np.zeros(4))
