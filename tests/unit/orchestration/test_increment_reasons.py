"""What speaks against going on from the tables that lie in a home: each difference is a full build, and says why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from worlds import eighteen_persons as worlds

from orchestration.dbt.project import COUNTED_LAYERS, FIRST_LAYERS
from orchestration.home import Home
from orchestration.run import gates, increments
from orchestration.run.scope import Run, RunScope
from orchestration.settings import load_settings
from sources.calendar import quarter_number

Change = Callable[[Run], None]
ON = "[engine]\nincrements = true\n"


def _home(folder: Path) -> Home:
    """A home that was run, and may go on from its tables."""
    home = worlds.copy_of(worlds.small_home(), folder / "home")
    home.settings.write_text(home.settings.read_text() + ON)
    return home


def _run_of(home: Home, as_of: str = worlds.AS_OF) -> Run:
    return Run(home, load_settings(home.settings), RunScope(quarter_number(as_of), f"{as_of}.9"))


def _decided(home: Home, as_of: str = worlds.AS_OF) -> tuple[bool, str]:
    """What gate 1 decides: whether it is an increment, and why not."""
    run = _run_of(home, as_of)
    with worlds.environment(LABOURDB_KEY=worlds.KEY):
        gates.gate_deliveries(run)
    with run.warehouse() as warehouse:
        found = warehouse.execute("select is_increment, reason from run.increment").fetchone()
    assert found is not None
    return bool(found[0]), str(found[1])


def _sql(*statements: str, restricted: bool = False) -> Change:
    def change(run: Run) -> None:
        opened = run.restricted if restricted else run.warehouse
        with worlds.environment(LABOURDB_KEY=worlds.KEY), opened() as connection:
            for statement in statements:
                connection.execute(statement)

    return change


def _set(text: str) -> Change:
    return lambda run: run.home.settings.write_text(text) and None


def _begins(layers: list[str], whole: bool) -> Change:
    def change(run: Run) -> None:
        with run.warehouse() as warehouse:
            increments.begins(warehouse, layers, whole)

    return change


def test_the_same_deliveries_are_no_reason(tmp_path: Path) -> None:
    assert _decided(_home(tmp_path)) == (True, "")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_begins(FIRST_LAYERS, True), "broke off"),
        (_begins(COUNTED_LAYERS, True), "broke off"),
        (_begins(["keyed"], False), "built by hand"),
        (_sql("delete from run.kept"), "built by hand"),
        (_sql("drop table run.kept"), "no run before it"),
        (_sql("update run.kept set code = '{}'"), "another version"),
        (_sql("update run.kept set token = 'x'"), "not of the same run"),
        (_sql("update increment.mark set token = 'x'", restricted=True), "not of the same run"),
        (_sql("drop schema increment cascade", restricted=True), "not of the same run"),
        (_sql("update run.kept set keys = 'x'"), "keys of the restricted zone"),
        (_sql("update run.kept set as_of_quarter = as_of_quarter + 1"), "later quarter"),
        (_sql("update run.kept set quarters = '[]'"), "begin with another"),
        (_sql("update run.kept_deliveries set files = 'x' where source = 'training'"), "files of a delivery"),
        (_sql("update run.kept_deliveries set area_version = '2023' where source = 'training'"), "counts otherwise"),
        (_sql("drop table labour.labour.insured_quarters"), "insured_quarters"),
        (_sql("drop table identity.spine", restricted=True), "spine"),
        (_set(ON + "[succession]\npersons = false\n"), "[succession] of labourdb.toml"),
        (_set("[engine]\nincrements = false\n"), "increments is off"),
        (_set(ON + "[coverage]\nprovinces = ['31']\n"), "[coverage] of labourdb.toml"),
    ],
)  # fmt: skip
def test_a_doubt_is_a_full_build(tmp_path: Path, change: Change, reason: str) -> None:
    home = _home(tmp_path)
    change(_run_of(home))
    is_increment, said = _decided(home)
    assert not is_increment and reason in said


def test_what_gates_judge_by_is_no_reason(tmp_path: Path) -> None:
    """It decides which deliveries count, and those are compared."""
    home = _home(tmp_path)
    home.settings.write_text(ON + "[thresholds]\nunusable_id_share = 0.9\n")
    assert _decided(home) == (True, "")
    known = set(json.loads(increments.of_models(load_settings(home.settings))))
    assert known | set(increments.JUDGING) == set(load_settings(home.settings).effective()) - {
        "engine",
        "retention",
    }


def test_an_earlier_quarter_is_built_in_full(tmp_path: Path) -> None:
    home = _home(tmp_path)
    is_increment, said = _decided(home, "2025Q3")
    assert not is_increment and "later quarter" in said


def test_an_increment_goes_on_once_and_whole(tmp_path: Path) -> None:
    """Of its two steps each is one only as the first build after gate 1, and in their order."""
    home = _home(tmp_path)
    run = _run_of(home)

    def after(*builds: tuple[list[str], bool]) -> bool:
        _sql("create or replace table run.kept as select * from run.kept_before")(run)
        assert _decided(home) == (True, "")
        for layers, whole in builds:
            _begins(layers, whole)(run)
        with run.warehouse() as warehouse:
            return warehouse.execute("select is_increment from run.increment").fetchone() == (True,)

    _sql("create table run.kept_before as select * from run.kept")(run)
    assert after((FIRST_LAYERS, True))
    assert after((FIRST_LAYERS, True), (COUNTED_LAYERS, True))
    assert after((FIRST_LAYERS, True), (COUNTED_LAYERS, True), (["disclosure", "published"], True))
    assert not after((FIRST_LAYERS, True), (FIRST_LAYERS, True))
    assert not after((COUNTED_LAYERS, True))
    assert not after((FIRST_LAYERS, False))
    assert not after((FIRST_LAYERS, True), (COUNTED_LAYERS, False))
    assert not after((FIRST_LAYERS, True), (COUNTED_LAYERS, True), (COUNTED_LAYERS, True))
