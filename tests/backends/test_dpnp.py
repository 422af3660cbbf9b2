"""dpnp: its driver for CPUs is found, and arrays are pickled.  Run where dpnp is tested."""

import copy
import pickle

import dpnp
import numpy as np
import pytest
from processes import run_python
from support import host

import xpnn

SHOW = "import xpnn; print(xpnn.set_backend('dpnp:cpu!').device)"
LOADER = "OCL_ICD_FILENAMES"


def test_the_cpu_is_found_without_a_word_to_the_environment():
    done = run_python(SHOW, environment={LOADER: "", "LD_LIBRARY_PATH": ""})
    assert "cpu" in done.stdout


def test_it_is_found_after_dpnp_was_imported():
    done = run_python(f"import dpnp; {SHOW}", environment={LOADER: ""})
    assert "cpu" in done.stdout


def test_a_driver_that_is_named_already_stays_and_the_remedy_tells_of_it():
    ask = "import xpnn; xpnn.set_backend('dpnp:opencl:cpu!')"
    done = run_python(ask, environment={LOADER: "/nowhere/lib.so"}, code_expected=1)
    assert "the backend 'dpnp:opencl:cpu' is not usable here" in done.stderr
    assert f"{LOADER} to the path of its libintelocl.so" in done.stderr


def test_a_device_that_is_not_there():
    with pytest.raises(xpnn.BackendUnavailableError, match="no device 'cpu:77' here"):
        xpnn.set_backend("dpnp:cpu:77!")


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_an_array_is_pickled(again):
    backend = xpnn.backend.resolve("dpnp:cpu!")
    x = backend.asarray(np.arange(6.0).reshape(2, 3), "float32")[:, ::2]
    y = again(x)
    assert isinstance(y, dpnp.ndarray)
    assert y.device == x.device
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(host(y), [[0, 2], [3, 5]])


def test_packed_parameters_share_memory():
    backend = xpnn.backend.resolve("dpnp!")
    buffer = backend.asarray(np.zeros(6), "float32", copy=True)
    view = backend.xp.reshape(buffer[2:6], (2, 2), copy=False)
    buffer += 1.0
    buffer[3:5] += 1.0
    np.testing.assert_array_equal(host(view), [[1, 2], [2, 1]])
