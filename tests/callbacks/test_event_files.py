"""Files of events, which TensorBoard reads."""

import numpy as np
import pytest
from full_disk import full_disk
from tensorboardX import FileWriter, summary

from xpnn.callbacks.event_files import EventFile, events_in


def scalars(path):
    return [
        (event.step, value.tag, value.simple_value)
        for event in events_in(path)
        for value in event.summary.value
    ]


def test_what_tensorboardx_writes_is_read(tmp_path):
    writer = FileWriter(str(tmp_path))
    for step in range(3):
        writer.add_summary(summary.scalar("loss", step / 2), step)
    writer.close()
    (path,) = tmp_path.iterdir()
    assert scalars(path) == [(0, "loss", 0.0), (1, "loss", 0.5), (2, "loss", 1.0)]


def written(folder, numbers):
    file = EventFile(folder)
    for step, number in numbers:
        file.add(summary.scalar("loss", number), step)
    file.write()
    file.close()
    return file


def test_a_file_that_is_cut_off_is_read_up_to_there(tmp_path):
    written(tmp_path, [(0, 0.5), (1, 0.25), (2, 0.125)])
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    lengths = set()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        lengths.add(len(scalars(path)))
    assert lengths == {0, 1, 2}
    path.write_bytes(whole + b"\0" * 40)
    assert len(scalars(path)) == 3


def test_one_damaged_byte_ends_the_reading_and_no_more(tmp_path):
    written(tmp_path, [(0, 0.5), (1, 0.25)])
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x88]) + whole[place + 1 :])
        assert len(scalars(path)) <= 2


def test_a_file_takes_the_place_of_those_before(tmp_path):
    other = tmp_path / "events.out.tfevents.1.somebody"
    other.touch()
    written(tmp_path, [(0, 0.5), (1, 0.25)])
    file = EventFile(tmp_path)
    assert len([*tmp_path.iterdir()]) == 2  # nothing is touched before there is something
    assert file.scalars_before(1) == {("loss", 0)}
    file.add(summary.scalar("loss", 0.75), 1)
    file.write()
    file.close()
    assert other.exists()
    empty, path = sorted(p for p in tmp_path.iterdir() if p != other)
    assert empty.stat().st_size == 0  # for who is reading it
    assert scalars(path) == [(0, "loss", 0.5), (1, "loss", 0.75)]
    first, second, *_ = events_in(path)
    assert first.file_version == "brain.Event:2"
    assert second.session_log.status == second.session_log.START


def test_a_folder_that_there_is_not(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        EventFile(tmp_path / "none")


def test_files_that_gave_way_go_with_the_next(tmp_path):
    for number in range(4):
        written(tmp_path, [(0, number)])
    old, new = sorted(tmp_path.iterdir())
    assert (scalars(old), scalars(new)) == ([], [(0, "loss", 3.0)])


def test_events_that_are_there_twice_are_kept_once(tmp_path):
    """As where a process is killed when the new file is written, and the old one there."""
    written(tmp_path, [(0, 0.5), (1, 0.25)])
    (path,) = tmp_path.iterdir()
    path.with_name(path.name.replace("tfevents.", "tfevents.9")).write_bytes(path.read_bytes())
    file = EventFile(tmp_path)
    assert file.scalars_before(9) == {("loss", 0), ("loss", 1)}
    file.write()
    file.close()
    assert scalars(max(tmp_path.iterdir(), key=lambda p: p.stat().st_size)) == [
        (0, "loss", 0.5),
        (1, "loss", 0.25),
    ]


def test_a_full_disk_leaves_what_was_there(tmp_path):
    written(tmp_path, [(0, 0.5)])
    (path,) = tmp_path.iterdir()
    file = EventFile(tmp_path)
    file.add(summary.scalar("loss", 0.75))
    for room in (0, 70):
        with full_disk(room), pytest.raises(OSError, match=r"File too large.*tfevents"):
            file.write()
        assert [*tmp_path.iterdir()] == [path]
    file.write()
    file.close()
    assert [scalars(p) for p in sorted(tmp_path.iterdir())] == [[], [(0, "loss", 0.75)]]


def test_a_full_disk_costs_no_histogram_that_was_there(tmp_path):
    def tags(path):
        return [value.tag for event in events_in(path) for value in event.summary.value]

    shape = summary.histogram("weights", np.arange(9.0), 3)
    file = EventFile(tmp_path)
    file.add(shape, 0)
    file.write()
    file.close()
    file = EventFile(tmp_path)
    assert file.scalars_before(1) == {("weights", 0)}
    file.add(summary.scalar("loss", 0.5), 1)
    file.add(shape, 1)
    with full_disk(), pytest.raises(OSError, match="File too large"):
        file.write()
    file.thin_out()
    file.add(summary.scalar("loss", 0.25), 2)
    file.write()
    file.close()
    old, new = sorted(tmp_path.iterdir())
    assert (tags(old), tags(new)) == ([], ["weights", "loss", "loss"])
