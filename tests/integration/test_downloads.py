"""What a release hands out, read back with other libraries than it was written with: the same figures, of the same types."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook
from support.home_tables import released
from worlds import eighteen_persons as worlds

from expectations.catalogue import RELEASE, published_tables
from orchestration.run.site import site_reference
from releases.disclosure import PROTECTION
from releases.pages import words
from releases.pages.page import LANGUAGES
from releases.release import Release, current_release
from releases.site.code_names import COVERED, named
from releases.site.downloads import write_downloads
from releases.site.places import Place, places
from releases.site.reference import Reference
from releases.site.selections import EARLY, HEADLINE, typed_first
from releases.site.target_sheet import NAME as TARGETS
from releases.site.targets import Target
from releases.site.targets import targets as all_targets
from releases.site.vocabulary import indicator_names
from releases.site.workbook import FOR_PEOPLE, NOTES, write_workbooks
from releases.tables import RELEASED

Row = tuple[Any, ...]
MadeOf = tuple[Reference, Mapping[str, Place], list[Target]]
NUMBER = re.compile(r"-?\d+(,\d+)?(e-\d+)?")


@pytest.fixture(scope="module")
def release() -> Release:
    found = current_release(worlds.small_home().releases)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def downloads(release: Release) -> Path:
    return release.path / "site" / "downloads"


@pytest.fixture(scope="module")
def tables(release: Release) -> duckdb.DuckDBPyConnection:
    return released(release.path)


@pytest.fixture(scope="module")
def made_of(tables: duckdb.DuckDBPyConnection) -> MadeOf:
    """What the workbooks are made of beside the tables: the reference, the places and the targets of the pages."""
    reference = site_reference()
    names = {basis: indicator_names(reference.dictionary, basis) for basis in words.BASES}
    return reference, places(tables, reference), all_targets(tables, names)


@pytest.fixture(scope="module")
def sheets(downloads: Path) -> dict[str, list[Row]]:
    """Rows of the workbook by sheet, as openpyxl reads them, titles first."""
    (path,) = downloads.glob("labourdb-*.xlsx")
    book = openpyxl.load_workbook(path, read_only=True)
    return {sheet.title: list(sheet.values) for sheet in book.worksheets}


def sheets_of(table: str, sheets: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The sheets that hold a table: its own, or those of its bases."""
    return {n: rows for n, rows in sheets.items() if n == table} or {
        n: rows for n, rows in sheets.items() if n.partition("_")[0] in words.BASES
    }


def of_table(tables: duckdb.DuckDBPyConnection, table: str) -> str:
    """The rows and columns of a table that the workbook has."""
    where = "where area_level not in ('district', 'commune')" if table == "indicators" else ""
    return f"select * exclude ({RELEASE}) from {table} {where}"


def test_the_workbook_has_sheets_for_each_table_and_its_notes(
    release: Release, sheets: dict[str, list[Row]]
) -> None:
    assert list(sheets)[:3] == [TARGETS, NOTES, "headline"]
    assert [n for n in sheets if n in RELEASED] == [t for t in RELEASED if t != "indicators"]
    assert list(sheets_of("indicators", sheets))[:3] == [
        "register_VND",
        "register_percent",
        "register_persons",
    ]
    notes = " ".join(str(c) for row in sheets[NOTES] for c in row if c)
    assert release.id in notes and "not ILO" in notes and "target_progress" in notes
    for said in (*words.NOISE, *words.FEW_MEANS, *words.PROTECTIONS[PROTECTION]):
        assert notes.count(said) == 1


@pytest.mark.parametrize("table", RELEASED)
def test_every_cell_of_the_workbook_is_the_tables(
    tables: duckdb.DuckDBPyConnection, sheets: dict[str, list[Row]], table: str
) -> None:
    """Every row in one sheet; to the last digit, texts as texts, whole numbers as whole numbers, and nothing as nothing.

    Beside a code stands its name, in a column that says so and holds no figure.
    """
    stated = tables.execute(of_table(tables, table))
    titles = tuple(column[0] for column in stated.description or ())
    found: Counter[Row] = Counter()
    for rows in sheets_of(table, sheets).values():
        own = [n for n, title in enumerate(rows[0]) if title in titles]
        assert tuple(rows[0][n] for n in own) == titles and (
            len(rows) > 1 or table == "labour_flows"
        )  # this world is too short for them
        for n in set(range(len(rows[0]))) - set(own):
            assert rows[0][n] in {named(rows[0][n - 1]), COVERED}
            assert all(
                (row[n] is None) == (row[n - 1] is None) and isinstance(row[n], str | None)
                for row in rows[1:]
            )
        found.update(tuple((type(row[n]), row[n]) for n in own) for row in rows[1:])
    whole = (
        (int(c) if isinstance(c, float) and c.is_integer() else c for c in row) for row in stated.fetchall()
    )
    assert found == Counter(tuple((type(c), c) for c in row) for row in whole)


def test_the_headline_is_the_totals_alone(
    tables: duckdb.DuckDBPyConnection, sheets: dict[str, list[Row]]
) -> None:
    named = [dict(zip(sheets["headline"][0], row, strict=True)) for row in sheets["headline"][1:]]
    assert {(r["sex"], r["age_group"], r["urban_rural"]) for r in named} == {("total", "total", "total")}
    assert {r["area_level"] for r in named} == {"country", "province"}
    assert {r["basis"] for r in named} == {"register", "official"}
    assert len(named) == len(tables.execute(HEADLINE).fetchall()) > 100


def test_the_first_rows_of_a_sheet_show_every_type(sheets: dict[str, list[Row]]) -> None:
    """A reader that guesses types of the first rows guesses right: what is empty in them is empty in all."""
    checked = 0
    for name, rows in list(sheets.items())[FOR_PEOPLE:]:
        for column, *cells in zip(*rows, strict=True):
            kinds = {type(c) for c in cells[:EARLY]} - {type(None)}
            assert {type(c) for c in cells} - {type(None)} <= kinds, f"{name}, {column}"
            checked += len(cells) > EARLY
    assert checked > 50


def test_pandas_and_calamine_read_the_workbook_alike(downloads: Path, sheets: dict[str, list[Row]]) -> None:
    (path,) = downloads.glob("labourdb-*.xlsx")
    calamine = CalamineWorkbook.from_path(path)
    assert calamine.sheet_names == list(sheets)
    for name in ("headline", "labour_flows", "training_outcomes"):
        plain = [["" if c is None else c for c in row] for row in sheets[name]]
        assert calamine.get_sheet_by_name(name).to_python() == plain
    codes = ["area_version", "area_code", "field_code"]  # else pandas takes texts of digits for numbers
    frame = pd.read_excel(path, sheet_name="training_outcomes", dtype=dict.fromkeys(codes, str))
    titles, *rows = sheets["training_outcomes"]
    assert list(frame.columns) == list(titles) and frame["completions"].dtype == "int64"
    assert frame.astype(object).where(frame.notna(), None).to_numpy().tolist() == [list(r) for r in rows]


def test_texts_that_look_like_formulas_or_links_stay_texts(
    release: Release, made_of: MadeOf, tmp_path: Path
) -> None:
    """Whoever opens a workbook must not run what an agency wrote."""
    sent = ["=1+1", "{=A1}", "@SUM(1)", "http://example.invalid", "007"]
    reference, known, targets = made_of
    planned = [replace(targets[0], plan=text, indicator=text) for text in sent]
    with released(release.path) as connection:
        connection.execute(
            "create table sent as select * replace (sent as file) from (from row_accounting limit 1), (select unnest($1) as sent)",
            [sent],
        )
        connection.execute("create or replace view row_accounting as from sent")
        write_workbooks(
            connection, tmp_path / "s.xlsx", tmp_path / "a.xlsx", release.manifest, reference, known, planned
        )
    book, small = (openpyxl.load_workbook(tmp_path / name) for name in ("a.xlsx", "s.xlsx"))
    for sheet in (book["row_accounting"], book[TARGETS], small[TARGETS]):
        found = [c for row in sheet.iter_rows() for c in row if c.value in sent]
        assert {c.value for c in found} == set(sent)
        assert {(c.data_type, c.hyperlink) for c in found} == {("s", None)}


def test_what_is_typed_late_goes_to_the_top() -> None:
    with duckdb.connect() as connection:
        columns = ", ".join(f"null::varchar as {c}" for c in RELEASED["linkage"] if c != "period")
        query = (
            f"select printf('%05d', n) as period, {columns}, case when n > 5000 then n end as late,"
            " case when n = 4000 then 0.5 else n end::double as fraction, n as early, null::integer as never"
            " from range(10000) as r(n)"
        )
        rows = connection.execute(typed_first(connection, query, "linkage")).fetchall()
        assert [r[0] for r in rows[:4]] == ["04000", "05001", "00000", "00001"]
        assert len(rows) == len(set(rows)) == 10_000


@pytest.mark.parametrize("table", RELEASED)
def test_csv_for_programs_is_as_its_standard_has_it(
    downloads: Path, tables: duckdb.DuckDBPyConnection, table: str
) -> None:
    """UTF-8, CRLF, every text quoted, whole numbers without a fraction; what is unquoted is a number or nothing."""
    packed = (downloads / f"{table}.csv.gz").read_bytes()
    assert packed[3:8] == bytes(5), "neither a name nor a time: the same rows are the same bytes"
    raw = gzip.decompress(packed)
    assert (
        not raw.startswith(b"\xef\xbb\xbf")
        and raw.endswith(b"\r\n")
        and not re.search(rb",-?\d+\.0[,\r]", raw)
    )
    stated = tables.execute(f"from {table}")
    titles, rows = [c[0] for c in stated.description or ()], stated.fetchall()
    read = list(csv.reader(io.StringIO(raw.decode("utf-8"), newline="")))
    assert read[0] == titles and len(read) == len(rows) + 1
    texts = [n for n, c in enumerate(stated.description or ()) if str(c[1]) == "VARCHAR"]
    for n in texts:
        assert Counter(r[n] for r in read[1:]) == Counter(r[n] or "" for r in rows)
    for n in set(range(len(titles))) - set(texts):
        assert Counter(float(r[n]) for r in read[1:] if r[n]) == Counter(
            float(r[n]) for r in rows if r[n] is not None
        )
    records = raw.decode("utf-8").split("\r\n")[1:-1]
    if len(records) == len(rows):  # no text holds a line end
        assert all(re.fullmatch(r'(("(""|[^"])*"|-?[\d.e-]*)(,|$))+', record) for record in records[:2000])
    frame = pd.read_csv(downloads / f"{table}.csv.gz", nrows=EARLY)
    assert frame.empty or not [c for c in published_tables()[table].counts if frame[c].dtype == object]


def test_csv_for_spreadsheets_reads_right_under_vietnamese_settings(
    downloads: Path, tables: duckdb.DuckDBPyConnection
) -> None:
    files = [
        downloads / "headline-vi.csv",
        *downloads.glob("places-vi/*.csv"),
        *downloads.glob("indicators-vi/*.csv"),
    ]
    assert len(files) > 20
    figures = published_tables()["indicators"].figures
    for path in files:
        raw = path.read_bytes()
        assert (
            raw.startswith(b"\xef\xbb\xbf")
            and raw.count(b"\r\n") == raw.count(b"\n")
            and len(raw) < 1_000_000
        )
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines, delimiter=";"))
        assert rows
        for row in rows:
            assert re.fullmatch(r"[\w:]+@20\d\d", row["area_code"]), (
                "a code that a spreadsheet takes for a number"
            )
            assert all(NUMBER.fullmatch(row[f]) for f in figures if row[f]), row
    headline = pd.read_csv(files[0], sep=";", decimal=",", encoding="utf-8-sig")
    stated = tables.execute(f"{HEADLINE} order by {', '.join(RELEASED['indicators'])}").df()
    assert list(headline.columns) == list(stated.columns)
    assert list(headline["area_code"]) == list(stated["area_code"] + "@" + stated["area_version"])
    for figure in figures:
        pd.testing.assert_series_equal(headline[figure], stated[figure].astype("float64"), check_dtype=False)


def test_a_small_file_holds_one_place_or_one_indicator_told_apart_by_one_column(downloads: Path) -> None:
    for folder, columns in (
        ("places-vi", ["area_version", "area_code"]),
        ("indicators-vi", ["basis", "indicator"]),
    ):
        for path in (downloads / folder).glob("*.csv"):
            rows = pd.read_csv(path, sep=";", decimal=",", dtype=str)
            assert [len(set(rows[c])) for c in columns] == [1, 1]
            assert "-".join(str(rows.loc[0, c]) for c in columns).partition("@")[0] == path.stem
            apart = (rows[["sex", "age_group", "urban_rural"]] != "total").sum(axis=1)
            assert apart.max() <= 1


def test_the_page_links_every_file_once(release: Release, downloads: Path) -> None:
    files = [*(p for p in downloads.rglob("*") if p.is_file()), *(release.path / "tables").glob("*.parquet")]
    for language in LANGUAGES:
        page = downloads.parent / language / "downloads.html"
        links = re.findall(r'href="([^"]+)" download', page.read_text(encoding="utf-8"))
        assert sorted((page.parent / x).resolve() for x in links) == sorted(
            p.resolve() for p in (*files, release.path / "labour.duckdb")
        )


def test_no_name_that_an_agency_sent_leads_out_of_the_folder(release: Release, tmp_path: Path) -> None:
    """An indicator's name of official_statistics is whatever its agency sent; its figures are in every other file."""
    hostile = "../../x'; drop"
    (tmp_path / "labour.duckdb").write_bytes(b"")
    (tmp_path / "site").mkdir()
    (tmp_path / "tables").mkdir()
    with duckdb.connect() as connection:
        for table in RELEASED:
            file = tmp_path / "tables" / f"{table}.parquet"
            renamed = "select * replace (if(basis = 'official', $name, indicator) as indicator)" if table == "indicators" else "select *"  # fmt: skip
            named = {"name": hostile} if table == "indicators" else None
            connection.execute(f"copy ({renamed} from '{release.path}/tables/{table}.parquet' where {table}.release_id is not null limit 3000) to '{file}'", named)  # fmt: skip
            connection.execute(f"create view {table} as from '{file}'")
        reference = site_reference()
        found = write_downloads(
            connection, tmp_path, release.manifest, reference, places(connection, reference), []
        )
    assert not [d for d in found if "drop" in d.file] and [d for d in found if "register-" in d.file]
    assert {p.name for p in tmp_path.iterdir()} == {"labour.duckdb", "site", "tables"}
    assert hostile in (tmp_path / "site/downloads/headline-vi.csv").read_text(encoding="utf-8")
