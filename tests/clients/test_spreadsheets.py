"""A release's workbook and small CSV files in R's readxl and in LibreOffice: the figures of the tables, of the right types.

``make clients`` runs this; it needs R and LibreOffice as Debian has them.
"""

from __future__ import annotations

import csv
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from support.home_tables import released
from support.sheets import name_as_sheets_do

from releases.release import Release
from releases.site.selections import HEADLINE, ONE_WAY, sheets
from releases.tables import RELEASED

SCRIPT = Path(__file__).parent / "read.R"
VIETNAMESE, AMERICAN = 1066, 1033  # as LibreOffice numbers settings
EVERY_SHEET = "csv:Text - txt - csv (StarCalc):44,34,76,1,,{},false,false,false,false,false,-1"

Table = tuple[list[str], list[str], list[tuple[Any, ...]]]  # titles, types, rows


@pytest.fixture(scope="session")
def connection(release: Release) -> duckdb.DuckDBPyConnection:
    tables = released(release.path)
    name_as_sheets_do(tables)
    return tables


def table(connection: duckdb.DuckDBPyConnection, query: str) -> Table:
    found = connection.execute(query)
    description = found.description or []
    return [c[0] for c in description], [str(c[1]) for c in description], found.fetchall()


@pytest.fixture(scope="session")
def stated(connection: duckdb.DuckDBPyConnection) -> dict[str, Table]:
    """What each sheet holds, of the tables."""
    return {s.name: table(connection, s.query) for s in sheets(connection)}


@pytest.fixture(scope="session")
def workbook(release: Release) -> Path:
    (path,) = (release.path / "site" / "downloads").glob("labourdb-*.xlsx")
    return path


def same(read: Iterable[Iterable[Any]], wanted: Table, whose: str) -> None:
    """Fails unless every cell read is the table's; nothing is empty, and a figure may differ in its 15th digit."""
    _, kinds, rows = wanted
    found = [tuple(r) for r in read]
    assert len(found) == len(rows), whose
    for line, wanted_line in zip(found, rows, strict=True):
        for cell, wanted_cell, kind in zip(line, wanted_line, kinds, strict=True):
            if wanted_cell is None or cell in ("", None):
                assert cell in ("", None) and wanted_cell in ("", None), f"{whose}: {line} for {wanted_line}"
            elif kind == "VARCHAR":
                assert str(cell) == wanted_cell, f"{whose}: {line} for {wanted_line}"
            else:
                assert float(cell) == pytest.approx(wanted_cell, rel=1e-13), (
                    f"{whose}: {line} for {wanted_line}"
                )


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))


def office(folder: Path, *arguments: str) -> None:
    """LibreOffice, with settings of its own in ``folder``."""
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{folder}/settings", "--headless", *arguments],
        check=True, capture_output=True, timeout=300, env=os.environ | {"HOME": str(folder)},
    )  # fmt: skip


def test_there_is_more_than_readers_look_at(stated: dict[str, Table]) -> None:
    assert set(RELEASED) - {"indicators"} <= set(stated) and all(rows for _, _, rows in stated.values())
    assert len(stated["register_persons"][2]) > 1_000 and len(stated["labour_flows"][2]) > 500


@pytest.mark.client("R's readxl")
def test_r_reads_every_figure_without_being_told_types(
    workbook: Path, stated: dict[str, Table], tmp_path: Path
) -> None:
    subprocess.run(
        ["Rscript", "--vanilla", str(SCRIPT), str(workbook), str(tmp_path)], check=True, timeout=300
    )
    _, *classes = rows_of(tmp_path / "classes.csv")
    for name, wanted in stated.items():
        titles, *read = rows_of(tmp_path / f"{name}.csv")
        assert titles == wanted[0]
        same(read, wanted, f"readxl, {name}")
        kinds = dict(zip(wanted[0], wanted[1], strict=True))
        of_sheet = [
            (column, kind) for sheet, column, kind, empty in classes if sheet == name and empty == "FALSE"
        ]
        assert of_sheet
        for column, kind in of_sheet:
            assert kind == ("character" if kinds[column] == "VARCHAR" else "numeric"), (
                f"{name}, {column}: {kind}"
            )


@pytest.mark.client("LibreOffice")
@pytest.mark.parametrize("settings", [VIETNAMESE, AMERICAN])
def test_libreoffice_reads_every_figure_under_any_settings(
    workbook: Path, stated: dict[str, Table], tmp_path: Path, settings: int
) -> None:
    office(tmp_path, "--convert-to", EVERY_SHEET.format(settings), "--outdir", str(tmp_path), str(workbook))
    for name, wanted in stated.items():
        titles, *read = rows_of(tmp_path / f"{workbook.stem}-{name}.csv")
        assert titles == wanted[0]
        if settings == VIETNAMESE:  # it writes as it was told, and reads nothing by it
            read = [
                [c.replace(",", ".") if k != "VARCHAR" else c for c, k in zip(r, wanted[1], strict=True)]
                for r in read
            ]
        same(read, wanted, f"LibreOffice, {name}")


@pytest.mark.client("LibreOffice")
def test_libreoffice_reads_small_files_under_vietnamese_settings(
    release: Release, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """As a clerk opens them: no column is told to be text, and codes keep their zeros."""
    downloads = release.path / "site" / "downloads"
    chosen = {
        "headline-vi.csv": HEADLINE,
        "places-vi/2024-30.csv": f"{ONE_WAY} and area_version = '2024' and area_code = '30'",
        "indicators-vi/register-unemployment_rate.csv": f"{ONE_WAY} and basis = 'register' and indicator = 'unemployment_rate'",
    }
    for name, query in chosen.items():
        read_as = f"--infilter=CSV:59,34,76,1,,{VIETNAMESE},false,false"
        office(tmp_path, read_as, "--convert-to", "xlsx", "--outdir", str(tmp_path), str(downloads / name))
        titles, *read = (
            openpyxl.load_workbook(tmp_path / Path(name).with_suffix(".xlsx").name).worksheets[0].values
        )
        ordered = f"{query} order by {', '.join(RELEASED['indicators'])}"
        wanted = table(
            connection, f"select * replace (area_code || '@' || area_version as area_code) from ({ordered})"
        )
        assert list(titles) == wanted[0]
        same(read, wanted, name)
        figures = [n for n, kind in enumerate(wanted[1]) if kind != "VARCHAR"]
        assert not [row for row in read if any(isinstance(row[n], str) for n in figures)]
