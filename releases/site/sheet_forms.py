"""How sheets look: widths, number formats, titles; and on paper."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pandas as pd
from openpyxl.utils import get_column_letter

from expectations.catalogue import PublishedTable

HEAD: dict[str, Any] = {
    "bold": True, "wrap_text": True, "align_vertical": "top", "bg_color": "#E8EEF4", "border_bottom": "thin",
}  # fmt: skip
HEAD_HEIGHT = 62  # points: four lines
COUNT, DECIMAL, SHARE = "#,##0_)", "#,##0.0_)", "0.000_)"  # a bracket's room on the right: text follows
MIXED = "[>=1000]#,##0_);#,##0.0_)"  # of a column of several units
WHOLE_UNITS = ("persons", "person", "VND", "VND_per_person")
KINDS = {"count": COUNT, "wage": COUNT, "percent": DECIMAL, "share": SHARE}
NARROW, WIDE, FIGURE = 12.0, 44.0, 13.0  # widths, in characters

_FIRST = b"<dimension"  # what follows the properties of a sheet
_MARGINS = re.compile(rb"<pageMargins[^>]*/>")
_TIMES = re.compile(rb"<dcterms:(created|modified).*?</dcterms:\1>")


def number_formats(table: PublishedTable, unit: str | None) -> dict[str, str]:
    """By figure of a released table, how a spreadsheet shows it: counts and money whole, in thousands; ratios with one decimal."""
    measured = MIXED if unit is None else COUNT if unit in WHOLE_UNITS else DECIMAL
    return {name: KINDS.get(kind, measured) for name, kind in table.figures.items()}


def form(
    frame: pd.DataFrame, formats: Mapping[str, str], titles: Mapping[str, str], whole: Sequence[bool] = ()
) -> dict[str, Any]:
    """Options of a sheet for the writer: widths by what stands in its columns, ``formats`` of figures, and ``titles``.

    A title is shown by the format of the cell, of which the name of the column stays the value: people see both, programs read
    the name. ``whole``: of each row of a sheet of several units, whether its figures are counts or money.
    """
    at = {column: get_column_letter(n) for n, column in enumerate(frame.columns, 1)}
    shown = {c: f for c, f in formats.items() if c in at}
    heads = {
        c: HEAD | {"align_horizontal": "right" if c in shown else "left"} | _title(titles.get(c)) for c in at
    }
    cells = {f"{at[c]}1": {"value": c, "format": head} for c, head in heads.items()}
    for column in (c for c, f in shown.items() if f == MIXED):
        cells |= {
            f"{at[column]}{line}": {"value": value, "format": {"num_format": COUNT}}
            for line, (value, is_whole) in enumerate(zip(frame[column].tolist(), whole, strict=False), 2)
            if is_whole and pd.notna(value)
        }
    return {
        "column_widths": {n: _width(frame[c], c in shown) for n, c in enumerate(frame.columns)},
        "column_formats": {c: {"num_format": f} for c, f in shown.items()} or None,
        "row_heights": {0: HEAD_HEIGHT},
        "cells": cells,
    }


def _title(title: str | None) -> dict[str, str]:
    said = (title or "").replace('"', "'")
    return {"num_format": f';;;"{said} ("@")"'} if said else {}


def _width(cells: pd.Series[Any], is_figure: bool) -> float:
    if is_figure or pd.api.types.is_numeric_dtype(cells):
        return FIGURE
    texts = cells.cat.categories if isinstance(cells.dtype, pd.CategoricalDtype) else cells.dropna().unique()
    longest = max((len(str(text)) for text in texts), default=0)
    return min(max(longest + 2.0, NARROW), WIDE)


def finish(written: BytesIO, path: Path, names: Sequence[str], release: str) -> None:
    """Write a workbook to ``path`` with what its writer cannot say: on paper A4 across, fit to its width, row 1 on every page.

    ``names``: of its sheets, in their order; ``release`` stands at the foot of each page. The same sheets are the same bytes:
    the times are taken out.
    """
    repeated = "".join(
        f'<definedName name="_xlnm.Print_Titles" localSheetId="{n}">{escape(_quoted(name))}!$1:$1</definedName>'
        for n, name in enumerate(names)
    ).encode()
    setup = (
        '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/><headerFooter>'
        f"<oddFooter>{escape('&L' + release.replace('&', '&&') + '&R&A, &P/&N')}</oddFooter></headerFooter>"
    ).encode()
    with (
        zipfile.ZipFile(written) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as target,
    ):
        for part in source.namelist():
            text = source.read(part)
            if part.startswith("xl/worksheets/sheet"):
                text = _once(text, _FIRST, b'<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>' + _FIRST)
                found = _MARGINS.search(text, text.rindex(b"</sheetData>"))
                end = found.end() if found else len(text)
                text = text[:end] + setup + text[end:]
            elif part == "xl/workbook.xml":
                text = _once(text, b"</definedNames>", repeated + b"</definedNames>")
            elif part == "docProps/core.xml":
                text = _TIMES.sub(b"", text)
            target.writestr(zipfile.ZipInfo(part), text, zipfile.ZIP_DEFLATED, 6)


def _quoted(sheet: str) -> str:
    return "'" + sheet.replace("'", "''") + "'"


def _once(text: bytes, old: bytes, new: bytes) -> bytes:
    if text.count(old, 0, 4096 if old == _FIRST else len(text)) != 1:
        raise ValueError(f"the writer of workbooks no longer writes {old.decode()} once")
    return text.replace(old, new, 1)
