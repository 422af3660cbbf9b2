"""What the tests of NumPy's playback share: data, trainings, and a comparison of them.

A training is run twice, as it is and without recordings, and must leave the same bits.
"""

import numpy as np
import pytest
from xpnn.backends import _recurring
from xpnn.backends import numpy as numpy_backend

import xpnn
from xpnn.backend import Backend

rng = np.random.default_rng(11)
N = 37
X = rng.standard_normal((N, 6))
X4 = X[:, :4].astype(np.float32)
REGRESSION = rng.standard_normal((N, 3))
YES = (rng.random((N, 3)) > 0.5).astype(float)
CLASSES = rng.integers(0, 3, size=N)
WEIGHT = rng.uniform(0, 2, size=N)


@pytest.fixture(autouse=True)
def on_numpy(monkeypatch):
    # as outside tests, whatever other tests have set
    monkeypatch.setattr(_recurring, "STEPS_BEFORE_RECORDING", 16)
    with xpnn.use_backend("numpy!"):
        yield


@pytest.fixture
def players(monkeypatch):
    """The recordings that are made from now on."""
    made = []

    class Player(numpy_backend.Player):
        def __init__(self, *args):
            made.append(self)
            super().__init__(*args)

    monkeypatch.setattr(numpy_backend.NumpyBackend, "player", Player)
    return made


def as_written(run):
    """Run without recordings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            numpy_backend.NumpyBackend, "repeat", lambda self, step: Backend.repeat(self, step)
        )
        return run()


def learnt(model):
    """Return all that training leaves."""
    state = model.train_state.memory
    slots = [array for name, s in state.items() if name != "iterations" for array in s]
    history = [np.array(values) for values in model.history.history.values()]
    states = [array.copy() for array in model.state_arrays]
    return [*model.parameters, *states, *[s.copy() for s in slots], *history]


def assert_same(run, rtol=0.0):
    """Check that training is exactly as it is without recordings."""
    ours, wanted = run(), as_written(run)
    assert len(ours) == len(wanted) > 0
    for a, b in zip(ours, wanted):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=rtol, atol=0)


def check(players, run, *, played=True, rtol=0.0):
    """Check that training is exact, and whether it was played back."""
    assert_same(run, rtol)
    assert players
    assert {player.works for player in players} == {played}
    for player in players:
        if played:  # and not only recorded
            assert player.take_step == player._played


def every_layer():
    return [
        xpnn.Dense(6, 12, weights="he_normal"), xpnn.LeakyReLU(0.1), xpnn.Dropout(0.3),
        xpnn.Dense(12, 12, l1=1e-3, bias_l2=1e-2), xpnn.Tanh(), xpnn.Linear(),
        xpnn.BatchNorm(12),
        xpnn.Dense(12, 12), xpnn.Sigmoid(), xpnn.SiLU(), xpnn.Softmax(),
        xpnn.PiecewiseLinear(12, [[0.0, 0.1]]), xpnn.LayerNorm(12), xpnn.Scale(12),
        xpnn.PeriodicEmbedding(12, 4, n_outputs=2, n_frequencies=3), xpnn.Dense(16, 12),
        xpnn.GELU(), xpnn.ELU(), xpnn.SELU(), xpnn.Mish(),
        xpnn.Dense(12, 12, weights="he_normal"), xpnn.ReLU(), xpnn.Dropout(0.1),
    ]  # fmt: skip


OPTIMIZERS = [
    xpnn.SGD(0.1),
    xpnn.SGD(0.1, decay=0.01),
    xpnn.SGD(0.1, momentum=0.9),
    xpnn.SGD(0.1, momentum=0.9, nesterov=True, decay=0.01),
    xpnn.AdaGrad(0.05),
    xpnn.RMSProp(0.01),
    xpnn.Adam(0.01),
    xpnn.Adam(0.01, beta_1=0.0, decay=0.01),
    xpnn.AdamW(0.01, weight_decay=0.3),
    xpnn.AdaDelta(),
    xpnn.AdaMax(0.01),
    xpnn.NAdam(0.01),
    xpnn.Lion(0.01, weight_decay=0.3),
    xpnn.Adan(0.01, weight_decay=0.3),
    xpnn.LAMB(0.01),
    xpnn.Muon(0.01),
    xpnn.Adam(0.01, average=0.9),
]


class ApartOfTestPlayback(xpnn.Softmax):
    """A softmax that is not computed together with the loss."""


LOSSES = {
    "squared": (xpnn.MeanSquaredError(), None, REGRESSION),
    "absolute": (xpnn.MeanAbsoluteError(), None, REGRESSION),
    "Huber": (xpnn.Huber(0.5), None, REGRESSION),
    "yes or no": (xpnn.BinaryCrossEntropy(), xpnn.Sigmoid(), YES),
    "yes or no, logits": (xpnn.BinaryCrossEntropy(from_logits=True), None, YES),
    "classes": (xpnn.CategoricalCrossEntropy(), xpnn.Softmax(), CLASSES),
    "classes, logits": (xpnn.CategoricalCrossEntropy(from_logits=True), None, CLASSES),
    "classes as rows": (xpnn.CategoricalCrossEntropy(), xpnn.Softmax(), np.eye(3)[CLASSES]),
    "classes, smoothed": (
        xpnn.CategoricalCrossEntropy(label_smoothing=0.2),
        xpnn.Softmax(),
        CLASSES,
    ),
    "classes, some ignored": (
        xpnn.CategoricalCrossEntropy(ignore_index=1),
        xpnn.Softmax(),
        CLASSES,
    ),
    "classes, focal": (xpnn.Focal(), xpnn.Softmax(), CLASSES),
    "classes as rows, focal": (xpnn.Focal(0.5), xpnn.Softmax(), np.eye(3)[CLASSES]),
    "counts": (xpnn.Poisson(), xpnn.Exponential(), np.abs(REGRESSION)),
    "quantiles": (xpnn.Quantile(0.2, 0.5, 0.9), None, REGRESSION[:, 0]),
    "classes of probabilities": (
        xpnn.CategoricalCrossEntropy(),
        ApartOfTestPlayback(),
        CLASSES,
    ),
}

HOW = {
    "batches": {"batch_size": 10, "epochs": 13},  # 52 steps, with a shorter one in each epoch
    "whole": {"batch_size": None, "epochs": 50},
    "in order": {"batch_size": 12, "epochs": 13, "shuffle": False},
    "weights": {"batch_size": 10, "epochs": 13, "sample_weight": WEIGHT},
    "whole, weights": {"batch_size": None, "epochs": 50, "sample_weight": WEIGHT},
}


def training(layers, loss, optimizer, y, *, x=X, dtype="float32", **how):
    def run():
        model = xpnn.Sequential(layers, seed=3, dtype=dtype)
        model.compile(loss, optimizer).fit(x, y, **how)
        return learnt(model)

    return run
