"""Workbooks for agencies: text alone, the same bytes for the same contents, for their owner's eyes.

openpyxl makes the workbook without rows; they are then put into its sheets one by one on their way into the
archive, which takes a tenth of the time, and no values into temporary files elsewhere. A cell is an inline
string of a text format: never a formula, whatever its text begins with.
"""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font

LONGEST = 1_000  # characters of a cell; a sheet takes 32,767
TEXT_FORMAT = "@"  # keeps a text a text also when somebody edits the cell
WORKSHOP = ".making-"
EPOCH = datetime(1980, 1, 1)  # the oldest moment an archive can name
COLUMNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BATCH = 1_000  # rows

# what XML cannot hold; control characters are shown by the pictures Unicode has for them
UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
# a sheet reads _x000A_ as the character of that number
ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
MODIFIED = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")
DIMENSION = re.compile(rb"<dimension [^>]*/>")
ROWS = re.compile(rb"<sheetData>.*</sheetData>|<sheetData ?/>", re.DOTALL)


@dataclass(frozen=True)
class Sheet:
    """A sheet's title, its columns' widths, and its rows; the first ``headings`` rows stay in sight."""

    title: str
    widths: Sequence[int]
    rows: Iterable[Sequence[str]]
    headings: int = 0


def cell_text(text: str) -> str:
    """The text as a cell can hold it: not longer than ``LONGEST``, and without what no workbook may hold."""
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    if UNWRITABLE.search(text):
        text = UNWRITABLE.sub(lambda m: chr(0x2400 + ord(m[0])) if m[0] < " " else "\ufffd", text)
    return ESCAPED.sub("_x005F_", text) if "_x" in text else text


def write_workbook(path: Path, sheets: Sequence[Sheet], workshop: Path) -> None:
    """Write a workbook of mode 0600, whole or not at all. ``workshop`` is a private folder on the same disk."""
    empty, styles = _without_rows(sheets)
    parts = {f"xl/worksheets/sheet{i}.xml": sheet for i, sheet in enumerate(sheets, start=1)}
    made = workshop / "made.xlsx"
    with zipfile.ZipFile(empty) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, EPOCH.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            content = old.read(name)
            with new.open(entry, "w", force_zip64=True) as part:
                if name in parts:
                    before, after = ROWS.split(DIMENSION.sub(b"", content))
                    part.write(before + b"<sheetData>")
                    for rows in _markup(parts[name], styles):
                        part.write(rows.encode())
                    part.write(b"</sheetData>" + after)
                else:
                    part.write(MODIFIED.sub(rb"\g<1>" + EPOCH.isoformat().encode() + b"Z", content))
    made.chmod(0o600)
    made.replace(path)


def _without_rows(sheets: Sequence[Sheet]) -> tuple[io.BytesIO, tuple[int, int]]:
    """A workbook of sheets without a value, and the numbers of its styles for headings and for the rest."""
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.creator = "labourdb"
    styles = (0, 0)
    for sheet in sheets:
        page = book.create_sheet(sheet.title)
        for letter, width in zip(COLUMNS, sheet.widths, strict=False):
            page.column_dimensions[letter].width = width
        if sheet.headings:
            page.freeze_panes = f"A{sheet.headings + 1}"
        heading, plain = page["A1"], page["A2"]
        heading.font = Font(bold=True)
        for cell in (heading, plain):
            cell.number_format, cell.alignment = TEXT_FORMAT, Alignment(vertical="top", wrap_text=True)
        styles = (heading.style_id, plain.style_id)
    content = io.BytesIO()
    book.save(content)
    return content, styles


def _markup(sheet: Sheet, styles: tuple[int, int]) -> Iterator[str]:
    """The sheet's rows as its XML has them, ``BATCH`` at a time."""
    gathered: list[str] = []
    for number, row in enumerate(sheet.rows, start=1):
        style = styles[number > sheet.headings]
        cells = [
            f'<c r="{column}{number}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(cell_text(text))}</t></is></c>'
            for column, text in zip(COLUMNS, row, strict=False)
            if text
        ]
        gathered.append(f'<row r="{number}">{"".join(cells)}</row>')
        if len(gathered) == BATCH:
            yield "".join(gathered)
            gathered.clear()
    yield "".join(gathered)


@contextmanager
def workshop_in(folder: Path) -> Iterator[Path]:
    """A private folder below ``folder`` to make workbooks in, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=WORKSHOP, dir=folder) as made:
        yield Path(made)
