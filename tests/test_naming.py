"""Settings, as a layer, a loss or an optimizer keeps them."""

from fractions import Fraction

import xpnn


def test_fractions_become_floats():
    assert xpnn.LeakyReLU(Fraction(1, 4)) == xpnn.LeakyReLU(0.25)
    assert type(xpnn.LeakyReLU(Fraction(1, 4)).slope) is float
