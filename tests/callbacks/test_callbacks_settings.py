"""Settings of callbacks that are out of range."""

import pytest

import xpnn


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda c: c.EarlyStopping(patience=0), "patience must be an integer >= 1, got 0"),
        (lambda c: c.EarlyStopping(monitor=3), "monitor must be the name"),
        (lambda c: c.EarlyStopping(mode="up"), "mode must be 'auto', 'min' or 'max', got 'up'"),
        (lambda c: c.EarlyStopping(min_delta=-1), "min_delta"),
        (lambda c: c.EarlyStopping(restore_best=1), "restore_best must be True or False"),
        (lambda c: c.ReduceOnPlateau(factor=1.0), "factor"),
        (lambda c: c.ReduceOnPlateau(minimum=-1.0), "minimum"),
        (lambda c: c.TimeBudget(0), "seconds must be a finite number > 0, got 0"),
        (lambda c: c.Checkpoint("x", 0), "every_epochs"),
        (lambda c: c.Checkpoint("x", None), "every_epochs"),
        (lambda c: c.Checkpoint("x", keep=0), "keep"),
        (lambda c: c.Checkpoint("x", every_seconds=0), "every_seconds"),
    ],
)
def test_bad_settings(make, words):
    with pytest.raises((TypeError, ValueError), match=words):
        make(xpnn.callbacks)
