"""Releases: immutable folders that appear whole or not at all, and the pointer to the newest (SPEC §7)."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from releases.report import report_text
from releases.tables import RELEASED, sha256, write_database
from releases.verdict import confirmed_verdict
from sources.errors import LabourdbError

NAME = re.compile(r"^(\d{4}Q[1-4])\.(\d+)$")
CURRENT = "current"
PROTECTION = "INTERNAL – NOT PROTECTED"


@dataclass(frozen=True)
class Release:
    """A published release."""

    id: str
    path: Path

    @property
    def order(self) -> tuple[str, int]:
        """Period, then number: the newest release is the greatest."""
        match = NAME.match(self.id)
        assert match is not None
        return match[1], int(match[2])

    @property
    def manifest(self) -> dict[str, Any]:
        """The release's manifest."""
        loaded: dict[str, Any] = json.loads((self.path / "manifest.json").read_text(encoding="utf-8"))
        return loaded


def list_releases(folder: Path) -> list[Release]:
    """Every release in ``folder``, oldest first by period and number."""
    if not folder.is_dir():
        return []
    found = [Release(p.name, p) for p in folder.iterdir() if NAME.match(p.name) and p.is_dir()]
    return sorted(found, key=lambda r: r.order)


def current_release(folder: Path) -> Release | None:
    """The release that ``current`` points to, if any."""
    link = folder / CURRENT
    return Release(link.resolve().name, link.resolve()) if link.is_symlink() and link.exists() else None


def latest_of(folder: Path, period: str) -> Release | None:
    """The last release of one period, if any."""
    of_period = [r for r in list_releases(folder) if r.order[0] == period]
    return of_period[-1] if of_period else None


def next_id(folder: Path, period: str) -> str:
    """The identifier the next release of ``period`` gets."""
    latest = latest_of(folder, period)
    return f"{period}.{latest.order[1] + 1 if latest else 1}"


def point_current(folder: Path) -> Release | None:
    """Point ``current`` to the newest release in one step; mends a pointer left behind by a kill."""
    releases = list_releases(folder)
    if not releases:
        return None
    newest = releases[-1]
    link = folder / CURRENT
    if not (link.is_symlink() and str(link.readlink()) == newest.id):
        temporary = folder / f".{CURRENT}"
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(newest.id)
        temporary.replace(link)
        _sync(folder)
    return newest


def publish(folder: Path, candidates: Path, release_id: str, facts: Mapping[str, Any]) -> Release:
    """Publish the judged candidate tables as ``<folder>/<release_id>``.

    ``facts`` are the manifest's entries beside tables and time. The stored verdict is confirmed for exactly the
    tables that are copied. The release is built under a hidden name and renamed into place.
    """
    verdict = confirmed_verdict(candidates, release_id, facts["fingerprint"])
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob(".building-*"):
        shutil.rmtree(stale)
    building = folder / f".building-{release_id}"
    tables = building / "tables"
    tables.mkdir(parents=True)
    for table in RELEASED:
        shutil.copyfile(candidates / f"{table}.parquet", tables / f"{table}.parquet")
        if sha256(tables / f"{table}.parquet") != verdict.tables[table]:
            raise LabourdbError(f"Table {table} changed while it was copied: nothing is released. Run again.")
    rows = write_database(tables, building / "labour.duckdb")
    manifest = {
        "release_id": release_id,
        "protection": PROTECTION,
        **facts,
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "tables": {t: {"sha256": verdict.tables[t], "rows": rows[t]} for t in RELEASED},
    }
    (building / "manifest.json").write_text(
        json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    quality = building / "quality"
    quality.mkdir()
    (quality / "report.md").write_text(report_text(manifest, tables / "checks.parquet"), encoding="utf-8")
    for path in sorted(building.rglob("*")):
        _sync(path)
        if path.is_file():
            path.chmod(0o444)
    _sync(building)
    building.rename(folder / release_id)
    _sync(folder)
    point_current(folder)
    return Release(release_id, folder / release_id)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
