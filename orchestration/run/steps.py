"""The steps of a run, from landing to release, as plain functions; the assets call them one by one.

Steps hand on through the home alone (restricted database, warehouse, candidate files), so that a step sees
the same whether the command line or the Dagster UI started it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
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
from expectations.waivers import waive
from orchestration.dbt.project import NodeResult, dbt_build, expected_tests, project_hash, relations
from orchestration.home import SEEDS, Home
from orchestration.run.clock import refuse_clock_behind
from orchestration.run.fingerprint import arrivals, input_facts, run_fingerprint
from orchestration.run.inputs import RunScope, write_run_inputs
from orchestration.run.notes import (
    as_published,
    changed_sources,
    has_table,
    keep,
    noted_inputs,
    protection,
    release_facts,
    row_counts_of,
    seeds_changed,
    table_sizes,
)
from orchestration.settings import Settings
from orchestration.tasks.serve import site_reference
from releases.disclosure import noise_sha256
from releases.disclosure.remembered import last_remembered, prepare, remembered, settle
from releases.release import (
    Release,
    latest_of,
    point_current,
    publish,
    refuse_withdrawn,
    standing_releases,
)
from releases.tables import export_tables
from releases.verdict import Verdict, drop_verdict, store_verdict
from sources.calendar import month_label, month_number, quarter_label, quarter_of_month
from sources.contract import load_contract
from sources.errors import LabourdbError, UsageError
from sources.feedback.files import write_feedback
from sources.ingest.deliveries import ingest, new_deliveries
from sources.ingest.landing import Delivery, find_deliveries
from sources.modes import make_folder
from sources.restricted.access import record_access
from sources.restricted.database import DATABASE, attach_restricted, engine_config, restricted_database
from sources.restricted.encryption import load_encryption
from sources.restricted.keys import keep_disclosure_key, load_disclosure_key, load_key
from sources.restricted.pseudonyms import assign_keys
from sources.restricted.retention import Deleted, delete_old, deleted_in_force, forget

FIRST_LAYERS = ["staging", "identity", "reference", "labour"]
# seeds that did not change are not loaded again, but checked all the same
SEED_TESTS = ["path:seeds,resource_type:test"]
COUNTED_LAYERS = ["keyed", "cells", "candidates"]
LAST_LAYERS = ["disclosure", "published"]
EVERYTHING = month_number("9999-12")  # a cut-off after which nothing comes


class GateStopped(LabourdbError):
    """A blocking check of gate 2 or 3 failed: nothing is published."""

    exit_code = 3


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
        make_folder(self.home.warehouse, 0o750)
        engine = self.settings.engine
        made = not self.home.database.exists()
        config = engine_config(self.home.restricted, engine.memory, engine.threads)
        with duckdb.connect(str(self.home.database), config=config) as connection:
            if made:
                self.home.database.chmod(0o640)  # authorised staff read it
            if with_restricted:
                attach_restricted(connection, self.home.restricted, read_only=True)
            else:
                load_encryption(connection)  # for what it spills
            yield connection


def reach(deliveries: Sequence[Delivery], as_of: int) -> None:
    """Raise ``UsageError`` if no delivery of a core source reaches into the as-of quarter."""
    core = [d for d in deliveries if load_contract(d.source).core]
    last = max((month_number(d.period) for d in core), default=-1)
    if quarter_of_month(last) < as_of:
        arrived = f"the last is of {month_label(last)}" if core else "there is none at all"
        raise UsageError(
            f"No delivery of a core source reaches into {quarter_label(as_of)}: {arrived}."
            " Put the deliveries into the landing folder, or ask for an earlier quarter."
        )


def ingest_new(run: Run, on_delivery: Callable[[Delivery, str], None] | None = None) -> list[str]:
    """Ingest what is new in the landing area, and write what agencies should mend; returns what was not recognised."""
    run.home.require_landing()
    refuse_clock_behind(run.home)
    deliveries, strange = find_deliveries(run.home.landing)
    reach(deliveries, run.scope.as_of)
    with run.restricted() as connection:
        fresh = new_deliveries(connection, deliveries)
        ingest(connection, fresh, SEEDS, on_delivery, run.settings.limits.limits())
        write_feedback(connection, run.home.feedback, fresh)
    return strange


def apply_retention(run: Run, today: date | None = None) -> Deleted:
    """Delete from the restricted zone what is older than ``[retention] months``, and log it; no figure changes."""
    months = run.settings.retention.months
    if months is None or not (run.home.restricted / DATABASE).exists():
        return Deleted()
    with run.restricted() as connection:
        gate = delivery_gate(
            connection, EVERYTHING, load_rules(run.settings.thresholds), waivers=run.settings.waived()
        )
        deleted = delete_old(connection, gate.dispositions, run.home.feedback, months, today or date.today())
    if deleted.anything:
        record_access(run.home.restricted, "retention", f"months={months}: deleted {deleted}")
    return deleted


def gate_deliveries(run: Run) -> pd.DataFrame:
    """Gate 1, pseudonyms and schema ``run``; returns the checks. A held delivery stops nothing but itself."""
    rules, waivers = load_rules(run.settings.thresholds), run.settings.waived()
    settle(run.home.remembered, run.home.releases)
    drop_verdict(run.candidates)  # what was judged before is of other inputs from here on
    with run.restricted() as connection:
        gate = delivery_gate(connection, run.scope.cut_off, rules, waivers=waivers)
        again = deleted_in_force(connection, gate.dispositions)
        if again:  # other settings let them count again: their files are read anew
            forget(connection, again)
            deliveries, _ = find_deliveries(run.home.landing)
            anew = [d for d in deliveries if (d.source, d.key) in again]
            ingest(connection, anew, SEEDS, limits=run.settings.limits.limits())
            gate = delivery_gate(connection, run.scope.cut_off, rules, waivers=waivers)
        key = load_key(run.home.restricted)
        noted = connection.execute("select 1 from identity.disclosure_key_check").fetchone()
        disclosure_key = load_disclosure_key(
            run.home.restricted, key, may_make=noted is not None or not remembered(run.home.remembered)
        )
        assign_keys(connection, key, disclosure_key)
        keep_disclosure_key(run.home.restricted, disclosure_key)
        inputs = input_facts(connection, gate.dispositions)
        arrived = arrivals(connection, gate.dispositions)
    with run.warehouse() as warehouse:
        write_run_inputs(warehouse, gate, run.scope, run.settings)
        keep(warehouse, "inputs", inputs)
        keep(warehouse, "arrivals", arrived)
        warehouse.execute("drop table if exists run.dbt_tests")
        for name in ("linkage_checks", "publication_checks"):
            warehouse.execute(f"drop table if exists run.{name}")
        keep(warehouse, "delivery_checks", waive(gate.checks, waivers))
    return gate.checks


def build(run: Run, layers: Sequence[str], on_event: Callable[[Any], None] | None = None) -> list[NodeResult]:
    """Build and test layers of models; seeds first, if they changed. Raises ``LabourdbError`` if a model fails.

    ``on_event`` hears what dbt tells while it works.
    Tests that fail do not raise here: they are kept for the gate that follows.
    """
    with run.warehouse() as warehouse:
        stale = seeds_changed(warehouse)
    seeds = ["resource_type:seed"] if stale else SEED_TESTS if layers == FIRST_LAYERS else []
    results = dbt_build(run.home, run.settings, [*seeds, *layers], on_event)
    broken = [r for r in results if r.kind != "test" and r.status == "error"]
    if broken:
        details = "\n".join(f"  {r.name}: {r.message}" for r in broken)
        raise LabourdbError(f"Models that could not be built; nothing was published:\n{details}")
    tests = [_test_line(r, r.tested or r.folder) for r in results if r.kind == "test"]
    ran = {r.unique_id for r in results}
    tests += [_test_line(t, t.folder) for t in expected_tests(layers) if t.unique_id not in ran]
    with run.warehouse(with_restricted=True) as warehouse:
        if stale:
            warehouse.execute("create or replace table run.seeds as select ? as project", [project_hash()])
        counts = row_counts_of(warehouse, relations())
        checks = dbt_test_checks(tests, {str(t["model"]): counts.get(str(t["model"]), 0) for t in tests})
        keep(warehouse, "dbt_tests", checks, append=True)
    skipped = [r.name for r in results if r.kind != "test" and r.status == "skipped"]
    if skipped:  # dbt goes no further below a test that failed: there is nothing whole to judge or to export
        stop_if_blocked(run, pd.concat([kept_checks(run), checks], ignore_index=True))
        raise LabourdbError(f"Models that were not built; nothing was published: {', '.join(skipped)}")
    return results


def _test_line(test: NodeResult, model: str) -> Mapping[str, Any]:
    """A test's outcome as the checks table takes it."""
    return {
        "name": test.name,
        "model": model,
        "status": test.status,
        "failures": test.failures,
        "severity": test.severity,
        "gate": _gate(test),
        "description": test.description,
        "description_vi": test.description_vi,
        "query": test.query,
    }


def _gate(result: NodeResult) -> str:
    return "publication" if result.folder in [*COUNTED_LAYERS, *LAST_LAYERS] else "linkage"


def gate_linkage(run: Run) -> pd.DataFrame:
    """Gate 2 on what was linked and built; returns its checks, dbt tests of these layers included."""
    with run.warehouse(with_restricted=True) as warehouse:
        own = linkage_gate(warehouse, load_rules(run.settings.thresholds))
        tests = warehouse.execute("select * from run.dbt_tests where gate = 'linkage'").df()
        checks = waive(pd.concat([own, tests], ignore_index=True), run.settings.waived())
        keep(warehouse, "linkage_checks", checks)
    return checks


def gate_publication(run: Run) -> pd.DataFrame:
    """Gate 3 on the candidates; writes the checks table, the candidate files and the verdict on exactly these.

    Returns every check of the run. Blocking failures of gates 2 and 3 are in the stored verdict.
    """
    previous = latest_release(run)
    with run.warehouse(with_restricted=True) as warehouse:
        _refuse_unproved(run, warehouse)
        changed = changed_sources(previous.manifest["inputs"], noted_inputs(warehouse)) if previous else set()
        own = publication_gate(
            warehouse,
            load_rules(run.settings.thresholds),
            previous.path / "tables" if previous and _protected_alike(run, previous) else None,
            changed,
            last_remembered(run.home.remembered, quarter_label(run.scope.as_of)),
        )
        tests = warehouse.execute("select * from run.dbt_tests where gate = 'publication'").df()
        kept = [warehouse.execute(f"select * from run.{g}_checks").df() for g in ("delivery", "linkage")]
        checks = pd.concat([*kept, own, tests], ignore_index=True).assign(release_id=run.scope.release_id)
        checks = waive(checks, run.settings.waived())
        keep(warehouse, "publication_checks", checks[checks["gate"] == "publication"])
        keep(warehouse, "checks", checks, schema="candidates")
        keep(warehouse, "checks", as_published(checks, run.settings.disclosure.off), schema="published")
        shown = warehouse.execute(
            "select count(*) from published.indicators where basis = 'register'"
        ).fetchone()
        if shown is None or shown[0] == 0:
            raise LabourdbError(
                "Nobody lives in the provinces of [coverage]: a release would show no figure at all."
            )
        tables = export_tables(warehouse, run.candidates)
        blocking = blocking_failures(checks[checks["gate"] != "delivery"])
        names = [f"{c['check_id']} ({c['object']})" for c in blocking.to_dict("records")]
        fingerprint = run_fingerprint(run.scope.as_of, run.settings, noted_inputs(warehouse))
        store_verdict(run.candidates, Verdict(run.scope.release_id, fingerprint, tables, names))
    return checks


def _protected_alike(run: Run, previous: Release) -> bool:
    """Whether the noise of two releases is the same, so that a figure nobody changed stays as it is."""
    before = previous.manifest
    same_label: bool = before["protection"] == protection(run.settings)
    return same_label and before.get("disclosure", {}).get("noise_sha256") == noise_sha256()


def _refuse_unproved(run: Run, warehouse: duckdb.DuckDBPyConnection) -> None:
    """Raise ``LabourdbError`` if tests of the models did not run since the deliveries were judged, or if what was built is
    protected otherwise than the settings now say: no such release may bear their label (SPEC §5).
    """
    if warehouse.execute("select protects from run.parameters").fetchone() != (
        not run.settings.disclosure.off,
    ):
        raise LabourdbError(
            "[disclosure] off was changed after this run began: what was built is not protected as the release would say."
            " Nothing was published. Run again, from the deliveries on."
        )
    kept = has_table(warehouse, "dbt_tests")
    ran = (
        {n for (n,) in warehouse.execute("select check_id from run.dbt_tests").fetchall()} if kept else set()
    )
    left = sorted({t.name for t in expected_tests([*COUNTED_LAYERS, *LAST_LAYERS])} - ran)
    if left:
        raise LabourdbError(
            f"The tables of this run were not all built and tested: {len(left)} tests did not run, {left[0]} among them."
            " Nothing was published. Run again, from the deliveries on."
        )


def stop_if_blocked(run: Run, checks: pd.DataFrame) -> None:
    """Raise ``GateStopped`` naming every blocking check that failed, and leave the report in the warehouse."""
    blocking = blocking_failures(checks[checks["gate"] != "delivery"])
    if blocking.empty:
        return
    report = write_stopped_report(run, checks)
    lines = [
        f"  {c['check_id']} on {c['object']}: {c['rows_failed']} of {c['rows_checked']} rows failed."
        for c in blocking.to_dict("records")
    ]
    raise GateStopped(
        "The gates stopped this run; nothing was published and the last release stays current:\n"
        + "\n".join(lines)
        + f"\nReasons, and the queries that show the rows: {report}"
    )


def write_stopped_report(run: Run, checks: pd.DataFrame) -> Path:
    """Write the quality report of a run that publishes nothing; returns where."""
    from releases.quality.facts import stopped_facts  # what only a stopped run needs takes a while to import
    from releases.quality.page import quality_page

    with run.warehouse() as warehouse:
        manifest = {"release_id": run.scope.release_id, **_facts(run, warehouse)}
        accounting = warehouse.execute("select * from run.row_accounting").df()
    run.home.stopped_report.write_text(
        quality_page(stopped_facts(manifest, checks, accounting)), encoding="utf-8"
    )
    return run.home.stopped_report


def release(run: Run) -> Release:
    """Publish the candidates the gates passed; if the last release of the period says the same, it stands.

    Raises ``LabourdbError`` if a withdrawn release of the period says the same.
    """
    with run.warehouse() as warehouse:
        facts = _facts(run, warehouse)
    period = quarter_label(run.scope.as_of)
    standing = latest_of(run.home.releases, period)
    if standing is not None and standing.manifest.get("fingerprint") == facts["fingerprint"]:
        point_current(run.home.releases)
        return standing
    refuse_withdrawn(run.home.releases, period, facts["fingerprint"])
    from releases.site.build import build_site  # what only a run that publishes needs takes a while to import

    reference = site_reference(run.home.warehouse / "kept")
    with run.warehouse() as warehouse:
        prepare(warehouse, run.home.remembered, run.scope.release_id)
    published = publish(
        run.home.releases, run.candidates, run.scope.release_id, facts,
        lambda release, manifest: build_site(release, manifest, reference), run.home.ledger,
    )  # fmt: skip
    settle(run.home.remembered, run.home.releases)
    run.home.stopped_report.unlink(missing_ok=True)  # what it says of the last stop is settled
    return published


def _facts(run: Run, warehouse: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    return release_facts(warehouse, run.scope.as_of, run.settings, latest_release(run))


def latest_release(run: Run) -> Release | None:
    """The release that this run's would follow: the last of its period, else the newest before it.

    A withdrawn one is followed by nothing: change is measured against what stands.
    """
    period = quarter_label(run.scope.as_of)
    same = latest_of(run.home.releases, period)
    earlier = [r for r in standing_releases(run.home.releases) if r.order[0] < period]
    return same or (earlier[-1] if earlier else None)


def row_counts(run: Run) -> dict[tuple[str, str], int]:
    """Rows of every table in the warehouse and the restricted database, by schema and name."""
    with run.warehouse(with_restricted=True) as warehouse:
        return table_sizes(warehouse)


def kept_checks(run: Run) -> pd.DataFrame:
    """Every check this run has made so far, as the gates left them in the warehouse."""
    with run.warehouse() as warehouse:
        names = [
            n for n in ("delivery_checks", "linkage_checks", "publication_checks") if has_table(warehouse, n)
        ]
        return pd.concat([warehouse.execute(f"select * from run.{n}").df() for n in names], ignore_index=True)
