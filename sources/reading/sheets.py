"""The sheets of an xlsx workbook that people see, one after another (SPEC §1)."""

from __future__ import annotations

import errno
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    WorksheetNotFound,
    ZipError,
)

from sources.contract import Column, Contract, header_key
from sources.errors import UnreadableFile
from sources.reading.layout import (
    MOST_SHEETS,
    SHEET_ROWS,
    TYPED,
    Header,
    Notice,
    OpenedFile,
    Rows,
    UnknownColumn,
    has_required,
    known_among,
    line_of,
    match_header,
    titles_found,
)
from sources.reading.workbook_parts import WorkbookParts, cells_without_value, chunks, workbook_parts

ROW_LIMIT = SHEET_ROWS
HEADER_ROWS = 20  # among these the header stands, below titles
DAYS_TO_1904 = 1462
MOST_CELLS = 40_000_000  # calamine holds the whole rectangle that the filled cells span, 32 bytes a cell
ROWS = 50_000

Cell = int | float | str | bool | time | date | datetime | timedelta

_FAR_OUT = re.compile(rb'r="(?:[A-Z]{2,3}[0-9]|[A-Z](?:[2-9][0-9]{6}|[0-9]{8}))')
_FILLED_CELL = re.compile(rb'<c [^>]*?r="([A-Z]{1,3})([0-9]{1,10})"[^>/]*>')


def _text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        cell = (cell + timedelta(microseconds=500_000)).replace(
            microsecond=0
        )  # days are fractions in a sheet
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    return str(cell)


def _number(cell: Cell) -> str:
    """A cell of a number column: a fraction that is no text is marked."""
    text = _text(cell)
    return (
        text + TYPED
        if isinstance(cell, float) and text.replace(".", "", 1).lstrip("-").isdigit() and "." in text
        else text
    )


def _month(cell: Cell) -> str:
    """A cell of a month column: any day stands for its month."""
    return f"{cell:%Y-%m}" if isinstance(cell, date) else _text(cell)


def _of_1904(column: Column) -> Callable[[Cell], str]:
    """A cell of a date column in a workbook that counts days from 1904; what counts as a date already is one."""

    def text(cell: Cell) -> str:
        if isinstance(cell, str):
            cell = cell.strip()
            if not cell.isascii() or not cell.isdigit():
                return cell
        elif isinstance(cell, bool) or not isinstance(cell, int | float):
            return _month(cell) if column.kind == "month" else _text(cell)
        written = cell if isinstance(cell, str) else _text(cell)
        if column.kind == "birth_date" and len(written) == 4:  # a year (SPEC §1)
            return written
        return _text(float(cell) + DAYS_TO_1904)

    return text


def _special(contract: Contract, header: Header, date1904: bool) -> dict[int, Callable[[Cell], str]]:
    """Per position whose cells are not just text: how they are written."""
    special: dict[int, Callable[[Cell], str]] = {}
    for column, position in zip(contract.columns, header.positions, strict=True):
        if position is None:
            continue
        if column.is_number:
            special[position] = _number
        elif column.is_date and date1904:
            special[position] = _of_1904(column)
        elif column.kind == "month":
            special[position] = _month
    return special


@dataclass
class SheetRows:
    """The filled rows of the sheets; a value right of its header makes a row malformed."""

    parts: list[tuple[Header, list[int], list[pa.Array]]] = field(default_factory=list)
    wrong: list[tuple[Header, dict[int, tuple[str, int]]]] = field(default_factory=list)

    def rows(self) -> Iterator[Rows]:
        """Rows that hold anything, in sheet order; those with too many fields last."""
        for header, lines, columns in self.parts:
            picked = [None if p is None else columns[p] for p in header.positions]
            yield Rows(np.array(lines, dtype=np.int64), picked)
        for header, wrong in self.wrong:
            fields = [count for _, count in wrong.values()]
            yield Rows(np.array(list(wrong), dtype=np.int64), None, None, fields, header.width)

    def raw(self, lines: Sequence[int]) -> list[str]:
        """Rows as JSON lists of text."""
        wanted = set(lines)
        found = {line: text for _, wrong in self.wrong for line, (text, _) in wrong.items()}
        for _, numbers, columns in self.parts:
            for i, line in enumerate(numbers):
                if line in wanted:
                    found[line] = json.dumps([c[i].as_py() for c in columns], ensure_ascii=False)
        return [found[line] for line in lines]

    def fill(
        self,
        header: Header,
        rows: Iterable[tuple[int, list[Cell]]],
        special: dict[int, Callable[[Cell], str]],
    ) -> None:
        """Take in the rows below a header, leaving out empty ones."""
        width, lines, kept = header.width, [], []
        wrong: dict[int, tuple[str, int]] = {}
        for line, cells in rows:
            row = [c if type(c) is str else _text(c) for c in cells]
            if not any(c and not c.isspace() for c in row):
                continue
            for position, written in special.items():
                if position < len(cells):
                    row[position] = written(cells[position])
            filled = max(i for i, c in enumerate(row, start=1) if c and not c.isspace())
            if filled > width:
                wrong[line] = json.dumps(row, ensure_ascii=False), filled
                continue
            lines.append(line)
            kept.append(row[:width] if len(row) >= width else row + [""] * (width - len(row)))
            if len(kept) == ROWS:
                self._keep(header, lines, kept)
                lines, kept = [], []
        if kept:
            self._keep(header, lines, kept)
        if wrong:
            self.wrong.append((header, wrong))

    def _keep(self, header: Header, lines: list[int], rows: list[list[str]]) -> None:
        columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
        self.parts.append((header, lines, columns))


def open_sheet(path: Path, contract: Contract) -> OpenedFile:
    """Open a workbook: every visible sheet with cells, if it has the required columns, as SPEC §1 says.

    Raises ``UnreadableFile`` if it is no workbook, if a sheet may have been cut, or if its first sheet lacks a column.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = workbook_parts(archive)
            visible = {s.name: s.part for s in parts.sheets if not s.hidden}
            for name, part in visible.items():
                _check_size(path, archive, name, part)
            workbook = CalamineWorkbook.from_path(str(path))
            kinds = {m.name: m.typ for m in workbook.sheets_metadata}
            sheets = [n for n in visible if kinds.get(n) == SheetTypeEnum.WorkSheet]
            return _open_sheets(
                path, contract, parts, workbook, sheets, lambda n: cells_without_value(archive, visible[n])
            )
    except PasswordError:
        raise _not_readable(path, "it has a password") from None
    except (ZipError, zipfile.BadZipFile, zlib.error, EOFError):
        raise _not_readable(path, "not a whole zip archive") from None
    except (CalamineError, WorksheetNotFound, ElementTree.ParseError, ArithmeticError, LookupError, ValueError,
            NotImplementedError):  # fmt: skip
        raise _not_readable(path, "broken inside") from None  # their words may quote cells
    except OSError as error:
        if error.errno == errno.EINVAL:  # its directory points to before the file's beginning
            raise _not_readable(path, "not a whole zip archive") from None
        raise
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # of calamine; it derives from BaseException
            raise _not_readable(path, "broken inside") from None
        raise


def _open_sheets(
    path: Path,
    contract: Contract,
    parts: WorkbookParts,
    workbook: CalamineWorkbook,
    names: Sequence[str],
    without_value: Callable[[str], dict[int, dict[int, str]]],
) -> OpenedFile:
    reader, notices = SheetRows(), [Notice("hidden_sheet", s.name) for s in parts.sheets if s.hidden]
    read: list[str] = []
    left_out: list[tuple[str, list[str]]] = []
    unknown: dict[str, UnknownColumn] = {}
    headless: UnreadableFile | None = None
    for name in names:
        sheet = workbook.get_sheet_by_name(name)
        if sheet.end is not None and sheet.end[0] + 1 >= ROW_LIMIT:
            raise UnreadableFile(
                f"{path.name}, sheet {name}: filled to its limit of {ROW_LIMIT:,} rows, it may be cut. Send it as csv."
            )
        rows = _rows(sheet, without_value(name))
        head = [row for _, row in zip(range(HEADER_ROWS), rows, strict=False)]
        filled = [(line, titles) for line, cells in head if any(titles := _titles(cells))]
        if not filled:
            if next((True for _, cells in rows if any(_titles(cells))), False):
                filled = [(1, [])]  # cells, but far below
            else:
                continue
        line, titles = next(((n, t) for n, t in filled if has_required(contract, t)), (0, []))
        if not line:
            line, titles = max(filled, key=lambda f: known_among(contract, f[1]))
            if not read and headless is None:
                try:
                    match_header(contract, titles, f"{path.name}, sheet {name}, line {line}")
                except UnreadableFile as error:
                    headless = error
            left_out.append((name, titles))
            continue
        if headless is not None:
            left_out.append((name, titles))
            continue
        header = match_header(contract, titles, f"{path.name}, sheet {name}, line {line}")
        if line != filled[0][0]:
            notices.append(Notice("header_below_titles", f"{name}, {line}"))
        if len(read) == MOST_SHEETS:
            raise UnreadableFile(
                f"{path.name}: more than {MOST_SHEETS} sheets with rows. Send several files."
            )
        below = [row for row in head if row[0] > line]
        numbered = ((line_of(len(read), n), cells) for part in (below, rows) for n, cells in part)
        reader.fill(header, numbered, _special(contract, header, parts.date1904))
        read.append(name)
        unknown |= {header_key(u.title): u for u in header.unknown}
    known = {header_key(n) for c in contract.columns for n in (c.name, *c.aliases)}
    if headless is not None:
        others = "".join(f" Sheet {n}: {titles_found(t, known)}." for n, t in left_out[1:])
        raise UnreadableFile(f"{headless}{others}")
    if not read:
        raise UnreadableFile(
            f"{path.name}: no visible sheet has a cell: empty, not even a header. Send the file again."
        )
    notices += [Notice("sheet_not_read", f"{n} ({titles_found(t, known)})") for n, t in left_out]
    return OpenedFile(path, "xlsx", reader, list(unknown.values()), notices, tuple(read))


def _titles(cells: Sequence[Cell]) -> list[str]:
    """A row's texts up to the last filled one."""
    texts = [c if isinstance(c, str) else _text(c) for c in cells]
    width = max((i for i, text in enumerate(texts, start=1) if text.strip()), default=0)
    return texts[:width]


def _rows(sheet: CalamineSheet, without_value: dict[int, dict[int, str]]) -> Iterator[tuple[int, list[Cell]]]:
    """Rows with their numbers from 1; cells without a value say why there is none."""
    first = sheet.start[1] if sheet.start is not None else 0
    last = -1
    for last, cells in enumerate(sheet.iter_rows()):
        yield last + 1, _with_problems(cells, without_value.get(last, {}), first)
    for number in sorted(n for n in without_value if n > last):
        yield number + 1, _with_problems([], without_value[number], first)


def _with_problems(cells: list[Cell], problems: dict[int, str], first: int) -> list[Cell]:
    if problems:
        cells = [*cells, *[""] * (max(problems) - first + 1 - len(cells))]
        for column, problem in problems.items():
            if column >= first:
                cells[column - first] = problem
    return cells


def _not_readable(path: Path, why: str) -> UnreadableFile:
    return UnreadableFile(f"{path.name}: not a readable xlsx workbook ({why}). Save it again as .xlsx.")


def _check_size(path: Path, archive: zipfile.ZipFile, name: str, part: str) -> None:
    """Refuse a sheet with a stray cell far out: the rectangle up to it would not fit into memory."""
    if not any(_FAR_OUT.search(chunk) for chunk in chunks(archive, part)):
        return  # 26 columns down to the last row are few enough
    columns, rows = 1, 1
    for chunk in chunks(archive, part):
        found = _FILLED_CELL.findall(chunk)
        if found:
            columns = max(columns, *(_column_number(c) for c in {c for c, _ in found}))
            rows = max(rows, *(int(r) for r in {r for _, r in found}))
    if columns * rows > MOST_CELLS:
        raise UnreadableFile(
            f"{path.name}, sheet {name}: it spans {rows:,} rows and {columns:,} columns; a stray cell far out?"
            " Delete what lies outside the table, or send it as csv."
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
