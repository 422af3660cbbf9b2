"""Train on two hosts with addresses of their own, cut one off, and go on: the same run.

The hosts are network namespaces of this machine, which root makes (`ip netns`, of iproute2),
with a cable between them.  MPI's launcher starts the processes there, or each is started for a
group of torch's.  In the middle of a training the cable is cut: all processes must end within
the time limit, and what is resumed must end as a run on one process that nothing disturbed.

    python reliability/hosts.py [--by mpi|torch_group]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import numpy as np

HOSTS = "xpnn-a", "xpnn-b"
ADDRESSES = "10.203.7.1", "10.203.7.2"
CABLES = "xpnn-cable-a", "xpnn-cable-b"
LIMIT = 6.0
"""Seconds after which who does not answer is taken to be lost."""

PROGRAM = """
import sys
from datetime import timedelta

import numpy as np

import xpnn
from xpnn.callbacks import Callback, Checkpoint

by, folder, limit, pause = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
communicator = None
if by == "mpi":
    communicator = xpnn.distributed.mpi(timeout=limit)
if by == "torch_group":
    import torch

    torch.distributed.init_process_group("gloo", timeout=timedelta(seconds=limit))
    communicator = xpnn.distributed.torch_group()


class Slow(Callback):
    def on_batch_end(self, step):
        import time

        time.sleep(pause)


rng = np.random.default_rng(0)
X, y = rng.standard_normal((400, 8)), rng.integers(0, 3, 400)
layers = [xpnn.Dense(8, 32), xpnn.ReLU(), xpnn.Dropout(0.2), xpnn.Dense(32, 3), xpnn.Softmax()]
model = xpnn.Sequential(layers, seed=0, dtype="float64")
model.compile("categorical_cross_entropy", "adam")
callbacks = [Slow(), Checkpoint(folder)]
how = {"epochs": 6, "batch_size": 20, "validation_split": 0.2, "resume": folder}
history = model.fit(X, y, callbacks=callbacks, communicator=communicator, **how)
if communicator is None or communicator.rank == 0:
    np.savez(f"{folder}/end.npz", *model.parameters, loss=history.history["loss"])
if by == "torch_group":
    torch.distributed.destroy_process_group()
"""


def ip(*words):
    """Run the command ip."""
    subprocess.run(["ip", *words], check=True)


def lay_cable():
    """Make the hosts, and a cable between them."""
    for host in HOSTS:
        ip("netns", "add", host)
    ip("link", "add", CABLES[0], "type", "veth", "peer", "name", CABLES[1])
    for host, address, cable in zip(HOSTS, ADDRESSES, CABLES):
        ip("link", "set", cable, "netns", host)
        ip("-n", host, "addr", "add", f"{address}/24", "dev", cable)
        ip("-n", host, "link", "set", "lo", "up")
        ip("-n", host, "link", "set", cable, "up")


def started(by, folder, pause):
    """Start a process on each host; return the processes to wait for."""
    program = folder.parent / "program.py"
    program.write_text(PROGRAM)
    words = [sys.executable, str(program), by, str(folder), str(LIMIT), str(pause)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    if by == "torch_group":
        environment |= {"MASTER_ADDR": ADDRESSES[0], "MASTER_PORT": "29517", "WORLD_SIZE": "2"}
        return [
            subprocess.Popen(
                ["ip", "netns", "exec", host, *words],
                env={**environment, "RANK": str(rank), "GLOO_SOCKET_IFNAME": cable},
                **how,
            )
            for rank, (host, cable) in enumerate(zip(HOSTS, CABLES))
        ]
    # what the launcher calls to start something on a host: options, the host, the command
    shell = folder.parent / "shell"
    shell.write_text(
        textwrap.dedent(f"""\
            #!/bin/bash
            while [[ "$1" == -* ]]; do shift; done
            host={HOSTS[1]}; [[ "$1" == {ADDRESSES[0]} ]] && host={HOSTS[0]}
            shift; exec ip netns exec $host bash -c "$*"
            """)
    )
    shell.chmod(0o755)
    launcher = [str(Path(sys.executable).with_name("mpiexec")), "-launcher", "ssh"]
    launcher += ["-launcher-exec", str(shell), "-hosts", ",".join(ADDRESSES), "-n", "2"]
    words[1:1] = ["-m", "mpi4py"]
    # or MPI finds out that the hosts share this machine's memory
    environment |= {"MPIR_CVAR_NOLOCAL": "1", "UCX_TLS": "tcp,self"}
    enter = ["ip", "netns", "exec", HOSTS[0]]
    return [subprocess.Popen([*enter, *launcher, *words], env=environment, **how)]


def left():
    """Return the processes that train and are there."""
    words = ["ps", "-eo", "pid=,comm=,args="]
    lines = subprocess.run(
        words, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    processes = [line.split(maxsplit=2) for line in lines]
    return [p[0] for p in processes if p[1].startswith("python") and "program.py" in p[-1]]


def disturbed(by, folder):
    """Train, cut the cable, and go on; return how the run ended."""
    began = started(by, folder, 0.02)
    while len([*folder.glob("*.safetensors")]) < 2:  # epochs of 0.3 s
        time.sleep(0.02)
        assert all(p.poll() is None for p in began), [p.communicate()[0] for p in began]
    time.sleep(0.15)
    ip("-n", HOSTS[1], "link", "set", CABLES[1], "down")
    cut = time.monotonic()
    while left() and time.monotonic() - cut < LIMIT + 30:
        time.sleep(0.1)
    seconds = time.monotonic() - cut
    assert not left(), f"{by}: {left()} did not end"
    assert seconds < LIMIT + 15, f"{by}: it took {seconds:.1f} s"
    for (
        process
    ) in began:  # MPICH's launcher waits for the other host, until that is there again
        process.kill()
    printed = [process.communicate()[0] for process in began]
    assert all(process.returncode for process in began), printed
    ip("-n", HOSTS[1], "link", "set", CABLES[1], "up")
    print(f"{by}: all ended {seconds:.1f} s after the cut; {said(printed)}")
    for process in started(by, folder, 0.0):
        text, _ = process.communicate(timeout=60)
        assert process.returncode == 0, text
    return np.load(folder / "end.npz")


def said(printed):
    """Return the line that tells why it ended."""
    lines = [line for text in printed for line in text.splitlines() if "xpnn" in line]
    return lines[0] if lines else printed


def main():
    """Try each kind of processes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--by", choices=["mpi", "torch_group"], action="append")
    kinds = parser.parse_args().by or ["mpi", "torch_group"]
    lay_cable()
    try:
        with tempfile.TemporaryDirectory() as name:
            alone = Path(name, "alone")
            alone.mkdir()
            Path(name, "program.py").write_text(PROGRAM)
            words = [sys.executable, f"{name}/program.py", "alone", str(alone), "0", "0"]
            subprocess.run(words, check=True)
            expected = np.load(alone / "end.npz")
            for by in kinds:
                folder = Path(name, by)
                folder.mkdir()
                found = disturbed(by, folder)
                for key in expected:
                    np.testing.assert_allclose(
                        found[key], expected[key], rtol=1e-12, atol=1e-12
                    )
                print(f"{by}: the resumed run ended as one that nothing disturbed")
    finally:
        for host in HOSTS:
            subprocess.run(["ip", "netns", "del", host], check=False)


if __name__ == "__main__":
    main()
