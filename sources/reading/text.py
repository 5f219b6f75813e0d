"""Delimited text and JSON lines, plain or gzipped: UTF-8, physical lines numbered from 1."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa

from sources.contract import Contract, header_key
from sources.errors import UnreadableFile
from sources.reading.layout import RECORDS, OpenedFile, match_header

CHUNK = 8 << 20
DELIMITERS = (",", ";", "\t", "|")
BOM = b"\xef\xbb\xbf"
FIELD_LIMIT = 1 << 24  # a longer field is a quote that never closes
ROWS = 50_000


def open_bytes(path: Path) -> IO[bytes]:
    """The file's text as bytes, decompressed if its name ends in .gz."""
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")


@dataclass(frozen=True)
class TextFacts:
    """What one pass over the bytes shows: its first lines, and whether any quote occurs."""

    head: str
    quoted: bool


def examine(path: Path) -> TextFacts:
    """Read the file through once; raises ``UnreadableFile`` if it is cut, mislabelled or not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    quoted = False
    head = ""
    line = 1
    try:
        with open_bytes(path) as stream:
            first = True
            while chunk := stream.read(CHUNK):
                if b"\x00" in chunk:
                    raise UnreadableFile(
                        f"{path.name}: holds NUL bytes, so it is not UTF-8 text (a spreadsheet, an archive"
                        " or UTF-16?). Save it as UTF-8 text or with its right extension."
                    )
                quoted = quoted or b'"' in chunk
                try:
                    text = decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    line += chunk[: error.start].count(b"\n")
                    raise UnreadableFile(
                        f"{path.name}, line {line}: not valid UTF-8 (byte 0x{error.object[error.start]:02x})."
                        " Save it as UTF-8 and send it again."
                    ) from None
                line += chunk.count(b"\n")
                if first:
                    head, first = text.removeprefix("\ufeff")[: 1 << 20], False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise UnreadableFile(f"{path.name}: ends in the middle of a character: it was cut. Send it again.") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableFile(f"{path.name}: not a whole gzip file ({error}). Send it again.") from None
    return TextFacts(head, quoted)


@dataclass
class Lines:
    """Physical lines as records, found with numpy; SQL splits them. For text without quotes, and JSON lines."""

    path: Path
    skip_to: int = 1

    def batches(self, file_ref: int) -> Iterator[pa.RecordBatch]:
        """One record a physical line from line ``skip_to`` on, line ends kept in ``raw``."""
        number = 1
        rest = b""
        with open_bytes(self.path) as stream:
            first = True
            while True:
                chunk = stream.read(CHUNK)
                block = rest + chunk
                if first:
                    block, first = block.removeprefix(BOM), False
                cut = block.rfind(b"\n") + 1 if chunk else len(block)
                block, rest = block[:cut], block[cut:]
                if block:
                    batch, number = self._batch(block, number, file_ref)
                    yield batch
                if not chunk:
                    return

    def _batch(self, block: bytes, number: int, file_ref: int) -> tuple[pa.RecordBatch, int]:
        ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == 10).astype(np.int32) + 1
        if not len(ends) or ends[-1] != len(block):
            ends = np.append(ends, np.int32(len(block)))
        offsets = np.concatenate([np.zeros(1, dtype=np.int32), ends.astype(np.int32)])
        count = len(ends)
        raw = pa.StringArray.from_buffers(count, pa.py_buffer(offsets.tobytes()), pa.py_buffer(block))
        numbers = np.arange(number, number + count, dtype=np.int64)
        batch = pa.record_batch(
            [
                pa.array(np.full(count, file_ref, dtype=np.int32)),
                pa.array(numbers),
                raw,
                pa.nulls(count, RECORDS.field("fields").type),
                pa.nulls(count, pa.bool_()),
            ],
            schema=RECORDS,
        )
        if number < self.skip_to:
            batch = batch.slice(self.skip_to - number)
        return batch, number + count


@dataclass
class QuotedRows:
    """Delimited text with quotes (RFC 4180), where a record may span lines."""

    path: Path
    delimiter: str
    width: int
    header_records: int = 1

    def batches(self, file_ref: int) -> Iterator[pa.RecordBatch]:
        """One record a logical row; raises ``UnreadableFile`` for a quote that never closes."""
        taken: list[str] = []

        def lines(stream: io.TextIOWrapper) -> Iterator[str]:
            for text in stream:
                taken.append(text)
                yield text

        csv.field_size_limit(FIELD_LIMIT)
        with io.TextIOWrapper(open_bytes(self.path), encoding="utf-8-sig", newline="") as stream:
            rows = csv.reader(lines(stream), delimiter=self.delimiter, strict=True)
            line, seen = 1, 0
            numbers: list[int] = []
            raws: list[str] = []
            fields: list[list[str] | None] = []
            malformed: list[bool] = []
            while True:
                taken.clear()
                row: list[str] | None
                try:
                    row = next(rows)
                except StopIteration:
                    break
                except csv.Error as error:
                    if "unexpected end of data" in str(error) or "field larger" in str(error):
                        raise UnreadableFile(
                            f"{self.path.name}, line {line}: a quote opens here and never closes."
                            " Mend the line and send the file again."
                        ) from None
                    row = None
                start, line = line, rows.line_num + 1
                if row is not None and not "".join(row).strip() and len(row) <= 1:
                    continue
                seen += 1
                if seen <= self.header_records:
                    continue
                numbers.append(start)
                raws.append("".join(taken))
                wrong = row is None or len(row) != self.width
                fields.append(None if wrong else row)
                malformed.append(wrong)
                if len(numbers) == ROWS:
                    yield _records(file_ref, numbers, raws, fields, malformed)
                    numbers, raws, fields, malformed = [], [], [], []
            if numbers:
                yield _records(file_ref, numbers, raws, fields, malformed)


def _records(
    file_ref: int, lines: list[int], raws: list[str], fields: list[list[str] | None], malformed: list[bool]
) -> pa.RecordBatch:
    return pa.record_batch([[file_ref] * len(lines), lines, raws, fields, malformed], schema=RECORDS)


def _first_line(head: str) -> tuple[str, int]:
    """The first line that is not blank, and its number."""
    for number, line in enumerate(head.splitlines(), start=1):
        if line.strip():
            return line, number
    return "", 1


def open_delimited(path: Path, contract: Contract) -> OpenedFile:
    """Open delimited text: the delimiter is the one that makes most of the contract's headers appear."""
    facts = examine(path)
    line, number = _first_line(facts.head)
    names = {header_key(n) for c in contract.columns for n in (c.name, *c.aliases)}

    def titles(delimiter: str) -> list[str]:
        try:
            return next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            return []

    delimiter = max(
        DELIMITERS, key=lambda d: (sum(header_key(t) in names for t in titles(d)), len(titles(d)), -DELIMITERS.index(d))
    )
    header = titles(delimiter)
    if not line:
        raise UnreadableFile(f"{path.name}: empty, not even a header. Send the file again.")
    mapping, unknown = match_header(contract, header, path.name)
    reader = QuotedRows(path, delimiter, len(header)) if facts.quoted else Lines(path, number + 1)
    return OpenedFile(path, "csv", header, mapping, reader, "" if facts.quoted else delimiter, unknown)


def open_json_lines(path: Path) -> Lines:
    """Open JSON lines; keys are found and matched in SQL, since each record may have its own."""
    examine(path)
    return Lines(path)
