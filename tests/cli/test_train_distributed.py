"""``xpnn train --distributed mpi``: the same training, by all processes that MPI started."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import refused, run
from processes import HANGS, surroundings

import xpnn

LAUNCHER = Path(sys.executable).with_name("mpiexec")
PYTHON = sys.executable, "-P"


def together(n, folder, *arguments):
    """Run the command on n processes; return its exit status and what was printed."""
    done = subprocess.run(
        [
            LAUNCHER,
            "-n",
            str(n),
            sys.executable,
            "-P",
            "-m",
            "mpi4py",
            "-m",
            "xpnn",
            *arguments,
        ],
        cwd=folder,
        env=surroundings(
            environment={"OMP_NUM_THREADS": "1", "MPIR_CVAR_POLLS_BEFORE_YIELD": "10"}
        ),
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def table(folder):
    rng = np.random.default_rng(1)
    size, floor = rng.uniform(20, 120, 90), rng.integers(0, 6, 90)
    rent = 9 * size + 20 * floor + rng.normal(0, 20, 90)
    rows = [f"{s:.1f},{f},{r:.0f}" for s, f, r in zip(size, floor, rent)]
    (folder / "flats.csv").write_text("\n".join(["size,floor,rent", *rows]))
    return folder


def test_a_table_trains_as_on_one_process(table):
    how = "train", "flats.csv", "--target", "rent", "--epochs", "20", "--members", "2"
    how += "--no-baselines", "--checkpoints", "run"
    code, out, err = together(2, table, *how, "--distributed", "mpi", "--output", "a.st")
    assert (code, err) == (0, "")
    assert out.count("Trained 2 networks for 20 epochs each") == 1
    assert sorted(path.name for path in (table / "run").iterdir()) == ["member-0", "member-1"]
    said = run(*how[:-2], "--output", "b.st").stdout.splitlines()
    assert out.splitlines()[:-1] == said[:-1]  # the last has the seconds
    together_, alone = (xpnn.tabular.load(table / name)[0] for name in ("a.st", "b.st"))
    for one, other in zip(together_.members, alone.members):
        for a, b in zip(one.parameters, other.parameters):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


def test_a_data_set_trains_on_all_within_a_budget(folder):
    code, out, _ = together(
        2,
        folder,
        "train",
        "digits",
        "--epochs",
        "2",
        "--distributed",
        "mpi",
        "--movie",
        "a.gif",
    )
    assert code == 0
    assert out.count("Trained 2 epochs") == 1
    assert {path.name for path in folder.iterdir()} == {"a.gif", "model.safetensors"}


def test_each_process_takes_the_device_of_its_number(table):
    how = "train", "flats.csv", "--target", "rent", "--distributed", "mpi"
    # array-api-strict has a "device1", and no "device0"
    code, _, err = together(2, table, *how, "--backend", "array_api_strict:device{local_rank}")
    assert code
    assert "backend of process 0 is 'numpy" in err
    assert "of process 1 'array_api_strict" in err
    code, _, err = together(2, table, *how, "--backend", "array_api_strict:device{local_rank}!")
    assert code
    assert "the backend 'array_api_strict:device0' is not usable here" in err


def test_a_budget_is_kept_by_one_clock(table):
    how = "train", "flats.csv", "--target", "rent", "--time-budget", "1", "--no-baselines"
    code, out, _ = together(3, table, *how, "--distributed", "mpi")
    assert code == 0, out
    assert out.count("Trained") == 1


def test_what_is_wrong_ends_all(table):
    code, _, err = together(
        2, table, "train", "no.csv", "--target", "a", "--distributed", "mpi"
    )
    assert code == 2
    assert "no.csv" in err


def test_standard_input_is_one_process_s(table):
    said = refused("train", "-", "--target", "rent", "--distributed", "mpi")
    assert said.startswith("--distributed needs a file")
