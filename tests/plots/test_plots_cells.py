"""Arrays as cells, and their products."""

import numpy as np
import pytest
from drawing import axes

from xpnn import plots

A = np.array([[1.0, -2.0], [3.0, 0.5]])
B = np.array([[2.0, 0.0, 1.0], [-1.0, 4.0, 1.0]])


def cells(drawn, array, first):
    """Return the rectangles of an array of which the first one has this number."""
    return np.array(drawn.patches[first : first + array.size]).reshape(array.shape)


def marked(rectangles):
    return np.vectorize(lambda patch: patch.get_facecolor()[2] < 0.9)(rectangles)


def texts(drawn):
    return [text.get_text() for text in drawn.texts]


def test_the_row_and_column_of_a_cell_are_marked():
    drawn = axes()
    result = plots.matrix_product(drawn, A, B, cells=5)
    np.testing.assert_array_equal(result, A @ B)
    np.testing.assert_array_equal(marked(cells(drawn, B, 0)), [[False, True, False]] * 2)
    np.testing.assert_array_equal(marked(cells(drawn, A, 6)), [[False] * 2, [True] * 2])
    np.testing.assert_array_equal(
        marked(cells(drawn, result, 10)), [[False] * 3, [False, True, False]]
    )
    assert texts(drawn)[-1] == "3·0 + 0.5·4 = 2"
    assert len(texts(drawn)) == 6 + 4 + 5 + 1


def test_biases_are_added():
    drawn = axes()
    result = plots.matrix_product(drawn, A, B, biases=[1, -1, 0])
    np.testing.assert_array_equal(result, A @ B + [1, -1, 0])
    assert not marked(np.array(drawn.patches)).any()
    assert texts(drawn)[-1] == "3·1 + 0.5·1 + 0 = 3.5"


def test_arrays_of_one_to_three_axes():
    for array in (np.arange(3), A, np.arange(24).reshape(2, 3, 4)):
        drawn = axes()
        plots.array_cells(drawn, array)
        assert len(drawn.patches) == array.size
        assert drawn.get_title() == f"shape {array.shape}"
        assert sorted(
            map(float, (t.replace("\N{MINUS SIGN}", "-") for t in texts(drawn)))
        ) == sorted(array.ravel())


def test_a_dot_product_term_by_term():
    drawn = axes()
    assert plots.dot_product(drawn, [1, 2, 3], [2, 3, 4], terms=2) == 20
    assert "= 20" not in texts(drawn)
    assert texts(drawn).count("=") == 2
    assert sum(marked(np.array(drawn.patches))) == 4


def test_rows_keep_their_colour_when_they_become_columns():
    drawn = axes()
    plots.transposition(drawn, B)
    before = cells(drawn, B, 0)
    after = cells(drawn, B.T, 6)
    for i, j in np.ndindex(B.shape):
        assert before[i, j].get_facecolor() == after[j, i].get_facecolor()
    assert before[0, 0].get_facecolor() != before[1, 0].get_facecolor()
    assert {"(2, 3)", "(3, 2)"} <= {*texts(drawn)}


def test_rows_become_columns_one_by_one():
    drawn = axes()
    plots.transposition(drawn, B, rows=1)
    after = texts(drawn)[7:-2]  # behind those of the matrix and the arrow
    assert after == ["2", "0", "1"]


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"\(n, k\) and \(k, m\), got \(2, 2\) and \(3, 2\)"):
        plots.matrix_product(axes(), A, B.T)
    with pytest.raises(ValueError, match=r"biases must have the shape \(3,\), got \(1,\)"):
        plots.matrix_product(axes(), A, B, biases=[1])
    with pytest.raises(ValueError, match=r"a and b must have the same shape \(n,\)"):
        plots.dot_product(axes(), [1], [1, 2])
    with pytest.raises(ValueError, match=r"one to three axes, got the shape \(1, 1, 1, 1\)"):
        plots.array_cells(axes(), np.ones((1, 1, 1, 1)))
    with pytest.raises(ValueError, match=r"array must have the shape \(n, m\), got \(3,\)"):
        plots.transposition(axes(), [1, 2, 3])
