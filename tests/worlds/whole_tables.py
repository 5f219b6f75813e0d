"""Published tables of a few rows each, written by hand: whole by every suite, with a row of each kind suites speak of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from expectations.catalogue import RELEASE, published_tables

REST = {"release_id": "2025Q4.1"}
AREA = {"area_version": "2025", "area_level": "province", "area_code": "31"}
CELL = AREA | {
    "area_name": "Hải Phòng", "basis": "register", "period": "2025Q4", "sex": "total", "age_group": "total",
    "urban_rural": "total", "status": "released",
}  # fmt: skip
CHECK = {
    "check_id": "cells_unique", "gate": "publication", "level": "structural", "object": "indicators", "rows_checked": 9,
    "rows_failed": 0, "threshold": 0.0, "severity": "block", "status": "passed", "why": "One.", "why_vi": "Một.",
    "query": "select 1", "waiver": None,
}  # fmt: skip
ROWS: dict[str, list[dict[str, Any]]] = {
    "indicators": [
        CELL | {"indicator": "employed", "unit": "persons", "numerator": 50, "value": 50.0},
        CELL | {"indicator": "employed", "unit": "persons", "numerator": 20, "value": 20.0, "sex": "male"},
        CELL | {"indicator": "trained_share", "unit": "percent", "numerator": 10, "denominator": 50, "value": 20.0},
        CELL
        | {"indicator": "trained_share", "unit": "percent", "numerator": 5, "denominator": 20, "value": 25.0, "sex": "male"},
        CELL | {"indicator": "median_wage", "unit": "VND", "numerator": 5, "denominator": 5, "status": "suppressed"},
        CELL | {"indicator": "median_wage", "unit": "VND", "status": "not_available", "sex": "male"},
        CELL
        | {"basis": "official", "indicator": "trained_share", "period": "2025", "unit": "percent", "value": 70.0, "ci_low": 69.0,
           "ci_high": 71.0},
    ],
    "target_progress": [
        {"plan": "1450", "province_code": "30", "area_version": "2024", "year": 2025, "indicator": "trained_share",
         "basis": "official", "sex": "total", "age_group": "total", "urban_rural": "total", "comparator": ">=",
         "target_value": 70.0, "value": value, "ci_low": low, "ci_high": high, "verdict": verdict} | {"indicator": name}
        for name, value, low, high, verdict in (
            ("trained_share", 71.0, 70.5, 71.5, "met"),
            ("si_coverage", 69.8, 69.0, 71.0, "indeterminate"),
            ("ui_coverage", None, None, None, "no_data"),
        )
    ],
    "labour_flows": [
        AREA
        | {"period": "2025Q3", "section": section, "M": 30, "B": 20, "E": 25, "F": 18, "A": 10, "H": 7, "R": 3, "S": 5,
           "JC": 6, "JD": 1, "status": "released"}
        for section in ("C", "total")
    ],
    "transitions": [
        AREA
        | {"period": "2025Q4", "lag": "quarter", "sex": sex, "age_group": "total", "from_status": "employed",
           "to_status": to, "persons": persons, "share": share, "status": status}
        for sex in ("total", "male")
        for to, persons, share, status in (
            ("employed", 30, 100.0, "provisional"),
            ("inactive", None, None, "not_available"),
        )
    ],
    "training_outcomes": [
        AREA
        | {"year": 2025, "field_code": field, "level": level, "kind": kind, "completions": 40, "employed_6m": 20,
           "employed_12m": 22, "median_wage_12m": wage, "same_province_12m": 12, "status": "released", "hidden": hidden}
        for field, level, kind, wage, hidden in (
            ("total", "total", "total", 7e6, None),
            ("34", "college", "initial", None, "median_wage_12m"),
        )
    ],
    "linkage": [{"source": "training", "period": "2025-12", "rule": "citizen_id", "rows": 45, "status": "released"}],
    "row_accounting": [
        {"source": "training", "period": "2025-12", "revision": 1, "file": "a.csv", "disposition": "used", "rows_read": 9,
         "accepted": 6, "quarantined": 1, "duplicate": 1, "superseded": 1},
        {"source": "training", "period": "2025-11", "revision": 1, "file": "b.csv", "disposition": "refused"},
    ],
    "checks": [
        CHECK,
        CHECK | {"object": "linkage", "status": "failed", "rows_failed": 5, "waiver": "A. Person: known (until 2026-01-01)"},
        CHECK | {"object": "transitions", "status": "error", "rows_failed": None, "rows_checked": 0},
    ],
}  # fmt: skip
PARAMETERS = {
    "register_cells": 6, "register_totals": 3, "plan_targets": 3, "flow_totals": 1, "transition_totals": 2,
    "training_totals": 1, "files": 2,
}  # fmt: skip


def whole_tables() -> dict[str, pd.DataFrame]:
    """Every published table, with its columns in order."""
    return {name: _frame(name, rows) for name, rows in ROWS.items()}


def in_order(name: str) -> list[str]:
    """The columns of a table as its file describes them."""
    table = published_tables()[name]
    return [*table.key, *sorted(table.columns - {*table.key, RELEASE}), RELEASE]


def _frame(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame([REST | row for row in rows]).reindex(columns=in_order(name)).convert_dtypes()


def write_tables(tables: dict[str, pd.DataFrame], folder: Path) -> Path:
    """Write each to ``<folder>/<table>.parquet``, described as released files are; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        described = json.dumps({c: {} for c in in_order(name)})
        rows = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(
            {"columns": described}
        )
        parquet.write_table(rows, folder / f"{name}.parquet")
    return folder
