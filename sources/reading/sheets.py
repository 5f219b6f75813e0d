"""The first sheet of an xlsx workbook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, WorksheetNotFound, ZipError

from sources.contract import Contract
from sources.errors import UnreadableFile
from sources.reading.layout import RECORDS, OpenedFile, match_header

ROW_LIMIT = 1_048_576

Cell = int | float | str | bool | time | date | datetime | timedelta


def _text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S") if cell.time() != time() else cell.strftime("%Y-%m-%d")
    return str(cell)


@dataclass
class Rows:
    """Rows of a sheet already in memory, as text."""

    table: pa.Table

    def batches(self, file_ref: int) -> Iterator[pa.RecordBatch]:
        """One record a sheet row; ``raw`` is the row as a JSON list."""
        for batch in self.table.to_batches(max_chunksize=50_000):
            refs = pa.array([file_ref] * batch.num_rows, pa.int32())
            yield pa.record_batch([refs, *batch.columns], schema=RECORDS)


def open_sheet(path: Path, contract: Contract) -> OpenedFile:
    """Open a workbook; raises ``UnreadableFile`` if it is no workbook or its sheet may have been cut."""
    try:
        rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, PasswordError, WorksheetNotFound, ZipError, OSError, ValueError) as error:
        raise UnreadableFile(f"{path.name}: not a readable xlsx workbook ({error}). Save it again as .xlsx.") from None
    if len(rows) >= ROW_LIMIT:
        raise UnreadableFile(
            f"{path.name}: the sheet is filled to its limit of {ROW_LIMIT:,} rows and may be cut. Send it as csv."
        )
    texts = [[_text(c) for c in row] for row in rows]
    first = next((i for i, row in enumerate(texts) if any(c.strip() for c in row)), None)
    if first is None:
        raise UnreadableFile(f"{path.name}: the first sheet is empty, not even a header. Send the file again.")
    header = texts[first]
    width = max(i for i, title in enumerate(header, start=1) if title.strip())
    mapping, unknown = match_header(contract, header[:width], path.name)
    kept = [(i, row) for i, row in enumerate(texts[first + 1 :], start=first + 2) if any(c.strip() for c in row)]
    wide = [any(c.strip() for c in row[width:]) for _, row in kept]
    table = pa.table(
        [
            pa.array([i for i, _ in kept], pa.int64()),
            pa.array([json.dumps(row, ensure_ascii=False) for _, row in kept], pa.string()),
            pa.array([row[:width] for _, row in kept], pa.list_(pa.string())),
            pa.array(wide, pa.bool_()),
        ],
        names=["line", "raw", "fields", "malformed"],
    )
    return OpenedFile(path, "xlsx", header[:width], mapping, Rows(table), "", unknown)
