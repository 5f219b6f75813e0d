"""Which folders are deliveries, and what delivery.json may say of them."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.ingestion import csv_text, insured, put, read

from sources.calendar import month_label, month_number
from sources.errors import LabourdbError
from sources.ingest.landing import find_deliveries, sha256, visible_files

TEXT = csv_text([insured(1), insured(2)])
FOLDER = "social_insurance/2025-03"


def note(home: Path, content: Any) -> None:
    put(home, "delivery.json", content if isinstance(content, (bytes, str)) else json.dumps(content))


def test_months_count_and_read_back() -> None:
    assert month_number("2025-03") == 24302
    assert [month_label(month_number(f"2024-{m:02d}")) for m in (1, 12)] == ["2024-01", "2024-12"]


def test_deliveries_sort_by_month_then_revision_as_numbers(tmp_path: Path) -> None:
    for name in ("2025-03.r10", "2025-03.r9", "2025-03", "2024-12", "2025-03.r2"):
        put(tmp_path, "a.csv", TEXT, f"social_insurance/{name}")
    found, strange = find_deliveries(tmp_path / "landing")
    assert strange == []
    assert [d.name.split("/")[1] for d in found] == [
        "2024-12",
        "2025-03",
        "2025-03.r2",
        "2025-03.r9",
        "2025-03.r10",
    ]
    assert [d.key for d in found] == sorted(d.key for d in found)


def test_what_is_no_delivery_is_named_and_left_alone(tmp_path: Path) -> None:
    for folder in ("social_insurance/2025-13", "social_insurance/2025-3", "social_insurance/2025-03.r1",
                   "social_insurance/2025-03.r02", "social_insurance/2025-03 (copy)", "no_such_source/2025-03"):  # fmt: skip
        put(tmp_path, "a.csv", TEXT, folder)
    put(tmp_path, ".hidden", "x", "social_insurance/2025-04")
    put(tmp_path, "~$a.xlsx", "x", "social_insurance/2025-04")
    put(tmp_path, "a.csv", TEXT, ".trash/2025-03")
    put(tmp_path, "stray.csv", TEXT, "social_insurance")
    (tmp_path / "landing" / "social_insurance" / os.fsdecode(b"bad\xff")).mkdir()
    found, strange = find_deliveries(tmp_path / "landing")
    assert found == []
    assert len(strange) == 9
    "\n".join(strange).encode()


def test_a_landing_folder_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(LabourdbError, match="landing"):
        find_deliveries(tmp_path / "landing")


def test_hidden_files_are_not_seen_and_names_sort_bytewise(tmp_path: Path) -> None:
    for name in ("b.csv", "B.csv", "a.csv", "é.csv", ".x.csv", "~$b.xlsx"):
        put(tmp_path, name, TEXT)
    assert [p.name for p in visible_files(tmp_path / "landing" / FOLDER)] == [
        "B.csv",
        "a.csv",
        "b.csv",
        "é.csv",
    ]


def test_a_note_that_agrees_is_kept(tmp_path: Path) -> None:
    digest = hashlib.sha256(TEXT.encode()).hexdigest()
    put(tmp_path, "a.csv", TEXT)
    note(tmp_path, "\ufeff" + json.dumps({
        "source": "social_insurance", "period": "2025-03", "agency": "BHXH", "area_version": "2024", "synthetic": True,
        "files": [{"name": "a.csv", "rows": 2, "sha256": digest.upper()}], "more": 1}))  # fmt: skip
    result = read(tmp_path)
    assert result.problem() is None
    assert result.connection.execute(
        "select agency, area_version, synthetic from landing.deliveries"
    ).fetchall() == [("BHXH", "2024", True)]


LISTED = [{"name": "a.csv"}]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not readable as JSON"),
        (b"\xff{}", "not readable as JSON"),
        ("[" * 100_000, "not readable as JSON"),
        ("[]", "not one JSON object"),
        ({"source": "training"}, "says source 'training'"),
        ({"period": "2025-04"}, "says period '2025-04'"),
        ({"area_version": "2023"}, "neither 2024 nor 2025"),
        ({"synthetic": "yes"}, "synthetic is neither true nor false"),
        ({"files": "a.csv"}, "files is not a list"),
        ({"files": [{"rows": 2}]}, "files is not a list"),
        ({"files": LISTED * 2}, "lists a file twice"),
        ({"files": []}, "present but not listed: a.csv"),
        ({"files": [*LISTED, {"name": "b.csv"}]}, "listed but absent: b.csv"),
        ({"files": [{"name": "a.csv", "sha256": "0" * 64}]}, "a.csv: its SHA-256"),
        ({"files": [{"name": "a.csv", "rows": 3}]}, "a.csv: holds 2 rows, but delivery.json states 3"),
        ({"files": [{"name": "a.csv", "rows": "2"}]}, "states 2"),
    ],
)
def test_a_note_that_disagrees_refuses_the_delivery(tmp_path: Path, content: Any, words: str) -> None:
    put(tmp_path, "a.csv", TEXT)
    note(tmp_path, content)
    result = read(tmp_path)
    assert words in str(result.problem())
    assert result.column("row_id") == []
    assert result.counts()["a.csv"] == (None,) * 5


def test_what_lies_in_a_delivery_but_is_no_data_file_refuses_it(tmp_path: Path) -> None:
    cases = {
        "2025-01": "note.txt",
        "2025-02": "a.csv.zip",
        "2025-03": "table.xls",
        "2025-04": "delivery.json",
    }
    for month, name in cases.items():
        put(tmp_path, name, "{}", f"social_insurance/{month}")
    put(tmp_path, "b.csv", TEXT, "social_insurance/2025-05/x.csv")
    put(tmp_path, "x", "", "social_insurance/2025-06").with_name("gone.csv").symlink_to("nowhere")
    (tmp_path / "landing/social_insurance/2025-06/x").unlink()
    os.mkfifo(put(tmp_path, "a.csv", TEXT, "social_insurance/2025-07").with_name("pipe.csv"))
    bad = os.fsencode(put(tmp_path, "a.csv", TEXT, "social_insurance/2025-08").parent) + b"/b\xff.csv"
    Path(os.fsdecode(bad)).write_text(TEXT)
    result = read(tmp_path)
    words = {
        "2025-01": "note.txt: not one of", "2025-02": "a.csv.zip: not one of", "2025-03": "table.xls: not one of",
        "2025-04": "no data file", "2025-05": "x.csv: a folder", "2025-06": "gone.csv: not a regular file",
        "2025-07": "pipe.csv: not a regular file", "2025-08": "b\\xff.csv: the file's name is not UTF-8",
    }  # fmt: skip
    for month, expected in words.items():
        assert expected in str(result.problem(f"social_insurance/{month}")), month
    assert read(tmp_path, result.connection).column("row_id") == [], "and the next run finds nothing changed"


def test_hash_of_what_is_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    before = sha256(folder)
    (folder / "x").write_text("")
    assert sha256(folder) != before
