"""The suites of published tables within gate 3: what is published, as the files that are released (SPEC §6)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd

from expectations.judge import NOT_MEASURED, checks_table
from expectations.measuring import warehouse_of
from expectations.rules import CheckRule, types_of_expectations
from expectations.suites import GRID, MEASURES, SUITES, Expectation, Suite, check_of, load_suites
from expectations.validating import Outcome, validate

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
    return checks_of(outcomes, rules)


def checks_gate(tables: Path, workshop: Path, rules: Mapping[str, CheckRule]) -> pd.DataFrame:
    """What does not hold of the table of checks itself, as lines like its own; empty if all holds.

    It is judged last, as it is released, so that its own outcomes cannot stand in it: where one fails nothing is released.
    """
    outcomes = validate("publication-checks", [load_suites()[CHECKS]], tables, workshop)
    found = checks_of(outcomes, rules)
    return found[found["status"].isin(["failed", "error"])].reset_index(drop=True)


def status_of(outcome: Outcome) -> str:
    """Status of an expectation as checks have it: one over no rows is not applicable, never passed."""
    if outcome.rows_failed is None:
        return "error"
    if not outcome.success:
        return "failed"
    return "passed" if outcome.rows_checked else "not_applicable"


def severity_of(outcome: Outcome) -> str:
    """``block`` or ``warn``: what could not be evaluated blocks, whatever it would have been to find something; so does
    everything of the table of checks, since nothing else tells of it.
    """
    e = outcome.expectation
    return "block" if e.suite == CHECKS or outcome.rows_failed is None else e.severity


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
    return (SUITES / GRID).read_text(encoding="utf-8")


def checks_of(outcomes: Iterable[Outcome], rules: Mapping[str, CheckRule]) -> pd.DataFrame:
    """The checks table of outcomes, a line each; of one that could not be evaluated the query says where it is stated."""
    types = types_of_expectations(rules)
    lines: list[tuple[object, ...]] = []
    for outcome in outcomes:
        e = outcome.expectation
        rule = rules[check_of(e, types)]
        query = rule.query_for(e.object)
        if outcome.rows_failed is None:
            query = f"{NOT_MEASURED}{e.file}: {e.type} could not be evaluated\n{query}"
        lines.append(
            (rule.id, rule.gate, rule.level, e.object, outcome.rows_checked, outcome.rows_failed, e.threshold,
             severity_of(outcome), status_of(outcome), rule.why, rule.why_vi, query)
        )  # fmt: skip
    return checks_table(lines)
