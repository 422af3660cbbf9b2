"""Steps that are taken many at a time, beside the same steps taken one by one."""

import re
import signal

import numpy as np
import pytest
from support import host

import xpnn
from xpnn.training import fuse

KINDS = [
    xpnn.ReLU(),
    xpnn.Tanh(),
    xpnn.Sigmoid(),
    xpnn.LeakyReLU(0.1),
    xpnn.Dropout(0.2),
    xpnn.Softmax(),
    xpnn.Linear(),
]

OPTIMIZERS = [
    xpnn.Adam(0.01, decay=0.01),
    xpnn.SGD(0.05, momentum=0.9, nesterov=True),
    xpnn.AdamW(0.01, weight_decay=0.1),
    xpnn.SGD(0.1, decay=0.01),
    xpnn.RMSProp(0.01, decay=0.001),
    xpnn.AdaGrad(0.05),
    xpnn.SGD(0.05, momentum=0.5),
]


def case(seed):
    """Draw a network, data, and a way to train."""
    rng = np.random.default_rng(seed)
    n, width, k = int(rng.integers(9, 40)), int(rng.integers(1, 5)), int(rng.integers(2, 5))
    x = rng.standard_normal((n, width))
    layers, size = [], width
    for _ in range(rng.integers(1, 4)):
        wider = int(rng.integers(2, 9))
        layers.append(xpnn.Dense(size, wider, weights="he_normal"))
        layers += [KINDS[i] for i in rng.integers(0, len(KINDS), size=rng.integers(1, 3))]
        size = wider
    layers.append(xpnn.Dense(size, k))
    numbers, classes = rng.standard_normal((n, k)), rng.integers(0, k, size=n)
    loss, last, y = [
        (xpnn.CategoricalCrossEntropy(), xpnn.Softmax(), classes),
        (xpnn.MeanSquaredError(), None, numbers),
        (xpnn.BinaryCrossEntropy(), xpnn.Sigmoid(), (numbers > 0).astype(float)),
        (xpnn.CategoricalCrossEntropy(from_logits=True), None, np.eye(k)[classes]),
        (xpnn.Huber(0.5), None, numbers),
        (xpnn.MeanAbsoluteError(), None, numbers),
    ][seed % 6]
    how = {
        "epochs": int(rng.integers(3, 30)),
        "batch_size": [int(rng.integers(3, n // 2)), None, 1 + n // 2][seed % 3],
        "shuffle": seed % 4 != 3,
        "sample_weight": rng.uniform(0, 2, size=n) if seed % 2 else None,
    }
    return [*layers, last] if last else layers, loss, OPTIMIZERS[seed % 7], x, y, how


def one_by_one(model, x, y, *, epochs, batch_size, shuffle=True, sample_weight=None):
    """Train a model of NumPy's as the book does, and return parameters and losses."""
    stack, criterion = fuse(model.layers, model.compiled.loss)
    params, generator, n = model.parameters, model.generator, x.shape[0]
    state = model.compiled.optimizer.init(params)
    size = batch_size or n
    weight = np.ones(n) if sample_weight is None else sample_weight
    means = []
    for _ in range(epochs):
        order = generator.permutation(n) if shuffle and size < n else np.arange(n)
        total = 0.0
        for start in range(0, n, size):
            rows = order[start : start + size]
            h, noise = x[rows], []
            for layer, width in zip(model.layers, model.sizes(x.shape[1])):
                noise.append(layer.draw(generator, (rows.size, width)))
            predictions, backward, _ = stack.train(stack.split(params), [], h, tuple(noise))
            given = None if sample_weight is None else weight[rows]
            loss, dpredictions = criterion(predictions, y[rows], given)
            params, state = model.compiled.optimizer.update(
                params, backward(dpredictions), state
            )
            total += float(loss) * weight[rows].sum()
        means.append(total / weight.sum())
    return params, means


def test_many_steps_at_once_are_the_steps_one_by_one(backend):
    # JAX compiles each network, which takes it as long as all the others together
    for seed in range({"jax": 3, "array_api_strict": 7}.get(backend.name, 42)):
        layers, loss, optimizer, x, y, how = case(seed)
        model = xpnn.Sequential(layers, seed=seed, dtype="float64").compile(loss, optimizer)
        history = model.fit(x, y, **how)
        other = xpnn.Sequential(layers, seed=seed, dtype="float64", backend="numpy")
        wanted, losses = one_by_one(other.compile(loss, optimizer), x, y, **how)
        assert len(wanted) == len(model.parameters) > 0
        for p, q in zip(model.parameters, wanted):
            np.testing.assert_allclose(host(p), q, rtol=1e-9, atol=1e-9, err_msg=f"{seed=}")
        np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-9)


class WeighedOfTestSteps(xpnn.losses.Loss):
    """A loss of one's own whose number is no field of a dataclass."""

    def __init__(self, weight):
        object.__setattr__(self, "weight", weight)

    def forward(self, predictions, targets):
        error = predictions - targets
        return self.weight * (error * error)[:, 0], lambda: 2 * self.weight * error


def test_losses_of_one_class_are_told_apart(backend):
    """Where what is compiled for one model is used for another, it must compute the same."""
    x = np.linspace(-1, 1, 8)[:, None]
    moved = []
    for weight in (1.0, 4.0):
        start = xpnn.Dense(1, 1, weights=[[0.0]])
        model = xpnn.Sequential([start], dtype="float64")
        model.compile(WeighedOfTestSteps(weight), xpnn.SGD(0.01)).fit(x, x, batch_size=None)
        moved.append(host(model.parameters[0])[0, 0])
    np.testing.assert_allclose(moved[1], 4 * moved[0], rtol=1e-9)
    assert moved[0] > 0


# ------------------------------------------------------------------------------- who listens

rng = np.random.default_rng(5)
X = rng.standard_normal((22, 3))
Y = rng.standard_normal((22, 2))


def network(optimizer=None, *, seed=0, **options):
    layers = [xpnn.Dense(3, 6), xpnn.Tanh(), xpnn.Dropout(0.2), xpnn.Dense(6, 2)]
    model = xpnn.Sequential(layers, seed=seed, **options)
    return model.compile(xpnn.MeanSquaredError(), optimizer or xpnn.Adam(0.01))


def assert_same(backend, actual, wanted, rtol=1e-5):
    """Check for equality, or nearly so.

    JAX may compile what is the same for us into another order, and torch's kernel of Adam
    keeps the means in other units from the beginning of a block of steps to its end.
    """
    assert len(actual) == len(wanted)
    for a, b in zip(actual, wanted):
        if backend.name in ("jax", "torch"):
            np.testing.assert_allclose(host(a), host(b), rtol=rtol, atol=1e-6)
        else:
            np.testing.assert_array_equal(host(a), host(b))


class Write(xpnn.Callback):
    """Writes down what it hears of."""

    def __init__(self):
        self.heard = []

    def on_epoch_begin(self, epoch):
        self.heard.append(("begin", epoch))

    def on_epoch_end(self, epoch, logs):
        self.heard.append(("end", epoch, logs))


class WriteSteps(Write):
    def on_batch_end(self, step):
        self.heard.append(("step", step))


class WritePatiently(WriteSteps):
    patient = True


@pytest.mark.parametrize("batch_size", [None, 5, 11], ids=str)
def test_who_listens_changes_nothing(backend, batch_size):
    def run(*callbacks):
        model = network()
        history = model.fit(X, Y, epochs=20, batch_size=batch_size, callbacks=callbacks)
        assert history.epochs == 20
        return model.parameters, [np.array(history.history["loss"])]

    params, losses = run()
    for listener in (Write(), WriteSteps(), WritePatiently()):
        their_params, their_losses = run(listener)
        assert_same(backend, their_params, params)
        assert_same(backend, their_losses, losses)


@pytest.mark.parametrize("batch_size", [None, 5, 11], ids=str)
def test_the_patient_hear_of_everything_in_order(backend, batch_size):
    def run(listener, epochs=20):
        network().fit(X, Y, epochs=epochs, batch_size=batch_size, callbacks=[listener])
        return listener.heard

    n_steps = -(-22 // (batch_size or 22))
    later, now = run(WritePatiently()), run(WriteSteps())
    assert [call[:2] for call in later] == [call[:2] for call in now]
    assert [call[:2] for call in later] == [
        call
        for epoch in range(20)
        for call in (
            ("begin", epoch),
            *(("step", step) for step in range(n_steps)),
            ("end", epoch),
        )
    ]
    for a, b in zip(later, now):
        if a[0] == "end":
            assert a[2].keys() == b[2].keys() == {"loss"}
            assert type(a[2]["loss"]) is type(b[2]["loss"]) is float
            assert_same(backend, [np.array(a[2]["loss"])], [np.array(b[2]["loss"])])


def test_the_patient_are_told_later(backend):
    """Else they would cost what the impatient do."""
    told = []

    class Look(WritePatiently):
        def on_epoch_end(self, epoch, logs):
            told.append(self.model.train_state.packed.iterations)

    network().fit(X, Y, epochs=40, batch_size=None, callbacks=[Look()])
    assert told == [40] * 40


def test_parameters_that_were_handed_out_stay_as_they_are(backend):
    model = network()
    handed = []
    for epochs in (1, 20, 50):
        params = model.parameters
        handed.append((params, [host(p).copy() for p in params]))
        model.fit(X, Y, epochs=epochs, batch_size=5)
    last = [host(p).copy() for p in model.parameters]
    assert not any(np.array_equal(p, q) for p, q in zip(last, handed[0][1]))
    for params, old in handed:
        for p, q in zip(params, old):
            np.testing.assert_array_equal(host(p), q)


def address(array):
    return array.__array_interface__["data"][0]


@pytest.mark.parametrize(
    "optimizer", [xpnn.SGD(0.01), xpnn.SGD(0.01, momentum=0.9), xpnn.Adam()], ids=str
)
def test_numpy_keeps_the_parameters_in_one_buffer(optimizer):
    model = network(optimizer, backend="numpy")
    places = set()
    for how in ({"epochs": 30}, {"batch_size": None}, {"epochs": 5, "batch_size": 7}):
        model.fit(X, Y, **how)
        packed = model.train_state.packed
        assert len(packed.buffers) == 1
        assert len(packed.slots) == len(optimizer.slots)
        groups = [
            model.parameter_arrays,
            *(model.train_state.memory[name] for name in optimizer.slots),
        ]
        for arrays, buffers in zip(groups, [packed.buffers, *packed.slots]):
            assert sum(a.size for a in arrays) == buffers[0].size
            assert all(np.shares_memory(a, buffers[0]) for a in arrays)
        places.add(
            tuple(
                address(b)
                for b in [*packed.buffers, *(s for slot in packed.slots for s in slot)]
            )
        )
    assert len(places) == 1


# -------------------------------------------------------------------------------- divergence


def diverging(optimizer, seed):
    """A network without a kink: with such steps it grows evenly, until it is too large."""
    model = xpnn.Sequential([xpnn.Dropout(0.2), xpnn.Dense(3, 2)], seed=seed)
    return model.compile(xpnn.MeanSquaredError(), optimizer)


def test_divergence_in_a_block_goes_back_to_where_an_epoch_began_well(backend):
    # with seed 1 and whole batches, the first epoch of the second block is the bad one
    firsts = set()
    optimizers = [xpnn.SGD(1.6), xpnn.SGD(3.0), xpnn.SGD(3.5, momentum=0.9)]
    for optimizer in optimizers[: 1 if backend.name == "jax" else 3]:
        for batch_size in (None, 5, 11):
            for seed in (1,) if backend.name == "jax" else (0, 1):
                how = {"batch_size": batch_size}
                model = diverging(optimizer, seed)
                with pytest.raises(xpnn.DivergenceError) as raised:
                    model.fit(X, Y, epochs=5000, **how)
                found = re.search(
                    r"loss became \S+ in epoch (\d+), step (\d+)", str(raised.value)
                )
                assert found, raised.value
                epoch, step = (int(number) - 1 for number in found.groups())
                assert model.history.epochs == epoch  # all before have a loss
                assert np.isfinite(model.history.history["loss"]).all()
                # the last epoch whose first loss was finite, and what was learnt before it
                began_well = epoch if step else epoch - 1
                firsts.add(step == 0)
                wanted = diverging(optimizer, seed)
                if began_well:
                    wanted.fit(X, Y, epochs=began_well, **how)
                for p, q in zip(model.parameters, wanted.parameters):
                    if backend.name == "jax":  # growing numbers, and so do their differences
                        np.testing.assert_allclose(host(p), host(q), rtol=1e-2)
                    else:
                        np.testing.assert_array_equal(host(p), host(q))
                assert all(np.isfinite(host(p)).all() for p in model.parameters)
    if backend.name != "jax":
        assert firsts == {True, False}


def test_divergence_is_the_same_whoever_listens(backend):
    for batch_size in (None, 5):
        ends = []
        for callbacks in ([], [Write()], [WriteSteps()], [WritePatiently()]):
            model = diverging(xpnn.SGD(1.6), 1)
            with pytest.raises(xpnn.DivergenceError) as raised:
                model.fit(X, Y, epochs=5000, batch_size=batch_size, callbacks=callbacks)
            where = re.search(r"in epoch \d+, step \d+", str(raised.value))[0]
            ends.append((where, model.history.epochs, [host(p) for p in model.parameters]))
            heard = [call for c in callbacks for call in c.heard if call[0] == "end"]
            assert len(heard) == (model.history.epochs if callbacks else 0)
        for end in ends[1:]:
            if backend.name != "jax":  # of which an overflow can come a step earlier
                assert end[:2] == ends[0][:2]
                assert_same(backend, end[2], ends[0][2])


# ------------------------------------------------------------------------------------ Ctrl-C


def interrupted(model, at, **how):
    """Train, and press Ctrl-C while a block of steps is taken, the `at`-th."""
    take, calls = model.train_state.take, 0

    def steps(*args):
        nonlocal calls
        calls += 1
        result = take(*args)
        if calls == at:
            signal.raise_signal(signal.SIGINT)
        return result

    model.train_state.take = steps
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, **how)
    assert calls == at  # and no other block was begun
    return model


def check_ctrl_c(backend, batch_size, listener):
    n_steps = -(-22 // (batch_size or 22))
    how = {"epochs": 2000, "batch_size": batch_size}
    for at in (1, 2) if batch_size is None else (1, 2, 3, 4, 5):
        callbacks = [listener()] if listener else []
        model = interrupted(network(), at, callbacks=callbacks, **how)
        taken = int(model.train_state.memory["iterations"])
        finished = taken // n_steps
        assert taken > 0
        assert model.history.epochs == finished
        if callbacks:
            ends = [call for call in callbacks[0].heard if call[0] == "end"]
            assert len(ends) == finished
        if finished:
            whole = network()
            history = whole.fit(X, Y, **{**how, "epochs": finished}, callbacks=callbacks)
            losses = [[np.array(h.history["loss"])] for h in (history, model.history)]
            assert_same(backend, *losses)
            if taken == finished * n_steps:
                assert_same(backend, model.parameters, whole.parameters)


CTRL_C = pytest.mark.parametrize(
    "batch_size", [None, 11, 5], ids=["whole", "batches", "short last"]
)


@CTRL_C
@pytest.mark.parametrize("listener", [None, WritePatiently])
def test_ctrl_c_in_a_block_keeps_the_epochs_that_were_finished(backend, batch_size, listener):
    check_ctrl_c(backend, batch_size, listener)


# ------------------------------------------------------------------------- tiny numbers

SMALLEST = {name: float(np.finfo(name).smallest_normal) for name in ("float32", "float64")}


def dying(optimizer):
    """Train a little; then half of the units never answer any more, and it is trained on."""
    layers = [xpnn.Dense(3, 6), xpnn.ReLU(), xpnn.Dense(6, 2)]
    model = xpnn.Sequential(layers, seed=0).compile(xpnn.MeanSquaredError(), optimizer)
    model.fit(X, Y, epochs=64, batch_size=None)
    weights, biases, *rest = (host(p).copy() for p in model.parameters)
    biases[:3] = -1000
    model.set_parameters([weights, biases, *rest])
    return model


def tiny(model, optimizer):
    """Return how many remembered numbers are denormal."""
    slots = [host(a) for name in optimizer.slots for a in model.train_state.memory[name]]
    return sum(int(((a != 0) & (np.abs(a) < SMALLEST["float32"])).sum()) for a in slots)


def forgets(backend):
    """Whether tiny numbers are set to 0: CuPy leaves them, as a GPU is as fast with them."""
    return backend.name != "cupy"


MOMENTUM = [xpnn.SGD(0.05, momentum=0.9), xpnn.Adam(0.001)]


@pytest.mark.parametrize("optimizer", MOMENTUM, ids=str)
def test_no_denormal_numbers_are_remembered(backend, optimizer):
    model = dying(optimizer)
    for _ in range(14):  # 896 steps, and 0.9 to that power is 1e-41
        model.fit(X, Y, epochs=64, batch_size=None)
        assert int(model.train_state.memory["iterations"]) % 64 == 0
        assert tiny(model, optimizer) == 0 or not forgets(backend)
    # of the first layer's weights
    momentum = host(model.train_state.memory[optimizer.slots[0]][0])
    assert (momentum[:, :3] == 0).all() == forgets(backend)
    assert (momentum[:, 3:] != 0).any()


@pytest.mark.parametrize("optimizer", MOMENTUM, ids=str)
def test_forgetting_tiny_numbers_changes_no_parameter(backend, optimizer, monkeypatch):
    def train():
        model = dying(optimizer)
        model.fit(X, Y, epochs=832, batch_size=None)
        return model.parameters, tiny(model, optimizer)

    params, denormal = train()
    assert (denormal == 0) == forgets(backend)
    monkeypatch.setattr("xpnn.backend.base.FLUSH_EVERY", 1 << 40)
    wanted, denormal = train()
    if backend.name != "jax":  # whose compiler lets the processor do it
        assert denormal > 0
    for p, q in zip(params, wanted):
        np.testing.assert_allclose(host(p), host(q), rtol=1e-5)
