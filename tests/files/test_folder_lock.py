"""A folder has one owner at a time, whatever becomes of it."""

import os
import signal
import socket
import subprocess
import threading

import pytest
from processes import command, surroundings

from xpnn.files.folder_lock import FolderLock

OWN = """
import os, sys, time
from pathlib import Path
from xpnn.files.folder_lock import FolderLock
lock = FolderLock(Path({folder!r}))
{then}
print(os.getpid(), flush=True)
time.sleep(60)
"""


@pytest.fixture
def owner(tmp_path):
    """Start a process that owns the folder, and then does something."""
    started = []

    def start(then=""):
        code = OWN.format(folder=str(tmp_path), then=then)
        process = subprocess.Popen(
            command(code), env=surroundings(), stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        process.number = int(process.stdout.readline())
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_one_after_the_other(tmp_path):
    for _ in range(3):
        lock = FolderLock(tmp_path)
        assert [*tmp_path.iterdir()]
        lock.release()
        lock.release()
        assert not [*tmp_path.iterdir()]


def test_in_one_process(tmp_path):
    lock = FolderLock(tmp_path)
    with pytest.raises(ValueError, match=f"process {os.getpid()} on {socket.gethostname()}"):
        FolderLock(tmp_path)
    lock.release()
    FolderLock(tmp_path).release()


def test_another_process_until_it_is_killed(tmp_path, owner):
    first = owner()
    words = rf"belongs to a training that is running, process {first.pid} on .*, since 20\d\d-"
    with pytest.raises(ValueError, match=words):
        FolderLock(tmp_path)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert [*tmp_path.iterdir()]  # the file stays, and is locked by nobody
    FolderLock(tmp_path).release()
    assert not [*tmp_path.iterdir()]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_does_not_own_it(tmp_path, owner):
    """Neither by living longer than its parent, nor by letting go."""
    child = owner("child = os.fork()\nif child == 0: lock.release()\nif child: time.sleep(60)")
    assert child.number != child.pid
    with pytest.raises(ValueError, match=f"process {child.pid}"):
        FolderLock(tmp_path)
    child.kill()
    child.wait()
    try:
        FolderLock(tmp_path).release()
    finally:
        os.kill(child.number, signal.SIGKILL)


def test_many_who_want_it(tmp_path):
    owners, most, taken = [0], [0], []

    def want():
        for _ in range(200):
            try:
                lock = FolderLock(tmp_path)
            except ValueError:
                continue
            owners[0] += 1
            most[0] = max(most[0], owners[0])
            taken.append(1)
            owners[0] -= 1
            lock.release()

    threads = [threading.Thread(target=want) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert len(taken) > 20
    assert not [*tmp_path.iterdir()]


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    def refuse(descriptor):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("xpnn.files.folder_lock._lock", refuse)
    with pytest.warns(UserWarning, match="without locks: two trainings that write there"):
        FolderLock(tmp_path).release()


def test_a_file_of_which_nothing_can_be_told(tmp_path):
    lock = FolderLock(tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_text("[]")
    with pytest.raises(ValueError, match="of which its file tells nothing"):
        FolderLock(tmp_path)
    lock.release()
