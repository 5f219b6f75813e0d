"""The first sheet of an xlsx workbook."""

from __future__ import annotations

import errno
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from posixpath import join, normpath
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, WorksheetNotFound, ZipError

from sources.contract import Contract
from sources.errors import UnreadableFile
from sources.reading.layout import Header, OpenedFile, Rows, match_header

ROW_LIMIT = 1_048_576
MOST_CELLS = 40_000_000  # calamine holds the whole rectangle that the filled cells span, 32 bytes a cell
ROWS = 50_000
XML_CHUNK = 4 << 20

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


@dataclass
class SheetRows:
    """The filled rows of a sheet; a value right of the header makes a row malformed."""

    header: Header
    parts: list[tuple[list[int], list[pa.Array]]] = field(default_factory=list)
    wrong: dict[int, str] = field(default_factory=dict)

    def rows(self) -> Iterator[Rows]:
        """Rows that hold anything, in sheet order; those with too many fields last."""
        for lines, columns in self.parts:
            picked = [None if p is None else columns[p] for p in self.header.positions]
            yield Rows(np.array(lines, dtype=np.int64), picked)
        if self.wrong:
            yield Rows(np.array(list(self.wrong), dtype=np.int64), None)

    def raw(self, lines: Sequence[int]) -> list[str]:
        """Rows as JSON lists of text."""
        wanted, found = set(lines), dict(self.wrong)
        for numbers, columns in self.parts:
            for i, line in enumerate(numbers):
                if line in wanted:
                    found[line] = json.dumps([c[i].as_py() for c in columns], ensure_ascii=False)
        return [found[line] for line in lines]

    def fill(self, rows: Iterable[tuple[int, list[str]]]) -> None:
        """Take in the rows below the header, leaving out empty ones."""
        width, lines, kept = self.header.width, [], []
        for line, row in rows:
            if not any(c and not c.isspace() for c in row):
                continue
            if any(c and not c.isspace() for c in row[width:]):
                self.wrong[line] = json.dumps(row, ensure_ascii=False)
                continue
            lines.append(line)
            kept.append(row[:width])
            if len(kept) == ROWS:
                self._keep(lines, kept)
                lines, kept = [], []
        if kept:
            self._keep(lines, kept)

    def _keep(self, lines: list[int], rows: list[list[str]]) -> None:
        self.parts.append((lines, [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]))


def open_sheet(path: Path, contract: Contract) -> OpenedFile:
    """Open a workbook; raises ``UnreadableFile`` if it is no workbook or its sheet may have been cut."""
    try:
        _check_size(path)
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        if sheet.end is not None and sheet.end[0] + 1 >= ROW_LIMIT:
            raise UnreadableFile(
                f"{path.name}: the sheet is filled to its limit of {ROW_LIMIT:,} rows and may be cut. Send it as csv."
            )
        rows = ([c if type(c) is str else _text(c) for c in row] for row in sheet.iter_rows())
        return _open_rows(path, contract, enumerate(rows, start=1))
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


def _not_readable(path: Path, why: str) -> UnreadableFile:
    return UnreadableFile(f"{path.name}: not a readable xlsx workbook ({why}). Save it again as .xlsx.")


def _open_rows(path: Path, contract: Contract, rows: Iterator[tuple[int, list[str]]]) -> OpenedFile:
    found = next(((line, row) for line, row in rows if any(c.strip() for c in row)), None)
    if found is None:
        raise UnreadableFile(
            f"{path.name}: the first sheet is empty, not even a header. Send the file again."
        )
    line, titles = found
    width = max(i for i, title in enumerate(titles, start=1) if title.strip())
    header = match_header(contract, titles[:width], path.name, line)
    reader = SheetRows(header)
    reader.fill(rows)
    return OpenedFile(path, "xlsx", reader, header.unknown)


def _check_size(path: Path) -> None:
    """Refuse a sheet with a stray cell far out: the rectangle up to it would not fit into memory."""
    with zipfile.ZipFile(path) as archive:
        name = _first_sheet(archive)
        if not any(_FAR_OUT.search(chunk) for chunk in _chunks(archive, name)):
            return  # 26 columns down to the last row are few enough
        columns, rows = 1, 1
        for chunk in _chunks(archive, name):
            found = _FILLED_CELL.findall(chunk)
            if found:
                columns = max(columns, *(_column_number(c) for c in {c for c, _ in found}))
                rows = max(rows, *(int(r) for r in {r for _, r in found}))
    if columns * rows > MOST_CELLS:
        raise UnreadableFile(
            f"{path.name}: the first sheet spans {rows:,} rows and {columns:,} columns; a stray cell far out?"
            " Delete what lies outside the table, or send it as csv."
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _chunks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """The sheet's XML in chunks that overlap by more than the start of a cell."""
    with archive.open(name) as stream:
        tail = b""
        while chunk := stream.read(XML_CHUNK):
            yield tail + chunk
            tail = chunk[-200:]


def _first_sheet(archive: zipfile.ZipFile) -> str:
    """Name of the first sheet's part inside the workbook; raises ``KeyError`` if it is not to be found."""
    workbook = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {r.get("Id"): r.get("Target", "") for r in relations}
    for element in workbook.iter():
        if element.tag.endswith("}sheet"):
            ids = [v for k, v in element.attrib.items() if k.endswith("}id")]
            target = targets[ids[0]] if ids else ""
            return target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
    raise KeyError("no sheet")
