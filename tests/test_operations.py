"""The operations that libraries may compute in their own way, beside plain NumPy."""

import math
from itertools import product

import numpy as np
import pytest
from support import host

from xpnn import operations

SHAPES = [(1, 1), (1, 5), (7, 1), (300, 3), (40, 70), (5, 130)]
LAYOUTS = ["rows", "columns", "strided", "read-only"]
NAMES = [name for name in operations.__all__ if name != "one_hot"]


@pytest.fixture(params=["own", "shared"])
def find(request):
    """The library's own way, and the body that all share."""

    def find(name):
        call = getattr(operations, name)
        return call if request.param == "own" else call.__wrapped__

    return find


@pytest.fixture(params=LAYOUTS)
def place(request, backend, dtype):
    """Put numbers on the backend, in one of several layouts."""

    def place(values, dtype=dtype):
        values = np.array(values, dtype)  # a copy of the test's own
        if request.param == "columns":
            array = backend.asarray(np.ascontiguousarray(values.T), copy=True)
            return array.T if values.ndim == 2 else array
        if request.param == "strided":
            around = np.full([2 * n + 1 for n in values.shape], 77, values.dtype)
            around[tuple(slice(1, None, 2) for _ in values.shape)] = values
            array = backend.asarray(around, copy=True)
            return array[tuple(slice(1, None, 2) for _ in values.shape)]
        if request.param == "read-only":
            values.flags.writeable = False
            return backend.asarray(values)
        return backend.asarray(values, copy=True)

    return place


def numbers(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def columns_of(shape, seed=1):
    n, k = shape
    return np.random.default_rng(seed).integers(0, k, size=n)


def rounded(values, dtype):
    """Return numbers that a dtype has, in float64, so that NumPy's result is exact."""
    return np.asarray(values).astype(dtype).astype(np.float64)


REDUCTIONS = {
    "column_sums": lambda a: a.sum(axis=0),
    "row_sums": lambda a: a.sum(axis=1, keepdims=True),
    "row_maxima": lambda a: a.max(axis=1, keepdims=True),
    "positive_part": lambda a: np.where(a > 0, a, 0.0),
}


@pytest.mark.parametrize("shape", [(7,), (5, 3), (300, 250)])
def test_sum_of_squares(find, place, dtype, shape):
    values = rounded(numbers(shape), dtype)
    result = host(find("sum_of_squares")(place(values)))
    # a library may add up many numbers one after the other
    rel = max(50, values.size**0.5) * float(np.finfo(dtype).eps)
    assert result == pytest.approx(np.sum(values**2), rel=rel)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_operations_of_one_matrix(find, place, dtype, name):
    for shape in SHAPES:
        values = rounded(numbers(shape), dtype)
        a = place(values)
        result = find(name)(a)
        wanted = REDUCTIONS[name](values)
        assert type(result) is type(a) or host(result).ndim == 0
        scale = 50 * np.finfo(dtype).eps * np.abs(values).sum(axis=0).max()
        assert host(result).dtype == np.dtype(dtype)
        assert host(result).shape == wanted.shape
        np.testing.assert_allclose(host(result), wanted, rtol=0, atol=scale)
        np.testing.assert_array_equal(host(a), values)  # it is not changed


@pytest.mark.parametrize("n", [1, 7, 300, 1000])
def test_mean(find, place, dtype, n):
    values = rounded(numbers((n,)), dtype)
    a = place(values)
    result = host(find("mean")(a))
    assert (result.shape, result.dtype) == ((), np.dtype(dtype))
    np.testing.assert_allclose(result, values.mean(), rtol=0, atol=50 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(host(a), values)


def test_where_positive(find, place, dtype):
    for shape in SHAPES:
        a_values, b_values = rounded(numbers(shape), dtype), rounded(numbers(shape, 2), dtype)
        a_values[0, 0] = 0.0  # is not positive
        a, b = place(a_values), place(b_values)
        result = find("where_positive")(a, b)
        assert host(result).dtype == np.dtype(dtype)
        np.testing.assert_array_equal(host(result), np.where(a_values > 0, b_values, 0))
        np.testing.assert_array_equal(host(a), a_values)
        np.testing.assert_array_equal(host(b), b_values)


def test_where_positive_is_0_whatever_b_holds_where_nothing_is_positive(find, place, dtype):
    a = place([[-1.0, 2.0, 0.0]])
    b = place([[np.inf, 3.0, np.nan]])
    np.testing.assert_array_equal(host(find("where_positive")(a, b)), [[0.0, 3.0, 0.0]])


def test_where_positive_lets_what_is_not_finite_pass(find, place, dtype):
    a = place([[1.0, 2.0, 3.0]])
    b = place([[np.inf, -np.inf, np.nan]])
    result = host(find("where_positive")(a, b))
    np.testing.assert_array_equal(result, [[np.inf, -np.inf, np.nan]])


def test_positive_part_of_what_is_not_finite(find, place, dtype):
    a = place([[np.nan, np.inf, -np.inf, -0.0]])
    np.testing.assert_array_equal(host(find("positive_part")(a)), [[np.nan, np.inf, 0.0, 0.0]])


def test_the_largest_of_rows_that_are_not_finite(find, place, dtype):
    rows = np.array(
        [
            [-np.inf, 1.0, 2.0],
            [-np.inf, -np.inf, -np.inf],
            [np.inf, 0.0, -np.inf],
            [np.nan, 1.0, 2.0],
            [3.0, np.nan, np.inf],
            [1.0, 2.0, np.nan],
            [5.0, 5.0, 5.0],
        ]
    )
    wanted = [[2.0], [-np.inf], [np.inf], [np.nan], [np.nan], [np.nan], [5.0]]
    np.testing.assert_array_equal(host(find("row_maxima")(place(rows))), wanted)


def test_pick(find, place, dtype):
    for shape, index in product(SHAPES, ["uint8", "int32", "int64"]):
        values, chosen = rounded(numbers(shape), dtype), columns_of(shape)
        a, columns = place(values), place(chosen, index)
        result = find("pick")(a, columns)
        assert host(result).dtype == np.dtype(dtype)
        np.testing.assert_array_equal(host(result), values[np.arange(shape[0]), chosen])
        np.testing.assert_array_equal(host(a), values)
        np.testing.assert_array_equal(host(columns), chosen)


@pytest.fixture(params=[layout for layout in LAYOUTS if layout != "read-only"])
def place_to_change(request, backend, dtype):
    """Likewise, with the array around a strided one; it can be changed."""

    def place(values):
        if request.param == "columns":
            around = backend.asarray(np.ascontiguousarray(values.T), dtype, copy=True).T
            return around, around
        if request.param == "strided":
            n, k = values.shape
            around = np.full((2 * n + 1, 2 * k + 1), 77.0)
            around[1::2, 1::2] = values
            around = backend.asarray(around, dtype, copy=True)
            return around, around[1::2, 1::2]
        around = backend.asarray(values, dtype, copy=True)
        return around, around

    return place


def test_scatter_add(find, place, backend, dtype):
    for n, k, count in ((1, 1, 1), (7, 3, 4), (64, 5, 9)):
        values, places = rounded(numbers((n, k)), dtype), columns_of((n, count))
        rows = place(values)
        scatter_add, own = find("scatter_add"), operations.scatter_add
        if scatter_add is not own and backend.name == "jax":  # whose arrays nobody changes
            scatter_add = own
        result = scatter_add(rows, backend.asarray(places), count)
        wanted = np.zeros((count, k))
        for i, row in zip(places, values):
            wanted[i] += row
        assert host(result).dtype == np.dtype(dtype)
        np.testing.assert_allclose(host(result), wanted, atol=100 * np.finfo(dtype).eps)
        np.testing.assert_array_equal(host(rows), values)


def test_add_rows(find, place_to_change, backend, dtype):
    for n, k, count in ((1, 1, 1), (7, 3, 4), (64, 5, 9)):
        values, places = numbers((n, k)), columns_of((n, count))
        around, table = place_to_change(numbers((count, k)) + 1)
        wanted, add_rows = host(table).copy(), find("add_rows")
        if backend.name == "jax":  # whose arrays nobody changes
            add_rows = operations.add_rows
        rows = backend.asarray(values, dtype)
        result = add_rows(table, backend.asarray(places), rows)
        for i, row in zip(places, rounded(values, dtype)):
            wanted[i] += row
        assert host(result).dtype == np.dtype(dtype)
        np.testing.assert_allclose(host(result), wanted, atol=100 * np.finfo(dtype).eps)
        if around.shape != table.shape:
            assert set(host(around)[::2].ravel()) == {77.0}


def test_subtract_one_hot(find, backend, place_to_change, dtype):
    for shape, index in product(SHAPES, ["uint8", "int32", "int64"]):
        values, chosen = rounded(numbers(shape), dtype), columns_of(shape)
        around, a = place_to_change(values)
        outside = host(around).copy()
        read_only = chosen.astype(index)
        read_only.flags.writeable = False
        columns = backend.asarray(read_only)
        result = find("subtract_one_hot")(a, columns)
        wanted = values.copy()
        wanted[np.arange(shape[0]), chosen] -= 1
        assert host(result).dtype == np.dtype(dtype)
        np.testing.assert_array_equal(host(result), wanted.astype(dtype))
        np.testing.assert_array_equal(host(columns), chosen)
        if around.shape != shape:  # only `a` is consumed, and not what lies between its numbers
            kept = np.ones(around.shape, bool)
            kept[1::2, 1::2] = False
            np.testing.assert_array_equal(host(around)[kept], outside[kept])


def test_subtract_one_hot_leaves_the_next_call_as_it_was(find, backend, dtype):
    """Whatever tables are kept from one call to the next, they are not changed."""
    for _ in range(2):
        a = backend.asarray(np.zeros((3, 3)), dtype, copy=True)
        result = find("subtract_one_hot")(a, backend.asarray(np.array([0, 1, 2])))
        result *= 5.0
        np.testing.assert_array_equal(host(result), -5 * np.eye(3))
        sums = find("column_sums")(result)
        sums += 1.0
        np.testing.assert_array_equal(host(sums), [-4, -4, -4])


JOINED = [
    [(2, 3)],
    [(5,), (2, 3)],
    [(), (3,), (2, 2)],
    [(300, 3), (3,), (3, 70), (70,), (1, 1)],
]


@pytest.mark.parametrize("shapes", JOINED, ids=str)
def test_join(find, place, dtype, shapes):
    values = [rounded(numbers(shape, i), dtype) for i, shape in enumerate(shapes)]
    arrays = [place(v) for v in values]
    result = find("join")(*arrays)
    assert host(result).dtype == np.dtype(dtype)
    wanted = np.concatenate([v.reshape(-1) for v in values])  # rows after rows
    np.testing.assert_array_equal(host(result), wanted)
    for array, old in zip(arrays, values):
        np.testing.assert_array_equal(host(array), old)


def test_joined_arrays_keep_their_memory(find, backend, dtype):
    arrays = [backend.asarray(np.zeros(n), dtype, copy=True) for n in (2, 3)]
    joined = find("join")(*arrays)
    joined += 1.0
    assert not any(host(array).any() for array in arrays)


def test_one_hot_of_indices(backend, place, dtype):
    for shape, index in product(SHAPES, ["uint8", "int32", "int64"]):
        chosen = columns_of(shape)
        rows = operations.one_hot(place(chosen, index), place(numbers(shape)))
        assert rows.dtype == backend.dtype(dtype)
        np.testing.assert_array_equal(host(rows), np.eye(shape[1])[chosen])


def test_one_hot_of_rows(backend, place, dtype):
    rows = operations.one_hot(place(np.eye(3), "int32"), place(numbers((3, 3))))
    assert rows.dtype == backend.dtype(dtype)
    np.testing.assert_array_equal(host(rows), np.eye(3))


FAR = [0.0, -0.0, 1e-30, 0.5, -1.0, 2.0, -3.0, 3.9, 4.1, 5.9, 6.1, -20.0, 1e4, -1e30]


def test_erf(find, place, dtype):
    for values in (4 * numbers((300, 3)), np.array([FAR]), np.array([[np.inf, -np.inf]])):
        values = rounded(values, dtype)
        a = place(values)
        result = host(find("erf")(a))
        assert result.dtype == np.dtype(dtype)
        wanted = np.vectorize(math.erf)(values)
        np.testing.assert_allclose(result, wanted, rtol=4 * np.finfo(dtype).eps)
        np.testing.assert_array_equal(host(a), values)
    assert np.isnan(host(find("erf")(place([[np.nan]])))).all()


def test_an_operation_of_ones_own(backend):
    def doubled(a):
        return 2 * a

    library = {"numba": "numpy"}.get(backend.name, backend.name)  # whose arrays it has

    @operations.operation(**{library: doubled})
    def mean(a, times=1):  # called as one of ours
        return times * a

    assert host(mean(backend.asarray([3.0]))).tolist() == [6.0]
    assert mean(np.float64(3.0)) == (6.0 if library == "numpy" else 3.0)
    assert host(operations.mean(backend.asarray([3.0]))) == 3.0

    @operations.operation
    def pick(a, times):
        return times * a

    assert host(pick(backend.asarray([3.0]), 4)).tolist() == [12.0]


def test_a_backend_names_only_operations_that_there_are(backend):
    assert set(backend.operations) <= set(NAMES)
    for name, own in backend.operations.items():
        assert own is not getattr(operations, name).__wrapped__


# ------------------------------------------- what the book's numbers need of NumPy, bit for bit


@pytest.mark.parametrize("k", [2, 3, 5, 8, 64, 70])
def test_numpy_adds_columns_of_300_rows_in_the_order_of_its_sum(k):
    for seed in range(5):
        a = numbers((300, k), seed).astype(np.float32)
        np.testing.assert_array_equal(operations.column_sums(a), np.sum(a, axis=0))


@pytest.mark.parametrize("k", range(1, 8))
def test_numpy_adds_short_rows_in_the_order_of_its_sum(k):
    for seed in range(5):
        a = numbers((300, k), seed).astype(np.float32)
        wanted = np.sum(a, axis=1, keepdims=True)
        np.testing.assert_array_equal(operations.row_sums(a), wanted)


@pytest.mark.parametrize("n", [1, 7, 100, 300, 1000])
def test_numpy_computes_the_mean_that_it_is_asked_for(n):
    for seed in range(5):
        a = numbers((n,), seed).astype(np.float32)
        assert operations.mean(a) == np.mean(a)


def test_a_product_is_added(find, place, dtype):
    a, b = place([[1.0, -2.0], [0.5, 3.0]]), place([[4.0, 5.0], [-6.0, 7.0]])
    result = find("add_product")(place([[1.0, 1.0], [2.0, 2.0]]) * 1.0, a, b)  # consumed
    np.testing.assert_array_equal(host(result), [[5.0, -9.0], [-1.0, 23.0]])


def test_signs(find, place, dtype):
    result = find("sign")(place([[2.5, 0.0], [-0.0, -1e-30]]))
    np.testing.assert_array_equal(host(result), [[1.0, 0.0], [0.0, -1.0]])
