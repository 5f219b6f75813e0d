"""What the site hands out beside Parquet and DuckDB: a workbook, small CSV files for spreadsheets, every table as CSV for programs.

Not offered: a file for every indicator of every place, which would be thousands; nor tables for spreadsheets as CSV, which drop the
zeros of their codes, where the workbook has them right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from expectations.catalogue import published_tables
from releases.pages import words
from releases.site.csv_files import write_for_programs, write_for_spreadsheets
from releases.site.reference import Reference
from releases.site.selections import HEADLINE, ONE_WAY, typed_first
from releases.site.vocabulary import indicator_names
from releases.site.workbook import write_workbook
from releases.tables import RELEASED

EVERY: words.Pair = ("Mọi bảng", "All tables")
HEADLINES: words.Pair = (
    "Số liệu tổng hợp: cả nước và các tỉnh, chỉ dòng tổng",
    "Headline: country and provinces, totals alone",
)
WORKBOOK: words.Pair = (
    "Excel và phần mềm bảng tính khác, mọi thiết lập",
    "Excel and other spreadsheets, whatever their settings",
)
SMALL: words.Pair = (
    "Bảng tính với thiết lập Việt Nam: tệp nhỏ",
    "Spreadsheets with Vietnamese settings: small files",
)
PLACES: words.Pair = (
    "Bảng tính với thiết lập Việt Nam: từng địa bàn",
    "Spreadsheets with Vietnamese settings: one place each",
)
SERIES: words.Pair = ("Bảng tính với thiết lập Việt Nam: từng chỉ tiêu", "Spreadsheets with Vietnamese settings: one indicator each")  # fmt: skip
PROGRAMS: words.Pair = ("Chương trình, R, Python, SQL", "Programs, R, Python, SQL")
PLAIN = re.compile(
    r"[A-Za-z0-9_-]+"
)  # of what may be the name of a file: an official indicator is called as its agency sent it


@dataclass(frozen=True)
class Download:
    """A file to hand out: where it lies as seen from the site, for whom, what it holds, its form, and how large it is."""

    file: str
    group: words.Pair
    holds: words.Pair
    form: str
    bytes: int


def write_downloads(
    connection: duckdb.DuckDBPyConnection,
    release: Path,
    name: str,
    notes: list[words.Pair],
    reference: Reference,
) -> list[Download]:
    """Write CSV files and the workbook under ``<release>/site/downloads``; returns all there is, what opens right first.

    ``name`` is that of the release; ``connection`` has a view per released table; ``notes`` go onto the workbook's first sheet.
    """
    site = release / "site"
    (site / "downloads").mkdir()
    workbook = f"downloads/labourdb-{name}.xlsx"
    write_workbook(connection, site / workbook, notes, reference.dictionary.published)
    files = [(workbook, WORKBOOK, EVERY, "Excel"), *_small(connection, site, reference)]
    files.append(("../labour.duckdb", PROGRAMS, EVERY, "DuckDB"))
    write_for_programs(
        connection, typed_first(connection, HEADLINE, "indicators"), site / "downloads/headline.csv"
    )
    files.append(("downloads/headline.csv", PROGRAMS, HEADLINES, "CSV"))
    for table in RELEASED:
        csv = f"downloads/{csv_file(table)}"
        write_for_programs(connection, typed_first(connection, f"from {table}", table), site / csv)
        files.append((f"../tables/{table}.parquet", PROGRAMS, words.TABLES[table], "Parquet"))
        files.append((csv, PROGRAMS, words.TABLES[table], "CSV"))
    return [
        Download(file, group, holds, form, (site / file).stat().st_size) for file, group, holds, form in files
    ]


def csv_file(table: str) -> str:
    """The name of a table's CSV for programs: compressed if the table goes down to communes, of which a nation has ten thousand."""
    return f"{table}.csv.gz" if "commune" in published_tables()[table].levels else f"{table}.csv"


def _small(
    connection: duckdb.DuckDBPyConnection, site: Path, reference: Reference
) -> Iterator[tuple[str, words.Pair, words.Pair, str]]:
    """Write the files for spreadsheets: the headline, then a file per place and per indicator of a basis."""
    order = f"order by {', '.join(RELEASED['indicators'])}"
    write_for_spreadsheets(connection, f"{HEADLINE} {order}", site / "downloads/headline-vi.csv")
    yield "downloads/headline-vi.csv", SMALL, HEADLINES, "CSV"
    connection.execute(f"create temp table one_way as {ONE_WAY}")
    for folder in ("places-vi", "indicators-vi"):
        (site / "downloads" / folder).mkdir()
    for file, group, holds, chosen in [*_places(connection), *_series(connection, reference)]:
        write_for_spreadsheets(connection, f"from one_way where {chosen} {order}", site / file)
        yield file, group, holds, "CSV"
    connection.execute("drop table one_way")


def _places(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, words.Pair, words.Pair, str]]:
    """Files of one place: where it lies, its group, its title, and the condition on its rows."""
    for version, code, name in connection.execute(
        "select distinct area_version, area_code, area_name from one_way order by all"
    ).fetchall():
        if PLAIN.fullmatch(f"{version}{code}"):
            title = _titled(words.AREAS.get(code, (name, name)), words.AREA_VERSIONS[version])
            chosen = f"area_version = '{version}' and area_code = '{code}'"
            yield f"downloads/places-vi/{version}-{code}.csv", PLACES, title, chosen


def _series(
    connection: duckdb.DuckDBPyConnection, reference: Reference
) -> Iterator[tuple[str, words.Pair, words.Pair, str]]:
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
