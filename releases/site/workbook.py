"""The workbooks of a release: a small one of targets and headline figures, and one of every table.

Cells are typed, so that spreadsheets, R and pandas read the same figures; what people see of them follows from formats.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import xlsxturbo

from expectations.catalogue import published_tables
from releases.pages import words
from releases.pages.dictionary import Dictionary
from releases.site.code_names import name_codes, titles
from releases.site.notes import OF_TABLES, notes_of, stands_first
from releases.site.places import Place
from releases.site.reference import Reference
from releases.site.selections import sheets as chosen
from releases.site.sheet_forms import HEAD, WHOLE_UNITS, finish, form, number_formats
from releases.site.summary import summary_sheets
from releases.site.target_sheet import target_sheet
from releases.site.targets import Target
from releases.tables import RELEASED

CELL = 32_000  # characters of a text; a cell takes 32,767
NOTES = "Ghi chú - Notes"
FOR_PEOPLE = 2  # sheets that come before those of the tables: targets and notes
Written = tuple[pd.DataFrame, str, dict[str, Any]]  # what the writer takes of a sheet: rows, name, options
_SHEET_OF_NOTES = {
    "autofilter": False,
    "column_widths": {0: 90.0, 1: 90.0},
    "column_formats": {"*": {"wrap_text": True, "align_vertical": "top"}},
}


def write_workbooks(
    connection: duckdb.DuckDBPyConnection,
    summary: Path,
    full: Path,
    manifest: Mapping[str, Any],
    reference: Reference,
    places: Mapping[str, Place],
    targets: Sequence[Target],
) -> None:
    """Write the small workbook ``summary`` and the ``full`` one of the views of ``connection``, one per released table.

    Both begin with the sheet of ``targets``. The notes say in both languages what must be known, and in the full one what tables
    and columns mean. Which release it is (``manifest``) stands at the foot of printed pages; places are called as in ``places``.
    """
    name_codes(connection, reference, places)
    of_release = [vi for vi, _ in stands_first(manifest)]
    first, notes = target_sheet(targets, places, of_release), notes_of(manifest)
    _write(summary, of_release, [first, *summary_sheets(connection, reference, places), _notes(notes)])
    said = [*notes, *OF_TABLES, *_described(reference.dictionary)]
    _write(full, of_release, [first, _notes(said), *_of_tables(connection, reference.dictionary)])


def _write(path: Path, of_release: Sequence[str], sheets: Sequence[Written]) -> None:
    made = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        xlsxturbo.dfs_to_xlsx(
            sheets, made, freeze_panes=True, autofilter=True, header_format=HEAD, compression_level=1
        )
    finish(made, path, [name for _, name, _ in sheets], " · ".join(of_release))


def _of_tables(connection: duckdb.DuckDBPyConnection, dictionary: Dictionary) -> Iterator[Written]:
    called = titles(dictionary)
    for sheet in chosen(connection):
        frame = _frame(connection, sheet.query)
        formats = number_formats(published_tables()[sheet.table], sheet.unit)
        whole = frame["unit"].isin(WHOLE_UNITS).tolist() if sheet.unit is None and "unit" in frame else ()
        yield frame, sheet.name, form(frame, formats, called.get(sheet.table, {}), whole)


def _notes(notes: Sequence[words.Pair]) -> Written:
    return pd.DataFrame(notes, columns=["Tiếng Việt", "English"]), NOTES, _SHEET_OF_NOTES


def _described(dictionary: Dictionary) -> Iterator[words.Pair]:
    known = {t.name: t for t in dictionary.published}
    for table in (known[name] for name in RELEASED if name in known):
        yield "", ""
        yield f"{table.name}: {table.title_vi}. {table.vi}", f"{table.name}: {table.title_en}. {table.en}"
        yield from ((f"{field.name}: {field.vi}", f"{field.name}: {field.en}") for field in table.fields)


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
