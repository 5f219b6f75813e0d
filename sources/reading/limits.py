"""What one file of a delivery may take: far more than a sound one of 200,000 persons needs, far less than the machine has.

A file beyond a limit makes its delivery refused, with the limit named (SPEC §6: one agency's file never stops the others).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sources.errors import UnreadableFile

MB = 1_000_000
LONGEST_TITLE = 1_000
SECTION = "[limits]"


@dataclass(frozen=True)
class Limits:
    """The settings ``[limits]``; docs/operating.md says what each is for."""

    file_mb: int = 2_000
    inflated_mb: int = 2_000
    memory_mb: int = 2_500
    seconds: int = 600
    rows: int = 10_000_000
    columns: int = 5_000
    cell_bytes: int = 4_000_000
    record_bytes: int = 16_000_000

    def check_size(self, name: str, size: int) -> None:
        """Raise ``UnreadableFile`` if a file is larger on disk than ``file_mb``."""
        if size > self.file_mb * MB:
            raise UnreadableFile(
                f"{name}: {size / MB:,.0f} MB, more than {self.file_mb:,} ({SECTION} file_mb). Send several smaller files."
            )

    def check_inflated(self, name: str, size: int) -> None:
        """Raise ``UnreadableFile`` if a file unpacks to more than ``inflated_mb``."""
        if size > self.inflated_mb * MB:
            raise UnreadableFile(
                f"{name}: unpacks to more than {self.inflated_mb:,} MB ({SECTION} inflated_mb)."
                " Send several smaller files."
            )

    def check_rows(self, name: str, rows: int) -> None:
        """Raise ``UnreadableFile`` if a file has more than ``rows`` rows."""
        if rows > self.rows:
            raise UnreadableFile(
                f"{name}: more than {self.rows:,} rows ({SECTION} rows). Send several smaller files."
            )

    def check_columns(self, name: str, width: int, titles: Sequence[str] = ()) -> None:
        """Raise ``UnreadableFile`` if a file has more than ``columns`` columns, or a title nobody can read."""
        if width > self.columns:
            raise UnreadableFile(
                f"{name}: {width:,} columns, more than {self.columns:,} ({SECTION} columns)."
                " Delete what lies outside the table and send the file again."
            )
        longest = max(map(len, titles), default=0)
        if longest > LONGEST_TITLE:
            raise UnreadableFile(
                f"{name}: a column's title is {longest:,} characters long, more than {LONGEST_TITLE:,}."
                " Mend the header and send the file again."
            )

    def cell_too_long(self, place: str, size: int) -> UnreadableFile:
        """What to say of a value longer than ``cell_bytes``; ``place`` says where it stands."""
        return UnreadableFile(
            f"{place}: a value of {size:,} bytes, more than {self.cell_bytes:,} ({SECTION} cell_bytes)."
            " Shorten it and send the file again."
        )

    def record_too_long(self, place: str, size: int) -> UnreadableFile:
        """What to say of a record longer than ``record_bytes``; ``place`` says where it stands."""
        return UnreadableFile(
            f"{place}: a record of {size:,} bytes, more than {self.record_bytes:,} ({SECTION} record_bytes)."
            " Mend the line and send the file again."
        )


_in_force = [Limits()]


def limits_in_force() -> Limits:
    """The limits of the process that reads: the defaults, unless ``limit_to`` set others."""
    return _in_force[0]


def limit_to(limits: Limits) -> None:
    """Let ``limits`` hold for what this process reads from now on."""
    _in_force[0] = limits
