"""Event files, which TensorBoard reads: written so that what was told of an epoch is there.

tensorboardX makes what is in them; its own writer hands that to a thread, which a full disk
ends, and what waits there is lost where the process is killed.  Here an epoch is on the disk
when it has ended, or somebody learns why not.

An event file is a row of records: the length (8 bytes), its checksum (4), an event as
protobuf, and the checksum of that (4).
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..files.atomic import check_writable, named

__all__ = ["EventFile", "events_in"]

ENDING = ".xpnn"
"""Of the names of the files that xpnn writes, which alone it replaces."""


def _made_of(**fields: Any) -> Any:
    from tensorboardX.proto.event_pb2 import Event

    return Event(**fields)


def _record(event: Any) -> bytes:
    """Return an event as a file has it."""
    from tensorboardX.record_writer import masked_crc32c

    data: bytes = event.SerializeToString()
    length = struct.pack("<Q", len(data))
    sums = [struct.pack("<I", masked_crc32c(part)) for part in (length, data)]
    return length + sums[0] + data + sums[1]


def events_in(path: Path) -> Iterator[Any]:
    """Yield the events of a file, up to where it is cut off or damaged.

    Parameters
    ----------
    path : Path
        The file.
    """
    return (event for event, _ in _records_in(path))


def _records_in(path: Path) -> Iterator[tuple[Any, bytes]]:
    """Yield the events of a file, each with its record."""
    from google.protobuf.message import DecodeError
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_writer import masked_crc32c

    with path.open("rb") as file:
        while len(head := file.read(12)) == 12:
            length, checksum = struct.unpack("<QI", head)
            if masked_crc32c(head[:8]) != checksum:
                return
            data = file.read(length + 4)
            if len(data) < length + 4:
                return
            try:
                event = Event.FromString(data[:-4])
            except DecodeError:
                return
            yield event, head + data


class EventFile:
    """The file of a run in TensorBoard, which takes the place of those that xpnn wrote there.

    Parameters
    ----------
    folder : Path
        The run's folder, which is there.

    Attributes
    ----------
    waiting : list of (event, bytes)
        What is not on the disk yet: events, each with its record.

    Raises
    ------
    OSError
        If nothing can be written there.
    """

    def __init__(self, folder: Path) -> None:
        seconds, rest = divmod(time.time_ns(), 10**9)
        # readers take files in the order of their names
        begin = f"events.out.tfevents.{seconds}.{rest:09}."
        self._path = folder / f"{begin}{socket.gethostname()}{ENDING}"
        check_writable(folder / f"events{ENDING}")  # no name that a reader would look at
        self._before = sorted(folder.glob(f"events.out.tfevents.*{ENDING}"))
        self._file = -1
        self._kept: list[tuple[Any, bytes]] = []
        self.waiting: list[tuple[Any, bytes]] = []

    def add(self, summary: Any, step: int = 0) -> None:
        """Let a summary, as tensorboardX makes it, wait to be written."""
        event = _made_of(wall_time=time.time(), step=step, summary=summary)
        self.waiting.append((event, _record(event)))

    def scalars_before(self, step: int) -> set[tuple[str, int]]:
        """Keep the events before a step of the files that this one replaces.

        Returns
        -------
        set of (str, int)
            The tags and steps that they have.
        """
        kept = {  # each once, also where a process was killed while it replaced a file
            (event.step, *(value.tag for value in event.summary.value)): (event, record)
            for path in self._before
            for event, record in _records_in(path)
            if event.HasField("summary") and event.step < step
        }
        self._kept = [*kept.values()]
        return {(tag, step) for step, *tags in kept for tag in tags}

    def write(self) -> None:
        """Write all that waits, or nothing; the first time also where nothing waits.

        Raises
        ------
        OSError
            If it can't be written, as on a full disk; it names the file.
        """
        if not self.waiting and self._file >= 0:
            return
        with named(self._path):
            if self._file < 0:
                self._begin()
            else:
                self._append(record for _, record in self.waiting)
        self.waiting = []

    def _begin(self) -> None:
        """Make the file, and let it take the place of those before."""
        now = time.time()
        first = _record(_made_of(wall_time=now, file_version="brain.Event:2"))
        # makes a TensorBoard that is open forget what it has read
        anew = _record(_made_of(wall_time=now, session_log={"status": "START"}))
        # a smaller step after a larger one would make readers forget the larger ones
        pairs = sorted([*self._kept, *self.waiting], key=lambda pair: pair[0].step)
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._file = os.open(self._path, flags, 0o666)
        try:
            self._append([first, anew, *(record for _, record in pairs)])
        except OSError:
            self.close()
            self._path.unlink()
            raise
        self._kept = []
        for path in self._before:
            with suppress(OSError):  # somebody reads it
                if path.stat().st_size:
                    # a reader that is in it goes on to the next file; not where it is gone
                    os.truncate(path, 0)
                else:
                    path.unlink()

    def _append(self, records: Iterable[bytes]) -> None:
        """Write all of some records, or nothing."""
        data, size = b"".join(records), os.fstat(self._file).st_size
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError:
            os.ftruncate(self._file, size)
            raise

    def thin_out(self) -> None:
        """Let only numbers wait for a disk that is full, and no histograms."""
        self.waiting = [
            (event, record)
            for event, record in self.waiting
            if all(value.HasField("simple_value") for value in event.summary.value)
        ]

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
