"""Measures against thresholds: what every gate does with its counts.

Rows are counted in SQL, and only counts are judged: of an object, the share of its rows that failed a check. Those of gates
2 and 3, over the large tables, are judged by the suite ``measures``; a delivery's by the same comparison at once, since the
next one waits for it, and whoever checks a delivery before sending it need not wait for Great Expectations.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from expectations.rules import GATES, CheckRule
from expectations.suites import MEASURES, load_suites
from sources.errors import LabourdbError

Failing = set[tuple[str, str]]  # check and object
COLUMNS = [
    "check_id", "gate", "level", "object", "rows_checked", "rows_failed",
    "threshold", "severity", "status", "why", "why_vi", "query",
]  # fmt: skip

COMPLETENESS = {"linkage": "all_linkage_checks_ran", "publication": "all_checks_ran"}  # by gate
NOT_MEASURED = (
    "-- not measured: "  # the first line of the query of a check that could not be measured says why
)


def judge(
    measures: pd.DataFrame,
    rules: Mapping[str, CheckRule],
    judged_by: Callable[[pd.DataFrame], Failing] | None = None,
) -> pd.DataFrame:
    """The checks table: one line per measure with its status, severity, reason in both languages and query.

    ``judged_by`` finds the measures that miss their threshold (``by_suite``; plain comparison if not given).

    ``measures`` has check_id, object, rows_checked, rows_failed (null if the measure itself failed) and
    perhaps error. Raises ``LabourdbError`` for a measure of an unknown check or one given twice.
    """
    _refuse_unusable(measures, rules)
    failing = (judged_by or _by_comparison)(_shares(measures, rules))
    errors = (
        measures["error"] if "error" in measures else pd.Series([None] * len(measures), index=measures.index)
    )
    lines = []
    for check_id, name, checked, failed, error in zip(
        measures["check_id"],
        measures["object"],
        measures["rows_checked"],
        measures["rows_failed"],
        errors,
        strict=True,
    ):
        rule = rules[check_id]
        query = rule.query_for(name)
        if pd.isna(failed):
            status, rows_failed = "error", None
            query = (
                f"{NOT_MEASURED}{' '.join(str(error).split())}\n{query}" if isinstance(error, str) else query
            )
        else:
            rows_failed = int(failed)
            not_applicable = int(checked) == 0
            status = (
                "not_applicable" if not_applicable else "failed" if (check_id, name) in failing else "passed"
            )
        severity = rule.severity if status == "error" else rule.severity_at(int(checked))
        lines.append(
            (check_id, rule.gate, rule.level, name, int(checked), rows_failed,
             rule.max_failed_share, severity, status, rule.why, rule.why_vi, query)
        )  # fmt: skip
    return checks_table(lines)


def checks_table(lines: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    """Lines in the order of ``COLUMNS`` as the checks table, sorted by gate, check and object."""
    table = pd.DataFrame(list(lines), columns=COLUMNS).astype(
        {"rows_checked": "int64", "rows_failed": "Int64", "threshold": "float64"}
    )
    table["_gate"] = table["gate"].map({gate: number for number, gate in enumerate(GATES)})
    table = table.sort_values(["_gate", "check_id", "object"], kind="stable", ignore_index=True)
    return table.drop(columns="_gate")


def blocking_failures(checks: pd.DataFrame) -> pd.DataFrame:
    """The lines that stop what their gate guards: failed, or not measured, with severity block and no waiver."""
    stopping = checks["status"].isin(["failed", "error"]) & (checks["severity"] == "block")
    if "waiver" in checks:
        stopping &= checks["waiver"].isna()
    return checks[stopping].reset_index(drop=True)


def not_run(checks: pd.DataFrame, check_id: str, name: str) -> list[dict[str, str]]:
    """What did not run behind a line of the ``checks`` table: itself, or where it is that all checks of its gate have run,
    these. Each has check_id, object and error: what the engine said (never a value), empty where nothing is known.
    """
    line = (checks["check_id"] == check_id) & (checks["object"] == name)
    if check_id in COMPLETENESS.values():
        line = checks["gate"].isin(checks.loc[line, "gate"])
    found = []
    for c in checks[line & (checks["status"] == "error")].to_dict("records"):
        first = str(c["query"]).splitlines()[0]
        error = first.removeprefix(NOT_MEASURED) if first.startswith(NOT_MEASURED) else ""
        found.append({"check_id": c["check_id"], "object": c["object"], "error": error})
    return found


def within(rows_checked: int, rows_failed: int, max_failed_share: float) -> bool:
    """Whether the share of failed rows is no more than the threshold (no rows: nothing to fail)."""
    return rows_checked == 0 or rows_failed / rows_checked <= max_failed_share


def _refuse_unusable(measures: pd.DataFrame, rules: Mapping[str, CheckRule]) -> None:
    unknown = sorted(set(measures["check_id"]) - set(rules))
    if unknown:
        raise LabourdbError(
            f"Measured, but no check is called {', '.join(unknown)}. Known are: {', '.join(sorted(rules))}."
        )
    doubled = measures[measures.duplicated(["check_id", "object"])]
    if len(doubled):
        first = doubled.iloc[0]
        raise LabourdbError(f"Check {first['check_id']} was measured twice for {first['object']}.")


def _shares(measures: pd.DataFrame, rules: Mapping[str, CheckRule]) -> pd.DataFrame:
    """What the suite ``measures`` is of: every measure that has rows and a count, with its share and threshold."""
    taken = measures[measures["rows_failed"].notna() & (measures["rows_checked"] > 0)]
    failed = taken["rows_failed"].astype("int64")
    return pd.DataFrame(
        {
            "check_id": taken["check_id"],
            "object": taken["object"],
            "rows_checked": taken["rows_checked"],
            "rows_failed": failed,
            "failed_share": failed / taken["rows_checked"],
            "threshold": [float(rules[c].max_failed_share) for c in taken["check_id"]],
        }
    )


def _by_comparison(shares: pd.DataFrame) -> Failing:
    columns = ("check_id", "object", "rows_checked", "rows_failed", "threshold")
    return {
        (check_id, name)
        for check_id, name, checked, failed, threshold in zip(*(shares[c] for c in columns), strict=True)
        if not within(checked, failed, threshold)
    }


def by_suite(gate: str, workshop: Path | None = None) -> Callable[[pd.DataFrame], Failing]:
    """Judging by the suite ``measures`` over what a gate measured, kept in ``workshop``; kept nowhere without a workshop.

    Raises ``LabourdbError`` if the suite cannot be evaluated, or if something else does not hold of the measures.
    """

    def judged(shares: pd.DataFrame) -> Failing:
        if workshop is not None:
            return _by_suite(shares, gate, workshop)
        with tempfile.TemporaryDirectory(prefix="labourdb-measures-") as scratch:
            return _by_suite(shares, gate, Path(scratch))

    return judged


def _by_suite(shares: pd.DataFrame, gate: str, workshop: Path) -> Failing:
    if shares.empty:
        return set()
    from expectations.validating import validate

    tables = workshop / "measured" / gate
    tables.mkdir(parents=True, exist_ok=True)
    shares.to_parquet(tables / f"{MEASURES}.parquet", index=False)
    failing: Failing = set()
    for outcome in validate(
        f"{gate}-measures", [load_suites()[MEASURES]], tables, workshop, failing_by=("check_id", "object")
    ):
        e = outcome.expectation
        if outcome.rows_failed is None:
            raise LabourdbError(
                f"{e.file}: {e.type} could not be evaluated over the measures of gate {gate}."
            )
        if outcome.success:
            continue
        if e.columns != ("threshold", "failed_share"):
            raise LabourdbError(f"{e.file}: {e.type} does not hold of the measures of gate {gate}.")
        failing |= {(check_id, name) for check_id, name in outcome.failing}
        if len(failing) != outcome.rows_failed:
            raise LabourdbError(f"Great Expectations does not name what failed in gate {gate}.")
    return failing
