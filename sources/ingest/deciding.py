"""What only a whole file decides: which sign its decimals have, and what an ``x`` in a column means (SPEC §1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import duckdb

from sources.calendar import month_number
from sources.cleaning.rows import number_columns
from sources.contract import Contract
from sources.ingest.landing import NOTE, Delivery, DeliveryNote, FileState
from sources.reading.layout import FURTHER_SHEETS, SHEET_ROWS, Notice, OpenedFile
from sources.reading.open import Placed
from sources.restricted.database import LINE_BITS

NEW_LIST_FROM = month_number("2025-07")
LINE_NUMBER = f"(row_id & {(1 << LINE_BITS) - 1})"
# as people count: the physical line, or the row of its sheet (``layout.line_of``)
LINE_OF_ROW = f"case when {LINE_NUMBER} > {FURTHER_SHEETS} then (({LINE_NUMBER} - 1) & {SHEET_ROWS - 1}) + 1 else {LINE_NUMBER} end"
SHEET_OF_ROW = f"case when {LINE_NUMBER} > {FURTHER_SHEETS} then ({LINE_NUMBER} - 1 - {FURTHER_SHEETS}) // {SHEET_ROWS} + 1 else 0 end"


@dataclass
class Prepared:
    """A delivery whose files were all found whole; ``problem`` says why it is refused if not."""

    delivery: Delivery
    states: list[FileState]
    hashes: dict[str, str]
    note: DeliveryNote = field(default_factory=DeliveryNote)
    opened: list[OpenedFile] = field(default_factory=list)
    notices: list[tuple[str, Notice]] = field(
        default_factory=list
    )  # by file name; what its files tell comes with them
    problem: str | None = None
    decimal_commas: set[tuple[int, str]] = field(
        default_factory=set
    )  # file number and column, as its values decide

    @property
    def area_version(self) -> str:
        """The area list in force in the delivery's month, unless delivery.json says another."""
        in_force = "2025" if month_number(self.delivery.period) >= NEW_LIST_FROM else "2024"
        return self.note.area_version or in_force


def _in_files(bases: Iterable[int]) -> str:
    """SQL condition that a row lies in one of the files that begin at ``bases``."""
    files = sorted(base >> LINE_BITS for base in bases)
    return f"(row_id >> {LINE_BITS}) in ({', '.join(map(str, files))})" if files else "false"


def decimal_commas(contract: Contract, placed: Sequence[tuple[Prepared, Placed]]) -> dict[str, str]:
    """Per column whose numbers may mean either: the condition that the comma is its decimal sign in the row's file."""
    return {
        name: _in_files(
            f.base for p, f in placed if p.note.decimal == "," or (f.number, name) in p.decimal_commas
        )
        for name in number_columns(contract)
    }


def decide_signs(
    connection: duckdb.DuckDBPyConnection, contract: Contract, placed: Sequence[tuple[Prepared, Placed]]
) -> bool:
    """Decide what `1.234` and `1,234` mean by the other values of the column in that file (SPEC §1).

    Returns whether the batch must be read again: a comma turned out to be the decimal sign, or nothing, or not all,
    decides and the delivery is refused.
    """
    names = number_columns(contract)
    if not names:
        return False
    marks = ", ".join(
        f"coalesce(bool_or(m_{n} in (1, 2)), false), coalesce(bool_or(m_{n} = 3), false),"
        f" coalesce(bool_or(m_{n} = 4), false), min(row_id) filter (where m_{n} in (1, 2))"
        for n in names
    )
    by_file = {file.base >> LINE_BITS: (prepared, file) for prepared, file in placed}
    again = False
    for number, *found in connection.execute(
        f"select row_id >> {LINE_BITS}, {marks} from read_rows group by all order by all"
    ).fetchall():
        prepared, file = by_file[number]
        for i, name in enumerate(names):
            open_, point, comma, first = found[4 * i : 4 * i + 4]
            if (
                not open_
                or prepared.note.decimal is not None
                or (file.number, name) in prepared.decimal_commas
            ):
                continue
            if comma and not point:
                prepared.decimal_commas.add((file.number, name))
                again = True
            elif comma == point:
                line = connection.execute(
                    f"select {LINE_OF_ROW} from (select {first}::bigint as row_id)"
                ).fetchone()
                problem = _ambiguous(file, name, line[0] if line else 0, contradicting=bool(comma))
                prepared.problem = "\n".join(filter(None, (prepared.problem, problem)))
                again = True
    return again


def _ambiguous(file: Placed, column: str, line: int, contradicting: bool) -> str:
    why = "its other values contradict each other" if contradicting else "none of its other values decides it"
    return (
        f"{file.opened.name}, column {column}, first on line {line}: a number such as 1.234 or 1,234 may mean a thousand"
        f" or one and a part, and {why}. Write the numbers without thousands signs, or say in {NOTE} which sign the"
        ' decimals have: "decimal": "," or "decimal": ".".'
    )


def crosses_alone(connection: duckdb.DuckDBPyConnection, contract: Contract) -> dict[str, str]:
    """Per boolean column the condition that the row lies in a file where ``x`` is its only value (SPEC §1)."""
    names = [c.name for c in contract.columns if c.kind == "boolean"]
    if not names:
        return {}
    marks = ", ".join(f"bool_or(b_{n} = 2) and not bool_or(b_{n} not in (2, 3))" for n in names)
    found = connection.execute(
        f"select row_id >> {LINE_BITS}, {marks} from read_rows group by all"
    ).fetchall()
    crosses = {}
    for i, name in enumerate(names, start=1):
        files = [str(row[0]) for row in found if row[i]]
        crosses[name] = f"(row_id >> {LINE_BITS}) in ({', '.join(files)})" if files else "false"
    return crosses
