"""What callbacks are told of a training, when, and how they end it."""

import pytest
from ten_rows import Record, X, Y, model

import xpnn
from xpnn import Callback, DivergenceError


def test_calls_and_their_arguments(backend):
    record = Record()
    network = model()
    history = network.fit(
        X, Y, epochs=2, batch_size=4, callbacks=[record], validation_data=(X, Y)
    )
    logs = [
        {"loss": loss, "val_loss": val}
        for loss, val in zip(history.history["loss"], history.history["val_loss"])
    ]
    steps = [("batch_end", 0), ("batch_end", 1), ("batch_end", 2)]
    assert record.calls == [
        ("train_begin", 2, 3),
        ("epoch_begin", 0), *steps, ("epoch_end", 0, logs[0]),
        ("epoch_begin", 1), *steps, ("epoch_end", 1, logs[1]),
        ("train_end",),
    ]  # fmt: skip
    assert record.model is network


def test_several_are_called_in_order(backend):
    calls = []
    model().fit(X, Y, callbacks=(Record(calls, "a"), Record(calls, "b")))
    names = [call[0] for call in calls]
    assert names == ["a", "b"] * 4 + ["b", "a"]  # train_end: the last to begin ends first


class Stop(Callback):
    """Ends the training in an epoch, at its begin, in a step or at its end."""

    def __init__(self, epoch, moment):
        self.epoch, self.moment, self.now = epoch, moment, 0

    def stop(self, moment):
        if self.now == self.epoch and moment == self.moment:
            self.model.stop_training = True

    def on_epoch_begin(self, epoch):
        self.now = epoch
        self.stop("begin")

    def on_batch_end(self, step):
        self.stop("step")

    def on_epoch_end(self, epoch, logs):
        self.stop("end")


@pytest.mark.parametrize("moment", ["begin", "step", "end"])
def test_stop_training(backend, moment):
    network, record = model(), Record()
    stop = Stop(2, moment)
    history = network.fit(X, Y, epochs=9, batch_size=4, callbacks=[stop, record])
    assert history.epochs == 3
    assert sum(call[0] == "batch_end" for call in record.calls) == 9  # the epoch is finished
    assert record.calls[-1] == ("train_end",)
    assert network.fit(X, Y, epochs=2).epochs == 2  # the next training is not stopped


class OneProblemError(Exception):
    """Something that a callback raises."""


class Fail(Record):
    """Raises in one of its calls."""

    def __init__(self, moment):
        super().__init__()
        self.moment = moment

    def note(self, *call):
        super().note(*call)
        if call[0] == self.moment:
            raise OneProblemError


@pytest.mark.parametrize("moment", ["epoch_begin", "batch_end", "epoch_end"])
def test_train_end_is_told_after_an_error_too(backend, moment):
    network, before, after = model(), Record(), Record()
    with pytest.raises(OneProblemError):
        network.fit(X, Y, epochs=2, callbacks=[before, Fail(moment), after])
    for record in (before, after):
        assert record.calls[0][0] == "train_begin"
        assert [call[0] for call in record.calls].count("train_end") == 1
        assert record.calls[-1] == ("train_end",)
    assert network.history.epochs == (moment == "epoch_end")
    assert network.fit(X, Y).epochs == 1


def test_only_who_was_told_of_the_begin_is_told_of_the_end(backend):
    before, after = Record(), Record()
    with pytest.raises(OneProblemError):
        model().fit(X, Y, callbacks=[before, Fail("train_begin"), after])
    assert [call[0] for call in before.calls] == ["train_begin", "train_end"]
    assert after.calls == []


def test_train_end_is_told_to_all_where_one_fails(backend):
    record = Record()
    with pytest.raises(OneProblemError):
        model().fit(X, Y, callbacks=[Fail("train_end"), record])
    assert record.calls[-1] == ("train_end",)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_train_end_is_told_after_divergence(backend):
    record = Record()
    network = model().compile("mean_squared_error", xpnn.SGD(1e30))
    with pytest.raises(DivergenceError):
        network.fit(X, Y, epochs=9, callbacks=[record])
    assert record.calls[-1] == ("train_end",)
    finished = [call for call in record.calls if call[0] == "epoch_end"]
    assert network.history.epochs == len(finished)
