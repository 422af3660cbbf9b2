"""Sums over processes with CuPy, on make-believe GPUs; see ``fake_cupy.py``."""

import sys
from contextlib import contextmanager
from importlib import import_module

import numpy as np
import pytest
from on_stand_in import PARTS, check_one_run, find_stand_in

from xpnn.distributed import Communicator


@pytest.mark.parametrize(
    ("n", "spec", "rows", "by"),
    [
        (2, "cupy:{}", "same", "NCCL"),
        (3, "cupy", "own", "the host"),
        (1, "cupy", "same", "none"),
    ],
)
def test_one_seed_is_one_run(n, spec, rows, by, tmp_path):
    """By graphs, with the sums between them."""
    printed, launched, summed = check_one_run("cupy", n, spec, rows, tmp_path / "all.npz")
    assert ("GPUs are summed over the host" in printed) == (by == "the host")
    # a step is one graph, and one more for each sum, of which batch normalisation has four
    assert launched > (1000 if by == "none" else 3000)
    assert (summed > 2000) == (by == "NCCL")


# ------------------------------------------------------------------------ how they meet


class Of(Communicator):
    """A process of several, of whom it is known what they say."""

    def __init__(self, *others, rank=0):
        self.rank, self.size, self.others = rank, 1 + len(others), others
        self.summed, self.waited = [], []

    def _gather(self, value):
        return [value, *self.others]

    def _sum(self, array):
        self.summed.append(array.copy())
        array *= 2

    @contextmanager
    def waiting(self, what):
        self.waited.append(what)
        yield


@pytest.fixture
def sums(monkeypatch):
    """The module, with the stand-in."""
    for name in PARTS:
        monkeypatch.delitem(sys.modules, name, raising=False)
    find_stand_in(monkeypatch)
    yield import_module("xpnn.backends._cupy_sums")
    for name in PARTS:
        sys.modules.pop(name, None)


def place(number, host="elsewhere", version=23203):
    return version, (host, f"0000:{number:02}:00.0")


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (
            place(0, version=0),
            "NCCL is not installed in each process: pip install nvidia-nccl-",
        ),
        (place(0, version=22000), r"NCCL of different versions, \[22000, 23203\]"),
        (None, r'share a GPU, .* backend=f"cupy:\{communicator\.local_rank\}"'),
    ],
)
def test_without_nccl_sums_go_over_the_host_and_that_is_said_once(
    sums, monkeypatch, other, why
):
    import fake_cupy

    monkeypatch.setattr(sums.socket, "gethostname", lambda: "here")
    communicator = Of(other or place(0, "here"))
    a = fake_cupy.asarray(np.arange(6.0)[::2])
    with pytest.warns(UserWarning, match=f"summed over the host, which is slower: .*{why}"):
        sums.summed(a, communicator)
    total = sums.summed(a, communicator)  # and no second warning
    assert [s.tolist() for s in communicator.summed] == [[0, 2, 4], [0, 4, 8]]
    assert total.get().tolist() == [0, 8, 16]
    assert a.get().tolist() == [0, 8, 16]  # in its memory
    with communicator.muted():
        assert sums.summed(a, communicator).get().tolist() == [0, 8, 16]
    # the others of them say nothing
    sums.summed(a, Of(other or place(0, "here"), rank=1))


def test_a_communicator_goes_with_one_gpu(sums):
    import fake_cupy

    communicator = Of(place(0, version=0))
    with pytest.warns(UserWarning, match="over the host"):
        sums.summed(fake_cupy.asarray(np.ones(2)), communicator)
    with (
        fake_cupy.Device(1),
        pytest.raises(
            ValueError, match=r"trained on GPU 0 before, and now on 1\. Make another"
        ),
    ):
        sums.summed(fake_cupy.asarray(np.ones(2)), communicator)
    made = len(sums._groups)
    del communicator
    assert len(sums._groups) == made - 1


def test_who_waits_for_a_gpu_is_watched(sums):
    communicator = Of(place(0))
    take = sums.watched(lambda *steps: (*steps, communicator.waited[:]), communicator)
    assert take(1, 2) == (1, 2, [])
    assert communicator.waited == ["a sum"]
