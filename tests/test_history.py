"""What a training measured."""

from xpnn import History


def test_history_collects():
    history = History()
    assert history.epochs == 0
    history.append({"loss": 2.0, "val_loss": 3.0})
    history.append({"loss": 1.0, "val_loss": 4.0})
    assert history.history == {"loss": [2.0, 1.0], "val_loss": [3.0, 4.0]}
    assert history.epochs == 2
    assert History().history == {}  # none is shared
