"""A stand-in for CuPy and its GPUs, on NumPy: its rules about devices, not its kernels.

It is both ``cupy`` and ``array_api_compat.cupy``.  What it is strict about is what breaks
on a real machine: arrays don't turn into NumPy's by themselves, functions take no NumPy
arrays, everything is computed and allocated on the current GPU whatever ``device=`` says,
and an array of another GPU is refused, as between GPUs without access to each other.
CuPy's source (v14) and ``test_cupy_offline.py`` say that CuPy is like that.
"""

import operator
import threading
from contextlib import nullcontext
from types import SimpleNamespace

import array_api_compat.numpy as host
import numpy

__version__ = "14.2.0"

DEVICES = 2

synchronized = []
"""The numbers of the GPUs that were waited for."""


class _State(threading.local):
    current = 0
    stack = ()


_state = _State()


class CUDARuntimeError(RuntimeError):
    pass


class Device:
    __hash__ = None

    def __init__(self, device=None):
        self.id = _state.current if device is None else int(device)

    def __int__(self):
        return self.id

    def __eq__(self, other):
        return isinstance(other, Device) and self.id == other.id

    def __repr__(self):
        return f"<CUDA Device {self.id}>"

    def __enter__(self):
        if self.id >= DEVICES:
            raise CUDARuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        _state.stack = (*_state.stack, _state.current)
        _state.current = self.id
        return self

    def __exit__(self, *error):
        *stack, _state.current = _state.stack
        _state.stack = tuple(stack)

    def synchronize(self):
        synchronized.append(self.id)


cuda = SimpleNamespace(
    Device=Device,
    runtime=SimpleNamespace(getDeviceCount=lambda: DEVICES, CUDARuntimeError=CUDARuntimeError),
)


class ndarray:  # noqa: N801 - CuPy's own name, by which array-api-compat finds it
    __array_ufunc__ = None  # an operator with a NumPy scalar on the left comes to us

    def __init__(self, values, device):
        self._values, self._device = numpy.asarray(values), device

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")

    def get(self):
        return self._values.copy()

    @property
    def device(self):
        return Device(self._device)

    dtype = property(lambda self: self._values.dtype)
    shape = property(lambda self: self._values.shape)
    ndim = property(lambda self: self._values.ndim)
    size = property(lambda self: self._values.size)
    T = property(lambda self: ndarray(self._values.T, self._device))

    def __getitem__(self, index):
        if not any(isinstance(part, ndarray) for part in _parts(index)):
            return ndarray(self._values[index], self._device)  # a view: no kernel runs
        return _wrap(_use(self)[_use(index)])

    def copy(self):
        return ndarray(self._values.copy(), _state.current)

    def astype(self, dtype, *, copy=True):
        values = _use(self).astype(dtype, copy=copy)
        return self if values is self._values else _wrap(values)

    def __len__(self):
        return len(self._values)

    def __bool__(self):
        return bool(_use(self))

    def __int__(self):
        return int(_use(self))

    def __float__(self):
        return float(_use(self))


def _parts(index):
    return index if isinstance(index, tuple) else (index,)


def _use(x):
    """Return the values that a kernel may read: of the current GPU, or a scalar."""
    if isinstance(x, ndarray):
        if x._device != _state.current:
            raise ValueError(
                f"The device where the array resides ({x._device}) is different from the "
                f"current device ({_state.current}). Peer access is unavailable between "
                "these devices."
            )
        return x._values
    if isinstance(x, numpy.ndarray):
        raise TypeError(f"Unsupported type {type(x)}")
    if isinstance(x, list | tuple):
        return type(x)(_use(part) for part in x)
    return x


def _wrap(result):
    if isinstance(result, numpy.ndarray | numpy.generic):
        return ndarray(result, _state.current)
    return result


def _operator(name):
    function = getattr(operator, name)
    own, reflected, in_place = (f"__{kind}{name.strip('_')}__" for kind in ("", "r", "i"))
    setattr(ndarray, own, lambda a, *b: _wrap(function(_use(a), *map(_use, b))))
    setattr(ndarray, reflected, lambda a, b: _wrap(function(_use(b), _use(a))))

    def change(a, b):
        values = _use(a)
        values[...] = function(values, _use(b)).astype(values.dtype, casting="same_kind")
        return a

    setattr(ndarray, in_place, change)


_OPERATORS = """
    neg pos abs invert
    add sub mul truediv floordiv mod pow matmul and_ or_ xor lt le eq ne gt ge
"""
for _name in _OPERATORS.split():
    _operator(_name)


def asarray(obj, /, *, dtype=None, device=None, copy=None):
    with nullcontext() if device is None else Device(device):
        if not isinstance(obj, ndarray):
            return ndarray(numpy.array(obj, dtype=dtype), _state.current)  # to the GPU
        if obj._device != _state.current:
            flags = obj._values.flags
            if not (flags.c_contiguous or flags.f_contiguous):
                raise NotImplementedError(
                    "CuPy cannot copy non-contiguous array between devices."
                )
            obj = obj.copy()
        elif copy:
            obj = obj.copy()
        return obj if dtype is None or obj.dtype == dtype else obj.astype(dtype)


def astype(x, dtype, /, *, copy=True):
    return x.astype(dtype, copy=copy)


class __array_namespace_info__:  # noqa: N801 - the standard's name
    def default_dtypes(self, *, device=None):
        return host.__array_namespace_info__().default_dtypes()


_CREATE = ("arange", "empty", "eye", "full", "linspace", "ones", "zeros")


def __getattr__(name):
    thing = getattr(host, name)
    if isinstance(thing, type) or not callable(thing):
        return thing  # dtypes and constants

    def function(*args, device=None, **kwargs):
        kwargs = {key: _use(value) for key, value in kwargs.items()}
        return _wrap(thing(*map(_use, args), **kwargs))

    if name in ("finfo", "iinfo", "isdtype"):
        function = thing
    elif name not in _CREATE and not name.endswith("_like"):
        inner = function

        def function(*args, **kwargs):
            assert "device" not in kwargs, f"{name} takes no device="
            return inner(*args, **kwargs)

    globals()[name] = function
    return function
