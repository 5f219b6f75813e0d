"""What the site hands out beside Parquet and DuckDB: every table as CSV, and one workbook with a sheet for each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import xlsxwriter

from expectations.catalogue import published_tables
from releases.pages.dictionary import Table
from releases.tables import RELEASED, csv_select
from sources.reading.sheets import ROW_LIMIT

# a sheet holds country and provinces; places below them would fill it, and stand in the other forms
LEFT_OUT = {
    t.name: "area_level not in ('district', 'commune')"
    for t in published_tables().values()
    if {"district", "commune"} & set(t.levels)
}


@dataclass(frozen=True)
class Download:
    """A file to hand out: where it lies as seen from the site, what it holds, and how large it is."""

    file: str
    table: str
    form: str
    bytes: int


def write_downloads(
    connection: duckdb.DuckDBPyConnection,
    release: Path,
    name: str,
    notes: list[tuple[str, str]],
    tables: tuple[Table, ...],
) -> list[Download]:
    """Write CSV files and the workbook under ``<release>/site/downloads``; returns all there is.

    ``name`` is that of the release; ``connection`` has a view per released table; ``notes`` go onto the workbook's first sheet.
    """
    folder = release / "site" / "downloads"
    folder.mkdir()
    for table in RELEASED:
        path = str(folder / f"{table}.csv").replace("'", "''")
        connection.execute(f"copy ({csv_select(connection, table)}) to '{path}' (format csv, header)")
    workbook = folder / f"labourdb-{name}.xlsx"
    _write_workbook(connection, workbook, notes, {t.name: t for t in tables})
    found = [Download("../labour.duckdb", "", "DuckDB", (release / "labour.duckdb").stat().st_size)]
    found.append(Download(f"downloads/{workbook.name}", "", "Excel", workbook.stat().st_size))
    for table in RELEASED:
        parquet, csv = release / "tables" / f"{table}.parquet", folder / f"{table}.csv"
        found.append(Download(f"../tables/{table}.parquet", table, "Parquet", parquet.stat().st_size))
        found.append(Download(f"downloads/{table}.csv", table, "CSV", csv.stat().st_size))
    return found


def _write_workbook(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    notes: list[tuple[str, str]],
    described: dict[str, Table],
) -> None:
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:  # fmt: skip
        bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        first = book.add_worksheet("Ghi chú - Notes")
        first.set_column(0, 1, 90, wrapped)
        for row, pair in enumerate(notes):
            first.write_row(row, 0, pair)
        row = len(notes) + 1
        for table in RELEASED:
            row = _describe(first, row, described.get(table), bold)
        for table in RELEASED:
            sheet = book.add_worksheet(table)
            sheet.freeze_panes(1, 0)
            chosen = f"where {LEFT_OUT[table]}" if table in LEFT_OUT else ""
            chosen += _newest(connection, table, chosen)
            rows = connection.execute(
                f"select * exclude (release_id) from {table} {chosen} limit {ROW_LIMIT - 1}"
                if "release_id" in _columns(connection, table)
                else f"from {table} {chosen} limit {ROW_LIMIT - 1}"
            )
            sheet.write_row(0, 0, [column[0] for column in rows.description or ()], bold)
            line = 1
            while batch := rows.fetchmany(5_000):
                for values in batch:
                    sheet.write_row(line, 0, values)
                    line += 1
            sheet.autofilter(0, 0, line - 1, len(rows.description or ()) - 1)


def _newest(connection: duckdb.DuckDBPyConnection, table: str, chosen: str) -> str:
    """A further condition where a sheet cannot take all rows: those of the newest periods that fit."""
    if "period" not in _columns(connection, table):
        return ""
    first = connection.execute(
        "select min(period) filter (where so_far < $most), max(so_far) < $most from ("
        " select period, sum(count(*)) over (order by period desc) as so_far"
        f" from {table} {chosen} group by period)",
        {"most": ROW_LIMIT},
    ).fetchone()
    if first is None or first[0] is None or first[1]:
        return ""
    return f"{' and' if chosen else 'where'} period >= '{first[0]}'"


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(f"describe {table}").fetchall()]


def _describe(sheet: xlsxwriter.worksheet.Worksheet, row: int, table: Table | None, bold: object) -> int:
    """Write a table's description and its columns'; returns the next free row."""
    if table is None:
        return row
    sheet.write_row(row, 0, [f"{table.name}: {table.title_vi}. {table.vi}", f"{table.name}: {table.title_en}. {table.en}"], bold)  # fmt: skip
    for number, field in enumerate(table.fields, start=1):
        sheet.write_row(row + number, 0, [f"{field.name}: {field.vi}", f"{field.name}: {field.en}"])
    return row + len(table.fields) + 2
