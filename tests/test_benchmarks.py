"""The sides that are compared do the same work, and ratios are those of a round."""

import sys
from dataclasses import replace
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


def test_a_network_for_tables_is_what_its_formula_says(works):
    """The loss of the first step, before it, and the probabilities of a network not trained."""
    from sides import load, takes

    whole = works.make("tables")
    part = {"X": whole.X[:200], "y": whole.y[:200], "batch_size": 200}
    work = replace(whole, **part, dropout=0.0, shuffle=False)
    frequencies, phases, weights, biases = (a.astype(float) for a in work.initial_waves())
    waves = np.cos(2 * np.pi * work.X.T[:, :, None] * frequencies + phases) @ weights + biases
    z = np.hstack([waves.transpose(1, 0, 2).reshape(200, -1), work.X])
    *hidden, last = work.initial()
    for w, b in hidden:
        z = z @ w + b
        z = z / (1 + np.exp(-z))
    z = z @ last[0] + last[1]
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    targets = 0.9 * np.eye(2)[work.y] + 0.05
    trainer = load("xpnn-numpy")(work)
    np.testing.assert_allclose(trainer.predict(work.X), p, atol=1e-5)
    loss = -np.mean(np.sum(targets * np.log(p), axis=1))
    assert trainer.train(1) == pytest.approx(loss, rel=1e-5)
    assert not any(takes(side, "tables") for side in ("limit-numpy", "book", "keras-jax"))


@pytest.mark.parametrize("name", ["small", "spiral", "tables"])
def test_the_products_are_those_of_a_step(works, name):
    from sides.products import ProductsTrainer

    work = works.make(name)
    trainer = ProductsTrainer(work)
    assert trainer.train(1) is None
    operations = sum(2 * a.size * b.shape[-1] for a, b, _ in trainer.products)
    assert operations == work.steps * work.operations
    for left, right, out in trainer.products[:20]:
        np.testing.assert_allclose(out, left @ right, rtol=1e-4, atol=1e-6)


def test_who_learns_nothing_does_no_other_work(works):
    import summary

    losses = {"xpnn-numpy": 1.0, "torch": 1.0, "book": 2.0, "products-numpy": None}
    records = [{"side": s, "work": "small", "early_loss": x} for s, x in losses.items()]
    (words,) = summary.differing(records)
    assert words.startswith("book")


def test_both_sides_learn_texts(works):
    import sparse_text

    ours, theirs = (sparse_text.fit(side, 300, 3000, 12) for side in sparse_text.SIDES)
    assert ours["columns"] == theirs["columns"] > 300
    assert ours["loss"] == pytest.approx(theirs["loss"], rel=0.05)


def test_two_checkouts_take_turns(works):
    import checkouts

    ours, theirs = ("xpnn-numpy", sys.executable), ("xpnn-numpy@other", "python")
    assert checkouts.in_turns("xpnn-numpy", 0, "python") == [ours, theirs]
    assert checkouts.in_turns("xpnn-numpy", 1, "python") == [theirs, ours]
    assert checkouts.in_turns("xpnn-numpy", 1, None) == [ours]


def test_two_checkouts_are_compared_within_rounds(works):
    import checkouts
    import summary

    records = [
        {
            "side": side + mark,
            "work": "small",
            "threads": threads,
            "round": number,
            "measures": {"step": seconds * factor},
            "clean": True,
        }
        for side, factor in (("xpnn-numpy", 1.0), ("xpnn-torch", 3.0))
        for threads in (1, 2)
        for number, (mine, other) in enumerate([(1e-3, 2e-3), (4e-3, 4e-3), (3e-3, 2e-3)])
        for mark, seconds in (("", mine), (checkouts.OTHER, other / threads))
    ]
    records.append({"side": "data", "work": "small"})
    table = summary.checkouts(records, checkouts.OTHER)
    rows = [line.split() for line in table.splitlines()[2:]]
    assert [row[2:4] for row in rows] == [
        ["xpnn-numpy", "1"],
        ["xpnn-numpy", "2"],
        ["xpnn-torch", "1"],
        ["xpnn-torch", "2"],
    ]
    assert rows[0][4:] == ["3", "ms", "2", "ms", "1.00", "(0.50–1.50)"]
    assert rows[1][-2:] == ["2.00", "(1.00–3.00)"]
    assert "@other" not in table


def test_the_same_xpnn_is_no_other(works):
    import checkouts
    import click

    with pytest.raises(click.UsageError, match="the same xpnn"):
        checkouts.describe(sys.executable)
