"""JSON lines: one object a line, taken apart by DuckDB block by block."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.contract import Contract, header_key
from sources.engine import Limits as EngineLimits
from sources.engine import connect
from sources.errors import UnreadableFile
from sources.reading.layout import TYPED, OpenedFile, Rows, known_titles, match_header, unknown_columns
from sources.reading.text import as_strings, checked_chunks, line_blocks, line_ends

IS_OBJECT = "case when json_valid(raw) then json_type(raw) = 'OBJECT' else false end"


def open_json_lines(path: Path, contract: Contract) -> OpenedFile:
    """Open JSON lines: the header is every key of any record; it may be spelled differently in each."""
    for _ in checked_chunks(path):
        pass
    shapes: set[tuple[str, ...]] = set()
    only_objects = True
    with _scratch() as connection:
        for block, _ in line_blocks(path):
            connection.register("lines", pa.table({"raw": as_strings(block, line_ends(block))}))
            found, block_is_fine = _shapes(connection)
            only_objects = only_objects and block_is_fine
            shapes |= found
    if not shapes:
        raise UnreadableFile(
            f"{path.name}: not one JSON object. Write one object a line and send the file again."
        )
    titles = known_titles(contract)
    spellings: dict[str, list[str]] = {c.name: [] for c in contract.columns}
    unknown: dict[str, str] = {}
    for key in sorted({key for keys in shapes for key in keys}):
        name = titles.get(header_key(key))
        if name is None:
            unknown.setdefault(header_key(key), key)
        else:
            spellings[name].append(key)
    present = [name for name, keys in spellings.items() if keys]
    match_header(contract, [*present, *unknown.values()], f"{path.name}, keys of its objects")
    doubled = [keys for keys in shapes if _doubles(keys, titles)]
    numbers = {c.name for c in contract.columns if c.is_number}
    reader = JsonLines(path, spellings, doubled, only_objects, numbers)
    strange = unknown_columns(contract, [k for k in unknown.values() if k.strip()], present)
    return OpenedFile(path, "jsonl", reader, strange)


def _shapes(connection: duckdb.DuckDBPyConnection) -> tuple[set[tuple[str, ...]], bool]:
    """The key lists that occur in ``lines``, and whether every line is an object: seldom anything else."""
    try:
        found = connection.execute("select distinct json_keys(raw) from lines").fetchall()
        if all(keys for (keys,) in found):
            return {tuple(keys) for (keys,) in found}, True
    except (duckdb.Error, UnicodeDecodeError):
        pass  # a line that is not JSON; the engine's complaint quotes it and may be cut inside a character
    found = connection.execute(f"select distinct json_keys(raw) from lines where {IS_OBJECT}").fetchall()
    return {tuple(keys) for (keys,) in found}, False


def _doubles(keys: tuple[str, ...], titles: dict[str, str]) -> bool:
    names = [titles[header_key(k)] for k in keys if header_key(k) in titles]
    return len(names) != len(set(names))


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    return connect(limits=EngineLimits("500MB", 1))


def _scratch() -> duckdb.DuckDBPyConnection:
    """A connection to an engine in memory that holds nothing: it only takes JSON apart."""
    return _engine().cursor()


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _path(key: str) -> str:
    return _literal('$."' + key.replace("\\", "\\\\").replace('"', '\\"') + '"')


@dataclass
class JsonLines:
    """The records of an opened JSON lines file.

    ``spellings`` holds each contract column's keys; a record whose keys are one of ``doubled`` gives a
    column twice and is malformed, as is one that holds an object or a list where a value belongs.
    """

    path: Path
    spellings: dict[str, list[str]]
    doubled: list[tuple[str, ...]]
    only_objects: bool
    numbers: set[str]  # columns of numbers

    def raw(self, lines: Sequence[int]) -> list[str]:
        """Never asked: every row carries its text."""
        raise NotImplementedError

    def rows(self) -> Iterator[Rows]:
        """Records in file order."""
        sql, first = self._select(), 1
        parameters = {"doubled": self.doubled} if self.doubled else {}
        with _scratch() as connection:
            for block, _ in line_blocks(self.path):
                texts = as_strings(block, line_ends(block))
                connection.register("lines", pa.table({"line": np.arange(len(texts)), "raw": texts}))
                table = connection.execute(sql, parameters).to_arrow_table().combine_chunks()
                malformed = table["malformed"].to_numpy()
                for wrong in (False, True) if malformed.any() else (False,):
                    part = table if not malformed.any() else table.filter(pc.equal(table["malformed"], wrong))
                    lines = part["line"].to_numpy()
                    if not lines.size:
                        continue
                    raw = texts if len(lines) == len(texts) else texts.take(pa.array(lines))
                    yield Rows(lines + first, None if wrong else self._columns(part), raw)
                first += len(texts)

    def _columns(self, table: pa.Table) -> list[pa.Array | None]:
        return [
            table[f"c{i}"].combine_chunks() if keys else None
            for i, keys in enumerate(self.spellings.values())
        ]

    def _select(self) -> str:
        """The first spelling of each column comes out of one pass, further ones are looked up if it is null.

        Every function is given ``object``, which is null where the line is not an object: they raise on
        what is not JSON, and the engine may evaluate the parts of a condition in any order.
        """
        first = [keys[0] for keys in self.spellings.values() if keys]
        values, nested = [], []
        for i, (name, keys) in enumerate(self.spellings.items()):
            if not keys:
                continue
            value = f"struct_extract(s, {_literal(keys[0])})"
            if len(keys) > 1:
                others = ", ".join(f"json_extract_string(object, {_path(k)})" for k in keys[1:])
                value = f"coalesce({value}, {others})"
            if name in self.numbers:  # a fraction that is no string is marked: its point is no thousands sign
                types = ", ".join(f"json_type(object, {_path(k)})" for k in keys)
                value = f"case when regexp_full_match({value}, '-?[0-9]+[.][0-9]+') and coalesce({types}) = 'DOUBLE' then {value} || '{TYPED}' else {value} end"
            values.append(f"{value} as c{i}")
            kinds = " or ".join(f"json_type(object, {_path(k)}) in ('OBJECT', 'ARRAY')" for k in keys)
            nested.append(f"case when c{i}[1] in ('{{', '[') then {kinds} else false end")
        structure = _literal(json.dumps({key: "VARCHAR" for key in first}, ensure_ascii=False))
        lines = "(select line, raw as object from lines)"
        if not self.only_objects:
            lines = f"""(
            select line, case when {IS_OBJECT} then raw end as object
            from lines where not regexp_full_match(raw, '[[:space:]]*')
        )"""
        twice = "list_contains($doubled, json_keys(object))" if self.doubled else "false"
        return f"""
select line, object is null or coalesce({" or ".join([twice, *nested])}, false) as malformed, columns('^c[0-9]+$')
from (
    select line, object, {", ".join(values)}
    from (select *, json_transform(object, {structure}) as s from {lines})
)"""
