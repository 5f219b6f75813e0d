"""Writing a release's database: tables, what names their codes, views and comments (SPEC §7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from releases.database.names import Naming, dimension_tables, name_codes
from releases.database.views import views
from releases.pages.dictionary import Field, Table
from releases.tables import RELEASED, quoted, write_parquet
from sources.engine import connect

STORAGE = "v1.0.0"  # the oldest DuckDB whose file format holds all there is: whatever later version writes it, that one reads it
DIMENSIONS = "dimensions"  # the folder beside the database with its tables of names as Parquet


@dataclass(frozen=True)
class Written:
    """What a database holds: rows by released table, and by table that names codes; the names of its views."""

    tables: Mapping[str, int]
    dimensions: Mapping[str, int] = field(default_factory=dict)
    views: tuple[str, ...] = ()


def write_database(
    folder: Path, path: Path, naming: Naming | None = None, manifest: Mapping[str, Any] | None = None
) -> Written:
    """Make a DuckDB file with the tables of ``<folder>/*.parquet``.

    With ``naming`` also what names codes, from it and the release's ``manifest``, as Parquet files beside it too; views; and
    comments on every table, view and column. Without, the released tables alone.
    """
    with connect() as connection:
        connection.execute(f"attach {quoted(path)} as release (storage_version '{STORAGE}')")
        connection.execute("use release")
        for table in RELEASED:
            file = quoted(folder / f"{table}.parquet")
            connection.execute(f"create table {table} as select * from read_parquet({file})")
        tables = {table: _rows(connection, table) for table in RELEASED}
        written = Written(tables)
        if naming is not None:
            name_codes(connection, naming, manifest or {})
            for view in views():
                connection.execute(f"create view {view.name} as {view.query}")
            _comment(connection, naming.dictionary.published)
            written = Written(
                tables, _export(connection, path.parent / DIMENSIONS), tuple(v.name for v in views())
            )
        connection.execute("checkpoint release")
        connection.execute("use memory")
        connection.execute("detach release")
    return written


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    counted = connection.execute(f"select count(*) from {table}").fetchone()
    return int(counted[0]) if counted else 0


def _export(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, int]:
    folder.mkdir()
    found = {}
    connection.execute("set threads = 1")
    for table in dimension_tables():
        file = folder / f"{table.name}.parquet"
        write_parquet(connection, f"select * from {table.name} order by all", file, table.metadata)
        found[table.name] = _rows(connection, table.name)
    return found


def _comment(connection: duckdb.DuckDBPyConnection, published: Iterable[Table]) -> None:
    """Comments in both languages on every table, view and column."""
    described = {table.name: table for table in (*published, *dimension_tables())}
    for table in described.values():
        said = _both(f"{table.title_vi}. {table.vi}", f"{table.title_en}. {table.en}")
        connection.execute(f"comment on table {table.name} is {said}")
        _comment_columns(connection, table.name, table.fields)
    for view in views():
        connection.execute(f"comment on view {view.name} is {_both(view.vi, view.en)}")
        more = (view.more,) if view.more else ()
        _comment_columns(connection, view.name, (*described[view.table].fields, *more))


def _comment_columns(connection: duckdb.DuckDBPyConnection, name: str, fields: Iterable[Field]) -> None:
    shown = {column for (column, *_) in connection.execute(f"describe {name}").fetchall()}
    for of in fields:
        if of.name in shown:
            connection.execute(f'comment on column {name}."{of.name}" is {_both(of.vi, of.en)}')


def _both(vi: str, en: str) -> str:
    return "'" + f"{vi} / {en}".replace("'", "''") + "'"
