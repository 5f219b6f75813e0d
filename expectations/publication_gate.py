"""Gate 3: whether the candidates may be published (SPEC §6)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb
import pandas as pd

from expectations.judge import COMPLETENESS, by_suite, judge
from expectations.measuring import Measure, complete, frame_of, intended_objects, measure_rules
from expectations.rules import CheckRule, quoted, rules_of
from sources.contract import sources_of_basis

CHANGE = "change_since_last_release"
REVISION = "small_revision"
BASES = ("official", "register")  # of published figures


def publication_gate(
    warehouse: duckdb.DuckDBPyConnection,
    rules: Mapping[str, CheckRule],
    previous_tables: Path | None,
    changed_sources: Collection[str],
    remembered: Path | None = None,
    workshop: Path | None = None,
) -> pd.DataFrame:
    """The checks table of gate 3, of schema ``candidates`` with the restricted database attached as ``restricted``.

    ``previous_tables`` holds the last release's tables, if there is one. Deliveries that changed since explain a
    change of what it released, of the figures made from them: then these rows are counted, and none of them fails.
    ``remembered`` are the finest counts of the last release of the same quarter, if there was one.
    ``workshop`` is where Great Expectations may keep its context.
    """
    measured = [r for r in rules_of(rules, "publication") if r.id not in (CHANGE, REVISION)]
    measures = measure_rules(warehouse, measured)
    shown = dict(rules)
    if CHANGE in rules:
        change = rules[CHANGE]
        if previous_tables is None:
            measures += [Measure(CHANGE, name, 0, 0) for name in change.objects]
        else:
            explained = ", ".join(f"'{basis}'" for basis in ["", *_explained(changed_sources)])
            places = {"explained": explained, "previous": quoted(str(previous_tables))}
            measures += measure_rules(warehouse, [change.bound_to(**places)])
            shown[CHANGE] = change.bound_to(
                **places | {"previous": quoted("/".join(previous_tables.parts[-3:]))}
            )
    if REVISION in rules:
        revision = rules[REVISION]
        if remembered is None:
            measures += [Measure(REVISION, name, 0, 0) for name in revision.objects]
        else:
            shown[REVISION] = revision.bound_to(remembered=quoted(str(remembered)))
            measures += measure_rules(warehouse, [shown[REVISION]])
            shown[REVISION] = revision.bound_to(remembered=quoted("/".join(remembered.parts[-3:])))
    complete_measures = complete(
        measures, intended_objects(rules, "publication"), rules[COMPLETENESS["publication"]]
    )
    return judge(frame_of(complete_measures), shown, by_suite("publication", workshop))


def _explained(changed_sources: Collection[str]) -> list[str]:
    """The bases whose figures may have moved for that reason; sources no indicator is made from explain nothing."""
    return [basis for basis in BASES if set(sources_of_basis(basis)) & set(changed_sources)]
