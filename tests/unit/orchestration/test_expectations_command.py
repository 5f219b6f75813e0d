"""``labourdb expectations``: what it says, whom it stops, and that it needs neither a run nor Great Expectations to start."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result
from worlds.whole_tables import whole_tables, write_tables

from expectations import suites
from expectations.rules import load_rules, types_of_expectations
from expectations.suites import COLUMNS_IN_ORDER, MEASURES, SUITES, load_suites
from orchestration.cli.main import app
from orchestration.home import Home

PAGE = Path(__file__).parents[3] / "docs" / "expectations.md"
NAME = "Vũ Khắc Anlàm 030099000123"


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two releases: a whole one, and one whose transitions and linkage are broken."""
    root = tmp_path_factory.mktemp("home")
    whole = whole_tables()
    write_tables(whole, root / "releases" / "2025Q3.1" / "tables")
    moves = whole["transitions"].astype(object)
    moves.loc[0, ["sex", "share"]] = [NAME, 101.0]
    rows = whole["linkage"].astype(object)
    rows.loc[0, ["rows", "source"]] = [-1, NAME]
    changed = {"transitions": moves.convert_dtypes(), "linkage": rows.convert_dtypes()}
    write_tables(whole | changed, root / "releases" / "2025Q4.1" / "tables")
    (root / "releases" / "current").symlink_to("2025Q4.1")
    return root


def test_what_holds_ends_with_0_and_says_how_much_was_looked_at(home: Path) -> None:
    result = call("expectations", "run", "linkage", "--release", "2025Q3.1", "--home", home)
    assert result.exit_code == 0, result.output
    assert f"linkage of 2025Q3.1: {len(load_suites()['linkage'].expectations)} passed" in result.stdout
    assert "column_values_to_match_regex" in result.stdout


def test_what_fails_ends_with_3_and_is_told_by_key_without_the_value(home: Path) -> None:
    result = call("expectations", "run", "transitions", "linkage", "--home", home, "--json")
    assert result.exit_code == 3
    told = json.loads(result.stdout)
    assert told["exit_code"] == 3
    failed = {(line["suite"], line["object"]): line for line in told["lines"] if line["status"] == "failed"}
    share, sex = failed["transitions", "transitions: share"], failed["transitions", "transitions: sex"]
    assert (share["rows_failed"], share["severity"], share["stops"]) == (1, "block", True)
    assert share["rows"][0]["period"] == "2025Q4" and share["rows"][0]["sex"] == "?"
    assert "sex" not in sex["rows"][0] and sex["rows"][0]["lag"] == "quarter"
    assert ("linkage", "linkage: rows") in failed and ("linkage", "linkage: source") in failed
    # how many rows there should be is known of this release by no check of its own
    assert any("transitions.yaml" in text and "transition_totals" in text for text in told["left_out"])
    spoken = call("expectations", "run", "--home", home)
    assert spoken.exit_code == 3 and "Gate 3 would release nothing." in spoken.stdout
    assert (
        "linkage.yaml, expectation 6: expect_column_values_to_be_between of linkage: rows: 1 of 1"
        in spoken.stdout
    )
    for text in (result.output, spoken.output):
        assert "Anl" not in text and "030099000123" not in text


def test_an_expectation_is_added_by_the_lines_that_the_page_shows(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = re.search(r"^```yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert shown is not None
    for path in SUITES.glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    stated = (tmp_path / "training_outcomes.yaml").read_text(encoding="utf-8")
    read = suites.load_suites.__wrapped__
    for most, status in ((500_000_000, "passed"), (5_000_000, "failed")):
        added = stated + shown[1].replace("500000000", str(most))
        (tmp_path / "training_outcomes.yaml").write_text(added, encoding="utf-8")
        now = read(tmp_path)
        for name in ("orchestration.tasks.expectations", "expectations.suites"):
            monkeypatch.setattr(f"{name}.load_suites", lambda now=now: now)
        result = call(
            "expectations", "run", "training_outcomes", "--release", "2025Q3.1", "--home", home, "--json"
        )
        assert result.exit_code == 0, result.output  # it warns
        line = json.loads(result.stdout)["lines"][-1]
        assert line["object"] == 'training_outcomes: median_wage_12m where level == "total"'
        assert (line["status"], line["severity"]) == (status, "warn") and line["notes"].startswith(
            "More than"
        )
    assert line["rows"][0]["level"] == "total" and "median_wage_12m" not in line["rows"][0]


def test_the_page_names_every_type_that_can_be_used() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in types_of_expectations(load_rules()):
        ending = name.removeprefix("expect_column_values").removeprefix("expect_table_row_count")
        assert f"`{name}`" in page or f"`…{ending}`" in page or name == COLUMNS_IN_ORDER, name


def test_measures_are_those_of_the_last_run(tmp_path: Path) -> None:
    import pandas as pd

    nothing = call("expectations", "run", MEASURES, "--home", tmp_path)
    assert nothing.exit_code == 2 and "labourdb run" in nothing.output
    kept = Home(tmp_path).workshop / "measured" / "linkage"
    kept.mkdir(parents=True)
    pd.DataFrame(
        {"check_id": ["a", "b"], "object": ["x: y", "x"], "rows_checked": [9, 9], "rows_failed": [0, 9],
         "failed_share": [0.0, 1.0], "threshold": [0.0, 0.1]}
    ).to_parquet(kept / "measures.parquet", index=False)  # fmt: skip
    result = call("expectations", "run", MEASURES, "--home", tmp_path)
    assert result.exit_code == 0 and "check_id=b, object=x" in result.stdout and "1 failed" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("wages",), "No suite is called 'wages'. There are: indicators, "),
        (("linkage", "--release", "2025Q1.7"), "No release '2025Q1.7'"),
        (("linkage", "--release", "2025Q3.1", "--candidates"), "Name a release or --candidates, not both"),
        (("linkage", "--candidates"), "no run has come to gate 3"),
    ],
)
def test_what_cannot_be_meant_ends_with_2(home: Path, arguments: tuple[str, ...], said: str) -> None:
    result = call("expectations", "run", *arguments, "--home", home)
    assert result.exit_code == 2 and said in result.output, result.output


def test_the_list_names_every_suite_and_its_file() -> None:
    listed: list[dict[str, Any]] = json.loads(call("expectations", "list", "--json").stdout)
    assert [s["suite"] for s in listed] == list(load_suites())
    assert all(Path(s["file"]).is_file() for s in listed)


def test_great_expectations_is_imported_only_where_a_suite_is_tried() -> None:
    """Its import takes seconds: neither the command line nor gate 1 (``labourdb check``) pays for it."""
    code = """
import sys
import orchestration.cli.main, orchestration.tasks.check, orchestration.tasks.expectations, orchestration.run.gates
from expectations.judge import judge
from expectations.measuring import Measure, frame_of
from expectations.rules import load_rules

checks = judge(frame_of([Measure("quarantined_share", "training/2025-01", 100, 11)]), load_rules())
assert checks["status"].tolist() == ["failed"]
sys.exit("great_expectations" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], env=os.environ).returncode == 0
