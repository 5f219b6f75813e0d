"""Schema ``run``: every table is declared once, written and read by whom the declaration says, with its types."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from orchestration.run.tables import DECLARED, run_tables, write, write_checks
from sources.errors import LabourdbError

ROOT = Path(__file__).parents[3]
ROOMS = (
    "dbt_project",
    "expectations",
    "orchestration/run",
    "orchestration/tasks",
    "orchestration/assets",
    "releases",
)
READ = re.compile(r"\brun\.(\w+)|source\('run', '(\w+)'\)|(?:from|select \* from) run\.\{(\w+)\}")
CODE = (".py", ".sql")


def mentioned(room: str) -> set[str]:
    """Declared tables whose rows a room reads, by the names in its code."""
    found: set[str] = set()
    for path in (ROOT / room).rglob("*"):
        if path.suffix in CODE and "target" not in path.parts:
            for match in READ.finditer(path.read_text(encoding="utf-8")):
                found |= {name for name in match.groups() if name}
    return found & set(run_tables())


def test_declarations_name_every_reader() -> None:
    """`*_checks` tables are read in a loop over their names: they stand in the code as ``CHECKS``."""
    for room in ROOMS:
        declared = {t.name for t in run_tables().values() if room in t.read_by}
        assert mentioned(room) - declared == set(), f"{room} reads what {DECLARED.name} does not say"
        looped = {n for n in declared if n.endswith("_checks")}
        assert declared - mentioned(room) - looped == set(), (
            f"{DECLARED.name} says that {room} reads what it does not"
        )
    assert {r for t in run_tables().values() for r in t.read_by} <= set(ROOMS)


def test_declarations_name_the_writer() -> None:
    for table in run_tables().values():
        text = (ROOT / table.written_by).read_text(encoding="utf-8")
        assert f'"{table.name}"' in text, f"{table.written_by} does not write run.{table.name}"


def test_nothing_else_is_written_and_types_are_those_declared() -> None:
    warehouse = duckdb.connect()
    write(warehouse, "missing_sources", pd.DataFrame({"source": []}))
    write(warehouse, "missing_sources", pd.DataFrame({"source": ["vacancies"]}), append=True)
    assert warehouse.execute("select typeof(source), source from run.missing_sources").fetchall() == [
        ("VARCHAR", "vacancies")
    ]
    with pytest.raises(LabourdbError, match=r"run\.somewhere is not declared"):
        write(warehouse, "somewhere", pd.DataFrame({"source": []}))
    for frame in (pd.DataFrame({"source": ["x"], "why": [1]}), pd.DataFrame({"why": [1]})):
        with pytest.raises(LabourdbError, match=r"not as declared: .*why"):
            write(warehouse, "missing_sources", frame)
    columns = [*run_tables()["publication_checks"].columns, "release_id"]
    write_checks(warehouse, "published", pd.DataFrame({c: [] for c in columns}))
    types = dict(
        warehouse.execute("select column_name, data_type from information_schema.columns").fetchall()
    )
    assert (types["rows_failed"], types["threshold"], types["waiver"]) == ("BIGINT", "DOUBLE", "VARCHAR")
