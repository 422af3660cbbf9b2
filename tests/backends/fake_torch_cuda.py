"""A stand-in for ``torch.cuda``'s streams and graphs, on the CPU: their rules, not their speed.

While a stream is captured, nothing is computed: new tensors hold rubbish, tensors that are
changed keep what they hold, and whatever needs the host to wait is refused, after which the
capture can't be ended well.  What was asked is computed when the graph is replayed, in the same
memory.  ``torch/cuda/graphs.py`` says that torch is like that.
"""

import warnings
from contextlib import contextmanager
from types import SimpleNamespace

import torch
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten

DEVICE = torch.device("cpu")

happened = []
"""What streams were asked: ("wait", the stream, the other), ("capture" or "replay", it),
or ("captured", it, the operations)."""


class CaptureError(RuntimeError):
    pass


class Stream:
    def __init__(self, device=None):
        assert device == DEVICE

    def wait_stream(self, other):
        assert other is not self
        happened.append(("wait", self, other))


class _State:
    stream = null = Stream(DEVICE)
    capture = None


def current_stream(device=None):
    assert device == DEVICE
    return _State.stream


@contextmanager
def stream(new):
    before, _State.stream = _State.stream, new
    try:
        yield
    finally:
        _State.stream = before


class CUDAGraph:
    def __init__(self):
        self.nodes = None

    def pool(self):
        assert self.nodes is not None, "it was not captured"
        return self.memory

    def replay(self):
        assert self.nodes is not None, "it was not captured"
        assert _State.capture is None
        assert _State.stream is self.stream
        happened.append(("replay", self.stream))
        for node in self.nodes:
            node()


class graph:  # noqa: N801 - torch's own name
    def __init__(self, cuda_graph, pool=None, stream=None, capture_error_mode="global"):
        assert capture_error_mode in ("global", "thread_local", "relaxed")
        assert stream is not None
        self.graph, self.stream = cuda_graph, stream
        # what one graph leaves, the next one of this stream works with
        assert pool is getattr(stream, "memory", None)
        cuda_graph.memory = stream.memory = pool or object()

    def __enter__(self):
        happened.append(("capture", self.stream))
        self.before = _State.stream
        _State.stream = self.graph.stream = self.stream
        _State.capture = self.capture = Capture()
        self.capture.__enter__()

    def __exit__(self, *error):
        self.capture.__exit__(*error)
        _State.capture = None
        if self.capture.refused:  # then torch leaves the stream as it is
            raise CaptureError("operation failed due to a previous error during capture")
        self.graph.nodes = self.capture.nodes
        if not self.capture.nodes:
            warnings.warn("The CUDA Graph is empty. This usually means …", stacklevel=2)
        happened.append(("captured", self.stream, self.capture.asked))
        _State.stream = self.before


class Capture(TorchDispatchMode):
    """Writes down operations; of a captured stream nothing is computed."""

    def __init__(self):
        super().__init__()
        self.nodes, self.asked, self.refused = [], [], False

    def refuse(self, what):
        self.refused = True
        raise CaptureError(f"operation not permitted when stream is capturing ({what})")

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        with self:
            result = function.decompose(*args, **kwargs)
        if result is not NotImplemented:
            return result
        self.asked.append(str(function))
        # a number of the host becomes a tensor, or the other way round
        if function in (aten.lift_fresh.default, aten._local_scalar_dense.default):
            self.refuse(function)
        if torch.Tag.dynamic_output_shape in function.tags:
            self.refuse(function)
        if function._schema.is_mutable:
            self.nodes.append(lambda: function(*args, **kwargs))
            changed = [
                kwargs[a.name] if a.name in kwargs else args[i]
                for i, a in enumerate(function._schema.arguments)
                if a.alias_info is not None and a.alias_info.is_write
            ]
            return changed[0] if function._schema.returns else None
        result = function(*args, **kwargs)
        if not isinstance(result, torch.Tensor):
            assert function is aten.unbind.int, function
            return result
        if any(_storage(a) == _storage(result) for a in _tensors(args)):
            return result  # a view
        self.nodes.append(lambda: result.copy_(function(*args, **kwargs)))
        if result.is_floating_point():
            result.fill_(float("nan"))
        else:
            result.zero_()
        return result


def _tensors(args):
    for a in args:
        if isinstance(a, torch.Tensor):
            yield a
        elif isinstance(a, list | tuple):
            yield from _tensors(a)


def _storage(a):
    return a.untyped_storage().data_ptr()


cuda = SimpleNamespace(
    CUDAGraph=CUDAGraph,
    Stream=Stream,
    current_stream=current_stream,
    graph=graph,
    stream=stream,
)
