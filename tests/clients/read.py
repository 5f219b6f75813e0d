"""``python read.py CLIENT_FORMAT TEXTS FILE``: what a client reads of a file, as JSON by table: its rows, and what each column holds.

Run with the Python of a client's environment, 3.8 or newer: this file imports nothing else but the client. ``TEXTS`` is a JSON list of the
columns that docs/query.md tells readers to name as texts. A client is told nothing more: it is used as on the page.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import sys
from pathlib import Path

FOR_PEOPLE = 2  # sheets before those of the tables: targets and notes


def described(columns: dict[str, list]) -> dict:
    """Of a table's values by column: rows, by column its kind, nulls and sum or distinct texts with their hash, and a hash of its rows.

    Neither the order of rows nor how a library holds a number plays a part: 14596 and 14596.0 are one figure, and one that a parser
    of texts rounds in its 16th digit is the same.
    """
    plain = {name: _plain(values) for name, values in columns.items()}
    rounded = ([_rounded(v, 9) if type(v) is float else v for v in values] for values in plain.values())
    lines = sorted(map(repr, zip(*rounded)))  # noqa: B905  (not known to Python 3.8)
    return {
        "rows": len(lines),
        "columns": {name: _column(values) for name, values in plain.items()},
        "rows_sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest(),
    }


def _plain(values: list) -> list:
    """Texts, numbers, yes or no, or nothing: what JSON has for the values a library gives."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {str} or kinds == {bool}:
        return values
    if kinds <= {int, float}:
        return [None if v is None or v != v else float(v) for v in values]
    if all(issubclass(kind, datetime.date) for kind in kinds):  # a moment is a date, too
        return [v and v.isoformat()[:10] for v in values]
    return [v if v is None or isinstance(v, str) else f"{type(v).__name__}: {v!r}" for v in values]


def _column(values: list) -> dict:
    there = [v for v in values if v is not None]
    kinds = sorted(kind.__name__ for kind in set(map(type, there)))
    found = {"kinds": kinds, "nulls": len(values) - len(there)}
    if kinds == ["float"]:
        figures = {"sum": math.fsum(there), "least": min(there), "greatest": max(there)}
        return {**found, **{name: _rounded(value, 12) for name, value in figures.items()}}
    texts = sorted(map(str, set(there)))
    return {**found, "distinct": len(texts), "sha256": hashlib.sha256("\n".join(texts).encode()).hexdigest()}


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def _of_frame(frame) -> dict[str, list]:
    """Of a pandas frame, where NaN, NaT and NA are nothing, and a figure may still be one of numpy's."""
    return {
        str(name): [getattr(v, "item", lambda v=v: v)() if there else None for v, there in zip(column.tolist(), column.notna())]  # noqa: B905
        for name, column in frame.items()
    }  # fmt: skip


def _of_lines(lines) -> dict[str, list]:  # of a sheet, titles first; an empty cell is nothing
    titles, *rows = ([None if cell == "" else cell for cell in line] for line in lines)
    return {title: [row[n] for row in rows] for n, title in enumerate(titles)}


def _of_cursor(cursor) -> dict[str, list]:
    rows = cursor.fetchall()
    return {title[0]: [row[n] for row in rows] for n, title in enumerate(cursor.description)}


def pyarrow_parquet(file: Path, texts: list[str]) -> dict:
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(str(file))
    return {file.stem: table.to_pydict()}


def fastparquet_parquet(file: Path, texts: list[str]) -> dict:
    import fastparquet

    return {file.stem: _of_frame(fastparquet.ParquetFile(str(file)).to_pandas())}


def pandas_parquet(file: Path, texts: list[str]) -> dict:
    import pandas

    return {file.stem: _of_frame(pandas.read_parquet(file))}


def pandas_csv(file: Path, texts: list[str]) -> dict:
    import pandas

    return {file.name.split(".")[0]: _of_frame(pandas.read_csv(file, dtype=dict.fromkeys(texts, str)))}


def pandas_workbook(file: Path, texts: list[str]) -> dict:
    import pandas

    sheets = pandas.read_excel(file, sheet_name=None, dtype=dict.fromkeys(texts, str))
    return {name: _of_frame(sheet) for name, sheet in list(sheets.items())[FOR_PEOPLE:]}


def polars_parquet(file: Path, texts: list[str]) -> dict:
    import polars

    return {file.stem: polars.read_parquet(file).to_dict(as_series=False)}


def polars_csv(file: Path, texts: list[str]) -> dict:
    import polars

    titles = polars.read_csv(file, n_rows=0).columns
    named = {name: polars.Utf8 for name in texts if name in titles}
    try:
        frame = polars.read_csv(file, schema_overrides=named)
    except TypeError:  # its name before 0.20.31
        frame = polars.read_csv(file, dtypes=named)
    return {file.name.split(".")[0]: frame.to_dict(as_series=False)}


def polars_workbook(file: Path, texts: list[str]) -> dict:
    import polars

    sheets = polars.read_excel(file, sheet_id=0)
    return {name: sheet.to_dict(as_series=False) for name, sheet in list(sheets.items())[FOR_PEOPLE:]}


def openpyxl_workbook(file: Path, texts: list[str]) -> dict:
    import openpyxl

    book = openpyxl.load_workbook(file, read_only=True)
    return {sheet.title: _of_lines(sheet.values) for sheet in book.worksheets[FOR_PEOPLE:]}


def calamine_workbook(file: Path, texts: list[str]) -> dict:
    import python_calamine

    book = python_calamine.CalamineWorkbook.from_path(str(file))
    return {
        name: _of_lines(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names[FOR_PEOPLE:]
    }


def datafusion_parquet(file: Path, texts: list[str]) -> dict:
    import datafusion

    return {file.stem: datafusion.SessionContext().read_parquet(str(file)).to_pydict()}


def duckdb_parquet(file: Path, texts: list[str]) -> dict:
    import duckdb

    return {file.stem: _of_cursor(duckdb.connect().execute(f"select * from '{file}'"))}


def duckdb_database(file: Path, texts: list[str]) -> dict:
    import duckdb

    with duckdb.connect(str(file), read_only=True) as database:
        names = [
            row[0] for row in database.execute("select table_name from information_schema.tables").fetchall()
        ]
        return {name: _of_cursor(database.execute(f"select * from {name}")) for name in names}


def superset_database(file: Path, texts: list[str]) -> dict:
    """Through the driver and with the address that docs/query.md gives for Superset."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(f"duckdb:///{file}?access_mode=read_only&enable_external_access=false")
    look = sqlalchemy.inspect(engine)
    with engine.connect() as connection:
        names = [*look.get_table_names(), *look.get_view_names()]
        return {
            n: _of_cursor(connection.execute(sqlalchemy.text(f"select * from {n}")).cursor) for n in names
        }


if __name__ == "__main__":
    reader, texts, *files = sys.argv[1:]
    read = globals()[reader]
    tables = {}
    for file in files:
        tables.update(read(Path(file), json.loads(texts)))
    json.dump({name: described(columns) for name, columns in tables.items()}, sys.stdout)
