"""This side: starts the child, asks it, and turns its answers, silence or death into rows or a refusal.

A child serves many files, since starting one costs half a second. So that no file answers for another, one that
runs into a limit in a child that read others before is read again in a new one, alone; what happens there counts.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from sources.contract import Contract
from sources.errors import LabourdbError, UnreadableFile
from sources.ingest.landing import NOTE, Delivery, DeliveryNote
from sources.reading.apart.wire import Channel, Closed, TooLong
from sources.reading.layout import OpenedFile, Rows
from sources.reading.limits import SECTION, Limits

ROOT = Path(__file__).resolve().parents[3]
SECRETS = ("LABOURDB_KEY", "LABOURDB_NEW_KEY")
KEPT_BELOW = 50 << 20  # a child that read more has memory to give back
STARTING = 120  # seconds
MOST_WORDS = 20_000
OF_MEMORY = (b"memory allocation of", b"capacity overflow", b"bad_alloc", b"cannot allocate memory")
BROKEN = "its content cannot be read ({}). Make the file anew and send it."
WAITING = 3  # times the seconds of processor time it may use: a machine has others to serve


class _Ended(Exception):
    """The child could not go on with a file; ``why`` is for people, without the file's name."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass
class _Child:
    """A running child and the files it has been asked for."""

    running: subprocess.Popen[bytes]
    channel: Channel
    complaint: int
    asked: set[int]


class ReadingProcess:
    """Reads files apart; one request at a time."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._child: _Child | None = None
        self._numbers = 0
        self._size = 0

    @property
    def worth_keeping(self) -> bool:
        """Whether its child lives and has read little, so that the next deliveries may have it."""
        return self._child is not None and self._size < KEPT_BELOW

    def note(self, delivery: Delivery) -> DeliveryNote:
        """``read_note`` in the child; raises ``UnreadableFile``, ``OSError``."""
        self._numbers += 1
        (note,) = self._alone(NOTE, self._numbers, None, "note", delivery)
        assert isinstance(note, DeliveryNote)
        return note

    def open(self, path: Path, contract: Contract) -> OpenedFile:
        """``open_file`` in the child; its ``reader`` asks the child. Raises ``UnreadableFile``, ``OSError``."""
        self._numbers += 1
        size = path.stat().st_size
        self._size += size
        self.limits.check_size(path.name, size)
        (opened,) = self._alone(path.name, self._numbers, None, "open", path, contract)
        assert isinstance(opened, OpenedFile)
        return replace(opened, reader=_Apart(self, path, contract, self._numbers))

    def drop(self) -> None:
        """Let the child forget the files it has open."""
        if self._child is not None:
            with contextlib.suppress(Closed):
                self._child.channel.send(("drop", 0))
            self._child.asked.add(0)

    def close(self) -> None:
        """End the child, if there is one."""
        child, self._child = self._child, None
        self._size = 0
        if child is None:
            return
        child.running.kill()
        child.running.wait()
        for stream in (child.running.stdin, child.running.stdout):
            if stream is not None:
                stream.close()
        os.close(child.complaint)

    def _alone(
        self, name: str, number: int, again: tuple[Path, Contract] | None, kind: str, *given: Any
    ) -> Iterator[Any]:
        """The parts of an answer. What fails in a child that read other files is asked once more, in a new one."""
        passed = 0
        while True:
            alone = self._child is None or self._child.asked <= {number}
            try:
                for i, part in enumerate(self._ask(number, again, kind, *given)):
                    if i >= passed:
                        passed += 1
                        yield part
                return
            except _Ended as ended:
                if alone:
                    raise UnreadableFile(f"{name}: {ended.why}") from None

    def _ask(self, number: int, again: tuple[Path, Contract] | None, kind: str, *given: Any) -> Iterator[Any]:
        child = self._child or self._start()
        if again is not None and number not in child.asked:
            for _ in self._parts(child, number, "open", *again):
                pass
        yield from self._parts(child, number, kind, *given)

    def _parts(self, child: _Child, number: int, kind: str, *given: Any) -> Iterator[Any]:
        """What the child answers to one request. A child that did not get to the end of it is ended."""
        child.asked.add(number)
        told: tuple[Any, ...] = ("unheard",)
        try:
            child.channel.send((kind, number, *given))
            while (told := child.channel.receive(WAITING * self.limits.seconds))[0] == "part":
                yield told[1]
        except Closed:
            raise _Ended(self._last_words(child)) from None
        except TooLong:
            raise _Ended(self._too_long()) from None
        except UnpicklingError:
            raise _Ended(BROKEN.format("no data")) from None
        finally:
            if told[0] not in ("done", "refused", "machine"):
                self.close()
        match told:
            case ("refused", words):
                raise UnreadableFile(words)
            case ("machine", *error):
                raise OSError(*error)
            case ("memory", _):
                raise _Ended(self._too_much())
            case ("failed", kind_of_error):
                raise _Ended(BROKEN.format(kind_of_error))

    def _start(self) -> _Child:
        complaint = os.memfd_create("complaint")
        environment = {k: v for k, v in os.environ.items() if k not in SECRETS} | {
            "ARROW_DEFAULT_MEMORY_POOL": "system",  # others take room ahead, which the limit would count
            "OPENBLAS_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
        }
        running = subprocess.Popen(
            [sys.executable, "-m", "sources.reading.apart.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaint, cwd=ROOT, env=environment, bufsize=0,
        )  # fmt: skip
        assert running.stdin is not None and running.stdout is not None
        channel = Channel(running.stdout.fileno(), running.stdin.fileno(), trusts=False)
        self._child = _Child(running, channel, complaint, set())
        try:
            channel.send(self.limits)
            channel.receive(STARTING)
        except (Closed, TooLong, UnpicklingError):
            self.close()
            raise LabourdbError(
                "The process that reads files could not be started; nothing was refused for it. Is there too little"
                f" memory? See {SECTION} in labourdb.toml, and run again."
            ) from None
        except BaseException:
            self.close()
            raise
        return self._child

    def _last_words(self, child: _Child) -> str:
        """Why a child died, by its signal and what the libraries wrote, which nobody else sees: it may quote cells."""
        try:
            code = child.running.wait(5)
        except subprocess.TimeoutExpired:
            code = 0
        complaint = os.pread(child.complaint, MOST_WORDS, 0).lower()
        if code == -signal.SIGXCPU:
            return self._too_long()
        if code == -signal.SIGKILL or any(words in complaint for words in OF_MEMORY):
            return self._too_much()
        return BROKEN.format(signal.Signals(-code).name if code < 0 else f"exit {code}")

    def _too_long(self) -> str:
        return (
            f"reading it takes more than {self.limits.seconds:,} seconds ({SECTION} seconds)."
            " Send several smaller files."
        )

    def _too_much(self) -> str:
        return (
            f"reading it takes more than {self.limits.memory_mb:,} MB of memory ({SECTION} memory_mb): a cell far outside"
            " the table, or a very long text? Delete what lies outside, or send it as csv."
        )


@dataclass
class _Apart:
    """A reader whose file is open in the child; a new child opens it again."""

    process: ReadingProcess
    path: Path
    contract: Contract
    number: int

    def rows(self) -> Iterator[Rows]:
        """Rows in file order, all of them in one go; raises ``UnreadableFile``, ``OSError``."""
        return self._ask("rows")

    def raw(self, lines: Sequence[int]) -> list[str]:
        """Texts of rows, as the file's own reader gives them."""
        return [text for part in self._ask("raw", list(lines)) for text in part]

    def _ask(self, kind: str, *given: Any) -> Iterator[Any]:
        return self.process._alone(self.path.name, self.number, (self.path, self.contract), kind, *given)


_kept: list[tuple[int, ReadingProcess]] = []  # with the process that started it: a fork has none


@contextmanager
def reading(limits: Limits) -> Iterator[ReadingProcess]:
    """A reading process for some deliveries: one that is left from before, or a new one, which starts when asked."""
    process = None
    while _kept and process is None:
        owner, left = _kept.pop()
        if owner == os.getpid() and left.limits == limits:
            process = left
        elif owner == os.getpid():
            left.close()
    process = process or ReadingProcess(limits)
    try:
        yield process
    except BaseException:
        process.close()
        raise
    process.drop()
    if process.worth_keeping and not _kept:
        _kept.append((os.getpid(), process))
    else:
        process.close()


@atexit.register
def _end_kept() -> None:
    for owner, process in _kept:
        if owner == os.getpid():
            process.close()
    _kept.clear()
