"""On NumPy, BLAS has one thread while small products are computed, and its own number else."""

import os
import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import xpnn

rng = np.random.default_rng(1)

numpy = xpnn.backend.find("numpy")


def threads():
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def several():
    """Let BLAS have two threads, also where the environment gives it one."""
    with threadpool_limits(2, "blas"):
        yield
        assert threads() == {2}


class NotesThreads(xpnn.Layer):
    """Hands on what it gets, and notes how many threads there were."""

    def __init__(self):
        self._found = []

    def output_size(self, n_inputs):
        return n_inputs

    def forward(self, params, x):
        self._found.append(threads())
        return x, lambda dy: (dy, [])


@pytest.mark.parametrize(("width", "wanted"), [(32, {1}), (512, {2})])
@pytest.mark.parametrize("method", ["fit", "evaluate", "predict"])
def test_a_network_is_computed_by_as_many_as_its_products_are_worth(method, width, wanted):
    X = rng.normal(size=(300, width))
    notes = NotesThreads()
    layers = [notes, xpnn.Dense(width, width), xpnn.ReLU(), xpnn.Dense(width, 1)]
    model = xpnn.Sequential(layers, seed=0, backend="numpy")
    model.compile("mean_squared_error", "sgd", metrics=[])
    arguments = (X,) if method == "predict" else (X, X[:, :1])
    extra = {"batch_size": None} if method == "fit" else {}
    getattr(model, method)(*arguments, **extra)
    assert notes._found
    assert all(found == wanted for found in notes._found)


@pytest.fixture
def other():
    """A thread of Python that is within a small product until its event is set."""
    inside, leave = threading.Barrier(2), threading.Event()

    def compute():
        with numpy.threads_for(100):
            inside.wait(10)
            leave.wait(10)

    thread = threading.Thread(target=compute)
    yield thread, inside, leave
    leave.set()
    thread.join()


def test_two_threads_of_python_leave_the_number_as_it_was(other):
    thread, inside, leave = other
    with numpy.threads_for(100):  # it leaves before the other one does
        thread.start()
        inside.wait(10)
        assert threads() == {1}
    leave.set()
    thread.join()
    assert threads() == {2}


def test_it_comes_back_after_an_error():
    with pytest.raises(KeyError), numpy.threads_for(100):
        raise KeyError
    assert threads() == {2}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_lacks_the_threads_that_were_within(other):
    thread, inside, _ = other
    thread.start()
    inside.wait(10)
    if child := os.fork():
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    else:
        before = threads()
        with numpy.threads_for(100):
            within = threads()
        os._exit(0 if (before, within, threads()) == ({2}, {1}, {2}) else 1)
