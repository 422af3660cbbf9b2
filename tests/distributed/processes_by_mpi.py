"""Starting a program on several processes by MPI's own launcher."""

import subprocess
import sys
import textwrap
from pathlib import Path

from processes import HANGS, surroundings

HERE = Path(__file__).parent

QUICK = {
    "OMP_NUM_THREADS": "1",
    # there are more processes than cores: who waits lets the others compute
    "MPIR_CVAR_POLLS_BEFORE_YIELD": "10",
}


def start(n, program, *arguments, plainly=False, **options):
    """Start a program, a file or code, on n processes."""
    launcher = Path(sys.executable).with_name("mpiexec")
    run = [program] if Path(program).suffix == ".py" else ["-c", textwrap.dedent(program)]
    by = [] if plainly else ["-m", "mpi4py"]
    return subprocess.Popen(
        [launcher, "-n", str(n), sys.executable, "-P", *by, *run, *map(str, arguments)],
        env=surroundings([HERE, HERE.parent], QUICK),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


FAILED = {1, 9}
"""What the launcher returns where a process ends the others, by who it sees first."""


def run(n, program, *arguments, codes=(0,), seconds=HANGS, **options):
    """Run a program on n processes, and return what all of them printed."""
    process = start(n, program, *arguments, **options)
    try:
        printed, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(f"it hangs: {process.communicate()[0]}") from None
    assert process.returncode in codes, printed
    return printed
