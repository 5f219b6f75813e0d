"""Looking for markers in files: their bytes, what is packed in them, and every value of the databases they are."""

from __future__ import annotations

import gzip
import io
import re
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
from marked_world import births, number_forms, numbers, text_forms

WIDE_DIGITS = re.compile(rb"(?:[0-9/-]\0){7}")


def found_in(content: bytes) -> set[str]:
    """Which kinds of marker the bytes hold: name, number, birth date, number as eight bytes."""
    # what cannot be there is not looked for: wide characters without zero bytes, packed numbers in plain text
    wide, binary = b"\0" in content, not content.isascii()
    forms = (f for f in text_forms() if wide or b"\0" not in f)
    found = {"name"} if any(form in content for form in forms) else set()
    wide_digits = wide and WIDE_DIGITS.search(content) is not None
    digits = ((d, alone) for d, alone in number_forms() if wide_digits or b"\0" not in d)
    if any(d in content and alone.search(content) for d, alone in digits):
        found.add("number")
    dates = (d.encode(e) for d in births() for e in ("utf-8", "utf-16-le") if e == "utf-8" or wide_digits)
    if any(date in content for date in dates):
        found.add("birth date")
    if binary and any(n.to_bytes(8, "little") in content for n in numbers()):
        found.add("number as eight bytes")
    return found


def unpacked(content: bytes) -> Iterator[tuple[str, bytes]]:
    """What is packed in the bytes: of a gzip or zlib stream, an archive, a SQLite or DuckDB database, Parquet."""
    if content[:2] == b"\x1f\x8b":
        yield "gzip", _inflated(content, 31)
    elif content[:1] == b"\x78" and len(content) > 8:
        yield "zlib", _inflated(content, 15)
    elif content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield name, archive.read(name)
    elif content[:15] == b"SQLite format 3":
        yield from _with_file(content, _sqlite)
    elif content[8:12] == b"DUCK":
        yield from _with_file(content, _duckdb)
    elif content[:4] == b"PAR1":
        yield from _with_file(content, _parquet)


def _inflated(content: bytes, bits: int) -> bytes:
    """As much as can be unpacked: the file may be cut."""
    try:
        return zlib.decompressobj(bits).decompress(content)
    except zlib.error:
        return b""


def _with_file(content: bytes, reader: object) -> Iterator[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy"
        path.write_bytes(content)
        yield from reader(path)  # type: ignore[operator]


def _sqlite(path: Path) -> Iterator[tuple[str, bytes]]:
    with sqlite3.connect(path) as database:
        for (table,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
            texts = []
            for row in database.execute(f'select * from "{table}"'):
                texts += [str(v) for v in row if v is not None and not isinstance(v, bytes)]
                for value in row:
                    if isinstance(value, bytes):
                        yield table, value
            yield table, "\n".join(texts).encode()
    database.close()


def _texts(connection: duckdb.DuckDBPyConnection, rows_of: str) -> bytes:
    rows = connection.execute(f"select distinct columns(*)::varchar from {rows_of}").fetchall()
    return "\n".join("\t".join("" if v is None else str(v) for v in row) for row in rows).encode()


def _duckdb(path: Path) -> Iterator[tuple[str, bytes]]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as looked (read_only)")
        tables = "select schema_name, table_name from duckdb_tables() where database_name = 'looked' and not internal"
        for schema, table in connection.execute(tables).fetchall():
            yield f"{schema}.{table}", _texts(connection, f'looked."{schema}"."{table}"')
        views = "select view_name, sql from duckdb_views() where database_name = 'looked' and not internal"
        for name, sql in connection.execute(views).fetchall():
            yield f"view {name}", str(sql).encode()


def _parquet(path: Path) -> Iterator[tuple[str, bytes]]:
    with duckdb.connect() as connection:
        yield "rows", _texts(connection, f"read_parquet('{path}')")


def scanned(name: str, content: bytes, depth: int = 0) -> list[str]:
    """Where and what was found in a file or in what is packed in it."""
    found = [f"{name}: {kind}" for kind in sorted(found_in(content))]
    if depth < 3:
        try:
            for inner, packed in unpacked(content):
                found += scanned(f"{name} > {inner}", packed, depth + 1)
        except (zipfile.BadZipFile, duckdb.Error, sqlite3.DatabaseError, gzip.BadGzipFile, EOFError):
            pass  # not what it looked like; its bytes were searched
    return found


def scan(roots: Sequence[Path], leave: Sequence[Path] = ()) -> tuple[list[str], int, int]:
    """Markers in the files below ``roots``, but for those below ``leave``: what was found, files and bytes looked at."""
    found: set[str] = set()
    files = size = 0
    for root in roots:
        for path in sorted(root.rglob("*")):
            if any(path.is_relative_to(place) for place in leave):
                continue
            found |= {
                f"name of {path}: {kind}" for kind in found_in(path.name.encode("utf-8", "surrogateescape"))
            }
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                files, size = files + 1, size + len(content)
                found |= set(scanned(str(path), content))
    return sorted(found), files, size
