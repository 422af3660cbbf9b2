"""One training on the processes of a group of torch's."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from processes import HANGS, surroundings

import xpnn

FOLDER = Path(__file__).parents[1] / "distributed"

SOME = (
    "batch normalisation",
    "dropout and penalties",
    "one short batch",
    "weights of classes and samples",
    "rows without a class",
)


def torchrun(n, program, *arguments):
    """Run a program on n processes, as torch starts them; return what they printed."""
    start = "torch.distributed.run", "--standalone", "--nproc-per-node", str(n)
    done = subprocess.run(
        [sys.executable, "-P", "-m", *start, program, *map(str, arguments)],
        env=surroundings([FOLDER, FOLDER.parent], {"OMP_NUM_THREADS": "1"}),
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("backend", "rows"), [("torch", "same"), ("numpy", "own")])
def test_one_seed_is_one_run(backend, rows, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    from one_run import results

    code, printed = torchrun(
        3, FOLDER / "one_run.py", "torch_group", backend, tmp_path / "all.npz", rows, *SOME
    )
    assert code == 0, printed
    found = np.load(tmp_path / "all.npz")
    for name in SOME:
        for key, value in results(name, backend).items():
            got = found[f"{name}/{key}"]
            np.testing.assert_allclose(got, value, rtol=1e-12, atol=1e-12, err_msg=key)


def test_words(tmp_path):
    """And an error in a callback of one process is told by the others."""
    program = tmp_path / "words.py"
    program.write_text(
        """
import numpy as np, torch, xpnn
from xpnn.callbacks import Callback
torch.distributed.init_process_group("gloo")
communicator = xpnn.distributed.torch_group()
rank = communicator.rank
assert communicator.size == 2 and communicator.local_rank == rank
assert communicator.gather({"of": rank}) == [{"of": 0}, {"of": 1}]
assert communicator.broadcast(("first", rank)) == ("first", 0)
assert communicator.any(rank == 1) and not communicator.any(False)
assert communicator.exchange([f"{rank}0", f"{rank}1"]) == [f"0{rank}", f"1{rank}"]
array = np.arange(3.0) + rank
communicator.sum(array)
assert array.tolist() == [1.0, 3.0, 5.0]

class Fails(Callback):
    def on_epoch_end(self, epoch, logs):
        if rank == 1:
            raise RuntimeError("no bread")

model = xpnn.Sequential([xpnn.Dense(2, 1)], backend="torch")
model.compile("mean_squared_error", "sgd")
try:
    model.fit(np.ones((4, 2)), np.ones(4), communicator=communicator, callbacks=[Fails()])
except Exception as error:
    print(f"told: {type(error).__name__} {error}", flush=True)  # at once: others print, too
with communicator.waiting("nothing"), communicator.waiting("less"):
    assert communicator._watch._timeout == 1800  # as long as the group's own
torch.distributed.destroy_process_group()
"""
    )
    code, printed = torchrun(2, program)
    assert code == 0, printed
    assert "told: RuntimeError no bread" in printed
    assert "told: DistributedError process 1 of 2 ended with RuntimeError: no bread" in printed


def test_what_is_no_group_is_told():
    with pytest.raises(RuntimeError, match=r"there is no group yet\. .*torchrun"):
        xpnn.distributed.torch_group()


def test_one_process(tmp_path):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path}/rendezvous", rank=0, world_size=1
    )
    try:
        assert xpnn.distributed.torch_group().size == 1
        with pytest.raises(
            TypeError, match=r"group must be a torch\.distributed\.ProcessGroup"
        ):
            xpnn.distributed.torch_group("all")
        with pytest.raises(ValueError, match=r"of which this process is a member"):
            xpnn.distributed.torch_group(torch.distributed.GroupMember.NON_GROUP_MEMBER)
    finally:
        torch.distributed.destroy_process_group()
