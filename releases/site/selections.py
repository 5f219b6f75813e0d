"""Which rows the files to hand out hold, and in which order: all as queries, from the catalogue.

A selection is SQL over the released tables, each by its name; the headline is that of the release's database.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from expectations.catalogue import RELEASE, published_tables
from releases.database.views import views
from releases.tables import RELEASED

SHEET_ROWS = (
    250_000  # of one kind in the workbook: spreadsheets take a million, and minutes to open a third of that
)
EARLY = 100  # rows by which every column has shown its type: readers guess it from the first 100 (polars) to 1,000 (R)
INDICATORS = published_tables()["indicators"]
ABOVE_PLACES = "area_level in ('country', 'province')"
HEADLINE = next(view.query for view in views() if view.name == "headline")
# totals, and what is told apart by one column alone: by sex, by age, by settlement
ONE_WAY = f"select * from indicators where {ABOVE_PLACES} and " + (
    " + ".join(f"({part} <> 'total')::integer" for part in INDICATORS.parts) + " <= 1"
)


@dataclass(frozen=True)
class Sheet:
    """Rows of one table that are alike: what their sheet is called, whose they are, and their query."""

    name: str
    table: str
    query: str


def sheets(connection: duckdb.DuckDBPyConnection) -> list[Sheet]:
    """What a workbook holds: the headline, then every table, country and provinces alone where it goes below them.

    A table whose figures are of several units has a sheet for each basis and unit, so that what stands in one column is alike.
    """
    found = [Sheet("headline", "indicators", _of_sheet(connection, HEADLINE, "indicators"))]
    for name, table in published_tables().items():
        every = f"select * from {name} where " + (
            ABOVE_PLACES if {"district", "commune"} & set(table.levels) else "true"
        )
        if {"basis", "unit"} <= table.columns:
            kinds = connection.execute(
                f"select distinct basis, unit from ({every}) order by basis = 'official', basis, unit"
            ).fetchall()
            titles = _titles([f"{basis}_{unit}" for basis, unit in kinds])
            parts = [f"{every} and basis is not distinct from {_text(b)} and unit is not distinct from {_text(u)}" for b, u in kinds]  # fmt: skip
        else:
            titles, parts = [name], [every]
        found += [
            Sheet(t, name, _of_sheet(connection, part, name)) for t, part in zip(titles, parts, strict=True)
        ]
    return found


def _of_sheet(connection: duckdb.DuckDBPyConnection, query: str, table: str) -> str:
    """What fits of a query, the newest periods if not all does; without the release, which the first sheet names."""
    columns = published_tables()[table].columns
    if "period" in columns:
        first = connection.execute(
            "select min(period) filter (where so_far < $most), max(so_far) < $most from ("
            f" select period, sum(count(*)) over (order by period desc) as so_far from ({query}) group by period)",
            {"most": SHEET_ROWS},
        ).fetchone()
        if first is not None and first[0] is not None and not first[1]:
            query += f" and period >= {_text(first[0])}"
    released = f"exclude ({RELEASE})" if RELEASE in columns else ""
    return f"select * {released} from ({typed_first(connection, query, table)}) limit {SHEET_ROWS - 1}"


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
