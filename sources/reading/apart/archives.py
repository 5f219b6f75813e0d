"""What a file says of its own size before anything of it is read, and what an archive holds instead of rows."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sources.errors import UnreadableFile
from sources.reading.limits import MB, Limits

CHUNK = 4 << 20
MOST_PARTS = 10_000
DENSE = 40  # a sheet's XML is packed to a twelfth; text of one letter to a thousandth
MARKUP = ord("<")


def check_before(path: Path, limits: Limits) -> None:
    """Raise ``UnreadableFile`` for a workbook or Parquet file that says, or hides, that it is beyond a limit.

    What is wrong with it otherwise is for its reader to say. Text files are metered as they are read.
    """
    name = path.name.lower()
    limits.check_size(path.name, path.stat().st_size)
    if name.endswith(".parquet"):
        try:
            facts = pq.read_metadata(path)
        except (pa.ArrowException, OSError, ValueError):
            return
        limits.check_rows(path.name, facts.num_rows)
        limits.check_columns(path.name, facts.num_columns)
        _check_dictionaries(path, facts, limits)
    elif name.endswith(".xlsx"):
        try:
            _check_workbook(path, limits)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError, LookupError,
                RuntimeError):  # fmt: skip
            return


def _check_dictionaries(path: Path, facts: pq.FileMetaData, limits: Limits) -> None:
    """A text in a dictionary stands in the file once and in the table as often as a row says so."""
    size = 0
    try:
        for group in range(facts.num_row_groups):
            for number in range(facts.num_columns):
                chunk = facts.row_group(group).column(number)
                # what could unpack to a tenth of what a file may, were all its values as long as all it holds
                most = chunk.num_values * chunk.total_uncompressed_size
                if chunk.physical_type == "BYTE_ARRAY" and most > limits.inflated_mb * MB / 10:
                    size += _size_of_texts(path, group, chunk, limits)
                    limits.check_inflated(path.name, size)
    except (pa.ArrowException, OSError, ValueError, IndexError):
        return


def _size_of_texts(path: Path, group: int, chunk: pq.ColumnChunkMetaData, limits: Limits) -> int:
    """Bytes of a column's texts in one group, 0 if they are certainly few: looked up, not unpacked."""
    name, size = chunk.path_in_schema, 0
    with pq.ParquetFile(path, read_dictionary=[name]) as file:
        for rows in (1, CHUNK):
            for batch in file.iter_batches(rows, row_groups=[group], columns=[name], use_threads=False):
                texts = batch.column(0)
                if not isinstance(texts, pa.DictionaryArray):
                    return 0
                lengths = pc.binary_length(texts.dictionary)
                longest = pc.max(lengths).as_py() or 0
                if longest > limits.cell_bytes:
                    raise limits.cell_too_long(f"{path.name}, column {name}"[:300], longest)
                if rows == 1:
                    if longest * chunk.num_values <= limits.inflated_mb * MB / 10:
                        return 0
                    break
                size += pc.sum(lengths.take(texts.indices)).as_py() or 0
    return size


def _check_workbook(path: Path, limits: Limits) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if len(parts) > MOST_PARTS:
            raise UnreadableFile(
                f"{path.name}: an archive of {len(parts):,} parts, which no workbook has. Save it again as .xlsx."
            )
        limits.check_inflated(path.name, sum(part.file_size for part in parts))
        for part in parts:
            if part.file_size > DENSE * max(part.compress_size, 1) and part.file_size > limits.cell_bytes:
                with archive.open(part) as stream:
                    longest = _longest_text(stream)
                if longest > 10 * limits.cell_bytes:  # a letter may be written in ten bytes
                    raise limits.cell_too_long(f"{path.name}, part {part.filename!a}"[:300], longest)


def _longest_text(stream: IO[bytes]) -> int:
    """The longest run of bytes without markup in a stream of XML."""
    longest = run = 0
    while chunk := stream.read(CHUNK):
        marks = np.flatnonzero(np.frombuffer(chunk, dtype=np.uint8) == MARKUP)
        if marks.size == 0:
            run += len(chunk)
        else:
            longest = max(longest, run + int(marks[0]), int(np.diff(marks).max(initial=0)))
            run = len(chunk) - int(marks[-1])
        longest = max(longest, run)
    return longest
