"""The order of rows that are read in parts."""

import numpy as np
import pytest

from xpnn.data.order import Windows, equal_parts

PARTS = [100, 200, 50, 30, 20, 10, 5]


@pytest.mark.parametrize("seed", range(5))
def test_each_row_comes_once_and_with_its_window(seed):
    windows = Windows(PARTS, 10, np.random.default_rng(seed))
    n, ends = sum(PARTS), np.cumsum(PARTS)
    order = windows[0:n]
    np.testing.assert_array_equal(np.sort(order), np.arange(n))
    assert windows.ends[-1] == n
    for numbers in np.split(order, windows.ends[:-1]):
        parts = np.unique(np.searchsorted(ends, numbers, side="right"))
        assert len(numbers) == sum(PARTS[part] for part in parts)
        assert len(parts) <= 4


def test_any_part_of_it_is_the_same():
    windows = Windows(PARTS, 10, np.random.default_rng(0))
    order = windows[0:415].tolist()
    for start, stop in ((0, 1), (414, 415), (100, 414), (3, 300), (250, 260)):
        assert windows[start:stop].tolist() == order[start:stop]
    again = Windows(PARTS, 10, np.random.RandomState(7))
    assert sorted(again[0:415]) == list(range(415))
    assert again[0:415].tolist() != order


def test_parts_come_in_another_order_each_time_and_their_rows_too():
    generator = np.random.default_rng(3)
    first, second = (Windows(PARTS * 10, 10, generator)[0:4150] for _ in range(2))
    assert not np.array_equal(first, second)
    inside = Windows([1000] * 9, 10, generator)
    window = inside[0 : inside.ends[0]]
    # rows of the parts of a window are mixed, about as many of each in each half
    of_half = np.bincount(window[:2000] // 1000, minlength=9)
    assert (np.abs(of_half[of_half > 0] - 500) < 100).all()


def test_few_parts_are_one_window_in_the_order_of_memory():
    order = Windows([5, 6, 7], 10, np.random.default_rng(1))[0:18]
    np.testing.assert_array_equal(order, np.random.default_rng(1).permutation(18))


def test_large_parts_are_two_in_a_window():
    assert Windows([1 << 20] * 6, 64).ends.tolist() == [2 << 20, 4 << 20, 6 << 20]
    assert Windows([1000] * 6, 64).ends.tolist() == [4000, 6000]


def test_without_a_generator_rows_stay_in_their_order():
    np.testing.assert_array_equal(Windows(PARTS, 10)[0:415], np.arange(415))


@pytest.mark.parametrize(("n", "width"), [(1, 1), (10, 1 << 30), (3_000_000, 3), (1 << 20, 1)])
def test_equal_parts_are_all(n, width):
    parts = equal_parts(n, width)
    assert sum(parts) == n
    assert max(parts) * width <= max(1 << 20, width)
