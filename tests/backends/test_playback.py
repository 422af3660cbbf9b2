"""NumPy's recorded steps beside the steps as they are written: the same, bit for bit."""

import numpy as np
import played
import pytest
from played import (
    CLASSES,
    HOW,
    LOSSES,
    OPTIMIZERS,
    REGRESSION,
    N,
    X,
    assert_same,
    check,
    every_layer,
    training,
)
from support import of_the_core

import xpnn

on_numpy, players = played.on_numpy, played.players  # the fixtures


# each loss with weights and without, a loss in all ways: how rows are cut it doesn't know
OF_LOSSES = [
    *((loss, how) for loss in LOSSES for how in ("batches", "whole, weights")),
    *(("classes", how) for how in HOW if how not in ("batches", "whole, weights")),
]


@pytest.mark.parametrize(("loss", "how"), OF_LOSSES)
def test_every_layer_and_loss(players, loss, how):
    criterion, last, y = LOSSES[loss]
    layers = [*every_layer(), xpnn.Dense(12, 3), *([last] if last else [])]
    check(players, training(layers, criterion, xpnn.Adam(0.01), y, **HOW[how]))


@pytest.mark.parametrize(
    ("how", "dtype"), [("batches", "float32"), ("whole, weights", "float64")]
)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_every_optimizer(players, optimizer, how, dtype):
    layers = [*every_layer(), xpnn.Dense(12, 3), xpnn.Softmax()]
    loss = xpnn.CategoricalCrossEntropy()
    check(players, training(layers, loss, optimizer, CLASSES, dtype=dtype, **HOW[how]))


@pytest.mark.parametrize("k", [2, 64, 65, 150])
def test_many_classes(players, k):
    y = np.random.default_rng(k).integers(0, k, size=N)
    layers = [xpnn.Dense(6, 9), xpnn.ReLU(), xpnn.Dense(9, k), xpnn.Softmax()]
    loss = xpnn.CategoricalCrossEntropy()
    check(players, training(layers, loss, xpnn.SGD(0.1), y, batch_size=8, epochs=12))


METRICS = [cls for cls in xpnn.metrics.METRICS.values() if of_the_core(cls)]


def test_parameters_that_are_joined_and_cut(players):
    """Larger than what is cut, with the small ones beside them."""
    layers = [xpnn.Dense(6, 400), xpnn.Tanh(), xpnn.Dense(400, 400), xpnn.Dense(400, 1)]
    run = training(
        layers, xpnn.MeanSquaredError(), xpnn.Adam(1e-3), X[:, :1], batch_size=12, epochs=9
    )
    check(players, run)
    assert len(players[0].step.parts(players[0].buffers)) > len(players[0].buffers)


def test_a_step_without_a_gradient_is_exact(players):
    layers = [xpnn.Dense(6, 5), xpnn.Step(), xpnn.Dense(5, 3)]
    assert_same(
        training(layers, xpnn.MeanSquaredError(), xpnn.SGD(0.1), REGRESSION, **HOW["batches"])
    )


@pytest.mark.parametrize("seed", range(12))
def test_memory_is_used_again_but_never_too_early(players, seed):
    """In deep networks whose results have one size, any could take another's place."""
    draw = np.random.default_rng(seed)
    kinds = [xpnn.ReLU(), xpnn.Tanh(), xpnn.Sigmoid(), xpnn.LeakyReLU(0.2), xpnn.Dropout(0.2),
             xpnn.Linear(), xpnn.Softmax()]  # fmt: skip
    layers = []
    for _ in range(12):
        layers.append(xpnn.Dense(6, 6, weights="he_normal"))
        layers += [kinds[i] for i in draw.integers(0, len(kinds), size=draw.integers(0, 3))]
    layers.append(xpnn.Dense(6, 6))
    optimizer = OPTIMIZERS[seed % len(OPTIMIZERS)]
    how = HOW[list(HOW)[seed % len(HOW)]]
    loss = [xpnn.MeanSquaredError(), xpnn.Huber(0.1)][seed % 2]
    check(players, training(layers, loss, optimizer, np.tanh(X[:, ::-1]), **how))


@pytest.mark.parametrize("batch_size", [1, 2, 37])
def test_small_batches(players, batch_size):
    layers = [xpnn.Dense(6, 1), xpnn.Tanh(), xpnn.Dense(1, 3), xpnn.Softmax()]
    loss = xpnn.CategoricalCrossEntropy()
    run = training(layers, loss, xpnn.Adam(), CLASSES, batch_size=batch_size, epochs=30)
    check(players, run)


@pytest.mark.parametrize("layout", ["columns", "strided", "read-only"])
@pytest.mark.parametrize("how", ["batches", "whole", "in order"])
def test_inputs_of_every_layout(players, layout, how):
    x = X.astype(np.float32)
    if layout == "columns":
        x = np.asfortranarray(x)
    elif layout == "strided":
        x = np.repeat(np.repeat(x, 2, axis=0), 2, axis=1)[::2, ::2]
    else:
        x.flags.writeable = False
    layers = [xpnn.Dense(6, 5), xpnn.Tanh(), xpnn.Dense(5, 3)]
    before = x.copy()
    loss = xpnn.MeanSquaredError()
    # before 2.3 NumPy multiplied rows with gaps in another order than those without
    old = np.lib.NumpyVersion(np.__version__) < "2.3.0" and layout == "strided"
    run = training(layers, loss, xpnn.SGD(0.1), REGRESSION, x=x, **HOW[how])
    check(players, run, rtol=1e-5 if old else 0.0)
    np.testing.assert_array_equal(x, before)


def test_metrics_are_played_too(players):
    def run():
        model = xpnn.Sequential([xpnn.Dense(6, 3), xpnn.Softmax()], seed=0)
        chosen = [cls() for cls in METRICS if cls.classifies]
        model.compile(xpnn.CategoricalCrossEntropy(), xpnn.SGD(0.1), metrics=chosen)
        model.fit(X, CLASSES, **HOW["batches"])
        in_steps = [metric for metric in chosen if metric.is_number and not metric.of_all]
        assert len(model.history.history) == 1 + len(in_steps) >= 7
        return [np.array(values) for values in model.history.history.values()]

    check(players, run)
