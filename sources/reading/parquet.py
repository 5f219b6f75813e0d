"""Parquet files; columns of any type become the text an agency would have written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sources.contract import Column, Contract
from sources.errors import UnreadableFile
from sources.reading.layout import TYPED, Header, OpenedFile, Rows, match_header

ROWS = 65_536
HEADER_LINES = 1  # the first row is line 2, as in a sheet
HERE = "Asia/Ho_Chi_Minh"  # with its history: +08 and +09 at times before 1975-06-13
BROKEN = (pa.ArrowException, OSError, ValueError, TypeError, KeyError, MemoryError)


def open_parquet(path: Path, contract: Contract) -> OpenedFile:
    """Open a Parquet file; raises ``UnreadableFile`` if its footer is missing or broken."""
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
    except BROKEN as error:
        raise UnreadableFile(
            f"{path.name}: not a whole Parquet file ({type(error).__name__}). Send it again."
        ) from None
    header = match_header(contract, schema.names, f"{path.name}, its columns")
    nested = [
        c.name
        for c, p in zip(contract.columns, header.positions, strict=True)
        if p is not None and pa.types.is_nested(_inner(schema.field(p).type))
    ]
    if nested:
        raise UnreadableFile(
            f"{path.name}: column(s) {', '.join(nested)} hold lists or structures. Write one plain value a row."
        )
    kinds = {p: c for c, p in zip(contract.columns, header.positions, strict=True) if p is not None}
    return OpenedFile(path, "parquet", ParquetRows(path, header, kinds), header.unknown)


def _inner(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


@dataclass
class ParquetRows:
    """The rows of an opened Parquet file; a row's line is its number, the header being 1."""

    path: Path
    header: Header
    kinds: dict[int, Column]  # the contract's column at each position

    def rows(self) -> Iterator[Rows]:
        """Rows in file order; raises ``UnreadableFile`` for a broken page or text that is not UTF-8."""
        wanted = sorted({p for p in self.header.positions if p is not None})
        number = HEADER_LINES + 1
        for batch in self._batches(wanted):
            try:
                columns = {p: as_text(batch.column(i), self.kinds[p]) for i, p in enumerate(wanted)}
            except (pa.ArrowException, ValueError, OverflowError) as error:
                raise self._broken(error) from None
            lines = np.arange(number, number + batch.num_rows, dtype=np.int64)
            number += batch.num_rows
            yield Rows(lines, [None if p is None else columns[p] for p in self.header.positions])

    def raw(self, lines: Sequence[int]) -> list[str]:
        """Rows as JSON lists of text, unknown columns included if they can be read."""
        try:
            return self._raw(lines, None)
        except UnreadableFile:  # the contract's columns were read before
            return self._raw(lines, sorted({p for p in self.header.positions if p is not None}))

    def _raw(self, lines: Sequence[int], positions: Sequence[int] | None) -> list[str]:
        wanted, found = np.asarray(lines) - HEADER_LINES - 1, []
        start = 0
        for batch in self._batches(positions):
            inside = wanted[(wanted >= start) & (wanted < start + batch.num_rows)] - start
            start += batch.num_rows
            columns = [_plain_values(column) for column in batch.take(pa.array(inside)).columns]
            found += [json.dumps(row, ensure_ascii=False) for row in zip(*columns, strict=True)]
        return found

    def _batches(self, positions: Sequence[int] | None) -> Iterator[pa.RecordBatch]:
        """Record batches of the top-level columns at ``positions``, by position: names may repeat."""
        try:
            with pq.ParquetFile(self.path, page_checksum_verification=True) as file:
                names = file.schema_arrow.names
                leaves = None if positions is None else [names[p] for p in positions]
                read = 0
                for batch in file.iter_batches(ROWS, columns=leaves, use_threads=False):
                    if leaves is not None:
                        batch = batch.select(leaves)
                    batch.validate(full=True)
                    read += batch.num_rows
                    yield batch
                if read != file.metadata.num_rows:
                    raise UnreadableFile(
                        f"{self.path.name}: holds {read} rows, but says {file.metadata.num_rows}. Send it again."
                    )
        except BROKEN as error:
            raise self._broken(error) from None

    def _broken(self, error: BaseException) -> UnreadableFile:
        return UnreadableFile(
            f"{self.path.name}: its content cannot be read ({type(error).__name__}). Make the file anew and send it."
        )


def _plain_values(values: pa.Array) -> list[str | None]:
    try:
        return [_plain(v) for v in values.to_pylist()]
    except (OverflowError, ValueError):  # moments outside Python's calendar
        return list(values.cast(pa.string()).to_pylist())


def _plain(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def as_text(values: pa.Array, column: Column) -> pa.StringArray:
    """A column of any plain type as text: whole numbers without a point, dates and times as ISO writes them.

    A moment with a zone is the local time here; of a month column any day stands for its month (SPEC §1).
    """
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.dictionary_decode()
        kind = values.type
    if pa.types.is_string(kind):
        return values
    if pa.types.is_floating(kind):
        values = values.cast(pa.float64())
        whole = pc.and_(pc.equal(values, pc.trunc(values)), pc.less(pc.abs(values), 1e15))
        numbers = pc.if_else(whole, values, None).cast(pa.int64()).cast(pa.string())
        parts = pc.if_else(pc.is_nan(values), None, values).cast(pa.string())
        return pc.coalesce(numbers, _typed(parts, column))
    if pa.types.is_decimal(kind):
        return _typed(pc.replace_substring_regex(values.cast(pa.string()), r"\.0+$", ""), column)
    if pa.types.is_timestamp(kind):
        if kind.tz is not None:
            values = pc.local_timestamp(values.cast(pa.timestamp(kind.unit, HERE)))
        if column.kind == "month":
            return pc.strftime(values, "%Y-%m")
        return pc.replace_substring_regex(pc.strftime(values, "%Y-%m-%d %H:%M:%S"), r"\.0+$", "")
    if pa.types.is_date(kind) and column.kind == "month":
        return pc.strftime(values, "%Y-%m")
    if pa.types.is_null(kind):
        return pa.nulls(len(values), pa.string())
    return values.cast(pa.string())


def _typed(texts: pa.StringArray, column: Column) -> pa.StringArray:
    """Fractions of a number column, marked as typed."""
    return (
        pc.replace_substring_regex(texts, r"^(-?[0-9]+\.[0-9]+)$", rf"\1{TYPED}")
        if column.is_number
        else texts
    )
