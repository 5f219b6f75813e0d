"""An opened file: its format, its header, and how its fields map to the contract's columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from sources.contract import Contract, header_key
from sources.errors import UnreadableFile

ABSENT = 30_000  # a field position that no file has: the column is missing and reads as null

RECORDS = pa.schema(
    [
        ("file_ref", pa.int32()),
        ("line", pa.int64()),
        ("raw", pa.string()),
        ("fields", pa.list_(pa.string())),
        ("malformed", pa.bool_()),
    ]
)


class Reader(Protocol):
    """One way to give the records of an opened file."""

    def batches(self, file_ref: int) -> Iterator[pa.RecordBatch]:
        """Records in file order, shaped as ``RECORDS``; ``fields`` null where SQL splits ``raw``."""
        ...


@dataclass
class OpenedFile:
    """A file found whole, with its header matched to the contract.

    ``mapping`` holds, per contract column, the 1-based position of its field (``ABSENT`` if the file
    lacks the column); ``split_by`` the delimiter if SQL is to split ``raw``, else empty.
    """

    path: Path
    format: str
    header: list[str]
    mapping: list[int]
    reader: Reader | None
    split_by: str = ""
    unknown_columns: list[str] = field(default_factory=list)


def match_header(contract: Contract, header: list[str], file: str) -> tuple[list[int], list[str]]:
    """Positions of the contract's columns in ``header``, and the header's columns nobody asked for.

    Headers match by the contract's name or an alias, ignoring case, surrounding space and Vietnamese
    diacritics. Raises ``UnreadableFile`` naming every missing required or doubled column.
    """
    wanted = {header_key(name): c.name for c in contract.columns for name in (c.name, *c.aliases)}
    found: dict[str, int] = {}
    unknown: list[str] = []
    doubled: list[str] = []
    for position, title in enumerate(header, start=1):
        name = wanted.get(header_key(title))
        if name is None:
            if title.strip():
                unknown.append(title.strip())
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
            parts.append(f"column(s) given more than once: {', '.join(doubled)}")
        raise UnreadableFile(f"{file}, line 1: {'; '.join(parts)}. Send the file again with these headers.")
    return [found.get(c.name, ABSENT) for c in contract.columns], unknown
