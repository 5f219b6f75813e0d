"""Which tables are released, and writing them so that the same rows are always the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import duckdb

from expectations.catalogue import published_tables
from sources.plain import FORMULA

# The allow-list: a table that the catalogue does not name is never released. Each with the columns that order its rows.
RELEASED: Mapping[str, tuple[str, ...]] = {name: table.key for name, table in published_tables().items()}


Row = dict[str, Any]  # of a query, by column
ROW_GROUP = 20_480  # rows of which a reader skips all or none: a series of one place lies in one or two


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def rows_of(connection: duckdb.DuckDBPyConnection, query: str, parameters: object = None) -> list[Row]:
    """What a query finds, each row by column."""
    found = connection.execute(query, parameters)
    names = [d[0] for d in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def quoted(path: Path) -> str:
    """A path as it stands in SQL, quotes included."""
    return "'" + str(path).replace("'", "''") + "'"


def export_tables(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    schema: str = "published",
    described: Mapping[str, Mapping[str, str]] | None = None,
    tables: Collection[str] = tuple(RELEASED),
) -> dict[str, str]:
    """Write released ``tables`` of ``schema`` to ``<folder>/<table>.parquet``; returns table to SHA-256.

    Whatever lies there that is not released is taken away. Rows are in key order and written by one thread, so equal rows
    give equal bytes. ``described`` gives texts by table, which go into the file's metadata.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.parquet"):
        if stale.stem in tables or stale.stem not in RELEASED:
            stale.unlink()
    threads = connection.execute("select current_setting('threads')").fetchone()
    connection.execute("set threads = 1")
    try:
        for table in tables:
            write_parquet(
                connection,
                f"select * from {schema}.{table} order by {', '.join(RELEASED[table])}",
                folder / f"{table}.parquet",
                (described or {}).get(table, {}),
            )
    finally:
        connection.execute(f"set threads = {threads[0] if threads else 1}")
    return {table: sha256(folder / f"{table}.parquet") for table in tables}


def write_parquet(
    connection: duckdb.DuckDBPyConnection, query: str, path: Path, metadata: Mapping[str, str]
) -> None:
    """Write the rows of a query as Parquet, with texts in its metadata.

    Encodings of version 1: those of version 2 save 0.2 % and shut out pyarrow before 12, fastparquet, polars 0.20.
    """
    texts = ", ".join(f"{name}: ${name}" for name in metadata)
    connection.execute(
        f"copy ({query}) to {quoted(path)} (format parquet, compression zstd, parquet_version v1,"
        f" row_group_size {ROW_GROUP}{f', kv_metadata {{{texts}}}' if texts else ''})",
        dict(metadata) or None,
    )


def csv_select(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """SQL of a table's rows for a CSV file: no text in it, such as the name of a file, begins a formula."""
    texts = [
        f'"{name}"'
        for name, kind, *_ in connection.execute(f"describe {table}").fetchall()
        if kind == "VARCHAR" and '"' not in name
    ]
    pattern = FORMULA.replace("'", "''")
    safe = ", ".join(
        f"case when regexp_matches({t}, '{pattern}') then chr(39) || {t} else {t} end as {t}" for t in texts
    )
    return f"select * replace ({safe}) from {table}" if safe else f"from {table}"
