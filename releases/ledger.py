"""The ledger of releases: kept outside them, it holds the hash of each one's list of files (SPEC §7).

One JSON object a line; ``before`` is the SHA-256 of everything above the line, so that no line is changed alone. Who
can write the releases' folder but not the restricted zone cannot make a changed release look as published.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from sources.errors import LabourdbError


class BentLedger(LabourdbError):
    """The ledger is not as it was written."""


def entries(ledger: Path) -> dict[str, str]:
    """Release identifier to the SHA-256 of its ``files.sha256``; raises ``BentLedger`` if a line was changed."""
    if not ledger.exists():
        return {}
    above, found = hashlib.sha256(), {}
    for number, line in enumerate(ledger.read_bytes().splitlines(keepends=True), start=1):
        try:
            entry = json.loads(line)
            whole = entry["before"] == above.hexdigest() and line.endswith(b"\n")
            found[str(entry["release"])] = str(entry["files_sha256"])
        except (ValueError, KeyError, TypeError):
            whole = False
        if not whole:
            raise BentLedger(
                f"{ledger}, line {number}: not as it was written. Put the ledger back from your backup; or move it away, if"
                " you are sure of every release: a new one is begun with them as they are now."
            )
        above.update(line)
    return found


def note(ledger: Path, lists: Mapping[str, str]) -> None:
    """Add releases with the SHA-256 of their list of files; the ledger is written whole or not at all, for its owner alone.

    Raises ``BentLedger`` if it was changed before.
    """
    entries(ledger)
    text = ledger.read_bytes() if ledger.exists() else b""
    for release, digest in lists.items():
        entry = {
            "release": release,
            "files_sha256": digest,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "before": hashlib.sha256(text).hexdigest(),
        }
        text += json.dumps(entry).encode() + b"\n"
    ledger.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = ledger.with_name(f".{ledger.name}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(ledger)
