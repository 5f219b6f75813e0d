"""One tiny table in every format, with every odd feature, gives the same rows; row accounting always closes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.ingestion import INSURED, csv_text, insured, json_text, put, read

from sources.contract import load_contract
from sources.reading.delimited import open_delimited

COLUMNS = "row_id & 134217727, * exclude (row_id, delivery_key)"
VIETNAMESE = {c.name: c.aliases[0] for c in load_contract("social_insurance").columns}

TABLE = [
    insured(1),
    insured(
        2, full_name="Trần Thị Bình", sex="female", citizen_id="", birth_date="1990", occupation_group=""
    ),
    insured(3, full_name="Lê  Văn \u00a0Cường ", birth_date="05/1991", citizen_id="123456789"),
    insured(4, full_name='Đỗ "Hai" Dũng; Út', wage_base="6500000.5"),
    insured(
        5, full_name="Nguye\u0302\u0303n A", birth_date="01/02/1985", scheme="voluntary", employer_code=""
    ),
    insured(6, full_name="Ngô, Văn|Sáu", unemployment_insured="false"),
    insured(1, wage_base="7000000"),
    insured(6, full_name="Ngô, Văn|Sáu", unemployment_insured="false"),
]


def quoted(rows: list[dict[str, str]], delimiter: str = ",", ends: str = "\n", always: bool = False) -> str:
    def field(text: str) -> str:
        needed = always or any(c in text for c in f'"{delimiter}\r\n')
        return '"' + text.replace('"', '""') + '"' if needed else text

    lines = [
        delimiter.join(field(c) for c in INSURED),
        *(delimiter.join(field(r[c]) for c in INSURED) for r in rows),
    ]
    return ends.join(lines) + ends


def workbook(rows: list[list[object]], skip: int = 0) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            sheet.cell(i + 1 + skip, j + 1, cell)  # type: ignore[arg-type]
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def parquet(columns: dict[str, pa.Array]) -> bytes:
    content = BytesIO()
    pq.write_table(pa.table(columns), content)
    return content.getvalue()


def as_workbook(rows: list[dict[str, str]]) -> bytes:
    def cell(name: str, text: str) -> object:
        return (
            float(text)
            if name in ("wage_base", "si_number")
            else date.fromisoformat(text)
            if text.count("-") == 2
            else text
        )

    body = [[cell(c, r[c]) for c in INSURED] for r in rows]
    return workbook([[VIETNAMESE[c].upper() for c in INSURED], *body])


def as_parquet(rows: list[dict[str, str]]) -> bytes:
    columns: dict[str, pa.Array] = {c: pa.array([r[c] or None for r in rows], pa.string()) for c in INSURED}
    columns["si_number"] = pa.array([int(r["si_number"]) for r in rows], pa.int64())
    columns["sex"] = columns["sex"].dictionary_encode()
    columns["full_name"] = columns["full_name"].cast(pa.large_string())
    columns["wage_base"] = pa.array([Decimal(r["wage_base"]) for r in rows], pa.decimal128(18, 2))
    columns["unemployment_insured"] = pa.array([r["unemployment_insured"] == "true" for r in rows])
    columns["managing_province_code"] = pa.array([int(r["managing_province_code"]) for r in rows], pa.int8())
    columns["occupation_group"] = pa.array([float(r["occupation_group"] or "nan") for r in rows])
    return parquet(columns)


FORMS: dict[str, tuple[str, Callable[[], bytes | str]]] = {
    "semicolons, BOM, CRLF": ("a.csv", lambda: "\ufeff" + quoted(TABLE, ";", "\r\n")),
    "tabs": ("a.csv", lambda: quoted(TABLE, "\t")),
    "pipes, upper-case ending": ("a.CSV", lambda: quoted(TABLE, "|")),
    "everything quoted": ("a.csv", lambda: quoted(TABLE, always=True)),
    "no end of the last line": ("a.csv", lambda: quoted(TABLE)[:-1]),
    "a quote inside an unquoted field": ("a.csv", lambda: quoted(TABLE, ";").replace('"Đỗ ""Hai"" Dũng; Út"', '"Đỗ ""Hai"" Dũng; Út"')),
    "gzip": ("a.csv.gz", lambda: gzip.compress(quoted(TABLE).encode())),
    "Vietnamese headers": ("a.csv", lambda: ",".join(VIETNAMESE[c] for c in INSURED) + "\n" + quoted(TABLE).split("\n", 1)[1]),
    "json lines": ("a.jsonl", lambda: "\n" + json_text(TABLE)),
    "json lines, other keys": ("a.jsonl", lambda: "\n" + json_text([
        {(VIETNAMESE[k] if i % 2 else k.upper()): v for k, v in r.items()} for i, r in enumerate(TABLE)])),
    "json lines, zipped, escaped, null": ("a.jsonl.gz", lambda: gzip.compress(("\ufeff\n" + "".join(
        json.dumps({k: v or None for k, v in r.items()}) + "\r\n" for r in TABLE)).encode())),
    "xlsx": ("a.xlsx", lambda: as_workbook(TABLE)),
    "parquet": ("a.parquet", lambda: as_parquet(TABLE)),
}  # fmt: skip


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[object, ...]]:
    """What the table reads as, from the plainest file."""
    home = tmp_path_factory.mktemp("plain")
    put(home, "a.csv", quoted(TABLE))
    result = read(home)
    assert result.counts() == {"a.csv": (8, 6, 0, 1, 1)}
    assert result.column("full_name") == [
        "Trần Thị Bình", "Lê Văn Cường", 'Đỗ "Hai" Dũng; Út', "Nguyễn A", "Nguyễn Văn An", "Ngô, Văn|Sáu",
    ]  # fmt: skip
    return result.connection.execute(
        f"select {COLUMNS} from landing.social_insurance order by row_id"
    ).fetchall()


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_rows(form: str, plain: list[tuple[object, ...]], tmp_path: Path) -> None:
    name, make = FORMS[form]
    put(tmp_path, name, make())
    result = read(tmp_path)
    assert result.problem() is None
    assert result.counts()[name] == (8, 6, 0, 1, 1)
    assert (
        result.connection.execute(
            f"select {COLUMNS} from landing.social_insurance order by row_id"
        ).fetchall()
        == plain
    )


def test_several_files_are_one_delivery_read_in_name_order(tmp_path: Path) -> None:
    """The later file's row of a key is kept, whatever the formats; names sort bytewise."""
    put(tmp_path, "b.csv", csv_text([insured(1, wage_base="2"), insured(2)]))
    put(tmp_path, "B.jsonl", json_text([insured(1, wage_base="1")]))
    put(tmp_path, "c.parquet", as_parquet([insured(1, wage_base="3")]))
    result = read(tmp_path)
    assert result.column("wage_base") == [5000000.0, 3.0]
    assert result.counts() == {
        "B.jsonl": (1, 0, 0, 0, 1),
        "b.csv": (2, 1, 0, 0, 1),
        "c.parquet": (1, 1, 0, 0, 0),
    }


def test_lines_are_physical_lines(tmp_path: Path) -> None:
    good, bad = csv_text([insured(1)]).splitlines()[1], csv_text([insured(2, sex="?")]).splitlines()[1]
    header = ",".join(INSURED)
    long_name = insured(3, full_name='"Hai\r\nDòng"')
    put(tmp_path, "plain.csv", f"\n \n{header}\n\n{good}\n\t\n{bad}\n{good},extra\nshort\n")
    put(
        tmp_path,
        "quoted.csv",
        "\n" + header.replace("sex", '" Sex\n"') + "\r\n" + ",".join(long_name.values()) + f"\r\n\r\n{bad}\n",
    )
    put(
        tmp_path,
        "odd.csv",
        f"{header}\n"
        + bad.replace("Nguyễn", 'Ng"uyễn')
        + f"\n\n{good},\n"
        + ",".join(long_name.values())
        + f"\n{bad}\n",
    )
    put(tmp_path, "lines.jsonl", json_text([insured(4)]) + "\n[1]\n\n" + json_text([insured(5, sex="?")]))
    put(
        tmp_path,
        "sheet.xlsx",
        workbook(
            [["note"] * 0, list(INSURED), [], list(insured(6).values()), list(insured(7, sex="?").values())],
            skip=1,
        ),
    )
    put(tmp_path, "table.parquet", as_parquet([insured(8), insured(9, scheme="?")]))
    result = read(tmp_path)
    assert result.problem() is None
    found = result.connection.execute(
        "select file, line, reasons from landing.quarantine join landing.files using (source, delivery_key, file_no) order by 1, 2"
    ).fetchall()
    assert found == [
        ("lines.jsonl", 3, "malformed_line"), ("lines.jsonl", 5, "unreadable:sex"),
        ("odd.csv", 2, "unreadable:sex"), ("odd.csv", 4, "malformed_line: 14 fields, the header has 13"), ("odd.csv", 7, "unreadable:sex"),
        ("plain.csv", 7, "unreadable:sex"), ("plain.csv", 8, "malformed_line: 14 fields, the header has 13"), ("plain.csv", 9, "malformed_line: 1 field, the header has 13"),
        ("quoted.csv", 7, "unreadable:sex"),
        ("sheet.xlsx", 6, "unreadable:sex"),
        ("table.parquet", 3, "unknown_code:scheme"),
    ]  # fmt: skip
    assert result.closes()


def test_quarantined_rows_are_kept_whole(tmp_path: Path) -> None:
    bad = insured(2, sex="?")
    line = csv_text([bad]).splitlines()[1]
    put(
        tmp_path,
        "a.csv",
        csv_text([bad], columns=INSURED).replace("\n", ",note\n", 1).replace(line, line + ",as written")
        + "\r\n",
    )
    put(tmp_path, "b.jsonl", json_text([bad | {"note": "kept too"}]))
    put(tmp_path, "c.parquet", parquet({k: pa.array([v]) for k, v in (bad | {"note": "also"}).items()}))
    put(
        tmp_path,
        "d.xlsx",
        workbook([[*bad, "note"], [*bad.values(), "and here"], [*bad.values(), "", "right of the header"]]),
    )
    result = read(tmp_path)
    raws = [
        raw
        for (raw,) in result.connection.execute(
            "select raw from landing.quarantine order by file_no, line"
        ).fetchall()
    ]
    assert raws[0] == line + ",as written"
    assert json.loads(raws[1])["note"] == "kept too"
    assert json.loads(raws[2])[-1] == "also"
    assert json.loads(raws[3])[-1] == "and here"
    assert json.loads(raws[4])[-1] == "right of the header"
    assert {
        name
        for (name,) in result.connection.execute("select column_name from landing.unknown_columns").fetchall()
    } == {"note"}


def test_spreadsheet_cells_of_every_kind(tmp_path: Path) -> None:
    row = dict(insured(1)) | {"full_name": "Lê An"}
    values: list[object] = list(row.values())
    values[INSURED.index("birth_date")] = datetime(1985, 3, 2)
    values[INSURED.index("month")] = date(2025, 3, 1)
    values[INSURED.index("unemployment_insured")] = True
    values[INSURED.index("si_number")] = 123456789
    values[INSURED.index("wage_base")] = 5e6
    values[INSURED.index("occupation_group")] = None
    broken: list[object] = list(insured(2).values())
    broken[INSURED.index("wage_base")] = "#DIV/0!"
    put(tmp_path, "a.xlsx", workbook([list(INSURED), values, [None] * 3, broken]))
    result = read(tmp_path)
    assert result.counts()["a.xlsx"] == (2, 1, 1, 0, 0)
    assert result.quarantine() == [(4, "error_cell:wage_base")], "an error cell is not an empty one"
    assert result.repairs()["si_number", "leading_zero_restored"] == 1
    assert result.column("birth_date") == [date(1985, 3, 2)]


def test_parquet_columns_of_every_plain_type(tmp_path: Path) -> None:
    columns: dict[str, pa.Array] = {k: pa.array([v]) for k, v in insured(1).items()}
    for i, (name, array) in enumerate(
        [
            ("birth_date", pa.array([date(1985, 3, 2)])),
            ("birth_date", pa.array([datetime(1985, 3, 2)], pa.timestamp("us"))),
            ("birth_date", pa.array([datetime(1985, 3, 1, 17)], pa.timestamp("ms", "Asia/Ho_Chi_Minh"))),
            ("birth_date", pa.array([1985], pa.int16())),
            ("si_number", pa.array([123456789.0])),
            ("si_number", pa.array([123456789], pa.uint64())),
            ("full_name", pa.array([b"Nguy\xe1\xbb\x85n"])),
            ("wage_base", pa.array([np.float16(5)], pa.float16())),
            ("citizen_id", pa.nulls(1)),
            ("employer_code", pa.array(["0101243150"]).dictionary_encode()),
            ("sex", pa.array([1], pa.int8())),
        ]
    ):
        put(tmp_path, f"{i}.parquet", parquet(columns | {name: array}))
    result = read(tmp_path)
    assert result.problem() is None
    assert {c[0] - c[2] for c in result.counts().values()} == {1}


def test_json_values_of_every_kind(tmp_path: Path) -> None:
    good = json.dumps(insured(1))
    lines = [
        good.replace('"5000000"', "5e6"),
        good.replace('"5000000"', "NaN"),
        good.replace('"true"', "true"),
        good.replace('"male"', "null"),
        good.replace('"male"', '["male"]'),
        good.replace('"Nguy\\u1ec5n V\\u0103n An"', '{"first": "An"}'),
        good.replace('"male"', '"male", "sex": "female"'),
        good.replace('"male"', '"male", "Sex": "female"'),
        good.replace('"Nguy\\u1ec5n', '"[Nguy\\u1ec5n'),
        "{}", "[]", "null", "12", '"text"', good[:-1], good + "x", '{"a": "\ud83d"}'.encode("utf-8", "replace").decode(),
    ]  # fmt: skip
    put(tmp_path, "a.jsonl", "\n".join(lines))
    result = read(tmp_path)
    assert result.problem() is None
    required = [c.name for c in load_contract("social_insurance").columns if c.required]
    found = dict(result.quarantine())
    assert found.pop(2) == "missing:wage_base"
    assert found.pop(4) == "missing:sex"
    assert found.pop(10) == ";".join(f"missing:{name}" for name in required)
    assert found.pop(17) == ";".join(f"missing:{name}" for name in required)
    assert found == dict.fromkeys((5, 6, 7, 8, 11, 12, 13, 14, 15, 16), "malformed_line")
    assert result.counts()["a.jsonl"] == (17, 1, 14, 0, 2)


def test_names_are_never_part_of_a_statement(tmp_path: Path) -> None:
    """File names, headers and keys with quotes, percent signs and SQL inside are only names."""
    odd = 'x\' ; drop table landing.files; -- %s {0} "q".csv'
    put(
        tmp_path,
        odd,
        csv_text([insured(1)], columns=INSURED).replace("\n", ",'); drop--\n", 1).replace("paid", "paid,1"),
    )
    put(
        tmp_path,
        "it's 100%.parquet",
        parquet({k: pa.array([v]) for k, v in (insured(2) | {"\"; drop '": "1"}).items()}),
    )
    put(tmp_path, "k's.jsonl", json_text([insured(3) | {'$."a\\\'"]': "1", "'": "2", "": "3"}]))
    put(tmp_path, "s's.xlsx", workbook([[*INSURED, "');--"], [*insured(4).values(), 1]]))
    result = read(tmp_path)
    assert result.problem() is None
    assert {name: c[:2] for name, c in result.counts().items()} == {
        odd: (1, 1), "it's 100%.parquet": (1, 1), "k's.jsonl": (1, 1), "s's.xlsx": (1, 1),
    }  # fmt: skip


def test_a_thousand_columns_and_long_lines(tmp_path: Path) -> None:
    extra = {f"extra_{i}": "x" for i in range(1000)}
    put(tmp_path, "a.csv", csv_text([insured(1) | extra], columns=[*extra, *INSURED]))
    put(tmp_path, "b.csv", csv_text([insured(2, full_name="A" * 2_000_000)]))
    result = read(tmp_path)
    assert result.counts() == {"a.csv": (1, 1, 0, 0, 0), "b.csv": (1, 1, 0, 0, 0)}


def test_a_quote_inside_a_field_of_a_long_file_is_a_character(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One odd quote makes everything after it look quoted; it must not."""
    monkeypatch.setattr("sources.reading.delimited.CHUNK", 4_000)
    monkeypatch.setattr("sources.reading.delimited.LONGEST_LINE", 8_000)
    rows = [insured(i) for i in range(300)]
    rows[100] = insured(100, full_name='Ng"uyễn')
    rows[299] = insured(299, full_name="", sex="?")
    put(tmp_path, "a.csv", csv_text(rows))
    result = read(tmp_path)
    assert result.counts()["a.csv"] == (300, 299, 1, 0, 0)
    assert result.quarantine() == [(301, "missing:full_name;unreadable:sex")]
    assert result.column("full_name")[100] == 'Ng"uyễn'


def test_blocks_join_seamlessly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small blocks cut lines, quotes, characters and CRLF apart; nothing of it may show."""
    rows = [insured(i, full_name=f'"Nguyễn\r\n ""{i}"" Văn"' if i % 3 else f"Lê {i}") for i in range(60)]
    text = "\ufeff" + csv_text(rows).replace("\n00000", "\r\n00000")
    path = put(tmp_path, "a.csv", text)
    opened = open_delimited(path, load_contract("social_insurance"))
    whole = [
        r
        for rows in opened.reader.rows()
        for r in zip(rows.lines.tolist(), rows.raw.to_pylist(), strict=True)
    ]
    assert len(whole) == 60
    for size in (1, 7, 64, 1000):
        monkeypatch.setattr(
            "sources.reading.delimited.CHUNK", max(size, len(text.split("\n")[0].encode()) + 4)
        )
        parts = [
            r
            for rows in opened.reader.rows()
            for r in zip(rows.lines.tolist(), rows.raw.to_pylist(), strict=True)
        ]
        assert parts == whole
