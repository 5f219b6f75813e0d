"""One agency's file never stops the others: what a file may cost is limited, and its reader's death is its refusal."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.ingestion import INSURED, SEEDS, Read, csv_text, database, insured, json_text, put
from test_bad_files import SHEET, sheet_with, workbook

from sources.contract import load_contract
from sources.errors import LabourdbError, UnreadableFile
from sources.ingest.deliveries import ingest, new_deliveries
from sources.ingest.landing import find_deliveries, sha256
from sources.reading.apart.process import ReadingProcess, reading
from sources.reading.limits import Limits

ROWS = [insured(i) for i in range(200)]
OTHER = "social_insurance/2025-04"
CONTRACT = load_contract("social_insurance")


def parquet(**columns: pa.Array) -> bytes:
    content = io.BytesIO()
    count = len(next(iter(columns.values()))) if columns else len(ROWS)
    given = {c: pa.array([ROWS[i % len(ROWS)][c] for i in range(count)]) for c in INSURED} | columns
    pq.write_table(pa.table(given), content)
    return content.getvalue()


def repeated(text: str, times: int) -> pa.Array:
    """A column that holds a text once and says often that it is this one."""
    return pa.DictionaryArray.from_arrays(pa.array([0] * times, pa.int32()), [text])


def sheet(**changes: str) -> bytes:
    return workbook([list(INSURED) + list(changes), *([*r.values(), *changes.values()] for r in ROWS)])


def read(home: Path, limits: Limits | None = None) -> Read:
    """Ingest what is new, beside a sound delivery that must be read whatever becomes of the others."""
    put(home, "sound.csv", csv_text([insured(1, month="2025-04")]), OTHER)
    connection = database()
    deliveries, _ = find_deliveries(home / "landing")
    ingest(connection, new_deliveries(connection, deliveries), SEEDS, limits=limits or Limits())
    result = Read(connection)
    assert result.problem(OTHER) is None and result.counts()["sound.csv"] == (1, 1, 0, 0, 0)
    return result


LONG = [ROWS[0] | {"full_name": "x" * 2_000}, *ROWS[1:]]
WIDE = [r | {f"more_{i}": "1" for i in range(30)} for r in ROWS[:3]]
FORMATS: dict[str, Callable[[list[dict[str, str]]], bytes]] = {
    "a.csv": lambda rows: csv_text(rows, columns=list(rows[0])).encode(),
    "a.csv.gz": lambda rows: gzip.compress(csv_text(rows, columns=list(rows[0])).encode()),
    "a.jsonl": lambda rows: json_text(rows).encode(),
    "a.jsonl.gz": lambda rows: gzip.compress(json_text(rows).encode()),
    "a.parquet": lambda rows: parquet(**{c: pa.array([r[c] for r in rows]) for c in rows[0]}),
    "a.xlsx": lambda rows: workbook([list(rows[0]), *(list(r.values()) for r in rows)]),
}


@pytest.fixture(scope="module")
def generous() -> Iterator[ReadingProcess]:
    """A process with the default limits, started once for all files that it must let pass."""
    process = ReadingProcess(Limits())
    yield process
    process.close()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("rows", "limits", "words"),
    [
        (ROWS, {"rows": 199}, "more than 199 rows ([limits] rows)"),
        (WIDE, {"columns": 30}, "columns, more than 30 ([limits] columns)|43 columns"),
        (LONG, {"cell_bytes": 1_999}, "a value of 2,000 bytes, more than 1,999 ([limits] cell_bytes)"),
        (LONG, {"record_bytes": 2_050}, "bytes, more than 2,050 ([limits] record_bytes)"),
        (LONG, {"file_mb": 0}, "MB, more than 0 ([limits] file_mb)"),
        (LONG, {"inflated_mb": 0}, "unpacks to more than 0 MB ([limits] inflated_mb)"),
    ],
)  # fmt: skip
def test_each_limit_holds_in_each_format(
    name: str,
    rows: list[dict[str, str]],
    limits: dict[str, int],
    words: str,
    generous: ReadingProcess,
    tmp_path: Path,
) -> None:
    put(tmp_path, name, FORMATS[name](rows))
    with reading(Limits(**limits)) as process:
        folder = tmp_path / "landing/social_insurance/2025-03"
        with pytest.raises(UnreadableFile) as refused:
            list(process.open(folder / name, CONTRACT).reader.rows())
    problem = str(refused.value)
    assert any(w in problem for w in words.split("|")), problem
    assert problem.startswith(name) and problem.endswith(".") and "x" * 50 not in problem
    read_rows = generous.open(folder / name, CONTRACT).reader.rows()
    assert sum(len(r.lines) for r in read_rows) == len(rows), "the defaults let it pass"
    generous.drop()


def test_where_a_value_too_long_stands_is_told(tmp_path: Path) -> None:
    for name, make in FORMATS.items():
        put(tmp_path, name, make([*ROWS[:5], *LONG[:1], *ROWS[6:9]]), f"social_insurance/2025-0{len(name)}")
    result = read(tmp_path, Limits(cell_bytes=1_000))
    problems = result.connection.execute("select problem from landing.deliveries where problem is not null")
    for (problem,) in problems.fetchall():
        line = 6 if problem.startswith("a.jsonl") else 7  # json lines have no header
        assert f"line {line}, column full_name: a value of 2,000 bytes" in problem


STRAY = {
    "single quotes": "<c r='XFD1000000' t='inlineStr'><is><t>x</t></is></c>",
    "a line break": '<c\nr="XFD1000000" t="inlineStr"><is><t>x</t></is></c>',
    "spaces": '<c r = "XFD1000000" t="inlineStr"><is><t>x</t></is></c>',
    "small letters": '<c r="xfd1000000" t="inlineStr"><is><t>x</t></is></c>',
    "an attribute with >": '<c a=">" r="XFD1000000" t="inlineStr"><is><t>x</t></is></c>',
    "a number for a letter": '<c r="&#88;FD1000000" t="inlineStr"><is><t>x</t></is></c>',
}


@pytest.mark.parametrize("spelling", STRAY)
def test_a_stray_cell_is_a_refusal_however_it_is_spelt(spelling: str, tmp_path: Path) -> None:
    cell = f'<row r="1000000">{STRAY[spelling]}</row></sheetData>'.encode()
    put(tmp_path, "a.xlsx", sheet_with(b"</sheetData>", cell))
    problem = read(tmp_path).problem()
    if spelling == "a number for a letter" and problem is None:
        return  # a reader that does not take it for a place
    assert problem is not None and problem.startswith("a.xlsx") and problem.endswith(".")


def packed(name: str, head: bytes, letter: bytes, times: int, tail: bytes) -> bytes:
    """The good workbook with one part in which a letter stands very often."""
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(SHEET)) as good,
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for other in good.namelist():
            if not other.endswith(name):
                archive.writestr(other, good.read(other))
        with archive.open(f"xl/worksheets/{name}", "w", force_zip64=True) as part:
            part.write(head)
            for _ in range(times):
                part.write(letter * 1_000_000)
            part.write(tail)
    return content.getvalue()


HOSTILE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "a cell of 400 MB": (
        "a.xlsx",
        lambda: packed("sheet1.xml", b'<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>', b"A", 400,
                       b"</t></is></c></row></sheetData></worksheet>"),
        "a value of 400,000,00",
    ),
    "a workbook of 3 GB": (
        "a.xlsx",
        lambda: packed("sheet1.xml", b"<worksheet><sheetData>", b"<c></c><c></c><c></c>  ", 130, b"</sheetData></worksheet>"),
        "unpacks to more than 2,000 MB",
    ),
    "a dictionary of large strings": (
        "a.parquet",
        lambda: parquet(full_name=repeated("x" * (1 << 20), 9_000)),
        "unpacks to more than 2,000 MB",
    ),
    "a column of large strings that nobody asked for": (
        "a.parquet",
        lambda: parquet(sex=pa.array(["?"] * 9_000), more=repeated("x" * 900_000, 9_000)),
        "unpacks to more than 2,000 MB",
    ),
    "32 million rows": (
        "a.csv.gz",
        lambda: gzip.compress(csv_text(ROWS[:1]).encode() + csv_text(ROWS[:1]).split("\n")[1].encode().join([b"\n"] * 12_000_000), 1),
        "more than 10,000,000 rows|more than 2,000 MB",
    ),
    "32 million line ends": ("a.csv.gz", lambda: gzip.compress(csv_text(ROWS).encode() + b"\n" * 32_000_000), "more than 10,000,000 rows"),
    "32 million rows of nothing": (
        "a.parquet",
        lambda: nothing(32_000_000),
        "more than 10,000,000 rows",
    ),
    "json of a hundred thousand keys": (
        "a.jsonl",
        lambda: json.dumps(ROWS[0] | {f"k{i}": 1 for i in range(100_000)}).encode() + b"\n",
        "columns, more than 5,000",
    ),
    "json within json": ("a.jsonl", lambda: b'{"a":' * 1_000_000 + b"1" + b"}" * 1_000_000 + b"\n", "a.jsonl"),
    "a title of a megabyte": ("a.csv", lambda: csv_text(ROWS).replace("\n", "," + "t" * 100_000 + "\n", 1).replace("paid\n", "paid,\n").encode(), "a column's title is 100,000 characters long"),
}  # fmt: skip


def nothing(rows: int) -> bytes:
    content = io.BytesIO()
    with pq.ParquetWriter(content, pa.schema([(c, pa.string()) for c in INSURED])) as writer:
        part = pa.table({c: pa.nulls(1_000_000, pa.string()) for c in INSURED})
        for _ in range(rows // 1_000_000):
            writer.write_table(part)
    return content.getvalue()


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_refused_and_the_others_are_read(case: str, tmp_path: Path) -> None:
    name, make, words = HOSTILE[case]
    put(tmp_path, name, make())
    began = time.monotonic()
    problem = str(read(tmp_path).problem())
    assert time.monotonic() - began < 120
    assert any(w in problem for w in words.split("|")), problem
    assert problem.startswith(name) and problem.endswith(".") and len(problem) < 500


def test_a_file_that_takes_too_long_is_refused(tmp_path: Path) -> None:
    odd = csv_text(
        [r | {"full_name": 'A "B" C'} for r in ROWS]
    )  # quotes as no rule has them: read row by row
    put(tmp_path, "a.csv", odd + odd.split("\n", 1)[1] * 2_500)
    problem = str(read(tmp_path, Limits(seconds=1)).problem())
    assert problem.startswith("a.csv: reading it takes more than 1 seconds ([limits] seconds)")


@pytest.mark.parametrize(
    "note",
    [
        '{"agency": "\\ud800"}',
        '{"\\udfff": 1}',
        '{"files": [{"name": "\\ud800.csv"}]}',
        '{"agency": "' + "x" * 201 + '"}',
        "[" * 100_000,
        " " * 5_000_000,
        '{"period": "' + "9" * 100_000 + '"}',
        '{"files": [' + ", ".join(f'{{"name": "{i}.csv"}}' for i in range(50_000)) + "]}",
    ],
    ids=lambda note: note[:20],
)
def test_a_hostile_note_is_refused(note: str, tmp_path: Path) -> None:
    put(tmp_path, "a.csv", csv_text(ROWS))
    put(tmp_path, "delivery.json", note)
    problem = str(read(tmp_path).problem())
    assert problem.startswith("delivery.json: ") and len(problem) < 1_000 and problem.endswith(".")


def test_a_note_steers_no_terminal(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", csv_text(ROWS))
    put(tmp_path, "delivery.json", json.dumps({"agency": "Sở\x1b[2J\r\nPublished\u202e 2025Q4.9"}))
    result = read(tmp_path)
    assert result.problem() is None
    agency = "select agency from landing.deliveries where agency is not null"
    assert result.connection.execute(agency).fetchone() == ("Sở[2J Published 2025Q4.9",)


def test_a_file_name_that_steers_a_terminal_is_refused_and_written_out(tmp_path: Path) -> None:
    put(tmp_path, "a\x1b[2J\n\u202e.csv", csv_text(ROWS))
    result = read(tmp_path)
    assert str(result.problem()).startswith("a\\x1b[2J\\n\\u202e.csv: the file's name")
    assert set(result.counts()) == {"a\\x1b[2J\\n\\u202e.csv", "sound.csv"}


@pytest.mark.parametrize("what", ["file", "note", "folder", "relative", "chain", "loop"])
def test_a_link_out_of_the_landing_area_is_refused_and_nothing_outside_is_hashed(
    what: str, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    secret = outside / ("delivery.json" if what == "note" else "secret.csv")
    secret.write_text("{}" if what == "note" else csv_text(ROWS[:7]))
    folder = tmp_path / "landing/social_insurance/2025-03"
    folder.parent.mkdir(parents=True)
    if what == "folder":
        folder.symlink_to(outside)
    else:
        folder.mkdir()
        put(tmp_path, "a.csv", csv_text(ROWS))
        link = folder / ("delivery.json" if what == "note" else "b.csv")
        target = {"relative": Path("../../../outside/secret.csv"), "chain": folder / ".c", "loop": link}
        (folder / ".c").symlink_to(secret)
        link.symlink_to(target.get(what, secret))
    result = read(tmp_path)
    problem = str(result.problem())
    assert "not a regular file" in problem if what == "loop" else "a link out of the landing area" in problem
    hashes = result.connection.execute(
        "select sha256 from landing.delivery_states union select sha256 from landing.files"
    ).fetchall()
    assert (sha256(secret),) not in hashes or what == "loop"
    assert not result.connection.execute("select 1 from landing.files where file = 'secret.csv'").fetchall()
    deliveries, _ = find_deliveries(tmp_path / "landing")
    assert new_deliveries(result.connection, deliveries) == [], "refused once, and settled"
    secret.write_text("changed outside")
    assert new_deliveries(result.connection, deliveries) == []


def test_a_link_inside_the_landing_area_is_a_file(tmp_path: Path) -> None:
    kept = put(tmp_path, "kept.csv", csv_text(ROWS), "social_insurance/.kept")
    put(tmp_path, "a.csv", csv_text(ROWS)).unlink()
    (tmp_path / "landing/social_insurance/2025-03/a.csv").symlink_to(kept)
    moved = tmp_path / "disk"
    (tmp_path / "landing").rename(moved)
    (tmp_path / "landing").symlink_to(moved)  # the landing area itself may lie on another disk
    (moved / "social_insurance/2025-03/a.csv").unlink()
    (moved / "social_insurance/2025-03/a.csv").symlink_to("../.kept/kept.csv")
    assert read(tmp_path).problem() is None


def test_a_reader_that_is_killed_is_started_again(tmp_path: Path) -> None:
    one, two = (put(tmp_path, f"{i}.csv", csv_text(ROWS)) for i in range(2))
    process = ReadingProcess(Limits())
    first, second = process.open(one, CONTRACT), process.open(two, CONTRACT)
    assert process._child is not None
    os.kill(process._child.running.pid, signal.SIGKILL)
    assert sum(len(r.lines) for r in first.reader.rows()) == len(ROWS)
    assert sum(len(r.lines) for r in second.reader.rows()) == len(ROWS)
    process.close()


def test_rows_that_nobody_reads_to_the_end_leave_no_answer_for_the_next(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", csv_text(ROWS * 1_000))
    process = ReadingProcess(Limits())
    opened = process.open(path, CONTRACT)
    parts = opened.reader.rows()
    next(parts)
    parts.close()  # type: ignore[attr-defined]
    assert sum(len(r.lines) for r in opened.reader.rows()) == 200_000
    process.close()


def test_a_limit_counts_for_each_file_alone(tmp_path: Path) -> None:
    """Files that together take more memory than one may."""
    limits, content = Limits(memory_mb=200), sheet(note="n" * 10_000)
    paths = [put(tmp_path, f"{i}.xlsx", content) for i in range(3)]
    process = ReadingProcess(limits)
    opened = [process.open(p, CONTRACT) for p in paths * 20]
    assert {sum(len(r.lines) for r in o.reader.rows()) for o in opened} == {200}
    process.close()


def test_the_reader_knows_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABOURDB_KEY", "k" * 40)
    process = ReadingProcess(Limits())
    process.open(put(tmp_path, "a.csv", csv_text(ROWS)), CONTRACT)
    assert process._child is not None
    environment = Path(f"/proc/{process._child.running.pid}/environ").read_bytes()
    assert b"k" * 40 not in environment and b"PATH=" in environment
    process.close()


def test_a_reader_that_cannot_be_started_refuses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sources.reading.apart.process.sys.executable", "/bin/false")
    process = ReadingProcess(Limits())
    with pytest.raises(LabourdbError, match="could not be started") as error:
        process.open(put(tmp_path, "a.csv", csv_text(ROWS)), CONTRACT)
    assert not isinstance(error.value, UnreadableFile)
