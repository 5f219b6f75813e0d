"""What ``docs/adding.md`` says works: its examples, put into a copy of the product, come out as published figures.

The page is the source of the examples. They are added at once, the generators are run, and the world of eighteen persons goes
through the copy, with a few deliveries of the new sources.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from worlds import eighteen_persons as worlds
from worlds.eighteen_persons import KEY, PEOPLE, deliver, write_world

from orchestration.dbt.project import TARGET
from orchestration.home import Home
from orchestration.run.fingerprint import PACKAGES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "adding.md"
RECIPE = re.compile(
    r"^## \d\. (.+)\n\nWritten by hand: (\d) production files?(?:, (\d) pages?)?", re.MULTILINE
)
BLOCK = re.compile(
    r"^File `([^`]+)`, (?:(new|at the end)|(above|below) (`+)(.+?)\4):\n\n```\w+\n(.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
# the most production files a recipe may ask for
ALLOWED = {
    "A source that is not linked": 2,
    "A source on the status ladder": 6,
    "A measure": 2,
    "An indicator": 2,
    "A published table": 8,
    "A check": 2,
}


@dataclass(frozen=True)
class Addition:
    """Text that goes into ``path``: a new file, or at its end, or beside the one line that begins with ``anchor``."""

    path: str
    place: str
    anchor: str
    text: str

    def put(self, root: Path) -> None:
        """Write it below ``root``."""
        file = root / self.path
        if self.place == "new":
            assert not file.exists(), f"{self.path} is there already"
            file.write_text(self.text, encoding="utf-8")
            return
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        at = len(lines)
        if self.anchor:
            found = [n for n, line in enumerate(lines) if line.strip().startswith(self.anchor)]
            assert len(found) == 1, f"{self.path} has {len(found)} lines that begin with {self.anchor}"
            at = found[0] + (self.place == "below")
        file.write_text("".join([*lines[:at], self.text, *lines[at:]]), encoding="utf-8")


def additions(text: str) -> list[Addition]:
    """The examples of (a part of) the page, in its order."""
    return [
        Addition(p, how or side, anchor.strip(), body)
        for p, how, side, _, anchor, body in BLOCK.findall(text)
    ]


def recipes() -> dict[str, tuple[int, int, list[str]]]:
    """By recipe: the production files and pages of the specification it says it needs, and the files it shows."""
    text = PAGE.read_text(encoding="utf-8")
    heads = list(RECIPE.finditer(text))
    ends = [*(h.start() for h in heads[1:]), len(text)]
    return {
        h[1]: (int(h[2]), int(h[3] or 0), [a.path for a in additions(text[h.end() : end])])
        for h, end in zip(heads, ends, strict=True)
    }


def test_a_recipe_names_every_file_it_needs_and_needs_few() -> None:
    assert recipes().keys() == ALLOWED.keys()
    for name, (production, pages, files) in recipes().items():
        specification = [f for f in files if f.startswith("docs/specification/")]
        assert len(files) == len(set(files)) == production + pages, name
        assert len(specification) == pages, name
        assert production <= ALLOWED[name], name
    text = PAGE.read_text(encoding="utf-8")
    assert (
        len(additions(text)) == text.count("\nFile `") == sum(len(files) for *_, files in recipes().values())
    )


# ---- it is done -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Copy:
    """A copy of the product outside the clone."""

    root: Path

    def python(self, *arguments: str) -> str:
        """What Python prints in the copy, with nothing of the clone in reach."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root, env={**os.environ, "PYTHONPATH": str(self.root), "LABOURDB_KEY": KEY},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def delivered(home: Home) -> Home:
    """The world of eighteen persons, and what the new sources send."""
    write_world(home)
    pensions = [
        # unknown in December without it
        PEOPLE["minh"].row | {"decision_no": "LH1", "starts_on": "2025-10-01", "ended_on": ""},
        # insured: the contribution decides, the pension is the runner-up
        PEOPLE["nga"].row | {"decision_no": "LH2", "starts_on": "2025-05-01", "ended_on": ""},
        # paid no more on the reference date
        PEOPLE["em"].row | {"decision_no": "LH3", "starts_on": "2025-02-01", "ended_on": "2025-12-31"},
    ]
    deliver(home, "pensions/2025-12", pensions)
    fair = {"held_on": "2025-12-05", "positions": "120"}
    fairs = [fair | {"fair_no": f"P{n}", "province_code": code} for n, code in enumerate(("31", "19", "99"))]
    deliver(home, "job_fairs/2025-12", fairs)  # there is no province 99
    return home


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """The product with every example of the page."""
    root = tmp_path_factory.mktemp("copy")
    for package in (*PACKAGES, "docs"):
        ignored = shutil.ignore_patterns(TARGET.name, "__pycache__")
        shutil.copytree(ROOT / package, root / package, ignore=ignored)
    shutil.copyfile(ROOT / "pyproject.toml", root / "pyproject.toml")
    for addition in additions(PAGE.read_text(encoding="utf-8")):
        addition.put(root)
    return Copy(root)


@pytest.fixture(scope="module")
def copy(added: Copy) -> Copy:
    """The same with what is generated from it."""
    added.python("-m", "orchestration.tasks.generate")
    added.python("-m", "orchestration.dbt.dictionary")
    return added


@pytest.fixture(scope="module")
def home(copy: Copy, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The world, run and published by the copy."""
    home = delivered(Home(tmp_path_factory.mktemp("adding") / "home"))
    outcome = json.loads(
        copy.python("-m", "orchestration", "run", "--home", str(home.root), "--as-of", "2025Q4", "--json")
    )
    assert outcome["published"]
    return home


@pytest.fixture(scope="module")
def world(home: Home) -> duckdb.DuckDBPyConnection:
    """The home's databases, and each published table under its name."""
    with worlds.opened(home) as connection:
        for table in (home.releases / "current" / "tables").glob("*.parquet"):
            connection.execute(f"create view {table.stem} as from '{table}'")
        yield connection


def rows(world: duckdb.DuckDBPyConnection, query: str) -> list[tuple[object, ...]]:
    return world.execute(f"{query} order by all").fetchall()


def test_every_example_has_its_place(added: Copy) -> None:
    for path in {a.path for a in additions(PAGE.read_text(encoding="utf-8"))}:
        here = ROOT / path
        before = here.read_text(encoding="utf-8") if here.exists() else ""
        assert len((added.root / path).read_text(encoding="utf-8")) > len(before)


@pytest.mark.slow
def test_the_source_lands_and_is_accounted_for(world: duckdb.DuckDBPyConnection) -> None:
    counts = "select disposition, rows_read, accepted, quarantined from row_accounting where source ="
    assert rows(world, f"{counts} 'job_fairs'") == [("used", 3, 2, 1)]
    assert rows(world, f"{counts} 'pensions'") == [("used", 3, 3, 0)]
    fairs = rows(world, "select fair_no, province_code, positions from restricted.landing.job_fairs")
    assert fairs == [("P0", 31, 120), ("P1", 19, 120)]


@pytest.mark.slow
def test_a_claim_of_the_linked_source_moves_a_person(world: duckdb.DuckDBPyConnection) -> None:
    assert rows(world, "select period, rule, sum(rows)::int from w.candidates.linkage where source = 'pensions' group by all") == [
        ("2025-12", "citizen_id", 3)
    ]  # fmt: skip
    statuses = rows(
        world,
        "select citizen_id, status, source, runner_up_source, conflict from w.labour.labour_status"
        " join restricted.identity.person_keys using (person_key) where quarter = '2025Q4'",
    )
    found = {citizen: tuple(rest) for citizen, *rest in statuses}
    assert found[int(PEOPLE["minh"].id)] == ("inactive", "pension", None, False)
    assert found[int(PEOPLE["nga"].id)] == ("employed", "social_insurance", "pension", True)
    assert found[int(PEOPLE["em"].id)] == ("unknown", "none", None, False)


COUNTRY = "area_version = '2024' and area_code = 'VN'"
QUARTER = "concat(quarter // 4, 'Q', quarter % 4 + 1) as period"
TOTAL = f"{COUNTRY} and sex = 'total' and age_group = 'total' and urban_rural = 'total'"


@pytest.mark.slow
def test_the_indicator_is_published(world: duckdb.DuckDBPyConnection) -> None:
    figures = (
        "select period, numerator, denominator from {} where indicator = 'unemployed_trained_share' and "
        + TOTAL
    )
    # September: Hải Quân, both untrained; December: of Giang Quân Sơn only Sơn, who has a certificate
    assert rows(world, figures.format("w.candidates.indicators")) == [("2025Q3", 0, 2), ("2025Q4", 1, 3)]
    changed = rows(
        world, f"select {QUARTER}, unemployed_trained, unemployed from w.disclosure.cells where {TOTAL}"
    )
    assert rows(world, figures.format("indicators")) == changed


@pytest.mark.slow
def test_the_table_is_published(world: duckdb.DuckDBPyConnection) -> None:
    counted = rows(
        world, f"select period, section, persons::int from w.candidates.section_workers where {COUNTRY}"
    )
    # An Giang Minh Uyên (C), Bình Dung Nga (A), Cường (G), Sơn (F), Rạng (unknown); in December without Giang Minh Sơn
    september = {"A": 3, "C": 4, "F": 1, "G": 1, "unknown": 1, "total": 10}
    december = {"A": 3, "C": 2, "G": 1, "unknown": 1, "total": 7}
    assert counted == sorted(
        (period, section, persons)
        for period, sections in (("2025Q3", september), ("2025Q4", december))
        for section, persons in sections.items()
    )
    shown = rows(world, f"select period, section, persons from section_workers where {COUNTRY}")
    changed = "from w.disclosure.changed_section_counts group by all having sum(persons) > 0"
    assert shown == rows(
        world,
        f"select {QUARTER}, section, sum(persons)::bigint {changed}"
        f" union all select {QUARTER}, 'total', sum(persons)::bigint {changed}",
    )
    assert {period for period, *_ in shown} == {"2025Q3", "2025Q4"}


@pytest.mark.slow
def test_the_check_is_listed_and_finds_what_breaks_it(
    world: duckdb.DuckDBPyConnection, copy: Copy, home: Home, tmp_path: Path
) -> None:
    listed = "select gate, object, rows_checked, rows_failed, status from checks where check_id = 'provinces_mostly_known'"
    # two provinces in both lists and both quarters
    assert rows(world, listed) == [("publication", "indicators: status_coverage", 8, 0, "passed")]
    broken = shutil.copyfile(home.database, tmp_path / "labour.duckdb")
    with duckdb.connect(str(broken)) as connection:
        connection.execute(
            "update candidates.indicators set value = 49 where indicator = 'status_coverage' and area_code = '30'"
            " and period = '2025Q4'"
        )
    judged = copy.python("-c", JUDGE, str(broken), "provinces_mostly_known")
    assert json.loads(judged) == {"rows_checked": 8, "rows_failed": 1, "status": "failed"}


JUDGE = """
import sys, duckdb
from expectations.judge import judge
from expectations.measuring import frame_of, measure_rules
from expectations.rules import load_rules

with duckdb.connect(sys.argv[1], read_only=True) as connection:
    measures = measure_rules(connection, [load_rules()[sys.argv[2]]])
print(judge(frame_of(measures), load_rules())[["rows_checked", "rows_failed", "status"]].iloc[0].to_json())
"""


@pytest.mark.slow
def test_the_dictionary_of_the_copy_has_what_was_added(copy: Copy) -> None:
    text = (copy.root / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    for name in ("unemployed_trained_share", "section_workers", "job_fairs", "pensions"):
        assert f"\n### `{name}`: " in text
    # the new step says inactive: it stands behind whom nobody else tells of, and not behind the employed
    assert "`100 × population_with_status / population`, percent; from `population`, " in text
    for formula, pensions in (("100 × population_with_status / population", True), ("employed", False)):
        (line,) = re.findall(rf"^`{re.escape(formula)}`, .*$", text, re.MULTILINE)
        assert ("`pensions`" in line) is pensions
