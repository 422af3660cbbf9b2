"""The gate at a network's arrays: many read at once, one changes alone, nobody starves."""

import os
import signal
import threading
import time

import pytest

from xpnn.network.gate import Gate


def run(*functions):
    """Run functions in threads to their ends; what one raises is raised here."""
    errors = []

    def guarded(function):
        try:
            function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(f,), daemon=True) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive(), "a thread waits for ever"
    if errors:
        raise errors[0]


def test_many_read_at_once():
    gate, both = Gate(), threading.Barrier(2, timeout=10)

    def read():
        with gate:
            both.wait()

    run(read, read)


def test_who_changes_is_alone():
    gate, inside, most = Gate(), [], []

    def change():
        for _ in range(300):
            with gate.changing():
                inside.append("change")
                assert inside == ["change"]
                inside.remove("change")

    def read():
        for _ in range(300):
            with gate:
                inside.append("read")
                assert "change" not in inside
                most.append(len(inside))
                inside.remove("read")

    run(change, read, change, read)


def test_inside_the_same_thread_may_enter_again():
    gate = Gate()

    def change():
        for _ in range(200):
            with gate.changing(), gate.changing(), gate:
                pass

    def read():
        for _ in range(200):
            with gate, gate:  # also while somebody waits to change
                pass

    run(change, read, read)
    with gate, gate.changing():  # who reads alone may change
        pass


def test_a_reader_comes_between_two_changes():
    gate, stop, waits = Gate(), threading.Event(), []

    def change():  # as a training does: all the time
        while not stop.is_set():
            with gate.changing():
                time.sleep(0.01)

    def read():
        for _ in range(10):
            begin = time.perf_counter()
            with gate:
                waits.append(time.perf_counter() - begin)
        stop.set()

    run(change, read)
    assert sorted(waits)[5] < 0.2  # of 0.01 s that a change takes, on a busy machine


def test_a_change_comes_between_readers_that_never_all_leave():
    gate, stop = Gate(), threading.Event()

    def read():
        while not stop.is_set():
            with gate:
                time.sleep(0.001)

    def change():
        for _ in range(10):
            with gate.changing():
                pass
        stop.set()

    run(read, read, read, change)


def test_an_error_inside_leaves_the_gate_open():
    gate = Gate()
    with pytest.raises(ZeroDivisionError), gate:
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), gate.changing():
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), gate.reserved("fit"):
        raise ZeroDivisionError

    def change():
        with gate.reserved("fit"), gate.changing():
            pass

    run(change)


def test_who_has_reserved_it_is_alone_and_nobody_waits():
    gate = Gate()
    with gate.reserved("fit"):
        with pytest.raises(RuntimeError, match=r"^to\(\) can't be called while the model is"):
            gate.reserved("to").__enter__()
        with gate, gate.changing():
            pass
    with gate.reserved("to"):
        pass


def forked(function):
    """Return what a forked process exits with: 0 once it has called a function."""
    child = os.fork()
    if not child:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(20)  # one that waits for ever ends by it
        status = 1
        try:
            function()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def at_each(gate):
    """Do all that one can at a gate."""
    with gate.reserved("fit"), gate.changing(), gate:
        pass
    run(lambda: gate.__enter__() or gate.__exit__())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning", "ignore:.*fork:RuntimeWarning")
def test_a_forked_process_does_not_wait_for_threads_that_it_lacks():
    gate, is_there, goes = Gate(), threading.Event(), threading.Event()
    halves = [0, 0]

    def stay():
        with gate.reserved("fit"):
            is_there.set()
            while not goes.is_set():
                with gate.changing():
                    halves[0] += 1
                    time.sleep(0.001)
                    halves[1] += 1

    def fork():
        def child():
            at_each(gate)
            assert halves[0] == halves[1]

        is_there.wait(10)
        try:
            assert [forked(child) for _ in range(10)] == [0] * 10
        finally:
            goes.set()

    run(stay, fork)
    at_each(gate)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning", "ignore:.*fork:RuntimeWarning")
def test_who_forks_within_a_change_is_still_within_it():
    gate = Gate()

    def child():
        with gate:
            pass
        with pytest.raises(RuntimeError, match="is training"), gate.reserved("to"):
            pass
        with gate.changing():
            pass

    with gate.reserved("fit"), gate.changing():
        assert forked(child) == 0
    at_each(gate)
    assert forked(lambda: at_each(gate)) == 0
