"""The record of withdrawn releases, kept beside them: a release itself is never changed (SPEC §7)."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sources.errors import LabourdbError
from sources.restricted.access import login

FILE = "withdrawn.json"


@dataclass(frozen=True)
class Withdrawal:
    """That a release is no longer to be used: why, who said so (login name), and when (UTC)."""

    reason: str
    by: str
    at: str


def withdrawals(folder: Path) -> dict[str, Withdrawal]:
    """Release identifier to withdrawal, of the releases in ``folder``.

    Raises ``LabourdbError`` if the record is there and cannot be read: what was withdrawn must not come back
    because a file is damaged.
    """
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        text = ""
    try:
        return {name: Withdrawal(**entry) for name, entry in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError):
        raise LabourdbError(
            f"{path} does not read as the record of withdrawn releases. Put it back from the backup:"
            " without it nobody can tell which releases stand."
        ) from None


def record_withdrawal(folder: Path, release_id: str, reason: str) -> Withdrawal:
    """Add one withdrawal to the record, written whole or not at all; returns it.

    Raises ``LabourdbError`` as ``withdrawals`` does.
    """
    withdrawal = Withdrawal(reason, login(), datetime.now(UTC).isoformat(timespec="seconds"))
    known = {name: asdict(w) for name, w in {**withdrawals(folder), release_id: withdrawal}.items()}
    temporary = folder / f".{FILE}"
    temporary.unlink(missing_ok=True)
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps(known, indent=1, ensure_ascii=False) + "\n")
        stream.flush()
        os.fchmod(stream.fileno(), 0o644)
        os.fsync(stream.fileno())
    temporary.replace(folder / FILE)
    return withdrawal
