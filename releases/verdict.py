"""The stored verdict of the gates on exactly the tables a release may copy (SPEC §6)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from releases.tables import RELEASED, sha256
from sources.errors import LabourdbError

FILE = "verdict.json"


@dataclass(frozen=True)
class Verdict:
    """What the gates said of the candidates of one release: tables with their hashes, and what blocks.

    ``fingerprint`` is of the deliveries, settings and code the tables were made from.
    """

    release_id: str
    fingerprint: str
    tables: dict[str, str]
    blocking: list[str]

    @property
    def passed(self) -> bool:
        """Whether nothing blocks."""
        return not self.blocking


def store_verdict(folder: Path, verdict: Verdict) -> None:
    """Write the verdict beside the candidate tables, whole or not at all."""
    temporary = folder / f".{FILE}"
    temporary.write_text(json.dumps(asdict(verdict), indent=1))
    temporary.replace(folder / FILE)


def drop_verdict(folder: Path) -> None:
    """Forget the stored verdict, if any: what it judged is about to change."""
    (folder / FILE).unlink(missing_ok=True)


def confirmed_verdict(folder: Path, release_id: str, fingerprint: str) -> Verdict:
    """The stored verdict, confirmed to be a pass for this release, its inputs, and the tables as they lie there.

    Raises ``LabourdbError`` if there is none, if it is of another release, if it did not pass, or if a table
    is not the one that was judged.
    """
    path = folder / FILE
    if not path.exists():
        raise LabourdbError(
            "No verdict of the gates on these tables as they are now: nothing is released. Judge them (gates 2 and 3), or"
            " run again from the deliveries on."
        )
    verdict = Verdict(**json.loads(path.read_text()))
    if verdict.release_id != release_id:
        raise LabourdbError(
            f"The verdict is of {verdict.release_id}, not of {release_id}: nothing is released."
        )
    if verdict.fingerprint != fingerprint:
        raise LabourdbError(
            "The tables were made from other deliveries, settings or code: nothing is released. Run again."
        )
    if not verdict.passed:
        raise LabourdbError(f"The gates stopped {release_id}: {', '.join(verdict.blocking)}.")
    for table in RELEASED:
        if verdict.tables.get(table) != sha256(folder / f"{table}.parquet"):
            raise LabourdbError(
                f"Table {table} is not the one the gates judged: nothing is released. Run again."
            )
    return verdict
