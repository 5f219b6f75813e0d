"""The three gates of a run (SPEC §6): what they judge, what they keep of it, and how they stop a run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from expectations.culprits import COLUMNS, culprits_of, find_culprits
from expectations.delivery_gate import delivery_gate
from expectations.judge import blocking_failures, not_run
from expectations.linkage_gate import linkage_gate
from expectations.publication_gate import publication_gate
from expectations.rules import load_rules
from expectations.suites_gate import checks_gate, rows_of_the_grid, suites_gate
from expectations.waivers import waive
from orchestration.dbt.dictionary import dictionary
from orchestration.dbt.project import COUNTED_LAYERS, FIRST_LAYERS, LAST_LAYERS, reads
from orchestration.home import SEEDS
from orchestration.run.begun import refuse_other
from orchestration.run.fingerprint import arrivals, input_facts, run_fingerprint
from orchestration.run.increments import decide, facts, unmark
from orchestration.run.inputs import write_run_inputs
from orchestration.run.marks import refuse_stale
from orchestration.run.notes import (
    as_published,
    changed_deliveries,
    noted_inputs,
    protection,
    release_facts,
)
from orchestration.run.scope import Run, latest_release
from orchestration.run.tables import CHECKS, has_table, run_tables, write, write_checks
from releases.disclosure import noise_sha256
from releases.disclosure.remembered import last_remembered, remembered, settle
from releases.pages.words import moved_most
from releases.release import Release
from releases.tables import RELEASED, export_tables
from releases.verdict import Verdict, drop_verdict, store_verdict
from sources.calendar import quarter_label
from sources.errors import LabourdbError
from sources.ingest.deliveries import ingest
from sources.ingest.landing import find_deliveries
from sources.restricted.keys import keep_disclosure_key, load_disclosure_key, load_key
from sources.restricted.pseudonyms import assign_keys
from sources.restricted.retention import deleted_in_force, forget

STOPPED = ("gate", "check_id", "object", "rows_checked", "rows_failed", "threshold", "why", "why_vi")


class GateStopped(LabourdbError):
    """A blocking check of gate 2 or 3 failed: nothing is published."""

    exit_code = 3

    def __init__(self, text: str, stopped: list[dict[str, Any]]) -> None:
        super().__init__(text)
        self.facts = {"stopped": stopped}


def gate_deliveries(run: Run) -> pd.DataFrame:
    """Gate 1, pseudonyms and schema ``run``; returns the checks. A held delivery stops nothing but itself."""
    rules, waivers = load_rules(run.settings.thresholds), run.settings.waived()
    settle(run.home.remembered, run.home.releases)
    drop_verdict(run.candidates)  # what was judged before is of other inputs from here on
    with run.restricted() as connection:
        gate = delivery_gate(connection, run.scope.cut_off, rules, waivers=waivers)
        again = deleted_in_force(connection, gate.dispositions)
        if again:  # other settings let them count again: their files are read anew
            unmark(connection)
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
        known = facts(connection)
    with run.warehouse() as warehouse:
        warehouse.begin()  # a run has begun, with nothing built yet, or it has not
        write_run_inputs(warehouse, gate, run)
        write(warehouse, "inputs", inputs)
        write(warehouse, "arrivals", arrived)
        for name in ("culprits", *CHECKS):
            warehouse.execute(f"drop table if exists run.{name}")
        for name in ("built", "dbt_tests"):
            write(warehouse, name, pd.DataFrame({c: [] for c in run_tables()[name].columns}))
        write(warehouse, "delivery_checks", waive(gate.checks, waivers))
        decide(warehouse, known, run)
        warehouse.commit()
    return gate.checks


def gate_linkage(run: Run) -> pd.DataFrame:
    """Gate 2 on what was linked and built; returns its checks, dbt tests of these layers included.

    Raises ``LabourdbError`` if it is of another run, ``Stale`` if not all of it was built and tested since gate 1.
    """
    with run.warehouse(with_restricted=True) as warehouse:
        refuse_other(run, warehouse)
        refuse_stale(warehouse, reads(FIRST_LAYERS))
        rules = load_rules(run.settings.thresholds)
        shutil.rmtree(run.home.workshop, ignore_errors=True)  # what gates of the run before found
        own = linkage_gate(warehouse, rules, run.home.workshop)
        tests = warehouse.execute("select * from run.dbt_tests where gate = 'linkage'").df()
        checks = waive(pd.concat([own, tests], ignore_index=True), run.settings.waived())
        write(warehouse, "linkage_checks", checks)
        write(warehouse, "culprits", find_culprits(warehouse, blocking_failures(checks), rules))
    return checks


def gate_publication(run: Run) -> pd.DataFrame:
    """Gate 3 on the candidates; writes the checks table, the candidate files and the verdict on exactly these.

    Returns every check of the run. Blocking failures of gates 2 and 3 are in the stored verdict: where gate 2 has not judged
    what lies there now, as after a part of it was made again, it does so first. Raises ``LabourdbError`` if the tables are of
    another run than this, ``Stale`` if not all of them were built and tested since gate 1 (SPEC §5, §6).
    """
    with run.warehouse() as warehouse:
        judged = has_table(warehouse, "linkage_checks")
    if not judged:
        gate_linkage(run)
    previous = latest_release(run)
    with run.warehouse(with_restricted=True) as warehouse:
        refuse_other(run, warehouse)
        refuse_stale(warehouse, reads([*FIRST_LAYERS, *COUNTED_LAYERS, *LAST_LAYERS]))
        drop_verdict(run.candidates)  # not before: who is refused changes nothing
        inputs = noted_inputs(warehouse)
        new, gone = changed_deliveries(previous.manifest["inputs"] if previous else inputs, inputs)
        rules = load_rules(run.settings.thresholds)
        own = publication_gate(
            warehouse,
            rules,
            previous.path / "tables" if previous and _protected_alike(run, previous) else None,
            {folder.split("/")[0] for folder in new | gone},
            last_remembered(run.home.remembered, quarter_label(run.scope.as_of)),
            run.home.workshop,
        )
        tests = warehouse.execute("select * from run.dbt_tests where gate = 'publication'").df()
        kept = [warehouse.execute(f"select * from run.{g}_checks").df() for g in ("delivery", "linkage")]
        described = {t.name: t.metadata for t in dictionary().published}
        others = [t for t in RELEASED if t != "checks"]
        tables = export_tables(warehouse, run.candidates, described=described, tables=others)
        of_tables = suites_gate(run.candidates, run.home.workshop, rules, rows_of_the_grid(warehouse))
        checks = pd.concat([*kept, own, tests, of_tables], ignore_index=True)
        checks = waive(checks.assign(release_id=run.scope.release_id), run.settings.waived())
        write_checks(warehouse, "published", as_published(checks, run.settings.disclosure.off))
        tables |= export_tables(warehouse, run.candidates, described=described, tables=["checks"])
        of_checks = checks_gate(run.candidates, run.home.workshop, rules)
        if not of_checks.empty:
            of_checks = of_checks.assign(release_id=run.scope.release_id, waiver=None)
            checks = pd.concat([checks, of_checks], ignore_index=True)
        write(
            warehouse,
            "publication_checks",
            checks[checks["gate"] == "publication"].drop(columns="release_id"),
        )
        write_checks(warehouse, "candidates", checks)
        shown = warehouse.execute(
            "select count(*) from published.indicators where basis = 'register'"
        ).fetchone()
        if shown is None or shown[0] == 0:
            raise LabourdbError(
                "Nobody lives in the provinces of [coverage]: a release would show no figure at all."
            )
        blocking = blocking_failures(checks[checks["gate"] != "delivery"])
        stopping = blocking[blocking["gate"] == "publication"]
        warehouse.execute(
            "delete from run.culprits where check_id not in (select check_id from run.linkage_checks)"
        )
        write(warehouse, "culprits", find_culprits(warehouse, stopping, rules, new), append=True)
        names = [f"{c['check_id']} ({c['object']})" for c in blocking.to_dict("records")]
        fingerprint = run_fingerprint(run.scope.as_of, run.settings, inputs)
        store_verdict(run.candidates, Verdict(run.scope.release_id, fingerprint, tables, names))
    return checks


def _protected_alike(run: Run, previous: Release) -> bool:
    """Whether the noise of two releases is the same, so that a figure nobody changed stays as it is."""
    before = previous.manifest
    same_label: bool = before["protection"] == protection(run.settings)
    return same_label and before.get("disclosure", {}).get("noise_sha256") == noise_sha256()


def stop_if_blocked(run: Run, checks: pd.DataFrame) -> None:
    """Raise ``GateStopped`` naming every blocking check that failed, and leave the report in the warehouse."""
    blocking = blocking_failures(checks[checks["gate"] != "delivery"])
    if blocking.empty:
        return
    report = write_stopped_report(run, checks)
    stopped = with_culprits(run, blocking, checks)
    lines = [
        f"  {c['check_id']} on {c['object']}: {_counted(c)}."
        + "".join(f"\n    {line}" for line in _did_not_run(c["not_run"]))
        + "".join(f"\n    {line}" for line in moved_most(c["culprits"]))
        for c in stopped
    ]
    raise GateStopped(
        "The gates stopped this run; nothing was published and the last release stays current:\n"
        + "\n".join(lines)
        + f"\nReasons, and the queries that show the rows: {report}",
        stopped,
    )


def _counted(line: dict[str, Any]) -> str:
    if line["rows_failed"] is None:
        return "not measured"
    return f"{line['rows_failed']} of {line['rows_checked']} rows failed"


def _did_not_run(checks: list[dict[str, str]]) -> list[str]:
    said = [(f"{c['check_id']} on {c['object']} did not run", c["error"]) for c in checks]
    return [f"{what}: {error}" if error else what for what, error in said]


def with_culprits(run: Run, blocking: pd.DataFrame, checks: pd.DataFrame) -> list[dict[str, Any]]:
    """Lines of the checks table that stop a run (``STOPPED``), each with the deliveries that moved it (``culprits``) and,
    where it is that ``checks`` did not run, with these (``not_run``), which its reason names too.
    """
    with run.warehouse() as warehouse:
        found = _kept_culprits(warehouse)
    lines = blocking.astype(object).where(blocking.notna(), None).to_dict("records")
    told = []
    for c in lines:
        missing = not_run(checks, c["check_id"], c["object"])
        line = {**{n: c[n] for n in STOPPED}, "not_run": missing}
        line["why"] = " ".join([str(c["why"]), *(f"{t}." for t in _did_not_run(missing))])
        told.append(line | {"culprits": culprits_of({str(n): v for n, v in c.items()}, found)})
    return told


def _kept_culprits(warehouse: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    if not has_table(warehouse, "culprits"):  # a test of the models stopped the run before its gate
        return pd.DataFrame(columns=COLUMNS)
    return warehouse.execute("select * from run.culprits").df()


def write_stopped_report(run: Run, checks: pd.DataFrame) -> Path:
    """Write the quality report of a run that publishes nothing; returns where."""
    from releases.quality.facts import stopped_facts  # what only a stopped run needs takes a while to import
    from releases.quality.page import quality_page

    with run.warehouse() as warehouse:
        manifest = {"release_id": run.scope.release_id, **facts_of(run, warehouse)}
        accounting = warehouse.execute("select * from run.row_accounting").df()
        facts = stopped_facts(manifest, checks, accounting, _kept_culprits(warehouse))
    run.home.stopped_report.write_text(quality_page(facts), encoding="utf-8")
    run.home.stopped_facts.write_text(json.dumps(facts, ensure_ascii=False, default=str), encoding="utf-8")
    return run.home.stopped_report


def facts_of(run: Run, warehouse: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    return release_facts(warehouse, run.scope.as_of, run.settings, latest_release(run))


def kept_checks(run: Run) -> pd.DataFrame:
    """Every check this run has made so far, as the gates left them in the warehouse."""
    with run.warehouse() as warehouse:
        names = [n for n in CHECKS if has_table(warehouse, n)]
        return pd.concat([warehouse.execute(f"select * from run.{n}").df() for n in names], ignore_index=True)
