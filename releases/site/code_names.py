"""What the codes of a sheet are called: a column of names beside each column of codes, and a title for every column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import duckdb
import pyarrow as pa

from expectations.catalogue import RELEASE, named_by, published_tables
from releases.database.names import LISTS, STATUSES
from releases.pages import words
from releases.pages.dictionary import Dictionary
from releases.site.places import Place
from releases.site.reference import Reference
from releases.site.vocabulary import DIMENSIONS, indicator_names

SAY_THEMSELVES = (
    "basis",
    "unit",
    "area_version",
    "area_level",
    RELEASE,
)  # alike in all rows of a sheet, years, or said by names
COVERED = "area_covered"  # the name of an area, with what is covered of it
_TITLES = {"urban_rural": DIMENSIONS["urban_rural"][0], "severity": "Mức độ", COVERED: "Phạm vi có số liệu"}


def name_codes(
    connection: duckdb.DuckDBPyConnection, reference: Reference, places: Mapping[str, Place]
) -> None:
    """Make the temporary table ``code_names`` (list, code, name) of ``connection``, which ``with_names`` reads.

    An area's code stands in it with its basis and list, ``register/2024/30``: register figures are of what ``places`` cover,
    official ones of the whole area.
    """
    lists, codes, names = zip(*_names(reference, places), strict=True)
    connection.register("names_put", pa.table({"list": lists, "code": codes, "name": names}))
    connection.execute("create or replace temp table code_names as from names_put")
    connection.unregister("names_put")


def _names(reference: Reference, places: Mapping[str, Place]) -> Iterator[tuple[str, str, str]]:
    known = {name: said for name, said in LISTS.items() if name != "areas"}
    known["statuses"] = {code: pair for said in STATUSES.values() for code, pair in said.items()}
    known["source"] = {s.name: (s.title_vi, s.title_en) for s in reference.dictionary.sources}
    for name, said in known.items():
        yield from ((name, code, pair[0]) for code, pair in said.items())
    for basis in words.BASES:
        for code, pair in indicator_names(reference.dictionary, basis).items():
            yield "indicators_dictionary", f"{basis}/{code}", pair[0]
    areas = reference.areas[["area_version", "area_code", "area_name"]].itertuples(index=False)
    plain = {f"{version}/{code}": str(name) for version, code, name in areas}
    plain |= {f"{v}/{code}": pair[0] for v in words.AREA_VERSIONS for code, pair in words.AREAS.items()}
    covered = {f"{p.version}/{p.code}": p.name[0] for p in places.values()}
    for key, name in plain.items():
        yield "areas", f"official/{key}", name
        yield "areas", f"register/{key}", covered.get(key, name)


def with_names(connection: duckdb.DuckDBPyConnection, query: str, table: str) -> str:
    """A query of rows of a released table, with a column ``…_name`` (of areas: ``area_covered``) after each column of codes.

    A code that has no name, as one that an agency made up, is its own.
    """
    columns = [str(name) for name, *_ in connection.execute(f"describe {query}").fetchall()]
    basis = "r.basis" if "basis" in columns else "'register'"
    shown, joins = [], []
    for column in columns:
        shown.append(f"r.{column}")
        by = named_by(table, column)
        if by is None or column in SAY_THEMSELVES:
            continue
        code = f"r.{column}::varchar"
        key = {
            "areas": f"{basis} || '/' || r.area_version || '/' || {code}",
            "indicators_dictionary": f"{basis} || '/' || {code}",
        }.get(by, code)  # fmt: skip
        own = f"{code} || ' tuổi'" if column == "age_group" else code
        joins.append(
            f"left join code_names as of_{column} on of_{column}.list = '{by}' and of_{column}.code = {key}"
        )
        shown.append(f"coalesce(of_{column}.name, {own}) as {named(column)}")
    return f"select {', '.join(shown)} from ({query}) as r {' '.join(joins)}"


def named(column: str) -> str:
    """What the column of the names of a column of codes is called."""
    return COVERED if column == "area_code" else f"{column.removesuffix('_code')}_name"


def titles(dictionary: Dictionary) -> Mapping[str, Mapping[str, str]]:
    """By released table and column, what the column is called in Vietnamese: how its description begins; names come after codes."""
    found = {}
    for table in (t for t in dictionary.published if t.name in published_tables()):
        of = {f.name: _TITLES.get(f.name) or re.split(r"[:;(]|\.$|, ", f.vi)[0].strip() for f in table.fields}
        of |= {
            named(c): _TITLES.get(named(c)) or f"{t.removeprefix('Mã ').capitalize()} (tên)"
            for c, t in of.items()
        } | of
        found[table.name] = of
    return found
