"""Sums over processes with CuPy, on make-believe GPUs; see ``fake_cupy.py``."""

import sys
from contextlib import contextmanager
from importlib import import_module

import numpy as np
import pytest
from on_stand_in import PARTS, check_one_run, find_stand_in

from xpnn.distributed import Communicator


@pytest.mark.parametrize(
    ("n", "spec", "rows", "by", "some"),
    [
        (2, "cupy:{}", "same", "NCCL", slice(0, None, 2)),
        (3, "cupy", "own", "the host", slice(2, None, 4)),
        (1, "cupy", "same", "none", slice(0, None, 4)),
    ],
    ids=["NCCL", "the host", "one process"],
)
def test_one_seed_is_one_run(n, spec, rows, by, some, tmp_path):
    """By graphs, with the sums between them."""
    printed, asked = check_one_run("cupy", n, spec, rows, tmp_path / "all.npz", some)
    assert ("GPUs are summed over the host" in printed) == (by == "the host")
    (launched, summed), *others = asked
    # a step is one graph, and one more for each sum, of which batch normalisation has four
    assert launched > {"none": 250, "the host": 500, "NCCL": 1000}[by]
    assert (summed > 1000) == (by == "NCCL")
    assert {number for _, number in others} <= {summed}
    assert [number > 0 for number, _ in others] == [True, False][: n - 1]


# ------------------------------------------------------------------------ how they meet


class Of(Communicator):
    """A process of several, of whom it is known what they say."""

    def __init__(self, *others, rank=0):
        self.rank, self.size, self.others = rank, 1 + len(others), others
        self.summed = []

    def _gather(self, value):
        return [value, *self.others]

    def _sum(self, array):
        self.summed.append(array.copy())
        array *= 2


@pytest.fixture
def sums(monkeypatch):
    """The module, with the stand-in."""
    for name in PARTS:
        monkeypatch.delitem(sys.modules, name, raising=False)
    find_stand_in(monkeypatch)
    yield import_module("xpnn.backends._cupy_sums")
    for name in PARTS:
        sys.modules.pop(name, None)


def place(number, version=23203):
    return version, bytes([number] * 16)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (
            place(0, version=0),
            "NCCL is not installed in each process: pip install nvidia-nccl-",
        ),
        (place(1, version=22000), r"NCCL of different versions, \[22000, 23203\]"),
        (place(0), r'share a GPU, .* backend=f"cupy:\{communicator\.local_rank\}"'),
    ],
)
def test_without_nccl_sums_go_over_the_host_and_that_is_said_once(sums, other, why):
    import fake_cupy

    communicator = Of(other)
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
    sums.summed(a, Of(other, rank=1))


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
    import fake_cupy

    class Watching(Of):
        @contextmanager
        def waiting(self, what):
            fake_cupy.happened.append(("begins to wait", what))
            yield
            fake_cupy.happened.append(("has waited", what))

    take = sums.watched(lambda *steps: fake_cupy.happened.append(steps), Watching(place(1)))
    fake_cupy.happened.clear()
    take("steps", 2)
    null = fake_cupy._state.null
    assert fake_cupy.happened == [
        ("begins to wait", "a sum"),
        ("steps", 2),
        ("synchronize", null),
        ("has waited", "a sum"),
    ]


def test_numbers_and_parts_of_arrays_are_summed(sums):
    import fake_cupy

    communicator = Of(place(1, version=0))
    with pytest.warns(UserWarning, match="over the host"):
        total = sums.summed(fake_cupy.asarray(3.0), communicator)
    assert (total.shape, float(total)) == ((), 6.0)

    class Kind(fake_cupy.ndarray):
        pass

    columns = fake_cupy.asarray(np.arange(6.0).reshape(2, 3)).view(Kind).T
    total = sums.summed(columns, communicator)
    assert type(total) is Kind
    np.testing.assert_array_equal(total.get(), 2 * np.arange(6.0).reshape(2, 3).T)


def test_a_group_of_nccl_is_let_go_without_the_others(sums, monkeypatch):
    import fake_cupy

    class Group:
        def __init__(self, *arguments):
            asked.append(arguments)

        def abort(self):
            asked.append("abort")

    asked = []
    monkeypatch.setattr(fake_cupy.nccl, "NcclCommunicator", Group)
    communicator = Of(place(1), rank=1)
    sums._meet(communicator, 0)
    assert asked == [(2, None, 1)]  # by the number that the first one made, here none
    del communicator
    assert asked[1:] == ["abort"]
