"""Measures against thresholds: Great Expectations judges counts, and sees nothing but counts.

Results of Great Expectations repeat the values that fail. So rows are counted in SQL beforehand, and
what is judged here is one small table: an object a line, the share of its rows that failed a check a
column, and one expectation a check that the share is no more than the threshold.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pandas as pd

from expectations.rules import GATES, CheckRule
from sources.errors import LabourdbError

COLUMNS = [
    "check_id", "gate", "level", "object", "rows_checked", "rows_failed",
    "threshold", "severity", "status", "why", "why_vi", "query",
]  # fmt: skip

COMPLETENESS = {"linkage": "all_linkage_checks_ran", "publication": "all_checks_ran"}  # by gate
NOT_MEASURED = (
    "-- not measured: "  # the first line of the query of a check that could not be measured says why
)


def judge(measures: pd.DataFrame, rules: Mapping[str, CheckRule]) -> pd.DataFrame:
    """The checks table: one line per measure with its status, severity, reason in both languages and query.

    ``measures`` has check_id, object, rows_checked, rows_failed (null if the measure itself failed) and
    perhaps error. Raises ``LabourdbError`` for a measure of an unknown check or one given twice.
    """
    _refuse_unusable(measures, rules)
    failing = _failing(measures, rules)
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


def _failing(measures: pd.DataFrame, rules: Mapping[str, CheckRule]) -> set[tuple[str, str]]:
    """(check, object) of every measure that misses its threshold, as Great Expectations finds it."""
    taken = measures[measures["rows_failed"].notna() & (measures["rows_checked"] > 0)]
    if taken.empty:
        return set()
    shares = pd.DataFrame(
        {
            "check_id": taken["check_id"],
            "object": taken["object"],
            "failed_share": taken["rows_failed"].astype("float64") / taken["rows_checked"].astype("float64"),
        }
    )
    table = shares.pivot(index="object", columns="check_id", values="failed_share").reset_index()
    checks = sorted(set(shares["check_id"]))
    with _quiet():
        import great_expectations as gx  # takes seconds to import
        from great_expectations.data_context.types.base import (
            DataContextConfig,
            InMemoryStoreBackendDefaults,
            ProgressBarsConfig,
        )
        from great_expectations.expectations.core.expect_column_values_to_be_between import (
            ExpectColumnValuesToBeBetween,
        )

        config = DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        )
        context = gx.get_context(mode="ephemeral", project_config=config)
        asset = context.data_sources.add_pandas("measures").add_dataframe_asset("measures")
        batch = asset.add_batch_definition_whole_dataframe("measures").get_batch({"dataframe": table})
        suite = gx.ExpectationSuite(name="gates")
        for check_id in checks:
            suite.add_expectation(
                ExpectColumnValuesToBeBetween(
                    column=check_id, min_value=0, max_value=rules[check_id].max_failed_share
                )
            )
        result = batch.validate(
            suite,
            result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["object"]},
        )
    failing: set[tuple[str, str]] = set()
    judged: set[str] = set()
    for one in result.results:
        if one.exception_info.get("raised_exception"):
            raise LabourdbError(
                f"Great Expectations could not judge: {one.exception_info.get('exception_message')}"
            )
        assert one.expectation_config is not None
        check_id = one.expectation_config.kwargs["column"]
        judged.add(check_id)
        failing |= {
            (check_id, str(entry["object"])) for entry in one.result.get("unexpected_index_list") or ()
        }
    if judged != set(checks):
        raise LabourdbError(f"Great Expectations left out {', '.join(sorted(set(checks) - judged))}.")
    return failing


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Great Expectations from phoning home, drawing bars and logging."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logger = logging.getLogger("great_expectations")
    before = logger.propagate  # its children set levels of their own, but all of them report through it
    logger.propagate = False
    logger.addHandler(silence := logging.NullHandler())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.removeHandler(silence)
        logger.propagate = before
