"""Opening a file by its name's ending, and joining many opened files into one stream of records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from sources.contract import Contract
from sources.errors import UnreadableFile
from sources.reading.delimited import open_delimited
from sources.reading.json_lines import open_json_lines
from sources.reading.layout import FURTHER_SHEETS, OpenedFile, Rows
from sources.reading.parquet import open_parquet
from sources.reading.sheets import open_sheet
from sources.reading.tidy import tidy


def open_file(path: Path, contract: Contract) -> OpenedFile:
    """Open one data file; raises ``UnreadableFile`` saying what is wrong and what to do."""
    name = path.name.lower()
    if path.stat().st_size == 0:
        raise UnreadableFile(f"{path.name}: 0 bytes. Send the file again.")
    if name.endswith(".parquet"):
        return open_parquet(path, contract)
    if name.endswith(".xlsx"):
        return open_sheet(path, contract)
    if name.endswith((".jsonl", ".jsonl.gz")):
        return open_json_lines(path, contract)
    return open_delimited(path, contract)


@dataclass(frozen=True)
class Placed:
    """An opened file with the number its lines are counted from (a row's id), its area list, and its place in the delivery."""

    opened: OpenedFile
    base: int
    area_version: int
    number: int


def _why(fields: int, width: int | None) -> str:
    """What is wrong with a malformed line, with both field counts (SPEC §1)."""
    counts = f"{fields} field{'' if fields == 1 else 's'}, the header has {width}"
    return counts if fields != width else f"{counts}, but its quotes are not in order"


class RecordStream:
    """The records of many files, for one pass. ``failed`` tells which file could not be read to its end."""

    def __init__(self, contract: Contract, files: Sequence[Placed], most_lines: int) -> None:
        self._files = files
        self._most_lines = most_lines
        self._columns = len(contract.columns)
        self.failed: tuple[Placed, Exception] | None = None
        self.schema = pa.schema(
            [
                ("row_id", pa.int64()),
                ("list_version", pa.int32()),
                ("raw", pa.string()),
                ("malformed", pa.bool_()),
                ("why", pa.string()),
                *((f"t_{c.name}", pa.string()) for c in contract.columns),
            ]
        )

    def reader(self) -> pa.RecordBatchReader:
        """The stream itself: row_id, list_version (of areas), raw, malformed, why, and t_<column> as tidy text."""
        return pa.RecordBatchReader.from_batches(self.schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for file in self._files:
            try:
                for rows in file.opened.reader.rows():
                    if len(rows.lines):
                        yield self._batch(file, rows)
            except Exception as error:
                self.failed = (file, error)
                raise

    def _batch(self, file: Placed, rows: Rows) -> pa.RecordBatch:
        count = len(rows.lines)
        most = self._most_lines if file.opened.sheets else FURTHER_SHEETS
        if rows.lines[-1] > most:
            raise UnreadableFile(f"{file.opened.path.name}: more than {most:,} lines. Send several files.")
        empty = pa.nulls(count, pa.string())
        why = None
        if rows.fields is not None:
            why = [_why(n, rows.width) for n in rows.fields]
        columns = rows.columns if rows.columns is not None else [None] * self._columns
        return pa.record_batch(
            [
                pa.array(rows.lines + file.base),
                pa.array(np.full(count, file.area_version, dtype=np.int32)),
                empty if rows.raw is None else rows.raw,
                pa.array(np.full(count, rows.columns is None)),
                empty if why is None else pa.array(why, pa.string()),
                *(empty if c is None else tidy(c) for c in columns),
            ],
            schema=self.schema,
        )
