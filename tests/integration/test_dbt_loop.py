"""The loop of who works on the models with plain dbt commands (docs/dbt.md): no variable to set, nothing built before, no trace."""

from __future__ import annotations

import contextvars
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from worlds import eighteen_persons as worlds
from worlds.empty_home import PROJECT, EmptyHome, copy_of_empty, dbt_works_in

from orchestration.assets.models import build_labour_database, count_indicators, make_published_tables
from orchestration.dbt.project import (
    COUNTED_LAYERS,
    DEVELOPERS_TESTS,
    FIRST_LAYERS,
    LAST_LAYERS,
    TARGET,
    expected_tests,
    manifest_path,
    parsed,
)
from orchestration.home import Home
from orchestration.run import gates
from orchestration.run.marks import Stale
from orchestration.run.scope import Run
from orchestration.settings import load_settings

ROOT = PROJECT.parent
PLACES = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
NAME, CITIZEN_ID = "Nguyễn Thị Lạ Kỳ", "30181999888"


def dbt(*arguments: str) -> Any:
    """A dbt command as a developer gives it, in this process and with the project as it is parsed already."""
    try:
        outcome = dbtRunner(manifest=parsed()).invoke([*arguments, *PLACES])
    finally:
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    assert outcome.exception is None, outcome.exception
    return outcome.result


def test_one_model_is_built_and_tested_with_nothing_built_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABOURDB_HOME", str(tmp_path / "nowhere"))
    where = ["--target", "empty", "--log-path", str(tmp_path)]
    # one reads linked rows, one the measures that no YAML lists, one a seed with its rows
    models = ("claims", "changed_cells", "untold_indicators")
    built = {
        r.node.name: (str(r.status), r.message) for r in dbt("build", *where, "--select", *models).results
    }
    assert set(models) <= set(built) and len(built) > 4
    assert {name: how for name, how in built.items() if how[0] not in ("success", "pass")} == {}


def test_no_row_that_dbt_shows_is_left_in_a_file_and_the_kept_project_stays(
    pristine: EmptyHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = copy_of_empty(pristine, tmp_path / "home" / "restricted")
    with home.warehouse() as warehouse:
        warehouse.execute(
            f"insert into restricted.landing.population by name select 1 as row_id, 1 as delivery_key,"
            f" {CITIZEN_ID} as citizen_id, '{NAME}' as full_name"
        )
        warehouse.execute(
            "insert into run.deliveries_in_force by name select 'population' as source, 1 as delivery_key"
        )
    monkeypatch.setenv("LABOURDB_HOME", str(tmp_path / "home"))
    kept = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in sorted(TARGET.iterdir()) if p.is_file()}
    assert TARGET / "manifest.json" in kept
    with dbt_works_in(home):
        dbt("show", "--log-path", str(tmp_path / "log"), "--select", "stg_population", "--output", "json")
        dbt("compile", "--log-path", str(tmp_path / "log"), "--select", "stg_population")
    shown = capsys.readouterr().out
    assert CITIZEN_ID in shown, "nothing was shown that could be left behind"
    encrypted = {home.folder / "restricted.duckdb", home.folder / "labour.duckdb"}
    written = [p for p in tmp_path.rglob("*") if p.is_file() and p not in encrypted]
    assert any(p.name == "stg_population.sql" for p in written), (
        "dbt keeps its files in the home's restricted zone"
    )
    for path in written:
        text = path.read_bytes()
        assert CITIZEN_ID.encode() not in text and NAME.encode() not in text, path
        assert path.is_relative_to(home.folder), path
    assert {
        p: (p.stat().st_mtime_ns, p.read_bytes()) for p in sorted(TARGET.iterdir()) if p.is_file()
    } == kept


def test_a_home_that_was_named_and_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABOURDB_HOME", str(tmp_path / "nowhere"))
    outcome = dbtRunner(manifest=parsed()).invoke(
        ["build", "--select", "claims", "--log-path", str(tmp_path), *PLACES]
    )
    assert not outcome.success
    assert "nowhere/warehouse is not there" in str(outcome.exception or outcome.result.results[0].message)


def test_what_a_developer_builds_in_a_home_is_no_part_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A seed or model of other code would else be published by the next run, or by gate 3 and release executed alone."""
    home = worlds.copy_of(worlds.small_home(), tmp_path / "home")
    monkeypatch.setenv("LABOURDB_HOME", str(home.root))
    monkeypatch.setenv("LABOURDB_KEY", worlds.KEY)
    command = ["seed", "--select", "plan_targets", "--log-path", str(tmp_path), *PLACES]

    def said() -> tuple[bool, str]:
        try:
            outcome = dbtRunner(manifest=parsed()).invoke(command)
            return outcome.success, str(outcome.exception or outcome.result.results[0].message)  # type: ignore[union-attr,index]
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]

    with worlds.opened(home) as databases:
        assert databases.execute("select count(*) > 50 from w.run.built").fetchall() == [(True,)]
    assert said()[0]
    with worlds.opened(home) as databases:
        assert databases.execute("select count(*) from w.run.built").fetchall() == [(0,)]
        assert databases.execute("select count(*) from w.run.seeds").fetchall() == [(0,)]
    run = Run(home, load_settings(home.settings), worlds.scope())
    with pytest.raises(Stale, match="models are not built"):
        gates.gate_publication(run)
    another = contextvars.Context()  # who holds the home there is not this command
    held = home.locked("run")
    another.run(held.__enter__)
    succeeded, words = said()
    another.run(held.__exit__, None, None, None)
    assert not succeeded and "Another labourdb process" in words


@pytest.mark.slow
def test_a_fresh_clone_without_a_home_or_a_variable(tmp_path: Path) -> None:
    """``dbt debug``, one model, all unit tests; what is left lies out of the repository, and a second command says the same."""
    clone = tmp_path / "clone"
    shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(".*", "data", "target", "*.egg-info"))
    bare = {name: text for name, text in os.environ.items() if not name.startswith(("LABOURDB_", "DBT_"))}

    def said(*command: str) -> str:
        done = subprocess.run(
            [str(Path(sys.executable).parent / "dbt"), *command],
            cwd=clone / "dbt_project",
            env={**bare, "PYTHONPATH": str(clone)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-2000:]
        return done.stdout

    assert "All checks passed" in said("debug")
    assert "PASS=3 " in said("build", "--select", "claims"), "the model, its unit test, what one row is of"
    assert "ERROR=0" in said("test", "--select", "test_type:unit")
    assert not (clone / "dbt_project" / "target").exists() and not (clone / "dbt_project" / "logs").exists()
    left = {p.name for p in (clone / "data").rglob("*") if p.is_file()}
    assert "manifest.json" in left and not any(name.endswith((".log", ".duckdb")) for name in left)


SELECTED = ["--select", *(f"test_name:{name}" for name in DEVELOPERS_TESTS)]


def test_a_run_leaves_out_what_developers_ask() -> None:
    nodes = json.loads(manifest_path().read_text(encoding="utf-8"))["nodes"].values()
    tests = [n for n in nodes if n["resource_type"] == "test"]
    own = {n["name"] for n in tests if n["test_metadata"]["name"] in DEVELOPERS_TESTS}
    asked = {t.name for t in expected_tests([*FIRST_LAYERS, *COUNTED_LAYERS, *LAST_LAYERS])}
    assert len(own) > 180 and len(asked) > 40
    assert asked == {n["name"] for n in tests} - own and not own & asked
    checks = {
        key.name
        for assets in (build_labour_database, count_indicators, make_published_tables)
        for key in assets.check_keys
    }
    assert asked <= checks and not own & checks
    guarding = [
        n["name"] for n in tests if n["name"] not in own and not n["config"]["meta"].get("description_vi")
    ]
    assert guarding == [], "a test that a gate judges says why it must hold"


@pytest.mark.slow
def test_what_developers_ask_holds_of_a_run_and_fails_on_broken_rows(
    pristine: EmptyHome, samples: Path, sample_homes: dict[Path, Home], tmp_path: Path
) -> None:
    whole = (
        dbtRunner()
        .invoke(["parse", "--quiet", *PLACES, "--target-path", str(tmp_path), "--log-path", str(tmp_path)])
        .result
    )
    run = sample_homes[samples / "small-world"]
    made = tmp_path / "run"
    made.mkdir()
    for file in (run.database, *(p for p in run.restricted.iterdir() if p.is_file())):
        shutil.copy(file, made / file.name)
    with dbt_works_in(EmptyHome(made, whole)) as home:
        held = home.statuses(*SELECTED)
    assert len(held) > 180
    assert {name: status for name, status in held.items() if status != "pass"} == {}

    with dbt_works_in(copy_of_empty(EmptyHome(pristine.folder, whole), tmp_path / "broken")) as home:
        with home.warehouse() as warehouse:
            for statement in broken_rows(whole):
                warehouse.execute(statement)
        broken = home.statuses(*SELECTED)
    assert set(broken) == set(held)
    assert {name for name, status in broken.items() if status != "fail"} == set()


def broken_rows(manifest: Any) -> Iterator[str]:
    """SQL that puts into each table two rows that are alike and know nothing, and for each test of a column what it refuses."""
    nodes = manifest.nodes
    tests = [n for n in nodes.values() if str(n.resource_type) == "test"]
    for tested in {n.attached_node for n in tests if n.test_metadata.name in DEVELOPERS_TESTS}:
        node = nodes[tested]
        table = f"{node.database}.{node.schema}.{node.identifier}"
        if node.config.materialized == "view":
            yield f"create table {table}_ as from {table} limit 0"
            yield f"drop view {table}"
            yield f"alter table {table}_ rename to {node.identifier}"
        yield f"insert into {table} by name select null as {next(iter(node.columns))} from range(2)"
        for test in (n for n in tests if n.attached_node == tested and n.column_name):
            if test.test_metadata.name != "not_null":
                value = {"unique": "1"}.get(test.test_metadata.name, "2")
                types = node.columns[test.column_name].data_type or node.config.column_types[test.column_name]
                yield f"insert into {table} by name select cast({value} as {types}) as {test.column_name} from range(2)"
