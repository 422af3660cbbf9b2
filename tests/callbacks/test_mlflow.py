"""A training as a run of MLflow, read back by MLflow's own client from a database."""

import json
import os
import warnings

import numpy as np
import pytest
from processes import run_python
from resumed import HOW, Stop, network
from resumed import X as FEATURES
from resumed import Y as CLASSES
from support import host
from ten_rows import X, Y, model

# it would tell its makers of each use, from a thread
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["DO_NOT_TRACK"] = "true"

import mlflow

import xpnn
from xpnn.callbacks import Callback, Checkpoint, EarlyStopping, MLflow, Pruning

# of SQLAlchemy, for its authors' users
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload``")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A database for all tests of this file: making one takes seconds."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/runs.db"


@pytest.fixture(autouse=True)
def experiment(database, tmp_path):
    """An experiment for each test, as a user has set it."""
    mlflow.set_tracking_uri(database)
    client = mlflow.MlflowClient()
    number = client.create_experiment(tmp_path.name, artifact_location=str(tmp_path / "kept"))
    mlflow.set_experiment(experiment_id=number)
    yield number
    assert mlflow.active_run() is None
    mlflow.set_tracking_uri(None)


@pytest.fixture
def runs(experiment):
    """What reads the runs of the experiment, the newest first."""
    return lambda: mlflow.MlflowClient().search_runs([experiment])


def curve(run, name):
    points = mlflow.MlflowClient().get_metric_history(run.info.run_id, name)
    return sorted((point.step, point.value) for point in points)


def test_a_run_has_all_of_a_training(backend, runs, tmp_path):
    trained = model().compile("mean_squared_error", "sgd", ["r2"])
    history = trained.fit(
        X, Y, epochs=3, batch_size=5, validation_data=(X, Y), callbacks=[MLflow()]
    ).history
    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert history.keys() == {"loss", "r2", "val_loss", "val_r2"}
    for name, values in history.items():
        assert curve(run, name) == [*enumerate(values)]
    assert curve(run, "learning_rate") == [(0, 0.01), (1, 0.01), (2, 0.01)]
    wanted = {"epochs": "3", "steps_per_epoch": "2", "rows": "10", "parameters": "13"}
    wanted |= {"loss": "MeanSquaredError()", "learning_rate": "0.01", "dtype": "float32"}
    assert {name: run.data.params[name] for name in wanted} == wanted
    kept = tmp_path / "kept" / run.info.run_id / "artifacts" / "model"
    assert json.loads((kept / "card.json").read_text()) == trained.card()
    loaded = xpnn.load(kept / "model.safetensors")
    for p, q in zip(loaded.parameters, trained.parameters):
        np.testing.assert_array_equal(host(p), host(q))


def test_without_the_model(runs):
    model().fit(X, Y, callbacks=[MLflow(save_model=False)])
    (run,) = runs()
    assert mlflow.MlflowClient().list_artifacts(run.info.run_id) == []


def test_a_callback_is_used_again(runs):
    callback = MLflow(save_model=False)
    for _ in range(2):
        model().fit(X, Y, epochs=2, callbacks=[callback])
    assert [len(curve(run, "loss")) for run in runs()] == [2, 2]


@pytest.mark.parametrize("order", [1, -1])
def test_the_best_model_is_kept(runs, tmp_path, order):
    trained = model()
    stop = EarlyStopping("loss", 1, mode="max")
    trained.fit(X, Y, epochs=9, callbacks=[MLflow(), stop][::order])
    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert len(curve(run, "loss")) == 2
    kept = tmp_path / "kept" / run.info.run_id / "artifacts" / "model" / "model.safetensors"
    for p, q in zip(xpnn.load(kept).parameters, model().parameters):
        np.testing.assert_array_equal(host(p), host(q))  # those that the first loss is of


# -------------------------------------------------------------------- a run that is active


def test_a_run_that_is_active_is_used_and_left_open(runs):
    with mlflow.start_run(run_name="mine") as mine:
        mlflow.log_param("learning_rate", "as I call it")
        model().fit(X, Y, epochs=2, callbacks=[MLflow()])
        mlflow.log_metric("my_own", 3.0)
        assert mlflow.active_run().info.run_id == mine.info.run_id
    (run,) = runs()
    assert (run.info.run_name, run.info.status) == ("mine", "FINISHED")
    assert len(curve(run, "loss")) == 2
    assert run.data.params["learning_rate"] == "as I call it"
    assert run.data.params["epochs"] == "2"


def test_a_run_of_its_own_is_active_meanwhile(runs):
    class Log(Callback):
        def on_epoch_end(self, epoch, logs):
            mlflow.log_metric("twice_the_loss", 2 * logs["loss"], step=epoch)

    model().fit(X, Y, epochs=2, callbacks=[MLflow(save_model=False), Log()])
    (run,) = runs()
    assert len(curve(run, "twice_the_loss")) == 2


# ---------------------------------------------------------------------------- how it ends


class Fail(Callback):
    """Raises an error in the second epoch."""

    def __init__(self, error):
        self.error = error

    def on_epoch_begin(self, epoch):
        if epoch == 1:
            raise self.error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("broken"), "FAILED"),
        (KeyboardInterrupt(), "KILLED"),
        (SystemExit(143), "KILLED"),
    ],
    ids=repr,
)
def test_a_run_that_fails_is_marked(runs, error, status):
    with pytest.raises(type(error)):
        model().fit(X, Y, epochs=4, callbacks=[MLflow(), Fail(error)])
    (run,) = runs()
    assert run.info.status == status
    assert len(curve(run, "loss")) == 1
    assert mlflow.MlflowClient().list_artifacts(run.info.run_id) == []


def test_a_run_that_diverges(runs):
    trained = model().compile("mean_squared_error", xpnn.SGD(1e9))
    with pytest.raises(xpnn.DivergenceError):
        trained.fit(X, Y, epochs=9, callbacks=[MLflow()])
    assert [run.info.status for run in runs()] == ["FAILED"]


def test_a_trial_that_is_pruned(runs):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    trial = optuna.create_study(pruner=optuna.pruners.ThresholdPruner(upper=0)).ask()
    with pytest.raises(optuna.TrialPruned):
        model().fit(X, Y, epochs=9, callbacks=[MLflow(), Pruning(trial, "loss")])
    assert [run.info.status for run in runs()] == ["KILLED"]


def test_an_error_that_was_there_before_is_none_of_the_run(runs):
    try:
        raise ValueError("of something else")
    except ValueError:
        model().fit(X, Y, callbacks=[MLflow(save_model=False)])
    assert [run.info.status for run in runs()] == ["FINISHED"]


def test_what_stops_before_training_leaves_no_run(runs):
    class Refuse(Callback):
        def on_train_begin(self, epochs, steps):
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        model().fit(X, Y, callbacks=[MLflow(), Refuse()])
    assert runs() == []


# -------------------------------------------------------------------------- resumed runs


def falling():
    """Return a network whose learning rate changes within an epoch."""
    return network(optimizer=xpnn.Adam(xpnn.schedules.CosineDecay(0.02, steps=100)))


def interrupt(folder, *more, kept=False):
    """Train for five epochs and a bit, with the last checkpoint after four, or there."""
    callbacks = [Stop(5, 2), *more, Checkpoint(folder, 2)]
    with pytest.raises(KeyboardInterrupt):
        falling().fit(FEATURES, CLASSES, callbacks=callbacks, **HOW)
    for path in folder.glob("*epoch-5*"):
        if not kept:  # as after a kill
            path.unlink()


@pytest.mark.parametrize("kept", [True, False])
def test_a_resumed_run_goes_on_in_its_run(runs, tmp_path, kept):
    interrupt(tmp_path, MLflow(), kept=kept)
    (run,) = runs()
    assert run.info.status == "KILLED"
    assert len(curve(run, "loss")) == 5
    again = falling()
    again.fit(FEATURES, CLASSES, callbacks=[MLflow()], resume=tmp_path, **HOW)
    (run,) = runs()
    assert run.info.status == "FINISHED"
    for name, values in again.history.history.items():
        assert curve(run, name) == [*enumerate(values)]
    rates = curve(run, "learning_rate")
    falling().fit(FEATURES, CLASSES, callbacks=[MLflow(save_model=False)], **HOW)
    assert rates == curve(runs()[0], "learning_rate")
    assert len(rates) == 9


def test_what_the_run_lacks_is_sent(runs, tmp_path):
    interrupt(tmp_path)
    again = falling()
    with mlflow.start_run() as mine:
        again.fit(FEATURES, CLASSES, callbacks=[MLflow()], resume=tmp_path, **HOW)
    (run,) = runs()
    assert run.info.run_id == mine.info.run_id
    for name, values in again.history.history.items():
        assert curve(run, name) == [*enumerate(values)]


def test_a_run_that_is_active_comes_first(runs, tmp_path):
    interrupt(tmp_path, MLflow())
    with mlflow.start_run() as mine:
        falling().fit(FEATURES, CLASSES, callbacks=[MLflow()], resume=tmp_path, **HOW)
    lengths = {run.info.run_id: len(curve(run, "loss")) for run in runs()}
    assert sorted(lengths.values()) == [5, 9]
    assert lengths[mine.info.run_id] == 9


@pytest.mark.parametrize(("is_there", "why"), [(True, "it was deleted"), (False, "not found")])
def test_a_run_that_is_gone(runs, tmp_path, monkeypatch, is_there, why):
    if not is_there:
        state = {"run_id": 32 * "0", "rates": []}
        monkeypatch.setattr(MLflow, "state", lambda self: state)
    interrupt(tmp_path, MLflow())
    mlflow.MlflowClient().delete_run(runs()[0].info.run_id)
    again, before = falling(), [host(p) for p in falling().parameters]
    with pytest.raises(ValueError, match=rf"MLflow has no run \w+ at sqlite.*{why}"):
        again.fit(FEATURES, CLASSES, callbacks=[MLflow()], resume=tmp_path, **HOW)
    assert runs() == []
    for p, q in zip(again.parameters, before):
        np.testing.assert_array_equal(host(p), q)


# ------------------------------------------------------------------- what can't be reached


def test_a_store_that_fails_costs_a_warning_and_no_number(runs, monkeypatch):
    class Away(Callback):
        """From the third epoch to the fifth there is no database."""

        def on_epoch_begin(self, epoch):
            if epoch in (2, 5):
                monkeypatch.undo()
            if epoch == 2:
                name = "mlflow.MlflowClient.log_batch"
                monkeypatch.setattr(name, self.fail)

        def fail(self, *args, **kwargs):
            raise mlflow.MlflowException("the server is away")

    trained = model()
    with pytest.warns(UserWarning, match="goes on without it.*the server is away") as warned:
        trained.fit(X, Y, epochs=8, callbacks=[MLflow(save_model=False), Away()])
    assert len(warned) == 1
    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert curve(run, "loss") == [*enumerate(trained.history.history["loss"])]
    assert len(curve(run, "learning_rate")) == 8


def test_a_server_that_is_slow_to_fail_is_left_alone(runs, monkeypatch):
    clock, calls = [0.0], []
    monkeypatch.setattr("xpnn.callbacks.mlflow.time.monotonic", lambda: clock[0])

    def fail(*args, **kwargs):
        calls.append(clock[0])
        clock[0] += 60
        raise mlflow.MlflowException("no answer")

    class Work(Callback):
        def on_epoch_end(self, epoch, logs):
            clock[0] += 100

    monkeypatch.setattr("mlflow.MlflowClient.log_batch", fail)
    with pytest.warns(UserWarning, match="no answer") as warned:
        model().fit(X, Y, epochs=20, callbacks=[MLflow(), Work()])
    assert len(warned) == 1
    assert len(calls) == 5  # before the first epoch, each 660 seconds, and when it ends
    assert [run.info.status for run in runs()] == ["FINISHED"]


def test_a_server_that_never_answers(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    mlflow.set_tracking_uri("http://127.0.0.1:9")
    trained, before = model(), [host(p) for p in model().parameters]
    with pytest.raises(mlflow.MlflowException, match=r"127\.0\.0\.1"):
        trained.fit(X, Y, callbacks=[MLflow()])
    for p, q in zip(trained.parameters, before):
        np.testing.assert_array_equal(host(p), q)


def test_what_waited_long_is_sent_in_parts(runs, monkeypatch):
    sizes, log = [], mlflow.MlflowClient.log_batch

    def log_batch(self, run_id, metrics=(), params=()):
        sizes.append(len(metrics))
        if len(sizes) < 7:
            raise mlflow.MlflowException("not yet")
        log(self, run_id, metrics=metrics, params=params)

    monkeypatch.setattr("mlflow.MlflowClient.log_batch", log_batch)
    monkeypatch.setattr("xpnn.callbacks.mlflow.MOST_METRICS", 5)
    monkeypatch.setattr("xpnn.callbacks.mlflow.PATIENCE", 0)
    trained = model()
    with pytest.warns(UserWarning, match="not yet"):
        trained.fit(X, Y, epochs=7, callbacks=[MLflow(save_model=False)])
    (run,) = runs()
    assert curve(run, "loss") == [*enumerate(trained.history.history["loss"])]
    assert len(curve(run, "learning_rate")) == 7
    assert max(sizes) == 4  # two epochs of two numbers


def test_a_value_that_is_too_long_is_cut(runs):
    layers = [xpnn.Dense(1, 4), *(xpnn.Dense(4, 4) for _ in range(30)), xpnn.Dense(4, 1)]
    trained = xpnn.Sequential(layers, seed=0).compile("mean_squared_error", "sgd")
    trained.fit(X, Y, epochs=2, callbacks=[MLflow(save_model=False)])
    (run,) = runs()
    assert len(run.data.params["layers"]) == 500
    assert run.data.params["layers"].endswith("…")


# ------------------------------------------------------------------ what is refused


def test_settings_and_states_that_are_none():
    with pytest.raises(TypeError, match="save_model"):
        MLflow(save_model=1)
    callback = MLflow()
    assert callback.state() == {}
    with pytest.raises(TypeError, match="run_id must be a string"):
        callback.restore({"run_id": 3})


def test_mlflow_is_imported_when_it_is_used():
    run_python("""
        import sys
        sys.modules["mlflow"] = None
        import xpnn.callbacks
        try:
            xpnn.callbacks.MLflow()
        except ModuleNotFoundError as error:
            assert "pip install 'xpnn[mlflow]'" in str(error), error
        else:
            raise AssertionError
    """)


def test_nothing_warns(runs):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model().fit(X, Y, epochs=2, callbacks=[MLflow()])
