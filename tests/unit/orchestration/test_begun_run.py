"""A run is one thing: what later steps refuse, what is stale, who holds the home, which quarter a part of a run is of."""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pytest

from orchestration.home import Home
from orchestration.resources import GATE_1, LAST_STEP, Installation, last_whole_quarter
from orchestration.run import marks
from orchestration.run.begun import begun, continued, refuse_other
from orchestration.run.fingerprint import code_version
from orchestration.run.scope import Run, RunScope, opened_warehouse
from orchestration.run.tables import run_tables, write
from orchestration.settings import Settings, load_settings
from sources.errors import LabourdbError, UsageError

SEEN = "2025Q4"
WHOLE = ["read_deliveries", GATE_1, "build_labour_database", LAST_STEP]
REST = WHOLE[2:]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home in whose warehouse gate 1 of Dagster run `first` has begun 2025Q4.2."""
    import json

    from orchestration.run.fingerprint import deciding

    made = Home(tmp_path / "home")
    with opened_warehouse(made, Settings()) as warehouse:
        line: dict[str, Any] = dict.fromkeys(run_tables()["parameters"].columns)
        line |= {"as_of_quarter": 4 * 2025 + 3, "cutoff_month": 12 * 2025 + 11, "release_id": "2025Q4.2"}
        line |= {"begun_by": "first", "settings": json.dumps(deciding(Settings()))}
        write(warehouse, "parameters", pd.DataFrame([line | {"code": json.dumps(code_version())}]))
    return made


# ---- what lies in the warehouse ------------------------------------------------------------------------------


def test_a_later_step_goes_on_with_what_gate_1_began(home: Home) -> None:
    for asked, by in (("", ""), (SEEN, ""), ("", "first"), (SEEN, "first")):
        run = continued(home, Settings(), asked, by)
        assert run.scope == RunScope(4 * 2025 + 3, "2025Q4.2")


def test_another_quarter_is_refused_by_name(home: Home) -> None:
    with pytest.raises(
        LabourdbError, match=r"asks for 2026Q3, but the run that lies .* 2025Q4\..*deliveries on"
    ):
        continued(home, Settings(), "2026Q3")


def test_another_run_of_the_same_quarter_is_refused_by_name(home: Home) -> None:
    with pytest.raises(LabourdbError, match=r"after run 12345678, another run was begun .*\(run first\)"):
        continued(home, Settings(), SEEN, "12345678-and-so-on")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[coverage]\nprovinces = ["30"]\n', r"^\[coverage\] of"),
        ("[disclosure]\noff = true\n", r"^\[disclosure\] of"),
        (
            "[succession]\npersons = false\n[thresholds]\nquarantined_share = 0.2\n",
            r"^\[succession\], \[thresholds\] of",
        ),
        (
            '[[waivers]]\ncheck = "population_break"\nreason = "r"\nperson = "p"\nexpires = 2999-01-01\n',
            r"^\[waivers\]",
        ),
        ('[engine]\nmemory = "900MB"\n[retention]\nmonths = 24\n', None),  # no figure depends on them
    ],
)
def test_other_settings_are_refused_by_section(home: Home, text: str, named: str | None) -> None:
    home.settings.write_text(text)
    if named is None:
        assert continued(home, load_settings(home.settings)).scope.release_id == "2025Q4.2"
        return
    with pytest.raises(LabourdbError, match=named):
        continued(home, load_settings(home.settings))


def test_other_code_is_refused(home: Home) -> None:
    with opened_warehouse(home, Settings()) as warehouse:
        warehouse.execute("update run.parameters set code = replace(code, 'sha256\": \"', 'sha256\": \"0')")
    with pytest.raises(LabourdbError, match=r"labourdb itself, or a library"):
        continued(home, Settings())


def test_another_number_is_refused(home: Home) -> None:
    run = Run(home, Settings(), RunScope(4 * 2025 + 3, "2025Q4.3"))
    with run.warehouse() as warehouse, pytest.raises(LabourdbError, match=r"to be 2025Q4\.3, .* 2025Q4\.2"):
        refuse_other(run, warehouse)


@pytest.mark.parametrize(
    "kept",
    [
        None,  # no warehouse: new, or after a rekey
        "select 1 as x",  # one that no run has begun in
        "create schema run; create table run.parameters as select 8103 as as_of_quarter, '2025Q4.1' as release_id",
    ],
)
def test_where_no_run_has_begun_nothing_goes_on(tmp_path: Path, kept: str | None) -> None:
    empty = Home(tmp_path)
    if kept:
        with opened_warehouse(empty, Settings()) as warehouse:
            warehouse.execute(kept)
    assert begun(empty, Settings()) is None
    with pytest.raises(LabourdbError, match="No run has begun"):
        continued(empty, Settings())


# ---- what is stale -------------------------------------------------------------------------------------------

READS = {
    "model.x.a": [],
    "model.x.b": ["model.x.a"],
    "model.x.c": ["model.x.b"],
    "model.x.d": [],
    "test.x.b_unique.1": ["model.x.b"],
}


@pytest.fixture
def built() -> duckdb.DuckDBPyConnection:
    """A warehouse where everything was built and judged."""
    warehouse = duckdb.connect()
    for name in ("built", "dbt_tests", "linkage_checks", "publication_checks"):
        write(warehouse, name, pd.DataFrame({c: [] for c in run_tables()[name].columns}))
    warehouse.execute("insert into run.dbt_tests by name select 'b_unique' as check_id")
    marks.ended(warehouse, READS)
    return warehouse


def rebuild(warehouse: duckdb.DuckDBPyConnection, *nodes: str, first: bool = False) -> None:
    marks.starts(warehouse, nodes, judged_by_gate_2=first)
    marks.ended(warehouse, nodes)


def test_nothing_is_stale_where_all_was_built(built: duckdb.DuckDBPyConnection) -> None:
    assert marks.stale(built, READS) == []
    marks.refuse_stale(built, READS)
    marks.refuse_unbuilt(built, ["model.x.c"], READS)


def test_what_rests_on_a_rebuilt_model_is_stale_until_it_is_rebuilt(built: duckdb.DuckDBPyConnection) -> None:
    rebuild(built, "model.x.a")
    assert marks.stale(built, READS) == ["model.x.b", "model.x.c", "test.x.b_unique.1"]
    rebuild(built, "model.x.c")  # of a stale model: still stale
    assert "model.x.c" in marks.stale(built, READS)
    with pytest.raises(marks.Stale, match=r"2 models are not .*, b, c; 1 tests did not run, b_unique\. "):
        marks.refuse_stale(built, READS)
    rebuild(built, "model.x.b")
    assert marks.stale(built, READS) == ["model.x.c", "test.x.b_unique.1"]
    rebuild(built, "model.x.c", "test.x.b_unique.1")
    assert marks.stale(built, READS) == []


def test_what_was_begun_and_not_ended_is_not_built(built: duckdb.DuckDBPyConnection) -> None:
    marks.starts(built, ["model.x.a"], judged_by_gate_2=True)
    assert marks.stale(built, READS) == ["model.x.a", "model.x.b", "model.x.c", "test.x.b_unique.1"]
    with pytest.raises(LabourdbError, match=r"^Not built since the deliveries were judged.*: a\. "):
        marks.refuse_unbuilt(built, ["model.x.b"], READS)
    marks.refuse_unbuilt(built, ["model.x.a", "model.x.b"], READS)


def test_a_test_without_a_kept_outcome_has_not_run(built: duckdb.DuckDBPyConnection) -> None:
    built.execute("delete from run.dbt_tests")
    with pytest.raises(marks.Stale, match=r"tested: 1 tests did not run, b_unique\. "):
        marks.refuse_stale(built, READS)


def test_a_rebuild_takes_the_judgements_away(built: duckdb.DuckDBPyConnection) -> None:
    tables = "select table_name from information_schema.tables where table_name like '%\\_checks' escape '\\'"
    rebuild(built, "model.x.d")
    assert built.execute(tables).fetchall() == [("linkage_checks",)]
    rebuild(built, "model.x.d", first=True)
    assert built.execute(tables).fetchall() == []
    marks.refuse_stale(built, READS)  # built and tested it is: gate 3 lets gate 2 judge again


# ---- the lock ------------------------------------------------------------------------------------------------


@contextmanager
def another(home: Home) -> Iterator[Any]:
    """The home's lock as another process would hold it; it lets go when told."""
    home.root.mkdir(exist_ok=True)
    with (home.root / ".lock").open("a+") as stream:
        (home.root / ".lock").chmod(0o600)
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.write("4711\nlabourdb run --as-of 2025Q3")
        stream.flush()
        yield stream


def test_who_does_not_wait_is_told_who_works_at_what(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with (
        another(home),
        pytest.raises(LabourdbError, match=r"\(number 4711: labourdb run --as-of 2025Q3\) is working on"),
        home.locked(),
    ):
        pass


def test_who_waits_goes_on_when_the_other_has_finished(tmp_path: Path) -> None:
    home, told = Home(tmp_path / "home"), list[str]()
    with another(home) as stream:
        threading.Timer(0.6, lambda: fcntl.flock(stream, fcntl.LOCK_UN)).start()
        started = time.monotonic()
        with home.locked("mine", patience=30, waiting=told.append):
            assert time.monotonic() - started > 0.5
    assert len(told) == 1 and "number 4711" in told[0]
    with another(home), pytest.raises(LabourdbError, match="4711"), home.locked(patience=0.1):
        pass


def test_a_dagster_run_holds_the_home_from_its_first_step_to_its_last(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also between steps, where another process could take it: it is taken once."""
    taken = []
    honest = Home._take
    monkeypatch.setattr(Home, "_take", lambda self, *more: (taken.append(self.root), honest(self, *more)))
    told = []

    def locked_out() -> None:
        with (home.root / ".lock").open() as stream, pytest.raises(BlockingIOError):
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        told.append((home.root / ".lock").read_text().splitlines()[1])

    @dg.asset
    def one(installation: Installation) -> None:
        locked_out()
        with installation.step("x"), installation.continued().home.locked():
            locked_out()

    @dg.asset(deps=[one])
    def two(installation: Installation) -> None:
        locked_out()
        raise LabourdbError("broken")

    result = dg.materialize(
        [one, two], resources={"installation": Installation(home=str(home.root))}, raise_on_error=False
    )
    assert not result.success and taken == [home.root]
    assert told == [f"run {result.run_id[:8]} in Dagster"] * 3
    with home.locked():  # it was let go
        pass


# ---- which quarter -------------------------------------------------------------------------------------------


@contextmanager
def at_work(
    home: Home,
    steps: list[str],
    as_of: str = "",
    root: str | None = None,
    root_steps: list[str] | None = None,
    planned: bool = False,
) -> Iterator[Installation]:
    """The installation in a Dagster run of these steps; executed again, if it has a root. A run of a part says which steps,
    or only its plan does, if ``planned``.
    """
    told: dict[str, Any] = {"execution_plan_snapshot_id": "p"} if planned else {"step_keys_to_execute": steps}
    run = dg.DagsterRun("run", "second", **told, root_run_id=root, parent_run_id=root)
    first = dg.DagsterRun("run", root, step_keys_to_execute=root_steps) if root and root_steps else None
    instance = SimpleNamespace(
        get_run_by_id=lambda run_id: first,
        get_execution_plan_snapshot={"p": SimpleNamespace(step_keys_to_execute=steps)}.__getitem__,
    )
    context: Any = SimpleNamespace(run=run, log=None, instance=instance)
    with Installation(home=str(home.root), as_of=as_of).yield_for_execution(context) as installation:
        yield installation


def test_a_whole_run_is_of_the_last_quarter_by_default(home: Home) -> None:
    with at_work(home, WHOLE) as installation:
        assert installation.run().scope.release_id == f"{last_whole_quarter(date.today())}.1"
        assert installation.run().begun_by == "second"


@pytest.mark.parametrize("steps", [WHOLE[:2], [GATE_1], WHOLE[1:3]])
def test_a_part_that_begins_a_run_must_say_its_quarter(home: Home, steps: list[str]) -> None:
    with (
        at_work(home, steps) as installation,
        pytest.raises(UsageError, match=r"must say for which quarter: .*as_of: "),
    ):
        installation.run()
    with at_work(home, steps, "2025Q3") as installation:
        assert installation.run().scope.release_id == "2025Q3.1"


def test_reading_alone_is_of_the_quarter_that_has_begun(home: Home, tmp_path: Path) -> None:
    with at_work(home, WHOLE[:1]) as installation:
        assert installation.run().scope.as_of == 4 * 2025 + 3
    with at_work(Home(tmp_path / "new"), WHOLE[:1]) as installation, pytest.raises(UsageError):
        installation.run()


def test_a_part_without_gate_1_goes_on_with_what_has_begun(home: Home) -> None:
    with at_work(home, REST) as installation:
        assert installation.continued().scope.release_id == "2025Q4.2"
    with at_work(home, REST, "2025Q3") as installation, pytest.raises(LabourdbError, match="asks for 2025Q3"):
        installation.continued()


def test_a_run_executed_again_goes_on_with_its_own_tables_alone(home: Home) -> None:
    with at_work(home, REST, root="first", root_steps=WHOLE) as installation:
        assert installation.continued().scope.release_id == "2025Q4.2"
    for steps in (WHOLE, None):  # another one began since, and where its history is lost nobody knows
        with (
            at_work(home, REST, root="other", root_steps=steps) as installation,
            pytest.raises(LabourdbError, match="after run other, another run was begun"),
        ):
            installation.continued()
    # so too where Dagster tells in the plan alone what is left to do: assets that failed, made again
    with (
        at_work(home, REST, root="other", root_steps=WHOLE, planned=True) as installation,
        pytest.raises(LabourdbError, match="after run other, another run was begun"),
    ):
        installation.continued()
    with at_work(home, WHOLE[1:], root="other", root_steps=WHOLE, planned=True) as installation:
        assert (
            installation.run().scope.release_id == f"{last_whole_quarter(date.today())}.1"
        )  # not the one that lies there
    # one that never held gate 1 goes on with what there is, now as then
    with at_work(home, REST, root="other", root_steps=REST) as installation:
        assert installation.continued().scope.release_id == "2025Q4.2"
    # with gate 1 it begins anew, in its own name
    with at_work(home, WHOLE, root="other", root_steps=WHOLE) as installation:
        assert installation.run().begun_by == "other"
