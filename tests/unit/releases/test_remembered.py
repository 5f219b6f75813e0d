"""What is remembered of releases: their numbers and finest counts, whatever becomes of their folders."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from expectations.rules import load_rules
from releases.disclosure.remembered import PENDING, last_remembered, prepare, remembered, settle
from releases.release import next_id

ATOMS = [("indicators", "2025Q4", "a", "3|4"), ("indicators", "2025Q4", "b", "5|5")]


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create schema disclosure")
    columns = "table_name varchar, period varchar, atom varchar, figures varchar"
    connection.execute(f"create table disclosure.atoms ({columns})")
    connection.executemany("insert into disclosure.atoms values (?, ?, ?, ?)", ATOMS)
    return connection


def test_a_release_counts_once_it_appeared(tmp_path: Path, warehouse: duckdb.DuckDBPyConnection) -> None:
    folder, releases = tmp_path / "it's" / "remembered", tmp_path / "releases"
    assert remembered(folder) == {} and last_remembered(folder, "2025Q4") is None
    settle(folder, releases)
    prepare(warehouse, folder, "2025Q4.1")
    assert remembered(folder) == {}  # cut off here, nothing was published and no number is used
    settle(folder, releases)
    assert list(folder.iterdir()) == []
    prepare(warehouse, folder, "2025Q4.1")
    (releases / "2025Q4.1").mkdir(parents=True)
    assert remembered(folder) == {} and next_id(releases, "2025Q4", remembered(folder)) == "2025Q4.2"
    settle(folder, releases)  # cut off before this, the next run does it
    assert list(remembered(folder)) == ["2025Q4.1"] and [p.name for p in folder.iterdir()] == [
        "2025Q4.1.parquet"
    ]
    kept = duckdb.execute("select * from read_parquet(?)", [str(remembered(folder)["2025Q4.1"])]).fetchall()
    assert kept == ATOMS
    (releases / "2025Q4.1").rmdir()
    settle(folder, releases)
    assert next_id(releases, "2025Q4", remembered(folder)) == "2025Q4.2"
    assert next_id(releases, "2025Q3", remembered(folder)) == "2025Q3.1"


def test_the_last_is_the_greatest_number(tmp_path: Path) -> None:
    for name in ("2025Q4.2", "2025Q4.10", "2026Q1.11"):
        (tmp_path / f"{name}.parquet").touch()
    assert last_remembered(tmp_path, "2025Q4") == tmp_path / "2025Q4.10.parquet"


@pytest.mark.parametrize(("revised", "small"), [(0, None), (1, True), (9, True), (10, False), (40, False)])
@pytest.mark.parametrize("how", ["other figures", "gone", "new"])
def test_a_release_that_revises_few_finest_counts_is_told(
    tmp_path: Path, warehouse: duckdb.DuckDBPyConnection, revised: int, small: bool | None, how: str
) -> None:
    """Of each period by itself: the quarter before stays as it was, whatever happens in this one."""
    quarters = "(values ('2025Q3'), ('2025Q4')) as q (period)"
    warehouse.execute(
        f"insert into disclosure.atoms select 'transitions', period, range, '7' from range(100), {quarters}"
    )
    hit = f"table_name = 'transitions' and period = '2025Q4' and try_cast(atom as integer) < {revised}"
    change = {
        "gone": "delete from disclosure.atoms where",
        "other figures": "update disclosure.atoms set figures = '8' where",
    }
    if how == "new":
        warehouse.execute(
            f"create table kept as from disclosure.atoms; {change['gone'].replace('where', 'where ' + hit)}"
        )
    prepare(warehouse, tmp_path, "2025Q4.1")
    if how == "new":
        warehouse.execute("create or replace table disclosure.atoms as from kept")
    else:
        warehouse.execute(f"{change[how]} {hit}")
    rule = load_rules()["small_revision"]
    assert rule.rows is not None and rule.severity == "warn"
    rows = rule.rows.replace("{warehouse}", "memory").replace("{remembered}", f"{tmp_path}/2025Q4.1{PENDING}")
    found = warehouse.execute(rows).fetchall()
    expected = [] if small is None else [("finest counts by period", small, "2025Q4", revised)]
    assert found == expected
