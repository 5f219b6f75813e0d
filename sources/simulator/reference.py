"""The reference tables the world is built on: communes of both lists, codes, working ages, targets."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from sources.simulator.months import Array


@dataclass(frozen=True)
class Places:
    """Every pair of an old commune and the new one it became (all of it, or a part)."""

    old_code: pa.Array
    new_code: pa.Array
    old_province: Array
    new_province: Array
    urban: Array
    kept: Array  # whether the old code is also a code of the new list

    def of_province(self, province: str) -> Array:
        """The places of an old province."""
        return np.flatnonzero(self.old_province == int(province))


@dataclass(frozen=True)
class Reference:
    """All reference tables, read once."""

    places: Places
    province_names: dict[str, str]
    new_provinces: dict[str, str]
    birth_codes: list[int]
    sections: dict[str, dict[int, str]]
    upper_age: dict[int, tuple[int, int]]
    targets: list[dict[str, str]]

    def upper_months(self, year: int) -> tuple[int, int]:
        """Upper working age in months, men and women, in a year."""
        known = sorted(self.upper_age)
        if year < known[0]:
            return 60 * 12, 55 * 12
        return self.upper_age[min(year, known[-1])]


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def _places(areas: list[dict[str, str]], changes: list[dict[str, str]]) -> Places:
    urban = {
        row["code"]: row["urban"] == "true"
        for row in areas
        if row["level"] == "commune" and row["area_version"] == "2024"
    }
    new_codes = {row["code"] for row in areas if row["level"] == "commune" and row["area_version"] == "2025"}
    pairs = sorted(
        {
            (c["old_commune_code"], c["new_commune_code"], c["old_province_code"], c["new_province_code"])
            for c in changes
            if c["old_commune_code"] in urban and c["new_commune_code"] in new_codes
        }
    )
    return Places(
        old_code=pa.array([pair[0] for pair in pairs]),
        new_code=pa.array([pair[1] for pair in pairs]),
        old_province=np.array([int(pair[2]) for pair in pairs], dtype=np.int16),
        new_province=np.array([int(pair[3]) for pair in pairs], dtype=np.int16),
        urban=np.array([urban[pair[0]] for pair in pairs]),
        kept=np.array([pair[0] in new_codes for pair in pairs]),
    )


def read_reference(folder: Path) -> Reference:
    """Read the tables from ``folder``."""
    areas = _rows(folder, "areas.csv")
    changes = _rows(folder, "area_changes.csv")
    sections: dict[str, dict[int, str]] = {}
    for row in _rows(folder, "industry_divisions.csv"):
        for division in range(int(row["division_from"]), int(row["division_to"]) + 1):
            sections.setdefault(row["version"], {})[division] = row["section"]
    upper = {
        int(row["year"]): (
            int(row["male_years"]) * 12 + int(row["male_months"]),
            int(row["female_years"]) * 12 + int(row["female_months"]),
        )
        for row in _rows(folder, "working_age_upper.csv")
    }
    return Reference(
        places=_places(areas, changes),
        province_names={
            row["code"]: row["name"]
            for row in areas
            if row["level"] == "province" and row["area_version"] == "2024"
        },
        new_provinces={row["old_province_code"]: row["new_province_code"] for row in changes},
        birth_codes=[int(row["code"]) for row in _rows(folder, "birth_registration_codes.csv")],
        sections=sections,
        upper_age=upper,
        targets=_rows(folder, "plan_targets.csv"),
    )
