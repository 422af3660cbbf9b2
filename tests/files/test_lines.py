"""Files that grow by whole lines."""

import os

import pytest
from full_disk import full_disk

from xpnn.files.lines import Lines


def test_lines_follow_those_that_are_there(tmp_path):
    path = tmp_path / "log"
    path.write_text("of another run\n")
    lines = Lines(path)
    assert path.read_text() == "of another run\n"
    lines.add("a\nü\n")
    assert path.read_bytes() == "a\nü\n".encode()
    lines.add("c\n")
    lines.close()
    assert path.read_text(encoding="utf-8") == "a\nü\nc\n"
    assert os.listdir(tmp_path) == ["log"]


def test_a_full_disk_leaves_whole_lines(tmp_path):
    path = tmp_path / "log"
    path.write_text("of another run\n")
    lines = Lines(path)
    with full_disk(5), pytest.raises(OSError, match=f"File too large: '{path}'"):
        lines.add("abcdefgh\n")
    assert path.read_text() == "of another run\n"
    lines.add("abc\n")
    with full_disk(6), pytest.raises(OSError, match="File too large"):
        lines.add("defg\n")
    assert path.read_text() == "abc\n"  # two bytes had been written
    lines.add("defg\n")
    lines.close()
    assert path.read_text() == "abc\ndefg\n"
    assert os.listdir(tmp_path) == ["log"]


def test_a_pipe_is_written_to(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reads = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    lines = Lines(path)
    lines.add("a\n")
    lines.add("b\n")
    lines.close()
    assert os.read(reads, 100) == b"a\nb\n"
    os.close(reads)


def test_a_file_in_a_folder_where_no_other_can_be_made(tmp_path, monkeypatch):
    path = tmp_path / "log"
    path.write_text("of another run, and long\n")

    def refused(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("xpnn.files.atomic._begin", refused)
    lines = Lines(path)
    lines.add("a\n")
    lines.add("b\n")
    lines.close()
    assert path.read_text() == "a\nb\n"
    with pytest.raises(PermissionError):
        Lines(tmp_path / "other")
