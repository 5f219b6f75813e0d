"""Mutated Parquet files and workbooks."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from mutants import COUNT, ODD, ROWS, Mutant, scrambled
from support.ingestion import INSURED

# ---- Parquet -------------------------------------------------------------------------------------------------


def _table(chance: random.Random, kind: str) -> tuple[pa.Table, str | None]:
    columns: dict[str, pa.Array] = {c: pa.array([r[c] for r in ROWS]) for c in INSURED}
    name = chance.choice(INSURED)
    text, must = columns[name], "read"
    if kind == "types":
        makers: list[Callable[[], pa.Array]] = [
            lambda: text.cast(pa.large_string()),
            lambda: text.cast(pa.binary()),
            lambda: text.dictionary_encode(),
            lambda: pa.nulls(COUNT),
            lambda: pa.array(
                range(COUNT), chance.choice((pa.int8(), pa.int32(), pa.uint64(), pa.float16(), pa.float64()))
            ),
            lambda: pa.array([float("nan"), float("inf"), -0.0, 1e300] * 5),
            lambda: pa.array([True, False, None, True] * 5),
            lambda: pa.array(range(-10, 10), pa.date32()),
            lambda: pa.array(
                [4_611_686_018_427_387_000, -4_611_686_018_427_387_000, 0, 1_099_511_627_000] * 5,
                pa.timestamp(chance.choice(("s", "ms", "us", "ns"))),
            ),
            lambda: pa.array([-(2**31), 2**31 - 1] * 10, pa.int32()).cast(pa.date32()),
            lambda: pa.array([86_399, 0] * 10, pa.time32("s")),
            lambda: pa.array([Decimal("1.50"), Decimal("-3.00")] * 10),
            lambda: pa.array([b"\xff\xfe"] * COUNT),
            lambda: pa.array([1, 2] * 10, pa.duration("s")),
            lambda: pa.array([b"0123456789abcdef"] * COUNT, pa.binary(16)),
        ]
        columns[name], must = chance.choice(makers)(), None
    if kind == "values":
        for _ in range(chance.randrange(1, 8)):
            name = chance.choice(INSURED)
            values = columns[name].to_pylist()
            values[chance.randrange(COUNT)] = chance.choice((*ODD, None))
            columns[name] = pa.array(values, pa.string())
    if kind == "nested":
        columns[name], must = pa.array([[r[name]] for r in ROWS]), "refused"
    if kind == "column gone":
        del columns[chance.choice(("si_number", "full_name", "sex", "month"))]
        must = "refused"
    table = pa.table(columns)
    if kind == "rows":
        order = [chance.randrange(COUNT) for _ in range(chance.choice((0, 1, COUNT, 3 * COUNT)))]
        table = table.take(pa.array(order, pa.int64()))
    if kind == "doubled names":
        extra = chance.choice((table["sex"], pa.array([1] * COUNT), pa.array([[1]] * COUNT)))
        table, must = table.append_column(chance.choice(("sex", "other", "Giới tính")), extra), None
    return table, must


def parquet(chance: random.Random) -> Mutant:
    """One mutated Parquet file."""
    kind = chance.choice(
        ("bytes",) * 7 + ("cut", "types", "types", "types", "values", "values", "nested", "column gone", "rows", "doubled names", "footer")
    )  # fmt: skip
    table, must = _table(chance, kind)
    content = io.BytesIO()
    pq.write_table(
        table,
        content,
        compression=chance.choice(("none", "none", "snappy", "gzip", "zstd", "brotli", "lz4")),
        row_group_size=chance.choice((1, 7, 1_000)),
        use_dictionary=chance.random() < 0.5,
        version=chance.choice(("1.0", "2.4", "2.6")),
        data_page_version=chance.choice(("1.0", "2.0")),
        write_page_checksum=chance.random() < 0.3,
    )
    data, starts = content.getvalue(), table.num_rows
    if kind == "bytes":
        return Mutant(kind, scrambled(data, chance), None, None)
    if kind == "footer":  # what the file says of itself
        length = int.from_bytes(data[-8:-4], "little")
        at = len(data) - 8 - length
        return Mutant(kind, data[:at] + scrambled(data[at:-8], chance) + data[-8:], None, None)
    if kind == "cut":
        return Mutant(kind, data[: chance.randrange(len(data))], "refused")
    return Mutant(kind, data, must, starts if must != "refused" else None)


# ---- workbooks -----------------------------------------------------------------------------------------------


def _workbook(rows: list[list[Any]], header: list[Any], above: int = 0) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [*([[None]] * above), header, *rows]:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@cache
def _good_sheet() -> bytes:
    return _workbook([list(r.values()) for r in ROWS], list(INSURED))


def _repacked(
    change: Callable[[str, bytes], bytes], how: int = zipfile.ZIP_DEFLATED, leave: str = "", more: bytes = b""
) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_good_sheet())) as good, zipfile.ZipFile(content, "w", how) as archive:
        for name in good.namelist():
            if name != leave:
                archive.writestr(name, change(name, good.read(name)))
        if more:
            archive.writestr("xl/media/more.bin", more)
    return content.getvalue()


def sheet_rows(content: bytes) -> int | None:
    """Filled rows below the header as openpyxl sees them; ``None`` if it cannot read the workbook."""
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
        rows = book.worksheets[0].iter_rows(values_only=True)
        filled = sum(any(v is not None and str(v).strip() for v in row) for row in rows)
    except Exception:
        return None
    return max(filled - 1, 0)


def sheet(chance: random.Random) -> Mutant:
    """One mutated workbook."""
    kind = chance.choice(
        ("bytes", "bytes", "bytes", "cut", "sheet", "sheet", "sheet", "strings", "workbook", "values", "values", "types", "types",
         "rows", "above", "stored", "part gone", "bomb beside", "bomb inside", "header renamed", "wide")
    )  # fmt: skip
    rows: list[list[Any]] = [list(r.values()) for r in ROWS]
    header: list[Any] = list(INSURED)
    if kind == "bytes":
        return Mutant(kind, scrambled(_good_sheet(), chance))
    if kind == "cut":
        return Mutant(kind, _good_sheet()[: chance.randrange(len(_good_sheet()))], "refused")
    if kind in ("sheet", "strings", "workbook"):
        part = {"sheet": "sheet1.xml", "strings": "sharedStrings.xml", "workbook": "workbook.xml"}[kind]
        return Mutant(kind, _repacked(lambda n, d: scrambled(d, chance) if n.endswith(part) else d))
    if kind == "stored":
        return Mutant(kind, _repacked(lambda n, d: d, zipfile.ZIP_STORED), "read", COUNT)
    if kind == "part gone":
        part = chance.choice(
            (
                "xl/workbook.xml",
                "xl/worksheets/sheet1.xml",
                "xl/_rels/workbook.xml.rels",
                "[Content_Types].xml",
            )
        )
        return Mutant(f"{kind}: {part}", _repacked(lambda n, d: d, leave=part), None, None)
    if kind == "bomb beside":
        return Mutant(kind, _repacked(lambda n, d: d, more=bytes(30 << 20)), "read", COUNT)
    if kind == "bomb inside":
        white = b" " * chance.choice((1 << 20, 30 << 20))
        return Mutant(
            kind, _repacked(lambda n, d: d.replace(b"</sheetData>", white + b"</sheetData>")), None, COUNT
        )
    must: str | None = "read"
    if kind == "values":
        for _ in range(chance.randrange(1, 8)):
            rows[chance.randrange(COUNT)][chance.randrange(len(header))] = chance.choice(ODD)
    if kind == "types":
        for _ in range(chance.randrange(1, 8)):
            value = chance.choice((1, 1.5, True, None, "=1+1", 45_000, -1, 1e300, "#N/A", "#REF!"))
            rows[chance.randrange(COUNT)][chance.randrange(len(header))] = value
    if kind == "rows":
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(rows))
            rows.insert(at, chance.choice((rows[at], [None] * 3, [" "], ["x"], [None, "x"])))
    if kind == "header renamed":
        header[chance.choice((0, 2, 3, 4))], must = "renamed", "refused"
    if kind == "wide":  # values right of the header: malformed, and accounted for
        rows[chance.randrange(COUNT)] = [*rows[0], *["x"] * chance.randrange(1, 60)]
    content = _workbook(rows, header, chance.randrange(1, 5) if kind == "above" else 0)
    filled = sum(any(v is not None and str(v).strip() for v in row) for row in rows)
    return Mutant(kind, content, must, filled if must == "read" else None)
