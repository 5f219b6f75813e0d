"""Releases with rows written by hand, published as a run would publish them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from releases.disclosure import PROTECTION
from releases.release import Release, publish
from releases.tables import RELEASED, export_tables
from releases.verdict import Verdict, store_verdict

CHECK = {
    "check_id": "cells_unique", "gate": "publication", "level": "structural", "object": "indicators", "rows_checked": 9,
    "rows_failed": 0, "threshold": 0.0, "severity": "block", "status": "passed", "why": "One value each.",
    "query": "select 1",
}  # fmt: skip
Rows = Sequence[dict[str, Any]]


def indicator(name: str, value: float | None, *, status: str = "released", **columns: Any) -> dict[str, Any]:
    """A cell of ``indicators``: a province's total, unless ``columns`` say otherwise."""
    return {
        "indicator": name, "basis": "register", "period": "2025Q4", "area_version": "2025", "area_level": "province",
        "area_code": "31", "area_name": "Hải Phòng", "sex": "total", "age_group": "total", "urban_rural": "total",
        "numerator": None if value is None else int(value), "denominator": None, "value": value, "unit": "person",
        "status": status, **columns,
    }  # fmt: skip


def flow(section: str, **figures: int | str | None) -> dict[str, Any]:
    """A row of ``labour_flows`` with figures M, A and S."""
    return {
        "period": "2025Q4", "area_version": "2025", "area_level": "province", "area_code": "31", "section": section,
        "M": None, "A": None, "S": None, "status": "released", **figures,
    }  # fmt: skip


def published(
    folder: Path,
    release_id: str,
    fingerprint: str = "f",
    inputs: Rows = (),
    manifest: Mapping[str, Any] | None = None,
    ledger: Path | None = None,
    **tables: Rows,
) -> Release:
    """Publish a release with these rows; tables that are not named have their key columns and no row.

    ``manifest`` holds entries of it beside or instead of those made up here.
    """
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as connection:
        connection.execute("create schema published")
        for table, keys in RELEASED.items():
            rows = tables.get(table, [CHECK] if table == "checks" else [])
            columns = ", ".join(f"{k} varchar" for k in keys)
            connection.execute(f"create table published.{table} ({columns}, release_id varchar)")
            if rows:
                connection.register("rows", pa.Table.from_pylist(list(rows)))
                connection.execute(
                    f"create or replace table published.{table} as select *, '{release_id}' as release_id from rows"
                )
        candidates = Path(scratch)
        hashes = export_tables(connection, candidates)
        store_verdict(candidates, Verdict(release_id, fingerprint, hashes, []))
        facts = {
            "period": release_id.split(".")[0], "protection": PROTECTION, "synthetic": False, "fingerprint": fingerprint, "missing_sources": [],
            "waivers": [], "inputs": list(inputs), **(manifest or {}),
        }  # fmt: skip
        return publish(folder, candidates, release_id, facts, ledger=ledger)
