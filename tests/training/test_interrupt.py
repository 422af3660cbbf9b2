"""Ctrl-C at any moment: it is never lost, and no step is half done."""

import signal
import subprocess

import numpy as np
import pytest
from pressing import Interrupt
from processes import command, surroundings
from support import host
from twelve_rows import NUMBERS, X, regressor

INTERRUPTED = """
import sys
import numpy as np
import xpnn

X, y = xpnn.datasets.spiral(100, seed=0)
model = xpnn.Sequential(
    [xpnn.Dense(2, 8), xpnn.ReLU(), xpnn.Dense(8, 3), xpnn.Softmax()],
    seed=0,
    backend=sys.argv[1],
)
model.compile("categorical_cross_entropy", xpnn.Adam(0.01))
before = model.predict(X)

class Tell(xpnn.Callback):
    ended = 0
    def on_epoch_end(self, epoch, logs):
        if epoch == 1:
            print("training", flush=True)
    def on_train_end(self):
        self.ended += 1

tell = Tell()
raised = 0
try:
    model.fit(X, y, epochs=10**9, batch_size=32, callbacks=[tell])
except KeyboardInterrupt:
    raised += 1
assert raised == tell.ended == 1
after = model.predict(X)
assert np.isfinite(after).all() and not np.array_equal(after, before)
assert all(np.isfinite(model.backend.to_numpy(p)).all() for p in model.parameters)
assert model.history.epochs == len(model.history.history["accuracy"]) >= 2
assert np.isfinite(model.history.history["loss"]).all()
again = model.fit(X, y, epochs=2)
assert again.epochs == 2 and again.history["loss"][0] < 1.2
import signal
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
print("usable")
"""


def test_ctrl_c_leaves_the_model_usable(backend):
    start = command(INTERRUPTED, "-W", "error")
    with subprocess.Popen(
        [*start, backend.spec], env=surroundings(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "training\n"
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert out == "usable\n"


@pytest.fixture
def ctrl_c():
    """Ctrl-C means what it means at the start of Python, before and after."""
    old = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    now = signal.signal(signal.SIGINT, old)
    assert now is signal.default_int_handler


@pytest.mark.parametrize(
    ("moment", "steps"),
    [("begin", 1), ("epoch 0 begins", 1), ("step 2", 2), ("step 3", 3), ("epoch 0 ends", 4),
     ("epoch 1 begins", 4), ("step 6", 6), ("epoch 1 ends", 6), ("end", 6)],
)  # fmt: skip
def test_ctrl_c_is_never_lost(backend, ctrl_c, moment, steps):
    """It is raised at the end of the current step, or of the training where none follows."""
    model = regressor()
    interrupt = Interrupt(moment)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, NUMBERS, epochs=2, batch_size=4, callbacks=[interrupt])
    assert interrupt.ended == 1
    assert interrupt.steps <= steps
    assert model.history.epochs == interrupt.epochs
    # as if training had been told to take so many steps: nothing is half done
    assert int(host(model.train_state.memory.get("iterations", np.array(0)))) == interrupt.steps
    assert all(np.isfinite(host(p)).all() for p in model.parameters)


def test_other_meanings_of_ctrl_c_are_left_alone(backend):
    pressed = []

    def own(number, frame):
        pressed.append(number)

    old = signal.signal(signal.SIGINT, own)
    try:
        regressor().fit(X, NUMBERS, epochs=2, callbacks=[Interrupt("step 1")])
        assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, old)
    assert pressed == [signal.SIGINT]
