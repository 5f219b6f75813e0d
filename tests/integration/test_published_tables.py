"""A release's tables are what the catalogue says of them: their key is one, their parts are those that are named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from expectations.catalogue import published_tables
from orchestration.home import Home

TABLES = published_tables()
ALSO = {"age_group": {"total", "16-30", "working_age"}}  # that overlap others


@pytest.fixture(scope="module")
def released(samples: Path, sample_homes: dict[Path, Home]) -> Iterator[duckdb.DuckDBPyConnection]:
    home = sample_homes[samples / "small-world"]
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.database}' as w (read_only)")
        for table in TABLES:
            path = home.releases / "current" / "tables" / f"{table}.parquet"
            connection.execute(f"create view {table} as from read_parquet('{path}')")
        yield connection


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_told_apart_and_ordered_by_the_key(released: duckdb.DuckDBPyConnection, name: str) -> None:
    key = ", ".join(TABLES[name].key)
    rows = released.execute(f"select {key} from {name}").fetchall()
    assert len(rows) == len(set(rows)) > 0
    assert rows == released.execute(f"select {key} from {name} order by {key}").fetchall()
    counted = released.execute(
        f"select count(*), count(distinct ({', '.join(TABLES[name].candidate_key)})) from w.candidates.{name}"
    ).fetchone()
    assert counted is not None and counted[0] == counted[1] > 0


@pytest.mark.parametrize(
    ("name", "column"), [(t.name, c) for t in TABLES.values() if t.finest for c in t.key]
)
def test_a_key_has_no_column_too_many(released: duckdb.DuckDBPyConnection, name: str, column: str) -> None:
    """Without any one of its columns rows would be alike; the level alone follows from the area's code."""
    rest = ", ".join(c for c in TABLES[name].key if c != column)
    found = released.execute(f"select count(*), count(distinct ({rest})) from {name}").fetchone()
    assert found is not None and (found[0] > found[1]) == (column != "area_level")


@pytest.mark.parametrize(("name", "column"), [(t.name, c) for t in TABLES.values() for c in t.parts])
def test_every_value_is_the_total_or_a_part_of_it(
    released: duckdb.DuckDBPyConnection, name: str, column: str
) -> None:
    parts = TABLES[name].parts[column]
    rows = f"from {name} where {TABLES[name].made_rows}"
    values = {v for (v,) in released.execute(f"select distinct {column} {rows}").fetchall()}
    assert "total" in values and len(values) > 1
    if parts:
        assert values == {*parts, *ALSO[column]}


@pytest.mark.parametrize("name", [t.name for t in TABLES.values() if t.levels])
def test_areas_are_of_the_levels_it_has(released: duckdb.DuckDBPyConnection, name: str) -> None:
    levels = {v for (v,) in released.execute(f"select distinct area_level from {name}").fetchall()}
    assert levels == set(TABLES[name].levels)
