"""Compiled steps on the user's disk: kept, found again, and trusted only if nobody meddled."""

import errno
import os
import stat
import subprocess
import threading
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path

import pooch
import pytest
from full_disk import full_disk
from processes import command, run_python, surroundings
from xpnn.backends import _numba_kept as kept

TEXT, CODE = "what it was compiled from, for µ", bytes(range(40))


def name_of(text):
    return sha256(text.encode()).hexdigest()


NAME, ANOTHER = name_of(TEXT), name_of("another")
HEAD = b"xpnn compiled step, format 1\n" + sha256(TEXT.encode()).digest()
WHOLE = HEAD + sha256(CODE).digest() + CODE


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder, which is not there yet, in a process that has not warned yet."""
    monkeypatch.setenv("XPNN_CACHE_DIR", str(tmp_path / "new" / "cache"))
    monkeypatch.setattr(kept, "_warned", False)
    return tmp_path / "new" / "cache" / "numba"


@pytest.fixture
def file(folder):
    """The file of a code that is kept."""
    kept.keep(TEXT, CODE)
    return folder / NAME


def names(folder):
    return sorted(os.listdir(folder))


def put(path, contents):
    path.write_bytes(contents)
    path.chmod(0o600)


def check_not_trusted(file):
    """And it is replaced by what is."""
    assert kept.find(TEXT) is None
    kept.keep(TEXT, CODE)
    assert kept.find(TEXT) == CODE
    assert not file.is_symlink()
    assert names(file.parent) == [NAME]


def check_keeps_nothing(folder, why):
    """It is said once, and training can go on."""
    with pytest.warns(UserWarning, match=rf"kept in {folder} \(.*{why}") as said:
        kept.keep(TEXT, CODE)
    kept.keep("another", CODE)  # any warning would be an error
    assert len(said) == 1
    assert said[0].filename == __file__
    assert "XPNN_CACHE_DIR" in str(said[0].message)
    assert kept.find(TEXT) is None


# --------------------------------------------------------------------------- kept and found


def test_what_is_kept_is_found(folder):
    assert kept.find(TEXT) is None
    assert not folder.exists()
    for code in (CODE, b"", CODE * 10_000):
        kept.keep(TEXT, code)
        assert kept.find(TEXT) == code
    assert kept.find(TEXT + " ") is None
    kept.keep("", CODE[1:])
    assert kept.find("") == CODE[1:]
    assert kept.find(TEXT) == CODE * 10_000


@pytest.mark.parametrize("mask", [0o000, 0o022])
def test_the_file_is_as_it_is_described_and_the_users_alone(folder, mask):
    old = os.umask(mask)
    try:
        kept.keep(TEXT, CODE)
    finally:
        os.umask(old)
    assert names(folder) == [NAME]
    assert (folder / NAME).read_bytes() == WHOLE
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert kept.find(TEXT) == CODE


def test_the_folder_is_in_the_users_cache(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XPNN_CACHE_DIR", "")
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "theirs" / project)
    kept.keep(TEXT, CODE)
    assert kept.find(TEXT) == CODE
    assert names(tmp_path / "theirs" / "xpnn" / "numba") == [NAME]
    assert not folder.exists()


def test_a_user_without_a_home_gets_no_folder_named_tilde(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XPNN_CACHE_DIR")
    monkeypatch.setattr(pooch, "os_cache", lambda project: Path("~/.cache") / project)
    check_keeps_nothing("~/.cache/xpnn/numba", "~ stands for no folder")
    assert names(tmp_path) == []


def test_where_folders_have_no_descriptors_and_files_no_owners(folder, monkeypatch):
    monkeypatch.setattr(kept, "POSIX", False)  # as on Windows
    monkeypatch.delattr(os, "geteuid")
    monkeypatch.setattr(kept, "LIMIT", 250)
    kept.keep(TEXT, CODE)
    (folder / NAME).chmod(0o666)
    assert kept.find(TEXT) == CODE
    os.utime(folder / NAME, (1, 1))
    assert kept.find(TEXT) == CODE
    assert (folder / NAME).stat().st_mtime > 1
    kept.keep("another", CODE)
    assert len(names(folder)) == 1
    put(folder / NAME, HEAD)
    check_not_trusted(folder / NAME)


# ----------------------------------------------------------------------------- not trusted


def test_a_file_that_ends_early_or_late(file):
    for length in range(len(WHOLE)):
        put(file, WHOLE[:length])
        assert kept.find(TEXT) is None, length
    put(file, WHOLE + b"\0")
    check_not_trusted(file)


def test_a_byte_that_is_another(file):
    for place in range(len(WHOLE)):
        damaged = bytearray(WHOLE)
        damaged[place] ^= 1 << place % 8
        put(file, bytes(damaged))
        assert kept.find(TEXT) is None, place
    put(file, WHOLE)
    assert kept.find(TEXT) == CODE


def test_a_file_of_another_text(file):
    file.rename(file.with_name(ANOTHER))
    assert kept.find("another") is None


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_to(file, mode):
    file.chmod(mode)
    check_not_trusted(file)


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o1777])
def test_a_folder_that_others_may_write_to(file, mode):
    file.parent.chmod(mode)
    check_keeps_nothing(file.parent, "nobody else may write to it")
    file.parent.chmod(0o755)
    assert kept.find(TEXT) == CODE


def test_a_folder_of_another_user(file, monkeypatch):
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    check_keeps_nothing(file.parent, "must be this user's")


def test_a_file_of_another_user(file, monkeypatch):
    real = os.fstat

    def fstat(descriptor):
        status = real(descriptor)
        theirs = stat.S_ISREG(status.st_mode)
        return os.stat_result([*status[:4], status.st_uid + theirs, *status[5:]])

    monkeypatch.setattr(os, "fstat", fstat)
    assert kept.find(TEXT) is None
    monkeypatch.setattr(os, "fstat", real)
    assert kept.find(TEXT) == CODE


def test_a_link_to_a_good_file(file):
    elsewhere = file.parent.parent / "elsewhere"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    check_not_trusted(file)
    assert elsewhere.read_bytes() == WHOLE


def test_a_link_to_a_good_folder(file):
    elsewhere = file.parent.with_name("elsewhere")
    file.parent.rename(elsewhere)
    file.parent.symlink_to(elsewhere)
    check_keeps_nothing(file.parent, "")
    assert names(elsewhere) == [NAME]


def test_a_pipe_is_not_waited_for(file):
    file.unlink()
    os.mkfifo(file, 0o600)
    check_not_trusted(file)


def test_a_folder_in_place_of_a_file(file):
    file.unlink()
    file.mkdir()
    check_keeps_nothing(file.parent, "Is a directory")
    assert names(file.parent) == sorted([NAME, ANOTHER])


# -------------------------------------------------------------------------- can't be kept


def test_a_folder_that_cant_be_made(folder):
    folder.parent.parent.mkdir()
    folder.parent.write_bytes(b"")  # which the superuser can't pass either
    check_keeps_nothing(folder, "Not a directory")


def test_a_folder_to_read_only(file, monkeypatch):
    real = os.open

    def refuse(*arguments, **options):
        raise OSError(errno.EROFS, "Read-only file system")

    def read_only(path, flags, *arguments, **options):
        return (refuse if flags & os.O_CREAT else real)(path, flags, *arguments, **options)

    monkeypatch.setattr(os, "open", read_only)
    for name in ("utime", "replace", "unlink"):
        monkeypatch.setattr(os, name, refuse)
    assert kept.find(TEXT) == CODE
    kept.keep(TEXT, CODE)  # it is there, so there is nothing to say
    with pytest.warns(UserWarning, match="Read-only file system"):
        kept.keep("another", CODE)
    assert names(file.parent) == [NAME]


def test_a_full_disk(folder):
    with full_disk(room=100):
        check_keeps_nothing(folder, "File too large")
    assert names(folder) == []
    kept.keep(TEXT, CODE)
    assert kept.find(TEXT) == CODE


@pytest.mark.parametrize("error", [OSError("the disk is gone"), KeyboardInterrupt()])
def test_a_move_that_fails_leaves_what_was_there(file, monkeypatch, error):
    def broken(*arguments, **options):
        raise error

    monkeypatch.setattr(os, "replace", broken)
    stops = isinstance(error, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt) if stops else nullcontext():
        kept.keep(TEXT, CODE)
    assert kept.find(TEXT) == CODE
    assert names(file.parent) == [NAME]


# --------------------------------------------------------------------------------- limits


def test_what_was_used_longest_ago_goes_first(folder, monkeypatch):
    monkeypatch.setattr(kept, "LIMIT", 3 * len(WHOLE))
    for age, text in enumerate("abc"):
        kept.keep(text, CODE)
        os.utime(folder / name_of(text), (1000 + age, 1000 + age))
    assert kept.find("a") == CODE  # which is a use
    kept.keep("d", CODE)
    assert [text for text in "abcd" if kept.find(text)] == ["a", "c", "d"]
    kept.keep("e", CODE * 2)
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 3 * len(WHOLE)
    assert kept.find("e") == CODE * 2


def test_what_is_new_stays_whatever_the_clock_says(folder, monkeypatch):
    monkeypatch.setattr(kept, "LIMIT", 250)
    kept.keep("old", CODE)
    os.utime(folder / name_of("old"), (2**33, 2**33))
    kept.keep(TEXT, CODE)
    assert names(folder) == [NAME]


def test_what_is_longer_than_the_limit_is_not_kept(file, monkeypatch):
    monkeypatch.setattr(kept, "LIMIT", 250)
    kept.keep("another", bytes(200))
    assert names(file.parent) == [NAME]
    put(file, HEAD + sha256(bytes(200)).digest() + bytes(200))
    assert kept.find(TEXT) is None


def test_files_of_others_are_left_alone(file, monkeypatch):
    monkeypatch.setattr(kept, "LIMIT", 2 * len(WHOLE))
    theirs = ["index.nbi", NAME[1:], "." + NAME, NAME + ".o", name_of("a folder")]
    for name in theirs[:-1]:
        put(file.with_name(name), bytes(300))
        os.utime(file.with_name(name), (1, 1))
    file.with_name(theirs[-1]).mkdir()
    kept.keep("another", CODE)
    assert names(file.parent) == sorted([*theirs, NAME, ANOTHER])


# -------------------------------------------------------------------------- several at once

WRITER = """
import os, sys
from xpnn.backends import _numba_kept as kept
sys.stdin.readline()
for number in range(30):
    for text in ("same", f"{sys.argv[1]}-{number}"):
        code = text.encode() * 500
        found = kept.find(text)
        assert found in (None, code)
        kept.keep(text, code)
        assert kept.find("same") == b"same" * 500
"""


def test_two_processes_at_once(folder):
    start = [*command(WRITER, "-W", "error")]
    two = [
        subprocess.Popen([*start, name], env=surroundings(), stdin=subprocess.PIPE)
        for name in ("a", "b")
    ]
    for process in two:
        process.stdin.write(b"\n")
        process.stdin.close()
    assert [process.wait(60) for process in two] == [0, 0]
    assert len(names(folder)) == 61
    for name in ("a", "b"):
        assert kept.find(f"{name}-29") == f"{name}-29".encode() * 500


def test_the_same_is_kept_while_it_is_kept(folder, monkeypatch):
    real, calls = os.replace, []

    def replace(*arguments, **options):
        calls.append(arguments)
        if len(calls) < 3:
            kept.keep(TEXT, CODE)
            assert kept.find(TEXT) == CODE
        real(*arguments, **options)

    monkeypatch.setattr(os, "replace", replace)
    kept.keep(TEXT, CODE)
    assert len(calls) == 3
    assert kept.find(TEXT) == CODE
    assert names(folder) == [NAME]


def test_another_process_tidies_up_at_the_same_time(folder, monkeypatch):
    for age, text in enumerate("abcd"):
        kept.keep(text, CODE)
        os.utime(folder / name_of(text), (1000 + age, 1000 + age))
    scandir, unlink = os.scandir, os.unlink

    def after_they_removed_a(where):
        files = list(scandir(where))
        unlink(folder / name_of("a"))
        return nullcontext(files)

    def after_they_removed_it(*arguments, **options):
        unlink(*arguments, **options)
        raise FileNotFoundError

    monkeypatch.setattr(kept, "LIMIT", 2 * len(WHOLE))
    monkeypatch.setattr(os, "scandir", after_they_removed_a)
    monkeypatch.setattr(os, "unlink", after_they_removed_it)
    kept.keep("e", CODE)
    assert [text for text in "abcde" if kept.find(text)] == ["d", "e"]


def test_threads_at_once_with_little_room(folder, monkeypatch):
    monkeypatch.setattr(kept, "LIMIT", 1000)
    wrong = []

    def work(name):
        for number in range(40):
            for text in ("same", f"{name}-{number}"):
                kept.keep(text, text.encode())
                if kept.find(text) not in (None, text.encode()):
                    wrong.append(text)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept.keep("same", b"same")
    assert wrong == []
    assert kept.find("same") == b"same"
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 1000
    assert not [name for name in names(folder) if name.startswith(".")]


def test_what_a_killed_process_left_is_removed_when_it_is_old(file):
    code = """
        import os, signal
        from xpnn.backends import _numba_kept as kept
        os.replace = lambda *arguments, **options: os.kill(os.getpid(), signal.SIGKILL)
        kept.keep("killed", b"code")
    """
    run_python(code, code_expected=-9)
    (left,) = {*names(file.parent)} - {NAME}
    assert kept.find("killed") is None
    kept.keep("another", CODE)
    assert left in names(file.parent)
    old = file.stat().st_mtime - 3700
    os.utime(file.parent / left, (old, old))
    kept.keep("another", CODE)
    assert names(file.parent) == sorted([NAME, ANOTHER])
