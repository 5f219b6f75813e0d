"""Delimited text (RFC 4180). Well-formed blocks are split by Arrow; oddly quoted ones row by row.

A block is a run of whole records. Its record ends, field counts and line numbers are found in one go
with numpy, so that malformed and blank lines can be taken out before Arrow splits the rest.
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

from sources.contract import Contract, header_key
from sources.errors import UnreadableFile
from sources.reading.layout import Header, OpenedFile, Rows, known_titles, match_header
from sources.reading.text import BOM, CHUNK, LONGEST_LINE, as_strings, head_of, line_ends, open_bytes

DELIMITERS = (",", ";", "\t", "|")
QUOTE, NEWLINE, RETURN = 34, 10, 13
ROWS = 50_000
LONE_RETURN = re.compile(r"\r(?!\n|\Z)")

Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def open_delimited(path: Path, contract: Contract) -> OpenedFile:
    """Open delimited text: the delimiter is the one that makes most of the contract's headers appear."""
    lines = io.StringIO(head_of(path), newline="\n").readlines()
    blank = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    if blank == len(lines):
        raise UnreadableFile(f"{path.name}: empty, not even a header. Send the file again.")
    first = lines[blank].rstrip("\r\n")
    if "\r" in first and '"' not in first:
        raise UnreadableFile(
            f"{path.name}, line {blank + 1}: lines end in CR alone. Save it with line ends LF or CRLF."
        )
    names = known_titles(contract)

    def titles(delimiter: str) -> tuple[list[str], int]:
        reader = csv.reader(lines[blank:], delimiter=delimiter, strict=True)
        try:
            return next(reader), reader.line_num
        except (csv.Error, StopIteration):
            return [], 0

    candidates = {d: titles(d) for d in DELIMITERS}
    delimiter = max(
        DELIMITERS,
        key=lambda d: (
            sum(header_key(t) in names for t in candidates[d][0]),
            len(candidates[d][0]),
            -DELIMITERS.index(d),
        ),
    )
    header, length = candidates[delimiter]
    if not header:
        raise UnreadableFile(
            f"{path.name}, line {blank + 1}: the header's quotes do not close. Mend the line and send the file again."
        )
    matched = match_header(contract, header, path.name, blank + 1)
    return OpenedFile(path, "csv", Delimited(path, delimiter, matched, blank + length), matched.unknown)


@dataclass(frozen=True)
class _Records:
    """Where the records of a block lie: ``ends`` just after each, ``fields`` how many each has."""

    ends: Positions
    fields: Positions
    lines: Positions
    quoted: bool

    @property
    def starts(self) -> Positions:
        """Where each record begins."""
        starts = np.zeros_like(self.ends)
        starts[1:] = self.ends[:-1]
        return starts


def _find_records(block: bytes, delimiter: int, final: bool) -> _Records | None:
    """The whole records of ``block``, or ``None`` if its quotes do not follow RFC 4180."""
    data = np.frombuffer(block, dtype=np.uint8)
    newlines = line_ends(block, final)
    delimiters = np.flatnonzero(data == delimiter)
    ends = newlines
    quotes = np.flatnonzero(data == QUOTE) if b'"' in block else np.empty(0, dtype=np.int64)
    if quotes.size:
        ends = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
        length = int(ends[-1]) if ends.size else 0
        quotes = quotes[: np.searchsorted(quotes, length)]
        if (final and length < len(block)) or not _well_quoted(data[:length], quotes, delimiter):
            return None
        delimiters = delimiters[np.searchsorted(quotes, delimiters) % 2 == 0]
    fields = np.diff(np.searchsorted(delimiters, ends), prepend=0) + 1
    starts = np.concatenate([np.zeros(1, dtype=np.int64), ends[:-1]]) if ends.size else ends
    lines = np.searchsorted(newlines, starts, side="right") if quotes.size else np.arange(len(ends))
    return _Records(ends, fields, lines, bool(quotes.size))


def _well_quoted(data: npt.NDArray[np.uint8], quotes: Positions, delimiter: int) -> bool:
    """Whether every quote opens at a field's start, closes at its end, or is doubled inside it."""
    opening, closing = quotes[0::2], quotes[1::2]
    before = data[opening[opening > 0] - 1]
    if not np.isin(before, (delimiter, NEWLINE, QUOTE)).all():
        return False
    closing = closing[closing + 1 < len(data)]
    after = data[closing + 1]
    if not np.isin(after, (delimiter, NEWLINE, RETURN, QUOTE)).all():
        return False
    returns = closing[after == RETURN] + 2
    return bool((data[returns[returns < len(data)]] == NEWLINE).all())


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
                records = _find_records(block, ord(self.delimiter), final)
                if records is None:
                    line = yield from self._one_by_one(block + stream.readline(), stream, line)
                    rest = b""
                    continue
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

    def _split(self, block: bytes, records: _Records, first_line: int) -> Iterator[Rows]:
        blank = self._blank(block, records)
        right = (records.fields == self.header.width) & ~blank
        wrong = ~right & ~blank
        lines, raw = records.lines + first_line, as_strings(block, records.ends)
        if right.any():
            data = np.frombuffer(_without_lone_returns(block), dtype=np.uint8)  # as long as the block
            if not right.all():
                data = data[np.repeat(right, np.diff(records.ends, prepend=0))]
                raw_right = raw.filter(pa.array(right))
            else:
                raw_right = raw
            yield Rows(lines[right], self._columns(data, records.quoted, int(right.sum())), raw_right)
        if wrong.any():
            yield Rows(lines[wrong], None, raw.filter(pa.array(wrong)))

    def _blank(self, block: bytes, records: _Records) -> Mask:
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
                yield LONE_RETURN.sub(" ", text) if "\r" in text.removesuffix("\r\n") else text

        csv.field_size_limit(LONGEST_LINE)
        reader = csv.reader(texts(), delimiter=self.delimiter, strict=True)
        good: list[list[str]] = []
        numbers: tuple[list[int], list[int]] = ([], [])
        raws: tuple[list[str], list[str]] = ([], [])
        while waiting:
            taken.clear()
            start = line + reader.line_num
            row: list[str] = []
            try:
                row = next(reader)
            except csv.Error as error:
                if "unexpected end of data" in str(error) or "field larger" in str(error):
                    self._too_long(b'"', start)
            text = "".join(taken)
            if not text.strip():
                continue
            wrong = len(row) != self.header.width
            numbers[wrong].append(start)
            raws[wrong].append(text)
            if not wrong:
                good.append(row)
            if len(numbers[0]) + len(numbers[1]) == ROWS:
                yield from self._gathered(good, numbers, raws)
                good, numbers, raws = [], ([], []), ([], [])
        yield from self._gathered(good, numbers, raws)
        return line + reader.line_num

    def _gathered(
        self, good: list[list[str]], numbers: tuple[list[int], list[int]], raws: tuple[list[str], list[str]]
    ) -> Iterator[Rows]:
        if good:
            fields = list(zip(*good, strict=True))
            columns = [None if p is None else pa.array(fields[p], pa.string()) for p in self.header.positions]
            yield Rows(np.array(numbers[0], dtype=np.int64), columns, pa.array(raws[0], pa.string()))
        if numbers[1]:
            yield Rows(np.array(numbers[1], dtype=np.int64), None, pa.array(raws[1], pa.string()))


def _without_lone_returns(block: bytes) -> bytes:
    """A CR that ends no line is white space; Arrow would end the line there."""
    if b"\r" not in block or block.count(b"\r") == block.count(b"\r\n"):
        return block
    return re.sub(rb"\r(?!\n|\Z)", b" ", block)
