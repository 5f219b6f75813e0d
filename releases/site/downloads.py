"""What the site hands out beside Parquet and DuckDB: every table as CSV, and one workbook with a sheet for each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from releases.pages.dictionary import Table
from releases.site.workbook import write_workbook
from releases.tables import RELEASED, csv_select


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
    write_workbook(connection, workbook, notes, tables)
    found = [Download("../labour.duckdb", "", "DuckDB", (release / "labour.duckdb").stat().st_size)]
    found.append(Download(f"downloads/{workbook.name}", "", "Excel", workbook.stat().st_size))
    for table in RELEASED:
        parquet, csv = release / "tables" / f"{table}.parquet", folder / f"{table}.csv"
        found.append(Download(f"../tables/{table}.parquet", table, "Parquet", parquet.stat().st_size))
        found.append(Download(f"downloads/{table}.csv", table, "CSV", csv.stat().st_size))
    return found
