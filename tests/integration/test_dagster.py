"""What Dagster is told of a run, and what it would start by itself."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest
import worlds

from orchestration import assets
from orchestration.definitions import annual, build_defs, new_deliveries_sensor, quarterly
from orchestration.resources import Installation, last_whole_quarter
from orchestration.run import dagster_instance
from sources.contract import all_sources


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    """The history of the small world's one run."""
    with dagster_instance(worlds.small_home().dagster) as found:
        yield found


@pytest.fixture(scope="module")
def run_id(instance: dg.DagsterInstance) -> str:
    (run,) = instance.get_runs()
    assert run.job_name == "run" and run.status == dg.DagsterRunStatus.SUCCESS
    return run.run_id


def test_every_asset_of_the_job_is_materialized(instance: dg.DagsterInstance, run_id: str) -> None:
    graph = build_defs().resolve_asset_graph()
    expected = {k for k in graph.materializable_asset_keys if k.path[0] != "agency"}
    events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    made = {e.dagster_event.asset_key for e in events if e.dagster_event is not None}
    assert expected - made == set()
    assert assets.RELEASE in made and len(expected) > 60


def test_each_delivery_is_a_materialization_of_its_month(instance: dg.DagsterInstance, run_id: str) -> None:
    events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    seen = {}
    for entry in events:
        made = entry.asset_materialization
        assert made is not None
        if made.asset_key.path[0] == "agency":
            seen[made.asset_key.path[1], made.partition] = {n: v.value for n, v in made.metadata.items()}
    assert set(seen) == {(f.split("/")[0], f"{f.split('/')[1]}-01") for f in worlds.deliveries()}
    assert seen["population", "2025-09-01"] == {
        "rows_in": 20,
        "accepted": 18,
        "quarantined": 1,
        "set_aside": 1,
    }
    assert seen["training", "2025-09-01"] == {"rows_in": 8, "accepted": 7, "quarantined": 0, "set_aside": 1}


def test_a_source_shows_the_sum_of_its_deliveries(instance: dg.DagsterInstance, run_id: str) -> None:
    event = instance.get_latest_materialization_event(assets.landing_key("population"))
    assert event is not None and event.run_id == run_id and event.asset_materialization is not None
    facts = {n: v.value for n, v in event.asset_materialization.metadata.items()}
    assert facts == {
        "deliveries": 2,
        "refused": 0,
        "rows_in": 23,
        "accepted": 21,
        "quarantined": 1,
        "set_aside": 1,
    }


def test_checks_are_reported(instance: dg.DagsterInstance, run_id: str) -> None:
    events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    results = {}
    for entry in events:
        assert entry.dagster_event is not None
        found = entry.dagster_event.asset_check_evaluation_data
        results[found.asset_check_key] = found
    expected = build_defs().resolve_asset_graph().asset_check_keys
    assert expected - set(results) == set()
    assert all(r.passed or r.severity == dg.AssetCheckSeverity.WARN for r in results.values())
    gates = {k.name: r for k, r in results.items() if k.name in ("linkage_gate", "publication_gate")}
    assert set(gates) == {"linkage_gate", "publication_gate"}
    assert all(r.passed and r.metadata["blocking"].value == "none" for r in gates.values())
    assert {k.name for k in results} >= set(assets.DELIVERY_CHECKS)


def test_gates_block() -> None:
    graph = build_defs().resolve_asset_graph()
    for gate, key in (("linkage_gate", assets.LABOUR), ("publication_gate", assets.PUBLISHED)):
        assert graph.get(dg.AssetCheckKey(key, gate)).blocking
    # the release lies behind both gates
    assert assets.PUBLISHED in graph.get(assets.RELEASE).parent_keys


def test_definitions_take_other_resources(tmp_path: Path) -> None:
    defs = build_defs({"installation": Installation(home=str(tmp_path), as_of="2024Q1")})
    dg.Definitions.validate_loadable(defs)
    run = defs.resources["installation"].run() if defs.resources else None
    assert run is not None and run.home.root == tmp_path and run.scope.release_id == "2024Q1.1"
    job = defs.resolve_job_def("run")
    assert job.executor_def == dg.in_process_executor
    assert {
        k.path[1] for k in defs.resolve_asset_graph().get_all_asset_keys() if k.path[0] == "agency"
    } == set(all_sources())


def deliver(home: Path, folder: str, minutes_ago: int) -> None:
    """A file in ``landing/<folder>`` that was last written so long ago."""
    file = home / "landing" / folder / "data.csv"
    file.parent.mkdir(parents=True)
    file.write_text("a\n")
    written = time.time() - 60 * minutes_ago
    os.utime(file, (written, written))


def test_sensor_asks_for_a_run_when_deliveries_came_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
        result = new_deliveries_sensor(dg.build_sensor_context(cursor=cursor))
        assert isinstance(result, dg.SensorResult | dg.SkipReason)
        return result

    monkeypatch.setenv("LABOURDB_HOME", str(tmp_path))
    assert isinstance(look(), dg.SkipReason)
    deliver(tmp_path, "training/2025-12", minutes_ago=60)
    assert isinstance(look(), dg.SkipReason)  # no quarter has its insurance deliveries
    deliver(tmp_path, "social_insurance/2025-09", minutes_ago=60)
    asked = look()
    assert isinstance(asked, dg.SensorResult) and asked.run_requests is not None
    (request,) = asked.run_requests
    assert request.run_config["resources"]["installation"]["config"]["as_of"] == "2025Q3"
    assert isinstance(look(asked.cursor), dg.SkipReason)
    deliver(tmp_path, "training/2025-12.r2", minutes_ago=1)
    assert isinstance(look(asked.cursor), dg.SkipReason)  # still arriving
    deliver(tmp_path, "training/2025-12.r3", minutes_ago=60)
    os.utime(tmp_path / "landing/training/2025-12.r2/data.csv", (0, 0))
    assert isinstance(look(asked.cursor), dg.SensorResult)


@pytest.mark.parametrize(
    ("schedule", "at", "as_of"),
    [
        (quarterly, datetime(2026, 1, 20, 6), "2025Q4"),
        (quarterly, datetime(2026, 4, 20, 6), "2026Q1"),
        (annual, datetime(2025, 12, 1, 6), "2025Q3"),
    ],
)
def test_schedules(schedule: dg.ScheduleDefinition, at: datetime, as_of: str) -> None:
    asked = schedule(dg.build_schedule_context(scheduled_execution_time=at))
    assert isinstance(asked, dg.RunRequest)
    assert asked.run_config == {"resources": {"installation": {"config": {"as_of": as_of}}}}


def test_last_whole_quarter() -> None:
    days = {datetime(2026, 3, 31): "2025Q4", datetime(2026, 4, 1): "2026Q1", datetime(2026, 1, 1): "2025Q4"}
    assert {d: last_whole_quarter(d.date()) for d in days} == days
