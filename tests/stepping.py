"""Networks that take many steps, and callbacks that write down what they hear of them."""

import numpy as np
from support import host

import xpnn

KINDS = [
    xpnn.ReLU(),
    xpnn.Tanh(),
    xpnn.Sigmoid(),
    xpnn.LeakyReLU(0.1),
    xpnn.Dropout(0.2),
    xpnn.Softmax(),
    xpnn.Linear(),
]
OPTIMIZERS = [
    xpnn.Adam(0.01, decay=0.01),
    xpnn.SGD(0.05, momentum=0.9, nesterov=True),
    xpnn.AdamW(0.01, weight_decay=0.1),
    xpnn.SGD(0.1, decay=0.01),
    xpnn.RMSProp(0.01, decay=0.001),
    xpnn.AdaGrad(0.05),
    xpnn.SGD(0.05, momentum=0.5),
]


def case(seed):
    """Draw a network, data, and a way to train."""
    rng = np.random.default_rng(seed)
    n, width, k = int(rng.integers(9, 40)), int(rng.integers(1, 5)), int(rng.integers(2, 5))
    x = rng.standard_normal((n, width))
    layers, size = [], width
    for _ in range(rng.integers(1, 4)):
        wider = int(rng.integers(2, 9))
        layers.append(xpnn.Dense(size, wider, weights="he_normal"))
        layers += [KINDS[i] for i in rng.integers(0, len(KINDS), size=rng.integers(1, 3))]
        size = wider
    layers.append(xpnn.Dense(size, k))
    numbers, classes = rng.standard_normal((n, k)), rng.integers(0, k, size=n)
    loss, last, y = [
        (xpnn.CategoricalCrossEntropy(), xpnn.Softmax(), classes),
        (xpnn.MeanSquaredError(), None, numbers),
        (xpnn.BinaryCrossEntropy(), xpnn.Sigmoid(), (numbers > 0).astype(float)),
        (xpnn.CategoricalCrossEntropy(from_logits=True), None, np.eye(k)[classes]),
        (xpnn.Huber(0.5), None, numbers),
        (xpnn.MeanAbsoluteError(), None, numbers),
    ][seed % 6]
    how = {
        "epochs": int(rng.integers(3, 30)),
        "batch_size": [int(rng.integers(3, n // 2)), None, 1 + n // 2][seed % 3],
        "shuffle": seed % 4 != 3,
        "sample_weight": rng.uniform(0, 2, size=n) if seed % 2 else None,
    }
    return [*layers, last] if last else layers, loss, OPTIMIZERS[seed % 7], x, y, how


rng = np.random.default_rng(5)
X = rng.standard_normal((22, 3))
Y = rng.standard_normal((22, 2))


def network(optimizer=None, *, seed=0, **options):
    layers = [xpnn.Dense(3, 6), xpnn.Tanh(), xpnn.Dropout(0.2), xpnn.Dense(6, 2)]
    model = xpnn.Sequential(layers, seed=seed, **options)
    return model.compile(xpnn.MeanSquaredError(), optimizer or xpnn.Adam(0.01))


def assert_same(backend, actual, wanted, rtol=1e-5):
    """Check for equality, or nearly so.

    JAX may compile what is the same for us into another order, torch's kernel of Adam keeps
    the means in other units from the beginning of a block of steps to its end, and what a GPU
    plays is the step as it is written but for rounding.
    """
    assert len(actual) == len(wanted)
    for a, b in zip(actual, wanted):
        if backend.name in ("jax", "torch", "cupy"):
            np.testing.assert_allclose(host(a), host(b), rtol=rtol, atol=1e-6)
        else:
            np.testing.assert_array_equal(host(a), host(b))


class Write(xpnn.Callback):
    """Writes down what it hears of."""

    def __init__(self):
        self.heard = []

    def on_epoch_begin(self, epoch):
        self.heard.append(("begin", epoch))

    def on_epoch_end(self, epoch, logs):
        self.heard.append(("end", epoch, logs))


class WriteSteps(Write):
    def on_batch_end(self, step):
        self.heard.append(("step", step))


class WritePatiently(WriteSteps):
    patient = True
