"""Trainings with compiled steps beside NumPy's: the same bits, and really compiled."""

import logging
import subprocess
from dataclasses import dataclass

import numpy as np
import pytest
from played import CLASSES, HOW, LOSSES, OPTIMIZERS, REGRESSION, X, every_layer, learnt
from processes import command, run_python, surroundings
from resumed import HOW as RESUMED
from resumed import Stop, network
from resumed import X as X_RESUMED
from resumed import Y as Y_RESUMED
from xpnn.backends import _numba_player, _numba_rules, _recurring
from xpnn.backends import numba as numba_backend

import xpnn
from xpnn.backend import BackendUnavailableError
from xpnn.callbacks import Checkpoint

LONG = {**RESUMED, "epochs": 40}
AS_IT_IS = _numba_player.COMPILING, _numba_player.LOOKING


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Compile whatever it costs."""
    monkeypatch.setattr(_recurring, "STEPS_BEFORE_RECORDING", 16)
    monkeypatch.setattr(_recurring, "_warned", False)
    monkeypatch.setattr(_numba_player, "COMPILING", (-1.0, 0.0))
    monkeypatch.setattr(_numba_player, "LOOKING", 0.0)


@pytest.fixture
def players(monkeypatch):
    """The players that are made from now on."""
    made = []

    class Player(numba_backend.CompiledPlayer):
        def __init__(self, *args):
            made.append(self)
            super().__init__(*args)

    monkeypatch.setattr(numba_backend.NumbaBackend, "player", Player)
    return made


def training(layers, loss, optimizer, y, *, dtype="float32", compiled=(), **how):
    def run(backend):
        model = xpnn.Sequential(layers, seed=3, dtype=dtype, backend=backend)
        model.compile(loss, optimizer, **dict(compiled))
        for _ in range(2):  # what is played in the first is compiled in the second
            model.fit(X, y, **how)
        return learnt(model)

    return run


def check(players, run, *, whole=True):
    """Check that a training is the same with compiled steps, and that it had these."""
    ours, wanted = run("numba!"), run("numpy!")
    assert len(ours) == len(wanted) > 0
    for a, b in zip(ours, wanted):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    assert players
    assert all(player.works for player in players)
    steps = [player._steps for player in players]
    assert [one is not None and one.is_whole for one in steps] == [whole] * len(steps)


def small():
    return [xpnn.Dense(6, 9, weights="he_normal"), xpnn.ReLU(), xpnn.Dense(9, 3)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_layer(players, dtype):
    layers = [*every_layer(), xpnn.Dense(12, 3), xpnn.Softmax()]
    loss = xpnn.CategoricalCrossEntropy()
    how = {**HOW["whole, weights" if dtype == "float64" else "batches"]}
    check(players, training(layers, loss, xpnn.Adam(0.01), CLASSES, dtype=dtype, **how))


@pytest.mark.parametrize("number", range(len(LOSSES)))
def test_every_loss_and_optimizer(players, number):
    """Of each one, in all ways in turn; of optimizers, two more."""
    loss, last, y = LOSSES[list(LOSSES)[number]]
    name = ["whole", "in order", "whole, weights"][number % 3]
    layers = [*small(), *([last] if last else [])]
    how = {**HOW[name], "epochs": 20}
    check(players, training(layers, loss, OPTIMIZERS[number], y, **how))


@pytest.mark.parametrize("number", range(len(LOSSES), len(OPTIMIZERS)))
def test_the_other_optimizers(players, number):
    loss = xpnn.MeanSquaredError()
    compiled = {"metrics": ["mean_absolute_error"], "clip_norm": 0.5}
    if number % 2:
        compiled = {"clip_value": 0.1}
    how = {"batch_size": None, "epochs": 30}
    run = training(small(), loss, OPTIMIZERS[number], REGRESSION, compiled=compiled, **how)
    check(players, run)


# ------------------------------------------------------------------------- where it doesn't


@dataclass(frozen=True)
class SummedOfTestNumba(xpnn.Layer):
    """A layer of one's own with a function that has no rule."""

    def forward(self, params, x):
        return np.cumsum(x, axis=1), lambda dy: (np.cumsum(dy[:, ::-1], axis=1)[:, ::-1], ())


def test_what_has_no_rule_is_played_between_pieces(players, caplog):
    caplog.set_level(logging.INFO)
    layers = [xpnn.Dense(6, 4), SummedOfTestNumba(), xpnn.Tanh(), xpnn.Dense(4, 3)]
    how = {"batch_size": None, "epochs": 20}
    run = training(layers, xpnn.MeanSquaredError(), xpnn.SGD(0.01), REGRESSION, **how)
    check(players, run, whole=False)
    assert (
        "NumPy computes a part of each step, there is no rule for ndarray.cumsum" in caplog.text
    )
    assert len(players[0]._steps._text.source.behind) == 2


def test_pieces_compute_with_the_rows_of_the_fit_that_compiles_them(players):
    """A fit before it recorded them, whose rows may be gone by then."""
    layers = [xpnn.Dense(6, 4), SummedOfTestNumba(), xpnn.Tanh(), xpnn.Dense(4, 3)]
    rows = [np.ascontiguousarray(sign * X, dtype="float32") for sign in (1, -1, 1)]

    def run(backend):
        model = xpnn.Sequential(layers, seed=3, backend=backend)
        model.compile("mean_squared_error", "sgd")
        for x in rows:
            model.fit(x, REGRESSION, batch_size=None, epochs=20)
        return learnt(model)

    check(players, run, whole=False)


def test_code_that_computes_something_else_is_not_used(players, monkeypatch):
    monkeypatch.setitem(_numba_rules.EXPRESSIONS, np.add, "{0} - {1}")
    how = {"batch_size": None, "epochs": 20}
    run = training(small(), xpnn.MeanSquaredError(), xpnn.SGD(0.01), REGRESSION, **how)
    with pytest.warns(_recurring.EagerWarning, match="other numbers than the step") as said:
        ours, wanted = run("numba!"), run("numpy!")
    assert len(said) == 1
    assert all(np.array_equal(a, b) for a, b in zip(ours, wanted, strict=True))
    assert players[0]._steps is None


def test_no_code_is_made_for_a_short_run(players, monkeypatch):
    monkeypatch.setattr(_numba_player, "COMPILING", AS_IT_IS[0])
    monkeypatch.setattr(_numba_player, "LOOKING", AS_IT_IS[1])
    how = {"batch_size": 10, "epochs": 9}
    training(small(), xpnn.MeanSquaredError(), xpnn.SGD(0.01), REGRESSION, **how)("numba!")
    assert players
    assert all(player._text is None for player in players)


@pytest.mark.parametrize("at", [(2, 3), (30, 1)], ids=str)
def test_after_ctrl_c_in_the_middle_of_an_epoch(tmp_path, players, at):
    """It goes on to the same bits, as does a run that NumPy began."""
    with xpnn.use_backend("numpy"):
        wanted = network()
        wanted.fit(X_RESUMED, Y_RESUMED, callbacks=[Checkpoint(tmp_path / "a")], **LONG)
    for began in ("numba", "numpy"):
        with xpnn.use_backend(began):
            model, folder = network(), tmp_path / began
            with pytest.raises(KeyboardInterrupt):
                model.fit(
                    X_RESUMED, Y_RESUMED, callbacks=[Checkpoint(folder), Stop(*at)], **LONG
                )
        with xpnn.use_backend("numba"):
            again = network()
            how = {**LONG, "resume": folder}
            again.fit(X_RESUMED, Y_RESUMED, callbacks=[Checkpoint(folder)], **how)
        for a, b in zip(again.all_arrays, wanted.all_arrays):
            np.testing.assert_array_equal(a, b)
        assert again.history.history == wanted.history.history
    assert any(player._steps is not None for player in players)


def test_without_numba(monkeypatch):
    monkeypatch.setattr(numba_backend, "find_spec", lambda name: None)
    with pytest.raises(BackendUnavailableError, match="pip install numba"):
        numba_backend.load(None)
    with pytest.raises(BackendUnavailableError, match="no device 'gpu'"):
        numba_backend.load("gpu")


# ------------------------------------------------------------------------- in other processes

SCRIPT = """
    import sys, numpy as np, xpnn
    xpnn.set_backend("numba!")
    assert not {"numba", "llvmlite"} & {*sys.modules}
    from xpnn.backends import _numba_player
    _numba_player.COMPILING, _numba_player.LOOKING = (-1.0, 0.0), 0.0
    x = np.linspace(-1, 1, 60).reshape(20, 3)
    def run(backend):
        model = xpnn.Sequential([xpnn.Dense(3, 4), xpnn.Tanh(), xpnn.Dense(4, 1)], seed=0,
                                backend=backend)
        model.compile("mean_squared_error", xpnn.Adam(0.01), metrics=())
        model.fit(x, x[:, :1], epochs=40, batch_size=5)
        return model.parameters
    assert all(np.array_equal(a, b) for a, b in zip(run("numba!"), run("numpy!")))
    print("numba" in sys.modules, "llvmlite" in sys.modules)
"""


def test_a_second_process_finds_the_code(tmp_path):
    """It need not import Numba; code that is damaged is made anew."""
    where = {"XPNN_CACHE_DIR": str(tmp_path)}
    start = [
        subprocess.Popen(
            command(SCRIPT, "-W", "error"),
            env=surroundings(environment=where),
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)  # at once
    ]
    assert [process.communicate(timeout=400)[0] for process in start] == ["True True\n"] * 2
    assert run_python(SCRIPT, "-W", "error", environment=where).stdout == "False True\n"
    (file,) = (tmp_path / "numba").iterdir()
    code = file.read_bytes()
    file.write_bytes(code[:-1])
    assert run_python(SCRIPT, "-W", "error", environment=where).stdout == "True True\n"
    assert len(file.read_bytes()) == len(code)


@pytest.mark.parametrize("cache", ["kept", "a file, where nothing can be kept"])
def test_another_number_of_threads_gives_the_same_bits(tmp_path, cache):
    """Wide enough that the products would be cut into parts for two threads."""
    script = """
        import hashlib, numpy as np, xpnn
        from xpnn.backends import _numba_player
        _numba_player.COMPILING, _numba_player.LOOKING = (-1.0, 0.0), 0.0
        x = np.random.default_rng(1).normal(size=(512, 128)).astype("float32")
        model = xpnn.Sequential(
            [xpnn.Dense(128, 256), xpnn.SiLU(), xpnn.Dropout(0.2), xpnn.Dense(256, 1)],
            seed=0, backend="numba!",
        )
        model.compile("mean_squared_error", xpnn.Adam(0.001))
        model.fit(x, x[:, :1], epochs=30, batch_size=128, verbose=False)
        arrays = [*model.parameters, model.predict(x)]
        print(hashlib.sha256(b"".join(np.asarray(a).tobytes() for a in arrays)).hexdigest())
    """
    place = tmp_path / "cache"
    if cache != "kept":
        place.touch()
    printed = {
        run_python(
            script,
            environment={
                "XPNN_CACHE_DIR": str(place),
                "OMP_NUM_THREADS": threads,
                "OPENBLAS_NUM_THREADS": threads,
            },
        ).stdout
        for threads in ("1", "2")
    }
    assert len(printed) == 1
    assert place.is_dir() == (cache == "kept")
