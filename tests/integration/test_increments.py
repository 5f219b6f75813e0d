"""An increment leaves the same tables as a full build, whatever agencies did meanwhile.

Sequences of changes are drawn from seeds. After each change a home that goes on from its kept tables is compared, row by
row, with one in which the same deliveries were never built. `make increments SEQUENCES=30` draws more of them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import duckdb
import pytest
from support.changing_world import ON, ChangingWorld, simulated
from worlds import eighteen_persons as worlds

from orchestration.dbt import project
from orchestration.dbt.build import dbt_build
from orchestration.home import Home
from orchestration.run import gates, increments, marks, steps
from orchestration.run.execute import execute
from orchestration.run.scope import Run, RunScope
from orchestration.settings import load_settings
from releases.tables import RELEASED, export_tables
from sources.calendar import quarter_label
from sources.errors import LabourdbError
from sources.restricted.database import attach_restricted
from sources.restricted.encryption import encryption_config, private_files

SEQUENCES, STEPS = int(os.environ.get("SEQUENCES", "3")), int(os.environ.get("STEPS", "3"))
EVERY = 3  # of as many sequences one ends with a run that is whole, up to what is released
FIRST_SEED = int(os.environ.get("FIRST_SEED", "1"))
SCHEMAS = ("reference", "identity", "labour", "keyed", "cells", "candidates", "disclosure", "published")
NOT_COMPARED = ("touched_rows", "touched_persons")  # of the way there
SUMMED = ("keyed_profiles", "keyed_status_changes")
LAYERS = (project.FIRST_LAYERS, project.COUNTED_LAYERS, project.LAST_LAYERS)


def _run_of(home: Home, as_of: int) -> Run:
    return Run(home, load_settings(home.settings), RunScope(as_of, f"{quarter_label(as_of)}.1"))


def _reason(run: Run) -> str | None:
    """Why the run is no increment, empty if it is one."""
    with run.warehouse() as warehouse:
        found = warehouse.execute("select is_increment, reason from run.increment").fetchone()
    assert found is not None
    assert found[0] == (not found[1])
    return str(found[1])


def _build(run: Run, last: bool) -> dict[str, bytes]:
    """Build it; the bytes of what would be released at the ``last`` step, which alone is one as of a run. Those before are
    the same models in one go, without what is no base of an increment and without tests: a third of the time.
    """
    if not last:
        for layers in LAYERS[:2]:
            with run.warehouse() as warehouse:
                increments.begins(warehouse, layers, whole=True)
        select = [f"{layer},resource_type:model" for layer in project.FIRST_LAYERS]
        results = dbt_build(
            run.home, run.settings, ["resource_type:seed", *select, *SUMMED], indirect="empty"
        )
        assert all(r.ok for r in results), [(r.name, r.message) for r in results if not r.ok]
        with run.warehouse() as warehouse:
            marks.ended(warehouse, project.reads([*project.FIRST_LAYERS, *project.COUNTED_LAYERS]))
        increments.ended(run)
        return {}
    for layers in LAYERS:
        steps.build(run, layers)
    with run.warehouse() as warehouse:
        export_tables(warehouse, run.candidates, tables=[t for t in RELEASED if t != "checks"])
    return {p.name: p.read_bytes() for p in sorted(run.candidates.glob("*.parquet"))}


def _twin(run: Run, folder: Path) -> Run:
    """A home with the same deliveries and nothing built."""
    shutil.copytree(run.home.restricted, folder / "restricted")
    (folder / "landing").symlink_to(run.home.landing)
    if run.home.settings.exists():
        shutil.copy(run.home.settings, folder / "labourdb.toml")
    return Run(Home(folder), run.settings, run.scope)


def different(one: Home, other: Home) -> list[str]:
    """Tables of the ``other`` home that do not hold the same rows in ``one``, with how many each has alone."""
    found = []
    with duckdb.connect(config=encryption_config()) as connection, private_files():
        for name, home in (("a", one), ("b", other)):
            connection.execute(f"attach '{home.database}' as {name}_labour (read_only)")
            attach_restricted(connection, home.restricted, read_only=True, alias=f"{name}_restricted")
        tables = connection.execute(
            "select database_name[3:], schema_name, table_name from duckdb_tables()"
            f" where database_name like 'b_%' and schema_name in {SCHEMAS} and table_name not in {NOT_COMPARED} order by all"
        ).fetchall()
        assert len(tables) > 60
        for database, schema, table in tables:
            place = f"{database}.{schema}.{table}"
            alone = [
                connection.execute(
                    f"select count(*) from (from {x}_{place} except all from {y}_{place})"
                ).fetchone()
                for x, y in (("a", "b"), ("b", "a"))
            ]
            if alone != [(0,), (0,)]:
                found.append(f"{schema}.{table} {alone[0]} {alone[1]}")
    return found


@cache
def _begun() -> ChangingWorld:
    """The world in which every sequence begins, built once."""
    world = ChangingWorld(Home(worlds.scratch() / "changing-begun"), simulated())
    run = _run_of(world.home, world.as_of)
    steps.ingest_new(run)
    gates.gate_deliveries(run)
    _build(run, last=True)
    return world


def play(seed: int, folder: Path, tell: Callable[[str], None]) -> int:
    """One sequence; returns how many of its runs were increments."""
    went_on = 0
    with worlds.environment(LABOURDB_KEY=worlds.KEY):
        begun = _begun()
        home = worlds.copy_of(begun.home, folder / "home")
        world = begun.copied(home, seed)
        for number in range(1, STEPS + 1):
            said = world.step()
            run = _run_of(home, world.as_of)
            last = number == STEPS
            steps.ingest_new(run)
            try:
                gates.gate_deliveries(run)
            except LabourdbError as refused:  # no core source is left
                tell(f"{seed}.{number} {said}: {refused}")
                continue
            reason = _reason(run)
            released = _build(run, last and seed % EVERY == 0)
            with run.warehouse(with_restricted=True) as warehouse:
                touched = warehouse.execute(
                    "select (select count(*) from restricted.identity.touched_persons),"
                    " (select count(distinct person_key) from restricted.identity.spine)"
                ).fetchone()
            tell(
                f"{seed}.{number} as of {quarter_label(world.as_of)}; {said}: {reason or f'increment, touched {touched}'}"
            )
            went_on += not reason
            if last:
                twin = _twin(run, folder / "twin")
                gates.gate_deliveries(twin)
                assert _reason(twin)
                assert _build(twin, seed % EVERY == 0) == released
                assert not different(home, twin.home), f"{seed}.{number}: {said}"
                shutil.rmtree(twin.home.root)
    return went_on


@pytest.mark.slow
def test_increments_leave_what_a_full_build_leaves(tmp_path: Path, figures: Callable[[str], None]) -> None:
    seeds = range(FIRST_SEED, FIRST_SEED + SEQUENCES)
    assert sum(play(seed, tmp_path / str(seed), figures) for seed in seeds) >= SEQUENCES


@pytest.mark.slow
def test_what_was_kept_wrongly_is_found_named_and_not_published(tmp_path: Path) -> None:
    """`--full` goes on from what lies there, as a run does, and compares it with what it then builds."""
    home = worlds.copy_of(worlds.small_home(), tmp_path / "home")
    home.settings.write_text(home.settings.read_text() + ON)
    settings = load_settings(home.settings)
    with worlds.environment(LABOURDB_KEY=worlds.KEY):
        same = execute(home, settings, worlds.AS_OF, full=True)
        assert not same.published and "--full" in same.built
        with Run(home, settings, worlds.scope()).warehouse() as warehouse:
            warehouse.execute(
                "update labour.labour.contribution_months set wage_base = wage_base + 1 where month < (select from_month from run.increment)"
            )
        with pytest.raises(LabourdbError, match=r"labour\.contribution_months") as found:
            execute(home, settings, worlds.AS_OF, full=True)
        assert "person_quarters" not in str(found.value)
        with Run(home, settings, worlds.scope()).warehouse() as warehouse:
            assert warehouse.execute("select count(*) from run.kept").fetchone() == (0,)
        assert not execute(
            home, settings, worlds.AS_OF, full=True
        ).published  # built anew, it is the same again
        with Run(home, settings, worlds.scope()).warehouse() as warehouse:
            assert warehouse.execute("select count(*) from run.kept").fetchone() == (1,)
