"""What TensorBoard shows of a training."""

import struct
import warnings
from collections import Counter

import numpy as np
import pytest
from full_disk import full_disk
from processes import run_python
from resumed import HOW, Stop, network
from resumed import X as FEATURES
from resumed import Y as CLASSES
from support import host
from ten_rows import X, Y, model
from tensorboardX.proto.api_pb2 import Status
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData
from tensorboardX.record_writer import masked_crc32c

import xpnn
from xpnn.callbacks import Callback, Checkpoint, TensorBoard


def events(folder):
    """Return the events of a folder, checked in all that readers check."""
    (path,) = (p for p in folder.glob("events.out.tfevents.*") if p.stat().st_size)
    data, found = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        body = data[12 : 12 + length]
        assert struct.unpack("<I", data[8:12]) == (masked_crc32c(data[:8]),)
        assert struct.unpack("<I", data[12 + length : 16 + length]) == (masked_crc32c(body),)
        found.append(Event.FromString(body))
        data = data[16 + length :]
    assert found[0].file_version == "brain.Event:2"
    return found


def curves(folder, kind="simple_value"):
    """Return the curves of a folder by their names: values by step, in the order written."""
    found = {}
    for event in events(folder):
        for value in event.summary.value:
            if value.HasField(kind):
                found.setdefault(value.tag, []).append((event.step, getattr(value, kind)))
    return found


def as_written(values):
    return [(step, float(np.float32(value))) for step, value in enumerate(values)]


def plugins(folder):
    return {
        value.tag: value
        for event in events(folder)
        for value in event.summary.value
        if value.HasField("metadata")
    }


def session(folder):
    """Return the hyper-parameters, and how the run ended."""
    start, end = (
        HParamsPluginData.FromString(
            plugins(folder)[f"_hparams_/session_{part}_info"].metadata.plugin_data.content
        )
        for part in ("start", "end")
    )
    settings = {
        name: getattr(value, value.WhichOneof("kind"))
        for name, value in start.session_start_info.hparams.items()
    }
    return settings, Status.Name(end.session_end_info.status)


def test_training_and_validation_are_in_one_chart(backend, tmp_path):
    network = model().compile("mean_squared_error", "sgd", ["r2"])
    history = network.fit(
        X, Y, epochs=4, validation_data=(X, Y), callbacks=[TensorBoard(tmp_path / "run")]
    ).history
    train, validation = (curves(tmp_path / "run" / part) for part in ("train", "validation"))
    assert train.keys() == {"loss", "r2", "learning_rate"}
    assert validation.keys() == {"loss", "r2"}
    for name in ("loss", "r2"):
        assert train[name] == as_written(history[name])
        assert validation[name] == as_written(history[f"val_{name}"])


def test_the_learning_rate_with_which_an_epoch_began(tmp_path):
    class Lower(Callback):
        def on_epoch_end(self, epoch, logs):
            self.model.learning_rate = 0.5 ** (epoch + 2)

    network = model().compile("mean_squared_error", xpnn.SGD(0.5))
    network.fit(X, Y, epochs=3, callbacks=[Lower(), TensorBoard(tmp_path)])
    assert curves(tmp_path / "train")["learning_rate"] == [(0, 0.5), (1, 0.25), (2, 0.125)]


def test_histograms_of_weights_and_gradients(backend, tmp_path):
    network = model()
    network.fit(X, Y, epochs=5, callbacks=[TensorBoard(tmp_path, histograms=2)])
    found = curves(tmp_path / "train", "histo")
    names = ["0.weights", "0.biases", "2.weights", "2.biases"]
    assert found.keys() == {f"{kind}/{n}" for kind in ("weights", "gradients") for n in names}
    assert all([step for step, _ in curve] == [1, 3] for curve in found.values())

    model().fit(X, Y, epochs=4, callbacks=[TensorBoard(tmp_path, histograms=4)])
    last = model()
    last.fit(X, Y, epochs=4)
    found = curves(tmp_path / "train", "histo")
    _, gradients = last.gradients(X, Y)
    for kind, arrays in (("weights", last.parameters), ("gradients", gradients)):
        for name, array in zip(names, arrays, strict=True):
            ((step, shown),) = found[f"{kind}/{name}"]
            values = host(array)
            assert step == 3
            assert (shown.min, shown.max) == (values.min(), values.max())
            assert shown.num == sum(shown.bucket) == values.size
            np.testing.assert_allclose(shown.sum, values.sum(), rtol=1e-5, atol=1e-6)


def test_no_histograms(tmp_path):
    model().fit(X, Y, epochs=2, callbacks=[TensorBoard(tmp_path, histograms=None)])
    assert curves(tmp_path / "train", "histo") == {}


@pytest.mark.parametrize(
    "values", [[1.0, np.nan], [np.inf, 0.0], [-1e308, 1e308], [1.0, 1.0 + 2e-16], [3.0, 3.0]]
)
def test_numbers_that_make_no_histogram_of_thirty(values, recwarn):
    from xpnn.callbacks.tensorboard import _histogram

    found = _histogram("weights", np.array(values))
    finite = np.isfinite(np.ptp(values)) if np.isfinite(values).all() else False
    recwarn.clear()
    assert (found is not None) == finite
    if found is not None:
        assert sum(found.value[0].histo.bucket) == 2


def test_text_and_hyperparameters(tmp_path):
    mine = {"batch_size": 5, "with_tanh": True, "data": "parabola"}
    how = {"epochs": 3, "batch_size": 5}
    model().fit(X, Y, callbacks=[TensorBoard(tmp_path, hyperparameters=mine)], **how)
    text = plugins(tmp_path)["network"]
    assert text.metadata.plugin_data.plugin_name == "text"
    (table,) = text.tensor.string_val
    lines = table.decode().splitlines()
    assert all(line.startswith("    ") for line in lines)  # a block of code
    assert ["Dense(n_inputs=1,", "n_outputs=4)", "(n,", "4)", "8"] in [s.split() for s in lines]
    assert "    loss       MeanSquaredError()" in lines
    settings, end = session(tmp_path)
    assert end == "STATUS_SUCCESS"
    wanted = {**mine, "epochs": 3, "steps_per_epoch": 2, "rows": 10, "parameters": 13}
    wanted |= {"loss": "MeanSquaredError()", "learning_rate": 0.01, "dtype": "float32"}
    assert {name: settings[name] for name in wanted} == wanted
    assert settings["optimizer"].startswith("SGD(learning_rate=0.01")
    assert settings["layers"].startswith("Dense(n_inputs=1, n_outputs=4), Tanh(), Dense(")


def test_another_run_takes_the_place_of_the_first(tmp_path):
    callback = TensorBoard(tmp_path)
    for epochs in (4, 2):
        network = model()
        network.fit(X, Y, epochs=epochs, callbacks=[callback])
        wanted = as_written(network.history.history["loss"])
        assert curves(tmp_path / "train")["loss"] == wanted
        assert len(wanted) == epochs


def test_no_validation_of_another_run_is_left(tmp_path):
    model().fit(X, Y, validation_data=(X, Y), callbacks=[TensorBoard(tmp_path)])
    assert len(curves(tmp_path / "validation")) == 1
    model().fit(X, Y, callbacks=[TensorBoard(tmp_path)])
    assert len(curves(tmp_path / "validation")) == 0


# ---------------------------------------------------------------------------- how it ends


class Fail(Callback):
    """Raises an error in the third epoch."""

    def __init__(self, error):
        self.error = error

    def on_epoch_begin(self, epoch):
        if epoch == 2:
            raise self.error


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()], ids=repr)
def test_a_run_that_fails(tmp_path, error):
    with pytest.raises(type(error)):
        model().fit(X, Y, epochs=4, callbacks=[TensorBoard(tmp_path), Fail(error)])
    assert session(tmp_path)[1] == "STATUS_FAILURE"
    assert len(curves(tmp_path / "train")["loss"]) == 2


def test_an_error_that_was_there_before_is_none_of_the_run(tmp_path):
    try:
        raise ValueError("of something else")
    except ValueError:
        model().fit(X, Y, callbacks=[TensorBoard(tmp_path)])
    assert session(tmp_path)[1] == "STATUS_SUCCESS"


def test_what_stops_before_training_leaves_the_last_run(tmp_path):
    class Refuse(Callback):
        def on_train_begin(self, epochs, steps):
            raise ValueError("no")

    model().fit(X, Y, epochs=3, callbacks=[TensorBoard(tmp_path)])
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match="no"):
        model().fit(X, Y, callbacks=[TensorBoard(tmp_path), Refuse()])
    assert sorted(tmp_path.rglob("*")) == before


# -------------------------------------------------------------------------- resumed runs


def falling():
    """Return a network whose learning rate changes within an epoch."""
    return network(optimizer=xpnn.Adam(xpnn.schedules.CosineDecay(0.02, steps=100)))


def callbacks(folder):
    return [TensorBoard(folder / "board"), Checkpoint(folder / "kept", 2)]


@pytest.fixture
def wanted(tmp_path):
    """The curves of a run that nobody interrupts, by run and name."""
    alone = tmp_path / "alone"
    falling().fit(FEATURES, CLASSES, callbacks=callbacks(alone), **HOW)
    return all_curves(alone)


def all_curves(folder):
    found = {
        (part, name): curve
        for part in ("train", "validation")
        for kind in ("simple_value", "histo")
        for name, curve in curves(folder / "board" / part, kind).items()
    }
    assert all(
        max(Counter(step for step, _ in curve).values()) == 1 for curve in found.values()
    )
    return found


@pytest.mark.parametrize("step", [0, 2])
def test_a_resumed_run_goes_on_in_its_curves(tmp_path, wanted, step):
    those = [Stop(5, step), *callbacks(tmp_path)]
    with pytest.raises(KeyboardInterrupt):
        falling().fit(FEATURES, CLASSES, callbacks=those, **HOW)
    more = {"callbacks": callbacks(tmp_path), "resume": tmp_path / "kept"}
    falling().fit(FEATURES, CLASSES, **HOW, **more)
    assert all_curves(tmp_path) == wanted
    assert session(tmp_path / "board")[1] == "STATUS_SUCCESS"


def test_a_run_that_is_killed_between_checkpoints(tmp_path, wanted):
    run_python(
        f"""
        import os, sys
        sys.path.insert(0, {str(tmp_path.parent)!r})
        from test_tensorboard import *

        class Kill(Callback):
            def on_epoch_end(self, epoch, logs):
                if epoch == 4:
                    os.kill(os.getpid(), 9)

        more = callbacks(__import__("pathlib").Path({str(tmp_path)!r}))
        falling().fit(FEATURES, CLASSES, callbacks=[more[0], Kill(), more[1]], **HOW)
        """,
        path=(__file__.rpartition("/")[0], __file__.rpartition("/callbacks/")[0]),
        code_expected=-9,
    )
    assert len(curves(tmp_path / "board" / "train")["loss"]) == 5  # and the checkpoint 4
    more = {"callbacks": callbacks(tmp_path), "resume": tmp_path / "kept"}
    falling().fit(FEATURES, CLASSES, **HOW, **more)
    assert all_curves(tmp_path) == wanted


def test_curves_that_were_lost_are_drawn_again(tmp_path, wanted):
    those = [Stop(5, 0), callbacks(tmp_path)[1]]
    with pytest.raises(KeyboardInterrupt):
        falling().fit(FEATURES, CLASSES, callbacks=those, **HOW)
    more = {"callbacks": callbacks(tmp_path), "resume": tmp_path / "kept"}
    history = falling().fit(FEATURES, CLASSES, **HOW, **more).history
    assert curves(tmp_path / "board" / "train")["loss"] == as_written(history["loss"])
    validation = curves(tmp_path / "board" / "validation")
    assert validation["loss"] == as_written(history["val_loss"])


def test_a_run_that_was_finished_is_left_as_it_is(tmp_path):
    falling().fit(FEATURES, CLASSES, callbacks=callbacks(tmp_path), **HOW)
    before = sorted((tmp_path / "board").rglob("*"))
    more = {"callbacks": callbacks(tmp_path), "resume": tmp_path / "kept"}
    falling().fit(FEATURES, CLASSES, **HOW, **more)
    assert sorted((tmp_path / "board").rglob("*")) == before


# ------------------------------------------------------------------------- a full disk


def test_a_full_disk_costs_a_warning_and_no_number(tmp_path):
    class Full(Callback):
        """From the fourth epoch to the sixth there is room for half an event."""

        def on_epoch_begin(self, epoch):
            if epoch == 3:
                (path,) = (tmp_path / "train").glob("events*")
                self.disk = full_disk(path.stat().st_size + 7)
                self.disk.__enter__()

        def on_epoch_end(self, epoch, logs):
            assert (
                len(curves(tmp_path / "train")["loss"])
                == (min(epoch, 2) if epoch < 6 else epoch) + 1
            )
            if epoch == 5:
                self.disk.__exit__(None, None, None)

    trained, board = model(), TensorBoard(tmp_path)
    with pytest.warns(UserWarning, match="events for TensorBoard could not be") as warned:
        trained.fit(X, Y, epochs=9, callbacks=[board, Full()])
    assert len(warned) == 1
    history = trained.history.history
    assert curves(tmp_path / "train")["loss"] == as_written(history["loss"])
    (steps,) = {
        tuple(step for step, _ in curve)
        for curve in curves(tmp_path / "train", "histo").values()
    }
    assert steps == (0, 1, 2, 6, 7, 8)


def test_two_trainings_in_one_folder(tmp_path):
    class Second(Callback):
        def on_epoch_end(self, epoch, logs):
            with pytest.raises(ValueError, match="belongs to a training that is running"):
                model().fit(X, Y, callbacks=[TensorBoard(tmp_path)])

    model().fit(X, Y, callbacks=[TensorBoard(tmp_path), Second()])
    assert len(curves(tmp_path / "train")["loss"]) == 1


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"histograms": 0}, "histograms must be an integer >= 1, got 0"),
        ({"hyperparameters": {"widths": [3, 4]}}, r"got \[3, 4\] for 'widths'"),
        ({"hyperparameters": {3: 4}}, "got 4 for 3"),
    ],
)
def test_what_is_refused(options, words):
    with pytest.raises((TypeError, ValueError), match=words):
        TensorBoard("run", **options)


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "run").touch()
    with pytest.raises(OSError, match="run"):
        model().fit(X, Y, callbacks=[TensorBoard(tmp_path / "run")])


def test_tensorboardx_is_imported_when_it_is_used():
    run_python("""
        import sys
        sys.modules["tensorboardX"] = None
        import xpnn.callbacks
        try:
            xpnn.callbacks.TensorBoard("run")
        except ModuleNotFoundError as error:
            assert "pip install 'xpnn[tensorboard]'" in str(error), error
        else:
            raise AssertionError
    """)


def test_nothing_warns(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model().fit(X, Y, epochs=2, callbacks=[TensorBoard(tmp_path)])
