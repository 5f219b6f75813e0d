"""Delimited text (RFC 4180). Well-formed blocks are split by Arrow; oddly quoted ones row by row.

A block is a run of whole records. Its record ends, field counts and line numbers are found in one go
with numpy, so that malformed and blank lines can be taken out before Arrow splits the rest. A record of several
lines that is malformed, or that looks as if a stray quote had swallowed whole lines, is read again line by line.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as arrow_csv

from sources.characters import visible
from sources.contract import Contract
from sources.errors import UnreadableFile
from sources.reading.layout import Header, OpenedFile, Rows, known_among, match_header
from sources.reading.records import (
    LONE_RETURN,
    NEWLINE,
    RETURN,
    Mask,
    Records,
    find_records,
    without_lone_returns,
)
from sources.reading.text import BOM, CHUNK, LONGEST_LINE, as_strings, head_of, open_bytes

DELIMITERS = (",", ";", "\t", "|")
ROWS = 50_000
INNER_RETURN = re.compile(r"\r(?!\n|\Z)")  # inside quotes, or doubled before an LF: white space
SEP_LINE = re.compile(r'"?sep=(.)"?\1*', re.IGNORECASE)


def open_delimited(path: Path, contract: Contract) -> OpenedFile:
    """Open delimited text: the delimiter is the one that makes most of the contract's headers appear."""
    lines = io.StringIO(head_of(path), newline="\n").readlines()
    blank = _next_filled(lines, 0)
    stated = SEP_LINE.fullmatch(lines[blank].rstrip("\r\n")) if blank < len(lines) else None
    if stated is not None:
        if stated[1] not in DELIMITERS:
            raise UnreadableFile(
                f"{path.name}, line {blank + 1}: the delimiter it states is not a comma, semicolon, tab or |. Use one of these."
            )
        blank = _next_filled(lines, blank + 1)
    if blank == len(lines):
        raise UnreadableFile(f"{path.name}: empty, not even a header. Send the file again.")
    first = lines[blank].rstrip("\r\n")
    if "\r" in first and '"' not in first:
        raise _lone_return(path, blank + 1)

    def titles(delimiter: str) -> tuple[list[str], int]:
        reader = csv.reader(lines[blank:], delimiter=delimiter, strict=True)
        try:
            return next(reader), reader.line_num
        except (csv.Error, StopIteration):
            return [], 0

    candidates = {d: titles(d) for d in (DELIMITERS if stated is None else stated[1])}
    delimiter = max(
        candidates,
        key=lambda d: (
            known_among(contract, candidates[d][0]),
            len(candidates[d][0]),
            -DELIMITERS.index(d),
        ),
    )
    header, length = candidates[delimiter]
    if not header:
        raise UnreadableFile(
            f"{path.name}, line {blank + 1}: the header's quotes do not close. Mend the line and send the file again."
        )
    matched = match_header(contract, header, f"{path.name}, line {blank + 1}")
    reader = Delimited(path, delimiter, matched, blank + length)
    return OpenedFile(path, "csv", reader, matched.unknown)


def _next_filled(lines: Sequence[str], start: int) -> int:
    """The first line from ``start`` on that holds anything, or how many lines there are."""
    return next((i for i in range(start, len(lines)) if visible(lines[i]).strip()), len(lines))


def _lone_return(path: Path, line: int) -> UnreadableFile:
    return UnreadableFile(
        f"{path.name}, line {line}: lines end in CR alone here. Save the file with line ends LF or CRLF throughout."
    )


@dataclass
class Delimited:
    """The records of an opened delimited file."""

    path: Path
    delimiter: str
    header: Header
    header_lines: int

    def raw(self, lines: Sequence[int]) -> list[str]:
        """Never asked: every row carries its text."""
        raise NotImplementedError

    def rows(self) -> Iterator[Rows]:
        """Records in file order; raises ``UnreadableFile`` for a quote that never closes."""
        line = self.header_lines + 1
        with open_bytes(self.path) as stream:
            rest = self._after_header(stream)
            final = False
            while not final:
                chunk = stream.read(CHUNK)
                block, final = rest + chunk, not chunk
                records = find_records(block, ord(self.delimiter), final)
                if records is None:
                    line = yield from self._one_by_one(block + stream.readline(), stream, line)
                    rest = b""
                    continue
                if records.lone_return is not None:
                    raise _lone_return(self.path, line + block[: records.lone_return].count(b"\n"))
                length = int(records.ends[-1]) if records.ends.size else 0
                if length:
                    yield from self._split(block[:length], records, line)
                line += block[:length].count(b"\n")
                rest = block[length:]
                if len(rest) > LONGEST_LINE:  # a quote inside an unquoted field can look like that
                    if b'"' not in rest:
                        self._too_long(rest, line)
                    line = yield from self._one_by_one(rest + stream.readline(), stream, line)
                    rest = b""

    def _after_header(self, stream: IO[bytes]) -> bytes:
        block = stream.read(CHUNK).removeprefix(BOM)
        start = 0
        for _ in range(self.header_lines):
            end = block.find(b"\n", start)
            start = len(block) if end < 0 else end + 1
        return block[start:]

    def _too_long(self, record: bytes, line: int) -> None:
        what = (
            "a quote opens here and never closes"
            if b'"' in record
            else f"longer than {LONGEST_LINE >> 20} MiB"
        )
        raise UnreadableFile(f"{self.path.name}, line {line}: {what}. Mend the line and send the file again.")

    def _split(self, block: bytes, records: Records, first_line: int) -> Iterator[Rows]:
        blank = self._blank(block, records)
        right = (records.fields == self.header.width) & ~blank
        wrong = ~right & ~blank
        lines, raw, starts = records.lines + first_line, as_strings(block, records.ends), records.starts
        again = _Gathered(self.header)
        for i in np.flatnonzero((records.spans > 1) & ~blank):
            text = block[starts[i] : records.ends[i]].decode()
            if wrong[i] or self._swallows(text):
                right[i] = wrong[i] = False
                self._line_by_line(text, int(lines[i]), again)
        if right.any():
            data = np.frombuffer(without_lone_returns(block), dtype=np.uint8)  # as long as the block
            if not right.all():
                data = data[np.repeat(right, np.diff(records.ends, prepend=0))]
                raw_right = raw.filter(pa.array(right))
            else:
                raw_right = raw
            yield Rows(lines[right], self._columns(data, records.quoted, int(right.sum())), raw_right)
        if wrong.any():
            yield Rows(
                lines[wrong],
                None,
                raw.filter(pa.array(wrong)),
                records.fields[wrong].tolist(),
                self.header.width,
            )
        yield from again.take()

    def _swallows(self, record: str) -> bool:
        """Whether a record of several lines looks like several: two of them have the delimiters of a whole one."""
        needed = max(1, self.header.width - 1)
        return sum(line.count(self.delimiter) >= needed for line in _physical_lines(record)) > 1

    def _line_by_line(self, record: str, first_line: int, found: _Gathered) -> None:
        """Each line of ``record`` on its own: a whole record, or one malformed row (SPEC §1)."""
        for number, text in enumerate(_physical_lines(record), start=first_line):
            if not text.strip():
                continue
            fields = self._fields(text, strict=True)
            if fields is None:
                found.malformed(number, text, len(self._fields(text, strict=False) or ()))
            else:
                found.add(number, text, fields)

    def _fields(self, line: str, strict: bool) -> list[str] | None:
        """The fields of a physical line, ``None`` if its quotes are not in order."""
        text = INNER_RETURN.sub(" ", line).rstrip("\r\n")
        try:
            return next(csv.reader([text], delimiter=self.delimiter, strict=strict), [])
        except csv.Error:
            return None

    def _blank(self, block: bytes, records: Records) -> Mask:
        """Records of white space only. Of the right number of fields only tabs can be."""
        starts = records.starts
        data = np.frombuffer(block, dtype=np.uint8)
        first, second = data[starts], data[np.minimum(starts + 1, len(data) - 1)]
        # line ends alone, of which an archive may hold millions, are not looked at one by one
        blank: Mask = (first == NEWLINE) | ((first == RETURN) & (second == NEWLINE))
        suspects = (records.fields != self.header.width) & ~blank
        if self.delimiter == "\t":
            suspects |= (first <= 0x20) & ~blank
        for i in np.flatnonzero(suspects):
            blank[i] = not block[starts[i] : records.ends[i]].decode().strip()
        return blank

    def _columns(self, data: npt.NDArray[np.uint8], quoted: bool, count: int) -> list[pa.Array | None]:
        positions = self.header.positions
        wanted = [f"f{p}" for p in positions if p is not None]
        table = arrow_csv.read_csv(
            pa.py_buffer(data),
            arrow_csv.ReadOptions(
                use_threads=False,
                block_size=len(data) + 1,
                column_names=[f"f{i}" for i in range(self.header.width)],
            ),
            arrow_csv.ParseOptions(
                delimiter=self.delimiter,
                quote_char='"' if quoted else False,
                newlines_in_values=quoted,
                ignore_empty_lines=False,
            ),
            arrow_csv.ConvertOptions(
                column_types={name: pa.string() for name in wanted},
                include_columns=wanted,
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
        if table.num_rows != count:  # would shift every row: never seen, never to be passed on
            raise UnreadableFile(f"{self.path.name}: {count} lines were split into {table.num_rows} rows.")
        return [None if p is None else table.column(f"f{p}").combine_chunks() for p in positions]

    def _one_by_one(self, block: bytes, stream: IO[bytes], line: int) -> Generator[Rows, None, int]:
        """The lenient way: a quote inside an unquoted field is a character like any other.

        Takes the records that start in ``block``, whole lines, and from ``stream`` what the last of them
        still needs; returns the number of the line after them.
        """
        waiting = deque(io.BytesIO(block))
        taken: list[str] = []

        def texts() -> Iterator[str]:
            while data := waiting.popleft() if waiting else stream.readline():
                text = data.decode()
                taken.append(text)
                yield INNER_RETURN.sub(" ", text) if "\r" in text.removesuffix("\r\n") else text

        csv.field_size_limit(LONGEST_LINE)
        reader = csv.reader(texts(), delimiter=self.delimiter, strict=True)
        found = _Gathered(self.header)
        while waiting:
            taken.clear()
            start = line + reader.line_num
            row: list[str] | None = None
            try:
                row = next(reader)
            except csv.Error as error:
                if "unexpected end of data" in str(error) or "field larger" in str(error):
                    self._too_long(b'"', start)
            text = "".join(taken)
            self._no_lone_return(text, start)
            if not text.strip():
                continue
            if len(taken) > 1 and (row is None or len(row) != self.header.width or self._swallows(text)):
                self._line_by_line(text, start, found)
            elif row is None:
                found.malformed(start, text, len(self._fields(text, strict=False) or ()))
            else:
                found.add(start, text, row)
            if found.count >= ROWS:
                yield from found.take()
        yield from found.take()
        return line + reader.line_num

    def _no_lone_return(self, record: str, line: int) -> None:
        if "\r" in record:
            for found in LONE_RETURN.finditer(record):
                before = record[: found.start()]
                if before.count('"') % 2 == 0:
                    raise _lone_return(self.path, line + before.count("\n"))


class _Gathered:
    """Records gathered one by one, whole ones and malformed ones."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._whole: list[tuple[int, str, list[str]]] = []
        self._wrong: list[tuple[int, str, int]] = []

    @property
    def count(self) -> int:
        return len(self._whole) + len(self._wrong)

    def add(self, line: int, text: str, fields: list[str]) -> None:
        """Take in a record, malformed if it has not the header's number of fields."""
        if len(fields) == self._header.width:
            self._whole.append((line, text, fields))
        else:
            self.malformed(line, text, len(fields))

    def malformed(self, line: int, text: str, fields: int) -> None:
        """Take in a line that is no record."""
        self._wrong.append((line, text, fields))

    def take(self) -> Iterator[Rows]:
        """What was gathered, which is then forgotten."""
        whole, wrong = self._whole, self._wrong
        self._whole, self._wrong = [], []
        if whole:
            lines, texts, rows = zip(*whole, strict=True)
            fields = list(zip(*rows, strict=True))
            columns = [
                None if p is None else pa.array(fields[p], pa.string()) for p in self._header.positions
            ]
            yield Rows(np.array(lines, dtype=np.int64), columns, pa.array(texts, pa.string()))
        if wrong:
            lines, texts, counts = zip(*wrong, strict=True)
            yield Rows(
                np.array(lines, dtype=np.int64),
                None,
                pa.array(texts, pa.string()),
                counts,
                self._header.width,
            )


def _physical_lines(record: str) -> list[str]:
    return io.StringIO(record, newline="\n").readlines()
