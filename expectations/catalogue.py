"""The catalogue of published tables: what every table of a release is, stated once in ``catalogue.yaml``.

Belongs here: facts of a table as a whole that more than one reader needs: its key, figures, parts and totals, what is
protected in it, its title, who reads it. The gates, releases, the site, the dictionary and (by a macro made from it,
``orchestration.tasks.generate_catalogue``) the dbt project take them from here.

Does not belong here: what a column means and its type (the YAML beside the model), how a figure is made (the model), how
strictly it is checked (``checks.yaml``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CATALOGUE = Path(__file__).parent / "catalogue.yaml"
KINDS = ("count", "percent", "wage", "measured", "share")
PROTECTED = ("persons", "jobs", "wages", "rows")
LEVELS = ("country", "province", "district", "commune")
AREA = ("area_version", "area_level", "area_code")
AREA_LISTS = ("2024", "2025")
REST = "rest"  # parts: every value but the total
RELEASE = "release_id"  # the last column of every table


@dataclass(frozen=True)
class Finest:
    """Finest counts of a table as published: the model, what tells its rows apart, and the counts.

    ``counts`` are columns, or the dbt macro that names them; ``whole`` is the one that is zero where all are. ``called``
    tells apart two models of one table.
    """

    model: str
    key: tuple[str, ...]
    counts: tuple[str, ...] | str
    whole: str
    called: str = ""


@dataclass(frozen=True)
class PublishedTable:
    """One table of a release; ``catalogue.yaml`` says what each entry means."""

    name: str
    title: tuple[str, str]  # Vietnamese, English
    key: tuple[str, ...]
    candidate_key: tuple[str, ...]
    figures: Mapping[str, str]
    read_by: tuple[str, ...]
    attributes: tuple[str, ...] = ()
    status: str | None = None
    hidden: str | None = None
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # no values: all but the total
    levels: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    finest: tuple[Finest, ...] = ()
    made_table: str = ""
    made_rows: str = "true"
    modelled: bool = True
    leaf_called: str = ""
    leaf_rows: str = "true"
    apart: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    totals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # views of totals: levels of areas

    @property
    def columns(self) -> set[str]:
        """Every column of the table as released."""
        beside = {c for c in (self.status, self.hidden) if c}
        return {*self.key, *self.attributes, *self.figures, *beside, RELEASE}

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The key without the columns that name an area."""
        return tuple(c for c in self.key if c not in AREA)

    @property
    def counts(self) -> tuple[str, ...]:
        """The figures that add up."""
        return tuple(name for name, kind in self.figures.items() if kind == "count")

    @property
    def sums(self) -> tuple[str, ...]:
        """What the parts of are summed to a total, as checks name it: columns, and the provinces of both lists of areas."""
        provinces = (f"provinces {v}" for v in AREA_LISTS) if "province" in self.levels else ()
        return (*self.parts, *provinces)

    @property
    def has_leaves(self) -> bool:
        """Whether it holds totals whose parts it holds too, down to rows that are the total of no others."""
        return bool(self.parts and self.counts and "province" in self.levels)

    @property
    def is_leaf(self) -> str:
        """SQL: whether a row is the total of no others and overlaps none: each part itself, of a province."""
        parts = (
            f"{c} in ({', '.join(_text(v) for v in values)})" if values else f"{c} <> 'total'"
            for c, values in self.parts.items()
        )
        return " and ".join([*parts, "area_level = 'province'"])

    @property
    def fixed(self) -> tuple[str, ...]:
        """The part of the key over which nothing is summed to a total: what is counted, when, in which list."""
        return tuple(c for c in self.key if c not in (*self.parts, "area_level", "area_code"))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def published_tables() -> Mapping[str, PublishedTable]:
    """Every published table by name, in the order releases list them."""
    return _stated()[0]


def readers() -> Mapping[str, Mapping[str, Any]]:
    """Who reads published tables, by name: what the dbt project says of each as an exposure."""
    return _stated()[1]


def named_by(table: str, column: str) -> str | None:
    """What names the codes of a column of a published table in labour.duckdb: a dimension table or a list of ``codes``."""
    codes = _stated()[2]
    return codes.get(f"{table}.{column}", codes.get(column))


@cache
def _stated() -> tuple[Mapping[str, PublishedTable], Mapping[str, Mapping[str, Any]], Mapping[str, str]]:
    stated = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    tables = {name: table_of(name, entry) for name, entry in stated["tables"].items()}
    unknown = {r for t in tables.values() for r in t.read_by} - stated["readers"].keys()
    if unknown:
        raise ValueError(f"catalogue.yaml: nobody is called {', '.join(sorted(unknown))}")
    return tables, stated["readers"], stated["codes"]


def table_of(name: str, entry: Mapping[str, Any]) -> PublishedTable:
    """One entry as a table; raises ``ValueError`` if it names what does not go together."""
    made, leaf = entry.get("made", {}), entry.get("leaf", {})
    table = PublishedTable(
        name=name,
        title=(str(entry["title"]["vi"]), str(entry["title"]["en"])),
        key=tuple(entry["key"]),
        candidate_key=tuple(entry.get("candidate_key", entry["key"])),
        figures=dict(entry["figures"]),
        read_by=tuple(entry["read_by"]),
        attributes=tuple(entry.get("attributes", ())),
        status=entry.get("status"),
        hidden=entry.get("hidden"),
        parts={c: () if v == REST else tuple(v) for c, v in entry.get("parts", {}).items()},
        levels=tuple(entry.get("levels", ())),
        protected=tuple(entry.get("protected", ())),
        finest=tuple(_finest(model, f) for model, f in entry.get("finest", {}).items()),
        made_table=str(made.get("table", name)),
        made_rows=str(made.get("rows", "true")),
        modelled=bool(entry.get("modelled", True)),
        leaf_called=str(leaf.get("called", name)),
        leaf_rows=str(leaf.get("rows", "true")),
        apart={c: tuple(v) for c, v in leaf.get("apart", {}).items()},
        totals={view: tuple(v) for view, v in entry.get("totals", {}).items()},
    )
    wrong = [
        *(set(table.figures.values()) - set(KINDS)),
        *(set(table.protected) - set(PROTECTED)),
        *(set(table.levels) - set(LEVELS)),
        *(table.parts.keys() - set(table.key)),
        *(table.apart.keys() - set(table.fixed)),
        *(level for levels in table.totals.values() for level in set(levels) - set(table.levels)),
        *(leaf.keys() - {"called", "rows", "apart"}),
        *(["leaf"] if leaf and not table.has_leaves else []),
        *(f.model for f in table.finest if not set(table.protected) & {"persons", "jobs"}),
    ]
    unknown = entry.keys() - _ENTRIES
    if wrong or unknown:
        raise ValueError(
            f"catalogue.yaml, {name}: {', '.join(sorted([*wrong, *unknown]))} does not belong there"
        )
    return table


_ENTRIES = {
    "title", "key", "candidate_key", "attributes", "figures", "status", "hidden", "parts", "levels", "protected", "finest",
    "made", "modelled", "leaf", "totals", "read_by",
}  # fmt: skip


def _finest(model: str, entry: Mapping[str, Any]) -> Finest:
    counts = entry["counts"]
    return Finest(
        model=model,
        key=tuple(entry["key"]),
        counts=counts if isinstance(counts, str) else tuple(counts),
        whole=str(entry["whole"]),
        called=str(entry.get("called", "")),
    )
