"""The places a release tells of: how they are called, with what is covered of them in the name, and where their pages lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from releases.pages.words import Pair
from releases.site.reference import Reference

VERSIONS = ("2024", "2025")
# a province of which the register holds less than this share of what it holds of the largest sends no register of its own:
# those are people who moved there
LEAST_SHARE = 0.1
IN_VIET_NAM = {"2024": 63, "2025": 34}
COUNTRY, COVERED = (
    "VN",
    "covered",
)  # all that is published together; the second where it is set which provinces are complete
KINDS = ("Tỉnh ", "Thành phố ", "Huyện ", "Thị xã ", "Quận ")


@dataclass(frozen=True)
class Place:
    """An area with a page of its own (or, a commune, a line on one).

    ``name`` says what is covered; ``plain`` is the name alone, ``short`` without its kind; ``parent`` the code of the
    district or province it lies in, in the same ``version``; ``of`` the old provinces with data that make up what is covered.
    """

    version: str
    level: str
    code: str
    name: Pair
    plain: str
    parent: str | None
    of: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The area as addresses and commands name it."""
        return f"{self.code}@{self.version}"

    @property
    def file(self) -> str:
        """The page, in the folder of a language."""
        return f"place-{self.version}-{self.code}.html"

    @property
    def short(self) -> str:
        """The name without its kind; a city keeps it, since a district may be called alike."""
        for kind in KINDS:
            if self.plain.startswith(kind):
                return ("TP " if kind == "Thành phố " else "") + self.plain.removeprefix(kind)
        return self.plain


def covered_codes(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Old provinces with a register of their own in the release: those published, less those that people only moved to."""
    found = connection.execute(
        "with sizes as (select area_code, max(value) as persons from indicators where basis = 'register'"
        " and indicator = 'population_15_plus' and area_version = '2024' and area_level = 'province' and sex = 'total'"
        " and age_group = 'total' and urban_rural = 'total' and area_code <> 'unknown' group by area_code)"
        " select area_code from sizes where persons >= ? * (select max(persons) from sizes) order by area_code",
        [LEAST_SHARE],
    ).fetchall()
    return tuple(str(code) for (code,) in found)


def _joined(names: list[str], last: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def _country(version: str, code: str, covered: list[Place]) -> Place:
    if len(covered) == IN_VIET_NAM["2024"]:
        return Place(version, "country", code, ("Cả nước", "Viet Nam"), "Cả nước", None)
    names = [p.short for p in covered]
    if len(names) == 1:
        pair = (f"Phần có dữ liệu: {names[0]}", f"Part with data: {names[0]}")
    elif len(names) <= 3:
        pair = (_joined(names, "và"), _joined(names, "and"))
    else:
        pair = (f"{len(names)} tỉnh có dữ liệu", f"The {len(names)} provinces with data")
    return Place(version, "country", code, pair, pair[0], None, tuple(p.code for p in covered))


def places(connection: duckdb.DuckDBPyConnection, reference: Reference) -> Mapping[str, Place]:
    """Country, provinces, districts and communes that have a figure, by ``key``: of covered provinces alone.

    The country is called by the provinces whose registers it holds, unless it holds all; a new province by the old ones it
    was made of, where some of these have no data here.
    """
    there = {
        (str(v), str(c))
        for v, c in connection.execute(
            "select distinct area_version, area_code from indicators where basis = 'register'"
        ).fetchall()
    }
    columns = ["area_version", "area_level", "area_code", "area_name", "parent_code", "province_code"]
    areas = [tuple(map(str, row)) for row in reference.areas[columns].itertuples(index=False)]
    plain = {(v, c): n for v, level, c, n, *_ in areas if level == "province"}
    covered = [
        Place("2024", "province", code, (plain["2024", code],) * 2, plain["2024", code], COUNTRY, (code,))
        for code in covered_codes(connection)
    ]
    old = {p.code: p for p in covered}
    made_of: dict[str, list[str]] = {}
    for new, former in reference.merged[["province_2025", "province_2024"]].itertuples(index=False):
        made_of.setdefault(str(new), []).append(str(former))
    found: dict[str, Place] = {}
    for version in VERSIONS:
        if covered:
            country = _country(version, COUNTRY if (version, COUNTRY) in there else COVERED, covered)
            found[country.key] = country
    for place in covered:
        found[place.key] = place
    for new, formers in made_of.items():
        parts = [old[f] for f in formers if f in old]
        if not parts or ("2025", new) not in there:
            continue
        name = plain["2025", new]
        pair = (name, name)
        if len(parts) < len(formers):
            names = [p.short for p in parts]
            pair = (
                f"{name} (phần {_joined(names, 'và')} cũ)",
                f"{name} (former {_joined(names, 'and')} only)",
            )
        place = Place("2025", "province", new, pair, name, COUNTRY, tuple(p.code for p in parts))
        found[place.key] = place
    for version, level, code, name, parent, province in areas:
        if level in ("district", "commune") and (version, code) in there and f"{province}@{version}" in found:
            found[f"{code}@{version}"] = Place(version, level, code, (name, name), name, parent)
    return found
