"""A release in every client of clients.yaml, oldest and newest of each: the figures that this project's DuckDB reads."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest
from read import described
from support.clients import Client, clients
from support.home_tables import released
from support.query_page import texts_of_digits
from support.sheets import name_as_sheets_do

from releases.release import Release
from releases.site.selections import HEADLINE, sheets

READ = Path(__file__).parent / "read.py"
TRIALS = [
    pytest.param(client, reads, id=f"{client}-{reads}", marks=pytest.mark.client(client.name))
    for client in clients("pinned")
    for reads in client.reads
]
Told = dict[str, dict[str, Any]]


def files(release: Release, reads: str) -> list[Path]:
    patterns = {
        "Parquet": ("tables/*.parquet", "dimensions/*.parquet"),
        "CSV": ("site/downloads/*.csv.gz",),
        "workbook": ("site/downloads/labourdb-*.xlsx",),
        "database": ("labour.duckdb",),
    }
    found = (path for pattern in patterns[reads] for path in release.path.glob(pattern))
    return sorted(path for path in found if not path.stem.endswith("-vi"))


def queries(release: Release, reads: str, tables: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """By table as a client finds it, what it holds, of the released tables wherever it is made of them."""
    if reads == "workbook":
        return {sheet.name: sheet.query for sheet in sheets(tables)}
    if reads == "CSV":
        names = [p.name.removesuffix(".csv.gz") for p in files(release, reads)]
        return {name: HEADLINE if name == "headline" else f"from {name}" for name in names}
    if reads == "Parquet":
        return {p.stem: f"from '{p}'" for p in files(release, reads)}
    tables.execute(f"attach if not exists '{release.path}/labour.duckdb' as file (read_only)")
    named = tables.execute("select table_name from information_schema.tables where table_catalog = 'file'")
    return {name: f"from file.{name}" for (name,) in named.fetchall()}


@pytest.fixture(scope="session")
def stated(release: Release) -> dict[str, Told]:
    """What each kind of file holds, by table."""
    told: dict[str, Told] = {}
    with released(release.path) as tables:
        name_as_sheets_do(tables)
        for reads in ("Parquet", "CSV", "workbook", "database"):
            told[reads] = {}
            for name, query in queries(release, reads, tables).items():
                found = tables.execute(query)
                titles, rows = [c[0] for c in found.description or []], found.fetchall()
                told[reads][name] = described({t: [row[n] for row in rows] for n, t in enumerate(titles)})
    return told


def test_there_is_something_to_read_wrong(stated: dict[str, Told]) -> None:
    """Every table has rows, every kind of file texts, figures and places without a figure; the database has views, too."""
    assert set(stated["Parquet"]) < set(stated["database"]) and len(stated["database"]) > 30
    for told in stated.values():
        assert all(table["rows"] for table in told.values())
        columns = [column for table in told.values() for column in table["columns"].values()]
        assert {"float", "str"} <= {kind for column in columns for kind in column["kinds"]}
        assert any(column["kinds"] == ["float"] and column["nulls"] for column in columns)


def test_the_page_names_every_column_of_digits(release: Release) -> None:
    """A library that guesses types takes them for numbers, and their zeros are gone."""
    found = set()
    with released(release.path) as tables:
        name_as_sheets_do(tables)
        for query in [q for reads in ("CSV", "workbook") for q in queries(release, reads, tables).values()]:
            for column, kind, *_ in tables.execute(f"describe {query}").fetchall():
                digits = f"select bool_and(regexp_full_match({column}, '[0-9]+')) from ({query}) where {column} is not null"
                if kind == "VARCHAR" and tables.execute(digits).fetchall() == [(True,)]:
                    found.add(column)
    assert {"area_version", "period"} <= found <= set(texts_of_digits())


@pytest.mark.parametrize(("client", "reads"), TRIALS)
def test_a_client_reads_every_figure(
    client: Client, reads: str, release: Release, stated: dict[str, Told]
) -> None:
    reader = f"{client.reader}_{reads.lower()}"
    command = [client.environment(), READ, reader, json.dumps(texts_of_digits()), *files(release, reads)]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    assert set(read) == set(stated[reads])
    for table, told in stated[reads].items():
        differ = {
            column: (of, read[table]["columns"].get(column))
            for column, of in told["columns"].items()
            if read[table]["columns"].get(column) != of
        }
        assert not differ, f"{table}, stated and read: {differ}"
        assert read[table] == told, table
