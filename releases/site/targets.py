"""The first page's facts: where each province stands against each target, and how it came there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import duckdb
import pandas as pd

from releases import words
from releases.cell import Row as Facts
from releases.cell import rows_of

CELL = ("sex", "age_group", "urban_rural")
LONGEST_TREND = 12
UNSURE = ("provisional", "low_coverage")  # drawn as hollow points
ORDER = ("met", "not_met", "indeterminate", "suppressed", "no_data")


def provinces(
    connection: duckdb.DuckDBPyConnection,
    names: Mapping[str, Mapping[str, words.Pair]],
    areas: pd.DataFrame,
) -> list[Facts]:
    """Provinces that have targets, each with these: as judged in the release, and the figures of earlier periods.

    ``connection`` has a view per released table; ``names``: by basis, indicators in both languages;
    ``areas``: area_version, area_code, area_name.
    """
    rows = rows_of(connection, "from target_progress order by all", {})
    named = areas.set_index(["area_version", "area_code"])["area_name"].to_dict()
    found: dict[str, Facts] = {}
    for number, row in enumerate(rows):
        key = f"{row['province_code']}@{row['area_version']}"
        province = found.setdefault(
            key,
            {
                "key": key,
                "name": named.get((row["area_version"], row["province_code"]), key),
                "version": row["area_version"],
                "targets": [],
            },
        )
        province["targets"].append(_target(connection, number, row, key, names))
    for province in found.values():
        verdicts = [t["verdict"] for t in province["targets"]]
        province["tally"] = [(v, verdicts.count(v)) for v in ORDER if v in verdicts]
        province["plans"] = sorted({t["plan"] for t in province["targets"]})
    return list(found.values())


def _target(
    connection: duckdb.DuckDBPyConnection,
    number: int,
    row: Facts,
    area: str,
    names: Mapping[str, Mapping[str, words.Pair]],
) -> Facts:
    last = f"{row['year']}Q4" if row["basis"] == "register" else str(row["year"])
    trend = rows_of(
        connection,
        "select period, value, status, unit from indicators where basis = $basis and indicator = $indicator"
        " and area_version = $area_version and area_code = $province_code and sex = $sex and age_group = $age_group"
        " and urban_rural = $urban_rural and period <= $last and (basis = 'register' or length(period) = 4)"
        " order by period",
        {c: row[c] for c in ("basis", "indicator", "area_version", "province_code", *CELL)} | {"last": last},
    )[-LONGEST_TREND:]
    other = "official" if row["basis"] == "register" else "register"
    chosen = {"area": area, "indicator": row["indicator"], "period": f"{row['year']}Q4"}
    chosen |= {c: row[c] for c in CELL}
    return row | {
        "id": f"{area}/{row['indicator']}/" + "/".join(row[c] for c in CELL),
        "name": names[row["basis"]].get(row["indicator"], (row["indicator"], row["indicator"])),
        "unit": trend[-1]["unit"] if trend else "percent",
        "group": [
            known.get(row[c], (row[c], row[c]))
            for c, known in (
                ("sex", words.SEXES),
                ("age_group", words.AGES),
                ("urban_rural", words.SETTLEMENTS),
            )
            if row[c] != "total"
        ],
        "other_basis": other,
        "other_name": names[other].get(row["indicator"]),
        "status": next((r["status"] for r in trend if r["period"] == last), None),
        "link": "indicators.html#" + urlencode(chosen),
        "trend": trend,
        "drawn": json.dumps(_drawn(row, trend), ensure_ascii=False),
    }


def _drawn(row: Facts, trend: Sequence[Facts]) -> list[dict[str, Any]]:
    """Rows of the chart: the figures, and the target as a level to compare with."""
    basis, target = words.BASES[row["basis"]], ("Chỉ tiêu", "Target")
    figures = [
        {
            "period": r["period"],
            "value": r["value"],
            "series": basis,
            "provisional": r["status"] in UNSURE,
        }
        for r in trend
    ]
    level = [
        {"period": r["period"], "value": row["target_value"], "series": target, "provisional": False}
        for r in trend
    ]
    return figures + level  # as they are listed, so they are told apart
