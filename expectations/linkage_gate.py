"""Gate 2: whether rows found their persons, and persons, employers and records stayed apart (SPEC §6)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pandas as pd

from expectations.judge import COMPLETENESS, by_suite, judge
from expectations.measuring import complete, frame_of, intended_objects, measure_rules
from expectations.rules import CheckRule, rules_of


def linkage_gate(
    warehouse: duckdb.DuckDBPyConnection, rules: Mapping[str, CheckRule], workshop: Path | None = None
) -> pd.DataFrame:
    """The checks table of gate 2, of a warehouse that has the restricted database attached as ``restricted``.

    ``workshop`` is where Great Expectations may keep its context.
    """
    measures = measure_rules(warehouse, rules_of(rules, "linkage"))
    complete_measures = complete(measures, intended_objects(rules, "linkage"), rules[COMPLETENESS["linkage"]])
    return judge(frame_of(complete_measures), rules, by_suite("linkage", workshop))
