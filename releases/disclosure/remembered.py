"""What is remembered of every release beside the release itself: that its number is used, and its finest counts as published.

A release folder that somebody removed frees no number, and the release after it can still be compared with it: one small
Parquet file a release in ``<home>/warehouse/remembered``, columns table_name, period, atom, figures (as in
``disclosure.atoms``).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

ATOMS = "select table_name, period, atom, figures from disclosure.atoms order by all"


def remember(warehouse: duckdb.DuckDBPyConnection, folder: Path, release_id: str) -> Path:
    """Keep the finest counts of a release that was just published, whole or not at all; returns where."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    path = folder / f"{release_id}.parquet"
    partial = folder / f".{release_id}.partial"
    place = str(partial).replace("'", "''")
    warehouse.execute(f"copy ({ATOMS}) to '{place}' (format parquet, compression zstd)")
    partial.replace(path)
    return path


def remembered(folder: Path) -> dict[str, Path]:
    """Every release that was ever published from this home and what is remembered of it, by identifier."""
    return {p.stem: p for p in sorted(folder.glob("*.parquet"))} if folder.is_dir() else {}


def last_remembered(folder: Path, period: str) -> Path | None:
    """What is remembered of the last release of a period, if anything."""
    of_period = {n: path for n, path in remembered(folder).items() if n.startswith(f"{period}.")}
    last = max(of_period, key=lambda name: int(name.rpartition(".")[2]), default=None)
    return of_period[last] if last else None
