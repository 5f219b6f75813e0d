"""Where each province stands against its plan, as a release has it: for the terminal and the Dagster UI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from releases.release import Release
from releases.tables import rows_of
from sources.engine import connect

SQL = Path(__file__).with_suffix(".sql")


def targets_of(release: Release) -> list[dict[str, Any]]:
    """One row per plan target: province_code, area_version, area_name, year, indicator, basis, people (the cell, if not
    all), comparator, target_value, value, ci_low, ci_high, verdict, other_value, and ``label``.

    ``label`` is the indicator and, of the register's figures whose name says in brackets what they are not, that name.
    """
    tables = release.path / "tables"
    with connect() as connection:
        rows = rows_of(
            connection,
            SQL.read_text(encoding="utf-8"),
            {name: str(tables / f"{table}.parquet")
             for name, table in (("progress", "target_progress"), ("indicators", "indicators"))},
        )  # fmt: skip
    said = release.manifest.get("indicators", {})
    return [row | {"label": _label(row, said)} for row in rows]


def _label(row: dict[str, Any], said: dict[str, dict[str, str]]) -> str:
    name = said.get(row["indicator"], {}).get("en", "") if row["basis"] == "register" else ""
    return f"{row['indicator']}: {name}" if name.endswith(")") else str(row["indicator"])
