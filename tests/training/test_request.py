"""What `fit` is asked for: weights of samples and of classes, and rows for validation."""

import numpy as np
import pytest
from support import assert_close, host
from twelve_rows import NUMBERS, N, X, Y, classifier, everything, regressor

import xpnn
from xpnn import Dense, Sequential, Softmax, Tanh


def after_one_step(x, y, **options):
    model = Sequential([Dense(2, 4), Tanh(), Dense(4, 3), Softmax()], seed=7, dtype="float64")
    model.compile("categorical_cross_entropy", xpnn.SGD(0.5))
    history = model.fit(x, y, batch_size=None, **options)
    return [host(p) for p in model.parameters], history.history


@pytest.mark.float64
def test_whole_sample_weights_are_repeated_rows(backend):
    times = np.array([1, 2, 3, 0, 1, 4, 1, 1, 2, 0, 1, 5])
    weighted, logs = after_one_step(X, Y, sample_weight=times)
    repeated, expected = after_one_step(np.repeat(X, times, axis=0), np.repeat(Y, times))
    for p, q in zip(weighted, repeated):
        np.testing.assert_allclose(p, q, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(logs["loss"], expected["loss"], rtol=1e-12)


@pytest.mark.float64
def test_sample_weights_are_relative(backend):
    weight = np.linspace(0.1, 3, N)
    one, _ = after_one_step(X, Y, sample_weight=weight)
    other, _ = after_one_step(X, Y, sample_weight=(weight * 1000).tolist())
    plain, _ = after_one_step(X, Y)
    ones, _ = after_one_step(X, Y, sample_weight=np.full(N, 3, dtype=np.int8))
    for p, q in zip([*one, *plain], [*other, *ones]):
        np.testing.assert_allclose(p, q, rtol=1e-12, atol=1e-14)
    assert not np.allclose(one[0], plain[0])


def test_class_weight_is_a_sample_weight(backend):
    y = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2])
    for given, factors in (
        ({0: 0.5, 2: 3.0}, np.array([0.5, 1.0, 3.0])),
        ({np.int64(0): 0.5, 2: np.float32(3.0)}, np.array([0.5, 1.0, 3.0])),
        ("balanced", 12 / (3 * np.array([6, 4, 2]))),
    ):
        expected, _ = after_one_step(X, y, sample_weight=factors[y])
        for targets in (y, np.eye(3)[y]):
            got, _ = after_one_step(X, targets, class_weight=given)
            for p, q in zip(got, expected):
                np.testing.assert_allclose(p, q, rtol=1e-12, atol=1e-14)
    both, _ = after_one_step(X, y, class_weight={1: 2.0}, sample_weight=np.arange(N))
    expected, _ = after_one_step(X, y, sample_weight=np.arange(N) * np.array([1, 2, 1])[y])
    for p, q in zip(both, expected):
        np.testing.assert_allclose(p, q, rtol=1e-12, atol=1e-14)


def test_batch_whose_weights_are_all_zero(backend):
    weight = np.array([1.0] * 4 + [0.0] * 4 + [1.0] * 4)
    model = regressor()
    history = model.fit(X, NUMBERS, batch_size=4, shuffle=False, sample_weight=weight)
    other = regressor()
    kept = weight > 0
    expected = other.fit(X[kept], NUMBERS[kept], batch_size=4, shuffle=False)
    np.testing.assert_allclose(history.history["loss"], expected.history["loss"], rtol=1e-12)
    for p, q in zip(model.parameters, other.parameters):
        assert_close(p, q, rtol=1e-12)


def test_rows_to_train_on_that_all_weigh_nothing(backend):
    """As where validation_split has drawn the only row that counts."""
    model = regressor(optimizer=xpnn.SGD(0.5))
    weight = np.zeros(N)
    weight[5] = 1.0
    # 11 of 12 rows are held back; the seed of regressor() leaves another one to train on
    with pytest.raises(ValueError, match="leaves only samples of weight 0"):
        model.fit(X, NUMBERS, sample_weight=weight, validation_split=11 / 12)


@pytest.mark.parametrize("size", [1e-46, 1e39])
def test_only_ratios_of_weights_count(backend, size):
    losses = []
    for weight in (size * np.array([1.0, 2, 3, 4]), np.array([1.0, 2, 3, 4])):
        model = xpnn.Sequential([xpnn.Dense(1, 1)], seed=0).compile("huber", "sgd")
        X = np.arange(4.0)[:, None]
        losses.append(model.fit(X, X, sample_weight=weight, batch_size=None).history["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


@pytest.mark.float64
def test_validation_split_is_not_trained_on(backend):
    """With all rows of weight but one in training, that one row is all that counts."""
    model = regressor()
    history = model.fit(X, NUMBERS, epochs=2, validation_split=11 / 12, batch_size=None)
    errors = ((regressor().predict(X) - NUMBERS) ** 2).mean(axis=1)
    train, val = history.history["loss"][0], history.history["val_loss"]
    trained_on = int(np.argmin(np.abs(errors - train)))
    assert errors[trained_on] == pytest.approx(train, rel=1e-9)
    after_one = regressor()
    after_one.fit(X[[trained_on]], NUMBERS[[trained_on]], batch_size=None)
    others = np.arange(N) != trained_on
    expected = after_one.evaluate(X[others], NUMBERS[others])["loss"]
    assert val[0] == pytest.approx(expected, rel=1e-9)


def test_validation_data_does_not_influence_training(backend):
    one, other = classifier(), classifier()
    plain = one.fit(X, Y, epochs=3, batch_size=5).history
    watched = other.fit(
        X, Y, epochs=3, batch_size=5, validation_data=[(X[:5] * 9).tolist(), Y[:5].tolist()]
    ).history
    assert {k: watched[k] for k in plain} == plain
    np.testing.assert_equal(everything(other)["parameters"], everything(one)["parameters"])
    measured = other.evaluate(X[:5] * 9, Y[:5])
    assert watched["val_loss"][-1] == pytest.approx(measured["loss"], rel=1e-12)
    assert watched["val_accuracy"][-1] == pytest.approx(measured["accuracy"], rel=1e-12)


@pytest.mark.parametrize("kind", [np.int8, np.int64, np.uint16])
@pytest.mark.parametrize("batch_size", [None, 5])
def test_numpy_integers_are_integers(backend, kind, batch_size):
    told = []

    class Listen(xpnn.Callback):
        def on_train_begin(self, epochs, steps):
            told.append((epochs, steps))

    def run(kind):
        model = xpnn.Sequential([xpnn.Dense(2, 3), xpnn.Softmax()], seed=0)
        model.compile("categorical_cross_entropy", "adam")
        stop = xpnn.callbacks.EarlyStopping("loss", patience=kind(90))
        size = None if batch_size is None else kind(batch_size)
        model.fit(X, Y, epochs=kind(100), batch_size=size, callbacks=[Listen(), stop])
        return model.history.history["loss"], model.predict(X, batch_size=kind(7)).tolist()

    assert run(kind) == run(int)
    assert [*map(type, (*told[0], told[0][0]))] == [int] * 3
