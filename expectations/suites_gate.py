"""The suites of published tables within gate 3: what is published, as the files that are released (SPEC §6)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd

from expectations.judge import checks_table
from expectations.measuring import warehouse_of
from expectations.rules import CheckRule, types_of_expectations
from expectations.suites import MEASURES, SUITES, Expectation, Suite, check_of, load_suites
from expectations.validating import Outcome, validate

COMPLETENESS = "all_expectations_ran"
CHECKS = "checks"  # the table that holds the outcomes of all suites but its own


def suites_gate(
    tables: Path,
    workshop: Path,
    rules: Mapping[str, CheckRule],
    parameters: Mapping[str, int],
) -> pd.DataFrame:
    """The checks table of every suite but the one of ``checks``, of the files ``<tables>/<table>.parquet``.

    ``parameters`` are the numbers of rows that ``rows_of_the_grid`` gives; ``workshop`` is where the context may be written.
    """
    suites = [s for name, s in load_suites().items() if name not in (MEASURES, CHECKS)]
    outcomes = validate("publication-tables", suites, tables, workshop, parameters)
    without = sum(o.rows_failed is None for o in outcomes)
    lines = [*_lines(outcomes, rules), _complete(rules[COMPLETENESS], len(outcomes), without)]
    return checks_table(lines)


def checks_gate(tables: Path, workshop: Path, rules: Mapping[str, CheckRule]) -> pd.DataFrame:
    """What does not hold of the table of checks itself, as lines like its own; empty if all holds.

    It is judged last, as it is released, so that its own outcomes cannot stand in it: where one fails nothing is released.
    """
    outcomes = validate("publication-checks", [load_suites()[CHECKS]], tables, workshop)
    found = checks_table(_lines(outcomes, rules))
    return found[found["status"].isin(["failed", "error"])].reset_index(drop=True)


def status_of(outcome: Outcome) -> str:
    """Status of an expectation as checks have it: one over no rows is not applicable, never passed."""
    if outcome.rows_failed is None:
        return "error"
    if not outcome.success:
        return "failed"
    return "passed" if outcome.rows_checked else "not_applicable"


def severity_of(expectation: Expectation) -> str:
    """``block`` or ``warn``; of the table of checks everything blocks, since nothing else tells of it."""
    return "block" if expectation.suite == CHECKS else expectation.severity


def rows_of_the_grid(warehouse: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many rows published tables should have, by the names that suites use (``suites/grid.sql``)."""
    found = warehouse.execute(_grid().replace("{warehouse}", warehouse_of(warehouse))).fetchall()
    return {str(name): int(rows) for name, rows in found}


def told_by(checks: Iterable[tuple[str, int]], suites: Iterable[Suite]) -> dict[str, int]:
    """The numbers of rows a release was found to have, by name: ``checks`` are object and rows of lines that passed."""
    known = dict(checks)
    return {
        e.parameters[0]: known[e.object]
        for suite in suites
        for e in suite.expectations
        if "value" in e.kwargs and e.parameters and e.object in known
    }


def applicable(suite: Suite, known: Collection[str]) -> tuple[Suite, Sequence[Expectation]]:
    """The suite without the expectations that need to be told what is not ``known``, and those."""
    left = [e for e in suite.expectations if set(e.needs) - set(known)]
    return Suite(suite.name, tuple(e for e in suite.expectations if e not in left)), left


@cache
def _grid() -> str:
    return (SUITES / "grid.sql").read_text(encoding="utf-8")


def _lines(outcomes: Iterable[Outcome], rules: Mapping[str, CheckRule]) -> list[tuple[object, ...]]:
    types = types_of_expectations(rules)
    lines: list[tuple[object, ...]] = []
    for outcome in outcomes:
        e = outcome.expectation
        rule = rules[check_of(e, types)]
        lines.append(
            (rule.id, rule.gate, rule.level, e.object, outcome.rows_checked, outcome.rows_failed, e.threshold,
             severity_of(e), status_of(outcome), rule.why, rule.why_vi, rule.query_for(e.object))
        )  # fmt: skip
    return lines


def _complete(rule: CheckRule, intended: int, without: int) -> tuple[object, ...]:
    name = rule.objects[0]
    return (
        rule.id, rule.gate, rule.level, name, intended, without, rule.max_failed_share, rule.severity,
        "failed" if without or not intended else "passed", rule.why, rule.why_vi, rule.query_for(name),
    )  # fmt: skip
