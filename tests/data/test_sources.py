"""Rows that are asked for by their numbers, wherever they are: the training stays the same."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow
import pytest
from told_rows import WEIGHT, Told, X, Y, assert_same, made, results

from xpnn.backend import to_host
from xpnn.callbacks import Callback, Checkpoint, EarlyStopping
from xpnn.comparison import compare_backends
from xpnn.data import some_rows
from xpnn.data.sources import Source, source_of


def told(**functions):
    """Return a callback with these methods."""
    callback = Callback()
    kind = type("Told", (Callback,), {n: staticmethod(f) for n, f in functions.items()})
    callback.__class__ = kind
    return callback


PARTS = [100, 300, 13, 200, 250, 150]

WAYS = {
    "as it is": {},
    "in their order": {"shuffle": False},
    "parts of what has none": {"shuffle": "parts"},
    "a part held back": {"validation_split": 0.15},
    "weights": {"sample_weight": WEIGHT},
    "weights of classes": {"class_weight": "balanced"},
    "all rows": {"batch_size": None},
    "one batch and a row": {"batch_size": 1012, "shuffle": False},
}


@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
def test_a_source_trains_as_an_array_does(backend, how):
    """To the bit: the same rows come to the same steps."""
    got = results(Told(X), Told(Y), backend, **how)
    assert_same(got, results(X, Y, backend, **how))


def test_targets_may_be_in_memory_or_not():
    expected = results(X, Y)
    assert_same(results(Told(X), Y), expected)
    assert_same(results(Told(X), Y.tolist()), expected)
    assert_same(results(X, Told(Y)), expected)


def test_validation_data_may_come_from_a_source():
    data = X[:300], Y[:300], WEIGHT[:300]
    expected = results(X, Y, validation_data=data)
    come = Told(data[0]), Told(data[1]), data[2]
    assert_same(results(Told(X), Y, validation_data=come), expected)
    assert_same(results(X, Y, validation_data=come), expected)


def test_it_is_asked_for_a_block_at_a_time_in_another_thread():
    x, y = (Told(np.tile(a, (30,) + (1,) * (a.ndim - 1))) for a in (X, Y))
    made().fit(x, y, epochs=2, batch_size=8)
    x.asked.pop(0), y.asked.pop(0)  # to see at the door what comes
    assert 64 * 8 < max(map(len, x.asked)) <= 128 * 8  # equal ones, as many as are needed
    assert [*map(len, x.asked)] == [*map(len, y.asked)]
    of_epochs = np.split(np.concatenate(x.asked), 2)
    for numbers in of_epochs:
        np.testing.assert_array_equal(np.sort(numbers), np.arange(len(x.array)))
    assert not np.array_equal(*of_epochs)


def test_few_blocks_are_held_however_slow_the_steps_are():
    """At most one is asked for while another one is taken."""
    x = Told(np.tile(X, (20, 1)))
    taken = []

    def look(step):
        taken.append((step + 1, sum(map(len, x.asked)) - 64))
        time.sleep(0.0005)

    model = made()
    model.fit(x, np.tile(Y, 20), batch_size=100, callbacks=[told(on_batch_end=look)])
    assert all(asked <= (step + 2 * 128 + 128) * 100 for step, asked in taken)


def test_what_a_source_in_parts_is_asked_for():
    """A few parts together, each once in an epoch; their rows in one order for X and y."""
    x, y = Told(X, PARTS), Told(Y)
    made().fit(x, y, epochs=2, batch_size=10)
    x.asked.pop(0), y.asked.pop(0)
    assert [*map(len, x.asked)] == [*map(len, y.asked)]
    ends = np.cumsum(PARTS)
    for window in x.asked:
        parts, counts = np.unique(
            np.searchsorted(ends, window, side="right"), return_counts=True
        )
        assert len(parts) <= 4
        np.testing.assert_array_equal(counts, np.array(PARTS)[parts])
        assert not np.array_equal(window, np.sort(window))
    first, second = (np.concatenate(x.asked[i : i + 2]) for i in (0, 2))
    for numbers in (first, second):
        np.testing.assert_array_equal(np.sort(numbers), np.arange(len(X)))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("shuffle", [True, "parts"])
def test_one_seed_is_one_run_in_parts(backend, shuffle):
    """As often as it is run, on every backend, and with a part of the rows held back."""
    for how in ({}, {"validation_split": 0.3}, {"sample_weight": WEIGHT}):
        expected = results(Told(X, PARTS), Told(Y, [1013]), "numpy", **how)
        got = results(Told(X, PARTS), Y, backend, shuffle=shuffle, **how)
        assert_same(got, expected, rtol=1e-3, atol=1e-3)
        assert not np.allclose(got["predicted"], results(X, Y, backend, **how)["predicted"])


def test_parts_in_their_order_are_rows_in_theirs():
    expected = results(X, Y, shuffle=False)
    assert_same(results(Told(X, PARTS), Y, shuffle=False), expected)


def test_a_few_parts_are_shuffled_as_rows_in_memory_are():
    assert_same(results(Told(X, [500, 500, 13]), Y), results(X, Y))


def test_what_is_returned_may_be_used_again():
    class Reusing(Told):
        def take(self, numbers):
            self.used = getattr(self, "used", None)
            if self.used is None or len(self.used) < len(numbers):
                self.used = np.empty((len(numbers), *self.shape[1:]), self.array.dtype)
            self.used[: len(numbers)] = super().take(numbers)
            return self.used[: len(numbers)]

    expected = results(X, Y, batch_size=4)
    assert_same(results(Reusing(X), Reusing(Y), batch_size=4), expected)


# ---------------------------------------------------------------- interrupted, and stopped


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("parts", [None, PARTS])
@pytest.mark.parametrize("at", [40, 64])
def test_a_run_goes_on_in_the_middle_of_an_epoch(tmp_path, parts, at):
    """And what it took before is not asked for again."""
    how = {"epochs": 3, "batch_size": 16}
    expected = made().fit(Told(X, parts), Y, **how)
    asked = []

    def stop(step):
        asked.append(step)
        if len(asked) == 64 + at:
            raise StoppedError

    model = made()
    with pytest.raises(StoppedError):
        model.fit(
            Told(X, parts),
            Y,
            callbacks=[
                Checkpoint(tmp_path, every_seconds=1e-9),
                told(on_batch_end=stop),
            ],
            **how,
        )
    again = made()
    x = Told(X, parts)
    again.fit(x, Y, resume=tmp_path, **how)
    assert again.history.history == expected.history
    assert sum(map(len, x.asked)) < 64 + 2 * len(X)


def test_threads_end_with_the_training():
    before = threading.active_count()

    def stop(step):
        raise StoppedError

    x = Told(X)
    with pytest.raises(StoppedError):
        made().fit(x, Y, callbacks=[told(on_batch_end=stop)])
    model = made()
    model.fit(
        x,
        Y,
        epochs=50,
        batch_size=8,
        callbacks=[EarlyStopping("loss", patience=1, min_delta=10)],
    )
    assert threading.active_count() == before


# ------------------------------------------------------------------------- what comes wrong


def changed(array, place, value):
    array = array.copy()
    array[place] = value
    return array


class Taking(Told):
    """A source that returns something of its own."""

    def __init__(self, array, returned):
        super().__init__(array)
        self.returned = returned

    def take(self, numbers):
        return self.returned(super().take(numbers))


WRONG_AT_THE_DOOR = {
    "a row more": (
        Taking(X, lambda rows: np.concatenate([rows, rows[:1]])),
        Y,
        ValueError,
        r"X.take must return rows of the shape \(64, 6\) for 64 numbers, since its shape is "
        r"\(1013, 6\); got \(65, 6\)",
    ),
    "a column less": (Taking(X, lambda rows: rows[:, :5]), Y, ValueError, r"got \(64, 5\)"),
    "flat": (Taking(X, np.ravel), Y, ValueError, r"X.take .* got \(384,\)"),
    "words": (
        Taking(X, lambda rows: rows.astype(str)),
        Y,
        TypeError,
        "X.take: expected numbers, got an array of dtype <U",
    ),
    "nothing": (Taking(X, lambda rows: None), Y, TypeError, "X.take: expected numbers"),
    "a shape that is none": (
        SimpleNamespace(shape="(3, 2)", take=len),
        Y,
        TypeError,
        "X.shape must be a tuple of integers",
    ),
    "three axes": (
        Told(X.reshape(-1, 2, 3)),
        Y,
        ValueError,
        r"X must have the shape \(n_samples, n_features\)",
    ),
    "inputs with one": (Told(Y), Y, ValueError, "X must have the shape .* that of targets"),
    "no rows": (Told(X[:0]), Y[:0], ValueError, "at least one of each"),
    "other features": (Told(X[:, :5]), Y, ValueError, "X must have 6 features"),
    "fewer targets": (Told(X), Y[:-1], ValueError, "y must have as many rows as the inputs"),
    "fewer targets that come": (Told(X), Told(Y[1:]), ValueError, "y must have as many rows"),
    "parts of others": (
        Told(X, [1000]),
        Y,
        ValueError,
        "X.parts must be integers, how many of its 1013",
    ),
    "parts that are one": (Told(X, 1013), Y, ValueError, "X.parts must be .* got 1013"),
    "parts of broken rows": (Told(X, [1013.0]), Y, ValueError, "X.parts must be integers"),
    "an infinite number": (
        Told(changed(X, (3, 2), np.inf)),
        Y,
        ValueError,
        "X must hold finite numbers; got inf in row 3, column 2",
    ),
    "a class that is none": (
        Told(X),
        Told(changed(Y, 5, 7)),
        ValueError,
        "y must .*; got 7 in row 5",
    ),
    "a class far away, in memory": (Told(X), changed(Y, 900, 7), ValueError, "7 in row 900"),
}


@pytest.mark.parametrize(
    ("x", "y", "kind", "message"), WRONG_AT_THE_DOOR.values(), ids=WRONG_AT_THE_DOOR
)
def test_a_wrong_source_is_refused_at_the_door(x, y, kind, message):
    model = made()
    before = {name: to_host(a).copy() for name, a in model.tensors().items()}
    with pytest.raises(kind, match=message):
        model.fit(x, y)
    for name, array in model.tensors().items():
        np.testing.assert_array_equal(array, before[name])
    assert model.history is None
    with pytest.raises(kind, match=message):
        model.evaluate(x, y)


FAR = {
    "a number that is none": (
        Told(changed(X, (900, 2), np.nan)),
        Told(Y),
        "X must hold finite numbers; got nan in row 900, column 2",
    ),
    "a class that is none": (Told(X), Told(changed(Y, 900, -1)), "y must .*got -1 in row 900"),
}


@pytest.mark.parametrize(("x", "y", "message"), FAR.values(), ids=FAR)
@pytest.mark.parametrize("how", [{}, {"validation_split": 0.5}, {"shuffle": "parts"}])
def test_what_is_wrong_far_from_the_door_is_told_when_it_comes(x, y, message, how):
    with pytest.raises(ValueError, match=message):
        made().fit(x, y, batch_size=4, **how)
    with pytest.raises(ValueError, match=message):
        made().evaluate(x, y)


def test_an_error_of_a_source_is_its_own():
    def take(rows):
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        made().fit(Taking(X, take), Y)


@pytest.mark.parametrize(
    "x", [iter([X]), (X[i : i + 10] for i in range(3)), zip([X], [Y]), {1: X}]
)
def test_batches_one_after_the_other_are_refused(x):
    with pytest.raises(TypeError, match="X: expected numbers, got an object of the type"):
        made().fit(x, Y)


def test_of_batches_it_is_told_what_to_give_instead():
    with pytest.raises(
        TypeError, match=r"row source, an object with shape and take\(numbers\)"
    ):
        made().fit((X for _ in range(3)), Y)


def test_shuffle_is_one_of_three():
    with pytest.raises(TypeError, match="shuffle must be True, False or 'parts', got 'rows'"):
        made().fit(X, Y, shuffle="rows")
    with pytest.raises(TypeError, match=r"shuffle must be .*got array\(\[1, 2\]\)"):
        made().fit(X, Y, shuffle=np.array([1, 2]))


# ----------------------------------------------------------------------- who is no source


@pytest.mark.parametrize(
    "held",
    [
        X,
        X.tolist(),
        pd.DataFrame(X),
        pd.Series(Y),
        pd.Index(Y),
        pd.array(Y),
        pyarrow.table({"a": Y}),
        pyarrow.array(Y),
        (1, 2),
        3.0,
    ],
    ids=lambda held: type(held).__name__,
)
def test_what_is_in_memory_is_no_source(held):
    assert source_of(held) is None


def test_arrays_of_a_backend_are_no_sources(backend):
    assert source_of(backend.asarray(X)) is None


def test_a_source_may_be_one_that_numpy_could_read():
    """What it may say of itself as an array would be all of it."""

    class Readable(Told):
        def __array__(self, *how, **more):
            raise AssertionError("all of it was read")

    assert_same(results(Readable(X), Readable(Y)), results(X, Y))


# ------------------------------------------------------------------------- other uses of it


def test_a_network_computes_with_a_source(backend):
    model = made(backend)
    x, y = Told(X), Told(Y)
    np.testing.assert_array_equal(model.predict(x), to_host(model.predict(X)))
    predicted = model.predict(x, batch_size=10)
    assert isinstance(predicted, np.ndarray)
    np.testing.assert_allclose(predicted, to_host(model.predict(X, batch_size=10)), rtol=1e-6)
    assert max(map(len, x.asked[3:])) == 10
    for ours, theirs in (
        (model.forward(x), model.forward(X)),
        (model.layer_outputs(x, 1), model.layer_outputs(X, 1)),
        *zip(model.gradients(x, y)[1], model.gradients(X, Y)[1]),
    ):
        np.testing.assert_array_equal(to_host(ours), to_host(theirs))


@pytest.mark.parametrize("metrics", [("accuracy", "f1"), ("roc_auc", "confusion_matrix")])
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_pieces_are_measured_as_the_whole(monkeypatch, backend, metrics, weight):
    model = made(backend, metrics)
    expected = model.evaluate(X, Y, sample_weight=weight)
    monkeypatch.setattr("xpnn.network.network.PREDICT_NUMBERS", 8 * 100)  # 100 rows at a time
    x = Told(X)
    got = model.evaluate(x, Told(Y), sample_weight=weight)
    assert max(map(len, x.asked)) == 100
    for name, value in expected.items():
        np.testing.assert_allclose(got[name], value, rtol=1e-5, err_msg=name)


def test_parts_are_measured_as_rows_in_memory_are(monkeypatch):
    """To the bit, wherever they end."""
    monkeypatch.setattr("xpnn.network.network.PREDICT_NUMBERS", 8 * 100)
    monkeypatch.setattr("xpnn.data.streams.PIECE", 6 * 350)
    model, x = made(), Told(X, PARTS)
    assert model.evaluate(x, Told(Y, PARTS)) == model.evaluate(X, Y)
    np.testing.assert_array_equal(model.predict(x), model.predict(X))
    assert max(map(len, x.asked)) == 313


@pytest.mark.parametrize("parts", [None, PARTS])
def test_targets_in_parts_are_read_once(parts):
    """With inputs that come in any order they are read at the door."""
    y = Told(Y, PARTS)
    made().fit(Told(X, parts), y, epochs=1, batch_size=8)
    assert sum(map(len, y.asked)) == len(Y) + 64


def test_backends_are_compared_on_a_source():
    model = made()
    told = compare_backends(model, Told(X), Told(Y), ["numpy", "array_api_strict"])
    assert str(told) == str(compare_backends(model, X, Y, ["numpy", "array_api_strict"]))


def test_callbacks_see_a_source(tmp_path):
    seen = []

    def look(epochs, steps):
        seen.append(some_rows(listener.data, 50))

    listener = told(on_train_begin=look)
    for x in (Told(X), Told(X, PARTS), X):
        made().fit(x, Y, callbacks=[listener])
    of_source, of_parts, of_array = seen
    for got, expected in zip(of_source, of_array):
        np.testing.assert_array_equal(got, expected)
    for got, array in zip(of_parts, (X, Y)):
        np.testing.assert_array_equal(got, array[:50])


@pytest.mark.parametrize("given", [X.tolist(), X, pd.DataFrame(X)])
def test_some_rows_are_evenly_spaced(given):
    for got, array in zip(some_rows((given, Y), 10), (X, Y)):
        np.testing.assert_allclose(got, array[::102])
    np.testing.assert_allclose(some_rows((given, Y), 5000)[0], X)


def test_a_source_is_asked_once_at_a_time():
    """Also where a callback takes rows while those of the next block are read."""

    class Alone(Told):
        busy = False

        def take(self, numbers):
            assert not self.busy
            self.busy = True
            time.sleep(0.002)
            self.busy = False
            return super().take(numbers)

    looking = told(on_batch_end=lambda step: some_rows(looking.data, 5))
    made().fit(Alone(X), Alone(Y), epochs=1, batch_size=2, callbacks=[looking])


def test_some_of_the_rows_of_a_source():
    """Selections of selections, with the parts that are left."""
    source = Source(Told(X, PARTS), "X", lambda rows, numbers: rows)
    numbers = np.arange(0, 1013, 3)
    some = source.of(numbers)
    np.testing.assert_array_equal(some.take(np.array([5, 0])), X[[15, 0]])
    assert sum(some.parts) == some.shape[0] == len(numbers)
    assert some.parts == [34, 100, 4, 67, 83, 50]
    cut = some[10:110, ...]
    np.testing.assert_array_equal(cut.take(np.arange(3)), X[[30, 33, 36]])
    assert cut.parts == [24, 76]
    np.testing.assert_array_equal(cut.of(np.array([1, 99])).take(np.arange(2)), X[[33, 327]])
