"""What a home's last run counted, and what its current release shows of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from orchestration.home import Home
from releases.release import current_release
from releases.tables import RELEASED


def released(release: Path) -> duckdb.DuckDBPyConnection:
    """A connection with a release's tables, read from its Parquet files, each by its name; the caller closes it."""
    connection = duckdb.connect()
    for table in RELEASED:
        connection.execute(f"create view {table} as from '{release}/tables/{table}.parquet'")
    return connection


def shown(home: Home, query: str) -> list[tuple[Any, ...]]:
    """Query a home's current tables, each by its name: as readers see them, with noise."""
    with released(home.releases / "current") as connection:
        return connection.execute(query).fetchall()


def sql(home: Home, query: str) -> list[tuple[Any, ...]]:
    """Query what a home's last run counted, each table by its name: exact, of the whole country."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.database}' as labour (read_only)")
        for table in RELEASED:
            connection.execute(f"create view {table} as from labour.candidates.{table}")
        return connection.execute(query).fetchall()


def show_as_counted(home: Home) -> None:
    """Let a copied home's current release show every indicator: to look at figures in a world as small as this."""
    release = current_release(home.releases)
    assert release is not None
    path = release.path / "tables" / "indicators.parquet"
    path.chmod(0o644)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.database}' as w (read_only)")
        connection.execute(f"copy (from w.candidates.indicators order by all) to '{path}' (format parquet)")
