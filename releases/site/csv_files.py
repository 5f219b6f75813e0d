"""CSV in two forms: for programs as RFC 4180 has it, compressed; and for spreadsheets with Vietnamese settings, as it is.

What programs read is a tenth of its size when compressed, and they open it without being asked to: pandas, polars, R, DuckDB. A
spreadsheet does not, so its files hold few rows instead.

No spreadsheet keeps the zeros of a code that stands alone in a CSV, quoted or not, and none asks whether `21.875` is a fraction
or twenty thousand. So the form for spreadsheets is written of rows whose codes can stand with their list (`01@2024`), and the
workbook is what opens right under any settings.
"""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import duckdb

from releases.tables import csv_select

BOM = "\ufeff"  # tells a spreadsheet that what follows is UTF-8
LEVEL = 6  # of compression: 9 saves 6 % more and takes three times as long


def write_for_programs(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write a query to ``path``, a ``.csv.gz``: UTF-8 without a mark, comma, decimal point, CRLF; texts quoted, null is nothing.

    The same rows are the same bytes: gzip is told neither a time nor a name.
    """
    written = _numbers_written(connection, csv_select(connection, f"({query})"), ".")
    quoted = ", ".join(f'"{name}"' for name, kind in _columns(connection, query) if kind == "VARCHAR")
    plain = path.with_suffix("")
    _copy(connection, written, plain, f"delimiter ',', force_quote ({quoted})" if quoted else "delimiter ','")
    with (
        plain.open("rb") as source,
        path.open("wb") as target,
        gzip.GzipFile("", "wb", LEVEL, target, mtime=0) as packed,
    ):
        shutil.copyfileobj(source, packed, 1 << 20)
    plain.unlink()


def write_for_spreadsheets(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write a query of rows with ``area_code`` and ``area_version`` for a spreadsheet under Vietnamese settings.

    UTF-8 with its mark, semicolon, decimal comma; the code of an area is followed by its list, ``30@2024``, so that it is text.
    """
    columns = _columns(connection, query)
    coded = f"select * replace (area_code || '@' || area_version as area_code) from ({query})"
    written = _numbers_written(connection, csv_select(connection, f"({coded})"), ",")
    _copy(
        connection,
        f'select * rename ({columns[0][0]} as "{BOM}{columns[0][0]}") from ({written})',
        path,
        "delimiter ';'",
    )


def _columns(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[str, str]]:
    return [(str(name), str(kind)) for name, kind, *_ in connection.execute(f"describe {query}").fetchall()]


def _numbers_written(connection: duckdb.DuckDBPyConnection, query: str, point: str) -> str:
    """The query with every figure as text to its last digit, whole ones without a fraction."""
    written = ", ".join(
        f"case when {n} = trunc({n}) and abs({n}) < 1e15 then {n}::bigint::varchar"
        f" else replace({n}::varchar, '.', '{point}') end as {n}"
        for n, kind in _columns(connection, query)
        if kind == "DOUBLE"
    )
    return f"select * replace ({written}) from ({query})" if written else query


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path, form: str) -> None:
    target = str(path).replace("'", "''")
    connection.execute(f"copy ({query}) to '{target}' (format csv, header, new_line '\\r\\n', {form})")
