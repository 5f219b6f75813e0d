"""Nothing exact leaves the warehouse: every number of every file of a release, held against what was counted (SPEC §5).

Three questions, each of which can be answered with no: is a table's figure the exact one more often than noise lets it
be; does any file hold a number that only the exact tables hold; is a file made of anything but the tables and the manifest.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import pytest
from python_calamine import CalamineWorkbook
from worlds import eighteen_persons as worlds

from expectations.catalogue import published_tables
from orchestration.dbt.dictionary import dictionary
from orchestration.home import SEEDS, Home
from orchestration.run.site import site_reference
from releases.database.names import Naming
from releases.database.write import write_database
from releases.quality.facts import release_facts
from releases.quality.page import expectations_page, quality_page
from releases.release import EXPECTATIONS, FILES, REPORT, Release, current_release
from releases.site.build import build_site
from releases.site.chance import wilson
from releases.tables import RELEASED

COUNTS = {
    t.name: t.counts for t in published_tables().values() if t.finest
}  # the figures that noise protects
RATIOS = {"indicators": ("value",), "transitions": ("share",)}
MEDIANS = {"training_outcomes": ("median_wage_12m",)}
SMALLEST = 1000  # numbers from here on are rare enough to be told from all the others that a file holds
DECIMALS = 6
YEARS = range(1900, 2101)
OF_SEEDS = ("areas", "area_links")  # lists of places, whose codes look like numbers
SAME_FOR_ALL = (  # style, script and charts, and lists of places, which no release has a part in
    "site/assets/", *(f"dimensions/{name}.parquet" for name in OF_SEEDS),
)  # fmt: skip
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w])")
GROUPED = re.compile(r"(?<![\w.,])\d{1,3}(?:[.,]\d{3})+(?![\w])")


@dataclass(frozen=True)
class Secrets:
    """Numbers that stand in the exact tables and in none of the released ones."""

    whole: frozenset[int]
    broken: frozenset[float]


@pytest.fixture(scope="module")
def sample_home(samples: Path, sample_homes: dict[Path, Home]) -> Home:
    """The home of the first sample world."""
    return sample_homes[samples / "small-world"]


@pytest.fixture(scope="module")
def release(sample_home: Home) -> Release:
    found = current_release(sample_home.releases)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def both(sample_home: Home, release: Release) -> Iterator[duckdb.DuckDBPyConnection]:
    """What was counted (``w.candidates``), and what was released (``released``)."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{sample_home.database}' as w (read_only)")
        connection.execute("create schema released")
        for table in RELEASED:
            connection.execute(
                f"create view released.{table} as from '{release.path}/tables/{table}.parquet'"
            )
        yield connection


# ---- tables ----------------------------------------------------------------------------------------------------


def same_as_counted(both: duckdb.DuckDBPyConnection, table: str, figure: str, where: str) -> tuple[int, int]:
    """How many figures of a table there are to compare, and how many of them are the exact ones."""
    found = both.execute(
        f"select count(*), count(*) filter (r.{figure} = c.{figure}) from released.{table} as r"
        f" inner join w.candidates.{table} as c using ({', '.join(RELEASED[table])}) where c.{figure} is not null and {where}"
    ).fetchone()
    assert found is not None
    return int(found[0]), int(found[1])


@pytest.mark.parametrize(("table", "figure"), [(t, f) for t, figures in COUNTS.items() for f in figures])
def test_counts_are_the_exact_ones_no_more_often_than_chance_has_it(
    both: duckdb.DuckDBPyConnection, table: str, figure: str
) -> None:
    """A changed count is the exact one with a chance of about 28 %, sums of them more seldom; without noise, always."""
    register = " and r.basis = 'register'" if table == "indicators" else ""
    cells, same = same_as_counted(both, table, figure, f"c.{figure} >= 10{register}")
    assert cells >= 5
    assert same / cells < (0.5 if cells >= 40 else 1), (same, cells)


@pytest.mark.parametrize(("table", "figure"), [(t, f) for t, figures in RATIOS.items() for f in figures])
def test_ratios_are_of_changed_counts(both: duckdb.DuckDBPyConnection, table: str, figure: str) -> None:
    where = f"c.{figure} > 0 and c.{figure} < 100"
    where += " and r.basis = 'register' and r.unit = 'percent'" if table == "indicators" else ""
    cells, same = same_as_counted(both, table, figure, where)
    assert cells > 1000 and same / cells < 0.1, (same, cells)


def test_medians_are_rounded_to_three_digits(both: duckdb.DuckDBPyConnection) -> None:
    shown = [
        value
        for query in (
            "select value from released.indicators where indicator = 'median_wage' and value is not null",
            "select median_wage_12m from released.training_outcomes where median_wage_12m is not null",
        )
        for (value,) in both.execute(query).fetchall()
    ]
    assert len(shown) > 50
    assert [value for value in shown if float(f"{value:.2e}") != value] == []


def test_rows_and_checks_are_told_to_the_nearest_five(both: duckdb.DuckDBPyConnection) -> None:
    odd, linked = both.execute(
        "select (select count(*) from released.linkage where rows % 5 <> 0)"
        " + (select count(*) from released.checks where rows_failed % 5 <> 0), (select count(*) from released.linkage)"
    ).fetchall()[0]
    assert odd == 0 and linked > 100
    assert "revision" not in {c[0] for c in both.execute("describe released.linkage").fetchall()}
    changed = both.execute(
        "select count(*) from (select * exclude (release_id) from released.row_accounting"
        " except all select * exclude (release_id) from w.candidates.row_accounting)"
    ).fetchone()
    assert changed == (0,)  # row accounting is exact


# ---- every file ------------------------------------------------------------------------------------------------


TICKS = re.compile(
    r'<text class="tick"[^>]*>[^<]*</text>'
)  # round numbers around the published ones that are drawn


def numbers(text: str, grouped: bool = True) -> Iterator[float]:
    """Every number of a text once, as a program or, ``grouped``, a reader of either language writes it."""
    for found in set(NUMBER.findall(text)):
        yield float(found)
    for found in set(GROUPED.findall(text)) if grouped else ():
        yield float(re.sub("[.,]", "", found))


def text_of(path: Path) -> str:
    """All that a file holds; where it has cells, each on a line of its own."""
    if path.suffix in (".parquet", ".csv", ".gz"):
        read = f"'{path}'" if path.suffix == ".parquet" else f"read_csv('{path}', all_varchar = true)"
        text = _lines(duckdb.execute(f"select columns(*)::varchar from {read}").fetchall())
        return text.replace(",", ".") if path.suffix == ".csv" else text  # decimal commas
    if path.suffix == ".duckdb":
        return "\n".join(_lines(rows) for name, rows in content_of(path).items() if name not in OF_SEEDS)
    if path.suffix == ".xlsx":
        book = CalamineWorkbook.from_path(path)
        return "\n".join(_lines(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names)
    text = path.read_text(encoding="utf-8")
    return TICKS.sub("", text) if path.suffix == ".html" else text


def _lines(rows: Iterable[Iterable[object]]) -> str:
    return "\n".join(str(cell) for row in rows for cell in row if cell is not None)


def content_of(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """The rows of every table and view of a database."""
    with duckdb.connect(str(database), read_only=True) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'main' order by 1"
        ).fetchall()
        return {name: connection.execute(f'from "{name}" order by all').fetchall() for (name,) in names}


@cache
def secrets_of(database: Path, release: Path) -> Secrets:
    """The numbers no file of a release may hold."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as w (read_only)")
        counted: set[float] = set()
        for table, figures in (COUNTS | {"linkage": ("rows",), "checks": ("rows_failed",)}).items():
            counted |= values(connection, f"w.candidates.{table}", figures)
        for grouping in ("source", "source, rule", "source, period", "source, period, rule", "source, sex"):
            counted |= values(connection, f"(select sum(rows) as rows from w.candidates.linkage group by {grouping})", ("rows",))  # fmt: skip
        for table, figures in (*RATIOS.items(), *MEDIANS.items()):
            counted |= values(connection, f"w.candidates.{table}", figures)
        released: set[float] = set()
        for table in RELEASED:
            path = release / "tables" / f"{table}.parquet"
            released |= {round(n, DECIMALS) for n in numbers(text_of(path))}
            released.add(float(connection.execute(f"select count(*) from '{path}'").fetchall()[0][0]))
    left = counted - released
    whole = {int(n) for n in left if n.is_integer() and n >= SMALLEST and int(n) not in YEARS}
    return Secrets(frozenset(whole), frozenset(n for n in left if round(n, 2) != n))


def values(connection: duckdb.DuckDBPyConnection, table: str, figures: tuple[str, ...]) -> set[float]:
    return {
        round(float(value), DECIMALS)
        for figure in figures
        for (value,) in connection.execute(f"select distinct {figure} from {table}").fetchall()
        if value is not None
    }


def told(path: Path, secrets: Secrets) -> set[float]:
    """The secrets that stand in a file."""
    grouped = path.suffix not in (".csv", ".gz", ".parquet")  # where nobody groups digits, 1,312 is no 1312
    found = {round(n, DECIMALS) for n in numbers(text_of(path), grouped)}
    return {n for n in found if n in secrets.broken or (n.is_integer() and int(n) in secrets.whole)}


def incidental(release: Release) -> set[float]:
    """Numbers that are no cell of a released table, but made of such cells, or of files: sums of the report and of the pages,
    and how long files are.
    """
    facts = release_facts(release.path, release.manifest)
    found = set(numbers(json.dumps(facts)))
    passed, checks, without = (
        sum(g[k] for g in facts["gates"]) for k in ("passed", "checks", "not_applicable")
    )
    found |= {float(passed), float(checks - without)}
    of_origin = duckdb.execute(
        f"select sum(persons) from '{release.path}/tables/transitions.parquet'"
        " group by period, lag, area_version, area_code, sex, age_group, from_status"
    )
    found |= {float(total) for (total,) in of_origin.fetchall()}
    rows = f"(from '{release.path}/tables/indicators.parquet' where basis = 'register' and age_group = 'total' and urban_rural = 'total')"
    year_before = duckdb.execute(  # changes against a year before, as pages of indicators and places tell them
        f"select distinct abs(round(n.value - o.value, 2)) from {rows} as n inner join {rows} as o"
        " using (indicator, area_version, area_level, area_code, sex)"
        " where o.period = (left(n.period, 4)::integer - 1)::varchar || right(n.period, 2) and n.value is not null and o.value is not null"
    )
    found |= {float(change) for (change,) in year_before.fetchall()}
    shares = duckdb.execute(
        f"select distinct numerator, denominator from {rows} where denominator > 0"
    ).fetchall()
    found |= {round(limit, DECIMALS) for count, of in shares for limit in wilson(count, of)}
    for path in release.path.rglob("*"):
        if path.is_file():
            found.add(float(-(-path.stat().st_size // 1000)))  # as the page of downloads has it
        if path.parent.name == "data":
            found |= {float(n) for n in re.findall(r'"rows":(\d+)', path.read_text(encoding="utf-8"))}
    return found


def test_no_file_holds_a_number_that_only_the_exact_tables_hold(sample_home: Home, release: Release) -> None:
    secrets = secrets_of(sample_home.database, release.path)
    assert len(secrets.whole) > 1000 and len(secrets.broken) > 5000
    read = [p for p in sorted(release.path.rglob("*")) if p.is_file()]
    named = {p: p.relative_to(release.path).as_posix() for p in read}
    assert {FILES, REPORT, "manifest.json", "labour.duckdb", "site/index.html"} <= set(named.values())
    assert {p.suffix for p in read} == {".parquet", ".duckdb", ".json", ".html", ".js", ".css", ".csv", ".gz", ".xlsx", ".sha256", ".svg"}  # fmt: skip
    allowed = incidental(release)
    leaks = {
        name: sorted(told(path, secrets) - allowed)[:5]
        for path, name in named.items()
        if not name.startswith(SAME_FOR_ALL)
    }
    assert {name: found for name, found in leaks.items() if found} == {}


@pytest.mark.parametrize(
    ("suffix", "written"),
    [
        (".html", "<td>{vi}</td>"),
        (".html", "<td>{en}</td>"),
        (".html", '<div data-rows="[{{&#34;value&#34;: {plain}}}]">'),
        (".js", '{{"persons":[3,{plain},{broken}]}}'),
        (".js", '{{"figures":{{"value":"3 {plain}  {broken}"}}}}'),
        (".json", '{{"employers": {plain}}}'),
        (".csv", "area,persons\n30,{plain}\n"),
        (".csv.gz", "area,persons\n30,{plain}\n"),
    ],
)
def test_a_number_that_leaks_is_found(
    sample_home: Home, release: Release, tmp_path: Path, suffix: str, written: str
) -> None:
    """The search above is worth something only if it finds what is there."""
    secrets = secrets_of(sample_home.database, release.path)
    leaked, broken = max(secrets.whole), max(secrets.broken)
    english = f"{leaked:,}"
    path = tmp_path / f"leak{suffix}"
    text = written.format(plain=leaked, broken=broken, en=english, vi=english.replace(",", ".")).encode()
    path.write_bytes(gzip.compress(text) if suffix.endswith(".gz") else text)
    assert told(path, secrets) == ({leaked, broken} if "{broken}" in written else {leaked})


# ---- made of tables and manifest alone -------------------------------------------------------------------------


def test_all_else_is_made_of_the_tables_and_the_manifest(tmp_path: Path) -> None:
    """Where no warehouse is, the same files come out: nothing of it can be in them."""
    release = current_release(worlds.small_home().releases)
    assert release is not None
    copied = tmp_path / release.id
    shutil.copytree(release.path / "tables", copied / "tables")
    shutil.copyfile(release.path / "manifest.json", copied / "manifest.json")
    naming = Naming(dictionary(), SEEDS)
    write_database(copied / "tables", copied / "labour.duckdb", naming, release.manifest)
    (copied / REPORT).parent.mkdir()
    facts = release_facts(copied, release.manifest)
    (copied / REPORT).write_text(quality_page(facts), encoding="utf-8")
    (copied / EXPECTATIONS).write_text(expectations_page(facts), encoding="utf-8")
    build_site(copied, release.manifest, site_reference())
    made = {p.relative_to(release.path).as_posix() for p in release.path.rglob("*") if p.is_file()}
    assert made - {FILES} == {p.relative_to(copied).as_posix() for p in copied.rglob("*") if p.is_file()}
    for name in sorted(made - {FILES}):
        published, again = release.path / name, copied / name
        if name.endswith(".duckdb"):
            assert content_of(published) == content_of(again)
        elif name.endswith(".xlsx"):
            assert text_of(published) == text_of(again)
        elif name.endswith("downloads.html"):  # states sizes, of files that hold the time they were made
            assert _without_sizes(published) == _without_sizes(again)
        else:
            assert published.read_bytes() == again.read_bytes(), name


def _without_sizes(page: Path) -> str:
    return re.sub(r'<td class="n">.*?</td>', "", page.read_text(encoding="utf-8"))
