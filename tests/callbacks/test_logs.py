"""Files with a line for each epoch."""

import pytest
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
