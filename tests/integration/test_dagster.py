"""What Dagster is told of a run, and what it would start by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from support import home_tables
from worlds import eighteen_persons as worlds

from orchestration.assets import deliveries, models, shown
from orchestration.assets.arrived import arrived
from orchestration.assets.described import in_rhythm
from orchestration.definitions import build_defs
from orchestration.resources import Installation
from orchestration.run import gates, steps
from orchestration.run.history import dagster_instance
from orchestration.run.scope import Run
from orchestration.settings import load_settings
from sources.calendar import month_number
from sources.contract import all_sources

LABEL = "__repository__@orchestration.definitions"  # what the UI looks for runs of our code by


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


def metadata(instance: dg.DagsterInstance, key: dg.AssetKey) -> dict[str, Any]:
    """What the last materialization of an asset said."""
    event = instance.get_latest_materialization_event(key)
    assert event is not None and event.asset_materialization is not None
    return {n: v.value for n, v in event.asset_materialization.metadata.items()}


def cells(table: Any) -> list[dict[str, Any]]:
    """The rows of a table in metadata."""
    records = table.records if hasattr(table, "records") else table
    return [dict(r.data) for r in records]


def test_a_run_of_the_command_line_is_recorded_as_the_ui_would_have_launched_it(
    instance: dg.DagsterInstance, run_id: str
) -> None:
    (run,) = instance.get_runs(dg.RunsFilter(job_name="run", tags={".dagster/repository": LABEL}))
    assert run.run_id == run_id and run.remote_job_origin is not None
    assert run.run_config == {"resources": {"installation": {"config": {"as_of": "2025Q4"}}}}
    assert run.tags["labourdb/started_by"] == "command line"
    assert (run.tags["labourdb/as_of"], run.tags["labourdb/release"]) == ("2025Q4", "2025Q4.1")


def test_a_run_with_nothing_new_makes_nothing_and_says_what_stands(tmp_path: Path) -> None:
    home = worlds.copy_of(worlds.small_home(), tmp_path / "home")
    before = {p.relative_to(home.root) for p in home.releases.rglob("*")}
    config = {"resources": {"installation": {"config": {"home": str(home.root), "as_of": "2025Q4"}}}}
    job = build_defs().resolve_job_def("run")
    with worlds.environment(LABOURDB_KEY=worlds.KEY), dg.DagsterInstance.ephemeral() as fresh:
        result = job.execute_in_process(run_config=config, instance=fresh)
        (run,) = fresh.get_runs()
    assert run.tags["labourdb/release"] == "2025Q4.1"
    skipped = {e.step_key for e in result.all_events if e.is_step_skipped}
    assert {"delivery_gate", "build_labour_database", "publish"} <= skipped
    assert result.get_asset_materialization_events() == []
    checks = result.get_asset_check_evaluations()
    assert {c.check_name for c in checks} == {deliveries.LEFT_OUT, deliveries.RHYTHM}
    assert len(checks) == 2 * len(all_sources()) and all(c.passed for c in checks)
    assert {p.relative_to(home.root) for p in home.releases.rglob("*")} == before


def test_every_asset_of_the_job_is_materialized(instance: dg.DagsterInstance, run_id: str) -> None:
    graph = build_defs().resolve_asset_graph()
    expected = {k for k in graph.materializable_asset_keys if k.path[0] != "agency"}
    events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    made = {e.dagster_event.asset_key for e in events if e.dagster_event is not None}
    assert expected - made == set()
    assert models.RELEASE in made and len(expected) > 60


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
        "delivery": "population/2025-09",
        "disposition": "used",
        "rows_read": 20,
        "accepted": 18,
        "quarantined": 1,
        "duplicate": 1,
        "superseded": 0,
        "to_mend": "restricted/feedback/population/2025-09.xlsx",
        "send_corrected_as": "landing/population/2025-09.r2",
    }
    assert seen["training", "2025-09-01"] == {
        "delivery": "training/2025-09",
        "disposition": "used",
        "rows_read": 8,
        "accepted": 7,
        "quarantined": 0,
        "duplicate": 0,
        "superseded": 1,
    }


def test_a_source_shows_the_figures_of_the_manifest(instance: dg.DagsterInstance) -> None:
    accounting = worlds.manifest(worlds.small_home())["row_accounting"]
    counts = ("rows_read", "accepted", "quarantined", "duplicate", "superseded")
    for source in all_sources():
        facts = metadata(instance, deliveries.landing_key(source))
        used = [a for a in accounting if a["source"] == source and a["disposition"] == "used"]
        assert {c: facts[c] for c in counts} == {c: sum(a[c] for a in used) for c in counts}, source
        assert facts["dagster/row_count"] == facts["accepted"]
        folders = {f.split("/")[1] for f in worlds.deliveries() if f.startswith(f"{source}/")}
        assert {c["delivery"] for c in cells(facts["deliveries"])} == folders
        assert facts["deliveries_used"] == len(folders)


def test_published_tables_and_release_show_the_figures_of_the_manifest(instance: dg.DagsterInstance) -> None:
    manifest = worlds.manifest(worlds.small_home())
    facts = metadata(instance, models.RELEASE)
    assert (facts["release"], facts["held_or_refused"]) == (manifest["release_id"], 0)
    assert facts["quality_report"] == f"releases/{manifest['release_id']}/quality/report.html"
    assert (worlds.small_home().root / facts["quality_report"]).exists()
    assert facts["verdict"].startswith("Published: every blocking check")
    verdicts = dict(
        home_tables.shown(worlds.small_home(), "select verdict, count(*) from target_progress group by 1")
    )
    assert {n.removeprefix("targets_"): v for n, v in facts.items() if n.startswith("targets_")} == verdicts
    assert len(cells(facts["targets"])) == sum(verdicts.values())
    for table, entry in manifest["tables"].items():
        assert facts[f"rows_{table}"] == entry["rows"]
        if table != "checks":
            made = metadata(instance, dg.AssetKey(["published", table]))
            assert made["dagster/row_count"] == entry["rows"], table


@pytest.fixture
def bad(tmp_path: Path) -> Iterator[Run]:
    """A home that got a delivery to hold, one to refuse, and one of a month after the cut-off."""
    home = worlds.copy_of(worlds.small_home(), tmp_path / "home")
    sent = worlds.deliveries()
    rows = [r | {"month": "2026-01"} if n == 0 else r for n, r in enumerate(sent["social_insurance/2025-12"])]
    worlds.deliver(home, "social_insurance/2025-12.r2", rows)
    rows = [{c: v for c, v in r.items() if c != "outcome"} for r in sent["training/2025-12"]]
    worlds.deliver(home, "training/2025-12.r2", rows)
    worlds.deliver(home, "vacancies/2026-01", [{"vacancy_no": "VL1"}])
    worlds.deliver(home, "training/2026-01", sent["training/2025-12"])
    with worlds.environment(LABOURDB_KEY=worlds.KEY):
        run = Run(home, load_settings(home.settings), worlds.scope(number=2))
        steps.ingest_new(run)
        yield run


def test_what_is_left_out_says_why_and_what_to_send(bad: Run) -> None:
    deliveries = {d.folder: d for d in arrived(bad)}
    held = deliveries["social_insurance/2025-12.r2"]
    facts = {n: getattr(v, "value", v) for n, v in shown.of_delivery(held).items()}
    assert (facts["disposition"], facts["in_force_instead"]) == ("held", "social_insurance/2025-12")
    assert facts["why"].startswith("future_months: 1 of 9 (11.1 %) failed, at most 0 % may. A month after")
    assert facts["send_corrected_as"] == "landing/social_insurance/2025-12.r3" and facts["rows_read"] == 9
    refused = shown.of_delivery(deliveries["training/2025-12.r2"])
    assert refused["disposition"] == "refused" and "outcome" in refused["why"] and "rows_read" not in refused
    assert deliveries["training/2026-01"].disposition == "after_cut_off"
    assert "refused all the same: data.csv, line 1" in deliveries["vacancies/2026-01"].because

    mine = [d for d in deliveries.values() if d.source == "training"]
    (line,) = cells((shown.of_left_out(mine) or {})["left_out"])
    assert (line["delivery"], line["send_corrected_as"]) == ("2025-12.r2", "2025-12.r3")
    assert (line["in_force_instead"], line["disposition"]) == ("2025-12", "refused")
    facts = shown.of_source(mine)
    assert (facts["deliveries_used"], facts["deliveries_refused"], facts["deliveries_after_cut_off"]) == (
        2,
        1,
        1,
    )
    assert facts["rows_read"] == 9  # of those in force

    checks = gates.gate_deliveries(bad)  # says the same as what was shown before it
    inputs = {d.folder: d.disposition for d in deliveries.values() if d.disposition != "after_cut_off"}
    with bad.warehouse() as warehouse:
        judged = dict(warehouse.execute("select distinct folder, disposition from run.inputs").fetchall())
    assert judged == inputs
    facts = shown.of_delivery_check(checks[checks["check_id"] == "future_months"])
    assert (facts["held_or_refused"], facts["deliveries_failed"]) == ("social_insurance/2025-12.r2", 1)
    (line,) = cells(facts["failed"])
    assert line == {
        "object": "social_insurance/2025-12.r2",
        "consequence": "held",
        "rows_failed": 1,
        "rows_checked": 9,
        "failed_percent": 11.11,
        "allowed_percent": 0.0,
    }
    assert "where d.folder = 'social_insurance/2025-12.r2'" in facts["queries"].value
    facts = shown.of_delivery_check(checks[checks["check_id"] == "delivery_readable"])
    assert [c["consequence"] for c in cells(facts["failed"])] == ["refused"]
    # sent again, it is settled
    worlds.deliver(bad.home, "training/2025-12.r3", worlds.deliveries()["training/2025-12"])
    steps.ingest_new(bad)
    mine = [d for d in arrived(bad) if d.source == "training"]
    assert shown.of_left_out(mine) is None
    assert {d.folder: d.because for d in mine}["training/2025-12"] == "training/2025-12.r3 replaces it"


def test_nothing_personal_is_shown(instance: dg.DagsterInstance, run_id: str, bad: Run) -> None:
    secrets = {s for p in worlds.PEOPLE.values() for s in (p.name, p.id, p.id.lstrip("0"), p.born)} | {
        worlds.FORMER
    }
    secrets |= {"không rõ"}  # a quarantined value
    told = [json.dumps(json.loads(e.to_json()), ensure_ascii=False) for e in instance.all_logs(run_id)]
    assert len(told) > 400 and any("quarantined" in t for t in told)
    checks = gates.gate_deliveries(bad)
    for delivery in (deliveries := arrived(bad)):
        told += [str(shown.of_delivery(delivery)), str(shown.of_left_out([delivery]))]
    told += [str(shown.of_source(deliveries)), str(shown.of_delivery_check(checks))]
    assert {s for s in secrets if any(s in t for t in told)} == set()


def test_lineage_leads_from_a_delivery_to_the_targets() -> None:
    graph = build_defs().resolve_asset_graph()
    above = graph.upstream_key_iterator(models.PUBLISHED)
    sources = {k.path[1] for k in above if k.path[0] == "agency"}
    assert sources >= {"population", "enterprises", "social_insurance", "training", "official_statistics"}
    groups = {graph.get(k).group_name for k in graph.get_all_asset_keys()}
    assert sorted(g for g in groups if g[0].isdigit()) == [
        "1_deliveries",
        "2_in_force",
        "3_staging",
        "4_identity",
        "5_labour_database",
        "6_careers",
        "7_indicators",
        "8_disclosure",
        "9_published",
    ]
    assert {g for g in groups if not g[0].isdigit()} == {"reference"}
    assert all(graph.get(k).description for k in graph.get_all_asset_keys() if graph.get(k).is_materializable)


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
    assert {k.name for k in results} >= set(deliveries.DELIVERY_CHECKS)


def test_every_table_says_its_columns_and_whom_to_ask(instance: dg.DagsterInstance) -> None:
    graph = build_defs().resolve_asset_graph()
    tables = [graph.get(k) for k in graph.get_all_asset_keys()]
    assert [t.key for t in tables if not (t.owners and t.kinds and t.tags.get("zone"))] == []
    untold = {t.key for t in tables if "dagster/column_schema" not in t.metadata}
    assert {k.path[0] for k in untold} == {"agency", "releases"}  # folders of files
    for table in (t for t in tables if t.key not in untold):
        stated, told = table.metadata["dagster/column_schema"], metadata(instance, table.key)
        columns = told.get("dagster/column_schema", stated).columns
        assert all(c.type not in ("", "?") for c in columns), table.key
        assert {c.name for c in stated.columns} <= {c.name for c in columns}, table.key
        assert {c.name: c.description for c in stated.columns if c.description}, table.key


def test_every_table_says_what_its_columns_are_made_of() -> None:
    graph = build_defs().resolve_asset_graph()
    tables = {k: graph.get(k) for k in graph.get_all_asset_keys()}
    columns = {
        k: {c.name: c.description or "" for c in t.metadata["dagster/column_schema"].columns}
        for k, t in tables.items()
        if "dagster/column_schema" in t.metadata
    }
    told = {
        k: t.metadata["dagster/column_lineage"].deps_by_column
        for k, t in tables.items()
        if "dagster/column_lineage" in t.metadata
    }
    # made of files, settings and what lies in the code: of no table's columns
    untold = {k for k in set(tables) - set(told) if k.path[0] not in ("agency", "landing", "run", "releases")}
    assert untold == {k for k in tables if k.path[0] == "reference" and not graph.get(k).parent_keys} - set(
        told
    )
    for key, of in told.items():
        assert set(of) == set(columns[key]), key
        for column, origins in of.items():
            for origin in origins:
                assert origin.column_name in columns[origin.asset_key], (key, column, origin)
                assert origin.asset_key in tables[key].parent_keys, (key, column, origin)
                link = f"[{origin.asset_key.to_user_string()}](/assets/{origin.asset_key.to_user_string()})"
                assert link in columns[key][column] and f"`{origin.column_name}`" in columns[key][column]


def test_a_source_is_overdue_by_its_own_rhythm() -> None:
    def overdue(source: str, *months: str, by: str = "2025-12") -> bool:
        return not in_rhythm([f"{source}/{m}" for m in months], month_number(by))[0]

    monthly = ("2025-08", "2025-09", "2025-10", "2025-10.r2", "2025-11")
    assert (
        overdue("a", *monthly)
        and not overdue("a", *monthly, "2025-12")
        and not overdue("a", *monthly, by="2025-11")
    )
    quarterly = ("2024-12", "2025-03", "2025-06", "2025-09")
    assert overdue("a", *quarterly) and not overdue("a", *quarterly, by="2025-11")
    assert not overdue("a", "2022-12", "2023-12", "2024-12", by="2025-11")  # once a year
    assert not overdue("a") and not overdue("a", "2020-01", "2020-02")  # no rhythm is known of two
    assert overdue("a", *quarterly, "2026-01")  # what is of a later month does not count
    assert in_rhythm(["a/2025-06", "a/2025-07", "a/2025-08"], month_number("2025-12"))[1] == {
        "last_month": "2025-08",
        "months_between": 1,
        "next_expected": "2025-09",
    }


def test_gates_block() -> None:
    graph = build_defs().resolve_asset_graph()
    for gate, key in (("linkage_gate", models.LABOUR), ("publication_gate", models.PUBLISHED)):
        assert graph.get(dg.AssetCheckKey(key, gate)).blocking
    # the release lies behind both gates
    assert models.PUBLISHED in graph.get(models.RELEASE).parent_keys


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
