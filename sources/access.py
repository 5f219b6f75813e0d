"""The access log of the restricted zone: who ran what on it, when. One JSON object a line, only ever appended."""

from __future__ import annotations

import getpass
import json
import os
from datetime import UTC, datetime
from pathlib import Path

FILE = "access.jsonl"


def login() -> str:
    """The login name of who runs this process, or the number where a container gives no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


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
