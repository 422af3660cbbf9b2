"""What the book prints in chapters 2 to 10, to the digit, by the book's own names.

The texts are the book's, and what its own code prints with NumPy 2 on an x86-64; where the
two differ, in the last digit of what float32's exp goes through, the latter's.  On NumPy the
text itself is compared, elsewhere its numbers.
"""

import re
from decimal import Decimal

import numpy as np
import pytest
from support import host

from xpnn import nnfs
from xpnn.nnfs.datasets import spiral_data, vertical_data

INPUTS = np.array([[1.0, 2.0, 3.0, 2.5], [2.0, 5.0, -1.0, 2.0], [-1.5, 2.7, 3.3, -0.8]])
WEIGHTS = np.array([[0.2, 0.8, -0.5, 1], [0.5, -0.91, 0.26, -0.5], [-0.26, -0.27, 0.17, 0.87]])
PROBABILITIES = np.array([[0.7, 0.1, 0.2], [0.1, 0.5, 0.4], [0.02, 0.9, 0.08]])
CLASSES = np.array([0, 1, 1])


LEARNING_RATES = [
    *("1.0", "0.9090909090909091", "0.8333333333333334", "0.7692307692307692"),
    *("0.7142857142857143", "0.6666666666666666", "0.625", "0.588235294117647"),
    *("0.5555555555555556", "0.5263157894736842", "0.5", "0.47619047619047616"),
    *("0.45454545454545453", "0.4347826086956522", "0.41666666666666663", "0.4"),
    *("0.3846153846153846", "0.37037037037037035", "0.35714285714285715"),
    "0.3448275862068965",
]


@pytest.fixture(autouse=True)
def fresh(fresh_book):
    """Each test is a script, which may call `nnfs.init` or not."""


@pytest.fixture
def prints(backend):
    """Return a function that checks what a script would print.

    `units` of the last printed digit are allowed on other machines, and four of them, or four
    roundings of the largest number, in other libraries.
    """

    def check(value, text, units=0):
        if backend.name == "numpy" and not units:
            assert str(value) == text
            return
        words = re.findall(r"[-+.\w]+", text)
        last_digit = 10.0 ** min(Decimal(word).as_tuple().exponent for word in words)
        wanted, actual = np.array(words, float), np.asarray(host(value))
        allowed = (units or 4) * last_digit
        if actual.dtype.kind == "f":
            allowed = max(allowed, 4 * np.finfo(actual.dtype).eps * abs(wanted).max())
        np.testing.assert_allclose(actual.reshape(-1), wanted, rtol=0, atol=allowed)

    return check


def dense_of(weights, biases):
    layer = nnfs.Layer_Dense(*np.shape(weights))
    layer.weights, layer.biases = np.array(weights), np.array([biases])
    return layer


def through(*layers, inputs):
    for layer in layers:
        layer.forward(inputs)
        inputs = layer.output
    return inputs


# ------------------------------------------------------------------------- chapters 2 and 3


def test_neurons_and_layers(prints):
    neuron = dense_of(WEIGHTS[:1].T, [2.0])
    prints(through(neuron, inputs=INPUTS[:1]), "[[4.8]]")
    layer = dense_of(WEIGHTS.T, [2.0, 3.0, 0.5])
    prints(
        through(layer, inputs=INPUTS),
        "[[ 4.8    1.21   2.385]\n [ 8.9   -1.81   0.2  ]\n [ 1.41   1.051  0.026]]",
    )
    second = dense_of(
        [[0.1, -0.5, -0.44], [-0.14, 0.12, 0.73], [0.5, -0.33, -0.13]], [-1, 2, -0.5]
    )
    prints(
        through(layer, second, inputs=INPUTS.tolist()),
        "[[ 0.5031  -1.04185 -2.03875]\n [ 0.2434  -2.7332  -5.7633 ]\n"
        " [-0.99314  1.41254 -0.35655]]",
    )


def test_draws():
    nnfs.init()
    assert str(np.random.randn(2, 5)) == (
        "[[ 1.7640524   0.4001572   0.978738    2.2408931   1.867558  ]\n"
        " [-0.9772779   0.95008844 -0.1513572  -0.10321885  0.41059852]]"
    )


def test_a_layer_on_the_spiral(prints):
    nnfs.init()
    X, _ = spiral_data(samples=100, classes=3)
    prints(
        through(nnfs.Layer_Dense(2, 3), inputs=X)[:5, ...],
        "[[ 0.0000000e+00  0.0000000e+00  0.0000000e+00]\n"
        " [-1.0475188e-04  1.1395361e-04 -4.7983500e-05]\n"
        " [-2.7414842e-04  3.1729150e-04 -8.6921798e-05]\n"
        " [-4.2188365e-04  5.2666257e-04 -5.5912682e-05]\n"
        " [-5.7707680e-04  7.1401405e-04 -8.9430439e-05]]",
    )


# ------------------------------------------------------------------------- chapters 4 and 5


def test_activations(prints):
    nnfs.init()  # inputs that are float64, or integers, stay so
    relu = nnfs.Activation_ReLU()
    relu.forward([[0, 2, -1, 3.3, -2.7, 1.1, 2.2, -100]])
    prints(relu.output, "[[0.  2.  0.  3.3 0.  1.1 2.2 0. ]]")
    relu.forward([[0, 2, -1, 3]])
    prints(relu.output, "[[0 2 0 3]]")
    softmax = nnfs.Activation_Softmax()
    for row, text in (
        ([4.8, 1.21, 2.385], "[[0.89528266 0.02470831 0.08000903]]"),
        ([1, 2, 3], "[[0.09003057 0.24472847 0.66524096]]"),
        ([-2, -1, 0], "[[0.09003057 0.24472847 0.66524096]]"),
        ([0.5, 1, 1.5], "[[0.18632372 0.30719589 0.50648039]]"),
    ):
        softmax.forward([row])
        prints(softmax.output, text)


def test_the_untrained_network(prints, backend):
    nnfs.init()
    X, y = spiral_data(samples=100, classes=3)
    layers = [nnfs.Layer_Dense(2, 3), nnfs.Activation_ReLU()]
    layers += [nnfs.Layer_Dense(3, 3), nnfs.Activation_Softmax()]
    output = through(*layers, inputs=X)
    prints(
        output[:5, ...],
        "[[0.33333334 0.33333334 0.33333334]\n [0.3333332  0.3333332  0.33333364]\n"
        " [0.3333329  0.33333293 0.3333342 ]\n [0.3333326  0.33333263 0.33333477]\n"
        " [0.33333233 0.3333324  0.33333528]]",
        units=5,  # the book has 0.33333316 in the second row
    )
    prints(nnfs.Loss_CategoricalCrossentropy().calculate(output, y), "1.0986104", units=2)
    predictions = host(output).argmax(axis=1)
    assert str(np.mean(predictions == host(y))) == "0.34"


def test_losses(prints):
    nnfs.init()
    loss = nnfs.Loss_CategoricalCrossentropy()
    prints(loss.forward(PROBABILITIES, CLASSES), "[0.35667494 0.69314718 0.10536052]")
    prints(loss.calculate(PROBABILITIES, CLASSES), "0.38506088005216804")
    prints(loss.calculate(PROBABILITIES, np.eye(3)[CLASSES]), "0.38506088005216804")
    rows = np.eye(3, dtype=int)[CLASSES]  # with which NumPy multiplies in double precision
    single = np.array(PROBABILITIES, np.float32)
    prints(loss.calculate(single, rows), "0.3850608945591187")
    prints(
        loss.calculate(np.array([[0.0, 1.0]], np.float32), np.array([[1, 0]])),
        "16.118095639272223",
    )
    loss.backward(single, rows)
    assert not np.signbit(host(loss.dinputs)[rows == 0]).any()
    prints(loss.calculate([[0.7, 0.1, 0.2]], [0]), "0.35667494393873245")
    prints(loss.calculate([[0.0, 1.0]], [0]), "16.11809565095832")


# ------------------------------------------------------------------------------- chapter 9


def test_gradients_of_layers(prints):
    layer = dense_of(WEIGHTS.T, [2.0, 3.0, 0.5])
    layer.forward(INPUTS)
    layer.backward(np.array([[1.0, 1, 1], [2, 2, 2], [3, 3, 3]]))
    prints(
        layer.dinputs,
        "[[ 0.44 -0.38 -0.07  1.37]\n [ 0.88 -0.76 -0.14  2.74]\n [ 1.32 -1.14 -0.21  4.11]]",
    )
    prints(
        layer.dweights,
        "[[ 0.5  0.5  0.5]\n [20.1 20.1 20.1]\n [10.9 10.9 10.9]\n [ 4.1  4.1  4.1]]",
    )
    prints(layer.dbiases, "[[6. 6. 6.]]")
    relu = nnfs.Activation_ReLU()
    relu.forward(np.array([[1, 2, -3, -4], [2, -7, -1, 3], [-1, 2, 5, -1]]))
    relu.backward(np.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]))
    prints(relu.dinputs, "[[ 1  2  0  0]\n [ 5  0  0  8]\n [ 0 10 11  0]]")


def test_a_step_of_a_layer(prints):
    layer, relu = dense_of(WEIGHTS.T, [2.0, 3.0, 0.5]), nnfs.Activation_ReLU()
    output = through(layer, relu, inputs=INPUTS)
    relu.backward(output)
    layer.backward(relu.dinputs)
    nnfs.Optimizer_SGD(learning_rate=0.001).update_params(layer)
    prints(
        layer.weights,
        "[[ 0.179515   0.5003665 -0.262746 ]\n [ 0.742093  -0.9152577 -0.2758402]\n"
        " [-0.510153   0.2529017  0.1629592]\n [ 0.971328  -0.5021842  0.8636583]]",
    )
    prints(layer.biases, "[[1.98489  2.997739 0.497389]]")


def test_the_jacobian_of_softmax(prints):
    softmax = nnfs.Activation_Softmax()
    softmax.output = np.array([[0.7, 0.1, 0.2]] * 3)
    softmax.backward(np.eye(3))
    prints(softmax.dinputs, "[[ 0.21 -0.07 -0.14]\n [-0.07  0.09 -0.02]\n [-0.14 -0.02  0.16]]")


def test_the_two_ways_back(prints):
    """The second passes products, which are rounded to float32; and the book shows it."""
    nnfs.init()
    together = nnfs.Activation_Softmax_Loss_CategoricalCrossentropy()
    together.backward(PROBABILITIES, CLASSES)
    prints(
        together.dinputs,
        "[[-0.1         0.03333333  0.06666667]\n [ 0.03333333 -0.16666667  0.13333333]\n"
        " [ 0.00666667 -0.03333333  0.02666667]]",
    )
    activation, loss = nnfs.Activation_Softmax(), nnfs.Loss_CategoricalCrossentropy()
    activation.output = PROBABILITIES
    loss.backward(PROBABILITIES, CLASSES)
    activation.backward(loss.dinputs)
    prints(
        activation.dinputs,
        "[[-0.09999999  0.03333334  0.06666667]\n [ 0.03333334 -0.16666667  0.13333334]\n"
        " [ 0.00666667 -0.03333333  0.02666667]]",
    )


def test_all_gradients_of_the_network(backend, prints):
    nnfs.init()
    X, y = spiral_data(samples=100, classes=3)
    dense1, dense2 = nnfs.Layer_Dense(2, 3), nnfs.Layer_Dense(3, 3)
    relu = nnfs.Activation_ReLU()
    loss_activation = nnfs.Activation_Softmax_Loss_CategoricalCrossentropy()
    loss = loss_activation.forward(through(dense1, relu, dense2, inputs=X), y)
    prints(loss, "1.0986104", units=2)
    loss_activation.backward(loss_activation.output, y)
    dense2.backward(loss_activation.dinputs)
    relu.backward(dense2.dinputs)
    dense1.backward(relu.dinputs)
    # numbers of some thousandths cancel in these sums, and their roundings don't
    for actual, text in (
        (
            dense1.dweights,
            "[[ 1.5766357e-04  7.8368583e-05  4.7324400e-05]\n"
            " [ 1.8161038e-04  1.1045573e-05 -3.3096312e-05]]",
        ),
        (dense1.dbiases, "[[-3.60553473e-04  9.66117223e-05 -1.03671395e-04]]"),
        (
            dense2.dweights,
            "[[ 5.44109462e-05  1.07411419e-04 -1.61822361e-04]\n"
            " [-4.07913431e-05 -7.16780924e-05  1.12469446e-04]\n"
            " [-5.30112993e-05  8.58172934e-05 -3.28059905e-05]]",
        ),
        (dense2.dbiases, "[[-1.0729185e-05 -9.4610732e-06  2.0027859e-05]]"),
    ):
        wanted = [float(word) for word in re.findall(r"[-+.\w]+", text)]
        atol = 1e-8 if backend.name == "numpy" else 2e-7  # in the book, 4e-9
        np.testing.assert_allclose(host(actual).reshape(-1), wanted, rtol=0, atol=atol)


# ------------------------------------------------------------------------------ chapter 10


def test_learning_rates():
    optimizer = nnfs.Optimizer_SGD(learning_rate=1.0, decay=0.1)
    printed = []
    for _ in range(20):
        optimizer.pre_update_params()
        printed.append(str(optimizer.current_learning_rate))
        optimizer.post_update_params()
    assert printed == LEARNING_RATES
    # the decayed factor is rounded before it is multiplied
    rmsprop = nnfs.Optimizer_RMSprop(decay=1e-4)
    rmsprop.iterations = 4799
    rmsprop.pre_update_params()
    assert str(rmsprop.current_learning_rate) == "0.0006757213325224677"


@pytest.mark.float64
@pytest.mark.parametrize("data", [spiral_data, vertical_data])
def test_points_without_init_are_in_double_precision(data, backend):
    X, _ = data(samples=3, classes=2)
    assert X.dtype == backend.dtype("float64")
    assert not np.array_equal(host(X), host(X).astype(np.float32))
