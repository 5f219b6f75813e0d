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
from typing import Any

import mutated_tables
from mutants import COUNT, ODD, ROWS, Mutant, scrambled
from support.ingestion import INSURED

FORMATS = ("a.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz", "a.parquet", "a.xlsx")
TITLES = ("Số CCCD", "Họ và tên", "Ngày sinh", "Giới tính")


def mutant(name: str, number: int) -> Mutant:
    """The ``number``-th mutant of a format."""
    chance = random.Random(f"{name} {number}")
    if name == "a.parquet":
        return mutated_tables.parquet(chance)
    if name == "a.xlsx":
        return mutated_tables.sheet(chance)
    text = _csv if name.startswith("a.csv") else _json_lines
    return text(chance) if not name.endswith(".gz") else _gzipped(text(chance), chance)


# ---- delimited text ------------------------------------------------------------------------------------------


def record_starts(content: bytes, delimiter: str, header_lines: int = 1) -> frozenset[int] | None:
    """Lines on which records start below the header, found character by character; ``None`` if it is not text.

    A quote opens at a field's start alone and closes at the next single one; what follows a closing quote other
    than a delimiter or line end spoils the record, which then ends with its line; each of its lines is a row (SPEC §1, no
    line is lost in another). Records of white space are none.
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
                lines = record.split("\n")[:-1] if state == "spoilt" else [record]
                starts |= {begun + n for n, text in enumerate(lines) if text.strip()}
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
            bomb = inner.content + b"\n" * chance.choice((1 << 20, 8 << 20))
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
