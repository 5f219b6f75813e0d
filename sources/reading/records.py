"""Where the records of a block of delimited text end, and how many fields each has, found in one go with numpy."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sources.reading.text import line_ends

QUOTE, NEWLINE, RETURN = 34, 10, 13
LONE_RETURN = re.compile(r"\r(?!\r*(?:\n|\Z))")  # outside quotes: a line end that is none

Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Records:
    """Where the records of a block lie: ``ends`` just after each, ``fields`` how many each has."""

    ends: Positions
    fields: Positions
    lines: Positions
    spans: Positions  # how many physical lines each has
    quoted: bool
    lone_return: int | None  # where a CR outside quotes ends no line

    @property
    def starts(self) -> Positions:
        """Where each record begins."""
        starts = np.zeros_like(self.ends)
        starts[1:] = self.ends[:-1]
        return starts


def find_records(block: bytes, delimiter: int, final: bool) -> Records | None:
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
    spans = np.searchsorted(newlines, ends, side="right") - lines
    lone = _lone_returns(block, data, int(ends[-1]) if ends.size else 0)
    lone = lone[np.searchsorted(quotes, lone) % 2 == 0]
    return Records(ends, fields, lines, spans, bool(quotes.size), int(lone[0]) if lone.size else None)


def _lone_returns(block: bytes, data: npt.NDArray[np.uint8], length: int) -> Positions:
    """Where a CR is neither part of a line end nor the last of the text, in the first ``length`` bytes."""
    if b"\r" not in block or block.count(b"\r") == block.count(b"\r\n"):
        return np.empty(0, dtype=np.int64)
    returns: Positions = np.flatnonzero(data[: max(0, length - 1)] == RETURN)
    return returns[~np.isin(data[returns + 1], (NEWLINE, RETURN))]


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


def without_lone_returns(block: bytes) -> bytes:
    """A CR that ends no line is white space; Arrow would end the line there."""
    if b"\r" not in block or block.count(b"\r") == block.count(b"\r\n"):
        return block
    return re.sub(rb"\r(?!\n|\Z)", b" ", block)
