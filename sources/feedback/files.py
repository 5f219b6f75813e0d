"""Feedback files: what an agency should mend in one delivery, as a workbook in Vietnamese and English.

Each holds values of one delivery alone and lies in the restricted zone, at ``feedback/<source>/<YYYY-MM[.rN]>.xlsx``.
The words are in ``feedback.yaml``; the reasons are those of the quarantine.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import yaml

from sources.contract import Column, Contract, load_contract
from sources.feedback.workbook import WORKSHOP, Sheet, workshop_in, write_workbook
from sources.ingest.landing import Delivery

WORDS = Path(__file__).with_name("words.yaml")
MOST_ROWS = 100_000
SUMMARY, TO_MEND = "Tóm tắt - Summary", "Cần sửa - To mend"
HEADINGS = (
    "Tệp - File", "Dòng - Line", "Cột - Column", "Tên cột - Column title", "Giá trị đã gửi - Value sent",
    "Lý do", "Reason", "Cách sửa", "Remedy",
)  # fmt: skip
WHOLE_LINE = "(cả dòng - whole line)"
COUNTS = (
    ("rows_read", "Số dòng đã đọc - Rows read"),
    ("accepted", "Chấp nhận - Accepted"),
    ("quarantined", "Cách ly, cần sửa - Quarantined, to mend"),
    ("duplicate", "Trùng lặp - Duplicate"),
    ("superseded", "Bị dòng khác cùng khóa thay thế - Superseded by another row of its key"),
)


@dataclass(frozen=True)
class _Delivery:
    """One delivery as the restricted database knows it."""

    source: str
    key: int
    period: str
    revision: int
    folder: str
    problem: str | None
    agency: str | None
    area_version: str

    @property
    def contract(self) -> Contract:
        return load_contract(self.source)

    @property
    def next_folder(self) -> str:
        """Where the corrected delivery is to be sent."""
        return f"{self.period}.r{self.revision + 1}"


def write_feedback(
    connection: duckdb.DuckDBPyConnection, folder: Path, ingested: Collection[Delivery] = ()
) -> list[Path]:
    """Write the workbooks below ``folder`` of deliveries with something to mend; returns those written.

    Only of deliveries just ``ingested``, and those whose workbook is not there, unless their texts were deleted
    (``retention``). A delivery just ingested that
    has nothing to mend has no workbook afterwards.
    """
    fresh = {(d.source, d.key) for d in ingested}
    wanted: list[tuple[str, int, Path]] = []
    for source, key, place, to_mend, is_over in connection.execute(_NEEDED).fetchall():
        path = folder / f"{place}.xlsx"
        if not to_mend:
            if (source, key) in fresh:
                path.unlink(missing_ok=True)
        elif (source, key) in fresh or not (is_over or path.exists()):
            wanted.append((source, key, path))
    if not wanted:
        return []
    _private(folder)
    for left in folder.glob(f"{WORKSHOP}*"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    with workshop_in(folder) as workshop:
        for source, key, path in wanted:
            _private(path.parent)
            make_feedback(connection, source, key, path, workshop)
    return [path for _, _, path in wanted]


_NEEDED = """
select d.source, d.delivery_key, d.folder, d.state = 'refused' or coalesce(f.quarantined, 0) > 0 or r.unreadable,
    exists (
        from landing.retention as t where t.source = d.source and t.delivery_key = d.delivery_key and t.what = 'texts'
    )
from landing.deliveries as d
left join (
    select source, delivery_key, sum(quarantined) as quarantined from landing.files group by all
) as f using (source, delivery_key)
left join (
    select distinct source, delivery_key, true as unreadable from landing.repairs where repair = 'optional_unreadable'
) as r using (source, delivery_key)
order by d.source, d.delivery_key
"""


def _private(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)


def make_feedback(
    connection: duckdb.DuckDBPyConnection, source: str, delivery_key: int, path: Path, workshop: Path
) -> None:
    """Write one delivery's workbook to ``path``, whether or not there is something to mend."""
    found = connection.execute(
        "select source, delivery_key, period, revision, folder, problem, agency, area_version"
        " from landing.deliveries where source = ? and delivery_key = ?",
        [source, delivery_key],
    ).fetchone()
    if found is None:
        raise KeyError(f"{source} has no delivery {delivery_key}")
    delivery = _Delivery(*found)
    rest = _count(connection, delivery) - MOST_ROWS
    note = _more(rest) if rest > 0 else None
    sheets = (
        Sheet(SUMMARY, (44, 24, 60, 60), _summary(connection, delivery, note)),
        Sheet(
            TO_MEND, (24, 10, 24, 28, 36, 44, 44, 52, 52), _to_mend(connection, delivery, note), headings=1
        ),
    )
    write_workbook(path, sheets, workshop)


def _more(rest: int) -> str:
    return (
        f"Còn {rest:,} mục nữa không ghi ở đây; sửa rồi kiểm tra lại để thấy. -"
        f" {rest:,} more are not listed; mend these and check again to see them."
    )


@cache
def words() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """The texts of ``feedback.yaml``: reasons, repairs, conditions and forms, each by code."""
    read: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return read


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, delivery: _Delivery) -> list[tuple[Any, ...]]:
    """Rows of one delivery; ``sql`` takes its source and its key."""
    return connection.execute(sql, [delivery.source, delivery.key]).fetchall()


_OF_DELIVERY = "where source = ? and delivery_key = ?"


def _count(connection: duckdb.DuckDBPyConnection, delivery: _Delivery) -> int:
    reasons = "coalesce(sum(length(reasons) - length(replace(reasons, ';', '')) + 1), 0)::bigint"
    return int(_rows(connection, f"select {reasons} from landing.quarantine {_OF_DELIVERY}", delivery)[0][0])


def _summary(
    connection: duckdb.DuckDBPyConnection, delivery: _Delivery, note: str | None
) -> Iterator[Sequence[str]]:
    contract = delivery.contract
    yield "Nguồn - Source", delivery.source, contract.title_vi, contract.title
    yield "Kỳ - Period", delivery.period
    yield "Bản gửi - Revision", str(delivery.revision)
    yield "Cơ quan - Agency", delivery.agency or ""
    if delivery.problem is None:
        yield "Bị từ chối - Refused", "Không - No"
    else:
        yield ("Bị từ chối - Refused", "Có - Yes",
               "Không dòng nào được nạp. Sửa tệp theo thông báo kỹ thuật dưới đây.",
               "Nothing of it was loaded. Mend the files as the messages below say.")  # fmt: skip
        for message in delivery.problem.splitlines():
            yield "Vì sao - Why", "", "", message
    again = delivery.next_folder
    yield ("Gửi lại - Send again", again,
           f"Nếu đã gửi: gửi lại toàn bộ, mọi tệp và cả các dòng đã đúng, vào thư mục {again}.",
           f"If it was sent already: send the whole delivery again, every file and the rows that were right too, as {again}.")  # fmt: skip
    if note is not None:
        yield "Lưu ý - Note", "", note
    files = _rows(
        connection,
        f"select file, {', '.join(c for c, _ in COUNTS)} from landing.files {_OF_DELIVERY} order by file_no",
        delivery,
    )
    for file, *counts in files:
        yield ()
        yield "Tệp - File", file
        if counts[0] is not None:
            for (_, label), count in zip(COUNTS, counts, strict=True):
                yield label, str(count)
    yield from _repairs(connection, delivery)
    unknown = _rows(
        connection,
        f"select distinct column_name, resembles from landing.unknown_columns {_OF_DELIVERY} order by all",
        delivery,
    )
    if unknown:
        yield ()
        yield ("Cột không có trong hợp đồng dữ liệu, bị bỏ qua - Columns not in the contract, ignored", "",
               "Giống cột của hợp đồng", "Resembles the contract's column")  # fmt: skip
        for title, resembles in unknown:
            like = "" if resembles is None else f"{resembles} ({_title(contract.column(resembles))})"
            yield title, "", like, like
    yield from _notices(connection, delivery)


def _notices(connection: duckdb.DuckDBPyConnection, delivery: _Delivery) -> Iterator[Sequence[str]]:
    """What was noted about files: what of them was not read, where a header was found."""
    notices = _rows(
        connection, f"select file, notice, about from landing.notices {_OF_DELIVERY} order by all", delivery
    )
    if notices:
        yield ()
        yield ("Ghi nhận về các tệp - Noted about the files",)
        for file, notice, about in notices:
            texts = words()["notices"][notice]
            yield file, "", texts["vi"].format(about=about), texts["en"].format(about=about)


def _repairs(connection: duckdb.DuckDBPyConnection, delivery: _Delivery) -> Iterator[Sequence[str]]:
    """What was mended on reading, by column; ``sum`` over the delivery's files."""
    counts = _rows(
        connection,
        "select column_name, repair, coalesce(reason, ''), sum(row_count)::bigint"
        f" from landing.repairs {_OF_DELIVERY} group by all",
        delivery,
    )
    if not counts:
        return
    yield ()
    yield "Đã sửa khi đọc - Repaired on reading", "Số dòng - Rows"
    order = [c.name for c in delivery.contract.columns]
    for name, repair, reason, count in sorted(counts, key=lambda r: (r[1], order.index(r[0]), r[2])):
        column, texts = delivery.contract.column(name), words()["repairs"][repair]
        told = []
        for language in ("vi", "en"):
            why = words()["reasons"][reason][f"reason_{language}"] if reason else ""
            form = _form(column, language, delivery.area_version)
            told.append(
                texts[language].format(
                    form=form, range=_range(column), reason=why.format(when="", first="", detail="")
                )
            )
        yield f"{name} ({_title(column)})", str(count), *told


def _to_mend(
    connection: duckdb.DuckDBPyConnection, delivery: _Delivery, note: str | None
) -> Iterator[Sequence[str]]:
    yield HEADINGS
    yield from islice(_findings(connection, delivery), MOST_ROWS)
    if note is not None:
        yield (note,)


def _findings(connection: duckdb.DuckDBPyConnection, delivery: _Delivery) -> Iterator[Sequence[str]]:
    """One row per quarantined line and reason, in file, line and contract order."""
    contract = delivery.contract
    texts: dict[str, tuple[str, ...]] = {}  # most lines share a few reasons
    database = connection.execute("select current_database()").fetchone()
    with connection.cursor() as cursor:
        cursor.execute(f"use {database[0] if database else 'memory'}")  # a cursor does not inherit it
        cursor.execute(
            "select file, sheet, line, reasons, raw, sent from landing.quarantine join landing.files"
            f" using (source, delivery_key, file_no) {_OF_DELIVERY} order by file_no, sheet, line limit {MOST_ROWS}",
            [delivery.source, delivery.key],
        )
        while lines := cursor.fetchmany(10_000):
            for file, sheet, line, reasons, raw, sent in lines:
                place = file if sheet is None else f"{file} [{sheet}]"
                values = json.loads(sent) if sent is not None else {}
                for reason in reasons.split(";"):
                    code, _, name = reason.partition(":")
                    if code == "malformed_line":
                        name, detail = "", name
                    else:
                        detail = ""
                    if reason not in texts:
                        texts[reason] = _explained(
                            code, contract.column(name) if name else None, delivery, detail
                        )
                    # lines without columns, or read before their texts were kept, have the line alone
                    value = values.get(name) if sent is not None and name else raw
                    column, title, *told = texts[reason]
                    yield place, str(line), column, title, value or "", *told


def _explained(code: str, column: Column | None, delivery: _Delivery, detail: str = "") -> tuple[str, ...]:
    """Column, its title, reason (vi, en) and remedy (vi, en). ``detail``: the field counts of a malformed line."""
    counts = re.findall(r"\d+", detail)[:2]
    texts = words()["reasons"][code]
    told = []
    for part in ("reason", "remedy"):
        for language in ("vi", "en"):
            text = texts[f"{part}_{language}"]
            if column is not None:
                form = _form(column, language, delivery.area_version)
                text = text.format(form=form, when=_when(column, language))
            elif code == "malformed_line":
                said = (
                    f"{counts[0]} trường, tiêu đề {counts[1]}"
                    if counts and language == "vi"
                    else detail.strip()
                )
                text = text.format(detail=f" ({said})" if said else "")
            told.append(text)
    return (WHOLE_LINE, "", *told) if column is None else (column.name, _title(column), *told)


def _title(column: Column) -> str:
    """The Vietnamese name of a column, as the agency may head it."""
    return column.aliases[0] if column.aliases else column.name


def _range(column: Column) -> str:
    return (
        ""
        if column.plausible is None
        else f"{column.plausible[0]:,}–{column.plausible[1]:,} {column.unit or ''}".strip()
    )


def _form(column: Column, language: str, area_version: str) -> str:
    """What the column takes, in words."""
    bounds = [
        f"{sign} {number:g}"
        for sign, number in ((">", column.above), ("≥", column.minimum), ("≤", column.maximum))
        if number is not None
    ]
    return words()["forms"][column.kind][language].format(
        description=(column.description_vi if language == "vi" else column.description).rstrip("."),
        values=", ".join(column.values),
        bounds=", " + ", ".join(bounds) if bounds else "",
        area_version=area_version,
    )


def _when(column: Column, language: str) -> str:
    """Under which condition the column must be filled; nothing if always."""
    when = column.required_when
    if when is None or column.required:
        return ""
    text = words()["conditions"]["required_unless" if when.negated else "required_if"][language]
    return text.format(column=when.column, values=", ".join(when.values))
