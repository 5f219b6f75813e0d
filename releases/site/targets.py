"""The first page's facts: where each province stands against each target, and how it came there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import duckdb
import pandas as pd

from releases.pages import words
from releases.tables import Row as Facts
from releases.tables import rows_of

CELL = ("sex", "age_group", "urban_rural")
LONGEST_TREND = 12
UNSURE = ("provisional", "low_coverage")  # drawn as hollow points
ORDER = ("met", "not_met", "indeterminate", "no_data")
CELL_OF = (
    "indicator = $indicator and area_version = $area_version and area_code = $province_code and sex = $sex"
    " and age_group = $age_group and urban_rural = $urban_rural"
)
# the count of persons that a figure of the registers is made of
RESTS_ON = "case when value is not null then coalesce(denominator, numerator) end as rests_on"


def provinces(
    connection: duckdb.DuckDBPyConnection,
    names: Mapping[str, Mapping[str, words.Pair]],
    areas: pd.DataFrame,
    protected: bool,
) -> list[Facts]:
    """Provinces that have targets, each with these: as judged in the release, and the figures of earlier periods.

    ``connection`` has a view per released table; ``names``: by basis, indicators in both languages;
    ``areas``: area_version, area_code, area_name; ``protected``: whether figures carry noise, so that small ones are marked.
    """
    rows = rows_of(connection, "from target_progress order by all", {})
    named = areas.set_index(["area_version", "area_code"])["area_name"].to_dict()
    found: dict[str, Facts] = {}
    for row in rows:
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
        province["targets"].append(_target(connection, row, key, names, protected))
    for province in found.values():
        verdicts = [t["verdict"] for t in province["targets"]]
        province["tally"] = [(v, verdicts.count(v)) for v in ORDER if v in verdicts]
        province["plans"] = sorted({t["plan"] for t in province["targets"]})
    return list(found.values())


def _target(
    connection: duckdb.DuckDBPyConnection,
    row: Facts,
    area: str,
    names: Mapping[str, Mapping[str, words.Pair]],
    protected: bool,
) -> Facts:
    last = f"{row['year']}Q4" if row["basis"] == "register" else str(row["year"])
    cell = {c: row[c] for c in ("indicator", "area_version", "province_code", *CELL)}
    trend = rows_of(
        connection,
        f"select period, value, status, unit, {RESTS_ON} from indicators where basis = $basis and {CELL_OF}"
        " and period <= $last and (basis = 'register' or length(period) = 4) order by period",
        cell | {"basis": row["basis"], "last": last},
    )[-LONGEST_TREND:]
    judged = next((r for r in trend if r["period"] == last), None)
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
        "status": judged and judged["status"],
        "rests_on": judged and judged["rests_on"],
        "other_rests_on": _rests_on(connection, cell, row["year"]) if other == "register" else None,
        "link": "indicators.html#" + urlencode(chosen),
        "trend": trend,
        "drawn": json.dumps(_drawn(row, trend, protected), ensure_ascii=False),
    }


def _rests_on(connection: duckdb.DuckDBPyConnection, cell: Facts, year: int) -> int | None:
    """On how many persons the registers' figure beside an official one rests."""
    found = rows_of(
        connection,
        f"select {RESTS_ON} from indicators where basis = 'register' and {CELL_OF} and period = $last",
        cell | {"last": f"{year}Q4"},
    )
    return found[0]["rests_on"] if found else None


def _drawn(row: Facts, trend: Sequence[Facts], protected: bool) -> list[dict[str, Any]]:
    """Rows of the chart: the figures, and the target as a level to compare with."""
    basis, target = words.BASES[row["basis"]], ("Chỉ tiêu", "Target")
    figures = [
        {
            "period": r["period"],
            "value": r["value"],
            "series": basis,
            "provisional": r["status"] in UNSURE,
            "few": words.FEW_MARK if protected and words.is_few(r["rests_on"]) else "",
        }
        for r in trend
    ]
    level = [
        {
            "period": r["period"],
            "value": row["target_value"],
            "series": target,
            "provisional": False,
            "few": "",
        }
        for r in trend
    ]
    return figures + level  # as they are listed, so they are told apart
