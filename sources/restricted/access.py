"""The access log of the restricted zone: who ran what on it, when. One JSON object a line, only ever appended.

Whoever opens the restricted database calls ``note_access``; what the process is doing is said once, around it all,
with ``accessing``, and makes one line however often the database is opened.
"""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

FILE = "access.jsonl"


@dataclass
class _Purpose:
    """What a process uses the restricted zone for, and where that is written down already."""

    command: str
    detail: str
    noted: set[Path] = field(default_factory=set)


# of the process, not of a thread: dbt opens the database in one of its own
_stated: list[_Purpose] = []
_lasting: dict[tuple[str, str], _Purpose] = {}


def login() -> str:
    """The login name of who runs this process, or the number where a container gives no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


@contextmanager
def accessing(command: str, detail: str = "", once: bool = False) -> Iterator[None]:
    """Say what the restricted zone is used for in the block; inside another such block nothing changes.

    ``once``: blocks with the same words make one line a process, not one each (the steps of one run).
    """
    if _stated:
        yield
        return
    purpose = _Purpose(command, detail)
    if once:
        purpose = _lasting.setdefault((command, detail), purpose)
    _stated.append(purpose)
    try:
        yield
    finally:
        _stated.clear()


def state_detail(detail: str) -> None:
    """Add to what the process is doing what it is for, where that is known only inside ``accessing``."""
    for purpose in _stated:
        purpose.detail = detail


def note_access(restricted: Path) -> None:
    """Write down that this process opens the restricted database, unless its purpose is written down already.

    A process that states no purpose is named by its program, at each opening.
    """
    # between the steps of a run in Dagster its purpose still holds
    lasting = [p for p in _lasting.values() if restricted in p.noted]
    nameless = _Purpose(Path(sys.argv[0]).name or "python", "no purpose stated")
    purpose = (_stated or lasting or [nameless])[0]
    if restricted not in purpose.noted:
        record_access(restricted, purpose.command, purpose.detail)
        purpose.noted.add(restricted)


def record_access(restricted: Path, command: str, detail: str = "") -> None:
    """Add one line to ``<restricted>/access.jsonl`` and wait until it is on disk.

    ``command`` is what was run, ``detail`` what it was for; neither may hold an ID, a name or a birth date.
    """
    restricted.mkdir(parents=True, exist_ok=True, mode=0o700)
    entry = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "by": login(),
        "process": os.getpid(),
        "command": command,
        "detail": detail,
    }
    descriptor = os.open(restricted / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, (json.dumps(entry, ensure_ascii=False) + "\n").encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
