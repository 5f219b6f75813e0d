"""What is remembered of every release beside the release itself: that its number is used, and its finest counts as published.

A release folder that somebody removed frees no number, and the release after it can still be compared with it: one small
Parquet file a release in ``<home>/warehouse/remembered``, columns table_name, period, atom, figures (as in
``disclosure.atoms``). It is written before the release appears, under a name that does not count, and counts from then on:
a run that is cut off in between is put right by the next one.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from sources.restricted.encryption import sync

PENDING = ".pending"
ATOMS = "select table_name, period, atom, figures from disclosure.atoms order by all"


def prepare(warehouse: duckdb.DuckDBPyConnection, folder: Path, release_id: str) -> None:
    """Write down the finest counts of a release that is about to be published."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    pending = folder / f"{release_id}{PENDING}"
    place = str(pending).replace("'", "''")
    warehouse.execute(f"copy ({ATOMS}) to '{place}' (format parquet, compression zstd)")
    sync(pending)


def settle(folder: Path, releases: Path) -> None:
    """Remember what was written down of releases that appeared; forget what was of others. Under the home's lock."""
    for pending in folder.glob(f"*{PENDING}") if folder.is_dir() else ():
        release_id = pending.name.removesuffix(PENDING)
        if (releases / release_id).is_dir():
            pending.replace(folder / f"{release_id}.parquet")
        else:
            pending.unlink()
        sync(folder)


def remembered(folder: Path) -> dict[str, Path]:
    """Every release that was ever published from this home and what is remembered of it, by identifier."""
    return {p.stem: p for p in sorted(folder.glob("*.parquet"))} if folder.is_dir() else {}


def last_remembered(folder: Path, period: str) -> Path | None:
    """What is remembered of the last release of a period, if anything."""
    of_period = {n: path for n, path in remembered(folder).items() if n.startswith(f"{period}.")}
    last = max(of_period, key=lambda name: int(name.rpartition(".")[2]), default=None)
    return of_period[last] if last else None
