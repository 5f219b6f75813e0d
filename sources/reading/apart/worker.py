"""The child: opens files, gives their rows and texts, and keeps what it takes within the limits.

It knows the readers' entry points alone (``open_file``, and a reader's ``rows`` and ``raw``). Whatever goes wrong here is
an answer, or this process's end; both are the file's, not the run's.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.contract import Contract
from sources.errors import UnreadableFile
from sources.ingest.landing import read_note
from sources.reading.apart.archives import check_before
from sources.reading.apart.wire import Channel, Closed
from sources.reading.layout import OpenedFile, Rows, row_of
from sources.reading.limits import MB, Limits, limit_to
from sources.reading.open import open_file

OWN_MB = 300  # what Python and the libraries take before the first file
MESSAGE = 32 << 20  # rows are sent in pieces of about this size, so that who receives them need not hold more
TEXTS = 10_000
# a disk or rights problem is this machine's; any other error of the system comes from what the file says
MACHINE = {
    errno.EACCES, errno.EPERM, errno.ENOENT, errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENODEV,
    errno.ENXIO, errno.EISDIR, errno.ENOTDIR, errno.ETIMEDOUT, errno.ENOTCONN, errno.EREMOTEIO,
}  # fmt: skip


class Worker:
    """Files that were opened, by the number the other side gave them, and the seconds each has taken."""

    def __init__(self, channel: Channel, limits: Limits) -> None:
        self._channel = channel
        self._limits = limits
        self._opened: dict[int, tuple[OpenedFile, Contract]] = {}
        self._spent: dict[int, float] = {}

    def answer(self, kind: str, number: int, *given: Any) -> None:
        """Answer one request; every answer ends in ``done`` or in what went wrong."""
        if kind == "drop":
            self._opened.clear()
            self._spent.clear()
            return
        begun = _seconds()
        left = self._limits.seconds - self._spent.get(number, 0.0)
        _end_after(begun + max(left, 0.0))
        try:
            for part in getattr(self, f"_{kind}")(number, *given):
                self._channel.send(("part", part))
            end: tuple[Any, ...] = ("done", None)
        except Closed:
            raise
        except BaseException as error:  # a panic of calamine derives from BaseException
            end = _wrong(error)
        self._spent[number] = self._spent.get(number, 0.0) + _seconds() - begun
        self._channel.send(end)

    def _note(self, number: int, delivery: Any) -> Iterator[Any]:
        yield read_note(delivery)

    def _open(self, number: int, path: Path, contract: Contract) -> Iterator[OpenedFile]:
        check_before(path, self._limits)
        opened = open_file(path, contract)
        header = getattr(opened.reader, "header", None)
        least = len(opened.unknown_columns) + sum(c.required for c in contract.columns)
        width = max(getattr(header, "width", 0), least)
        self._limits.check_columns(path.name, width, [c.title for c in opened.unknown_columns])
        self._opened[number] = (opened, contract)
        yield replace(opened, reader=None)  # type: ignore[arg-type]

    def _rows(self, number: int) -> Iterator[Rows]:
        opened, contract = self._opened[number]
        meter = Meter(opened.path.name, [c.name for c in contract.columns], self._limits)
        for rows in opened.reader.rows():
            if len(rows.lines):
                meter.take(rows)
                yield from pieces(rows)

    def _raw(self, number: int, lines: Any) -> Iterator[list[str]]:
        opened, _ = self._opened[number]
        texts = opened.reader.raw(lines)
        size = 0
        for text, line in zip(texts, lines, strict=True):
            length = len(text.encode(errors="replace"))
            size += length
            if length > self._limits.record_bytes:
                raise self._limits.record_too_long(f"{opened.path.name}, line {row_of(int(line))}", length)
        self._limits.check_inflated(opened.path.name, size)
        for start in range(0, len(texts), TEXTS):
            yield texts[start : start + TEXTS]


class Meter:
    """What the rows of one file add up to; refuses what is beyond the limits, saying where it stands."""

    def __init__(self, name: str, columns: list[str], limits: Limits) -> None:
        self._name, self._columns, self._limits = name, columns, limits
        self._rows = self._size = 0

    def take(self, rows: Rows) -> None:
        """Count some rows; raises ``UnreadableFile`` beyond a limit."""
        limits = self._limits
        self._rows += len(rows.lines)
        limits.check_rows(self._name, self._rows)
        longest, together = 0, None
        for i, column in enumerate(rows.columns or ()):
            lengths = None if column is None else _lengths(column)
            if lengths is None:
                continue
            longest = max(longest, int(lengths.max(initial=0)))
            if longest > limits.cell_bytes:
                line = rows.lines[int(lengths.argmax())]
                raise limits.cell_too_long(
                    f"{self._name}, line {row_of(int(line))}, column {self._columns[i]}", longest
                )
            together = lengths if together is None else together + lengths
        if rows.raw is not None:
            together = _lengths(rows.raw)
        if together is None:
            return
        if int(together.max(initial=0)) > limits.record_bytes:
            line = rows.lines[int(together.argmax())]
            raise limits.record_too_long(f"{self._name}, line {row_of(int(line))}", int(together.max()))
        self._size += int(together.sum())
        limits.check_inflated(self._name, self._size)


def _lengths(values: pa.Array) -> np.ndarray[Any, np.dtype[np.int64]] | None:
    """Bytes of each text of an array, 0 where it is null; ``None`` if it holds no texts at all."""
    if pa.types.is_null(values.type):
        return None
    lengths: np.ndarray[Any, np.dtype[np.int64]] = (
        pc.fill_null(pc.binary_length(values), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    )
    return lengths


def pieces(rows: Rows) -> Iterator[Rows]:
    """The same rows in pieces of about ``MESSAGE`` bytes."""
    arrays = [*(c for c in rows.columns or () if c is not None), *([] if rows.raw is None else [rows.raw])]
    count = len(rows.lines)
    parts = min(max(1, sum(a.nbytes for a in arrays) // MESSAGE), count)
    if parts == 1:
        yield rows
        return
    step = -(-count // parts)
    for start in range(0, count, step):
        cut = {f.name: _cut(getattr(rows, f.name), start, start + step) for f in fields(rows)}
        yield replace(rows, **cut)


def _cut(value: Any, start: int, stop: int) -> Any:
    """Rows ``start`` to ``stop`` of one field of ``Rows``: an array by row, a sequence of arrays by column, or a number."""
    if isinstance(value, (list, tuple)) and all(c is None or isinstance(c, pa.Array) for c in value):
        return [None if c is None else c[start:stop] for c in value]
    return value if value is None or isinstance(value, int) else value[start:stop]


def _wrong(error: BaseException) -> tuple[Any, ...]:
    """What went wrong as an answer: never an error's words, except those made for people."""
    if _of_memory(error):
        return ("memory", None)
    if isinstance(error, UnreadableFile):
        return ("refused", str(error))
    if isinstance(error, OSError) and error.errno in MACHINE:
        return ("machine", error.errno, error.strerror)
    return ("failed", type(error).__name__)


def _of_memory(error: BaseException | None) -> bool:
    """Whether memory is what an error comes from, also where a reader told it in words of its own."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, (MemoryError, duckdb.OutOfMemoryException)):
            return True
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            return True
        error = error.__cause__ or error.__context__
    return False


def _seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _end_after(seconds: float) -> None:
    """Let the system end this process once it has used so many seconds of processor time."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, resource.RLIM_INFINITY))


def main() -> None:
    """Serve requests from standard input on what was standard output until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other side hears it and ends this one
    answers = os.dup(1)
    os.dup2(2, 1)  # what a library prints is no answer
    channel = Channel(0, answers, trusts=True)
    try:
        limits: Limits = channel.receive()
        limit_to(limits)
        with contextlib.suppress(
            OSError
        ):  # should the machine run out of memory, this process is the one to go
            Path("/proc/self/oom_score_adj").write_text("1000")
        most = (limits.memory_mb + OWN_MB) * MB
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        resource.setrlimit(resource.RLIMIT_FSIZE, (MB, MB))  # it writes nothing but a complaint
        worker = Worker(channel, limits)
        channel.send(("ready",))
        while True:
            worker.answer(*channel.receive())
    except Closed:
        sys.exit(0)


if __name__ == "__main__":
    main()
