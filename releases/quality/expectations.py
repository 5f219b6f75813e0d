"""The suites of published tables and what was found, as facts: every expectation beside its line of the checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from expectations.catalogue import published_tables
from expectations.rules import load_rules, types_of_expectations
from expectations.suites import PARAMETER, Expectation, load_suites
from expectations.suites_gate import CHECKS

Facts = dict[str, Any]


def suites_facts(checks: Sequence[Facts]) -> Facts | None:
    """Every suite of a published table, with the checks it belongs to; nothing of a release that knew none.

    ``checks`` are those of ``release_facts``. An expectation has a ``line`` if the release tells what became of it: those of
    the table of checks have none, since they are judged last.
    """
    types = types_of_expectations(load_rules())
    mine = [c for c in checks if c["check_id"] in set(types.values())]
    if not mine:
        return None
    found = {(c["check_id"], line["object"]): line for c in mine for line in c["lines"]}
    return {
        "checks": [{n: c[n] for n in ("check_id", "why", "why_vi")} for c in mine],
        "suites": [
            {
                "suite": table.name,
                "title_vi": table.title[0],
                "title_en": table.title[1],
                "judged_last": table.name == CHECKS,
                "expectations": [
                    _stated(e) | {"line": found.get((types[e.type], e.object))}
                    for e in load_suites()[table.name].expectations
                ],
            }
            for table in published_tables().values()
        ],
    }


def _stated(e: Expectation) -> Facts:
    if e.fills_keys:
        key = published_tables()[e.suite].key
        said = {"type": "expect_column_values_to_not_be_null", "columns": key, "only": "", "stated": ""}
    else:
        only = e.kwargs.get("row_condition", "")
        said = {"type": e.type, "columns": e.columns, "only": only, "stated": arguments(e)}
    return said | {"notes": e.notes, "notes_vi": e.notes_vi}


def arguments(e: Expectation) -> str:
    """Arguments of an expectation as any reader knows them: a list, a form, an order, a range; and the share that must hold."""
    a = e.kwargs
    parts = []
    if "value_set" in a:
        parts.append(", ".join(map(str, a["value_set"])))
    if "regex" in a:
        parts.append(str(a["regex"]))
    if e.type == "expect_column_pair_values_a_to_be_greater_than_b":
        parts.append(f"{a['column_A']} {'≥' if a.get('or_equal') else '>'} {a['column_B']}")
    for bound, strict, signs in (("min_value", "strict_min", ">≥"), ("max_value", "strict_max", "<≤")):
        if a.get(bound) is not None:
            value = a[bound][PARAMETER] if isinstance(a[bound], dict) else a[bound]
            parts.append(f"{signs[0 if a.get(strict) else 1]} {value}")
    if "mostly" in a:
        parts.append(f"({a['mostly']:.1%})")
    return " ".join(parts)
