"""What the book prints, chapters 2 to 10, on every backend in both precisions.

data/book.json holds the printed results as numbers.
"""

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from support import host

import xpnn
from xpnn import nnfs
from xpnn.nnfs.datasets import spiral_data

BOOK = json.loads(
    (Path(__file__).parent / "data" / "book.json").read_text(), parse_float=Decimal
)
CASES = {case["id"]: case for case in BOOK["cases"]}
RUNS = BOOK["trajectories"]["runs"]


def numbers(value):
    return np.array(value, dtype=np.float64)


def assert_printed(actual, printed):
    """Check numbers to the digits that the book prints, or as far as the dtype goes."""
    actual = host(actual)
    eps = float(np.finfo(actual.dtype).eps)
    wanted = np.array(printed, dtype=object)
    assert actual.shape == wanted.shape
    largest = max((abs(float(v)) for v in wanted.flat), default=1.0)
    for value, decimal in zip(actual.flat, wanted.flat):
        last_digit = 10.0 ** Decimal(decimal).as_tuple().exponent
        # sums in another order end some roundings of their largest term away
        allowed = max(0.5001 * last_digit, 4 * eps * max(abs(float(decimal)), 0.1 * largest))
        if isinstance(decimal, int):
            allowed = 8 * eps * max(1.0, largest)
        assert abs(float(value) - float(decimal)) <= allowed, (value, decimal)


@pytest.fixture
def case(request, backend, dtype):
    """A case, with a function that places its numbers on the backend."""
    data = CASES[request.param]

    def place(name):
        return backend.asarray(numbers(data[name]), dtype)

    return data, place


def of(name):
    return pytest.mark.parametrize("case", [name], indirect=True, ids=[""])


def forward(layer, params, x):
    return layer.forward(params, x)[0]


@of("ch02-neuron")
def test_a_neuron(case):
    data, place = case
    params = place("weights")[:, None], place("bias")[None]
    output = forward(xpnn.Dense(4, 1), params, place("inputs")[None, :])
    assert_printed(output, [[data["output"]]])


@of("ch02-layer-batch")
def test_a_layer(case):
    data, place = case
    output = forward(xpnn.Dense(4, 3), (place("weights"), place("biases")), place("inputs"))
    assert_printed(output, data["output"])


@of("ch03-two-layers")
def test_two_layers(case):
    data, place = case
    x = forward(xpnn.Dense(4, 3), (place("weights1"), place("biases1")), place("inputs"))
    x = forward(xpnn.Dense(3, 3), (place("weights2"), place("biases2")), x)
    assert_printed(x, data["output"])


def test_seeding(fresh_book):
    nnfs.init()
    assert_printed(np.random.randn(2, 5), CASES["ch03-randn-seed0"]["output"])


def book_weights(stream, *shape):
    return np.float32(0.01) * stream.randn(*shape).astype(np.float32)


def test_a_layer_on_the_spiral(backend, dtype):
    stream = np.random.RandomState(0)
    X, _ = xpnn.datasets.spiral(100, 3, seed=stream)
    weights = backend.asarray(book_weights(stream, 2, 3), dtype)
    output = forward(
        xpnn.Dense(2, 3),
        (weights, backend.asarray(np.zeros(3), dtype)),
        backend.asarray(X, dtype),
    )
    # printed to eight digits, where float32 has seven and the book rounds from float64
    wanted = numbers(CASES["ch03-dense-on-spiral"]["output"])
    np.testing.assert_allclose(host(output)[:5], wanted, rtol=2.4e-7, atol=0)


@of("ch04-relu")
def test_relu(case):
    data, place = case
    output = forward(xpnn.ReLU(), (), place("inputs")[None, :])
    assert_printed(output[0, :], data["output"])


@pytest.mark.parametrize("case", [f"ch04-softmax-{i}" for i in (1, 2, 3)], indirect=True)
def test_softmax(case):
    data, place = case
    # the first was printed by a script that takes e as 2.71828182846: eleven digits are right
    rtol = 1e-11 if data["id"] == "ch04-softmax-1" else 5e-8
    output = host(forward(xpnn.Softmax(), (), place("inputs")))
    rtol = max(rtol, 4 * np.finfo(output.dtype).eps)
    np.testing.assert_allclose(output, numbers(data["output"]), rtol=rtol)


def test_softmax_is_shift_invariant(backend, dtype):
    shifted = backend.asarray([[-2.0, -1.0, 0.0]], dtype)
    assert_printed(forward(xpnn.Softmax(), (), shifted), CASES["ch04-softmax-2"]["output"])


@of("ch05-cce-sample")
def test_cross_entropy_of_a_sample(case, backend):
    data, place = case
    losses, _ = xpnn.CategoricalCrossEntropy().forward(
        place("probabilities"), backend.asarray(data["targets"])
    )
    assert_printed(losses, data["output"])


@of("ch05-cce-batch")
@pytest.mark.parametrize("form", ["targets", "one_hot"])
def test_cross_entropy_of_a_batch(case, backend, form):
    data, place = case
    targets = backend.asarray(data[form])
    loss = xpnn.CategoricalCrossEntropy()
    losses, _ = loss.forward(place("probabilities"), targets)
    assert_printed(losses, data["per_sample"])
    mean, _ = loss(place("probabilities"), targets)
    assert_printed(mean, data["mean"])


def test_clipping(backend, dtype):
    losses, backward = xpnn.CategoricalCrossEntropy().forward(
        backend.asarray([[0.0, 1.0]], dtype), backend.asarray([0])
    )
    wanted = float(CASES["ch05-clip"]["output"])
    np.testing.assert_allclose(host(losses), [wanted], rtol=2 * np.finfo(dtype).eps)
    assert np.isfinite(host(backward())).all()


@of("ch05-accuracy")
def test_accuracy(case, backend):
    data, place = case
    rows = backend.asarray(np.eye(3, dtype=np.int64)[data["targets"]])
    for targets in (backend.asarray(data["targets"]), rows):
        value = xpnn.metrics.accuracy(place("probabilities"), targets)
        np.testing.assert_allclose(float(value), float(data["output"]), rtol=1e-7)


def test_an_untrained_network_on_the_spiral(backend, dtype):
    data = CASES["ch05-untrained-spiral"]
    stream = np.random.RandomState(0)
    X, y = xpnn.datasets.spiral(100, 3, seed=stream)
    layers = [
        xpnn.Dense(2, 3, weights=book_weights(stream, 2, 3)),
        xpnn.ReLU(),
        xpnn.Dense(3, 3, weights=book_weights(stream, 3, 3)),
        xpnn.Softmax(),
    ]
    model = xpnn.Sequential(layers, dtype=dtype).compile("CategoricalCrossEntropy", "sgd")
    np.testing.assert_allclose(
        model.predict(X)[:5], numbers(data["first_rows"]), rtol=1.2e-7, atol=0
    )
    measured = model.evaluate(X, y)
    assert abs(measured["loss"] - float(data["loss"])) < 2.4e-7  # two units of the last place
    assert abs(measured["accuracy"] - float(data["accuracy"])) < 1e-6


def test_the_derivative_of_chapter_7():
    data = CASES["ch07-derivative"]
    slopes = [xpnn.calculus.derivative(lambda x: 2 * x**2, x) for x in data["x"]]
    assert slopes == [float(v) for v in data["output"]]


@of("ch09-neuron-step")
def test_a_step_of_a_neuron(case, backend, dtype):
    data, place = case
    params = place("w")[:, None], place("b")[None]
    dense, relu = xpnn.Dense(3, 1), xpnn.ReLU()
    z, back_dense = dense.forward(params, place("x")[None, :])
    y, back_relu = relu.forward((), z)
    assert_printed(y, [[data["output"]]])
    dz, _ = back_relu(backend.asarray([[1.0]], dtype))
    dx, (dw, db) = back_dense(dz)
    assert_printed(dx[0, :], data["dx"])
    assert_printed(dw[:, 0], data["dw"])
    assert_printed(db, [data["db"]])
    sgd = xpnn.SGD(0.001)
    params, _ = sgd.update(list(params), [dw, db], sgd.init(list(params)))
    assert_printed(params[0][:, 0], data["w_after"])
    assert_printed(params[1], [data["b_after"]])
    y = forward(relu, (), forward(dense, tuple(params), place("x")[None, :]))
    assert_printed(y, [[data["output_after"]]])


@of("ch09-dense-backward")
def test_dense_backward(case, backend, dtype):
    data, place = case
    biases = backend.asarray(np.zeros(3), dtype)
    _, backward = xpnn.Dense(4, 3).forward((place("weights"), biases), place("inputs"))
    dx, (dweights, dbiases) = backward(place("dvalues"))
    assert_printed(dx, data["dinputs"])
    assert_printed(dweights, data["dweights"])
    assert_printed(dbiases, data["dbiases"])


@of("ch09-relu-backward")
def test_relu_backward(case):
    data, place = case
    _, backward = xpnn.ReLU().forward((), place("inputs"))
    assert_printed(backward(place("dvalues"))[0], data["dinputs"])


@of("ch09-layer-step")
def test_a_step_of_a_layer(case):
    data, place = case
    params = [place("weights"), place("biases")]
    z, back_dense = xpnn.Dense(4, 3).forward(tuple(params), place("inputs"))
    y, back_relu = xpnn.ReLU().forward((), z)
    _, grads = back_dense(back_relu(y)[0])
    sgd = xpnn.SGD(0.001)
    params, _ = sgd.update(params, list(grads), sgd.init(params))
    assert_printed(params[0], data["weights_after"])
    assert_printed(params[1], data["biases_after"])


@of("ch09-softmax-jacobian")
def test_the_jacobian_of_softmax(case, backend, dtype):
    data, place = case
    xp = backend.xp
    logits = xp.log(place("softmax_output"))[None, :]
    _, backward = xpnn.Softmax().forward((), xp.broadcast_to(logits, (1, 3)))
    rows = [backward(backend.asarray(np.eye(3)[i : i + 1], dtype))[0][0, :] for i in range(3)]
    assert_printed(xp.stack(rows), data["jacobian"])


@of("ch09-combined-gradient")
def test_the_combined_gradient(case, backend):
    data, place = case
    xp = backend.xp
    logits, targets = xp.log(place("softmax_outputs")), backend.asarray(data["targets"])
    _, dlogits = xpnn.CategoricalCrossEntropy(from_logits=True)(logits, targets)
    assert_printed(dlogits, data["dinputs"])
    y, backward = xpnn.Softmax().forward((), logits)
    _, dy = xpnn.CategoricalCrossEntropy()(y, targets)
    assert_printed(backward(dy)[0], data["dinputs"])


def test_inverse_time_decay(backend, dtype):
    sgd = xpnn.SGD(1.0, decay=0.1)
    for step, printed in enumerate(CASES["ch10-decay-a"]["output"]):
        (learning_rate,) = sgd.numbers(backend.asarray(np.array(step), dtype))
        np.testing.assert_allclose(
            float(learning_rate), float(printed), rtol=4 * np.finfo(dtype).eps
        )


def book_run(name, backend, dtype, steps):
    """Train as chapter 10 does, and return loss and accuracy before each step."""
    stream = np.random.RandomState(0)
    X, y = xpnn.datasets.spiral(100, 3, seed=stream)
    layers = [
        xpnn.Dense(2, 64, weights=book_weights(stream, 2, 64)),
        xpnn.ReLU(),
        xpnn.Dense(64, 3, weights=book_weights(stream, 64, 3)),
        xpnn.Softmax(),
    ]
    settings = {key: float(value) for key, value in RUNS[name]["settings"].items()}
    model = xpnn.Sequential(layers, dtype=dtype, backend=backend)
    model.compile(
        xpnn.CategoricalCrossEntropy(), getattr(xpnn, RUNS[name]["optimizer"])(**settings)
    )
    return model.fit(X, y, epochs=steps, batch_size=None).history


def assert_row(history, name, step):
    accuracy, loss = (float(v) for v in RUNS[name]["rows"][str(step)])
    assert round(history["loss"][step], 3) == loss
    assert round(history["accuracy"][step], 3) == accuracy


# By step 100 these two have turned roundings into visible differences: of the accuracy,
# the book's own code prints 0.443 and 0.437 here, in float64 0.457 and 0.423.
CHAOTIC_AT_100 = {"sgd-momentum-0.9", "rmsprop"}


@pytest.mark.parametrize("name", RUNS)
def test_the_first_hundred_steps_of_chapter_10(name, backend, dtype):
    history = book_run(name, backend, dtype, 101)
    assert_row(history, name, 0)
    if "100" in RUNS[name]["rows"]:
        exact = backend.name == "numpy" and dtype == "float32"
        if exact or name not in CHAOTIC_AT_100:
            assert_row(history, name, 100)
        else:
            accuracy, loss = (float(v) for v in RUNS[name]["rows"]["100"])
            assert abs(history["loss"][100] - loss) < 0.002
            assert abs(history["accuracy"][100] - accuracy) < 0.025


def test_all_rows_of_the_strong_decay(backend):
    name = "sgd-decay-1e-2"
    last = 10000 if backend.name == "numpy" else 1000  # 10,000 are slow where nothing is fused
    history = book_run(name, backend, "float32", last + 1)
    for step in map(int, RUNS[name]["rows"]):
        if step <= last:
            assert_row(history, name, step)


def test_a_script_of_the_book(backend, fresh_book):
    """Chapter 10's momentum run, as the reader types it."""
    nnfs.init()
    X, y = spiral_data(samples=100, classes=3)
    dense1 = nnfs.Layer_Dense(2, 64)
    activation1 = nnfs.Activation_ReLU()
    dense2 = nnfs.Layer_Dense(64, 3)
    loss_activation = nnfs.Activation_Softmax_Loss_CategoricalCrossentropy()
    optimizer = nnfs.Optimizer_SGD(decay=1e-3, momentum=0.9)
    printed = {}
    for epoch in range(101):
        dense1.forward(X)
        activation1.forward(dense1.output)
        dense2.forward(activation1.output)
        loss = loss_activation.forward(dense2.output, y)
        predictions = host(backend.xp.argmax(loss_activation.output, axis=1))
        printed[epoch] = f"{np.mean(predictions == host(y)):.3f} {loss:.3f}"
        loss_activation.backward(loss_activation.output, y)
        dense2.backward(loss_activation.dinputs)
        activation1.backward(dense2.dinputs)
        dense1.backward(activation1.dinputs)
        optimizer.pre_update_params()
        optimizer.update_params(dense1)
        optimizer.update_params(dense2)
        optimizer.post_update_params()
    assert printed[0] == "0.360 1.099"
    if backend.name == "numpy":
        assert printed[100] == "0.443 1.053"
    assert optimizer.current_learning_rate == 1 / (1 + 1e-3 * 100)
    wanted = float(RUNS["sgd-decay-1e-3"]["lr"]["100"])
    optimizer.iterations = 99
    optimizer.pre_update_params()
    assert optimizer.current_learning_rate == wanted
