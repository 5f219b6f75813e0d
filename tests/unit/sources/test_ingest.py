"""Batches, revisions, changed files: what ingestion promises about deliveries as wholes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.ingestion import SEEDS, csv_text, database, insured, json_text, put, read

from sources.errors import ChangedDelivery, LabourdbError
from sources.ingest.deliveries import ingest, new_deliveries
from sources.ingest.landing import find_deliveries
from sources.reading.apart.worker import _wrong

TEXT = csv_text([insured(1), insured(2)])


def months(count: int) -> list[str]:
    return [f"2024-{m:02d}" for m in range(1, count + 1)]


def test_one_bad_delivery_in_a_batch_does_not_spoil_the_others(tmp_path: Path) -> None:
    """Some are seen to be bad on opening, some only while their rows are read."""
    bad = {
        "2024-02": ("a.csv", b"si_number\n1\n"),
        "2024-03": ("a.csv", TEXT.encode() + b'"never closed\n'),
        "2024-05": ("a.csv.gz", b"\x1f\x8bnot"),
        "2024-06": ("a.csv", TEXT.encode() + b"\xff\n"),
    }
    for month in months(8):
        name, content = bad.get(month, ("a.csv", TEXT.encode()))
        put(tmp_path, name, content, f"social_insurance/{month}")
    put(tmp_path, "delivery.json", '{"files": [{"name": "a.csv", "rows": 5}]}', "social_insurance/2024-07")
    heard: list[tuple[str, str]] = []
    connection = database()
    deliveries, _ = find_deliveries(tmp_path / "landing")
    ingest(connection, deliveries, SEEDS, lambda d, state: heard.append((d.period, state)))
    refused = {*bad, "2024-07"}
    assert heard == [(m, "refused" if m in refused else "read") for m in months(8)]
    result = read(tmp_path, connection)
    assert {m for m in months(8) if result.problem(f"social_insurance/{m}")} == refused
    assert len(result.column("row_id")) == 6
    assert result.closes()


def test_each_problem_of_a_delivery_is_named_at_once(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "si_number\n1\n")
    put(tmp_path, "b.csv", b"\xff")
    put(tmp_path, "c.csv", TEXT)
    problem = str(read(tmp_path).problem())
    assert "a.csv, line 1: required column(s) missing: full_name" in problem
    assert "b.csv, line 1: not valid UTF-8" in problem
    assert "c.csv" not in problem


def test_a_delivery_ingested_once_is_not_read_again(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", TEXT)
    connection = read(tmp_path).connection
    deliveries, _ = find_deliveries(tmp_path / "landing")
    assert new_deliveries(connection, deliveries) == []
    os.utime(path)
    assert new_deliveries(connection, deliveries) == [], "touched, but the same bytes"


def test_changed_new_and_vanished_files_are_all_named(tmp_path: Path) -> None:
    for month in months(4):
        put(tmp_path, "a.csv", TEXT, f"social_insurance/{month}")
        put(tmp_path, "b.csv", TEXT, f"social_insurance/{month}")
    connection = read(tmp_path).connection
    folder = tmp_path / "landing" / "social_insurance"
    (folder / "2024-01" / "a.csv").write_text(TEXT.replace("paid", "owed"))
    (folder / "2024-02" / "a.csv").rename(folder / "2024-02" / "c.csv")
    (folder / "2024-03").rename(tmp_path / "elsewhere")
    put(tmp_path, "delivery.json", "{}", "social_insurance/2024-04")
    with pytest.raises(ChangedDelivery) as raised:
        read(tmp_path, connection)
    lines = [line.strip() for line in str(raised.value).splitlines()]
    assert lines[1:-1] == [
        "social_insurance/2024-03: the delivery is gone",
        "social_insurance/2024-01/a.csv: the file changed (other SHA-256)",
        "social_insurance/2024-02/a.csv: the file is gone",
        "social_insurance/2024-02/c.csv: a new file",
        "social_insurance/2024-04/delivery.json: a new file",
    ]
    assert ".rN" in lines[-1]


def test_a_changed_file_of_a_refused_delivery_is_named_too(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", "")
    connection = read(tmp_path).connection
    path.write_text(TEXT)
    with pytest.raises(ChangedDelivery, match=r"a\.csv: the file changed"):
        read(tmp_path, connection)


def test_revisions_are_deliveries_of_their_own(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", TEXT)
    put(tmp_path, "a.csv", csv_text([insured(1)]), "social_insurance/2025-03.r2")
    put(tmp_path, "a.csv", csv_text([insured(3)]), "social_insurance/2025-03.r10")
    result = read(tmp_path)
    keys = result.connection.execute(
        "select revision, delivery_key % 1024 from landing.deliveries order by all"
    ).fetchall()
    assert keys == [(1, 1), (2, 2), (10, 10)]
    arrived = "select count(*), count(distinct read_at) from landing.arrivals natural join landing.deliveries"
    assert result.connection.execute(arrived).fetchall() == [(3, 1)]  # read together
    assert [str(v)[-2:] for v in result.column("si_number")] == ["90", "91", "90", "92"]


def test_months_after_the_delivery_are_counted_as_future(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", csv_text([insured(1), insured(2, month="2025-04"), insured(3, month="2025-02")]))
    assert read(tmp_path).connection.execute("select future_month from landing.files").fetchall() == [(1,)]


def test_usable_ids_and_foreign_prefixes_are_counted_over_accepted_rows(tmp_path: Path) -> None:
    rows = [insured(1), insured(2, citizen_id="000085000002"), insured(3, sex="female"), insured(4, citizen_id=""),
            insured(5, sex="?"), insured(1)]  # fmt: skip
    put(tmp_path, "a.csv", csv_text(rows))
    counts = read(tmp_path).connection.execute(
        "select accepted, identified, usable_ids, foreign_prefix, unknown_code from landing.files"
    )
    assert counts.fetchall() == [(4, 4, 2, 1, 0)]


def test_a_file_without_rows_is_read_and_counts_nothing(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", csv_text([]).replace("\n", "\r\n"))
    put(tmp_path, "b.csv", csv_text([])[:-1])
    result = read(tmp_path)
    assert result.problem() is None
    assert result.counts() == {"a.csv": (0,) * 5, "b.csv": (0,) * 5}


def test_every_source_can_be_ingested(tmp_path: Path) -> None:
    from sources.contract import all_sources, load_contract

    for source in all_sources():
        names = [c.name for c in load_contract(source).columns]
        put(tmp_path, "a.csv", ",".join(names) + "\n" + "," * (len(names) - 1) + "\n", f"{source}/2025-03")
        put(tmp_path, "b.jsonl", json_text([dict.fromkeys(names, "x")]), f"{source}/2025-03")
    result = read(tmp_path)
    assert result.connection.execute("select distinct state from landing.deliveries").fetchall() == [
        ("read",)
    ]
    assert {c[0] for c in result.counts().values()} == {1}
    assert result.closes()


def test_a_disk_error_while_reading_stops_the_run_and_refuses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a.csv", TEXT)
    connection = database()

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("sources.reading.apart.process._Apart.rows", broken)
    with pytest.raises(LabourdbError, match=r"social_insurance/2025-03/a\.csv: Input/output error"):
        read(tmp_path, connection)
    monkeypatch.undo()
    assert read(tmp_path, connection).counts() == {"a.csv": (2, 2, 0, 0, 0)}


def test_no_message_repeats_a_value() -> None:
    """Also where the reader itself fails on a row."""
    assert _wrong(ValueError("Nguyễn Văn An 001085000001")) == ("failed", "ValueError")
