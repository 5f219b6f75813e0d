"""Mutated delivery files of every format, each with what must come of it where that is decidable.

A mutant is made from a format and a number alone, so that a failing one can be made again. ``must`` says whether
it has to be read or to be refused (``None``: either); ``starts`` are the lines on which its records start, found
here by other means than the product's, or the number of them; ``None`` where nothing else can tell.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from ingestion import INSURED, insured

FORMATS = ("a.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz", "a.parquet", "a.xlsx")
COUNT = 20
# names and places that occur nowhere in the product, to be looked for in what it says
ROWS = [
    insured(i, full_name=f"Kwỵnh Thwảo {chr(65 + i)}", sex="male" if i % 2 else "Nam", citizen_id=f"001085{777_000 + i:06d}")
    for i in range(COUNT)
]  # fmt: skip
SECRETS = frozenset({"Kwỵnh", "Thwảo", "001085777", "1085777", "1985-03-02"})
ODD = (
    "", " ", "-", "NULL", "N/A", "0", "-1", "1e400", "NaN", "99999999999999999999", "31/02/2025", "1985-13-40", "0000-00-00",
    "45000", "29/02/1985", "1985", "03/1985", "=1+1", "'001085777000", "\u202e", "e\u0301", "🙂", "٣٤", "x" * 5_000, "true", "Có",
    "\u00a0", "\ufeff", "12:00", "2025-03", "2099-01", "\\", "\\N", "{}", "a\tb", "Kwỵnh",
)  # fmt: skip
TITLES = ("Số CCCD", "Họ và tên", "Ngày sinh", "Giới tính")


@dataclass(frozen=True)
class Mutant:
    """One mutated file."""

    kind: str
    content: bytes
    must: str | None = None
    starts: frozenset[int] | int | None = None


def mutant(name: str, number: int) -> Mutant:
    """The ``number``-th mutant of a format."""
    chance = random.Random(f"{name} {number}")
    if name == "a.parquet":
        return _parquet(chance)
    if name == "a.xlsx":
        return _sheet(chance)
    text = _csv if name.startswith("a.csv") else _json_lines
    return text(chance) if not name.endswith(".gz") else _gzipped(text(chance), chance)


# ---- bytes ---------------------------------------------------------------------------------------------------


def scrambled(data: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, cut out, doubled, swapped or put in, or the end cut off."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 5, 40))):
        at, length = chance.randrange(len(changed)), chance.randrange(1, 30)
        match chance.randrange(8):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                changed[at] ^= 1 << chance.randrange(8)
            case 2:
                del changed[at : at + length]
            case 3:
                changed[at:at] = changed[at : at + length]
            case 4:
                changed[at:at] = chance.choice(
                    (
                        b'"',
                        b"\r",
                        b"\n",
                        b"\x00",
                        b",",
                        b"\xef\xbb\xbf",
                        b"{",
                        b"'",
                        b"\xff\xff\xff\x7f",
                        b'""',
                        b'"\n"',
                    )
                )
            case 5:
                other = chance.randrange(len(changed))
                low, high = sorted((at, other))
                length = min(length, high - low)
                one, two = changed[low : low + length], changed[high : high + length]
                changed[low : low + len(one)], changed[high : high + len(two)] = (
                    two[: len(one)],
                    one[: len(two)],
                )
            case 6:
                changed[at : at + length] = bytes(min(length, len(changed) - at))
            case _:
                if chance.random() < 0.3:
                    del changed[at:]
        if not changed:
            return b"\n"
    return bytes(changed)


# ---- delimited text ------------------------------------------------------------------------------------------


def record_starts(content: bytes, delimiter: str, header_lines: int = 1) -> frozenset[int] | None:
    """Lines on which records start below the header, found character by character; ``None`` if it is not text.

    A quote opens at a field's start alone and closes at the next single one; what follows a closing quote other
    than a delimiter or line end spoils the record, which then ends with its line. Records of white space are none.
    """
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        return None
    starts: set[int] = set()
    line, begun, record = 1, 1, ""
    state = "start"  # of a field; plain, quoted, closed (after the second quote), spoilt
    for character in text:
        record += character
        if state == "quoted":
            state = "closed" if character == '"' else "quoted"
        elif character == "\n":
            if record.strip():
                starts.add(begun)
            begun, record, state = line + 1, "", "start"
        elif state == "closed":
            state = {'"': "quoted", delimiter: "start", "\r": "closed"}.get(character, "spoilt")
        elif state != "spoilt":
            state = (
                "start"
                if character == delimiter
                else "quoted"
                if state == "start" and character == '"'
                else "plain"
            )
        line += character == "\n"
    if record.strip():
        starts.add(begun)
    return frozenset(s for s in starts if s > header_lines)


def _csv(chance: random.Random) -> Mutant:
    delimiter = chance.choice(",,,;\t|")
    header, fields = list(INSURED), [[r[c] for c in INSURED] for r in ROWS]
    must: str | None = "read"
    kind = chance.choice(
        ("bytes", "bytes", "bytes", "bytes", "cut", "values", "values", "quotes", "quoted", "lines", "line ends", "blank lines",
         "code page", "UTF-16", "BOM", "NUL", "header gone", "header doubled", "header renamed", "header spelt", "columns moved",
         "column more", "huge field", "fields", "delimiters", "swapped")
    )  # fmt: skip
    if kind == "values":
        for _ in range(chance.randrange(1, 8)):
            value = chance.choice(ODD)
            fields[chance.randrange(COUNT)][chance.randrange(len(header))] = value.replace("\t", " ")
    if kind == "huge field":
        fields[chance.randrange(COUNT)][chance.randrange(len(header))] = chance.choice(
            "xỵ,;"
        ) * chance.choice((40_000, 400_000))
        delimiter = "|"
    if kind == "columns moved":
        order = chance.sample(range(len(header)), len(header))
        header, fields = [header[i] for i in order], [[row[i] for i in order] for row in fields]
    if kind == "header spelt":
        header[1:5] = TITLES
        header = [chance.choice((h, h.upper(), f" {h} ", h.title())) for h in header]
    if kind == "header renamed":
        header[chance.choice((0, 2, 3, 4, 6, 7))], must = "renamed", "refused"
    if kind == "header doubled":
        header[10], must = header[chance.randrange(10)], "refused"
    lines = [delimiter.join(header), *(delimiter.join(row) for row in fields)]
    if kind == "column more":  # no row has it: every one is malformed
        lines[0] += f"{delimiter}more"
    if kind == "header gone":
        lines, must = lines[1:], "refused"
    if kind == "lines":
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(1, len(lines))
            if chance.random() < 0.5:
                lines.insert(at, lines[chance.randrange(1, len(lines))])
            elif len(lines) > 3:
                del lines[at]
    if kind == "blank lines":
        for _ in range(chance.randrange(1, 6)):
            lines.insert(chance.randrange(len(lines) + 1), chance.choice(("", " ", "\u3000", "  \r")))
    if kind == "fields":
        at = chance.randrange(1, len(lines))
        lines[at] = chance.choice(
            (lines[at].rsplit(delimiter, 2)[0], lines[at] + delimiter, lines[at][:30], delimiter * 3)
        )
    if kind == "delimiters":
        at = chance.randrange(1, len(lines))
        lines[at] = lines[at].replace(delimiter, chance.choice(",;\t|"))
    if kind in ("quotes", "quoted"):
        must = None
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(1, len(lines))
            if kind == "quoted":
                parts = lines[at].split(delimiter)
                which = chance.randrange(len(parts))
                inside = parts[which].replace('"', '""') + chance.choice(
                    ("", "\n", delimiter, '""', "\r\n", "\n\n")
                )
                parts[which] = f'"{inside}"' + chance.choice(("", "", " ", "x"))
                lines[at] = delimiter.join(parts)
            else:
                where = chance.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:where] + '"' + lines[at][where:]
    end = chance.choice(("\n", "\n", "\r\n"))
    ends = [end] * len(lines)
    if kind == "line ends":
        ends = [chance.choice(("\n", "\r\n", "\n\n", "\r\n\n")) for _ in lines]
    if chance.random() < 0.2:
        ends[-1] = ""
    text = "".join(line + e for line, e in zip(lines, ends, strict=True))
    content = text.encode()
    blank = next((i for i, line in enumerate(io.StringIO(text, newline="\n")) if line.strip()), 0)
    if kind == "BOM":
        content = b"\xef\xbb\xbf" + content
    if kind == "code page":
        content, must = text.encode(chance.choice(("cp1258", "latin-1")), "replace"), None
    if kind == "UTF-16":
        content, must = text.encode(chance.choice(("utf-16", "utf-16-le", "utf-16-be"))), "refused"
    if kind == "NUL":
        at = chance.randrange(len(content))
        content, must = content[:at] + b"\0" + content[at:], "refused"
    if kind in ("bytes", "cut", "swapped"):
        must = None
        content = scrambled(content, chance) if kind == "bytes" else content[: chance.randrange(len(content))]
    if kind == "swapped":
        content = text.encode()
        half = chance.randrange(1, len(content))
        content = content[half:] + content[:half]
    decidable = kind not in ("bytes", "swapped", "cut") or content.startswith(lines[0].encode())
    starts = record_starts(content, delimiter, blank + 1) if decidable and must != "refused" else None
    return Mutant(f"{kind}, {delimiter!r}", content, must, starts)


# ---- JSON lines ----------------------------------------------------------------------------------------------

WHOLE_LINES = (
    "[1,2]",
    "null",
    '"text"',
    "17",
    "{}",
    "{",
    '{"a":}',
    "[" * 5_000,
    '{"a":' * 2_000,
    "not json",
    "\ufeff{}",
    "//",
)
VALUES = (None, True, 1e15, 1.5, -0.0, 10**30, [], {}, [1], {"a": "b"}, "\ud800", "\u0000", "\\", '"')


def _json_lines(chance: random.Random) -> Mutant:
    rows: list[dict[str, Any]] = [dict(r) for r in ROWS]
    must: str | None = "read"
    kind = chance.choice(
        ("bytes", "bytes", "bytes", "bytes", "cut", "values", "values", "odd values", "odd values", "lines", "whole lines",
         "line ends", "keys moved", "keys spelt", "keys gone", "key gone everywhere", "key twice", "numbers", "code page", "UTF-16",
         "BOM", "NUL", "huge field", "pretty", "swapped")
    )  # fmt: skip
    for _ in range(chance.randrange(1, 8)):
        row, column = chance.choice(rows), chance.choice(INSURED)
        if kind == "values":
            row[column] = chance.choice(ODD)
        if kind == "odd values":
            row[column] = chance.choice(VALUES)
        if kind == "keys gone":
            row.pop(column, None)
        if kind == "huge field":
            row[column] = "x" * chance.choice((40_000, 400_000))
    if kind == "numbers":
        rows = [{k: int(v) if v.isdigit() else v for k, v in r.items()} for r in rows]
    if kind == "keys moved":
        rows = [dict(chance.sample(list(r.items()), len(r))) for r in rows]
    if kind == "keys spelt":
        rows = [{chance.choice((k, k.upper(), f" {k}")): v for k, v in r.items()} for r in rows]
    if kind == "key gone everywhere":
        for row in rows:
            row.pop("full_name")
        must = "refused"
    lines = [json.dumps(r, ensure_ascii=chance.random() < 0.3 or kind == "odd values") for r in rows]
    if kind == "key twice":
        at = chance.randrange(COUNT)
        lines[at] = lines[at][:-1] + ', "full_name": "X"}'
    if kind == "pretty":
        lines, must = json.dumps(rows, ensure_ascii=False, indent=1).split("\n"), None
    if kind == "lines":
        for _ in range(chance.randrange(1, 6)):
            lines.insert(chance.randrange(len(lines)), chance.choice((chance.choice(lines), "", "  ")))
    if kind == "whole lines":
        for _ in range(chance.randrange(1, 6)):
            lines.insert(chance.randrange(len(lines)), chance.choice(WHOLE_LINES))
        must = None
    ends = [chance.choice(("\n", "\r\n", "\n\n")) if kind == "line ends" else "\n" for _ in lines]
    text = "".join(line + e for line, e in zip(lines, ends, strict=True))
    content = text.encode()
    if kind == "BOM":
        content = b"\xef\xbb\xbf" + content
    if kind == "code page":
        content, must = text.encode(chance.choice(("cp1258", "latin-1")), "replace"), None
    if kind == "UTF-16":
        content, must = text.encode(chance.choice(("utf-16", "utf-16-le"))), "refused"
    if kind == "NUL":
        at = chance.randrange(len(content))
        content, must = content[:at] + b"\0" + content[at:], "refused"
    if kind == "bytes":
        content, must = scrambled(content, chance), None
    if kind == "cut":
        content, must = content[: chance.randrange(len(content))], None
    if kind == "swapped":
        half = chance.randrange(1, len(content))
        content, must = content[half:] + content[:half], None
    return Mutant(kind, content, must, _filled_lines(content) if must != "refused" else None)


def _filled_lines(content: bytes) -> frozenset[int] | None:
    """Numbers of the lines that hold more than white space, if the bytes are text at all."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return frozenset(i for i, line in enumerate(lines, start=1) if line.strip(b" \t\r\x0b\x0c"))


# ---- gzip ----------------------------------------------------------------------------------------------------


def _gzipped(inner: Mutant, chance: random.Random) -> Mutant:
    """The inner mutant packed, or the packed good file with its bytes mutated, or packed in odd ways."""
    whole = gzip.compress(inner.content, compresslevel=chance.choice((0, 1, 6)), mtime=0)
    match chance.randrange(10):
        case 0:
            half = chance.randrange(len(inner.content) + 1)
            members = gzip.compress(inner.content[:half], mtime=0) + gzip.compress(
                inner.content[half:], mtime=0
            )
            return Mutant(f"two members of: {inner.kind}", members, inner.must, inner.starts)
        case 1:
            return Mutant(f"cut, of: {inner.kind}", whole[: chance.randrange(len(whole))], "refused")
        case 2:
            return Mutant(
                f"trailing bytes, of: {inner.kind}", whole + bytes([chance.randrange(1, 256)]) * 9, "refused"
            )
        case 3:
            return Mutant(
                f"not packed at all: {inner.kind}", inner.content, None if inner.must is None else "refused"
            )
        case 4:
            bomb = inner.content + b"\n" * chance.choice((1 << 20, 20 << 20))
            return Mutant(
                f"a bomb of line ends, of: {inner.kind}", gzip.compress(bomb, mtime=0), inner.must, None
            )
        case 5 | 6:
            broken = scrambled(whole, chance)
            try:
                same = gzip.decompress(broken) == inner.content
            except Exception:
                same = False
            return Mutant(f"packed bytes, of: {inner.kind}", broken, None, inner.starts if same else None)
        case _:
            return Mutant(f"packed: {inner.kind}", whole, inner.must, inner.starts)


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
                [2**62, -(2**62), 0, 2**40] * 5, pa.timestamp(chance.choice(("s", "ms", "us", "ns")))
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


def _parquet(chance: random.Random) -> Mutant:
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


def _sheet(chance: random.Random) -> Mutant:
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
