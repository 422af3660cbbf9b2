"""Networks whose optimizer remembers ever smaller numbers, on any backend."""

import numpy as np
from stepping import X, Y
from support import host

import xpnn

SMALLEST = {name: float(np.finfo(name).smallest_normal) for name in ("float32", "float64")}


def dying(optimizer):
    """Train a little; then half of the units never answer any more, and it is trained on."""
    layers = [xpnn.Dense(3, 6), xpnn.ReLU(), xpnn.Dense(6, 2)]
    model = xpnn.Sequential(layers, seed=0).compile(xpnn.MeanSquaredError(), optimizer)
    model.fit(X, Y, epochs=64, batch_size=None)
    weights, biases, *rest = (host(p).copy() for p in model.parameters)
    biases[:3] = -1000
    model.set_parameters([weights, biases, *rest])
    return model


def tiny(model, optimizer):
    """Return how many remembered numbers are denormal."""
    slots = [host(a) for name in optimizer.slots for a in model.train_state.memory[name]]
    return sum(int(((a != 0) & (np.abs(a) < SMALLEST["float32"])).sum()) for a in slots)


def forgets(backend):
    """Whether xpnn sets tiny numbers to 0: not CuPy's, whose kernels do in single precision."""
    return backend.name != "cupy"


MOMENTUM = [xpnn.SGD(0.05, momentum=0.9), xpnn.Adam(0.001)]


def check_no_denormal_numbers(backend, optimizer):
    model = dying(optimizer)
    for _ in range(14):  # 896 steps, and 0.9 to that power is 1e-41
        model.fit(X, Y, epochs=64, batch_size=None)
        assert int(model.train_state.memory["iterations"]) % 64 == 0
        assert tiny(model, optimizer) == 0 or not forgets(backend)
    # of the first layer's weights
    momentum = host(model.train_state.memory[optimizer.slots[0]][0])
    assert (momentum[:, :3] == 0).all() or not forgets(backend)
    assert (momentum[:, 3:] != 0).any()
