"""One workbook of a release: a sheet of notes, and every table, typed so that spreadsheets, R and pandas read the same figures."""

from __future__ import annotations

import warnings
from pathlib import Path

import duckdb
import pandas as pd
import xlsxturbo

from releases.pages.dictionary import Table
from releases.site.selections import sheets as chosen
from releases.tables import RELEASED

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
    sheets += [(_frame(connection, sheet.query), sheet.name, {}) for sheet in chosen(connection)]
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


def _frame(connection: duckdb.DuckDBPyConnection, query: str) -> pd.DataFrame:
    """The rows of a query, texts as categories: what stands in many rows is there once."""
    cut = ", ".join(
        f"case when length({name}) > {CELL} then left({name}, {CELL}) || '…' else {name} end as {name}"
        for name, kind, *_ in connection.execute(f"describe {query}").fetchall()
        if kind == "VARCHAR"
    )
    rows = connection.execute(f"select * replace ({cut}) from ({query})")
    frame: pd.DataFrame = rows.to_arrow_table().to_pandas(strings_to_categorical=True)
    return frame
