"""A small writer of Excel sheets whose bytes depend on the table alone: no clock, no author, no machine."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_EXCEL_EPOCH = 25_569  # serial number of 1970-01-01

_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font><sz val="11"/>'
    '<name val="Arial"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill>'
    '<patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0" xfId="0"/>'
    '<xf numFmtId="14" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}


def _letters(column: int) -> str:
    return (chr(64 + column // 26) if column >= 26 else "") + chr(65 + column % 26)


def _cells(array: pa.Array, column: int, rows: pa.Array) -> pa.Array:
    reference = pc.binary_join_element_wise(_letters(column), rows, "")
    if pa.types.is_date32(array.type):
        serial = pc.add(array.cast(pa.int32()), _EXCEL_EPOCH).cast(pa.string())
        cells = pc.binary_join_element_wise('<c r="', reference, '" s="1"><v>', serial, "</v></c>", "")
    elif pa.types.is_integer(array.type):
        cells = pc.binary_join_element_wise(
            '<c r="', reference, '"><v>', array.cast(pa.string()), "</v></c>", ""
        )
    else:
        value = array
        for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            value = pc.replace_substring(value, mark, entity)
        cells = pc.binary_join_element_wise(
            '<c r="', reference, '" t="inlineStr"><is><t>', value, "</t></is></c>", ""
        )
    return pc.fill_null(cells, "")


def write_workbook(table: pa.Table, path: Path) -> None:
    """Write the table as the first sheet of ``path``."""
    header = "".join(
        f'<c r="{_letters(i)}1" t="inlineStr"><is><t>{escape(name)}</t></is></c>'
        for i, name in enumerate(table.column_names)
    )
    lines: list[str] = []
    if table.num_rows:
        numbers = pa.array(np.arange(2, table.num_rows + 2)).cast(pa.string())
        columns = [_cells(table.column(i).combine_chunks(), i, numbers) for i in range(table.num_columns)]
        lines = pc.binary_join_element_wise('<row r="', numbers, '">', *columns, "</row>", "").to_pylist()
    data = f'<sheetData><row r="1">{header}</row>{"".join(lines)}</sheetData>'
    sheet = f'<worksheet xmlns="{_MAIN}">{data}</worksheet>'
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**_PARTS, "xl/worksheets/sheet1.xml": sheet}.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, _HEAD + content, compresslevel=5)
