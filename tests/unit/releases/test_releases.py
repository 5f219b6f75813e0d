"""Releases: in which order they stand, how one appears, what is refused."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from releases.disclosure import PROTECTION
from releases.release import (
    current_release,
    latest_of,
    list_releases,
    listed_files,
    next_id,
    point_current,
    publish,
)
from releases.tables import RELEASED, export_tables, sha256
from releases.verdict import Verdict, confirmed_verdict, store_verdict
from sources.errors import LabourdbError

FACTS: Mapping[str, Any] = {
    "period": "2025Q4", "protection": PROTECTION, "synthetic": False, "fingerprint": "f", "missing_sources": [], "waivers": [],
    "inputs": [{"folder": "training/2025-12", "disposition": "held", "because": "future_months", "files": []}],
}  # fmt: skip


def checks(status: str = "passed") -> pd.DataFrame:
    line = {"check_id": "cells_unique", "gate": "publication", "level": "structural", "object": "indicators",
            "rows_checked": 9, "rows_failed": 3 if status == "failed" else 0, "threshold": 0.0, "severity": "block",
            "status": status, "why": "Two values leave the reader to choose.", "query": "select 1\n\nfrom there"}  # fmt: skip
    return pd.DataFrame([line])


@pytest.fixture
def candidates(tmp_path: Path) -> Path:
    """Judged candidate tables of release 2025Q4.1."""
    folder = tmp_path / "candidates"
    judged(folder)
    return folder


def judged(folder: Path, release_id: str = "2025Q4.1", blocking: tuple[str, ...] = ()) -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema published")
        for table, order in RELEASED.items():
            if table != "checks":
                columns = ", ".join(f"'{release_id}' as {c}" for c in order)
                connection.execute(f"create table published.{table} as select {columns} from range(3)")
        lines = checks()
        connection.register("lines", lines)
        connection.execute("create table published.checks as from lines")
        tables = export_tables(connection, folder)
    store_verdict(folder, Verdict(release_id, "f", tables, list(blocking)))


def names(folder: Path) -> list[str]:
    return [r.id for r in list_releases(folder)]


def test_order_is_by_period_then_number(tmp_path: Path) -> None:
    for name in (
        "2025Q4.10",
        "2025Q4.9",
        "2024Q4.11",
        "2025Q1.2",
        ".building-2026Q1.1",
        "2026Q5.1",
        "2025Q4.x",
    ):
        (tmp_path / name).mkdir()
    (tmp_path / "2026Q1.1").write_text("a file is no release")
    assert names(tmp_path) == ["2024Q4.11", "2025Q1.2", "2025Q4.9", "2025Q4.10"]
    assert next_id(tmp_path, "2025Q4") == "2025Q4.11"
    assert next_id(tmp_path, "2026Q1") == "2026Q1.1"
    latest = latest_of(tmp_path, "2025Q4")
    assert latest is not None and latest.id == "2025Q4.10" and latest_of(tmp_path, "2023Q4") is None


def test_no_folder_no_releases(tmp_path: Path) -> None:
    assert list_releases(tmp_path / "none") == [] and point_current(tmp_path / "none") is None
    assert current_release(tmp_path / "none") is None and next_id(tmp_path / "none", "2025Q4") == "2025Q4.1"


@pytest.mark.parametrize("left_behind", [None, "2025Q4.9", "gone", ".current"])
def test_the_pointer_is_mended(tmp_path: Path, left_behind: str | None) -> None:
    """After a kill it may be absent, point to an older release or nowhere, or half made."""
    for name in ("2025Q4.9", "2025Q4.10"):
        (tmp_path / name).mkdir()
    if left_behind == ".current":
        (tmp_path / ".current").symlink_to("2025Q4.9")
    elif left_behind:
        (tmp_path / "current").symlink_to(left_behind)
    point_current(tmp_path)
    assert (tmp_path / "current").readlink() == Path("2025Q4.10")
    assert not (tmp_path / ".current").is_symlink()


def test_a_release_appears_whole_and_closed(tmp_path: Path, candidates: Path) -> None:
    folder = tmp_path / "releases"
    (folder / ".building-2025Q3.1" / "tables").mkdir(parents=True)  # left by a kill
    (folder / ".building-2025Q3.1" / "tables" / "half.parquet").write_bytes(b"half")
    release = publish(folder, candidates, "2025Q4.1", FACTS)
    assert sorted(p.name for p in folder.iterdir()) == ["2025Q4.1", "current"]
    current = current_release(folder)
    assert current is not None and current.id == release.id == "2025Q4.1"
    files = [p for p in release.path.rglob("*") if p.is_file()]
    assert {stat.S_IMODE(p.stat().st_mode) for p in files} == {0o444}
    assert {str(p.relative_to(release.path)) for p in files} == {
        *(f"tables/{t}.parquet" for t in RELEASED), "labour.duckdb", "manifest.json", "quality/report.html", "files.sha256",
    }  # fmt: skip
    assert listed_files(release.path) == {
        str(p.relative_to(release.path)): sha256(p) for p in files if p.name != "files.sha256"
    }
    manifest = json.loads((release.path / "manifest.json").read_text(), parse_constant=pytest.fail)
    assert manifest["protection"] == "DISCLOSURE-CONTROLLED" and manifest["release_id"] == "2025Q4.1"
    assert {t: f["sha256"] for t, f in manifest["tables"].items()} == {
        t: sha256(release.path / f"tables/{t}.parquet") for t in RELEASED
    }
    assert manifest["tables"]["indicators"]["rows"] == 3
    with duckdb.connect(str(release.path / "labour.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from linkage").fetchone() == (3,)


def test_the_newest_period_stays_current(tmp_path: Path, candidates: Path) -> None:
    """A later release of an earlier quarter is published, and readers of the newest are not sent back."""
    folder = tmp_path / "releases"
    publish(folder, candidates, "2025Q4.1", FACTS)
    judged(candidates, "2025Q3.1")
    publish(folder, candidates, "2025Q3.1", FACTS)
    assert names(folder) == ["2025Q3.1", "2025Q4.1"]
    assert (folder / "current").readlink() == Path("2025Q4.1")


def test_equal_rows_equal_bytes(tmp_path: Path, candidates: Path) -> None:
    judged(tmp_path / "again")
    for table in RELEASED:
        assert (candidates / f"{table}.parquet").read_bytes() == (
            tmp_path / "again" / f"{table}.parquet"
        ).read_bytes()


def test_without_a_verdict_nothing_is_published(tmp_path: Path, candidates: Path) -> None:
    (candidates / "verdict.json").unlink()
    with pytest.raises(LabourdbError, match="No verdict"):
        publish(tmp_path / "releases", candidates, "2025Q4.1", FACTS)
    assert names(tmp_path / "releases") == []


@pytest.mark.parametrize("table", RELEASED)
def test_a_table_that_was_not_judged_is_refused(tmp_path: Path, candidates: Path, table: str) -> None:
    path = candidates / f"{table}.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(LabourdbError, match=f"{table} is not the one"):
        publish(tmp_path / "releases", candidates, "2025Q4.1", FACTS)
    assert names(tmp_path / "releases") == []


def test_verdicts_of_something_else_are_refused(candidates: Path) -> None:
    confirmed_verdict(candidates, "2025Q4.1", "f")
    with pytest.raises(LabourdbError, match=r"of 2025Q4\.1, not of 2025Q4\.2"):
        confirmed_verdict(candidates, "2025Q4.2", "f")
    with pytest.raises(LabourdbError, match="other deliveries, settings or code"):
        confirmed_verdict(candidates, "2025Q4.1", "g")
    judged(candidates, blocking=("cells_unique (indicators)",))
    with pytest.raises(LabourdbError, match=r"stopped 2025Q4\.1: cells_unique \(indicators\)"):
        confirmed_verdict(candidates, "2025Q4.1", "f")
