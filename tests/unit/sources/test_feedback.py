"""Feedback files: what stands in each cell, for whom, and that a check before sending says the same."""

from __future__ import annotations

import gzip
import io
import json
import re
import stat
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl.cell import Cell
from openpyxl.worksheet import _writer
from support.ingestion import INSURED, SEEDS, csv_text, database, insured, json_text, put, read
from typer.testing import CliRunner

from orchestration.cli.main import app
from orchestration.home import Home
from orchestration.run.scope import Run, RunScope
from orchestration.run.steps import ingest_new
from orchestration.settings import load_settings
from sources.calendar import quarter_number
from sources.cleaning.rows import PROBLEMS, reasons_sql
from sources.contract import all_sources, load_contract
from sources.feedback.files import HEADINGS, SUMMARY, TO_MEND, WHOLE_LINE, words, write_feedback
from sources.ingest import loading
from sources.ingest.deliveries import ingest
from sources.ingest.landing import find_deliveries
from sources.restricted.database import create_schema

NAME = "social_insurance/2025-03"
CHECK = CliRunner()


def feedback(home: Path, again: bool = False) -> list[str]:
    """Ingest what is below ``home`` and write feedback; the names of the workbooks written."""
    connection = database()
    deliveries, _ = find_deliveries(home / "landing")
    ingest(connection, deliveries, SEEDS)
    written = write_feedback(connection, home / "feedback", deliveries)
    if again:
        assert write_feedback(connection, home / "feedback") == []
    return [str(p.relative_to(home / "feedback")) for p in written]


def cells(path: Path, sheet: str) -> list[list[str]]:
    """A sheet's texts, without empty cells at the end of a row."""
    rows = []
    for row in openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True):
        filled = ["" if v is None else v for v in row]
        while filled and filled[-1] == "":
            filled.pop()
        rows.append(filled)
    return rows


def to_mend(home: Path, name: str = NAME) -> list[list[str]]:
    """File, line, column, title and value of every finding."""
    rows = cells(home / "feedback" / f"{name}.xlsx", TO_MEND)
    assert tuple(rows[0]) == HEADINGS
    return [row[:5] for row in rows[1:]]


def summary(home: Path, name: str = NAME) -> dict[str, list[str]]:
    return {r[0]: r[1:] for r in cells(home / "feedback" / f"{name}.xlsx", SUMMARY) if r}


MESSY = [
    insured(1),
    insured(2, wage_base="-5"),
    insured(3, full_name="N/A", sex="không  rõ", birth_date="31/02/1990"),
    insured(4, scheme="bắt buộc"),
    insured(5, employer_code=""),
    insured(6, managing_province_code="99", citizen_id="1085000006", occupation_group="nghề"),
]


def test_a_messy_csv_cell_by_cell(tmp_path: Path) -> None:
    titles = [*INSURED[:2], "Họ và tên", *INSURED[3:], "Ghi chú"]
    rows = [r | {"Họ và tên": r["full_name"], "Ghi chú": "."} for r in MESSY]
    text = csv_text(rows, ";", titles).replace("Nguyễn Văn An", '"Nguyễn Văn ""An"""')
    put(tmp_path, "a.csv", text + "chỉ một trường\n")
    put(tmp_path, "delivery.json", json.dumps({"agency": "BHXH Hải Dương"}))
    assert feedback(tmp_path, again=True) == [f"{NAME}.xlsx"]
    assert to_mend(tmp_path) == [
        ["a.csv", "3", "wage_base", "Mức lương", "-5"],
        ["a.csv", "4", "full_name", "Họ và tên", "N/A"],
        ["a.csv", "4", "birth_date", "Ngày sinh", "31/02/1990"],
        ["a.csv", "4", "sex", "Giới tính", "không rõ"],
        ["a.csv", "5", "scheme", "Loại hình", "bắt buộc"],
        ["a.csv", "6", "employer_code", "Mã đơn vị", ""],
        ["a.csv", "7", "managing_province_code", "Mã tỉnh", "99"],
        ["a.csv", "8", WHOLE_LINE, "", "chỉ một trường"],
    ]
    told = [r[5:] for r in cells(tmp_path / "feedback" / f"{NAME}.xlsx", TO_MEND)[1:]]
    assert told[0] == [
        "Giá trị không đọc được theo dạng của cột.",
        "The value cannot be read as what this column holds.",
        "Sửa giá trị thành: số không có dấu phân cách hàng nghìn, phần thập phân sau dấu chấm, > 0.",
        "Correct the value to: a number without thousands separators, decimals after a point, > 0.",
    ]
    assert told[1][1::2] == ["A required value is missing.", "Fill in this column: Full name as registered."]
    assert told[4][3] == "Use a valid code: one of: compulsory, voluntary."
    assert told[5][1] == "A required value is missing (required where scheme is compulsory)."
    assert told[6][3] == "Use a valid code: a province code of 2 digits in the administrative list of 2024."
    assert told[7][1].startswith("The line is malformed")
    assert all(len(texts) == 4 and all(texts) and "{" not in "".join(texts) for texts in told)


def test_the_summary_counts_what_was_read_and_repaired(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", csv_text([*MESSY, insured(1)]))
    put(
        tmp_path,
        "b.csv",
        csv_text([insured(1, contribution_status="owed") | {"note": "."}], columns=[*INSURED, "note"]),
    )
    put(tmp_path, "delivery.json", json.dumps({"agency": "BHXH Hải Dương"}))
    feedback(tmp_path)
    rows = cells(tmp_path / "feedback" / f"{NAME}.xlsx", SUMMARY)
    assert rows[:5] == [
        ["Nguồn - Source", "social_insurance", "Đóng bảo hiểm xã hội", "Social insurance contributions"],
        ["Kỳ - Period", "2025-03"],
        ["Bản gửi - Revision", "1"],
        ["Cơ quan - Agency", "BHXH Hải Dương"],
        ["Bị từ chối - Refused", "Không - No"],
    ]
    assert rows[5][:2] == ["Gửi lại - Send again", "2025-03.r2"]
    numbers = {
        rows[i][1]: [int(r[1]) for r in rows[i + 1 : i + 6]]
        for i, r in enumerate(rows)
        if r[:1] == ["Tệp - File"]
    }
    assert numbers == {"a.csv": [7, 0, 5, 0, 2], "b.csv": [1, 1, 0, 0, 0]}
    last = summary(tmp_path)
    assert last["citizen_id (Số CCCD)"][0] == "1" and "số 0 đứng đầu" in last["citizen_id (Số CCCD)"][1]
    assert last["occupation_group (Nhóm nghề)"][0] == "1"
    assert last["occupation_group (Nhóm nghề)"][2].endswith(
        "not in this column's list. Send: the occupation group, one digit from 0 to 9."
    )
    assert rows[-1] == ["note"]  # it resembles no column


def test_xlsx_jsonl_and_parquet_say_the_same_as_csv(tmp_path: Path) -> None:
    """A value is the text of its column whatever the format; a malformed line is shown as it was kept."""
    book, content = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(INSURED))
    for row in MESSY:
        sheet.append([-5 if v == "-5" else v for v in row.values()])
    sheet.append([*MESSY[0].values(), "a stray cell"])
    book.save(content)
    put(tmp_path, "a.xlsx", content.getvalue())
    put(tmp_path, "b.jsonl", json_text(MESSY) + "[1]\n")
    content = io.BytesIO()
    pq.write_table(pa.table({c: [r[c] for r in MESSY] for c in INSURED}), content)
    put(tmp_path, "c.parquet", content.getvalue())
    put(tmp_path, "d.csv.gz", gzip.compress(csv_text(MESSY).encode(), mtime=0))
    feedback(tmp_path)
    found: dict[str, list[list[str]]] = {}
    for file, *rest in to_mend(tmp_path):
        found.setdefault(file, []).append(rest)
    stray, odd = found["a.xlsx"].pop(), found["b.jsonl"].pop()
    assert [stray[:2], odd] == [["8", WHOLE_LINE], ["7", WHOLE_LINE, "", "[1]"]]
    assert "a stray cell" in stray[3]
    assert found["a.xlsx"] == found["c.parquet"] == found["d.csv.gz"]
    assert [[str(int(line) + 1), *rest] for line, *rest in found["b.jsonl"]] == found["d.csv.gz"]
    assert len(found["d.csv.gz"]) == 7


def test_a_citizen_id_that_contradicts_is_explained(tmp_path: Path) -> None:
    columns = [c.name for c in load_contract("population").columns]
    row = dict.fromkeys(columns, "") | {
        "citizen_id": "001085000001", "full_name": "Trần Thị B", "birth_date": "1985", "sex": "Nữ", "commune_code": "00001",
        "life_status": "alive", "updated_at": "2024-01-01",
    }  # fmt: skip
    put(tmp_path, "a.csv", csv_text([row], columns=columns), "population/2025-03")
    feedback(tmp_path)
    (finding,) = to_mend(tmp_path, "population/2025-03")
    assert finding == ["a.csv", "2", "citizen_id", "Số CCCD", "001085000001"]


def test_what_begins_like_a_formula_stays_text(tmp_path: Path) -> None:
    formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "#REF!", '=cmd|" /C calc"!A0']
    texts = [*formulas, "\x07bell", "_x000A_", "x" * 5_000]
    rows = [insured(i, wage_base=text) for i, text in enumerate(texts)]
    put(tmp_path, "a.jsonl", json_text(rows))
    feedback(tmp_path)
    book = openpyxl.load_workbook(tmp_path / "feedback" / f"{NAME}.xlsx")
    filled: list[Cell] = [
        c for sheet in book for row in sheet.iter_rows() for c in row if c.value is not None
    ]
    assert {(c.data_type, c.number_format) for c in filled} == {("s", "@")}
    values = [str(r[4].value) for r in book[TO_MEND].iter_rows(min_row=2)]
    assert values[:6] == formulas
    assert values[6] == "␇bell"
    assert values[7] in ("_x000A_", "_x005F_x000A_")  # the second is how a sheet writes the first
    assert len(values[8]) == 1_000 and values[8].endswith("…")
    with zipfile.ZipFile(tmp_path / "feedback" / f"{NAME}.xlsx") as archive:
        assert not any(b"<f>" in archive.read(name) for name in archive.namelist())


def test_a_refused_delivery_says_why(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "si_number\n1\n", f"{NAME}.r3")
    put(tmp_path, "b.csv", b"\xff", f"{NAME}.r3")
    assert feedback(tmp_path) == [f"{NAME}.r3.xlsx"]
    rows = cells(tmp_path / "feedback" / f"{NAME}.r3.xlsx", SUMMARY)
    refused = next(r for r in rows if r[0] == "Bị từ chối - Refused")
    assert refused[1] == "Có - Yes"
    assert refused[2].startswith("Không dòng nào được nạp.") and refused[3].startswith(
        "Nothing of it was loaded."
    )
    why = [r[3] for r in rows if r[:1] == ["Vì sao - Why"]]
    assert why[0].startswith("a.csv, line 1: required column(s) missing: full_name")
    assert why[1].startswith("b.csv, line 1: not valid UTF-8")
    assert [r[1] for r in rows if r[:1] == ["Tệp - File"]] == ["a.csv", "b.csv"]
    assert summary(tmp_path, f"{NAME}.r3")["Gửi lại - Send again"][0] == "2025-03.r4"
    assert to_mend(tmp_path, f"{NAME}.r3") == []


def test_a_workbook_holds_nothing_of_another_delivery(tmp_path: Path) -> None:
    """Not of another month, revision or source, in whatever part of the file."""
    secrets = {
        NAME: "Lê Thị Một", f"{NAME}.r2": "Lê Thị Hai", "social_insurance/2025-04": "Lê Thị Ba", "training/2025-03": "Lê Thị Bốn",
    }  # fmt: skip
    for name, secret in secrets.items():
        columns = [c.name for c in load_contract(name.split("/")[0]).columns]
        row = dict.fromkeys(columns, secret)
        put(tmp_path, f"{secret}.csv", csv_text([row], columns=columns), name)
        put(tmp_path, "delivery.json", json.dumps({"agency": f"Sở {secret}"}), name)
    assert sorted(feedback(tmp_path)) == sorted(f"{name}.xlsx" for name in secrets)
    for name, secret in secrets.items():
        with zipfile.ZipFile(tmp_path / "feedback" / f"{name}.xlsx") as archive:
            text = "".join(archive.read(part).decode() for part in archive.namelist())
        assert {s for s in secrets.values() if re.search(rf"{s}(?!\w)", text)} == {secret}


def test_only_what_is_new_or_missing_is_written(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", csv_text(MESSY))
    put(
        tmp_path,
        "a.csv",
        csv_text([insured(1), insured(2, citizen_id="1085000002")]),
        "social_insurance/2025-04",
    )
    put(tmp_path, "a.csv", csv_text([insured(1, occupation_group="?")]), "social_insurance/2025-05")
    connection, folder = database(), tmp_path / "feedback"
    stale = folder / "social_insurance" / "2025-04.xlsx"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"of a home that was made anew")
    (folder / ".making-left").mkdir()
    deliveries, _ = find_deliveries(tmp_path / "landing")
    ingest(connection, deliveries, SEEDS)
    paths = [folder / "social_insurance" / f"2025-0{m}.xlsx" for m in (3, 5)]
    assert write_feedback(connection, folder, deliveries) == paths
    assert sorted(p for p in folder.rglob("*") if p.is_file()) == paths, "nothing else is left"
    assert not (folder / ".making-left").exists()
    paths[0].write_bytes(b"")
    paths[1].unlink()
    assert write_feedback(connection, folder, []) == paths[1:]
    assert paths[0].read_bytes() == b""
    assert write_feedback(connection, folder, deliveries) == paths


def test_the_files_are_for_their_owner_and_stay_in_the_zone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere: list[str] = []
    cleanup = _writer.WorksheetWriter.cleanup

    def watched(self: _writer.WorksheetWriter) -> None:
        elsewhere.append(Path(self.out).read_text())
        cleanup(self)

    monkeypatch.setattr(_writer.WorksheetWriter, "cleanup", watched)
    put(tmp_path, "a.csv", csv_text(MESSY))
    feedback(tmp_path)
    assert len(elsewhere) == 2 and "31/02/1990" not in "".join(elsewhere)
    folder = tmp_path / "feedback"
    modes = {str(p.relative_to(tmp_path)): p.stat().st_mode & 0o777 for p in [folder, *folder.rglob("*")]}
    assert modes == {
        "feedback": 0o700,
        "feedback/social_insurance": 0o700,
        f"feedback/{NAME}.xlsx": 0o600,
    }


def test_the_same_delivery_makes_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for name, clock in (("one", 1_700_000_000), ("two", 1_750_000_000)):
        monkeypatch.setattr("time.time", lambda clock=clock: clock)
        put(tmp_path / name, "a.csv", csv_text(MESSY))
        feedback(tmp_path / name)
        made.append((tmp_path / name / "feedback" / f"{NAME}.xlsx").read_bytes())
    assert made[0] == made[1]
    with zipfile.ZipFile(io.BytesIO(made[0])) as archive:
        assert archive.read("docProps/core.xml").count(b"1980-01-01T00:00:00Z") == 2


def test_more_than_fits_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sources.feedback.files.MOST_ROWS", 3)
    put(tmp_path, "a.csv", csv_text(MESSY))
    feedback(tmp_path)
    rows = to_mend(tmp_path)
    assert len(rows) == 4 and [r[2] for r in rows[:3]] == ["wage_base", "full_name", "birth_date"]
    assert "4 more are not listed" in rows[3][0]
    assert "4 more are not listed" in summary(tmp_path)["Lưu ý - Note"][1]


def test_lines_kept_before_their_texts_were_show_the_line(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", csv_text([insured(1, sex="?")]))
    connection = read(tmp_path).connection
    connection.execute("alter table landing.quarantine drop column sent")
    create_schema(connection)
    write_feedback(connection, tmp_path / "feedback")
    assert "Nguyễn Văn An,1985-03-02,?," in to_mend(tmp_path)[0][4]


@pytest.mark.parametrize("source", all_sources())
def test_every_reason_and_every_column_has_its_words(source: str) -> None:
    contract = load_contract(source)
    codes = {c for c in re.findall(r"'([a-z_]+)(?::[a-z_0-9]+)?'", reasons_sql(contract))}
    assert codes == {"malformed_line", "citizen_id_contradicts", *PROBLEMS.values()}
    assert codes == set(words()["reasons"])
    for texts in words()["reasons"].values():
        assert set(texts) == {"reason_vi", "reason_en", "remedy_vi", "remedy_en"} and all(texts.values())
    for column in contract.columns:
        assert set(words()["forms"][column.kind]) == {"vi", "en"}
        assert column.aliases and column.description_vi


def test_every_repair_has_its_words() -> None:
    code = Path(loading.__file__).read_text(encoding="utf-8")
    assert set(re.findall("column_name, '([a-z_]+)'", code)) == set(words()["repairs"])


def test_every_notice_has_its_words() -> None:
    code = "".join(p.read_text(encoding="utf-8") for p in Path(loading.__file__).parents[1].rglob("*.py"))
    assert set(re.findall(r'Notice\("([a-z_]+)"', code)) == set(words()["notices"])
    for texts in words()["notices"].values():
        assert set(texts) == {"vi", "en"} and all(texts.values())


def test_check_writes_the_same_workbook_before_sending(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", csv_text([*MESSY, insured(1)]))
    put(tmp_path, "delivery.json", json.dumps({"agency": "BHXH"}))
    feedback(tmp_path)
    target = tmp_path / "to mend.xlsx"
    delivery = str(tmp_path / "landing" / NAME)
    result = CHECK.invoke(app, ["check", delivery, "--home", str(tmp_path), "--feedback", str(target)])
    assert result.exit_code == 0, result.output
    assert str(target) in result.output and "31/02/1990" not in result.output
    assert target.read_bytes() == (tmp_path / "feedback" / f"{NAME}.xlsx").read_bytes()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    told = CHECK.invoke(
        app, ["check", delivery, "--home", str(tmp_path), "--json", "--feedback", str(target)]
    )
    assert json.loads(told.stdout)["feedback"] == str(target)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["feedback", "landing", "to mend.xlsx"]


def test_a_run_writes_it_into_the_restricted_zone(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", csv_text(MESSY))
    home = Home(tmp_path)
    run = Run(home, load_settings(home.settings), RunScope(quarter_number("2025Q1"), "2025Q1.1"))
    for _ in range(2):
        ingest_new(run)
        assert [p.name for p in (tmp_path / "restricted" / "feedback" / "social_insurance").iterdir()] == [
            "2025-03.xlsx"
        ]


def test_check_of_a_good_delivery_says_there_is_nothing_to_mend(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", csv_text([insured(1)]))
    target = tmp_path / "to mend.xlsx"
    arguments = ["check", str(path), "--source", "social_insurance", "--period", "2025-03"]
    assert CHECK.invoke(app, [*arguments, "--feedback", str(target)]).exit_code == 0
    assert cells(target, TO_MEND) == [list(HEADINGS)]


@pytest.mark.parametrize("name", ["landing/social_insurance/2025-03/x.xlsx", "none/x.xlsx", "x.csv"])
def test_check_writes_no_workbook_where_none_belongs(tmp_path: Path, name: str) -> None:
    put(tmp_path, "a.csv", csv_text([insured(1)]))
    arguments = ["check", str(tmp_path / "landing" / NAME), "--feedback", str(tmp_path / name)]
    assert CHECK.invoke(app, arguments).exit_code == 2
    assert not (tmp_path / name).exists()


def test_check_does_not_write_over_the_file_it_reads(tmp_path: Path) -> None:
    path = put(tmp_path, "a.xlsx", b"whatever")
    assert CHECK.invoke(app, ["check", str(path), "--feedback", str(path)]).exit_code == 2
    assert path.read_bytes() == b"whatever"
