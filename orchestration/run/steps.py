"""The steps of a run, from landing to release, as plain functions; the assets call them one by one.

Steps hand on through the home alone (restricted database, warehouse, candidate files), so that a step sees
the same whether the command line or the Dagster UI started it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import pandas as pd

from expectations.dbt_tests import dbt_test_checks
from expectations.delivery_gate import delivery_gate
from expectations.judge import NOT_MEASURED
from expectations.rules import load_rules
from orchestration.dbt.build import dbt_build, exactly
from orchestration.dbt.project import (
    COUNTED_LAYERS,
    FIRST_LAYERS,
    NodeResult,
    expected_tests,
    gate_of,
    project_hash,
    reads,
    relations,
)
from orchestration.home import SEEDS
from orchestration.run import increments, marks
from orchestration.run.begun import AGAIN, refuse_other, refuse_other_inputs
from orchestration.run.clock import refuse_clock_behind
from orchestration.run.gates import facts_of, kept_checks, stop_if_blocked
from orchestration.run.notes import (
    column_types,
    row_counts_of,
    seeds_changed,
    table_sizes,
)
from orchestration.run.profile import hearing
from orchestration.run.scope import Run
from orchestration.run.site import site_reference
from orchestration.run.tables import write
from releases.database.names import Naming
from releases.disclosure.remembered import prepare, remembered, settle
from releases.release import (
    Release,
    latest_of,
    next_id,
    point_current,
    publish,
    refuse_withdrawn,
)
from releases.verdict import confirmed_verdict, drop_verdict
from sources.calendar import month_label, month_number, quarter_label, quarter_of_month
from sources.contract import load_contract
from sources.engine import advice
from sources.errors import LabourdbError, UsageError
from sources.feedback.files import write_feedback
from sources.ingest.deliveries import ingest, new_deliveries
from sources.ingest.landing import Delivery, find_deliveries
from sources.restricted.access import record_access
from sources.restricted.database import DATABASE
from sources.restricted.retention import Deleted, delete_old

# seeds that did not change are not loaded again, but checked all the same
SEED_TESTS = "path:seeds,resource_type:test"
EVERYTHING = month_number("9999-12")  # a cut-off after which nothing comes


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
    """Delete from the restricted zone what is older than ``[retention] months``, log and note it; no figure changes."""
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
    with run.warehouse() as warehouse:
        write(warehouse, "retention", pd.DataFrame([asdict(deleted)]))
    return deleted


def noted_retention(run: Run) -> Deleted:
    """What the run's own step deleted; nothing where ``[retention]`` is not set."""
    if run.settings.retention.months is None:
        return Deleted()
    with run.warehouse() as warehouse:
        found = warehouse.execute("select texts, workbooks, rows from run.retention").fetchone()
    return Deleted(*found) if found else Deleted()


def build(run: Run, layers: Sequence[str]) -> list[NodeResult]:
    """Build and test layers of models (``attempt``); raises ``LabourdbError`` unless all of them were built."""
    results = attempt(run, layers)
    refuse_failed(run, results)
    return results


def attempt(
    run: Run,
    layers: Sequence[str],
    only: Collection[str] | None = None,
) -> list[NodeResult]:
    """Build and test layers of models, or ``only`` these models and tests of them (unique names); seeds first, if they
    changed. What rests on what is built here is stale from then on, and no verdict of the gates holds any more.

    Models that fail do not raise here (``refuse_failed``), nor do tests: they are kept for the gate that follows. Raises ``LabourdbError`` if the run is not the one that lies in the
    warehouse, if a delivery it began with has changed, or if what is read was not built in it.
    """
    known = reads(layers)
    selected = set(known if only is None else only)
    first = any(layer in FIRST_LAYERS for layer in layers)
    with run.warehouse(with_restricted=first) as warehouse:
        refuse_other(run, warehouse)
        if first:
            refuse_other_inputs(warehouse)
        marks.refuse_unbuilt(warehouse, [n for n in selected if n in known], known)
        drop_verdict(run.candidates)  # what was judged is about to change
        increments.begins(warehouse, layers, whole=only is None)
        marks.starts(warehouse, selected, judged_by_gate_2=first)
        stale = seeds_changed(warehouse)
    select = list(layers) if only is None else exactly(only)
    if stale:
        select += ["resource_type:seed", SEED_TESTS]
    elif first and only is None:
        select.append(SEED_TESTS)
    indirect = "buildable" if only is None else "empty"
    results = dbt_build(run.home, run.settings, select, hearing(), indirect)
    tests = [_test_line(r, r.tested or r.folder) for r in results if r.kind == "test"]
    ran = {r.unique_id for r in results if r.kind == "test"}
    missing = [t for t in expected_tests(layers) if t.unique_id in selected - ran]
    tests += [_test_line(t, t.folder) for t in missing]
    with run.warehouse(with_restricted=True) as warehouse:
        if stale and any(r.kind == "seed" for r in results):
            write(warehouse, "seeds", pd.DataFrame({"project": [project_hash()]}))
        counts = row_counts_of(warehouse, relations())
        checks = dbt_test_checks(tests, {str(t["model"]): counts.get(str(t["model"]), 0) for t in tests})
        warehouse.execute(
            "delete from run.dbt_tests where check_id in (select unnest(?))", [[t["name"] for t in tests]]
        )
        write(warehouse, "dbt_tests", checks.assign(waiver=None), append=True)
        built = {r.unique_id for r in results if r.kind == "model" and r.ok}
        marks.ended(warehouse, built | ran | {t.unique_id for t in missing})
    increments.ended(run)
    return results


def rebuild(run: Run) -> int:
    """Build in full what an increment has built, and compare it by hash; returns how many tables were compared.

    Raises ``LabourdbError`` naming the tables that differ. What is left then is what was built in full, and no base of
    an increment.
    """
    before = increments.hashes(run)
    with run.warehouse() as warehouse:
        increments.give_up(warehouse, "it was asked for (--full)")
    for layers in (FIRST_LAYERS, COUNTED_LAYERS):
        build(run, layers)
    after = increments.hashes(run)
    differ = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if differ:
        with run.warehouse() as warehouse:
            increments.forget(warehouse)
        raise LabourdbError(
            "What this home had kept from run to run is not what a full build makes of the same deliveries:"
            f" {', '.join(differ)}. Nothing was published, and releases made from it may be wrong. The next `labourdb run`"
            " builds everything anew; please report it."
        )
    return len(after)


def refuse_failed(run: Run, results: Sequence[NodeResult]) -> None:
    """Raise ``LabourdbError`` naming the models that could not be built; ``GateStopped`` if a test is to blame."""
    broken = [r for r in results if r.status == "error" and (r.kind != "test" or advice(r.message))]
    if broken:
        details = "\n".join(f"  {r.name}: {r.message}" for r in broken)
        told = next(filter(None, (advice(r.message) for r in broken)), "")
        raise LabourdbError(
            f"Models that could not be built, or tests that could not look at them; nothing was published:\n{details}"
            + (f"\n{told} Then run again." if told else "")
        )
    skipped = [r.name for r in results if r.kind != "test" and r.status == "skipped"]
    if skipped:  # dbt goes no further below a test that failed: there is nothing whole to judge or to export
        with run.warehouse() as warehouse:
            tests = warehouse.execute("select * from run.dbt_tests").df()
        checks = pd.concat([kept_checks(run), tests], ignore_index=True)
        stop_if_blocked(run, checks.drop_duplicates(["check_id", "object"], ignore_index=True))
        raise LabourdbError(f"Models that were not built; nothing was published: {', '.join(skipped)}")


def _test_line(test: NodeResult, model: str) -> Mapping[str, Any]:
    """A test's outcome as the checks table takes it."""
    return {
        "name": test.name,
        "model": model,
        "status": test.status,
        "failures": test.failures,
        # one that did not run has found nothing, whatever it would have been to find something
        "severity": test.severity if test.ok or test.status == "fail" else "error",
        "gate": gate_of(test.folder),
        "description": test.description,
        "description_vi": test.description_vi,
        "query": f"{NOT_MEASURED}{test.message}\n{test.query}"
        if test.status == "error" and test.message
        else test.query,
    }


def release(run: Run) -> Release:
    """Publish the candidates the gates passed; if the last release of the period says the same, it stands.

    Raises ``LabourdbError`` if the run is not the one that lies in the warehouse, if the gates have not passed what lies
    there, if a withdrawn release of the period says the same, or if the number it began with was used since.
    """
    with run.warehouse() as warehouse:
        refuse_other(run, warehouse)
        facts = facts_of(run, warehouse)
    confirmed_verdict(run.candidates, run.scope.release_id, facts["fingerprint"])
    period = quarter_label(run.scope.as_of)
    standing = latest_of(run.home.releases, period)
    if standing is not None and standing.manifest.get("fingerprint") == facts["fingerprint"]:
        point_current(run.home.releases)
        return standing
    refuse_withdrawn(run.home.releases, period, facts["fingerprint"])
    if run.scope.release_id != next_id(run.home.releases, period, remembered(run.home.remembered)):
        raise LabourdbError(f"The number {run.scope.release_id} was used after this run began. {AGAIN}")
    from releases.site.build import build_site  # what only a run that publishes needs takes a while to import

    reference = site_reference()
    with run.warehouse() as warehouse:
        prepare(warehouse, run.home.remembered, run.scope.release_id)
    published = publish(
        run.home.releases, run.candidates, run.scope.release_id, facts,
        lambda release, manifest: build_site(release, manifest, reference), run.home.ledger,
        Naming(reference.dictionary, SEEDS),
    )  # fmt: skip
    settle(run.home.remembered, run.home.releases)
    for told in (run.home.stopped_report, run.home.stopped_facts):
        told.unlink(missing_ok=True)  # what it says of the last stop is settled
    return published


def row_counts(run: Run) -> dict[tuple[str, str], int]:
    """Rows of every table in the warehouse and the restricted database, by schema and name."""
    with run.warehouse(with_restricted=True) as warehouse:
        return table_sizes(warehouse)


def columns(run: Run) -> dict[tuple[str, str], dict[str, str]]:
    """Columns and types of the same tables, and of views."""
    with run.warehouse(with_restricted=True) as warehouse:
        return column_types(warehouse)
