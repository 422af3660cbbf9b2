"""The sides that are compared do the same work."""

from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def works(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import works

    return works


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("batch_size", [30, 100])
def test_the_sides_on_numpy_learn_the_same(works, optimizer, batch_size):
    from sides import load

    rule = works.SGD(0.1, decay=1e-2) if optimizer == "sgd" else works.Adam()
    found = {}
    for name in ("xpnn-numpy", "limit-numpy", "book"):
        drawn = works.drawn("test", (6, 8, 5, 3), 100, batch_size, works.SGD(0.1))
        work = works.Work("test", drawn.sizes, drawn.X, drawn.y, batch_size, rule)
        trainer = load(name)(work)
        loss = trainer.train(5)
        found[name] = loss, trainer.predict(work.X)
    loss, probabilities = found["xpnn-numpy"]
    for other_loss, others in found.values():
        # each shuffles for itself, which full batches do not notice
        tolerance = 1e-5 if batch_size == 100 else 0.1
        assert other_loss == pytest.approx(loss, rel=tolerance)
        assert np.max(np.abs(others - probabilities)) < tolerance
