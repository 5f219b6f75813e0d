"""What the site hands out beside Parquet and DuckDB: two workbooks, small CSV files for spreadsheets, every table as CSV for programs.

Not offered: a file for every indicator of every place, which would be thousands; nor tables for spreadsheets as CSV, which drop the
zeros of their codes, where the workbook has them right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from releases.pages import words
from releases.site.csv_files import write_for_programs, write_for_spreadsheets
from releases.site.places import Place
from releases.site.reference import Reference
from releases.site.selections import HEADLINE, ONE_WAY, typed_first
from releases.site.targets import Target
from releases.site.vocabulary import indicator_names
from releases.site.workbook import write_workbooks
from releases.tables import RELEASED

EVERY: words.Pair = ("Mọi bảng", "All tables")
SUMMARY: words.Pair = (
    "Tóm tắt: chỉ tiêu kế hoạch, số liệu chính của cả nước, tỉnh, huyện các kỳ gần nhất",
    "Summary (in Vietnamese): plan targets, main figures of country, provinces and districts in the last periods",
)
HEADLINES: words.Pair = (
    "Số liệu tổng hợp: cả nước và các tỉnh, chỉ dòng tổng",
    "Headline: country and provinces, totals alone",
)


@dataclass(frozen=True)
class Group:
    """Files for the same readers: their title, and in a sentence what they are for and how they are opened."""

    title: words.Pair
    use: words.Pair


WORKBOOK = Group(
    ("Để xem và in: Excel hoặc phần mềm bảng tính khác", "To read and print: Excel or another spreadsheet"),
    (
        "Mở đúng với thiết lập nào cũng vậy: mã giữ số 0 ở đầu, số là số. Tệp đầy đủ có mọi bảng của cả nước và các tỉnh, kèm tên của từng"
        " mã; bảng quá dài thì bỏ những dòng chia theo nhiều tiêu thức cùng lúc.",
        "They open right under any settings: codes keep their zeros, numbers are numbers. The full one holds every table of country and"
        " provinces, with the names of codes; of a table that is too long what several columns tell apart at once is left out.",
    ),
)
_SETTINGS: words.Pair = (
    "Nhấp đúp là mở được trong bảng tính có thiết lập Việt Nam (dấu phẩy thập phân); mã địa bàn viết kèm danh mục, như 30@2024.",
    "A double click opens them in a spreadsheet with Vietnamese settings (decimal comma); the code of an area stands with its list, as 30@2024.",
)
_ONE_WAY: words.Pair = (
    " Có dòng tổng và dòng chia theo một tiêu thức: giới tính, tuổi, hoặc thành thị, nông thôn.",
    " They hold totals, and rows by sex, by age or by settlement.",
)
_SMALL: words.Pair = (_SETTINGS[0] + _ONE_WAY[0], _SETTINGS[1] + _ONE_WAY[1])
SMALL = Group(
    ("Tệp nhỏ: số liệu tổng hợp", "Small files: headline"),
    _SETTINGS,
)
PLACES = Group(("Tệp nhỏ: từng địa bàn", "Small files: one place each"), _SMALL)
SERIES = Group(("Tệp nhỏ: từng chỉ tiêu", "Small files: one indicator each"), _SMALL)
PROGRAMS = Group(
    ("Cho chương trình: R, Python, SQL", "For programs: R, Python, SQL"),
    (
        "Đủ mọi dòng, cả huyện và xã. CSV (UTF-8, dấu chấm thập phân) được nén: pandas, polars, R, DuckDB đọc thẳng tệp .csv.gz; đừng mở bằng"
        " bảng tính.",
        "All rows, districts and communes too. CSV (UTF-8, decimal point) is compressed: pandas, polars, R and DuckDB read the .csv.gz as it"
        " is; do not open it in a spreadsheet.",
    ),
)
PLAIN = re.compile(
    r"[A-Za-z0-9_-]+"
)  # of what may be the name of a file: an official indicator is called as its agency sent it


@dataclass(frozen=True)
class Download:
    """A file to hand out: where it lies as seen from the site, for whom, what it holds, its form, and how large it is."""

    file: str
    group: Group
    holds: words.Pair
    form: str
    bytes: int


Filed = tuple[
    str, Group, words.Pair, str
]  # where a file lies, its group, what it holds, and its form (or which rows)


def write_downloads(
    connection: duckdb.DuckDBPyConnection,
    release: Path,
    manifest: Mapping[str, Any],
    reference: Reference,
    places: Mapping[str, Place],
    targets: Sequence[Target],
) -> list[Download]:
    """Write CSV files and the workbook under ``<release>/site/downloads``; returns all there is, what opens right first.

    ``connection`` has a view per released table; ``places`` and ``targets`` are those of its pages.
    """
    site = release / "site"
    (site / "downloads").mkdir()
    name = manifest["release_id"]
    summary, full = f"downloads/tom-tat-{name}.xlsx", f"downloads/labourdb-{name}.xlsx"
    write_workbooks(connection, site / summary, site / full, manifest, reference, places, targets)
    files = [
        (summary, WORKBOOK, SUMMARY, "Excel"),
        (full, WORKBOOK, EVERY, "Excel"),
        *_small(connection, site, reference, places),
    ]
    write_for_programs(
        connection, typed_first(connection, HEADLINE, "indicators"), site / "downloads/headline.csv.gz"
    )
    files.append(("downloads/headline.csv.gz", PROGRAMS, HEADLINES, "CSV"))
    files.append(("../labour.duckdb", PROGRAMS, EVERY, "DuckDB"))
    for table in RELEASED:
        csv = f"downloads/{table}.csv.gz"
        write_for_programs(connection, typed_first(connection, f"from {table}", table), site / csv)
        files.append((f"../tables/{table}.parquet", PROGRAMS, words.TABLES[table], "Parquet"))
        files.append((csv, PROGRAMS, words.TABLES[table], "CSV"))
    return [
        Download(file, group, holds, form, (site / file).stat().st_size) for file, group, holds, form in files
    ]


def _small(
    connection: duckdb.DuckDBPyConnection, site: Path, reference: Reference, places: Mapping[str, Place]
) -> Iterator[Filed]:
    """Write the files for spreadsheets: the headline, then a file per place and per indicator of a basis."""
    order = f"order by {', '.join(RELEASED['indicators'])}"
    write_for_spreadsheets(connection, f"{HEADLINE} {order}", site / "downloads/headline-vi.csv")
    yield "downloads/headline-vi.csv", SMALL, HEADLINES, "CSV"
    connection.execute(f"create temp table one_way as {ONE_WAY}")
    for folder in ("places-vi", "indicators-vi"):
        (site / "downloads" / folder).mkdir()
    for file, group, holds, chosen in [*_places(connection, places), *_series(connection, reference)]:
        write_for_spreadsheets(connection, f"from one_way where {chosen} {order}", site / file)
        yield file, group, holds, "CSV"
    connection.execute("drop table one_way")


def _places(connection: duckdb.DuckDBPyConnection, places: Mapping[str, Place]) -> Iterator[Filed]:
    """Files of one place: where it lies, its group, its title with what the registers cover of it, and the condition on its rows."""
    for version, code, name in connection.execute(
        "select distinct area_version, area_code, area_name from one_way order by all"
    ).fetchall():
        if PLAIN.fullmatch(f"{version}{code}"):
            called = words.AREAS.get(code, (name, name))
            place = places.get(f"{code}@{version}")
            if place and place.name != called:
                vi, en = place.name
                called = f"{called[0]}; sổ đăng ký: {vi}", f"{called[1]}; registers: {en}"
            title = _titled(called, words.AREA_VERSIONS[version])
            chosen = f"area_version = '{version}' and area_code = '{code}'"
            yield f"downloads/places-vi/{version}-{code}.csv", PLACES, title, chosen


def _series(connection: duckdb.DuckDBPyConnection, reference: Reference) -> Iterator[Filed]:
    """Files of one indicator of a basis, as ``_places`` has them."""
    for basis, indicator in connection.execute(
        "select distinct basis, indicator from one_way order by basis = 'official', indicator"
    ).fetchall():
        if PLAIN.fullmatch(f"{basis}{indicator}"):
            named = indicator_names(reference.dictionary, basis).get(indicator, (indicator, indicator))
            chosen = f"basis = '{basis}' and indicator = '{indicator}'"
            title = _titled(named, words.BASES[basis])
            yield f"downloads/indicators-vi/{basis}-{indicator}.csv", SERIES, title, chosen


def _titled(name: words.Pair, of: words.Pair) -> words.Pair:
    return f"{name[0]} ({of[0].lower()})", f"{name[1]} ({of[1].lower()})"
