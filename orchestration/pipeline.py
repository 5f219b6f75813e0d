"""The steps of a run, from landing to release, as plain functions; the assets call them one by one.

Steps hand on through the home alone (restricted database, warehouse, candidate files), so that a step sees
the same whether the command line or the Dagster UI started it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from expectations.dbt_tests import dbt_test_checks
from expectations.delivery_gate import delivery_gate
from expectations.judge import blocking_failures
from expectations.linkage_gate import linkage_gate
from expectations.publication_gate import publication_gate
from expectations.rules import load_rules
from orchestration.dbt import NodeResult, dbt_build, project_hash
from orchestration.fingerprint import code_version, input_facts, run_fingerprint
from orchestration.home import SEEDS, Home
from orchestration.periods import quarter_label, quarter_of_month
from orchestration.run_inputs import RunScope, write_run_inputs
from orchestration.settings import Settings, UsageError
from releases.release import PROTECTION, Release, latest_of, list_releases, publish
from releases.report import report_text
from releases.tables import export_tables
from releases.verdict import Verdict, store_verdict
from sources.errors import LabourdbError
from sources.ingest import ingest, new_deliveries
from sources.landing import Delivery, find_deliveries, month_label, month_number
from sources.pseudonyms import assign_keys, load_key
from sources.restricted import restricted_database

# "areas" alone would also select the seed of that name, and load it again in every run
FIRST_LAYERS = ["staging", "identity", "labourdb.areas.*", "labour"]
# seeds that did not change are not loaded again, but checked all the same
SEED_TESTS = ["path:seeds,resource_type:test"]
LAST_LAYERS = ["candidates", "published"]


class GateStopped(LabourdbError):
    """A blocking check of gate 2 or 3 failed: nothing is published (exit code 3)."""


@dataclass(frozen=True)
class Run:
    """One run: where, with which settings, and what it is to publish."""

    home: Home
    settings: Settings
    scope: RunScope

    @property
    def candidates(self) -> Path:
        """Where the candidate tables lie as files, with the gates' verdict."""
        return self.home.warehouse / "candidates"

    @contextmanager
    def restricted(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The restricted database, for writing."""
        with restricted_database(self.home.restricted, threads=self.settings.engine.threads) as connection:
            yield connection

    @contextmanager
    def warehouse(self, with_restricted: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """The working database of the pseudonymised zone, spilling only into the restricted zone."""
        self.home.warehouse.mkdir(parents=True, exist_ok=True)
        engine = self.settings.engine
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": engine.memory,
            "threads": str(engine.threads),
            "temp_directory": str(self.home.restricted / "spill"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        with duckdb.connect(str(self.home.database), config=config) as connection:
            if with_restricted:
                path = str(self.home.restricted / "restricted.duckdb").replace("'", "''")
                connection.execute(f"attach '{path}' as restricted (read_only)")
            yield connection


def ingest_new(run: Run, on_delivery: Callable[[Delivery, str], None] | None = None) -> list[str]:
    """Ingest what is new in the landing area; returns what was not recognised there."""
    run.home.require_landing()
    deliveries, strange = find_deliveries(run.home.landing)
    last = max((month_number(d.period) for d in deliveries), default=-1)
    if quarter_of_month(last) < run.scope.as_of:
        arrived = f"the last is of {month_label(last)}" if deliveries else "there is none at all"
        raise UsageError(
            f"No delivery reaches into {quarter_label(run.scope.as_of)}: {arrived}."
            " Put the deliveries into the landing folder, or ask for an earlier quarter."
        )
    with run.restricted() as connection:
        ingest(connection, new_deliveries(connection, deliveries), SEEDS, on_delivery)
    return strange


def gate_deliveries(run: Run) -> pd.DataFrame:
    """Gate 1, pseudonyms and schema ``run``; returns the checks. A held delivery stops nothing but itself."""
    rules = load_rules(run.settings.thresholds)
    with run.restricted() as connection:
        gate = delivery_gate(connection, run.scope.cut_off, rules)
        assign_keys(connection, load_key(run.home.restricted))
        inputs = input_facts(connection, gate.dispositions)
    with run.warehouse() as warehouse:
        write_run_inputs(warehouse, gate, run.scope, run.settings)
        _keep(warehouse, "inputs", inputs)
        warehouse.execute("drop table if exists run.dbt_tests")
        for name in ("linkage_checks", "publication_checks"):
            warehouse.execute(f"drop table if exists run.{name}")
        _keep(warehouse, "delivery_checks", gate.checks)
    return gate.checks


def build(run: Run, layers: Sequence[str]) -> list[NodeResult]:
    """Build and test layers of models; seeds first, if they changed. Raises ``LabourdbError`` if a model fails.

    Tests that fail do not raise here: they are kept for the gate that follows.
    """
    with run.warehouse() as warehouse:
        stale = _seeds_changed(warehouse)
    seeds = ["resource_type:seed"] if stale else SEED_TESTS if layers == FIRST_LAYERS else []
    results = dbt_build(run.home, run.settings, [*seeds, *layers])
    broken = [r for r in results if r.kind != "test" and r.status == "error"]
    if broken:
        details = "\n".join(f"  {r.name}: {r.message}" for r in broken)
        raise LabourdbError(f"Models that could not be built; nothing was published:\n{details}")
    tests: list[Mapping[str, Any]] = [
        {
            "name": r.name,
            "model": r.tested or r.folder,
            "status": r.status,
            "failures": r.failures,
            "severity": r.severity,
            "gate": "publication" if r.folder in LAST_LAYERS else "linkage",
        }
        for r in results
        if r.kind == "test"
    ]
    with run.warehouse(with_restricted=True) as warehouse:
        if stale:
            warehouse.execute("create or replace table run.seeds as select ? as project", [project_hash()])
        counts = _row_counts(warehouse)
        checks = dbt_test_checks(tests, {str(t["model"]): counts.get(str(t["model"]), 0) for t in tests})
        _keep(warehouse, "dbt_tests", checks, append=True)
    return results


def gate_linkage(run: Run) -> pd.DataFrame:
    """Gate 2 on what was linked and built; returns its checks, dbt tests of these layers included."""
    with run.warehouse(with_restricted=True) as warehouse:
        own = linkage_gate(warehouse, load_rules(run.settings.thresholds))
        tests = warehouse.execute("select * from run.dbt_tests where gate = 'linkage'").df()
        checks = pd.concat([own, tests], ignore_index=True)
        _keep(warehouse, "linkage_checks", checks)
    return checks


def gate_publication(run: Run) -> pd.DataFrame:
    """Gate 3 on the candidates; writes the checks table, the candidate files and the verdict on exactly these.

    Returns every check of the run. Blocking failures of gates 2 and 3 are in the stored verdict.
    """
    previous = latest_release(run)
    with run.warehouse(with_restricted=True) as warehouse:
        changed = previous is None or _file_hashes(previous.manifest["inputs"]) != _file_hashes(
            _inputs(warehouse)
        )
        own = publication_gate(
            warehouse,
            load_rules(run.settings.thresholds),
            previous.path / "tables" if previous else None,
            changed,
        )
        tests = warehouse.execute("select * from run.dbt_tests where gate = 'publication'").df()
        kept = [warehouse.execute(f"select * from run.{g}_checks").df() for g in ("delivery", "linkage")]
        checks = pd.concat([*kept, own, tests], ignore_index=True).assign(release_id=run.scope.release_id)
        _keep(warehouse, "publication_checks", checks[checks["gate"] == "publication"])
        for schema in ("candidates", "published"):
            _keep(warehouse, "checks", checks, schema=schema)
        tables = export_tables(warehouse, run.candidates)
        blocking = blocking_failures(checks[checks["gate"] != "delivery"])
        names = [f"{c['check_id']} ({c['object']})" for c in blocking.to_dict("records")]
        store_verdict(run.candidates, Verdict(run.scope.release_id, tables, names))
    return checks


def stop_if_blocked(run: Run, checks: pd.DataFrame) -> None:
    """Raise ``GateStopped`` naming every blocking check that failed, and leave the report in the warehouse."""
    blocking = blocking_failures(checks[checks["gate"] != "delivery"])
    if blocking.empty:
        return
    with run.warehouse() as warehouse:
        report = run.home.warehouse / "report.md"
        report.write_text(
            report_text(
                {"release_id": run.scope.release_id, "protection": PROTECTION, **_facts(run, warehouse)},
                checks,
            ),
            "utf-8",
        )
    lines = [
        f"  {c['check_id']} on {c['object']}: {c['rows_failed']} of {c['rows_checked']} rows failed."
        + (f"\n    See them with: {c['query']}" if c.get("query") else "")
        for c in blocking.to_dict("records")
    ]
    raise GateStopped(
        "The gates stopped this run; nothing was published and the last release stays current:\n"
        + "\n".join(lines)
        + f"\nThe report is in {report}."
    )


def release(run: Run) -> Release:
    """Publish the candidates the gates passed."""
    with run.warehouse() as warehouse:
        facts = _facts(run, warehouse)
    return publish(run.home.releases, run.candidates, run.scope.release_id, facts)


def latest_release(run: Run) -> Release | None:
    """The release that this run's would follow: the last of its period, else the newest before it."""
    period = quarter_label(run.scope.as_of)
    same = latest_of(run.home.releases, period)
    earlier = [r for r in list_releases(run.home.releases) if r.order[0] < period]
    return same or (earlier[-1] if earlier else None)


def _facts(run: Run, warehouse: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The manifest's entries that say where the tables come from."""
    inputs = _inputs(warehouse)
    missing = [
        s for (s,) in warehouse.execute("select source from run.missing_sources order by 1").fetchall()
    ]
    accounting = warehouse.execute(
        "select source, disposition, count(*)::integer as files, sum(rows_read)::bigint as rows_read,"
        " sum(accepted)::bigint as accepted, sum(quarantined)::bigint as quarantined,"
        " sum(duplicate)::bigint as duplicate, sum(superseded)::bigint as superseded"
        " from run.row_accounting group by all order by all"
    ).fetchall()
    names = (
        "source",
        "disposition",
        "files",
        "rows_read",
        "accepted",
        "quarantined",
        "duplicate",
        "superseded",
    )
    gates = [t for t in ("delivery_checks", "linkage_checks", "publication_checks") if _has(warehouse, t)]
    checks = warehouse.execute(
        "select gate, status, count(*)::integer from ("
        + " union all ".join(f"select gate, status from run.{t}" for t in gates)
        + ") group by all order by all"
    ).fetchall()
    previous = latest_release(run)
    return {
        "period": quarter_label(run.scope.as_of),
        "synthetic": any(d["synthetic"] for d in inputs if d["disposition"] == "used"),
        "fingerprint": run_fingerprint(run.scope.as_of, run.settings, inputs),
        "code": code_version(),
        "settings": run.settings.effective(),
        "previous_release": previous.id if previous else None,
        "missing_sources": missing,
        "ladder_steps_skipped": [LADDER[s] for s in missing if s in LADDER],
        "checks": [dict(zip(("gate", "status", "checks"), c, strict=True)) for c in checks],
        "waivers": [],
        "row_accounting": [dict(zip(names, a, strict=True)) for a in accounting],
        "inputs": inputs,
    }


LADDER = {
    "overseas_contracts": "overseas_contract",
    "unemployment_benefits": "unemployment_benefit",
    "job_seekers": "job_seeker",
    "labour_register": "labour_register",
}


def _inputs(warehouse: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Every delivery up to the cut-off with its files, hashes and disposition."""
    frame = warehouse.execute("select * from run.inputs order by folder, file").df()
    inputs: list[dict[str, Any]] = []
    for folder, files in frame.groupby("folder", sort=True):
        first = files.iloc[0]
        inputs.append(
            {
                "folder": folder,
                "disposition": first["disposition"],
                "because": first["because"] or "",
                "agency": first["agency"] or "",
                "area_version": first["area_version"],
                "synthetic": bool(first["synthetic"]),
                "files": [{"name": f["file"], "sha256": f["sha256"]} for f in files.to_dict("records")],
            }
        )
    return inputs


def _file_hashes(inputs: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Folder to file hashes: what explains that a figure changed since the last release."""
    return {d["folder"]: sorted(f["sha256"] for f in d["files"]) for d in inputs}


def _has(warehouse: duckdb.DuckDBPyConnection, table: str, schema: str = "run") -> bool:
    found = warehouse.execute(
        "select 1 from information_schema.tables where table_schema = ? and table_name = ?", [schema, table]
    ).fetchone()
    return found is not None


def _keep(
    warehouse: duckdb.DuckDBPyConnection,
    name: str,
    frame: pd.DataFrame,
    schema: str = "run",
    append: bool = False,
) -> None:
    warehouse.execute(f"create schema if not exists {schema}")
    warehouse.register("kept", frame)
    if append and _has(warehouse, name, schema):
        warehouse.execute(f"insert into {schema}.{name} by name select * from kept")
    else:
        warehouse.execute(f"create or replace table {schema}.{name} as select * from kept")
    warehouse.unregister("kept")


def _seeds_changed(warehouse: duckdb.DuckDBPyConnection) -> bool:
    if not _has(warehouse, "seeds"):
        return True
    known = warehouse.execute("select project from run.seeds").fetchone()
    return known is None or known[0] != project_hash()


def _row_counts(warehouse: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Estimated rows of every table of both databases, by name: what a dbt test looked at.

    Of a candidate and what is published of it, which share a name, the candidate counts: the larger one.
    """
    rows = warehouse.execute(
        "select table_name, max(estimated_size) from duckdb_tables() group by table_name"
    ).fetchall()
    return {str(name): int(size) for name, size in rows}


def row_counts(run: Run) -> dict[str, int]:
    """Rows of every table in the warehouse and the restricted database, by name."""
    with run.warehouse(with_restricted=True) as warehouse:
        return _row_counts(warehouse)


@dataclass(frozen=True)
class DeliveryFacts:
    """Counts of what was read, for people who look at assets."""

    by_delivery: dict[tuple[str, int], dict[str, Any]]

    def of_delivery(self, source: str, key: int) -> dict[str, Any]:
        """Rows in, accepted, quarantined and set aside of one delivery, or why it was refused."""
        return self.by_delivery[(source, key)]

    def of_source(self, source: str) -> dict[str, Any]:
        """The same over all of a source's deliveries."""
        mine = [facts for (s, _), facts in self.by_delivery.items() if s == source]
        totals: dict[str, Any] = {"deliveries": len(mine), "refused": sum("refused" in f for f in mine)}
        for name in ("rows_in", "accepted", "quarantined", "set_aside"):
            totals[name] = sum(int(f.get(name) or 0) for f in mine)
        return totals


def delivery_facts(run: Run) -> DeliveryFacts:
    """Counts of every ingested delivery."""
    with run.restricted() as connection:
        rows = connection.execute(
            "select source, delivery_key, any_value(problem), coalesce(sum(rows_read), 0)::bigint,"
            " coalesce(sum(accepted), 0)::bigint, coalesce(sum(quarantined), 0)::bigint,"
            " coalesce(sum(duplicate + superseded), 0)::bigint"
            " from landing.deliveries left join landing.files using (source, delivery_key)"
            " group by source, delivery_key"
        ).fetchall()
    facts: dict[tuple[str, int], dict[str, Any]] = {}
    for source, key, problem, *counts in rows:
        named = dict(zip(("rows_in", "accepted", "quarantined", "set_aside"), counts, strict=True))
        facts[(source, key)] = {"refused": problem, **named} if problem else named
    return DeliveryFacts(facts)


def kept_checks(run: Run) -> pd.DataFrame:
    """Every check this run has made so far, as the gates left them in the warehouse."""
    with run.warehouse() as warehouse:
        names = [n for n in ("delivery_checks", "linkage_checks", "publication_checks") if _has(warehouse, n)]
        return pd.concat([warehouse.execute(f"select * from run.{n}").df() for n in names], ignore_index=True)
