"""After which epochs a frame is taken."""

import numpy as np

from xpnn.movie import moments


def test_moments_are_dense_at_first_and_hold_both_ends():
    assert moments(10, 4) == {0, 4, 8, 10}
    assert moments(3, 100) == {0, 3}
    assert moments(7, None) == set(range(8))
    many = sorted(moments(10_001, None))
    assert (many[0], many[-1]) == (0, 10_001)
    assert 100 < len(many) <= 121
    gaps = np.diff(many)
    assert gaps[0] == 1
    assert (np.diff(gaps) >= -1).all()  # but for rounding, ever wider
