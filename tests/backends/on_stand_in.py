"""What stands in for a GPU, put in its place; and a program that trains there.

``python on_stand_in.py LIBRARY …`` does what ``python ../distributed/one_run.py …`` does, with
"cupy" or "torch" on make-believe GPUs, where each step is captured and played.
"""

import re
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import array_api_compat
import numpy as np
import pytest

PARTS = [f"xpnn.backends._cupy_{part}" for part in ("products", "kernels", "sums", "graph")]


def find_stand_in(patch):
    """Let ``import cupy`` find the stand-in, and the backend a driver."""
    import fake_cupy

    patch.setitem(sys.modules, "cupy", fake_cupy)
    patch.setitem(sys.modules, "cupy.cuda", SimpleNamespace(nccl=fake_cupy.nccl))
    patch.setitem(sys.modules, "array_api_compat.cupy", fake_cupy)
    patch.setattr(array_api_compat, "cupy", fake_cupy, raising=False)
    ctypes = SimpleNamespace(CDLL=lambda name: None)
    patch.setattr(import_module("xpnn.backends.cupy"), "ctypes", ctypes)


def give_cublas(patch):
    """Let products find a cuBLAS."""
    import fake_cupy

    products = import_module(PARTS[0])
    patch.setattr(products, "load_cublas", fake_cupy.Cublas)
    patch.setattr(products, "WORKSPACE", 1 << 10)


def fused_on_a_gpu(fused):
    """Return what makes the kernels that a GPU is given, which read numbers in its memory."""
    import torch

    import xpnn

    def fused_there(optimizer, device, dtype):
        if type(optimizer) is xpnn.SGD or dtype == torch.float64:
            return None
        return fused(optimizer, device, dtype)

    return fused_there


def find_streams(patch):
    """Let torch's CPU be taken for a device with streams and graphs."""
    import fake_torch_cuda

    graph, fused = (
        import_module(f"xpnn.backends._torch_{part}") for part in ("graph", "fused")
    )
    patch.setattr(import_module("xpnn.backends.torch"), "CAPTURING", ("cpu",))
    patch.setattr(graph, "cuda", fake_torch_cuda.cuda)
    patch.setattr(fused, "fused", fused_on_a_gpu(fused.fused))


def check_one_run(library, n, spec, rows, file, some=slice(None, None, 2)):
    """Train on n processes, in some settings, and check that it is what NumPy does on one.

    Returns
    -------
    printed : str
        What the processes printed.
    asked : list of (int, int)
        How many graphs each process launched, and how many sums it asked the device for.
    """
    here = Path(__file__)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(here.parent.with_name("distributed"))
        run = import_module("processes_by_mpi").run
        one_run = import_module("one_run")
    names = [*one_run.SETTINGS][some]
    printed = run(n, here, library, "mpi", spec, file, rows, *names)
    found = np.load(file)
    for name in names:
        for key, value in one_run.results(name, "numpy").items():
            got = found[f"{name}/{key}"]
            np.testing.assert_allclose(got, value, rtol=1e-12, atol=1e-12, err_msg=key)
    asked = re.findall(r"process (\d) launched (\d+) summed (\d+)", printed)
    asked = [(int(launched), int(summed)) for _, launched, summed in sorted(asked)]
    assert len(asked) == n, printed
    return printed, asked


def main():
    """Run a program of tests/distributed, and tell what the stand-in was asked."""
    library, *arguments = sys.argv[1:]
    here = Path(__file__).parent
    sys.path[:0] = [str(here), str(here.with_name("distributed"))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["one_run.py", *arguments])
        from mpi4py import MPI

        rank = MPI.COMM_WORLD.rank
        # the first captures from the first step on, others later; the last of three gives up
        recurring = import_module("xpnn.backends._recurring")
        patch.setattr(recurring, "STEPS_BEFORE_RECORDING", 1 + 7 * rank)
        if rank == 2:
            pieces = import_module("xpnn.backends._graph_pieces").Pieces
            patch.setattr(pieces, "cut", lambda self, call: 1 / 0)
        if library == "cupy":
            find_stand_in(patch)
            give_cublas(patch)
            fake, launch = import_module("fake_cupy"), "launch"
        else:
            find_streams(patch)
            torch = import_module("xpnn.backends.torch")
            patch.setattr(torch, "TorchBackend", torch.TorchDeviceBackend)
            fake, launch = import_module("fake_torch_cuda"), "replay"
        import_module("one_run").main()
        asked = [what for what, *_ in fake.happened]
        launched, summed = asked.count(launch), asked.count("sum")
        print(f"process {rank} launched {launched} summed {summed}", flush=True)


if __name__ == "__main__":
    main()
