"""One seed is one run, on any number of processes that MPI starts."""

import os
import signal
import time

import numpy as np
import pytest
from conftest import SPECS
from one_ends import model, train
from one_run import SETTINGS, results
from processes_by_mpi import FAILED, HERE, run, start

import xpnn
from xpnn.callbacks import Checkpoint

ONE_RUN, ONE_ENDS = HERE / "one_run.py", HERE / "one_ends.py"

# What a backend does in its own way: draws, sums of a batch, short ones, metrics, gathering.
OF_A_BACKEND = (
    "dropout and penalties",
    "batch normalisation",
    "weights of classes and samples",
    "one short batch",
    "a source",
)
# Where there are more processes than rows of a batch, or of a part.
OF_MANY = ("one short batch", "batches of two", "a source in parts")
# How rows are cut and sums are met is NumPy's on the host, whatever computes.
WAYS = [
    *((spec, 2, "same", OF_A_BACKEND) for spec in SPECS if spec != "numpy"),
    *(("numpy", n, rows, SETTINGS) for n, rows in [(2, "same"), (3, "own")]),
    ("numpy", 4, "same", OF_MANY),
]

alone = {}


def of_one(name, backend):
    """Return what a setting gives on one process."""
    if (name, backend.spec) not in alone:
        alone[name, backend.spec] = results(name, backend)
    return alone[name, backend.spec]


@pytest.mark.float64
@pytest.mark.parametrize(
    ("backend", "n", "rows", "names"),
    [way for way in WAYS if way[0] in SPECS],
    ids=lambda value: None if isinstance(value, str | int) else f"{len(value)} settings",
    indirect=["backend"],
)
def test_one_seed_is_one_run(backend, n, rows, names, tmp_path):
    """Parameters, history, measures, predictions, and what is drawn next."""
    run(n, ONE_RUN, "mpi", backend.spec, tmp_path / "all.npz", rows, *names)
    found = np.load(tmp_path / "all.npz")
    for name in names:
        for key, value in of_one(name, backend).items():
            got = found[f"{name}/{key}"]
            assert got.shape == value.shape
            np.testing.assert_allclose(got, value, rtol=1e-12, atol=1e-12, err_msg=key)


# ------------------------------------------------------------------------- when one ends


def undisturbed(folder, comes=False):
    """Return the loss of each epoch, and the parameters, of a run on one process."""
    made = train(model(), folder, comes=comes)
    return made.history.history["loss"], made.parameters


def check_end(folder, expected):
    """Check how a run ended that was interrupted and went on."""
    loss, parameters = expected
    end = np.load(folder / "end.npz")
    np.testing.assert_allclose(end["loss"], loss, rtol=1e-12)
    for i, array in enumerate(parameters):
        np.testing.assert_allclose(end[f"arr_{i}"], array, rtol=1e-12, atol=1e-12)


SAID = {
    "error": (FAILED, "process 1 of 3 ended with RuntimeError: no bread at the baker's"),
    "exit": (FAILED, "process 1 of 3 ended with SystemExit: 3"),
    "step": (FAILED, "xpnn: process 1 of 3 ends the training"),
    "before": (FAILED, "RuntimeError: no fish at the market"),
    "kill": (FAILED, ""),
    "terminate": ({143}, ""),
    "interrupt": (FAILED, "KeyboardInterrupt"),
}
RESUMED = ("step", "kill", "terminate", "interrupt")


@pytest.mark.parametrize(
    ("what", "plainly"),
    [*((what, False) for what in SAID), ("error", True), ("step", True), ("before", True)],
)
def test_what_ends_one_ends_all(what, plainly, tmp_path):
    """Within seconds, with the text of the error; and the resumed run ends as it would have.

    An error and an exit leave the checkpoints that a kill leaves.
    """
    codes, said = SAID[what]
    began = time.monotonic()
    printed = run(3, ONE_ENDS, tmp_path, what, 1, 2, codes=codes, plainly=plainly, seconds=30)
    assert said in printed
    assert time.monotonic() - began < 20
    for path in Checkpoint.files(tmp_path):
        xpnn.load(path)
    if what in RESUMED and not plainly:
        run(2, ONE_ENDS, tmp_path, "nothing", 0, 0)
        check_end(tmp_path, undisturbed(tmp_path / "undisturbed"))


@pytest.mark.parametrize("comes", [False, True])
def test_a_run_goes_on_with_another_number_of_processes(tmp_path, comes):
    """Also within an epoch, whose batches were cut in another way before."""
    how = ["comes"] if comes else []
    run(2, ONE_ENDS, tmp_path, "terminate", 1, 1, *how, codes={143})
    run(4, ONE_ENDS, tmp_path, "interrupt", 3, 3, *how, codes=FAILED)
    run(1, ONE_ENDS, tmp_path, "nothing", 0, 0, *how)
    check_end(tmp_path, undisturbed(tmp_path / "undisturbed", comes))


@pytest.mark.parametrize("rows", ["same", "own"])
@pytest.mark.parametrize("at", [1, 4])
def test_a_source_that_fails_on_one_ends_all(rows, at):
    """At the door and in the middle of an epoch, with its text."""
    code = f"""
        from one_run import CLASSES, CROSS_ENTROPY, X, Rows, classifier
        import xpnn

        class Failing(Rows):
            left = {at}

            def take(self, numbers):
                self.left -= communicator.rank == 1
                if self.left == 0:
                    raise RuntimeError("no rye in the field")
                return super().take(numbers)

        communicator = xpnn.distributed.mpi()
        model = xpnn.Sequential(classifier(), seed=1)
        model.compile(CROSS_ENTROPY, "adam")
        together = dict(communicator=communicator, rows={rows!r})
        model.fit(Failing(X), CLASSES, batch_size=20, epochs=9, **together)
    """
    assert "no rye in the field" in run(3, code, codes=FAILED, seconds=30, plainly=True)


def test_ctrl_c_at_the_launcher_ends_all(tmp_path):
    process = start(2, ONE_ENDS, tmp_path, "slowly", 0, 2, start_new_session=True)
    while not Checkpoint.files(tmp_path) and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    printed, _ = process.communicate(timeout=20)
    assert process.returncode, printed


def test_who_does_not_answer_is_lost(tmp_path):
    """As a machine whose network was cut."""
    code = """
        import os, signal, xpnn
        communicator = xpnn.distributed.mpi(timeout=1.5)
        communicator.gather(1)
        if communicator.rank == 1:
            os.kill(os.getpid(), signal.SIGSTOP)
        communicator.any(False)
    """
    printed = run(2, code, codes=FAILED, seconds=30)
    assert "process 0 of 2 has waited 1.5 s" in printed
