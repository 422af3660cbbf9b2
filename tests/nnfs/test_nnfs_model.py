"""The book's chapters 18 to 22: a model that trains, prints, predicts and is kept in files."""

import pickle
import re

import numpy as np
import pytest
from support import host

import xpnn
from xpnn import nnfs
from xpnn.nnfs.datasets import sine_data, spiral_data


@pytest.fixture(autouse=True)
def init(backend, fresh_book):
    nnfs.init()


def classifier(optimizer=None, dropout=0.0, **penalties):
    model = nnfs.Model()
    model.add(nnfs.Layer_Dense(2, 16, **penalties))
    model.add(nnfs.Activation_ReLU())
    if dropout:
        model.add(nnfs.Layer_Dropout(dropout))
    model.add(nnfs.Layer_Dense(16, 3))
    model.add(nnfs.Activation_Softmax())
    model.set(
        loss=nnfs.Loss_CategoricalCrossentropy(),
        optimizer=optimizer or nnfs.Optimizer_SGD(0.5, decay=1e-2, momentum=0.9),
        accuracy=nnfs.Accuracy_Categorical(),
    )
    model.finalize()
    return model


def arrays_of(model):
    return [host(p) for of_layer in model.get_parameters() for p in of_layer]


def numbers(line):
    return [float(number) for number in re.findall(r"-?\d+\.\d+(?:e-\d+)?", line)]


def test_it_trains_as_a_network_of_ours_and_prints_the_books_lines(backend, capsys):
    X, y = map(host, spiral_data(samples=20, classes=3))
    penalties = {"weight_regularizer_l1": 1e-3, "weight_regularizer_l2": 2e-3}
    model = classifier(**penalties, bias_regularizer_l2=5e-3)
    ours = xpnn.Sequential(
        [
            xpnn.Dense(2, 16, l1=1e-3, l2=2e-3, bias_l2=5e-3),
            xpnn.ReLU(),
            xpnn.Dense(16, 3),
            xpnn.Softmax(),
        ]
    )
    shapes = [p.shape for p in ours.parameters]
    ours.set_parameters([p.reshape(s) for p, s in zip(arrays_of(model), shapes)])
    sgd = xpnn.SGD(0.5, decay=1e-2, momentum=0.9)
    ours.compile("categorical_cross_entropy", sgd, metrics=["accuracy"])
    model.train(X, y, epochs=3, batch_size=25, print_every=2, validation_data=(X[:30], y[:30]))
    lines = capsys.readouterr().out.splitlines()
    each = ["epoch: ", "step: 0, acc: ", "step: 2, acc: ", "training, acc: ", "validation, acc"]
    assert [line.startswith(start) for line, start in zip(lines, 3 * each)] == 15 * [True]
    assert len(lines) == 15
    three = r"loss: \d\.\d{3} \(data_loss: \d\.\d{3}, reg_loss: 0\.\d{3}\)"
    assert re.fullmatch(rf"step: 2, acc: 0\.\d{{3}}, {three}, lr: 0\.\d+", lines[2])
    ours.fit(X, y, epochs=3, batch_size=25, shuffle=False)
    for book, our in zip(arrays_of(model), ours.parameters):
        np.testing.assert_allclose(book.reshape(our.shape), host(our), rtol=1e-3, atol=1e-5)
    accuracy, loss = numbers(lines[14])
    assert accuracy == pytest.approx(ours.evaluate(X[:30], y[:30])["accuracy"], abs=6e-4)
    of_the_class = host(model.predict(X[:30]))[np.arange(30), y[:30]]
    assert loss == pytest.approx(-np.mean(np.log(of_the_class)), abs=6e-4)
    predicted = host(model.predict(X, batch_size=7))
    np.testing.assert_allclose(predicted, host(ours.predict(X)), atol=1e-4)
    assert numbers(lines[12])[-1] == pytest.approx(0.5 / (1 + 1e-2 * 8), rel=1e-12)


def test_chapter_18_prints_some_epochs_and_validates_at_the_end(capsys):
    X, y = spiral_data(samples=10, classes=3)
    classifier().train(X, y, epochs=5, print_every=2, validation_data=(X, y))
    lines = capsys.readouterr().out.splitlines()
    assert [line[:10] for line in lines] == ["epoch: 2, ", "epoch: 4, ", "validation"]
    accuracy, loss, data_loss, penalty, _ = numbers(lines[0])
    assert (loss, penalty) == (data_loss, 0.0)
    assert 1.0 < loss < 1.1
    assert 0 <= accuracy <= 1


def test_numbers_are_learnt_with_an_accuracy_of_their_own(capsys):
    X, y = sine_data(200)
    model = nnfs.Model()
    model.add(nnfs.Layer_Dense(1, 16))
    model.add(nnfs.Activation_ReLU())
    model.add(nnfs.Layer_Dense(16, 1))
    model.add(nnfs.Activation_Linear())
    for layer in (model.layers[0], model.layers[2]):  # chapter 17 begins with larger ones, too
        layer.weights = 50 * host(layer.weights)
    accuracy = nnfs.Accuracy_Regression()
    model.set(
        loss=nnfs.Loss_MeanSquaredError(),
        optimizer=nnfs.Optimizer_Adam(0.02),
        accuracy=accuracy,
    )
    model.finalize()
    model.train(X, y, epochs=150, print_every=50)
    assert accuracy.precision == pytest.approx(np.std(host(y)) / 250, rel=1e-6)
    losses = [numbers(line)[1] for line in capsys.readouterr().out.splitlines()]
    assert losses[0] > losses[1] > losses[2]
    outputs = host(model.predict(X))
    right = np.mean(np.abs(outputs - host(y)) < accuracy.precision)
    assert accuracy.calculate(outputs, host(y)) == pytest.approx(right)


def test_yes_and_no_are_learnt(capsys):
    X, _ = spiral_data(samples=30, classes=2)
    X = host(X)
    y = (X[:, :1] + X[:, 1:] > 0.1).astype(np.uint8)
    model = nnfs.Model()
    model.add(nnfs.Layer_Dense(2, 8))
    model.add(nnfs.Activation_ReLU())
    model.add(nnfs.Layer_Dense(8, 1))
    model.add(nnfs.Activation_Sigmoid())
    model.set(
        loss=nnfs.Loss_BinaryCrossentropy(),
        optimizer=nnfs.Optimizer_Adam(0.05),
        accuracy=nnfs.Accuracy_Categorical(binary=True),
    )
    model.finalize()
    model.train(X, y, epochs=60, print_every=20, validation_data=(X, y))
    lines = capsys.readouterr().out.splitlines()
    assert numbers(lines[2])[1] < 0.5 * np.log(2)
    outputs = model.predict(X)
    answers = host(model.output_layer_activation.predictions(outputs))
    assert answers.dtype.kind == "i"
    np.testing.assert_array_equal(answers, host(outputs) > 0.5)
    assert numbers(lines[3])[0] == pytest.approx(np.mean(answers == host(y)), abs=6e-4)


@pytest.mark.parametrize(
    ("optimizer", "same"),
    [
        (lambda: nnfs.Optimizer_SGD(0.5, decay=1e-3, momentum=0.9), 0),
        (lambda: nnfs.Optimizer_Adagrad(0.1), 0),
        (lambda: nnfs.Optimizer_RMSprop(0.02, decay=1e-3, rho=0.99), 0),
        (lambda: nnfs.Optimizer_Adam(0.02, decay=1e-3, beta_1=0.8), 1e-5),
    ],
)
def test_a_model_from_a_file_goes_on(optimizer, same, tmp_path, capsys):
    X, y = spiral_data(samples=20, classes=3)
    model = classifier(optimizer(), dropout=0.2, weight_regularizer_l2=1e-3)
    model.train(X, y, epochs=2, batch_size=20)
    model.save(tmp_path / "spiral.model")
    again = nnfs.Model.load(tmp_path / "spiral.model")
    assert [type(layer) for layer in again.layers] == [type(layer) for layer in model.layers]
    assert again.layers[2].rate == model.layers[2].rate
    np.testing.assert_array_equal(host(again.predict(X)), host(model.predict(X)))
    printed = []
    for one in (model, again):
        capsys.readouterr()
        np.random.seed(3)  # which dropout draws from
        one.train(X, y, epochs=2, batch_size=20)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    for ours, theirs in zip(again.get_parameters(), model.get_parameters()):
        for a, b in zip(ours, theirs):
            np.testing.assert_allclose(host(a), host(b), rtol=same, atol=same)


def test_loading_draws_nothing(tmp_path):
    classifier(dropout=0.1).save(tmp_path / "a.model")
    np.random.seed(5)
    wanted = np.random.rand()
    np.random.seed(5)
    nnfs.Model.load(tmp_path / "a.model")
    assert np.random.rand() == wanted


def test_parameters_go_from_one_model_to_another(tmp_path):
    one, other = classifier(), classifier()
    X, _ = spiral_data(samples=4, classes=3)
    assert not np.array_equal(host(one.predict(X)), host(other.predict(X)))
    one.save_parameters(tmp_path / "a.parms")
    other.load_parameters(tmp_path / "a.parms")
    np.testing.assert_array_equal(host(one.predict(X)), host(other.predict(X)))
    with pytest.raises(ValueError, match=r"must have the shapes .*\(2, 16\)"):
        other.set_parameters(other.get_parameters()[:1])
    weights, biases = other.get_parameters()[0]
    with pytest.raises(ValueError, match="must have the shapes"):
        other.set_parameters([(host(weights)[:1], biases), other.get_parameters()[1]])
    np.testing.assert_array_equal(host(one.predict(X)), host(other.predict(X)))


def test_a_pickle_is_not_loaded(tmp_path):
    class Runs:
        def __reduce__(self):
            return open, (str(tmp_path / "it ran"), "w")

    path = tmp_path / "theirs.model"
    path.write_bytes(pickle.dumps(Runs()))
    for load in (nnfs.Model.load, classifier().load_parameters):
        with pytest.raises(xpnn.ModelFileError, match="a pickle"):
            load(path)
    assert not (tmp_path / "it ran").exists()


def test_each_file_says_what_it_holds(tmp_path):
    model = classifier()
    model.save(tmp_path / "model")
    model.save_parameters(tmp_path / "parameters")
    xpnn.Sequential([xpnn.Dense(2, 3)]).save(tmp_path / "network")
    for load, path, holds in [
        (nnfs.Model.load, "parameters", "holds a parameters"),
        (nnfs.Model.load, "network", "holds a network"),
        (model.load_parameters, "model", "holds a model"),
        (xpnn.load, "model", "network"),
    ]:
        with pytest.raises(xpnn.ModelFileError, match=holds):
            load(tmp_path / path)


class ActivationOfTestNnfsModel(nnfs.Activation_ReLU):
    """One of the reader's own."""


def test_what_a_file_cannot_hold_is_told_before_it_is_written(tmp_path):
    model = classifier()
    model.layers[1] = ActivationOfTestNnfsModel()
    model.finalize()
    X, _ = spiral_data(samples=4, classes=3)
    assert host(model.predict(X)).shape == (12, 3)
    with pytest.raises(TypeError, match=r"only what xpnn\.nnfs defines.*save_parameters"):
        model.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_what_is_missing_is_named():
    X, y = spiral_data(samples=4, classes=3)
    model = nnfs.Model()
    with pytest.raises(ValueError, match="no layer"):
        model.finalize()
    model.add(nnfs.Layer_Dense(2, 3))
    model.add(nnfs.Activation_Softmax())
    for use in (lambda: model.train(X, y), lambda: model.predict(X), model.get_parameters):
        with pytest.raises(ValueError, match="not finalized"):
            use()
    model.finalize()
    assert host(model.predict(X)).shape == (12, 3)
    with pytest.raises(ValueError, match="no loss"):
        model.train(X, y)
    model.set(loss=nnfs.Loss_CategoricalCrossentropy())
    with pytest.raises(ValueError, match="no accuracy"):
        model.evaluate(X, y)
    model.set(accuracy=nnfs.Accuracy_Categorical())
    with pytest.raises(ValueError, match="no optimizer"):
        model.train(X, y)
    model.set(optimizer=nnfs.Optimizer_SGD())
    model.finalize()
    for wrong in ({"epochs": -1}, {"batch_size": 0}, {"print_every": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            model.train(X, y, **wrong)
    with pytest.raises(ValueError, match="as many rows"):
        model.train(X, y[:5])
