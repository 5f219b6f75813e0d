"""What an xlsx archive says beside its cells' values: its sheets, its date base, and cells that hold no value.

The reader of cell values gives error cells, and formulas whose value was never stored, as empty; here they are found.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import join, normpath
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

XML_CHUNK = 4 << 20
OVERLAP = 200  # more than the start of a cell
UNKNOWN_ERROR, EMPTY_FORMULA = "#VALUE!", "#FORMULA!"  # the latter is ``cell_problem``'s word for it

_SUSPECT = re.compile(rb"""t\s*=\s*["']e["']|<(?:\w+:)?f[\s/>]""")


@dataclass(frozen=True)
class SheetPart:
    """A sheet of the workbook: its name, whether people see it, and its part of the archive."""

    name: str
    hidden: bool
    part: str


@dataclass(frozen=True)
class WorkbookParts:
    """The sheets in order, and whether dates are counted from 1904."""

    sheets: list[SheetPart]
    date1904: bool


def part_names(archive: zipfile.ZipFile) -> dict[str, str]:
    """Names in the archive by the name their like has everywhere: some programs write backslashes."""
    return {name.replace("\\", "/").lstrip("/"): name for name in archive.namelist()}


def workbook_parts(archive: zipfile.ZipFile) -> WorkbookParts:
    """The workbook's sheets; raises ``LookupError`` or ``ElementTree.ParseError`` if it is broken."""
    names = part_names(archive)
    workbook = ElementTree.fromstring(archive.read(names["xl/workbook.xml"]))
    relations = ElementTree.fromstring(archive.read(names["xl/_rels/workbook.xml.rels"]))
    targets = {r.get("Id"): r.get("Target", "").replace("\\", "/") for r in relations}
    sheets, date1904 = [], False
    for element in workbook.iter():
        local = _local(element.tag)
        if local == "workbookPr":
            date1904 = element.get("date1904", "").lower() in ("1", "true", "on")
        elif local == "sheet":
            ids = [v for k, v in element.attrib.items() if k.endswith("}id")]
            target = targets[ids[0]] if ids else ""
            target = target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
            hidden = element.get("state", "visible").lower() != "visible"
            sheets.append(SheetPart(element.get("name", ""), hidden, names[target]))
    if not sheets:
        raise LookupError("no sheet")
    return WorkbookParts(sheets, date1904)


def chunks(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """A part's XML in chunks that overlap by more than the start of a cell."""
    with archive.open(part) as stream:
        tail = b""
        while chunk := stream.read(XML_CHUNK):
            yield tail + chunk
            tail = chunk[-OVERLAP:]


def _local(name: str) -> str:
    return name.rpartition("}")[2].rpartition(":")[2]


@dataclass
class _Cells:
    """Follows a sheet's XML and notes the cells without a value, by row and column from 0."""

    found: dict[int, dict[int, str]] = field(default_factory=dict)
    row: int = -1
    column: int = -1
    kind: str = ""
    formula: bool = False
    inside: bool = False
    value: list[str] | None = None

    def start(self, name: str, attributes: dict[str, Any]) -> None:
        local = name.rpartition(":")[2]
        if local == "row":
            self.row = int(attributes["r"]) - 1 if "r" in attributes else self.row + 1
            self.column = -1
        elif local == "c":
            letters, digits = _place(attributes.get("r", ""))
            self.column = letters if letters is not None else self.column + 1
            self.row = digits if digits is not None else self.row
            self.kind, self.formula, self.value, self.inside = attributes.get("t", ""), False, None, False
        elif local == "f":
            self.formula = True
        elif local == "v":
            self.value, self.inside = [], True

    def text(self, data: str) -> None:
        if self.inside and self.value is not None:
            self.value.append(data)

    def end(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if local == "v":
            self.inside = False
        elif local == "c":
            value = "".join(self.value or ()).strip()
            if self.kind == "e":
                self._note(value or UNKNOWN_ERROR)
            elif self.formula and (self.value is None or (not value and self.kind != "str")):
                self._note(EMPTY_FORMULA)

    def _note(self, word: str) -> None:
        self.found.setdefault(self.row, {})[self.column] = word


def _place(reference: str) -> tuple[int | None, int | None]:
    """Column and row, from 0, of a reference such as ``B7``."""
    letters = reference.rstrip("0123456789").upper()
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    digits = reference[len(letters) :]
    return (number - 1 if letters else None), (int(digits) - 1 if digits else None)


def cells_without_value(archive: zipfile.ZipFile, part: str) -> dict[int, dict[int, str]]:
    """By row and column from 0: error cells as they show themselves, formulas without a stored value as ``EMPTY_FORMULA``."""
    if not any(_SUSPECT.search(chunk) for chunk in chunks(archive, part)):
        return {}
    cells = _Cells()
    parser = expat.ParserCreate()
    parser.StartElementHandler = cells.start
    parser.EndElementHandler = cells.end
    parser.CharacterDataHandler = cells.text
    try:
        with archive.open(part) as stream:
            parser.ParseFile(stream)
    except expat.ExpatError as error:
        raise ElementTree.ParseError(str(error)) from None
    return cells.found
