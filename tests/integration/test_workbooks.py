"""The workbooks as people see them: the sheet of targets, the small workbook, formats, titles, and how they print."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook
from support.home_tables import released
from worlds import eighteen_persons as worlds

from expectations.catalogue import published_tables
from orchestration.run.site import site_reference
from releases.disclosure import PROTECTION
from releases.pages import words
from releases.release import Release, current_release
from releases.site import selections
from releases.site.code_names import titles
from releases.site.places import places
from releases.site.reference import Reference
from releases.site.short_names import short_name
from releases.site.target_sheet import FILLS, GAP_TITLE, NAME, SIGNS, TARGET, VALUE, VERDICT
from releases.site.targets import by_verdict, targets
from releases.site.vocabulary import indicator_names
from releases.site.workbook import NOTES, write_workbooks

SMALL = 300_000  # bytes


@pytest.fixture(scope="module")
def release() -> Release:
    found = current_release(worlds.small_home().releases)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def tables(release: Release) -> Iterator[duckdb.DuckDBPyConnection]:
    with released(release.path) as connection:
        yield connection


@pytest.fixture(scope="module")
def reference() -> Reference:
    return site_reference()


@pytest.fixture(scope="module")
def summary(release: Release) -> Path:
    (path,) = (release.path / "site" / "downloads").glob("tom-tat-*.xlsx")
    return path


@pytest.fixture(scope="module")
def book(summary: Path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(summary)


@pytest.fixture(scope="module")
def full(release: Release) -> openpyxl.Workbook:
    (path,) = (release.path / "site" / "downloads").glob("labourdb-*.xlsx")
    return openpyxl.load_workbook(path)


def columns(sheet: Worksheet) -> dict[str, str]:
    return {str(cell.value): cell.column_letter for cell in sheet[1]}


def test_the_first_sheet_says_of_every_target_what_the_pages_say(
    release: Release,
    book: openpyxl.Workbook,
    full: openpyxl.Workbook,
    tables: duckdb.DuckDBPyConnection,
    reference: Reference,
) -> None:
    """By province, then by verdict, worst first; the verdict in words, with a sign beside its colour; figures as published."""
    found = targets(tables, {b: indicator_names(reference.dictionary, b) for b in words.BASES})
    ordered = [
        t
        for area in dict.fromkeys(t.area for t in found)
        for _, group in by_verdict([t for t in found if t.area == area])
        for t in group
    ]
    assert len({t.verdict for t in ordered}) > 1
    for sheet in (book.worksheets[0], full.worksheets[0]):
        assert sheet.title == NAME
        at = columns(sheet)
        for line, target in enumerate(ordered, 2):
            cell = {title: sheet[f"{letter}{line}"] for title, letter in at.items()}
            assert cell["Chỉ tiêu"].value == short_name(target.indicator, target.basis)[0]
            assert (cell[VALUE].value, cell[TARGET].value) == (target.value, target.target)
            assert cell[GAP_TITLE].value == target.gap
            assert cell[TARGET].number_format.startswith(f'"{words.SIGNS[target.comparator][0]} "')
            said = str(cell[VERDICT].value)
            assert said.startswith(f"{SIGNS[target.verdict]} {words.VERDICTS[target.verdict][0]}")
            assert said.endswith("(số sơ bộ)") == (target.is_provisional and target.verdict != "no_data")
            assert cell[VERDICT].fill.fgColor.rgb == f"FF{FILLS[target.verdict][1:]}"
            assert (cell["Hai nguồn"].value == "trái chiều") == target.is_contradicted
        below = [str(row[0]) for row in sheet.iter_rows(len(ordered) + 2, values_only=True) if row[0]]
        assert any(release.id in text for text in below) and words.PROTECTIONS[PROTECTION][0] in below


def test_verdicts_are_told_apart_without_colours() -> None:
    assert SIGNS.keys() == FILLS.keys() == words.VERDICTS.keys()
    assert len(set(SIGNS.values())) == len(SIGNS)


def test_the_small_workbook_holds_headline_figures_of_the_last_periods(
    summary: Path, book: openpyxl.Workbook, tables: duckdb.DuckDBPyConnection
) -> None:
    assert summary.stat().st_size <= SMALL
    assert book.sheetnames == [NAME, "Tỉnh - sổ đăng ký", "Tỉnh - thống kê", "Huyện - sổ đăng ký", NOTES]
    sheet = book["Tỉnh - sổ đăng ký"]
    at = columns(sheet)
    (period,) = tables.execute("select max(period) from indicators where basis = 'register'").fetchone() or (
        "",
    )
    quarter = f"Quý {('', 'I', 'II', 'III', 'IV')[int(period[-1])]}/{period[:4]}"
    figures = {
        (short_name(indicator, "register")[0], name, words.AREA_VERSIONS[version][0]): value
        for indicator, version, name, value in tables.execute(
            "select indicator, area_version, area_name, value from indicators where basis = 'register' and period = ?"
            " and sex = 'total' and age_group = 'total' and urban_rural = 'total' and area_level = 'province'",
            [period],
        ).fetchall()
    }  # fmt: skip
    compared = 0
    for line in range(2, sheet.max_row + 1):
        key = tuple(sheet[f"{at[c]}{line}"].value for c in ("Chỉ tiêu", "Địa bàn", "Địa giới"))
        if key in figures:
            value = sheet[f"{at[quarter]}{line}"].value
            assert value == (None if figures[key] is None else pytest.approx(figures[key], abs=1e-6))
            compared += value is not None
    assert compared > 10


def test_no_figure_of_the_registers_is_called_national(book: openpyxl.Workbook) -> None:
    """Two provinces are not the country, nor a part of a province all of it; official figures are of the whole area."""
    named = {
        sheet: {str(row[0]) for row in book[sheet].iter_rows(2, values_only=True)}
        for sheet in ("Tỉnh - sổ đăng ký", "Tỉnh - thống kê")
    }
    assert named["Tỉnh - thống kê"] and not [n for n in named["Tỉnh - thống kê"] if "phần" in n]
    assert "Cả nước" not in named["Tỉnh - sổ đăng ký"] and [
        n for n in named["Tỉnh - sổ đăng ký"] if "phần" in n
    ]


def test_sheets_are_formatted_and_print_across_with_their_header(
    book: openpyxl.Workbook, full: openpyxl.Workbook
) -> None:
    for sheet in (*book.worksheets, *full.worksheets):
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.page_setup.fitToHeight == 0
        assert sheet.print_title_rows == "$1:$1" and "Bản công bố" in str(sheet.oddFooter.left.text)
        assert str(sheet.freeze_panes)[1:] == "2"
        assert all(sheet.column_dimensions[c.column_letter].width >= 6 for c in sheet[1])


def test_numbers_are_shown_by_what_they_are(full: openpyxl.Workbook) -> None:
    shown = {
        ("register_persons", "value"): "#,##0_)", ("register_percent", "value"): "#,##0.0_)", ("register_percent", "numerator"): "#,##0_)",
        ("transitions", "persons"): "#,##0_)", ("transitions", "share"): "#,##0.0_)",
    }  # fmt: skip
    for (name, column), wanted in shown.items():
        sheet = full[name]
        assert sheet[f"{columns(sheet)[column]}2"].number_format == wanted


def test_a_title_is_shown_and_the_name_of_the_column_stays_the_value(
    full: openpyxl.Workbook, reference: Reference
) -> None:
    called = titles(reference.dictionary)
    for name, table in published_tables().items():
        assert table.columns <= called[name].keys() and all(called[name].values())
        sheet = full["register_persons" if name == "indicators" else name]
        for cell in sheet[1]:
            assert cell.value in called[name]
            assert cell.number_format == f';;;"{called[name][str(cell.value)]} ("@")"'
            assert len(cell.number_format) < 256  # what Excel takes


def test_names_stand_beside_codes(full: openpyxl.Workbook) -> None:
    sheet = full["register_persons"]
    at = columns(sheet)
    said = {
        (row[0].value, row[1].value)
        for row in sheet.iter_rows(2, min_col=openpyxl.utils.column_index_from_string(at["sex"]), max_col=openpyxl.utils.column_index_from_string(at["sex_name"]))
    }  # fmt: skip
    assert said == {("total", "Cả hai giới"), ("female", "Nữ"), ("male", "Nam")}
    assert sheet[f"{at['indicator_name']}2"].value != sheet[f"{at['indicator']}2"].value
    covered = {str(sheet[f"{at['area_covered']}{n}"].value) for n in range(2, sheet.max_row + 1)}
    assert "Cả nước" not in covered


def test_of_a_long_table_what_several_columns_tell_apart_goes_first_then_old_periods(
    tables: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = published_tables()["indicators"]
    query = "select * from indicators where basis = 'register'"

    def fitting(rows: int) -> tuple[int, int, int]:
        monkeypatch.setattr(selections, "ROWS", rows)
        found = selections._fitting(tables, query, table)
        apart = "(sex <> 'total')::int + (age_group <> 'total')::int + (urban_rural <> 'total')::int"
        counted = tables.execute(
            f"select count(*), max({apart}), count(distinct period) from ({found})"
        ).fetchone()
        assert counted is not None
        return counted

    every, most, periods = fitting(10**9)
    assert most == 3
    two = fitting(every - 1)
    assert two[0] < every and two[1:] == (2, periods)
    one = fitting(two[0] - 1)
    assert one[0] < two[0] and one[1:] == (1, periods)
    last = fitting(one[0] - 1)
    assert 0 < last[0] < one[0] and last[1] == 1 and last[2] < periods
    assert fitting(1)[2] == 1, "of the newest period all rows, however many"


def test_the_same_tables_make_the_same_bytes(
    release: Release, tables: duckdb.DuckDBPyConnection, reference: Reference, summary: Path, tmp_path: Path
) -> None:
    found = targets(tables, {b: indicator_names(reference.dictionary, b) for b in words.BASES})
    made = [tmp_path / summary.name, tmp_path / f"labourdb-{release.id}.xlsx"]
    write_workbooks(tables, made[0], made[1], release.manifest, reference, places(tables, reference), found)
    for path in made:
        assert path.read_bytes() == (summary.parent / path.name).read_bytes()


def test_a_release_without_targets_says_so(
    release: Release, tables: duckdb.DuckDBPyConnection, reference: Reference, tmp_path: Path
) -> None:
    write_workbooks(tables, tmp_path / "s.xlsx", tmp_path / "f.xlsx", release.manifest, reference, {}, [])
    for name in ("s.xlsx", "f.xlsx"):
        first = CalamineWorkbook.from_path(tmp_path / name).get_sheet_by_index(0).to_python()
        assert "không có chỉ tiêu" in str(first[1][0])


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_reads_values_formats_and_print_set_up(
    summary: Path, book: openpyxl.Workbook, tmp_path: Path
) -> None:
    """Saved again by it, the workbook is what it was."""
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/settings", "--headless", "--convert-to", "xlsx", "--outdir", f"{tmp_path}/again", str(summary)],
        check=True, capture_output=True, timeout=300, env=os.environ | {"HOME": str(tmp_path)},
    )  # fmt: skip
    again = openpyxl.load_workbook(tmp_path / "again" / summary.name)
    assert again.sheetnames == book.sheetnames
    for sheet, saved in zip(book.worksheets, again.worksheets, strict=True):
        for row, read in zip(
            sheet.values, saved.iter_rows(max_col=sheet.max_column, values_only=True), strict=False
        ):
            assert [v for v in read] == [
                pytest.approx(v, rel=1e-13) if isinstance(v, float) else v for v in row
            ]
        assert saved.print_title_rows == "$1:$1" and saved.page_setup.orientation == "landscape"
    first, saved = book.worksheets[0], again.worksheets[0]
    at = columns(first)
    assert (
        saved[f"{at[TARGET]}2"].number_format.strip('"')[:1]
        == first[f"{at[TARGET]}2"].number_format.strip('"')[:1]
    )
    assert saved[f"{at[VERDICT]}2"].fill.fgColor.rgb == first[f"{at[VERDICT]}2"].fill.fgColor.rgb
