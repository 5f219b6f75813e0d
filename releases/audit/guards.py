"""Which checks of a release stand between the deliveries and one cell, and how they ended."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import Any

import duckdb

from expectations.catalogue import LEVELS
from expectations.rules import PUBLISHED, load_rules, types_of_expectations
from releases.audit.cell import open_table
from releases.release import Release
from releases.tables import Row, rows_of

ALWAYS = ("delivery gate", "linkage gate", "publication gate")


def checks_on_the_path(
    connection: duckdb.DuckDBPyConnection,
    release: Release,
    cell: Row,
    sources: Collection[str],
    models: Collection[str],
) -> Row:
    """The checks that guard a cell, summed by check, and each one that did not simply pass.

    On the path are deliveries of ``sources``, those sources, tables among ``models`` (dbt models the cell is made
    from), and of the published tables the checks of the cell's own basis, list of areas and level.
    """
    open_table(connection, release, "checks", "released_checks")
    checks = [
        c
        for c in rows_of(connection, "select * from released_checks order by gate, check_id, object")
        if _guards(c, cell, sources, models)
    ]
    summed: dict[tuple[str, str], dict[str, Any]] = {}
    for check in checks:
        line = summed.setdefault(
            (check["gate"], check["check_id"]),
            {
                "gate": check["gate"], "check_id": check["check_id"], "level": check["level"], "why": check["why"],
                "objects": 0, "passed": 0, "failed": 0, "not_applicable": 0, "error": 0,
                "rows_checked": 0, "rows_failed": 0,
            },
        )  # fmt: skip
        line["objects"] += 1
        line[check["status"]] += 1
        line["rows_checked"] += check["rows_checked"] or 0
        line["rows_failed"] += check["rows_failed"] or 0
    named = (
        "gate",
        "check_id",
        "object",
        "severity",
        "status",
        "rows_checked",
        "rows_failed",
        "threshold",
        "waiver",
    )
    statuses = ("passed", "failed", "not_applicable", "error")
    return {
        "checks": len(checks),
        **{s: sum(c["status"] == s for c in checks) for s in statuses},
        "by_check": list(summed.values()),
        "not_passed": [{n: c.get(n) for n in named} for c in checks if c["status"] in ("failed", "error")],
    }


def _guards(check: Row, cell: Row, sources: Collection[str], models: Collection[str]) -> bool:
    guarded = str(check["object"]).removeprefix(PUBLISHED)
    if guarded in ALWAYS:
        return True
    if check["gate"] == "delivery":
        return guarded.partition("/")[0] in sources
    table, colon, dimension = guarded.partition(": ")
    if colon:
        if check["check_id"] in _of_suites():
            basis = re.search(r'basis == "(\w+)"', dimension)
            return table == "indicators" and (basis is None or basis[1] == cell["basis"])
        if table == "row_accounting":
            return dimension != "linkage" or cell["basis"] == "register"
        return table == "indicators" and _of_cell(dimension, cell)
    return guarded in sources or guarded.rpartition(".")[2] in models


@cache
def _of_suites() -> frozenset[str]:
    """Checks that are made of expectations, which are of whole tables or of rows that say of which kind."""
    return frozenset(types_of_expectations(load_rules()).values())


def _of_cell(dimension: str, cell: Row) -> bool:
    """Whether a dimension of ``indicators`` is one of the cell's."""
    if dimension in ("register", "official"):
        return bool(dimension == cell["basis"])
    if cell["basis"] == "official":
        return False  # all other dimensions are of persons
    version = re.search(r"\b20\d\d$", dimension)
    if version and version[0] != cell["area_version"]:
        return False
    level = dimension.split(" ")[0]
    return level not in LEVELS or bool(level == cell["area_level"])
