"""Errors nobody foresaw are told by kind and place; their own words may quote a row."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from typer.testing import CliRunner

import orchestration.tasks.status
from orchestration.cli.main import app
from orchestration.dbt.build import engine_words
from orchestration.home import Home
from orchestration.resources import Installation
from orchestration.run.execute import _raise_plainly
from sources.errors import LabourdbError, UnforeseenError, place_of

NAME = "Nguyễn Thị Không"
IN_MODEL = "Runtime Error in model persons (models/labour/persons.sql)\n  "


@pytest.mark.parametrize(
    "complaint",
    [
        f"Conversion Error: Could not convert string '{NAME}' to INT32\n  LINE 1: select",
        f'Constraint Error: Duplicate key "citizen_id: {NAME}" violates primary key constraint',
        f"Invalid Input Error: {NAME}",
        f"Out of Range Error: {NAME}",
    ],
)
def test_what_the_engine_says_of_data_is_cut(complaint: str) -> None:
    said = engine_words(IN_MODEL + complaint)
    assert NAME not in said and complaint.split(":")[0] in said and "models/labour/persons.sql" in said


@pytest.mark.parametrize(
    "complaint",
    [
        "Binder Error: no column x",
        "Out of Memory Error: failed to pin block",
        "IO Error: No space left",
        "Got 3 results",
    ],
)
def test_what_it_says_of_sql_and_the_machine_is_kept(complaint: str) -> None:
    assert complaint in engine_words(IN_MODEL + complaint)


def _fails() -> None:
    duckdb.execute("select cast(? as integer)", [NAME])


def test_a_place_is_told_without_words() -> None:
    with pytest.raises(duckdb.Error, match=NAME) as caught:
        _fails()
    assert place_of(caught.value).startswith(
        "ConversionException in tests/unit/orchestration/test_unforeseen.py, line "
    )
    assert place_of(ValueError(NAME)) == "ValueError"


def test_a_command_that_fails_unforeseen_shows_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orchestration.tasks.status, "home_status", lambda home: _fails())
    ended = CliRunner().invoke(app, ["status", "--home", str(tmp_path), "--json"])
    assert ended.exit_code == 1 and isinstance(ended.exception, SystemExit)
    assert "Failed where nothing was foreseen: ConversionException in tests/unit" in ended.stderr
    assert NAME not in ended.output and "Traceback" not in ended.output


def test_a_step_hands_on_place_and_kind_alone(tmp_path: Path) -> None:
    """What a step raises is kept by Dagster, with all that is chained to it."""
    with pytest.raises(UnforeseenError) as caught, Installation(home=str(tmp_path), as_of="2025Q4").step("x"):
        _fails()
    assert NAME not in str(caught.value) and caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    with pytest.raises(LabourdbError, match=NAME), Installation(home=str(tmp_path)).step("x"):
        raise LabourdbError(NAME)  # its words are chosen


def test_what_a_run_says_of_errors_around_it(tmp_path: Path) -> None:
    error = dg.DagsterError("x")
    error.__cause__ = UnforeseenError("ValueError in sources/ingest/deliveries.py, line 3")
    with pytest.raises(
        LabourdbError, match=r"nothing was foreseen \(ValueError in sources/ingest/deliveries.py, line 3\)"
    ):
        _raise_plainly(Home(tmp_path), "2025Q4", error)
    error.__cause__ = sqlite3.OperationalError("database or disk is full")
    with pytest.raises(LabourdbError, match="is the disk full"):
        _raise_plainly(Home(tmp_path), "2025Q4", error)


def test_an_exit_code_is_no_error(tmp_path: Path) -> None:
    """`check` of a delivery that would not be used ends with 1 and its own words alone."""
    folder = tmp_path / "population" / "2025-09"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("not,what\nwas,asked\n")
    ended = CliRunner().invoke(app, ["check", str(folder)])
    assert ended.exit_code == 1 and "would be refused" in ended.stdout and ended.stderr == ""
