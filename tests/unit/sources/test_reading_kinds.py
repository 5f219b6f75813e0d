"""Deliveries as offices really send them (SPEC §1): every kind of trouble read rightly, or refused with the right words."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from support.ingestion import INSURED, Read, csv_text, insured, json_text, put, read

FOLDER = "social_insurance/2025-03"


def book(
    *sheets: tuple[str, list[list[object]]], hidden: tuple[str, ...] = (), epoch_1904: bool = False
) -> bytes:
    """A workbook of sheets by name."""
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    if epoch_1904:
        made.epoch = CALENDAR_MAC_1904
    for name, rows in sheets:
        sheet = made.create_sheet(name)
        for i, row in enumerate(rows, start=1):
            for j, cell in enumerate(row, start=1):
                if cell is not None:
                    sheet.cell(i, j, cell)  # type: ignore[arg-type]
        if name in hidden:
            sheet.sheet_state = "hidden"
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def table(*rows: dict[str, str]) -> list[list[object]]:
    return [list(INSURED), *(list(r.values()) for r in rows)]


def changed(workbook: bytes, rename: bool = False, **replaced: tuple[str, str]) -> bytes:
    """The workbook with something replaced in a part, or with backslashes in its parts' names."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            for part, (before, after) in replaced.items():
                if name.endswith(f"{part}.xml"):
                    assert before.encode() in data
                    data = data.replace(before.encode(), after.encode())
            info = zipfile.ZipInfo("x")
            info.filename = name.replace("/", "\\") if rename else name
            new.writestr(info, data)
    return content.getvalue()


def notices(result: Read) -> list[tuple[str, str, str]]:
    return result.connection.execute(
        "select file, notice, about from landing.notices order by all"
    ).fetchall()


def reasons(result: Read) -> list[tuple[str, str]]:
    return result.connection.execute(
        "select column_name, coalesce(reason, repair) from landing.repairs where repair <> 'leading_zero_restored' order by all"
    ).fetchall()


# ---- no line is lost in another --------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["", '"'])
@pytest.mark.parametrize("apart", [1, 2, 40])
def test_stray_quotes_swallow_no_line(tmp_path: Path, end: str, apart: int) -> None:
    """Two stray quotes at some distance; with the second at a name's end they even look like one whole record."""
    rows = [insured(i) for i in range(60)]
    rows[5]["full_name"] = '"' + rows[5]["full_name"]
    rows[5 + apart]["full_name"] = (
        rows[5 + apart]["full_name"] + end if end else '"' + rows[5 + apart]["full_name"]
    )
    put(tmp_path, "a.csv", csv_text(rows))
    result = read(tmp_path)
    assert result.problem() is None
    wrong = {line: why for line, why in result.quarantine()}
    assert 7 in wrong and "the header has 13" in wrong[7]
    assert set(wrong) <= {7, 7 + apart}
    assert result.counts()["a.csv"][0] == 60
    assert len(result.column("row_id")) == 60 - len(wrong)


def test_a_quoted_value_of_several_lines_is_one_value(tmp_path: Path) -> None:
    rows = [insured(1, full_name='"An, ở\nHải Dương,\nsố 1"'), insured(2)]
    put(tmp_path, "a.csv", csv_text(rows))
    assert read(tmp_path).column("full_name") == ["An, ở Hải Dương, số 1", "Nguyễn Văn An"]


def test_what_is_left_of_a_malformed_record_counts_one_row_a_line(tmp_path: Path) -> None:
    good = csv_text([insured(1)]).splitlines()[1]
    put(tmp_path, "a.csv", csv_text([]) + f'x,"y\n\n{good}\nz"\n{good}\n')
    result = read(tmp_path)
    assert [line for line, _ in result.quarantine()] == [2, 5]
    assert result.counts()["a.csv"] == (4, 1, 2, 1, 0) and result.closes()


@pytest.mark.parametrize("place", [1, 2, 30])
def test_lone_returns_refuse_with_their_line(tmp_path: Path, place: int) -> None:
    lines = csv_text([insured(i) for i in range(40)]).splitlines()
    put(tmp_path, "a.csv", "\r\n".join(lines[:place]) + "\r" + "\r\n".join(lines[place:]))
    assert f"a.csv, line {place}: lines end in CR alone" in str(read(tmp_path).problem())


def test_returns_inside_quotes_and_doubled_ones_are_white_space(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", csv_text([insured(1, full_name='"An\rBình"'), insured(2)]).replace("\n", "\r\r\n"))
    assert read(tmp_path).column("full_name") == ["An Bình", "Nguyễn Văn An"]


# ---- headers and files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["sep=;", "\ufeffsep=;", "SEP=;\r", '"sep=;"', "\n\nsep=;"])
def test_a_first_line_may_state_the_delimiter(tmp_path: Path, first: str) -> None:
    put(tmp_path, "a.csv", f"{first}\n" + csv_text([insured(1), insured(2, sex="?")], ";"))
    result = read(tmp_path)
    assert result.column("full_name") == ["Nguyễn Văn An"]
    assert result.quarantine() == [(first.count("\n") + 4, "unreadable:sex")]


def test_characters_that_show_nothing_are_removed(tmp_path: Path) -> None:
    row = insured(
        1,
        full_name="Ngu\u200bye\u00ad\u0302\u0303n\ufeff An\u200e",
        scheme="com\u2060pulsory",
        sex="\u202aNam\u202c",
    )
    put(tmp_path, "a.csv", csv_text([row]).replace("full_name", "\u200bHọ và\u00ad tên\ufeff", 1))
    result = read(tmp_path)
    assert result.problem() is None and result.column("full_name") == ["Nguyễn An"]


def test_a_missing_column_is_told_with_the_titles_and_the_closest(tmp_path: Path) -> None:
    text = (
        csv_text([insured(1)])
        .replace("wage_base", "Mức lương đóng BHX")
        .replace("full_name", "Họ tên NLĐ", 1)
    )
    put(tmp_path, "a.csv", text)
    put(tmp_path, "b.xlsx", book(("Tháng 3", [[t] for t in ("si_number",)])))
    put(tmp_path, "c.jsonl", json_text([{"si_number": "1", "wages": "2"}]))
    problem = str(read(tmp_path).problem())
    first, second, third = problem.splitlines()
    assert first.startswith("a.csv, line 1: required column(s) missing: full_name (closest: Họ tên NLĐ)")
    assert "titles found: si_number, citizen_id, Họ tên NLĐ" in first
    assert second.startswith("b.xlsx, sheet Tháng 3, line 1: required column(s) missing: full_name")
    assert "wage_base (closest: wages)" in third


def test_a_file_without_a_header_is_told_without_its_values(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", csv_text([insured(1)]).split("\n", 1)[1])
    problem = str(read(tmp_path).problem())
    assert "is the header missing?" in problem and "Nguyễn" not in problem and "001085" not in problem


def test_unknown_columns_name_what_they_resemble(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", csv_text([insured(1)]).replace("occupation_group", "occupation_grp"))
    put(tmp_path, "b.csv", csv_text([insured(2) | {"Màu mắt": "nâu"}], columns=[*INSURED, "Màu mắt"]))
    found = read(tmp_path).connection.execute(
        "select column_name, resembles from landing.unknown_columns order by all"
    )
    assert found.fetchall() == [("Màu mắt", None), ("occupation_grp", "occupation_group")]


def test_what_programs_leave_behind_is_ignored_and_reported(tmp_path: Path) -> None:
    litter = ["Thumbs.db", "desktop.ini", ".DS_Store", "~$a.xlsx", "a.csv.tmp", "b.csv.part", "THUMBS.DB"]
    for name in litter:
        put(tmp_path, name, "x")
    put(tmp_path, "a.csv", csv_text([insured(1)]))
    put(tmp_path, "delivery.json", '{"files": [{"name": "a.csv"}]}')
    result = read(tmp_path)
    assert result.problem() is None and len(result.column("row_id")) == 1
    assert {(f, n) for f, n, _ in notices(result)} == {(name, "ignored_file") for name in litter}
    put(tmp_path, "c.tmp", "y")
    assert len(read(tmp_path, result.connection).column("row_id")) == 1, "nor does the next run mind"


@pytest.mark.parametrize(("on_disk", "listed"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_file_names_are_compared_in_nfc(tmp_path: Path, on_disk: str, listed: str) -> None:
    name = "Đào tạo tháng 8.csv"
    put(tmp_path, unicodedata.normalize(on_disk, name), csv_text([insured(1)]))  # type: ignore[arg-type]
    note = unicodedata.normalize(listed, name)  # type: ignore[arg-type]
    put(tmp_path, "delivery.json", f'{{"files": [{{"name": "{note}", "rows": 1}}]}}')
    result = read(tmp_path)
    assert result.problem() is None
    assert result.counts() == {name: (1, 1, 0, 0, 0)}
    assert read(tmp_path, result.connection).counts() == {name: (1, 1, 0, 0, 0)}


# ---- workbooks ----------------------------------------------------------------------------------------------


def test_every_visible_sheet_is_read_in_order(tmp_path: Path) -> None:
    put(tmp_path, "a.xlsx", book(
        ("Hải Dương", table(insured(1, wage_base="1500000"), insured(2, sex="?"))), ("Trống", []),
        ("Thái Nguyên", [["Danh sách"], [], *table(insured(1), insured(3), insured(4, sex="?"))[:1][::-1],
                         *table(insured(1), insured(3), insured(4, sex="?"))[1:]]),
        ("Cũ", table(insured(9))), hidden=("Cũ",),
    ))  # fmt: skip
    result = read(tmp_path)
    assert result.counts()["a.xlsx"] == (5, 2, 2, 0, 1) and result.closes()
    assert result.column("wage_base") == [5000000.0, 5000000.0], "the later sheet's row of a key is kept"
    found = result.connection.execute(
        "select sheet, line, reasons, raw from landing.quarantine order by file_no, sheet desc"
    )
    places = [(sheet, line, why) for sheet, line, why, raw in found.fetchall() if "?" in raw]
    assert sorted(places) == [("Hải Dương", 3, "unreadable:sex"), ("Thái Nguyên", 6, "unreadable:sex")]
    assert notices(result) == [
        ("a.xlsx", "header_below_titles", "Thái Nguyên, 3"), ("a.xlsx", "hidden_sheet", "Cũ"),
    ]  # fmt: skip


def test_a_further_sheet_without_the_columns_is_named(tmp_path: Path) -> None:
    put(
        tmp_path,
        "a.xlsx",
        book(("Dữ liệu", table(insured(1))), ("Ghi chú", [["Người lập", "Ngày lập"], ["A", "B"]])),
    )
    result = read(tmp_path)
    assert result.counts()["a.xlsx"] == (1, 1, 0, 0, 0)
    assert notices(result) == [("a.xlsx", "sheet_not_read", "Ghi chú (titles found: Người lập, Ngày lập)")]


def test_a_first_sheet_without_the_columns_refuses_with_all_titles(tmp_path: Path) -> None:
    put(tmp_path, "a.xlsx", book(("Bìa", [["Báo cáo tháng"]]), ("Dữ liệu", table(insured(1)))))
    problem = str(read(tmp_path).problem())
    assert problem.startswith("a.xlsx, sheet Bìa, line 1: required column(s) missing: si_number")
    assert (
        "titles found: Báo cáo tháng" in problem
        and "Sheet Dữ liệu: titles found: si_number, citizen_id" in problem
    )


@pytest.mark.parametrize("above", [0, 5, 19])
def test_the_header_may_stand_below_titles(tmp_path: Path, above: int) -> None:
    titles: list[list[object]] = [["SỞ LAO ĐỘNG"], [None, "CỘNG HÒA"], [], ["DANH SÁCH"], [], *[[]] * 14][
        :above
    ]
    put(tmp_path, "a.xlsx", book(("S", [*titles, *table(insured(1), insured(2, sex="?"))])))
    result = read(tmp_path)
    assert result.quarantine() == [(above + 3, "unreadable:sex")]
    assert notices(result) == ([("a.xlsx", "header_below_titles", f"S, {above + 1}")] if above else [])


def test_error_cells_and_formulas_without_a_value_are_unreadable(tmp_path: Path) -> None:
    rows = table(insured(1), insured(2), insured(3))
    group, wage = INSURED.index("occupation_group"), INSURED.index("wage_base")
    rows[1][group], rows[2][group], rows[3][wage] = (
        "#N/A",
        "=1+2",
        "#VALUE!",
    )  # openpyxl makes errors and formulas of them
    put(tmp_path, "a.xlsx", book(("S", rows)))
    put(tmp_path, "b.csv", csv_text([insured(4, full_name="#REF!"), insured(5, occupation_group="#DIV/0!")]))
    result = read(tmp_path)
    assert result.quarantine() == [(2, "error_cell:full_name"), (4, "error_cell:wage_base")]
    assert reasons(result) == [
        ("occupation_group", "error_cell"), ("occupation_group", "error_cell"), ("occupation_group", "formula_without_value"),
    ]  # fmt: skip
    assert result.column("occupation_group") == [None, None, None]


def test_rows_of_formulas_alone_are_rows(tmp_path: Path) -> None:
    put(tmp_path, "a.xlsx", book(("S", [*table(insured(1)), [f"=A{i}" for i in range(len(INSURED))]])))
    result = read(tmp_path)
    assert result.counts()["a.xlsx"][:3] == (2, 1, 1)
    assert result.quarantine()[0][0] == 3 and "formula_without_value:full_name" in result.quarantine()[0][1]


def test_workbooks_that_count_from_1904_give_the_right_dates(tmp_path: Path) -> None:
    days = (date(2025, 3, 1) - date(1904, 1, 1)).days
    rows = table(insured(1), insured(2), insured(3))
    born, month = INSURED.index("birth_date"), INSURED.index("month")
    rows[1][born], rows[1][month] = datetime(1985, 3, 2), datetime(2025, 3, 1)  # as dates
    rows[2][born], rows[2][month] = (date(1985, 3, 2) - date(1904, 1, 1)).days, days  # as numbers
    rows[3][born] = 1985  # a year
    put(tmp_path, "a.xlsx", book(("S", rows), epoch_1904=True))
    result = read(tmp_path)
    assert result.quarantine() == []
    assert result.column("birth_date") == [date(1985, 3, 2), date(1985, 3, 2), date(1985, 7, 1)]
    assert set(result.column("month")) == {2025 * 12 + 2}


def test_archives_with_backslashes_are_read(tmp_path: Path) -> None:
    put(tmp_path, "a.xlsx", changed(book(("S", table(insured(1)))), rename=True))
    assert read(tmp_path).counts()["a.xlsx"] == (1, 1, 0, 0, 0)
