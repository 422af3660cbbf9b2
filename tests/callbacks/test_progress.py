"""When the progress bar shows, and where."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest
from processes import command, run_python, surroundings
from ten_rows import X, Y, model

from xpnn.callbacks import ProgressBar

FIT = """
import sys
import numpy as np
import xpnn
from xpnn.callbacks import ProgressBar
X = np.linspace(-1, 1, 40)[:, None]
model = xpnn.Sequential([xpnn.Dense(1, 1)], seed=0).compile("mean_squared_error", "sgd")
verbose = {"auto": "auto", "True": True, "False": False, "2": 2}[sys.argv[1]]
callbacks = [ProgressBar(delay=float(delay)) for delay in sys.argv[2:]]
model.fit(X, X, epochs=3, batch_size=4, verbose=verbose, callbacks=callbacks)
print("done")
"""


def in_a_pipe(*arguments):
    """Run a fit whose output nobody watches, and return what it wrote."""
    done = subprocess.run(
        [*command(FIT, "-W", "error"), *arguments],
        env=surroundings(), capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout == "done\n"  # stdout is the program's own
    return done.stderr


def on_a_terminal(*arguments):
    """Run a fit on a terminal, and return what it drew there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 120, 0, 0))
    with subprocess.Popen(
        [*command(FIT, "-W", "error"), *arguments],
        env=surroundings(environment={"TERM": "xterm"}), stdout=subprocess.PIPE, stderr=theirs,
    ) as process:  # fmt: skip
        os.close(theirs)
        drawn = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # Linux says so that the other end is closed
                break
            if not part:
                break
            drawn += part
        os.close(ours)
        assert process.wait(120) == 0, drawn
        assert process.stdout.read() == b"done\n"
    return drawn.decode()


@pytest.mark.parametrize("verbose", ["auto", "False"])
def test_quiet_in_a_pipe(verbose):
    assert in_a_pipe(verbose) == ""


@pytest.mark.parametrize("verbose", ["True", "2"])
def test_drawn_in_a_pipe_where_it_is_asked_for(verbose):
    drawn = in_a_pipe(verbose)
    assert "100%" in drawn
    assert "epoch 3/3" in drawn
    assert "loss=" in drawn


def test_drawn_on_a_terminal():
    drawn = on_a_terminal("True")
    assert "100%" in drawn
    assert "epoch 3/3" in drawn
    assert "loss=" in drawn


def test_short_fits_are_quiet_on_a_terminal():
    """With "auto" a bar is there, but waits for two seconds of training."""
    assert on_a_terminal("auto") == ""
    assert on_a_terminal("False") == ""
    assert "100%" in on_a_terminal("False", "0")


def test_auto_watches_a_terminal_only(monkeypatch):
    made = []
    monkeypatch.setattr(ProgressBar, "on_train_begin", lambda self, *_: made.append(self.delay))
    for method in ("on_batch_end", "on_epoch_end", "on_train_end"):
        monkeypatch.setattr(ProgressBar, method, lambda *_: None)

    class Stream:
        def __init__(self, watched):
            self.watched = watched

        def isatty(self):
            return self.watched

    for watched in (False, True):
        monkeypatch.setattr(sys, "stderr", Stream(watched))
        assert ProgressBar.wanted() is watched
        model().fit(X, Y)
        assert len(made) == watched
    assert made == [2.0]


def test_no_stderr_at_all(monkeypatch):
    """As in a program of Windows that has no console."""
    monkeypatch.setattr(sys, "stderr", None)
    assert not ProgressBar.wanted()
    assert model().fit(X, Y).epochs == 1


def test_bar_is_closed_when_training_breaks_off():
    code = """
        import numpy as np, xpnn
        from xpnn.callbacks import ProgressBar
        class Break(xpnn.Callback):
            def on_batch_end(self, step):
                if step == 4:
                    raise ZeroDivisionError
        model = xpnn.Sequential([xpnn.Dense(1, 1)]).compile("mean_squared_error", "sgd")
        bar = ProgressBar()
        try:
            model.fit(np.ones((40, 1)), np.ones(40), batch_size=4, callbacks=[Break(), bar])
        except ZeroDivisionError:
            print(bar._bar.n, bar._bar.disable)
    """
    done = run_python(code)
    assert done.stdout.split() == ["4", "True"]
    assert " 40%" in done.stderr


def test_a_notebook_without_widgets_gets_text_and_no_warning():
    """As JupyterLab is when it was just installed."""
    done = run_python(
        """
        import sys, types
        import numpy as np
        import xpnn
        from IPython.core.interactiveshell import InteractiveShell
        InteractiveShell.instance()
        for name in ("ipykernel", "ipykernel.zmqshell"):
            sys.modules[name] = types.ModuleType(name)
        sys.modules["ipywidgets"] = None
        X = np.linspace(-1, 1, 40).reshape(20, 2)
        model = xpnn.Sequential([xpnn.Dense(2, 2), xpnn.Softmax()])
        model.compile("categorical_cross_entropy", "sgd")
        model.fit(X, np.arange(20) % 2, epochs=3, callbacks=[xpnn.callbacks.ProgressBar()])
        """
    )
    assert "epoch 3/3" in done.stderr
    assert "Warning" not in done.stderr
