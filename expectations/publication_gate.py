"""Gate 3: whether the candidates may be published (SPEC §6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd

from expectations.judge import judge
from expectations.measuring import Measure, complete, frame_of, intended_objects, measure_rules
from expectations.rules import CheckRule, rules_of

COMPLETENESS = "all_checks_ran"
CHANGE = "change_since_last_release"


def publication_gate(
    warehouse: duckdb.DuckDBPyConnection,
    rules: Mapping[str, CheckRule],
    previous_tables: Path | None,
    inputs_changed: bool,
) -> pd.DataFrame:
    """The checks table of gate 3, of schema ``candidates`` with the restricted database attached as ``restricted``.

    ``previous_tables`` holds the last release's tables, if there is one. Changed inputs explain a change
    of what it released: then its rows are counted, and none of them fails.
    """
    measured = [r for r in rules_of(rules, "publication") if r.id != CHANGE]
    measures = measure_rules(warehouse, measured)
    shown = dict(rules)
    if CHANGE in rules:
        change = rules[CHANGE]
        if previous_tables is None:
            measures += [Measure(CHANGE, name, 0, 0) for name in change.objects]
        else:
            counted = measure_rules(warehouse, [change.bound_to(previous=_quoted(str(previous_tables)))])
            measures += [_explained(m) for m in counted] if inputs_changed else counted
            shown[CHANGE] = change.bound_to(previous=_quoted("/".join(previous_tables.parts[-3:])))
    complete_measures = complete(measures, intended_objects(rules, "publication"), rules[COMPLETENESS])
    return judge(frame_of(complete_measures), shown)


def _explained(measure: Measure) -> Measure:
    return measure if measure.rows_failed is None else replace(measure, rows_failed=0)


def _quoted(text: str) -> str:
    return text.replace("'", "''")
