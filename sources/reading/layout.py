"""What every format gives: an opened file, its header matched to the contract, and rows of text columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sources.contract import Contract, header_key
from sources.errors import UnreadableFile


@dataclass(frozen=True)
class Rows:
    """Some records of a file: the line each starts on, and its fields as text.

    ``columns`` follow the contract's order, ``None`` for a column the file lacks; ``columns`` itself is
    ``None`` where the lines are malformed. ``raw`` is ``None`` where the format has no text of its own.
    """

    lines: npt.NDArray[np.int64]
    columns: Sequence[pa.Array | None] | None
    raw: pa.Array | None = None


class Reader(Protocol):
    """One way to give the records of an opened file."""

    def rows(self) -> Iterator[Rows]:
        """Records in file order; raises ``UnreadableFile`` where the file turns out to be broken."""
        ...

    def raw(self, lines: Sequence[int]) -> list[str]:
        """The rows on ``lines`` (ascending) as text, for formats whose ``rows`` carry none."""
        ...


@dataclass
class OpenedFile:
    """A file found whole, with its header matched to the contract."""

    path: Path
    format: str
    reader: Reader
    unknown_columns: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Header:
    """Per contract column the position of its field (from 0, ``None`` if absent), and what nobody asked for."""

    width: int
    positions: tuple[int | None, ...]
    unknown: list[str]


def known_titles(contract: Contract) -> dict[str, str]:
    """Contract column by every header that means it, as ``header_key`` writes it."""
    return {header_key(name): c.name for c in contract.columns for name in (c.name, *c.aliases)}


def match_header(contract: Contract, titles: Sequence[str], file: str, line: int = 1) -> Header:
    """Match titles to the contract's names and aliases, whatever their case and Vietnamese diacritics.

    Raises ``UnreadableFile`` naming every missing required or doubled column.
    """
    wanted = known_titles(contract)
    found: dict[str, int] = {}
    unknown: list[str] = []
    doubled: list[str] = []
    for position, title in enumerate(titles):
        name = wanted.get(header_key(title))
        if name is None:
            if title.strip():
                unknown.append(" ".join(title.split()))
        elif name in found:
            doubled.append(name)
        else:
            found[name] = position
    missing = [c.name for c in contract.columns if c.required and c.name not in found]
    if missing or doubled:
        parts = []
        if missing:
            parts.append(f"required column(s) missing: {', '.join(missing)}")
        if doubled:
            parts.append(f"column(s) given more than once: {', '.join(dict.fromkeys(doubled))}")
        raise UnreadableFile(
            f"{file}, line {line}: {'; '.join(parts)}. Send the file again with these headers."
        )
    return Header(len(titles), tuple(found.get(c.name) for c in contract.columns), unknown)
