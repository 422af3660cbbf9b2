"""What ``nox -s kills`` and ``nox -s fuzz`` do a few thousand times holds a few times."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[1] / "reliability"


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))


def test_killed_at_4_moments(tmp_path):
    import kills

    counts, lost = kills.run(4, 0, tmp_path)
    assert lost == []
    assert sum(counts[moment] for moment in kills.MOMENTS) == 4
    assert counts["writing"] > 0


def test_a_run_that_is_lost_is_told(tmp_path, monkeypatch, capsys):
    import kills

    for place, names in (("a", "bc"), ("c", "bd"), ("e", "b")):
        np.savez(tmp_path / place, **{name: np.arange(3) + (place == "c") for name in names})
    a, c, e = (tmp_path / f"{name}.npz" for name in "ace")
    assert kills.differences(a, a) == []
    assert kills.differences(a, c) == kills.differences(a, e) == ["their names"]
    np.savez(e, b=np.arange(3), c=np.arange(3) + 1e-9)
    assert kills.differences(a, e) == ["c"]
    monkeypatch.setattr(kills, "run", lambda *_: (kills.Counter(training=1), ["the run"]))
    monkeypatch.setattr(sys, "argv", ["kills.py", "1", "--seed", "3"])
    assert kills.main() == 1
    assert "LOST the run" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "count"), [("fuzz_checkpoints", 30), ("fuzz_model_files", 90)]
)
def test_files_that_somebody_has_changed(tmp_path, name, count):
    import fuzz

    counts, wrong = getattr(fuzz, name)(count, 0, tmp_path)
    assert wrong == []
    assert counts["refused"] > 8
    assert counts["went on"] + counts["loaded"] > 3


def test_what_is_wrong_ends_with_1():
    """An error that is not documented, printed with its seed."""
    code = """
import sys, fuzz
def load(path):
    raise OverflowError("of xpnn")
fuzz.xpnn.load = load
sys.argv = ["fuzz.py", "2", "--seed", "7"]
sys.exit(fuzz.main())
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert "WRONG seed 8, undocumented OverflowError" in done.stdout
