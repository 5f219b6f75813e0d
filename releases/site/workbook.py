"""One workbook of a release: a sheet of notes, and every table, typed so that spreadsheets, R and pandas read the same figures."""

from __future__ import annotations

import warnings
from pathlib import Path

import duckdb
import pandas as pd
import xlsxturbo

from expectations.catalogue import RELEASE, published_tables
from releases.pages.dictionary import Table
from releases.tables import RELEASED
from sources.reading.sheets import ROW_LIMIT

# a sheet holds country and provinces; places below them would fill it, and stand in the other forms
LEFT_OUT = {
    t.name: "area_level not in ('district', 'commune')"
    for t in published_tables().values()
    if {"district", "commune"} & set(t.levels)
}
CELL = 32_000  # characters of a text; a cell takes 32,767
NOTES = "Ghi chú - Notes"
_SHEET_OF_NOTES = {
    "autofilter": False,
    "column_widths": {0: 90.0, 1: 90.0},
    "column_formats": {"*": {"wrap_text": True, "align_vertical": "top"}},
}


def write_workbook(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    notes: list[tuple[str, str]],
    described: tuple[Table, ...],
) -> None:
    """Write the workbook of the views of ``connection``, one per released table.

    The first sheet says in both languages the ``notes`` and what tables and columns (``described``) mean.
    """
    sheets = [(_notes(notes, described), NOTES, _SHEET_OF_NOTES)]
    sheets += [(_rows(connection, table), table, {}) for table in RELEASED]
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", RuntimeWarning
        )  # of what constant memory leaves out: nothing asked for here
        xlsxturbo.dfs_to_xlsx(
            sheets,
            path,
            constant_memory=True,
            freeze_panes=True,
            autofilter=True,
            header_format={"bold": True},
        )


def _notes(notes: list[tuple[str, str]], described: tuple[Table, ...]) -> pd.DataFrame:
    known = {t.name: t for t in described}
    rows = [*notes]
    for table in (known[name] for name in RELEASED if name in known):
        rows += [("", ""), (f"{table.name}: {table.title_vi}. {table.vi}", f"{table.name}: {table.title_en}. {table.en}")]  # fmt: skip
        rows += [(f"{field.name}: {field.vi}", f"{field.name}: {field.en}") for field in table.fields]
    return pd.DataFrame(rows, columns=["Tiếng Việt", "English"])


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> pd.DataFrame:
    """What a sheet holds of a table, codes as categories: a text that stands in many rows is there once."""
    names = {str(name): str(kind) for name, kind, *_ in connection.execute(f"describe {table}").fetchall()}
    chosen = f"where {LEFT_OUT[table]}" if table in LEFT_OUT else ""
    chosen += _newest(connection, table, chosen) if "period" in names else ""
    cut = ", ".join(
        f"case when length({n}) > {CELL} then left({n}, {CELL}) || '…' else {n} end as {n}"
        for n, kind in names.items()
        if kind == "VARCHAR" and n != RELEASE
    )
    left_out = f"exclude ({RELEASE})" if RELEASE in names else ""
    rows = connection.execute(
        f"select * {left_out} replace ({cut}) from {table} {chosen} limit {ROW_LIMIT - 1}"
    )
    frame: pd.DataFrame = rows.to_arrow_table().to_pandas(strings_to_categorical=True)
    return frame


def _newest(connection: duckdb.DuckDBPyConnection, table: str, chosen: str) -> str:
    """A further condition where a sheet cannot take all rows: those of the newest periods that fit."""
    first = connection.execute(
        "select min(period) filter (where so_far < $most), max(so_far) < $most from ("
        " select period, sum(count(*)) over (order by period desc) as so_far"
        f" from {table} {chosen} group by period)",
        {"most": ROW_LIMIT},
    ).fetchone()
    if first is None or first[0] is None or first[1]:
        return ""
    return f"{' and' if chosen else 'where'} period >= '{first[0]}'"
