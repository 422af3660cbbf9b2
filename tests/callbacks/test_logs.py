"""Files with a line for each epoch."""

import pytest
from full_disk import full_disk
from ten_rows import X, Y, model

import xpnn
from xpnn import Callback, History


def test_logs_are_the_history(backend, tmp_path):
    import csv
    import json

    network = model()
    loggers = [
        xpnn.callbacks.CSVLogger(tmp_path / "log.csv"),
        xpnn.callbacks.JSONLogger(str(tmp_path / "log.jsonl")),
    ]
    history = network.fit(X, Y, epochs=4, validation_data=(X, Y), callbacks=loggers).history
    wanted = [
        {"epoch": i, **{name: values[i] for name, values in history.items()}} for i in range(4)
    ]
    with (tmp_path / "log.csv").open(newline="") as file:
        rows = [{name: float(v) for name, v in row.items()} for row in csv.DictReader(file)]
    assert rows == wanted
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == wanted


def test_each_line_is_there_when_its_epoch_has_ended(tmp_path):
    path, lengths = tmp_path / "log.csv", []

    class Look(Callback):
        def on_epoch_end(self, epoch, logs):
            lengths.append(len(path.read_text().splitlines()))

    model().fit(X, Y, epochs=3, callbacks=[xpnn.callbacks.CSVLogger(path), Look()])
    assert lengths == [2, 3, 4]


def test_what_is_not_finite_is_null(tmp_path):
    import json

    logger = xpnn.callbacks.JSONLogger(tmp_path / "log")
    logger.model = model()
    logger.model.history = History({"loss": [float("nan")]})
    logger.on_train_begin(1, 1)
    logger.on_epoch_end(0, {"loss": float("nan")})
    logger.on_train_end()
    assert json.loads((tmp_path / "log").read_text()) == {"epoch": 0, "loss": None}


def test_a_folder_that_there_is_not(tmp_path):
    logger = xpnn.callbacks.CSVLogger(tmp_path / "none" / "log.csv")
    with pytest.raises(FileNotFoundError, match="no folder"):
        model().fit(X, Y, callbacks=[logger])
    logger = xpnn.callbacks.JSONLogger(tmp_path)
    with pytest.raises(IsADirectoryError, match="must be a file, but is a folder"):
        model().fit(X, Y, callbacks=[logger])


@pytest.mark.parametrize("kind", ["CSVLogger", "JSONLogger"])
def test_a_full_disk_costs_a_warning_and_no_line(backend, tmp_path, kind):
    logger = getattr(xpnn.callbacks, kind)
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    model().fit(X, Y, epochs=9, callbacks=[logger(whole)])
    wanted = whole.read_text()
    lines = wanted.splitlines(keepends=True)

    class Full(Callback):
        """From the fourth epoch to the sixth there is room for half a line."""

        def on_epoch_begin(self, epoch):
            if epoch == 3:
                room = len("".join(lines[: 3 + (kind == "CSVLogger")])) + 7
                self.disk = full_disk(room)
                self.disk.__enter__()

        def on_epoch_end(self, epoch, logs):
            written = torn.read_text()
            assert wanted.startswith(written)
            assert written.endswith("\n")
            if epoch == 5:
                self.disk.__exit__(None, None, None)

    network = model()
    with pytest.warns(UserWarning, match="the log could not be written.*torn") as warned:
        network.fit(X, Y, epochs=9, callbacks=[logger(torn), Full()])
    assert len(warned) == 1
    assert torn.read_text() == wanted
    assert network.history.epochs == 9


def test_what_is_full_to_the_end_costs_a_warning():
    network = model()
    with pytest.warns(UserWarning, match="No space left on device: '/dev/full'") as warned:
        network.fit(X, Y, epochs=3, callbacks=[xpnn.callbacks.CSVLogger("/dev/full")])
    assert len(warned) == 1
    assert network.history.epochs == 3


def test_an_old_log_is_kept_on_a_full_disk(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("of another run\n")
    with full_disk(), pytest.warns(UserWarning, match="the log could not be written"):
        model().fit(X, Y, epochs=3, callbacks=[xpnn.callbacks.CSVLogger(path)])
    assert path.read_text() == "of another run\n"
    assert [*tmp_path.iterdir()] == [path]


def test_a_name_that_is_too_long_is_found_before_training(tmp_path):
    network = model()
    before = network.parameters
    with pytest.raises(OSError, match="File name too long"):
        network.fit(X, Y, callbacks=[xpnn.callbacks.CSVLogger(tmp_path / ("a" * 256))])
    assert all((p == q).all() for p, q in zip(before, network.parameters))
