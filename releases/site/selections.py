"""Which rows the files to hand out hold, and in which order: all as queries, from the catalogue.

A selection is SQL over the released tables, each by its name; the headline is that of the release's database.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from expectations.catalogue import RELEASE, PublishedTable, published_tables
from releases.database.views import views
from releases.site.code_names import with_names
from releases.tables import RELEASED
from sources.reading.sheets import ROW_LIMIT

ROWS = 75_000  # of a table in a workbook: what an office computer opens without waiting
EARLY = 100  # rows by which every column has shown its type: readers guess it from the first 100 (polars) to 1,000 (R)
INDICATORS = published_tables()["indicators"]
ABOVE_PLACES = "area_level in ('country', 'province')"
HEADLINE = next(view.query for view in views() if view.name == "headline")


def _apart(table: PublishedTable, by: int) -> str:
    """SQL of whether a row is told apart by no more than ``by`` columns, such as sex, age and settlement; by none it is a total."""
    return " + ".join(f"({part} <> 'total')::integer" for part in table.parts) + f" <= {by}"


ONE_WAY = f"select * from indicators where {ABOVE_PLACES} and {_apart(INDICATORS, 1)}"


@dataclass(frozen=True)
class Sheet:
    """Rows of one table that are alike: what their sheet is called, whose they are, their query, and their unit if they have one."""

    name: str
    table: str
    query: str
    unit: str | None = None


def sheets(connection: duckdb.DuckDBPyConnection) -> list[Sheet]:
    """What a workbook holds: the headline, then every table, country and provinces alone where it goes below them.

    A table whose figures are of several units has a sheet for each basis and unit, so that what stands in one column is alike.
    ``connection`` has the names of codes (``name_codes``), which stand beside them.
    """
    found = [Sheet("headline", "indicators", _of_sheet(connection, HEADLINE, "indicators"))]
    for name, table in published_tables().items():
        places = ABOVE_PLACES if {"district", "commune"} & set(table.levels) else "true"
        every = _fitting(connection, f"select * from {name} where {places}", table)
        if {"basis", "unit"} <= table.columns:
            kinds = connection.execute(
                f"select distinct basis, unit from ({every}) order by basis = 'official', basis, unit"
            ).fetchall()
            titles = _titles([f"{basis}_{unit}" for basis, unit in kinds])
            parts = [f"{every} and basis is not distinct from {_text(b)} and unit is not distinct from {_text(u)}" for b, u in kinds]  # fmt: skip
        else:
            kinds, titles, parts = [(None, None)], [name], [every]
        found += [
            Sheet(title, name, _of_sheet(connection, part, name), unit)
            for title, part, (_, unit) in zip(titles, parts, kinds, strict=True)
        ]
    return found


def _fitting(connection: duckdb.DuckDBPyConnection, query: str, table: PublishedTable) -> str:
    """What a workbook takes of a table: all; else without what most columns tell apart, and if need be the newest periods."""
    fitting = query
    for by in reversed(range(1, len(table.parts))):
        if _rows(connection, fitting) <= ROWS:
            return fitting
        fitting = f"{query} and {_apart(table, by)}"
    if "period" in table.columns and _rows(connection, fitting) > ROWS:
        first = connection.execute(
            "select coalesce(min(period) filter (where so_far <= $most), max(period)) from ("
            f" select period, sum(count(*)) over (order by period desc) as so_far from ({fitting}) group by period)",
            {"most": ROWS},
        ).fetchone()
        fitting += f" and period >= {_text(first[0] if first else None)}"
    return fitting


def _of_sheet(connection: duckdb.DuckDBPyConnection, query: str, table: str) -> str:
    """The rows of a sheet in their order, with the names of codes; without the release, which the notes name."""
    released = f"exclude ({RELEASE})" if RELEASE in published_tables()[table].columns else ""
    shown = with_names(connection, f"select * {released} from ({query})", table)
    return f"{typed_first(connection, shown, table)} limit {ROW_LIMIT - 1}"


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    counted = connection.execute(f"select count(*) from ({query})").fetchone()
    return int(counted[0]) if counted else 0


def typed_first(connection: duckdb.DuckDBPyConnection, query: str, table: str) -> str:
    """The rows of a query in the order of the table's key, but that every column shows its type in the first of them.

    For a column that is empty, or whole though it holds fractions, further than readers look, the first row that is not goes
    to the top.
    """
    shows = [
        f"min(line) filter ({f'{name} <> trunc({name})' if kind == 'DOUBLE' else f'{name} is not null'})"
        for name, kind, *_ in connection.execute(f"describe {query}").fetchall()
    ]
    key = ", ".join(RELEASED[table])
    return (
        f"with numbered as (select *, row_number() over (order by {key}) as line from ({query})),"
        f" late as (select unnest([{', '.join(shows)}]) as line from numbered)"
        " select * exclude (line) from numbered"
        f" order by line not in (select line from late where line > {EARLY}), line"
    )


def _titles(names: list[str]) -> list[str]:
    """The names as a workbook takes them for its sheets: 31 letters, digits and underscores, none twice whatever its case."""
    found: list[str] = []
    for name in names:
        title, number = re.sub(r"\W", "_", name)[:31], 1
        while title.casefold() in (f.casefold() for f in found):
            number += 1
            title = f"{title[:28]}_{number}"
        found.append(title)
    return found


def _text(value: object) -> str:
    return "null" if value is None else "'" + str(value).replace("'", "''") + "'"
