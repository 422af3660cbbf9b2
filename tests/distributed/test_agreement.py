"""What processes that train together must have in common, and what one decides for all."""

import sys
import textwrap
from types import SimpleNamespace

import pytest
from processes import run_python
from processes_by_mpi import run

import xpnn
from xpnn.distributed import Communicator
from xpnn.distributed.processes import _check_launcher
from xpnn.training.team import Team

BEGIN = """
import numpy as np, xpnn
from xpnn.callbacks import Callback, CSVLogger, EarlyStopping, TimeBudget
from xpnn.layers import Dense, Dropout, ReLU, Softmax
communicator = xpnn.distributed.mpi()
rank, size = communicator.rank, communicator.size
rng = np.random.default_rng(0)
X, y = rng.standard_normal((50, 4)), rng.integers(0, 3, 50)

STRICT = ["numpy", "array_api_strict"]

def network(seed=0, hidden=5, optimizer="adam", backend="numpy"):
    layers = [Dense(4, hidden), ReLU(), Dropout(0.1), Dense(hidden, 3), Softmax()]
    model = xpnn.Sequential(layers, seed=seed, dtype="float64", backend=backend)
    return model.compile("categorical_cross_entropy", optimizer)

def fit(model, X=X, y=y, **how):
    how = {"epochs": 3, "batch_size": 10, "communicator": communicator, **how}
    return model.fit(X, y, **how)

def same(value):
    of_all = communicator.gather(value)
    assert all(np.array_equal(value, other) for other in of_all), of_all

def same_model(model):
    for array in model.parameters:
        same(array)
    same(model.generator.random(3))

def host(model):
    return [xpnn.backend.to_host(array).copy() for array in model.parameters]

def refused(*words, **how):
    model = how.pop("model", None) or network()
    before = host(model), model.generator.bit_generator.state
    try:
        fit(model, **how)
    except Exception as error:
        assert all(word in str(error) for word in words), error
        assert all(map(np.array_equal, host(model), before[0]))
        assert model.generator.bit_generator.state == before[1]
        return type(error).__name__
    raise AssertionError("it was not refused")
"""


def together(n, code, *arguments):
    """Run code on n processes, all of which must come to its end."""
    ended = "came to the end"
    program = f"{BEGIN}\n{textwrap.dedent(code)}\nprint('{ended}')"
    printed = run(n, program, *arguments)
    assert printed.count(ended) == n, printed
    return printed


def test_what_differs_is_told_at_the_door_on_all():
    code = """
    names = [
        refused("layers", "'n_outputs': 6", model=network(hidden=5 + (rank == 1))),
        refused("optimizer", "AdaGrad", model=network(optimizer=["adam", "adagrad"][rank])),
        refused("backend", "numpy", "array_api_strict", model=network(backend=STRICT[rank])),
        refused("the data", X=X + (rank == 1)),
        refused("the number of rows", X=X[: 50 - rank], y=y[: 50 - rank]),
        refused("the data", y=np.where(np.arange(50) == 7 * rank, 1, y)),
        refused("the validation data", validation_data=(X + rank, y)),
        refused("callbacks", "TimeBudget", callbacks=[TimeBudget(9.0)] * rank),
        refused("batch_size", batch_size=10 + rank),
        refused("epochs", epochs=2 + rank),
        refused("rows", rows=["same", "own"][rank]),
        refused("features", X=X[:, : 4 - rank]) if rank else refused("process 1", "features"),
    ]
    assert names[:-1] == ["ValueError"] * 11, names
    assert names[-1] == ["DistributedError", "ValueError"][rank], names
    model = network()
    fit(model)
    same_model(model)
    """
    together(2, code)


def test_what_one_decides_all_do():
    code = """
    class Decides(Callback):
        def __init__(self, rank, what):
            self.rank, self.what = rank, what
        def on_epoch_end(self, epoch, logs):
            if epoch == 1 and rank == self.rank:
                self.what(self.model)

    def stop(model):
        model.stop_training = True

    def slower(model):
        model.learning_rate = xpnn.schedules.StepDecay(0.0005, 2)

    def other(model):
        model.set_parameters([array + rank for array in model.parameters])

    for what in (stop, slower, other):
        for who in range(size):
            model = network()
            fit(model, epochs=4, callbacks=[Decides(who, what)])
            same_model(model)
            same(len(model.history.history["loss"]))
            same(model.learning_rate)
            assert (len(model.history.history["loss"]) == 2) == (what is stop)
            assert (model.learning_rate < 0.001) == (what is slower)

    # parameters that one sets, before an epoch too, are those that all go on with
    class Sets(Callback):
        def __init__(self, who):
            self.who, self.seen = who, []
        def on_epoch_begin(self, epoch):
            self.seen.append(float(self.model.parameters[1][0]))
            if epoch == 2 and rank == self.who:
                self.model.set_parameters([array * 0 + 7 for array in self.model.parameters])
        def on_batch_end(self, step):
            if step == 0:
                self.seen.append(float(self.model.parameters[1][0]))
        def on_train_end(self):
            if rank == self.who:
                self.model.learning_rate = 0.25
    for who in range(size):
        model, sets = network(optimizer="sgd"), Sets(who)
        fit(model, epochs=4, callbacks=[sets])
        same(sets.seen)
        assert abs(sets.seen[5] - 7) < 0.5, sets.seen
        same_model(model)
        assert model.learning_rate == 0.25

    # a clock that runs out on one of them
    model = network()
    fit(model, epochs=1000, callbacks=[TimeBudget(0.2 if rank == 2 else 100.0)])
    same(len(model.history.history["loss"]))
    assert len(model.history.history["loss"]) < 1000
    """
    together(3, code)


def test_errors_at_different_depths_are_told_once():
    """Nobody waits for a word that was said already."""
    code = """
    class Fails(Callback):
        def on_train_begin(self, epochs, steps):
            if rank == 1:
                raise RuntimeError("at the beginning")

    class Evaluates(Callback):
        def on_epoch_end(self, epoch, logs):
            if rank == 0:
                raise OSError("no room")
            self.model.evaluate(X, y, communicator=communicator)

    names = [refused(callbacks=[Fails()])]
    model = network()
    try:
        fit(model, callbacks=[Evaluates()])
    except OSError as error:
        names.append(str(error))
    with model.gate.reserved("fit") if rank == 1 else communicator.muted():
        names.append(refused(model=model))
    names.append(refused("class_weight", class_weight="balanced" if rank else None))
    names.append(refused("resumes", resume="run" if rank else None))
    told = "process 0 of 2 ended with OSError: no room"
    wanted = [["DistributedError", "no room"], ["RuntimeError", told]]
    assert names[:2] == wanted[rank], names
    assert names[2] == ["DistributedError", "RuntimeError"][rank], names
    assert names[3:] == ["ValueError"] * 2, names
    fit(network())
    """
    together(2, code)


def test_rows_that_are_not_the_same_are_not_cut():
    code = """
    model = network()
    for ask in (model.predict, lambda X, **how: model.evaluate(X, y[: len(X)], **how)):
        try:
            ask(X[: 20 + 10 * rank], communicator=communicator)
        except ValueError as error:
            assert "rows='own'" in str(error)
        else:
            raise AssertionError(ask)
    """
    together(2, code)


def test_seeds_are_drawn_once_and_files_are_the_first_ones(tmp_path):
    code = """
    import os, sys
    of_many_kinds = 0, np.random.RandomState(1), np.random.default_rng(2)
    for seeds in ([None] * 3, [1, 2, 3], of_many_kinds):
        model = network(seeds[rank])
        fit(model, validation_split=0.2)
        same_model(model)
    expected = network(1)
    expected.fit(X, y, epochs=3, batch_size=10)
    model = network(1 + rank)
    os.chdir(sys.argv[1])
    log = f"log{rank}.csv"
    fit(model, callbacks=[CSVLogger(log), EarlyStopping("loss", None, False)], verbose=True)
    assert np.allclose(model.predict(X), expected.predict(X), rtol=1e-12, atol=0)
    communicator.gather(None)
    assert os.listdir() == ["log0.csv"], os.listdir()
    # and a training that is alone again, after one that was not
    model.fit(X, y, epochs=2)
    expected.fit(X, y, epochs=2, batch_size=32)
    assert np.allclose(model.predict(X), expected.predict(X), rtol=1e-9, atol=0)
    """
    printed = together(3, code, tmp_path)
    assert printed.count("epoch 3/3") <= 1, printed


def test_metrics_of_all_rows_are_of_all_rows():
    """And processes may have no row at all to measure, or to predict."""
    code = """
    model = network()
    model.compile("categorical_cross_entropy", "adam", ["roc_auc", "f1"])
    weight = rng.uniform(0, 1, 50)
    for n in (50, 2, 1):
        how = {"sample_weight": weight[:n]}
        rows = X[:n], np.arange(n) % 3
        if n > 2:
            told, alone = model.evaluate(*rows, communicator=communicator, **how), \\
                model.evaluate(*rows, **how)
            assert all(np.isclose(told[name], alone[name], rtol=1e-12) for name in alone), told
        got = model.predict(X[:n], communicator=communicator)
        assert np.allclose(got, model.predict(X[:n]), rtol=1e-12)
    here = slice(*[(0, 3), (3, 30), (30, 50)][rank])
    own = model.evaluate(X[here], y[here], communicator=communicator, rows="own")
    assert np.isclose(own["roc_auc"], model.evaluate(X, y)["roc_auc"], rtol=1e-12)
    got = model.predict(X[here], communicator=communicator, rows="own")
    assert np.array_equal(got, model.predict(X[here]))
    """
    together(3, code)


def test_who_waits_for_long_while_waiting_is_seen():
    """The wait around another one goes on when that one ends, from then on."""
    code = """
import time
from xpnn.distributed import Communicator
from xpnn.distributed.watch import Watch
watch = Watch(1.0, Communicator())
with watch.waiting("the whole"):
    for _ in range(20):
        with watch.waiting("a part"):
            time.sleep(0.1)
    print("the others answered", flush=True)
    time.sleep(20)
"""
    done = run_python(code, code_expected=1)
    assert done.stdout == "the others answered\n"
    assert "process 0 of 1 has waited 1 s for the whole of the others" in done.stderr


# ----------------------------------------------------------------------------- bad use


def test_a_communicator_is_one():
    with pytest.raises(TypeError, match=r"communicator must be .* got 'mpi'"):
        Team("mpi")
    with pytest.raises(ValueError, match=r"rows must be 'same', .* or 'own', .* got 'mine'"):
        Team(None, "mine")
    model = xpnn.Sequential([xpnn.Dense(2, 1)])
    with pytest.raises(ValueError, match="rows must be"):
        model.predict([[1.0, 2.0]], rows="each")


def test_one_process_needs_no_other():
    alone = Communicator()
    assert (alone.rank, alone.size, alone.local_rank) == (0, 1, 0)
    assert alone.gather(3) == [3]
    assert alone.broadcast(3) == 3
    assert alone.exchange([3]) == [3]
    assert [alone.any(flag) for flag in (True, False)] == [True, False]
    assert Team(alone).communicator is None


@pytest.mark.parametrize("name", ["PMI_SIZE", "OMPI_COMM_WORLD_SIZE"])
def test_processes_that_do_not_know_of_one_another_are_told(name):
    with pytest.raises(RuntimeError, match=r"4 processes were started .*Open MPI 5"):
        _check_launcher(1, {name: "4"}, "Open MPI 5.0.1\0")
    _check_launcher(4, {name: "4"}, "")
    _check_launcher(1, {name: "1"}, "")


def test_without_mpi4py_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'xpnn\[mpi\]'"):
        xpnn.distributed.mpi()


def test_without_an_mpi_library_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", SimpleNamespace())
    with pytest.raises(RuntimeError, match=r"finds no MPI library .* pip install mpich"):
        xpnn.distributed.mpi()


def test_arguments_of_mpi():
    with pytest.raises(ValueError, match="timeout must be"):
        xpnn.distributed.mpi(timeout=0)
    run_python("""
        import xpnn
        assert xpnn.distributed.mpi().size == 1
        for comm in (3, "world"):
            try:
                xpnn.distributed.mpi(comm)
            except TypeError as error:
                assert "comm must be an mpi4py.MPI.Intracomm" in str(error)
            else:
                raise AssertionError(comm)
    """)


def test_what_is_no_communicator_is_not_found():
    with pytest.raises(AttributeError, match="has no attribute 'mpl'"):
        xpnn.distributed.mpl()


SOURCE = """
class Rows:
    def __init__(self, array, parts=None, returned=lambda rows: rows):
        self.array, self.shape, self.returned = array, array.shape, returned
        if parts is not None:
            self.parts = parts

    def take(self, numbers):
        return self.returned(self.array[numbers])
"""


def test_a_source_with_fewer_rows_than_there_are_processes():
    code = """
    model = xpnn.Sequential([Dense(4, 1), xpnn.Sigmoid()], seed=0)
    model.compile("binary_cross_entropy", "adam", metrics=["accuracy", "roc_auc"])
    few, yes = X[:2], np.array([0, 1])
    for parts in (None, [1, 1]):
        expected = model.evaluate(few, yes)
        got = model.evaluate(Rows(few, parts), yes, communicator=communicator)
        assert np.allclose(list(got.values()), list(expected.values())), (got, expected)
        same(model.predict(Rows(few, parts), communicator=communicator))
        data = Rows(few, parts), Rows(yes)
        fit(model, y=y % 2, validation_data=data)
    """
    together(3, SOURCE + textwrap.dedent(code))


def test_sources_and_layers_are_refused_on_all():
    code = """
    class OwnMeanOfTestAgreement(xpnn.Layer):
        def forward(self, params, x):
            return x - x.mean(axis=0), lambda dy: (dy - dy.mean(axis=0), ())

    one = rank == 1
    cut = lambda rows: rows[:, one:]
    strange = xpnn.Sequential([Dense(4, 3), OwnMeanOfTestAgreement(), Softmax()], seed=0)
    strange.compile("categorical_cross_entropy", "adam")
    refused("X.take must return rows of the shape", X=Rows(X, returned=cut))
    refused("the data (a checksum)", X=Rows(X + one))
    refused("the number of rows", X=Rows(X[one:]), y=y[one:])
    refused("X.parts must be integers", X=Rows(X, [50 - one]))
    refused("in which parts they are read", X=Rows(X, [[50], [20, 30]][one]))
    refused("several rows of a batch at once", model=strange)
    model = network()
    fit(model, X=Rows(X))
    same_model(model)
    """
    together(2, SOURCE + textwrap.dedent(code))
