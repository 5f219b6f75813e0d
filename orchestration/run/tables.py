"""Tables that Python writes into the warehouse: those of schema ``run``, declared in the dbt project's ``_run.yml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import duckdb
import pandas as pd
import yaml

from orchestration.dbt.project import PROJECT
from sources.errors import LabourdbError

DECLARED = PROJECT / "models" / "staging" / "_run.yml"
CHECKS = ("delivery_checks", "linkage_checks", "publication_checks")  # what the gates kept, in their order


@dataclass(frozen=True)
class RunTable:
    """A table by which steps of a run hand on: its columns and their types, who writes it and who reads it."""

    name: str
    description: str
    columns: MappingProxyType[str, str]
    written_by: str
    read_by: tuple[str, ...]
    follows: str | None


@cache
def run_tables() -> MappingProxyType[str, RunTable]:
    """Every table of schema ``run`` by its name, as declared."""
    stated = yaml.safe_load(DECLARED.read_text(encoding="utf-8"))["sources"][0]["tables"]
    return MappingProxyType(
        {
            table["name"]: RunTable(
                table["name"],
                " ".join(table["description"].split()),
                MappingProxyType({c["name"]: c["data_type"] for c in table["columns"]}),
                table["config"]["meta"]["written_by"],
                tuple(table["config"]["meta"]["read_by"]),
                table["config"]["meta"].get("follows"),
            )
            for table in stated
        }
    )


def write(
    warehouse: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame, *, append: bool = False
) -> None:
    """Replace a table of schema ``run`` by the rows of ``frame``, or add them to it; its columns are those declared.

    Raises ``LabourdbError`` for a table or a column that is not declared, or one that is missing.
    """
    declared = run_tables().get(name)
    if declared is None:
        raise LabourdbError(f"Table run.{name} is not declared in {DECLARED.name}.")
    _write(warehouse, f"run.{name}", declared, frame, append)


def write_checks(warehouse: duckdb.DuckDBPyConnection, schema: str, checks: pd.DataFrame) -> None:
    """Replace the checks table of candidates or published tables: columns as the gates keep them, and release_id."""
    like = run_tables()[CHECKS[-1]]
    columns = MappingProxyType({**like.columns, "release_id": "varchar"})
    table = RunTable("checks", like.description, columns, like.written_by, (), None)
    _write(warehouse, f"{schema}.checks", table, checks, append=False)


def _write(
    warehouse: duckdb.DuckDBPyConnection, place: str, declared: RunTable, frame: pd.DataFrame, append: bool
) -> None:
    odd = sorted(set(frame.columns) ^ set(declared.columns))
    if odd:
        raise LabourdbError(f"Columns of {place} that are not as declared: {', '.join(odd)}.")
    warehouse.execute(f"create schema if not exists {place.split('.')[0]}")
    casts = ", ".join(f"cast({c} as {t}) as {c}" for c, t in declared.columns.items())
    warehouse.register("written", frame)
    try:
        if append and has_table(warehouse, *reversed(place.split("."))):
            warehouse.execute(f"insert into {place} by name select {casts} from written")
        else:
            warehouse.execute(f"create or replace table {place} as select {casts} from written")
    finally:
        warehouse.unregister("written")


def has_table(warehouse: duckdb.DuckDBPyConnection, table: str, schema: str = "run") -> bool:
    """Whether the warehouse has a table."""
    found = warehouse.execute(
        "select 1 from information_schema.tables where table_schema = ? and table_name = ?", [schema, table]
    ).fetchone()
    return found is not None
