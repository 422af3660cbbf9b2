"""Batches, splits and weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import host
from twelve_rows import X, Y, classifier

import xpnn
from xpnn.backend import array_namespace
from xpnn.data import batch_slices, check_class_weight, check_sample_weight, split_rows

QUICK = settings(deadline=None, max_examples=60)


@given(n=st.integers(1, 300), batch_size=st.none() | st.integers(1, 400))
@QUICK
def test_batches_are_a_partition(n, batch_size):
    slices = batch_slices(n, batch_size)
    rows = np.concatenate([np.arange(1000)[part] for part in slices])
    np.testing.assert_array_equal(rows, np.arange(n))
    sizes = [part.stop - part.start for part in slices]
    wanted = n if batch_size is None else min(batch_size, n)
    assert set(sizes[:-1]) <= {wanted}
    assert 0 < sizes[-1] <= wanted
    assert all(0 <= part.start < part.stop <= n and part.step is None for part in slices)


@given(
    n=st.integers(2, 60),
    part=st.floats(0, 1, exclude_min=True, exclude_max=True),
    seed=st.integers(0, 2**32 - 1),
    weighted=st.booleans(),
)
@QUICK
def test_split_is_a_partition(n, part, seed, weighted):
    x, y = np.arange(n)[:, None] * 1.0, -np.arange(n)
    weight = np.arange(n) + 0.5 if weighted else None
    arguments = (part, x, y, weight)
    if round(part * n) >= n:
        with pytest.raises(ValueError, match="validation_split must leave a row"):
            split_rows(np.random.default_rng(seed), *arguments)
        return
    train, measure = split_rows(np.random.default_rng(seed), *arguments)
    kept, held = train[0][:, 0].astype(int), measure[0][:, 0].astype(int)
    assert sorted([*kept, *held]) == list(range(n))
    assert len(held) == max(1, round(part * n))
    assert (np.diff(kept) > 0).all()  # in their old order
    np.testing.assert_array_equal(train[1], -kept)
    np.testing.assert_array_equal(measure[1], -held)
    if weighted:
        np.testing.assert_array_equal(train[2], kept + 0.5)
    else:
        assert train[2] is None
    again, _ = split_rows(np.random.default_rng(seed), *arguments)
    np.testing.assert_array_equal(again[0], train[0])


def test_split_takes_every_row_in_its_turn():
    """Over many draws each row is held back about equally often."""
    x, y = np.arange(10.0)[:, None], np.zeros(10)
    generator = np.random.default_rng(0)
    held = [split_rows(generator, 0.3, x, y, None)[1][0][:, 0] for _ in range(400)]
    counts = np.bincount(np.concatenate(held).astype(int), minlength=10)
    assert counts.sum() == 1200
    assert (abs(counts - 120) < 50).all()  # five standard deviations


def test_split_stays_on_the_backend(backend):
    x = backend.asarray(np.arange(12.0).reshape(6, 2), "float32")
    for y in (backend.asarray(np.arange(6), "int32"), backend.asarray(np.eye(6))):
        (x1, y1, _), (x2, y2) = split_rows(np.random.default_rng(0), 0.5, x, y, None)
        for array, old in ((x1, x), (x2, x), (y1, y), (y2, y)):
            assert array_namespace(array) is backend.xp
            assert array.dtype == old.dtype
            assert array.shape == (3, *old.shape[1:])
            assert getattr(array, "device", None) == getattr(old, "device", None)


def test_one_seed_splits_alike_on_every_backend(backend):
    x = np.arange(20.0)[:, None]
    expected, _ = split_rows(np.random.default_rng(3), 0.4, x, x[:, 0], None)
    placed = backend.asarray(x)
    train, _ = split_rows(np.random.default_rng(3), 0.4, placed, placed[:, 0], None)
    np.testing.assert_array_equal(host(train[0]), expected[0])


# ------------------------------------------------------------------------------- weights


def test_sample_weights_of_any_library(backend):
    assert check_sample_weight(None, 3) is None
    for given_ in (
        [1, 2, 0],
        (1, 2, 0),
        np.array([1, 2, 0], np.int8),
        backend.asarray([1, 2, 0]),
    ):
        weight = check_sample_weight(given_, 3)
        assert type(weight) is np.ndarray
        assert weight.dtype == np.float64
        assert weight.tolist() == [1, 2, 0]
    given_ = np.array([1.0, 2.0])
    check_sample_weight(given_, 2)[0] = 5
    assert given_[0] == 1


@pytest.mark.parametrize("wrong", [[1, -1, 1], [1, np.nan, 1], [1, np.inf, 1]])
def test_wrong_sample_weight_is_shown_with_its_row(wrong):
    with pytest.raises(ValueError, match=r"sample_weight must .*got .* in row 1"):
        check_sample_weight(wrong, 3)


@given(
    y=st.lists(st.integers(0, 4), min_size=1, max_size=40),
    factors=st.dictionaries(st.integers(0, 4), st.floats(0.125, 8)),
)
@QUICK
def test_class_weights(y, factors):
    y = np.array(y)
    backend = xpnn.backend.resolve("numpy")
    loss = xpnn.CategoricalCrossEntropy()
    got = check_class_weight(factors, None, y, 5, loss, backend)
    assert got.tolist() == [factors.get(c, 1.0) for c in y.tolist()]
    one_hot = check_class_weight(factors, None, np.eye(5)[y], 5, loss, backend)
    np.testing.assert_array_equal(one_hot, got)
    doubled = check_class_weight(factors, np.full(y.size, 2.0), y, 5, loss, backend)
    np.testing.assert_array_equal(doubled, 2 * got)


@given(y=st.lists(st.integers(0, 4), min_size=1, max_size=40))
@QUICK
def test_balanced_classes_weigh_the_same(y):
    y = np.array(y)
    backend = xpnn.backend.resolve("numpy")
    weight = check_class_weight("balanced", None, y, 5, xpnn.CategoricalCrossEntropy(), backend)
    sums = [weight[y == c].sum() for c in set(y.tolist())]
    np.testing.assert_allclose(sums, y.size / len(sums))  # and their mean is 1


def test_class_weights_of_yes_and_no(backend):
    loss = xpnn.BinaryCrossEntropy()
    y = backend.asarray([[0.0], [1.0], [1.0]], "float32")
    weight = check_class_weight({0: 3.0, 1: 0.5}, None, y, 1, loss, backend)
    assert weight.tolist() == [3.0, 0.5, 0.5]
    several = backend.asarray([[0.0, 1.0], [1.0, 1.0]], "float32")
    with pytest.raises(ValueError, match="class_weight needs one class for each sample"):
        check_class_weight({0: 3.0}, None, several, 2, loss, backend)
    with pytest.raises(ValueError, match="class_weight is for losses that classify"):
        check_class_weight({0: 3.0}, None, y, 1, xpnn.MeanSquaredError(), backend)


def test_validation_split_is_drawn_at_random_and_again_the_same(backend):
    """Rows sorted by class are the trap: the last part of them is one class only."""
    n = 90
    y = np.repeat([0, 1, 2], n // 3)
    x = np.stack([y, np.arange(n)], axis=1) / n
    seen = []

    for seed in (1, 1, 2):
        (x_train, y_train, w), (x_val, y_val) = split_rows(
            np.random.default_rng(seed), 0.3, _own(x), _own(y), np.arange(n)
        )
        rows = np.rint(host(x_val)[:, 1] * n).astype(int)
        kept = np.rint(host(x_train)[:, 1] * n).astype(int)
        assert sorted([*rows, *kept]) == list(range(n))
        np.testing.assert_array_equal(host(y_val), y[rows])
        np.testing.assert_array_equal(host(y_train), y[kept])
        np.testing.assert_array_equal(w, kept)
        assert len(rows) == 27
        assert set(y[rows].tolist()) == {0, 1, 2}
        seen.append(rows.tolist())
    assert seen[0] == seen[1] != seen[2]
    models = [classifier(seed=s) for s in (5, 5, 6)]
    runs = [m.fit(X, Y, epochs=2, validation_split=0.3).history for m in models]
    assert runs[0] == runs[1] != runs[2]
    assert {len(values) for values in runs[0].values()} == {2}
    assert set(runs[0]) == {"loss", "accuracy", "val_loss", "val_accuracy"}


def _own(x):
    return xpnn.get_backend().asarray(x)
