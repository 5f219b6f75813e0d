"""Measures: for each check and object how many rows were checked and how many failed.

A measure that could not be taken has no count of failures and says why; an object a check looked for
and found nothing of has zero rows checked. Which checks are intended for which objects is written
down apart from what was measured, so that a check that did not run is noticed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import duckdb
import pandas as pd

from expectations.rules import CheckRule, rules_of
from sources.engine import is_short

NOT_RUN = "the check did not run"
NOT_INTENDED = "the check does not list this object"


@dataclass(frozen=True)
class Measure:
    """Rows checked and failed of one object by one check; ``error`` says why there is no count."""

    check_id: str
    object: str
    rows_checked: int
    rows_failed: int | None
    error: str | None = None


def frame_of(measures: Iterable[Measure]) -> pd.DataFrame:
    """The measures as ``judge`` takes them."""
    listed = list(measures)
    return pd.DataFrame(
        {
            "check_id": pd.Series([m.check_id for m in listed], dtype="object"),
            "object": pd.Series([m.object for m in listed], dtype="object"),
            "rows_checked": pd.Series([m.rows_checked for m in listed], dtype="int64"),
            "rows_failed": pd.Series([m.rows_failed for m in listed], dtype="Int64"),
            "error": pd.Series([m.error for m in listed], dtype="object"),
        }
    )


def intended_objects(rules: Mapping[str, CheckRule], gate: str) -> set[tuple[str, str]]:
    """(check, object) of every check of a gate that names its objects, the completeness check aside."""
    return {(r.id, o) for r in rules_of(rules, gate) if r.rows is not None for o in r.objects}


def measure_rules(connection: duckdb.DuckDBPyConnection, rules: Sequence[CheckRule]) -> list[Measure]:
    """Run the SQL of each rule once and count per object; rules with the same SQL share the scan.

    An object that no rule of the scan names is measured under the first rule, where it is not intended
    and so gives the completeness check something to fail on.
    """
    measures: list[Measure] = []
    with_rows = sorted((r for r in rules if r.rows is not None), key=lambda r: (r.rows or "", r.id))
    for rows, sharing in groupby(with_rows, key=lambda r: r.rows or ""):
        together = list(sharing)
        owner = {o: r.id for r in together for o in r.objects}
        try:
            counted = _counts(connection, rows)
        except duckdb.Error as error:
            if is_short(error):  # of the machine, not of what is checked
                raise
            measures += [Measure(r.id, o, 0, None, _said(error)) for r in together for o in r.objects]
            continue
        for name in sorted(set(owner) | set(counted)):
            checked, failed = counted.get(name, (0, 0))
            measures.append(Measure(owner.get(name, together[0].id), name, checked, failed))
    return measures


def complete(
    measures: Sequence[Measure], intended: Iterable[tuple[str, str]], completeness: CheckRule
) -> list[Measure]:
    """The measures with an error for each intended one that is missing, and the count of those without a result.

    A measure of an object that was not intended is an error too: the check and its list have parted.
    """
    expected = set(intended)
    found = {(m.check_id, m.object) for m in measures}
    everything = [
        m if (m.check_id, m.object) in expected else Measure(m.check_id, m.object, 0, None, NOT_INTENDED)
        for m in measures
    ]
    everything += [Measure(check_id, name, 0, None, NOT_RUN) for check_id, name in sorted(expected - found)]
    without = sum(m.rows_failed is None for m in everything)
    return [*everything, Measure(completeness.id, completeness.objects[0], len(everything), without)]


def warehouse_of(connection: duckdb.DuckDBPyConnection) -> str:
    """The warehouse's name as SQL has it: the database that is in use."""
    row = connection.execute("select current_database()").fetchone()
    assert row is not None
    return '"' + str(row[0]).replace('"', '""') + '"'


def _counts(connection: duckdb.DuckDBPyConnection, rows: str) -> dict[str, tuple[int, int]]:
    counted = connection.execute(
        "select object, count(*), count(*) filter (where failed is not false)\nfrom (\n"
        + rows.replace("{warehouse}", warehouse_of(connection))
        + "\n)\ngroup by object"
    ).fetchall()
    return {str(name): (int(checked), int(failed)) for name, checked, failed in counted}


def _said(error: duckdb.Error) -> str:
    """What went wrong, without repeating values: only errors about names may be quoted."""
    kind = type(error).__name__
    if isinstance(error, (duckdb.CatalogException, duckdb.BinderException, duckdb.ParserException)):
        return f"{kind}: {str(error).strip().splitlines()[0]}"
    return kind
