"""The loop of who works on the models with plain dbt commands (docs/dbt.md): no variable to set, nothing built before, no trace."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from worlds.empty_home import PROJECT, EmptyHome, copy_of_empty, dbt_works_in

from orchestration.dbt.project import TARGET, parsed

ROOT = PROJECT.parent
NAME, CITIZEN_ID = "Nguyễn Thị Lạ Kỳ", "30181999888"


def dbt(*arguments: str) -> Any:
    """A dbt command as a developer gives it, in this process and with the project as it is parsed already."""
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    try:
        outcome = dbtRunner(manifest=parsed()).invoke([*arguments, *places])
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
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--log-path", str(tmp_path)]
    outcome = dbtRunner(manifest=parsed()).invoke(["build", "--select", "claims", *places])
    assert not outcome.success
    assert "nowhere/warehouse is not there" in str(outcome.exception or outcome.result.results[0].message)


@pytest.mark.slow
def test_a_fresh_clone_without_a_home_or_a_variable(tmp_path: Path) -> None:
    """``dbt debug``, one model, all unit tests; what is left lies out of the repository, and a second command says the same."""
    clone = tmp_path / "clone"
    shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(".*", "data", "target", "tests", "*.egg-info"))
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
    assert "PASS=2 " in said("build", "--select", "claims")
    assert "ERROR=0" in said("test", "--select", "test_type:unit")
    assert not (clone / "dbt_project" / "target").exists() and not (clone / "dbt_project" / "logs").exists()
    left = {p.name for p in (clone / "data").rglob("*") if p.is_file()}
    assert "manifest.json" in left and not any(name.endswith((".log", ".duckdb")) for name in left)
