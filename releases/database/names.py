"""The tables of a release's database that name the codes of its tables (SPEC §7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import yaml

from expectations.catalogue import AREA, RELEASE, PublishedTable, named_by, published_tables
from releases.pages import words
from releases.pages.dictionary import Dictionary, Field, Table

DESCRIBED = "described.yaml"
TABLES_OF_THEIR_OWN = (
    "areas",
    "indicators_dictionary",
    "releases",
)  # codes of several columns, or facts of their own
LISTS: Mapping[
    str, words.Words
] = {  # by what the catalogue says names a column; codes in the order they are shown
    "basis": words.BASES,
    "area_version": words.AREA_VERSIONS,
    "area_level": words.LEVELS_OF_AREA,
    "sex": words.SEXES,
    "age_group": words.AGES,
    "urban_rural": words.SETTLEMENTS,
    "unit": words.UNITS,
    "lag": words.LAGS,
    "training_level": words.TRAINING_LEVELS,
    "training_kind": words.TRAINING_KINDS,
    "comparator": words.COMPARATORS,
    "rule": words.RULES,
    "gate": words.GATES,
    "check_level": words.LEVELS,
    "severity": words.SEVERITIES,
    "sections": words.SECTIONS,
    "occupations": words.OCCUPATIONS,
    "fields": words.FIELDS,
    "areas": words.AREAS,
    "official indicators": words.OFFICIAL_INDICATORS,
}
STATUSES: Mapping[str, words.Words] = {  # by what they are of
    "figure": words.STATUSES,
    "person": words.LABOUR_STATUSES,
    "target": words.VERDICTS,
    "delivery": words.DISPOSITIONS,
    "check": words.CHECK_STATUSES,
}


@dataclass(frozen=True)
class Naming:
    """What names tables, columns and codes: the dictionary, and the folder of the seeds with both lists of areas."""

    dictionary: Dictionary
    seeds: Path


@cache
def dimension_tables() -> tuple[Table, ...]:
    """Every table that names codes, with its columns, in both languages; ``described.yaml`` states them."""
    stated = yaml.safe_load(files("releases.database").joinpath(DESCRIBED).read_text("utf-8"))
    return tuple(
        Table(
            name=name,
            title_en=said["title"]["en"],
            title_vi=said["title"]["vi"],
            en=said["en"],
            vi=said["vi"],
            fields=tuple(
                Field(column, of["type"], "key" if column in said["key"] else "", of["en"], of["vi"])
                for column, of in said["columns"].items()
            ),
        )
        for name, said in stated.items()
    )


def name_codes(connection: duckdb.DuckDBPyConnection, naming: Naming, manifest: Mapping[str, Any]) -> None:
    """Make these tables in the database in use, which holds the released tables.

    Every code that a released table holds has its row, if need be under its own code. ``manifest`` gives what the table
    ``releases`` says of this one.
    """
    _put(connection, "words", list(_words(naming.dictionary)))
    _put(connection, "registers", [_register(n, i) for n, i in enumerate(naming.dictionary.indicators)])
    connection.execute(f"create temp table found as {_found()}")
    connection.execute(f"create temp table found_areas as {_found_areas()}")
    connection.execute(
        "create temp table found_indicators as select basis, indicator, unit from indicators"
        " union all select basis, indicator, null from target_progress"
    )
    connection.execute("set variable seeds = $seeds", {"seeds": str(naming.seeds)})
    connection.execute(files("releases.database").joinpath("names.sql").read_text("utf-8"))
    _put(connection, "releases", [_release(manifest)], temporary=False)


def _put(
    connection: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]], temporary: bool = True
) -> None:
    connection.register("rows_put", pa.Table.from_pylist(rows))
    connection.execute(f"create {'temp ' if temporary else ''}table {table} as from rows_put")
    connection.unregister("rows_put")


def _words(dictionary: Dictionary) -> Iterator[dict[str, Any]]:
    sources = {s.name: (s.title_vi, s.title_en) for s in dictionary.sources}
    lists: list[tuple[str, str | None, words.Words]] = [(name, None, said) for name, said in LISTS.items()]
    lists += [("source", None, sources), *(("statuses", kind, said) for kind, said in STATUSES.items())]
    for position, (name, kind, code, pair) in enumerate(
        (name, kind, code, pair) for name, kind, said in lists for code, pair in said.items()
    ):
        yield {"list": name, "kind": kind, "position": position, "code": code, "vi": pair[0], "en": pair[1]}


def _register(position: int, indicator: Any) -> dict[str, Any]:
    texts = (
        "unit",
        "name_vi",
        "name_en",
        "definition_vi",
        "definition_en",
        "formula",
        "caveat_vi",
        "caveat_en",
    )
    return {"indicator": indicator.name, "position": position, **{t: getattr(indicator, t) for t in texts}}


def _release(manifest: Mapping[str, Any]) -> dict[str, Any]:
    release_id = str(manifest["release_id"])
    return {
        RELEASE: release_id,
        "period": manifest["period"],
        "number": int(release_id.split(".")[1]),
        "published_at": datetime.fromisoformat(manifest["published_at"]).astimezone(UTC).replace(tzinfo=None),
        "protection": manifest["protection"],
        "is_synthetic": bool(manifest["synthetic"]),
        "version": manifest["code"]["version"],
    }


def coded(table: PublishedTable) -> Mapping[str, str]:
    """The columns of a released table that hold codes, each with what names them."""
    columns = [*table.key, *table.attributes, *(c for c in (table.status, RELEASE) if c)]
    named = {c: named_by(table.name, c) for c in columns}
    return {c: by for c, by in named.items() if by is not None}


def _found() -> str:
    """SQL of the codes in released tables, by the list that names them."""
    return " union ".join(
        f"select '{by}' as list, {column}::varchar as code from {table.name} where {column} is not null"
        for table in published_tables().values()
        for column, by in coded(table).items()
        if by not in TABLES_OF_THEIR_OWN
    )


def _found_areas() -> str:
    """SQL of the areas in released tables: of a table without levels they are provinces."""
    return " union ".join(
        f"select {', '.join(AREA)} from {table.name}"
        if set(AREA) <= set(table.key)
        else f"select area_version, 'province' as area_level, {column} as area_code from {table.name}"
        for table in published_tables().values()
        for column, by in coded(table).items()
        if by == "areas"
    )
