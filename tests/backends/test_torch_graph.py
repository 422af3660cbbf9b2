"""Steps of training as torch's CUDA graph, on a stand-in; see ``fake_torch_cuda.py``."""

import gc
import itertools
import weakref
from importlib import import_module

import array_api_compat.torch as xp
import fake_torch_cuda
import numpy as np
import pytest
import torch
from on_stand_in import check_one_run, find_streams
from stepping import KINDS, OPTIMIZERS, case
from support import host, of_the_core
from tiny_numbers import MOMENTUM, check_no_denormal_numbers
from torch.overrides import TorchFunctionMode

import xpnn
from xpnn.metrics import METRICS
from xpnn.packing import Packing
from xpnn.training import Stack, TrainStep, fuse

load_torch = import_module("xpnn.backends.torch")
_cuda_graph = import_module("xpnn.backends._cuda_graph")
_recurring = import_module("xpnn.backends._recurring")
_torch_graph = import_module("xpnn.backends._torch_graph")

CAPTURING = load_torch.CAPTURING
NEVER = 10**6


@pytest.fixture(autouse=True)
def gpu(monkeypatch):
    """The CPU, taken for a device with streams and graphs."""
    find_streams(monkeypatch)
    monkeypatch.setattr(_recurring, "STEPS_BEFORE_RECORDING", 1)
    monkeypatch.setattr(_recurring, "_warned", False)
    fake_torch_cuda.happened.clear()
    yield
    assert fake_torch_cuda._State.stream is fake_torch_cuda._State.null
    assert fake_torch_cuda._State.capture is None


@pytest.fixture
def backend():
    device = fake_torch_cuda.DEVICE
    return load_torch.TorchDeviceBackend("torch", xp, device, torch.__version__)


@pytest.fixture
def eager(backend):
    return load_torch.TorchBackend("torch", xp, backend.device, torch.__version__)


def count(what):
    return sum(happened[0] == what for happened in fake_torch_cuda.happened)


def train(backend, layers=None, optimizer=None, fits=1, model=None, rows=20, **options):
    """Train, and return the model and all numbers that came of it."""
    generator = np.random.default_rng(8)
    if model is None:
        layers = layers or [xpnn.Dense(3, 4), xpnn.Tanh(), xpnn.Dense(4, 2)]
        model = xpnn.Sequential(layers, seed=1, backend=backend)
        model.compile("mean_squared_error", optimizer or xpnn.Adam(0.01))
    measures = []
    for _ in range(fits):
        X, y = generator.standard_normal((rows, 3)), generator.standard_normal((rows, 2))
        history = model.fit(X, y, **{"epochs": 3, "batch_size": 8, **options})
        measures += history.history["loss"]
    return model, [np.array(measures), *map(host, model.parameters)]


def check_same(found, wanted):
    for array, expected in zip(found, wanted, strict=True):
        np.testing.assert_allclose(array, expected, rtol=1e-5, atol=1e-6)


# ------------------------------------------------------------------------- what is played


def test_played_steps_are_the_eager_ones(backend, eager):
    for seed in range(21):
        layers, loss, optimizer, x, y, how = case(seed)
        found = []
        for b in (backend, eager):
            model = xpnn.Sequential(layers, seed=seed, dtype="float64", backend=b)
            metrics = ["accuracy", "f1"] if loss.classifies else ["r2", "mean_absolute_error"]
            model.compile(loss, optimizer, metrics=metrics)
            history = model.fit(x, y, **how)
            slots = [a for name in optimizer.slots for a in model.train_state.memory[name]]
            found.append([*map(host, (*model.parameters, *slots)), *history.history.values()])
        assert len(found[0]) > 2
        for array, expected in zip(*found, strict=True):
            np.testing.assert_allclose(
                array, expected, rtol=1e-9, atol=1e-9, err_msg=f"{seed=}"
            )
    assert count("replay") > 500


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shuffle": False},
        {"batch_size": None, "epochs": 5},
        {"fits": 2},
        {"fits": 3, "batch_size": None},
        {"fits": 2, "batch_size": 1, "epochs": 1, "rows": 5},
        {"sample_weight": np.linspace(0, 1, 20)},
        {"layers": [xpnn.Dense(3, 9), xpnn.Dropout(0.5), xpnn.ReLU(), xpnn.Dense(9, 2)]},
        {"layers": [xpnn.Dense(3, 3) for _ in range(9)] + [xpnn.Dense(3, 2)]},
    ],
    ids=str,
)
def test_short_batches_noise_weights_and_new_data(backend, eager, options):
    check_same(train(backend, **options)[1], train(eager, **options)[1])
    assert count("replay") > 3


@pytest.mark.parametrize("optimizer", [xpnn.Adam(), xpnn.AdamW()], ids=str)
def test_an_optimizer_by_one_kernel_is_captured(backend, optimizer):
    train(backend, optimizer=optimizer)
    asked = [event[2] for event in fake_torch_cuda.happened if event[0] == "captured"]
    assert len(asked) == 2
    for operations in asked:
        kernel = f"aten._fused_{type(optimizer).__name__.lower()}_.tensor_lr"
        assert operations.count(kernel) == 1
        assert not any("sqrt" in operation for operation in operations)


def test_graphs_with_sums_between_them_are_one_run(tmp_path):
    some = slice(2, None, 4)  # with sums of batch normalisation, short batches, and an end
    _, asked = check_one_run("torch", 3, "torch", "own", tmp_path / "all.npz", some)
    (first, _), (second, _), (third, _) = asked
    assert first > second > 500  # a step is one graph, and one more for each sum
    assert third == 0  # its captures fail


def test_few_steps_are_not_captured(backend, monkeypatch):
    monkeypatch.setattr(_recurring, "STEPS_BEFORE_RECORDING", 7)
    model, _ = train(backend, rows=16)
    assert count("capture") == 0
    train(backend, model=model, rows=16, epochs=1)
    assert count("capture") == 1


def test_other_devices_go_on_eagerly(backend, monkeypatch):
    monkeypatch.setattr(load_torch, "CAPTURING", CAPTURING)
    train(backend)
    assert fake_torch_cuda.happened == []
    assert CAPTURING == ("cuda",)


def halved(array):
    return host(array) / 2


def test_other_memory_is_captured_anew(backend, eager):
    models = [train(b)[0] for b in (backend, eager)]
    for change in (
        lambda model: model.set_parameters(list(map(halved, model.parameters))),
        lambda model: model.compile("mean_squared_error", xpnn.SGD(0.1, momentum=0.5)),
        lambda model: model.fit(np.ones((4, 3)), np.ones((4, 2))),
    ):
        for model in models:
            change(model)
        replayed, captured = count("replay"), count("capture")
        (_, found), (_, expected) = (train(None, model=model, fits=2) for model in models)
        assert count("replay") > replayed + 4
        assert count("capture") == captured + 2
        check_same(found, expected)


def test_the_same_memory_seen_otherwise_is_other_data(backend, eager):
    square = torch.tensor(np.random.default_rng(0).random((4, 4)), dtype=torch.float32)
    targets = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
    found = []
    for b in (backend, eager):
        model = xpnn.Sequential([xpnn.Dense(4, 1)], seed=2, backend=b)
        model.compile("mean_squared_error", "sgd")
        for data in (square, square.T, square):
            model.fit(data, targets, epochs=4, batch_size=None)
        found.append(host(model.parameters[0]))
    np.testing.assert_allclose(*found, rtol=1e-5)
    assert count("capture") == 3


def test_a_graph_does_not_keep_the_data(backend, monkeypatch):
    made = []

    class Player(_cuda_graph.Player):
        def __init__(self, *args):
            made.append(self)
            super().__init__(*args)

    monkeypatch.setattr(_cuda_graph, "Player", Player)
    X, y = torch.ones(8, 3), torch.ones(8, 1)
    model = xpnn.Sequential([xpnn.Dense(3, 1)], backend=backend)
    model.compile("mean_squared_error", "sgd").fit(X, y, epochs=9, batch_size=None)
    assert count("replay") > 4
    (player,) = made  # what was written down on the CPU keeps them, as a real graph does not
    assert player._batch == ()


class Descent(xpnn.Optimizer):
    """Its rule returns a new array."""

    def rule(self, p, g, learning_rate):
        return (p - learning_rate * g,)


def test_rule_that_returns_new_arrays(backend, eager):
    _, found = train(backend, optimizer=Descent(0.1))
    check_same(found, train(eager, optimizer=xpnn.SGD(0.1))[1])
    assert count("replay") > 3


class DoubledOfTestGraph(xpnn.MeanSquaredError):
    """It checks its targets in each call, which it can't while a graph is captured."""

    def __call__(self, predictions, targets, sample_weight=None):
        loss, gradient = super().__call__(predictions, targets, sample_weight)
        return 2 * loss, 2 * gradient


def test_a_loss_that_looks_at_numbers_where_it_may(backend, eager):
    found = []
    for b in (backend, eager):
        model = xpnn.Sequential([xpnn.Dense(3, 2)], seed=1, backend=b)
        model.compile(DoubledOfTestGraph(), "sgd")
        found.append(train(None, model=model)[1])
    check_same(*found)
    assert count("replay") > 3


def test_streams_wait_for_each_other(backend):
    null = fake_torch_cuda._State.null
    train(backend)
    waiting = {stream: 0 for _, stream, *_ in fake_torch_cuda.happened} | {null: 0}
    assert len(waiting) == 3  # beside the caller's those of whole batches, and of the short one
    for what, stream, *other in fake_torch_cuda.happened:
        if what == "wait":
            assert {stream, *other} == {null, stream if stream is not null else other[0]}
            waiting[stream if stream is not null else other[0]] += 1
        else:
            assert waiting[stream] % 2 == 1  # it has waited, and the caller's not yet
    assert all(times % 2 == 0 for times in waiting.values())


def test_numbers_and_parameters_can_be_used_outside(backend):
    model, _ = train(backend)
    packed = model.train_state.packed
    for buffer in (*packed.buffers, *itertools.chain(*packed.slots)):
        assert not buffer.is_inference()
        buffer *= 1.0
    for p in model.parameters:
        p.requires_grad_().sum().backward()


def test_a_model_goes_back_to_where_it_was_before_it_diverged(backend):
    with pytest.raises(xpnn.DivergenceError):
        train(backend, optimizer=xpnn.SGD(1e30))


@pytest.mark.parametrize("optimizer", MOMENTUM, ids=str)
def test_no_denormal_numbers_are_remembered(backend, optimizer):
    with xpnn.use_backend(backend):
        check_no_denormal_numbers(backend, optimizer)
    assert count("replay") > 800


def test_what_a_graph_uses_goes_with_the_model(backend, monkeypatch):
    graphs, init = [], fake_torch_cuda.CUDAGraph.__init__

    def count_init(graph):
        init(graph)
        graphs.append(weakref.ref(graph))

    monkeypatch.setattr(fake_torch_cuda.CUDAGraph, "__init__", count_init)
    model, _ = train(backend)
    gc.collect()
    assert [graph() is None for graph in graphs] == [False, False]
    del model
    gc.collect()
    assert [graph() is None for graph in graphs] == [True, True]


# ------------------------------------------------------------------------ what can't be


class LooksAtANumber(xpnn.Layer):
    def forward(self, params, x):
        sign = 1.0 if float(x[0, 0]) > 0 else -1.0
        return sign * x, lambda dy: (sign * dy, ())


class AsksWhetherOneIs(xpnn.Layer):
    def forward(self, params, x):
        sign = 1.0 if x[0, 0] > 0 else -1.0
        return sign * x, lambda dy: (sign * dy, ())


class TakesWhatAMaskSays(xpnn.Layer):
    def forward(self, params, x):
        shift = x[x > 0].sum()
        return x + shift, lambda dy: (dy, ())


class SaysStop(xpnn.Layer):
    error = KeyboardInterrupt

    def forward(self, params, x):
        if fake_torch_cuda._State.capture:
            raise self.error("stop")
        return x, lambda dy: (dy, ())


class Fails(SaysStop):
    error = ZeroDivisionError


class LooksWhenCaptured(xpnn.Layer):
    def forward(self, params, x):
        if fake_torch_cuda._State.capture:
            float(x[0, 0])
        return x, lambda dy: (dy, ())


def with_layer(layer):
    return [xpnn.Dense(3, 4), layer, xpnn.Dense(4, 2)]


REFUSED = {
    LooksAtANumber(): "RuntimeError: aten._local_scalar_dense.default makes the host wait",
    AsksWhetherOneIs(): "RuntimeError: aten._local_scalar_dense.default makes the host wait",
    TakesWhatAMaskSays(): "RuntimeError: aten.index.Tensor makes the host wait for the GPU",
    LooksWhenCaptured(): "RuntimeError: aten._local_scalar_dense.default makes the host wait",
    Fails(): "ZeroDivisionError: stop",
}


@pytest.mark.parametrize("layer", REFUSED, ids=lambda layer: type(layer).__name__)
def test_what_cannot_be_captured_is_not(backend, eager, layer):
    layers = with_layer(layer)
    with pytest.warns(_recurring.EagerWarning, match="no CUDA graph could be made") as caught:
        _, found = train(backend, layers=layers, fits=2)
    train(backend, layers=layers)  # and no second warning
    (warning,) = caught
    assert f"({REFUSED[layer]}" in str(warning.message)
    assert count("replay") == 0
    # what is found beforehand is not tried; else each model tries once
    assert count("capture") == (2 if isinstance(layer, LooksWhenCaptured | Fails) else 0)
    check_same(found, train(eager, layers=layers, fits=2)[1])


def test_capturing_ends_whatever_happens(backend):
    assert gc.isenabled()
    with pytest.raises(KeyboardInterrupt, match="stop"):
        train(backend, layers=with_layer(SaysStop()))
    assert gc.isenabled()
    assert count("capture") == 1


@pytest.mark.parametrize("name", ["Stream", "CUDAGraph", "graph"])
def test_no_stream_or_graph(backend, eager, monkeypatch, name):
    def refuse(*args, **kwargs):
        raise MemoryError("no more of it")

    monkeypatch.setattr(fake_torch_cuda.cuda, name, refuse)
    with pytest.warns(_recurring.EagerWarning, match="MemoryError: no more of it") as caught:
        _, found = train(backend, fits=2)
    assert len(caught) == 1
    check_same(found, train(eager, fits=2)[1])


@pytest.mark.parametrize("times", [1, 2, NEVER])
def test_what_differs_is_not_played(backend, eager, monkeypatch, times):
    replay, wrong = fake_torch_cuda.CUDAGraph.replay, iter(range(times))

    def sometimes_wrong(graph):
        replay(graph)
        if next(wrong, None) is not None:
            for node in graph.nodes:
                node()

    monkeypatch.setattr(fake_torch_cuda.CUDAGraph, "replay", sometimes_wrong)
    options = {"rows": 16, "epochs": 8}
    if times == NEVER:
        with pytest.warns(_recurring.EagerWarning, match="it gives other numbers") as caught:
            _, found = train(backend, **options)
        assert len(caught) == 1
    else:
        _, found = train(backend, **options)
    assert count("replay") == (3 if times == NEVER else 15)
    check_same(found, train(eager, **options)[1])


class Counts(xpnn.Layer):
    """Remembers how often it was asked, which a layer must not."""

    def forward(self, params, x):
        calls = self.__dict__.setdefault("calls", [])
        calls.append(1)
        scale = 1.0 + 0.1 * len(calls)
        return scale * x, lambda dy: (scale * dy, ())


def test_a_layer_that_remembers_is_found(backend):
    with pytest.warns(_recurring.EagerWarning, match="it gives other numbers than the step"):
        train(backend, layers=with_layer(Counts()))


def test_a_replay_that_fails(backend, eager, monkeypatch):
    def refuse(graph):
        raise RuntimeError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(fake_torch_cuda.CUDAGraph, "replay", refuse)
    with pytest.warns(_recurring.EagerWarning, match="unspecified launch failure"):
        _, found = train(backend)
    check_same(found, train(eager)[1])


# ------------------------------------------------------- what a step asks of the host: nothing

LOSSES = [
    xpnn.CategoricalCrossEntropy(),
    xpnn.CategoricalCrossEntropy(from_logits=True),
    xpnn.MeanSquaredError(),
    xpnn.BinaryCrossEntropy(),
    xpnn.BinaryCrossEntropy(from_logits=True),
    xpnn.Huber(0.5),
    xpnn.MeanAbsoluteError(),
]


def meta(shape, dtype=torch.float32):
    """Return a tensor without numbers, on a device that nothing can be read from."""
    return torch.empty(shape, dtype=dtype, device="meta")


class NothingFromTheHost(TorchFunctionMode):
    """Tells of tensors that are made of numbers of the host, which no operation shows."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        makes = (torch.tensor, torch.asarray, torch.as_tensor, torch.from_numpy)
        assert function not in makes
        return function(*args, **(kwargs or {}))


LAYERS = (
    xpnn.Dense(3, 4, l1=0.1),
    *KINDS,
    xpnn.Step(),
    xpnn.BatchNorm(4),
    xpnn.Dense(4, 2, bias_l2=0.1),
)
SHAPES = tuple(p.shape for layer in LAYERS for p in layer.parameters().values())
N_PARAMETERS = sum(int(np.prod(shape)) for shape in SHAPES)


def steps(loss):
    """Yield a step with each optimizer, of the loss alone and joined with its activation."""
    ends = {"CategoricalCrossEntropy": xpnn.Softmax(), "BinaryCrossEntropy": xpnn.Sigmoid()}
    alone = getattr(loss, "from_logits", True)
    layers = LAYERS if alone else (*LAYERS, ends[type(loss).__name__])
    metrics = tuple(
        cls()
        for cls in METRICS.values()
        if cls.classifies == loss.classifies
        and cls.is_number
        and not cls.of_all
        and of_the_core(cls)
    )
    packing = Packing(SHAPES, *load_torch.TorchDeviceBackend.packing)
    for stack, criterion in {(Stack(layers), loss), fuse(layers, loss)}:
        for optimizer in OPTIMIZERS:
            yield TrainStep(stack, criterion, optimizer, metrics, packing, 1.0, 0.5)


@pytest.mark.parametrize("loss", LOSSES, ids=str)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_no_step_makes_the_host_wait_or_copy(loss, weighted, dtype):
    targets = [meta((6, 2), dtype)]
    if isinstance(loss, xpnn.CategoricalCrossEntropy):
        targets.append(meta((6,), torch.int64))
    for step, y in itertools.product(steps(loss), targets):
        buffers = [meta((N_PARAMETERS,), dtype)]
        slots = [[meta((N_PARAMETERS,), dtype)] for _ in step.optimizer.slots]
        slots.append([meta((4,), dtype), meta((4,), dtype)])  # the running mean and variance
        noise = [
            (meta((6, 4), dtype),) if isinstance(layer, xpnn.Dropout) else ()
            for layer in step.stack.layers
        ]
        with (
            NothingFromTheHost(),
            _torch_graph.Constants(),
            _torch_graph.Watch(),
            torch.inference_mode(),
        ):
            *_, measures = step(
                step.params(buffers),
                buffers,
                slots,
                meta((step.numbers(0, 1).shape[0],), dtype).unbind(),
                meta((6, 3), dtype),
                y,
                meta((6,), dtype) if weighted else None,
                noise,
            )
        assert {m.device.type for m in measures} == {"meta"}


@pytest.mark.parametrize("inference", [False, True])
@pytest.mark.parametrize(
    ("ask", "refused"),
    [
        (lambda x: x.to("meta"), True),
        (lambda x: x.new_empty(3, device="meta").copy_(x[0]), True),
        (lambda x: float(x[0, 0]), True),
        (lambda x: bool(x[0, 0] > 0), True),
        (lambda x: x[x > 0], True),
        (lambda x: torch.nonzero(x), True),
        (lambda x: x.equal(x), True),
        (lambda x: x.unique(), True),
        (lambda x: x.index_put_((x > 0,), x.sum().expand(9)), True),
        (lambda x: x[torch.tensor([0, 1])], False),
        (lambda x: x.index_put_((x > 0,), torch.tensor(0.0)), False),
        (lambda x: x.to(torch.float64), False),
        (lambda x: x.copy_(2 * x.T), False),
        (lambda x: (x @ x).softmax(0), False),
    ],
)
def test_what_is_watched(ask, refused, inference):
    with torch.inference_mode(inference), torch.no_grad(), _torch_graph.Watch():
        x = torch.ones((3, 3))
        if refused:
            with pytest.raises(RuntimeError, match="makes the host wait for the GPU"):
                ask(x)
        else:
            ask(x)


@pytest.mark.parametrize("make", [torch.tensor, torch.asarray, torch.as_tensor])
@pytest.mark.parametrize("number", [True, 3, -0.5])
def test_constants_are_those_of_torch(make, number):
    for options in ({}, {"dtype": torch.float64}, {"device": torch.device("cpu")}):
        wanted = make(number, **options)
        with _torch_graph.Constants():
            found = make(number, **options)
        torch.testing.assert_close(found, wanted, rtol=0, atol=0)
        assert found.dtype == wanted.dtype


def test_numbers_become_tensors_without_a_copy():
    with NothingFromTheHost(), pytest.raises(AssertionError):
        xp.maximum(meta((3,)), 0.5)
    with NothingFromTheHost(), _torch_graph.Constants():
        assert xp.maximum(meta((3,)), 0.5).shape == (3,)
    # what other numbers of the host become is noticed afterwards
    lift = torch.ops.aten.lift_fresh.default
    assert _torch_graph._moves(lift, (), meta((3,)))
    assert not _torch_graph._moves(lift, (), torch.ones(3))
