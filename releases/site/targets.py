"""The first page's facts: where each province stands against each target, and how it came there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import duckdb

from releases import words
from releases.cell import Row as Facts
from releases.cell import rows_of

CELL = ("sex", "age_group", "urban_rural")
LONGEST_TREND = 12
ORDER = ("met", "not_met", "indeterminate", "suppressed", "no_data")


def provinces(
    connection: duckdb.DuckDBPyConnection, names: Mapping[str, Mapping[str, words.Pair]]
) -> list[Facts]:
    """Provinces that have targets, each with these: as judged in the release, and the figures of earlier periods.

    ``connection`` has a view per released table; ``names``: by basis, indicators in both languages.
    """
    rows = rows_of(
        connection,
        "select t.*, p.area_name from target_progress as t left join (select distinct area_version, area_code, area_name"
        " from indicators where area_level = 'province' and basis = 'register') as p"
        " on t.area_version = p.area_version and t.province_code = p.area_code order by all",
        {},
    )
    found: dict[str, Facts] = {}
    for number, row in enumerate(rows):
        key = f"{row['province_code']}@{row['area_version']}"
        province = found.setdefault(
            key, {"key": key, "name": row["area_name"] or key, "version": row["area_version"], "targets": []}
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
    trend = rows_of(
        connection,
        "select period, value, status, unit from indicators where basis = $basis and indicator = $indicator"
        " and area_version = $area_version and area_code = $province_code and sex = $sex and age_group = $age_group"
        " and urban_rural = $urban_rural and period <= $last and (basis = 'register' or length(period) = 4)"
        " order by period",
        {c: row[c] for c in ("basis", "indicator", "area_version", "province_code", *CELL)}
        | {"last": f"{row['year']}Q4" if row["basis"] == "register" else str(row["year"])},
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
            "provisional": r["status"] == "provisional",
        }
        for r in trend
    ]
    level = [
        {"period": r["period"], "value": row["target_value"], "series": target, "provisional": False}
        for r in trend
    ]
    return figures + level  # as they are listed, so they are told apart
