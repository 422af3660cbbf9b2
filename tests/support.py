"""What several test files need: comparing arrays strictly, and making them."""

import numpy as np

from xpnn.backend import array_namespace, device_of


def assert_close(actual, expected, *, rtol=None, atol=0.0):
    """Check namespace, device, dtype and shape first, then values.

    Where `expected` is a NumPy array or a number, only dtype and shape are compared with it
    beside the values; the tolerance follows from the dtype.
    """
    if not isinstance(expected, np.ndarray | float | int | list | tuple):
        assert array_namespace(actual) is array_namespace(expected)
        assert device_of(actual) == device_of(expected)
        assert actual.dtype == expected.dtype
    actual, expected = host(actual), host(expected)
    assert actual.shape == expected.shape
    if rtol is None:
        rtol = 50 * np.finfo(actual.dtype).eps
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


def first_line(value):
    """Return a name for a parameter, which tools that ask for tests by name find again."""
    return repr(value).split("\n")[0]


def host(x):
    """Return any array as NumPy's."""
    from xpnn.backend import to_host

    return to_host(x)


def of_the_core(cls):
    """Whether a layer, a loss or an optimizer is xpnn's, and not that of its estimators."""
    return cls.__module__.startswith("xpnn.") and "sklearn" not in cls.__module__
