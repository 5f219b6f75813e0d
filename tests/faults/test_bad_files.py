"""Files that are not what they claim: refused or quarantined with words that help, never a stack trace."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.ingestion import INSURED, csv_text, insured, json_text, put, read

ROWS = [insured(i, full_name=f"Nguyễn Văn {chr(65 + i)}", sex="male" if i % 2 else "Nam") for i in range(20)]
TEXT = csv_text(ROWS)


def workbook(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def parquet(compression: str = "snappy", **columns: pa.Array) -> bytes:
    content = io.BytesIO()
    given = {c: pa.array([r[c] for r in ROWS]) for c in INSURED} | columns
    pq.write_table(pa.table(given), content, compression=compression)
    return content.getvalue()


SHEET = workbook([list(INSURED), *(list(r.values()) for r in ROWS)])


def zipped(**parts: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return content.getvalue()


def sheet_with(old: bytes, new: bytes) -> bytes:
    """The good workbook with something replaced inside its sheet."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(SHEET)) as good, zipfile.ZipFile(content, "w") as archive:
        for name in good.namelist():
            data = good.read(name)
            archive.writestr(name, data.replace(old, new) if name.endswith("sheet1.xml") else data)
    return content.getvalue()


def stray_cell(place: str) -> bytes:
    return sheet_with(b"</sheetData>", f'<row r="21"><c r="{place}"><v>1</v></c></row></sheetData>'.encode())


def broken_page() -> bytes:
    good = bytearray(parquet("none"))
    at = good.index("Nguyễn Văn B".encode())
    good[at + 5] = 0xFF
    return bytes(good)


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "nothing": ("a.csv", b"", "0 bytes. Send"),
    "only a BOM": ("a.csv", b"\xef\xbb\xbf", "empty, not even a header"),
    "only blank lines": ("a.csv", b"\n \r\n\n", "empty, not even a header"),
    "a column is missing": ("a.csv", TEXT.replace("wage_base", "wages").encode(), "line 1: required column(s) missing: wage_base"),
    "no header at all": ("a.csv", TEXT.split("\n", 1)[1].encode(), "line 1: required column(s) missing: si_number"),
    "two spellings of a header": ("a.csv", TEXT.replace("occupation_group", "Họ và tên").encode(), "more than once: full_name"),
    "not UTF-8": ("a.csv", TEXT.encode() + "Nguyễn".encode("utf-16-le"), "NUL byte"),
    "Windows code page": ("a.csv", TEXT.encode() + b"Nguy\xeen\n", "line 22: not valid UTF-8 (byte 0xee)"),
    "UTF-16": ("a.csv", TEXT.encode("utf-16"), "line 1: not valid UTF-8|NUL byte"),
    "NUL bytes": ("a.csv", TEXT.encode().replace(b"paid", b"pa\x00d", 1), "line 2: a NUL byte"),
    "cut in a character": ("a.csv", TEXT.encode() + "ễ".encode()[:2], "ends in the middle of a character"),
    "CR line ends": ("a.csv", TEXT.replace("\n", "\r").encode(), "line 1: lines end in CR alone"),
    "a quote that never closes": ("a.csv", TEXT.encode() + b'"Nguy\n' + TEXT.encode(), "line 22: a quote opens here and never closes"),
    "a header whose quote never closes": ("a.csv", b'"' + TEXT.encode(), "line 1: the header's quotes do not close"),
    "a line too long": ("a.csv", TEXT.encode() + b"x" * (40 << 20), "line 22: longer than 16 MiB"),
    "a json line too long": ("a.jsonl", b"x" * (40 << 20) + b"\n", "a line is longer than 16 MiB|not one JSON object"),
    "a workbook called csv": ("a.csv", SHEET, "not valid UTF-8|NUL byte"),
    "a zip called csv": ("a.csv", zipped(**{"a.csv": TEXT.encode()}), "NUL byte"),
    "a csv called xlsx": ("a.xlsx", TEXT.encode(), "not a readable xlsx workbook"),
    "a csv called parquet": ("a.parquet", TEXT.encode(), "not a whole Parquet file"),
    "a csv called gz": ("a.csv.gz", TEXT.encode(), "not a whole gzip file"),
    "a cut gz": ("a.csv.gz", gzip.compress(TEXT.encode())[:-20], "not a whole gzip file"),
    "a gz without its end": ("a.csv.gz", gzip.compress(TEXT.encode())[:-4], "not a whole gzip file"),
    "a gz with trailing garbage": ("a.csv.gz", gzip.compress(TEXT.encode()) + b"garbage", "not a whole gzip file"),
    "a gz of another sum": ("a.jsonl.gz", gzip.compress(json_text(ROWS).encode())[:-8] + b"\0" * 8, "not a whole gzip file"),
    "an empty gz": ("a.csv.gz", gzip.compress(b""), "empty, not even a header"),
    "json without an object": ("a.jsonl", b"1\n[]\n\n", "not one JSON object"),
    "json of other keys": ("a.jsonl", b'{"a": 1}\n', "required column(s) missing"),
    "a json list over lines": ("a.jsonl", b'[\n{"a": 1},\n]\n', "required column(s) missing|not one JSON object"),
    "a cut parquet": ("a.parquet", parquet()[:-10], "not a whole Parquet file"),
    "a parquet without its start": ("a.parquet", parquet()[40:], "cannot be read|not a whole Parquet file"),
    "parquet text that is not UTF-8": ("a.parquet", broken_page(), "cannot be read"),
    "a nested parquet column": ("a.parquet", parquet(full_name=pa.array([[r["full_name"]] for r in ROWS])), "full_name hold lists or structures"),
    "an empty workbook": ("a.xlsx", workbook([]), "empty, not even a header"),
    "a zip that is no workbook": ("a.xlsx", zipped(**{"x.txt": b"x"}), "not a readable xlsx workbook"),
    "a cut workbook": ("a.xlsx", SHEET[: len(SHEET) // 2], "not a readable xlsx workbook"),
    "a header below the 20th row": ("a.xlsx", workbook([["Sổ BHXH"], *[[]] * 19, list(INSURED)]), "sheet Sheet, line 1: required column(s) missing"),
    "CR line ends in part": ("a.csv", TEXT.replace("\n", "\r", 9)[::-1].replace("\r", "\n", 8)[::-1].encode(), "lines end in CR alone"),
    "a full sheet": ("a.xlsx", stray_cell("A1048576"), "filled to its limit of 1,048,576 rows"),
    "a cell far out": ("a.xlsx", stray_cell("XFD1000000"), "a stray cell far out"),
    "a cell beyond every sheet": ("a.xlsx", stray_cell("A4000000000"), "a stray cell far out|not a readable"),
    "broken XML": ("a.xlsx", sheet_with(b"</sheetData>", b""), "not a readable xlsx workbook"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_words_that_help(case: str, tmp_path: Path) -> None:
    name, content, words = REFUSED[case]
    put(tmp_path, name, content)
    put(tmp_path, "b.csv", TEXT)
    result = read(tmp_path)
    problem = str(result.problem())
    assert any(w in problem for w in words.split("|")), problem
    assert problem.startswith(name), "names the file"
    assert problem.rstrip().endswith("."), "ends in what to do"
    assert not any(r["full_name"] in problem or r["citizen_id"] in problem for r in ROWS)
    assert result.column("row_id") == [], "nothing of the delivery is loaded"
    for table in ("quarantine", "set_aside", "repairs", "unknown_columns", "filled"):
        assert result.connection.execute(f"select count(*) from landing.{table}").fetchone() == (0,)
    assert result.counts() == {name: (None,) * 5, "b.csv": (None,) * 5}


def test_dates_outside_every_calendar_are_quarantined(tmp_path: Path) -> None:
    days = pa.array([-(2**31)] * len(ROWS), pa.int32()).cast(pa.date32())
    put(tmp_path, "a.parquet", parquet(birth_date=days))
    result = read(tmp_path)
    assert result.problem() is None and result.counts()["a.parquet"] == (20, 0, 20, 0, 0)
    raw = result.connection.execute("select raw from landing.quarantine where line = 2").fetchone()
    assert raw is not None and "Nguyễn Văn A" in raw[0] and "-2147483648" in raw[0]


def test_a_broken_column_that_nobody_asked_for_loses_no_row(tmp_path: Path) -> None:
    more = pa.array([f"more {i}ễ" for i in range(len(ROWS))])
    good = bytearray(parquet("none", more=more, sex=pa.array(["?"] * len(ROWS))))
    at = good.index("more 3ễ".encode())
    good[at + 6] = 0xFF
    put(tmp_path, "a.parquet", bytes(good))
    result = read(tmp_path)
    assert result.problem() is None and result.counts()["a.parquet"] == (20, 0, 20, 0, 0)
    assert all(
        "Nguyễn" in raw
        for (raw,) in result.connection.execute("select raw from landing.quarantine").fetchall()
    )


def test_rows_that_cannot_be_read_are_quarantined_and_the_rest_is_loaded(tmp_path: Path) -> None:
    lines = TEXT.splitlines()
    lines[3] = lines[3].replace(",Nam", "")
    lines[5] += ",one more"
    lines[7] = lines[7].replace("Nguyễn Văn G", '"Nguyễn" Văn G')
    lines[9] = lines[9].replace("\n", "")[:20]
    lines[11] = lines[11].replace("1985-03-02", "\x01")
    put(tmp_path, "a.csv", "\n".join(lines))
    result = read(tmp_path)
    assert result.problem() is None
    assert result.counts()["a.csv"] == (20, 15, 5, 0, 0)
    reasons = dict(result.quarantine())
    assert reasons.pop(12) == "unreadable:birth_date"
    assert reasons == {
        4: "malformed_line: 12 fields, the header has 13",
        6: "malformed_line: 14 fields, the header has 13",
        8: "malformed_line: 13 fields, the header has 13, but its quotes are not in order",
        10: "malformed_line: 2 fields, the header has 13",
    }
