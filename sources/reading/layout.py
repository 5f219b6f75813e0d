"""What every format gives: an opened file, its header matched to the contract, and rows of text columns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sources.contract import Contract, header_key
from sources.errors import UnreadableFile

TYPED = "e0"  # ends a fraction that was typed as a number: its point is no thousands sign
SHEET_ROWS = 1 << 20  # a sheet has no more rows
FURTHER_SHEETS = 1 << 26  # lines from here on are of sheets after the first that was read
MOST_SHEETS = 64
RESEMBLES = 0.7  # how alike two titles must be to be named together
COMPARED, SHOWN_TITLES, SHOWN_LETTERS = 200, 40, 60
VALUE = re.compile(r"[0-9]{4}")  # titles have no such number; rows of people do


@dataclass(frozen=True)
class Rows:
    """Some records of a file: the line each starts on, and its fields as text.

    ``columns`` follow the contract's order, ``None`` for a column the file lacks; ``columns`` itself is
    ``None`` where the lines are malformed; ``fields`` then says how many each has, where that is what is wrong.
    ``raw`` is ``None`` where the format has no text of its own. A line of a workbook's further sheet is ``line_of``
    that sheet.
    """

    lines: npt.NDArray[np.int64]
    columns: Sequence[pa.Array | None] | None
    raw: pa.Array | None = None
    fields: Sequence[int] | None = None
    width: int | None = None  # of their header


def line_of(sheet: int, row: int) -> int:
    """The number by which a row of a workbook goes; of the first sheet that was read (0) it is the row's own."""
    return row if sheet == 0 else FURTHER_SHEETS + (sheet - 1) * SHEET_ROWS + row


def row_of(line: int) -> int:
    """The row of its sheet that a line of ``line_of`` is; of all other lines the line itself."""
    return (line - 1) % SHEET_ROWS + 1 if line > FURTHER_SHEETS else line


@dataclass(frozen=True)
class Notice:
    """Something about a file that its agency should know: a code of ``feedback.yaml``, and what it is about."""

    code: str
    about: str


class Reader(Protocol):
    """One way to give the records of an opened file."""

    def rows(self) -> Iterator[Rows]:
        """Records in file order; raises ``UnreadableFile`` where the file turns out to be broken."""
        ...

    def raw(self, lines: Sequence[int]) -> list[str]:
        """The rows on ``lines`` (ascending) as text, for formats whose ``rows`` carry none."""
        ...


@dataclass(frozen=True)
class UnknownColumn:
    """A title that is not in the contract, and the contract's column it resembles, if any."""

    title: str
    resembles: str | None


@dataclass(frozen=True)
class Header:
    """Per contract column the position of its field (from 0, ``None`` if absent), and what nobody asked for."""

    width: int
    positions: tuple[int | None, ...]
    unknown: list[UnknownColumn]


@dataclass
class OpenedFile:
    """A file found whole, with its header matched to the contract. ``sheets`` are those of a workbook that are read."""

    path: Path
    format: str
    reader: Reader
    unknown_columns: list[UnknownColumn] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    sheets: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name, in NFC as names are compared."""
        return unicodedata.normalize("NFC", self.path.name)


def known_titles(contract: Contract) -> dict[str, str]:
    """Contract column by every header that means it, as ``header_key`` writes it."""
    return {header_key(name): c.name for c in contract.columns for name in (c.name, *c.aliases)}


def _alike(one: str, other: str) -> float:
    """How alike two titles are, from 0 to 1: by their letters in order, or since one begins like the other."""
    begin = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    if begin >= 4 and (share := 0.9 * begin / min(len(one), len(other))) >= RESEMBLES:
        return share
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < RESEMBLES or matcher.quick_ratio() < RESEMBLES:
        return 0.0
    return matcher.ratio()


def unknown_columns(contract: Contract, titles: Iterable[str], found: Iterable[str]) -> list[UnknownColumn]:
    """Titles that mean no column, each with the column it resembles; columns that were not ``found`` come first."""
    wanted, there = known_titles(contract), set(found)
    unknown = []
    for number, title in enumerate(titles):
        key = header_key(title)
        scores = [
            (name not in there, score, name)
            for known, name in (wanted.items() if number < COMPARED else ())
            if (score := _alike(key, known)) >= RESEMBLES
        ]
        unknown.append(UnknownColumn(" ".join(title.split()), max(scores)[2] if scores else None))
    return unknown


def titles_found(titles: Sequence[str], known: Iterable[str]) -> str:
    """The titles as a message may show them: not if they look like somebody's row instead of a header."""
    written = [" ".join(t.split()) for t in titles if t.strip()]
    if not {header_key(t) for t in written} & set(known) and any(VALUE.search(t) for t in written):
        return f"the line has {len(titles)} fields and looks like values, not titles; is the header missing?"
    shown = [t if len(t) <= SHOWN_LETTERS else t[:SHOWN_LETTERS] + "…" for t in written[:SHOWN_TITLES]]
    more = f" and {len(written) - SHOWN_TITLES} more" if len(written) > SHOWN_TITLES else ""
    return f"titles found: {', '.join(shown) or 'none'}{more}"


def _missing(contract: Contract, names: Sequence[str], titles: Sequence[str]) -> str:
    """The missing columns, each with the title that may be meant."""
    wanted = known_titles(contract)
    free = [t for t in titles if t.strip() and header_key(t) not in wanted and not VALUE.search(t)][:COMPARED]
    told = []
    for name in names:
        keys = [key for key, column in wanted.items() if column == name]
        scores = [(max(_alike(header_key(t), key) for key in keys), " ".join(t.split())) for t in free]
        score, closest = max(scores, default=(0.0, ""))
        told.append(f"{name} (closest: {closest})" if score >= RESEMBLES else name)
    return ", ".join(told)


def has_required(contract: Contract, titles: Sequence[str]) -> bool:
    """Whether a row holds a title of every required column."""
    wanted = known_titles(contract)
    found = {wanted.get(header_key(title)) for title in titles if title.strip()}
    return all(c.name in found for c in contract.columns if c.required)


def known_among(contract: Contract, titles: Sequence[str]) -> int:
    """How many of the titles the contract knows."""
    wanted = known_titles(contract)
    return sum(header_key(title) in wanted for title in titles if title.strip())


def match_header(contract: Contract, titles: Sequence[str], place: str) -> Header:
    """Match titles to the contract's names and aliases, whatever their case and Vietnamese diacritics.

    ``place`` says where they stand: file, sheet, line. Raises ``UnreadableFile`` naming every missing required or
    doubled column, the titles found, and the closest of them (SPEC §1).
    """
    wanted = known_titles(contract)
    found: dict[str, int] = {}
    unknown: list[str] = []
    doubled: list[str] = []
    for position, title in enumerate(titles):
        name = wanted.get(header_key(title))
        if name is None:
            if title.strip():
                unknown.append(title)
        elif name in found:
            doubled.append(name)
        else:
            found[name] = position
    missing = [c.name for c in contract.columns if c.required and c.name not in found]
    if missing or doubled:
        parts = []
        if missing:
            parts.append(f"required column(s) missing: {_missing(contract, missing, titles)}")
        if doubled:
            parts.append(f"column(s) given more than once: {', '.join(dict.fromkeys(doubled))}")
        if missing:
            parts.append(titles_found(titles, wanted))
        raise UnreadableFile(f"{place}: {'; '.join(parts)}. Send the file again with these headers.")
    positions = tuple(found.get(c.name) for c in contract.columns)
    return Header(len(titles), positions, unknown_columns(contract, unknown, found))
