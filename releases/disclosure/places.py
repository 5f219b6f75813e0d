"""Places as sums of the smallest units that both area lists are made of."""

from __future__ import annotations

import pandas as pd

from releases.disclosure.cubes import Dimension

Place = str  # area_version|area_level|area_code
GROUP = "group"  # area level of the sum of a group of provinces, which stands in no table


def place_code(version: str, level: str, code: str) -> Place:
    """A place as one text."""
    return f"{version}|{level}|{code}"


def area_columns(places: pd.Series) -> pd.DataFrame:
    """area_version, area_level and area_code of places, with their index."""
    numbers, distinct = pd.factorize(places)
    parts = pd.DataFrame(
        [p.split("|") for p in distinct], columns=["area_version", "area_level", "area_code"]
    )
    return parts.take(numbers).set_axis(places.index)


def province_groups(provinces: pd.DataFrame) -> list[pd.DataFrame]:
    """Provinces (columns province_2024, province_2025) in groups that are protected by themselves.

    Four provinces or fewer are one group. Else a group holds whole provinces of the new list, and two of the old list
    at least: the sum of each group is shown or hidden with the country's, so that nothing outside a group says anything
    about it.
    """
    if len(provinces) <= 4:
        return [provinces]
    groups: list[pd.DataFrame] = []
    waiting: list[pd.DataFrame] = []
    for _, merged in provinces.groupby("province_2025", sort=True):
        waiting.append(merged)
        if sum(map(len, waiting)) >= 2:
            groups.append(pd.concat(waiting))
            waiting = []
    if waiting:
        groups[-1] = pd.concat([groups[-1], *waiting])
    return groups


def province_dimension(provinces: pd.DataFrame, country: str | None) -> tuple[Dimension, list[Place]]:
    """Provinces of both lists and their sum, as sums of provinces of 2024; and the codes that stand in no table.

    ``provinces`` has columns province_2024, province_2025 and new_is_covered: a province of the new list is published
    if all of it is covered. ``country`` is the area code under which the sum is published; of a group of several, none.
    """
    old = [str(p) for p in provinces["province_2024"]]
    whole = provinces[provinces["new_is_covered"]]
    sums = {"2024": dict.fromkeys(old, 1), "2025": dict.fromkeys(map(str, whole["province_2024"]), 1)}
    codes: dict[Place, dict[str, int]] = {}
    hidden: list[Place] = []
    for version, parts in sums.items():
        place = place_code(version, GROUP, "") if country is None else place_code(version, "country", country)
        if parts:
            codes[place] = parts
    codes |= {place_code("2024", "province", p): {p: 1} for p in old}
    for new, merged in whole.groupby("province_2025", sort=True):
        members = [str(p) for p in merged["province_2024"]]
        codes[place_code("2025", "province", str(new))] = dict.fromkeys(members, 1)
        if len(members) > 2:  # of two, the rest is a province
            for part in members:
                hidden.append(place_code("2025", "less", f"{new} {part}"))
                codes[hidden[-1]] = {p: 1 for p in members if p != part}
    return Dimension("place", old, codes), hidden


def commune_dimension(units: pd.DataFrame, new_is_covered: bool) -> tuple[Dimension, list[Place]]:
    """Communes, districts and provinces of one province of the new list, as sums of units; and what stands in no table.

    ``units``: one row per distinct (province_2024, province_2025, district_2024, commune_2024, commune_2025), text
    codes, null where a person has none; its index is the unit's number. The new list is left out unless covered.
    """
    versions = ("2024", "2025") if new_is_covered else ("2024",)
    codes: dict[Place, dict[int, int]] = {}

    def add(version: str, level: str, column: pd.Series) -> None:
        for code, members in units.groupby(column, sort=True):
            codes[place_code(version, level, str(code))] = dict.fromkeys(map(int, members.index), 1)

    add("2024", "district", units["district_2024"])
    for version in versions:
        add(version, "province", units[f"province_{version}"])
        unallocated = units[f"province_{version}"] + ":unallocated"
        add(version, "commune", units[f"commune_{version}"].fillna(unallocated))
    hidden = []
    shown = {frozenset(members) for members in codes.values()}
    communes = {v: [p for p in codes if p.startswith(f"{v}|commune|")] for v in ("2024", "2025")}
    for new in communes["2025"]:
        members = frozenset(codes[new])
        for old in communes["2024"]:
            rest = members - frozenset(codes[old])
            if len(rest) in (0, len(members)):
                continue
            # what the new commune has besides the old one, or the part of it that the old one gave
            for name, group in (("less", rest), ("both", members - rest)):
                if group not in shown:
                    shown.add(group)
                    hidden.append(place_code("2025", name, f"{new[-5:]} {old[-5:]}"))
                    codes[hidden[-1]] = dict.fromkeys(sorted(group), 1)
    return Dimension("place", list(map(int, units.index)), codes), hidden
