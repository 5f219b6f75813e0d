"""The suites of expectations as files: what must hold of each published table, as ``expectations/suites`` states it.

A suite is a file named as its table, ``<table>.yaml``, that lists expectations as Great Expectations does (type, kwargs,
severity, notes). What follows from the catalogue need not be stated: columns in their order, a key that is unique and filled.
``measures`` is the suite over what the gates counted of the large tables. Nothing here imports Great Expectations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from expectations.catalogue import RELEASE, PublishedTable, published_tables
from expectations.conditions import refuse_other_conditions
from sources.errors import LabourdbError, UsageError

SUITES = Path(__file__).parent / "suites"
MEASURES = "measures"
SEVERITIES = {"critical": "block", "warning": "warn"}  # as Great Expectations says it, as checks do
STATED = {"type", "kwargs", "severity", "notes", "notes_vi"}
PARAMETER = "$PARAMETER"
GRID = "grid.sql"  # counts the rows that tables should have
ROWS, ORDER = (
    "rows_of_",
    "columns_of_",
)  # before a table's name: what its file tells, its rows and its columns in order
COLUMNS_IN_ORDER = "expect_table_columns_to_match_ordered_list"
UNIQUE = "expect_compound_columns_to_be_unique"
COLUMNS = ("column", "column_A", "column_B", "column_list")  # arguments that name columns
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Expectation:
    """One expectation of a suite; ``object`` names it among the lines of the checks table, ``file`` is where it stands."""

    suite: str
    type: str
    kwargs: Mapping[str, Any]
    severity: str
    notes: str
    file: str
    notes_vi: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it is of; none if it is of the table."""
        named = [self.kwargs[a] for a in COLUMNS if a in self.kwargs]
        return tuple(c for one in named for c in ([one] if isinstance(one, str) else one) if c != PARAMETER)

    @property
    def object(self) -> str:
        """Table and columns, as other checks name what they are of, and the rows if it is not of all."""
        of = "columns" if self.type == COLUMNS_IN_ORDER else ", ".join(self.columns) or "rows"
        if self.fills_keys:
            return f"{self.suite}: filled keys"
        only = self.kwargs.get("row_condition")
        return f"{self.suite}: {of}" + (f" where {only}" if only else "")

    @property
    def fills_keys(self) -> bool:
        """Whether it says that every row has its whole key."""
        return bool(self.kwargs.get("value") == {PARAMETER: f"{ROWS}{self.suite}"})

    @property
    def threshold(self) -> float:
        """Largest share of rows that may fail it."""
        return round(1.0 - float(self.kwargs.get("mostly", 1)), 9)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the numbers of rows it needs to be told, beside those of the files."""
        return tuple(n for n in self.needs if not n.startswith((ROWS, ORDER)))

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of everything it needs to be told."""
        return tuple(v[PARAMETER] for v in self.kwargs.values() if isinstance(v, dict) and PARAMETER in v)


@dataclass(frozen=True)
class Suite:
    """All expectations of one table, those that follow from the catalogue first."""

    name: str
    expectations: tuple[Expectation, ...]


@cache
def load_suites(folder: Path = SUITES) -> Mapping[str, Suite]:
    """Every suite by its name: one a published table, in the order of the catalogue, and ``measures``.

    Raises ``LabourdbError`` naming file and expectation, and what to write instead, if one is not usable.
    """
    names = (*published_tables(), MEASURES)
    files = {f"{name}.yaml" for name in names} | {GRID}
    odd = sorted(p.name for p in folder.iterdir() if p.name not in files)
    if odd:
        raise LabourdbError(
            f"{odd[0]}: is no suite, and would not be read. A suite is called <table>.yaml; tables are {', '.join(names)}."
        )
    return {name: _suite(folder, name) for name in names}


def suite_named(name: str) -> Suite:
    """The suite of that name; raises ``UsageError`` naming those there are."""
    suites = load_suites()
    if name not in suites:
        raise UsageError(f"No suite is called {name!r}. There are: {', '.join(suites)}.")
    return suites[name]


def check_of(expectation: Expectation, types: Mapping[str, str]) -> str:
    """The check an expectation belongs to, by the ``types`` that checks are made of.

    Raises ``LabourdbError`` for a type that belongs to none: its results could hold values, not only counts.
    """
    if expectation.type not in types:
        raise LabourdbError(
            f"{expectation.file}: {expectation.type} cannot be used, because its result is no count of rows."
            f" These can: {', '.join(sorted(types))}."
        )
    return types[expectation.type]


def _suite(folder: Path, name: str) -> Suite:
    table = published_tables().get(name)
    path = folder / f"{name}.yaml"
    listed = [*(_of_catalogue(table) if table else ()), *(_read(path, name) if path.is_file() else ())]
    known = (
        {*table.columns} if table else {c for e in listed if e.type == COLUMNS_IN_ORDER for c in e.columns}
    )
    seen: set[tuple[str, str]] = set()
    for e in listed:
        unknown = [c for c in e.columns if c not in known]
        if unknown:
            raise LabourdbError(
                f"{e.file}: {name} has no column {unknown[0]!r}. It has {', '.join(sorted(known))}."
            )
        if (e.type, e.object) in seen:
            raise LabourdbError(f"{e.file}: {e.type} is stated twice of {e.object}. Take one of them out.")
        seen.add((e.type, e.object))
        if "row_condition" in e.kwargs:
            refuse_other_conditions(e.kwargs["row_condition"], known, e.file)
        unheard = sorted(set(e.parameters) - numbers_of_the_grid())
        if unheard:
            raise LabourdbError(
                f"{e.file}: nothing is called {unheard[0]}. There are: {', '.join(sorted(numbers_of_the_grid()))}."
            )
    return Suite(name, tuple(listed))


@cache
def numbers_of_the_grid() -> frozenset[str]:
    """Names of the numbers of rows that ``grid.sql`` counts."""
    return frozenset(re.findall(r"'(\w+)' as parameter", (SUITES / GRID).read_text(encoding="utf-8")))


def _of_catalogue(table: PublishedTable) -> Iterator[Expectation]:
    """What must hold of any published table: its columns in the order the model states them, its key unique and filled."""
    filled = " and ".join(f"{c}.notna()" for c in (*table.key, RELEASE))
    stated: list[tuple[str, dict[str, Any]]] = [
        (COLUMNS_IN_ORDER, {"column_list": {PARAMETER: f"{ORDER}{table.name}"}}),
        (UNIQUE, {"column_list": list(table.key)}),
        (
            "expect_table_row_count_to_equal",
            {"value": {PARAMETER: f"{ROWS}{table.name}"}, "row_condition": filled},
        ),
    ]
    for type_, kwargs in stated:
        yield Expectation(table.name, type_, kwargs, "block", "", "catalogue.yaml")


def _read(path: Path, name: str) -> Iterable[Expectation]:
    try:
        stated = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except (ValueError, yaml.YAMLError) as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where is not None else ""
        raise LabourdbError(f"{path.name}{line}: cannot be read as a list of expectations.") from None
    entries = stated.get("expectations") if isinstance(stated, dict) else None
    if not isinstance(entries, list):
        raise LabourdbError(f"{path.name}: begins with `expectations:`, and one `- type: …` for each.")
    for number, entry in enumerate(entries, 1):
        yield _expectation(entry, name, f"{path.name}, expectation {number}")


def _expectation(entry: Any, name: str, place: str) -> Expectation:
    if not isinstance(entry, dict) or not {"type", "kwargs"} <= entry.keys() <= STATED:
        raise LabourdbError(
            f"{place}: says type and kwargs, perhaps severity, notes and notes_vi, and nothing else."
        )
    severity = entry.get("severity", "critical")
    if severity not in SEVERITIES:
        raise LabourdbError(f"{place}: severity is critical or warning, not {severity!r}.")
    kwargs = entry["kwargs"]
    if not isinstance(entry["type"], str) or not isinstance(kwargs, dict):
        raise LabourdbError(f"{place}: type is a name, and kwargs are its arguments by their names.")
    named = [kwargs[a] for a in COLUMNS if a in kwargs]
    if not all(isinstance(c, str) for one in named for c in (one if isinstance(one, list) else [one])):
        raise LabourdbError(f"{place}: columns are named by text.")
    mostly = kwargs.get("mostly", 1)
    if isinstance(mostly, bool) or not isinstance(mostly, (int, float)) or not 0 < mostly <= 1:
        raise LabourdbError(f"{place}: mostly is a share above 0 and up to 1, not {mostly!r}.")
    said = {n: " ".join(str(entry.get(n, "")).split()) for n in ("notes", "notes_vi")}
    if bool(said["notes"]) != bool(said["notes_vi"]):
        raise LabourdbError(f"{place}: notes are given in both languages (notes, notes_vi) or not at all.")
    return Expectation(
        suite=name,
        type=entry["type"],
        kwargs=kwargs,
        severity=SEVERITIES[severity],
        notes=said["notes"],
        file=place,
        notes_vi=said["notes_vi"],
    )
