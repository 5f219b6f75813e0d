"""What is said of assets beside what a run tells of them: their columns, who answers for them, in which rhythm a source sends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import pairwise
from statistics import median_high
from typing import Any

import dagster as dg

from orchestration.dbt.project import manifest_path
from sources.calendar import month_label, month_number
from sources.cleaning.rows import landing_columns
from sources.contract import load_contract

# owners: whom to ask about a table
AGENCIES, ENGINEERS, STATISTICIANS = "team:agencies", "team:data-engineers", "team:statisticians"
Metadata = dict[str, Any]


def columns_of(schema: str, table: str) -> Metadata:
    """Columns, types and descriptions of a table that Python writes, as the dbt project declares it."""
    stated = _declared()[schema, table].values()
    return _schema((c["name"], c.get("data_type"), c["description"]) for c in stated)


def columns_landed(source: str) -> Metadata:
    """The same of a source's landing table, as its contract has it."""
    return _schema((c.name, c.type, c.description) for c in landing_columns(load_contract(source)))


def typed(spec: dg.AssetSpec, types: Mapping[str, str]) -> Metadata:
    """The columns of a table as they lie there (name and type), with what its asset says of them."""
    stated = spec.metadata.get("dagster/column_schema", dg.TableSchema([]))
    said = {column.name: column.description for column in stated.columns}
    return _schema((name, kind, said.get(name)) for name, kind in types.items())


@cache
def _declared() -> dict[tuple[str, str], dict[str, Any]]:
    stated = json.loads(manifest_path().read_text(encoding="utf-8"))["sources"].values()
    return {(s["schema"], s["identifier"]): s["columns"] for s in stated}


def _schema(columns: Iterable[tuple[str, str | None, str | None]]) -> Metadata:
    shown = [dg.TableColumn(name, kind or "?", description or None) for name, kind, description in columns]
    return {"dagster/column_schema": dg.TableSchema(shown)}


def in_rhythm(folders: Iterable[str], cut_off: int) -> tuple[bool, Metadata]:
    """Whether a source has sent as often as it is used to, and what that is.

    ``folders`` are those of its deliveries that count or counted. The rhythm is the usual distance between two months
    delivered, the median; what should have come by the month ``cut_off`` in that rhythm is overdue. Of fewer than three
    months no rhythm is known, and nothing is overdue.
    """
    months = sorted({month_number(f.partition("/")[2][:7]) for f in folders})
    months = [m for m in months if m <= cut_off]
    if not months:
        return True, {"last_month": "none"}
    shown: Metadata = {"last_month": month_label(months[-1])}
    if len(months) < 3:
        return True, {**shown, "rhythm": "not known of fewer than three months"}
    distance = median_high(later - earlier for earlier, later in pairwise(months))
    expected = months[-1] + distance
    return expected > cut_off, {**shown, "months_between": distance, "next_expected": month_label(expected)}
