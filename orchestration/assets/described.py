"""What is said of assets beside what a run tells of them: their columns, who answers for them, in which rhythm a source sends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from statistics import median_high
from typing import Any

import dagster as dg

from orchestration.dbt.project import manifest_path
from sources.calendar import month_label, month_number

# owners: whom to ask about a table
AGENCIES, ENGINEERS, STATISTICIANS = "team:agencies", "team:data-engineers", "team:statisticians"
Metadata = dict[str, Any]
Origins = Mapping[
    str, Sequence[Sequence[str]]
]  # by column: the columns it is made of, as pairs of `schema/table` and column


def columns_of(schema: str, table: str) -> Metadata:
    """Columns, types and descriptions of a table that Python writes, as the dbt project declares it."""
    stated = _declared()[schema, table].values()
    return _schema((c["name"], c.get("data_type"), c["description"]) for c in stated)


def typed(types: Mapping[str, str]) -> Metadata:
    """The columns of a table as they lie there, name and type; the UI shows beside them what the asset says of each."""
    return _schema((name, kind, None) for name, kind in types.items())


def made_of(stated: Mapping[str, Any], origins: Origins) -> Metadata:
    """What is stated of a table, and of its columns which others they are made of: as ``dagster/column_lineage``, which
    GraphQL and Dagster+ give, and in each column's description, since the open-source UI shows nothing of the former.
    """
    if not origins:
        return dict(stated)
    known = {c.name: (c.type, c.description) for c in stated["dagster/column_schema"].columns}
    known |= {name: (None, None) for name in origins if name not in known}  # measures, which no YAML lists
    columns = [(name, kind, _and(text, origins.get(name, ()))) for name, (kind, text) in known.items()]
    lineage = dg.TableColumnLineage(
        {name: [dg.TableColumnDep(table_key(t), c) for t, c in of] for name, of in origins.items()}
    )
    return {**stated, **_schema(columns), "dagster/column_lineage": lineage}


def table_key(table: str) -> dg.AssetKey:
    """The asset of a table, ``schema/table``."""
    return dg.AssetKey(table.split("/"))


def _and(description: str | None, origins: Sequence[Sequence[str]]) -> str | None:
    """A column's description and links to the tables it is made of, in Markdown."""
    by_table: dict[str, list[str]] = {}
    for table, column in origins:
        by_table.setdefault(table, []).append(f"`{column}`")
    links = "; ".join(f"{', '.join(names)} of [{t}](/assets/{t})" for t, names in by_table.items())
    return "\n\n".join(filter(None, [description, links and f"Made of {links}"])) or None


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
