"""The deliveries that moved a figure most, where a check of gate 2 or 3 stops a run (SPEC §6): folders and counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb
import pandas as pd
import yaml

from expectations.measuring import warehouse_of
from expectations.rules import CHECKS, CheckRule, filled, load_rules, quoted, templates

MOST = 5  # named of one check and object
COLUMNS = ["check_id", "object", "folder", "rows", "out_of"]


@dataclass(frozen=True)
class Culprits:
    """SQL that names deliveries (folder, rows, out_of; greatest first), and in both languages what it counts."""

    counted: str
    counted_vi: str
    deliveries: str


@cache
def stated_culprits() -> Mapping[str, Culprits]:
    """Every way of naming deliveries by its name, as ``checks.yaml`` states it."""
    stated = yaml.safe_load(CHECKS.read_text(encoding="utf-8"))["culprits"]
    return {
        name: Culprits(
            str(entry["counted"]),
            str(entry["counted_vi"]),
            templates().get_template(f"culprits/{name}.sql").render().strip(),
        )
        for name, entry in stated.items()
    }


def find_culprits(
    warehouse: duckdb.DuckDBPyConnection,
    blocking: pd.DataFrame,
    rules: Mapping[str, CheckRule],
    changed: Collection[str] = (),
) -> pd.DataFrame:
    """One line per failed check, object and delivery that moved it, the greatest ``MOST`` in their order (``COLUMNS``).

    ``blocking`` are lines of the checks table that stop the run, ``changed`` the folders of deliveries that the last release
    did not use. Reads the restricted database, attached as ``restricted``; a statement that fails names nobody, for what
    it would explain has stopped the run already.
    """
    lines: list[tuple[object, ...]] = []
    for check_id, name, status in zip(
        blocking["check_id"], blocking["object"], blocking["status"], strict=True
    ):
        rule = rules.get(check_id)
        if rule is None or rule.culprits is None or status != "failed":
            continue
        places = {
            "warehouse": warehouse_of(warehouse),
            "object": quoted(name),
            "allowed": str(rule.max_failed_share),
            "tolerance": str(rule.tolerance),
            "changed": ", ".join(f"'{quoted(folder)}'" for folder in ("", *sorted(changed))),
        }
        try:
            found = warehouse.execute(
                f"from (\n{filled(stated_culprits()[rule.culprits].deliveries, places)}\n) limit {MOST}"
            ).fetchall()
        except duckdb.Error:
            continue
        lines += [(check_id, name, *delivery) for delivery in found]
    return pd.DataFrame(lines, columns=COLUMNS).astype({"rows": "int64", "out_of": "int64"})


def culprits_of(line: Mapping[str, Any], found: pd.DataFrame) -> dict[str, Any] | None:
    """What a report says of a line of the checks table that stops a run: what is counted, and the deliveries.

    ``counted`` and ``counted_vi`` are null where no delivery is to blame, because the check compares tables that the product
    makes itself. Nothing of a check that was not measured, or that asks whether all were.
    """
    rule = load_rules().get(line["check_id"])
    if line["status"] != "failed" or (rule is not None and rule.object_kind == "gate"):
        return None
    stated = stated_culprits()[rule.culprits] if rule is not None and rule.culprits is not None else None
    mine = found[(found["check_id"] == line["check_id"]) & (found["object"] == line["object"])]
    return {
        "counted": stated.counted if stated else None,
        "counted_vi": stated.counted_vi if stated else None,
        "deliveries": [
            {"folder": str(folder), "rows": int(rows), "out_of": int(out_of)}
            for folder, rows, out_of in zip(mine["folder"], mine["rows"], mine["out_of"], strict=True)
        ],
    }
