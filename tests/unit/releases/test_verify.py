"""Whether a release is as it was published, by its files, its deliveries and the ledger."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner, Result
from worlds.eighteen_persons import copy_of
from worlds.handwritten_releases import flow, indicator, published

from orchestration.cli.main import app
from orchestration.home import Home
from releases.audit.verify import Item, verify
from releases.disclosure import PROTECTION
from releases.ledger import BentLedger, entries
from releases.release import (
    Release,
)
from releases.tables import RELEASED
from sources.ingest.landing import sha256 as landed_sha256


def call(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--home", str(home.root)])


def said(result: Result) -> Any:
    return json.loads(result.stdout, parse_constant=pytest.fail)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with release 2025Q4.1, made from one delivery of two files."""
    home = Home(tmp_path_factory.mktemp("made") / "home")
    folder = home.landing / "training" / "2025-12"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("one")
    (folder / "delivery.json").write_text("{}")
    files = [{"name": p.name, "sha256": landed_sha256(p)} for p in sorted(folder.iterdir())]
    inputs = [{"folder": "training/2025-12", "disposition": "used", "because": "", "files": files}]
    published(
        home.releases, "2025Q4.1", inputs=inputs,
        indicators=[indicator("employed", 5), indicator("abroad", None), indicator("median_wage", 2.5)],
        labour_flows=[flow("C", M=3)],
    )  # fmt: skip
    return home


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Home:
    """A copy of it, to be changed."""
    return copy_of(made, tmp_path / "home")


# ---- verify --------------------------------------------------------------------------------------------------


def looked_at(home: Home) -> list[Item]:
    return verify(Release("2025Q4.1", home.releases / "2025Q4.1"), home.landing)


def amiss(home: Home) -> dict[str, tuple[str, str]]:
    return {
        i.where.removeprefix(f"{home.root}/"): (i.state, i.why) for i in looked_at(home) if i.state != "ok"
    }


def test_as_published(home: Home) -> None:
    items = looked_at(home)
    assert {i.state for i in items} == {"ok"}
    count = len(RELEASED)
    kinds = [i.kind for i in items]
    assert [kinds.count(k) for k in ("folder", "table", "database", "input")] == [3, count, count, 2]
    result = call(home, "verify", "2025Q4.1")
    assert result.exit_code == 0 and "is as it was published" in result.stdout and PROTECTION in result.stdout
    assert result.stderr == ""
    facts = said(call(home, "verify", "2025Q4.1", "--json"))
    assert (
        facts["as_published"]
        and facts["protection"] == PROTECTION
        and facts["exit_code"] == 0
        and len(facts["items"]) == len(items)
    )


def write(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def in_database(path: Path, statement: str) -> None:
    path.chmod(0o644)
    with duckdb.connect(str(path)) as connection:
        connection.execute(statement)


R = "releases/2025Q4.1"
DB = f"{R}/labour.duckdb"
FAULTS: dict[str, tuple[Callable[[Path], object], dict[str, tuple[str, str]]]] = {
    "a table changed": (
        lambda r: write(
            r / f"{R}/tables/checks.parquet", (r / f"{R}/tables/checks.parquet").read_bytes() + b"\0"
        ),
        {f"{R}/tables/checks.parquet": ("changed", "SHA-256"), f"{DB}: checks": ("changed", "cannot be compared")},
    ),
    "a table is another's": (
        lambda r: write(
            r / f"{R}/tables/linkage.parquet", (r / f"{R}/tables/transitions.parquet").read_bytes()
        ),
        {f"{R}/tables/linkage.parquet": ("changed", "SHA-256"), f"{DB}: linkage": ("changed", "other columns")},
    ),
    "a table went": (
        lambda r: (r / f"{R}/tables/checks.parquet").unlink(),
        {f"{R}/tables/checks.parquet": ("missing", ""), f"{DB}: checks": ("changed", "cannot be compared")},
    ),
    "the report went": (
        lambda r: (r / f"{R}/quality/report.html").unlink(),
        {f"{R}/quality/report.html": ("missing", "")},
    ),
    "the report changed": (
        lambda r: write(r / f"{R}/quality/report.html", b"<p>all is well</p>"),
        {f"{R}/quality/report.html": ("changed", "files.sha256")},
    ),
    "the list of files went": (
        lambda r: (r / f"{R}/files.sha256").unlink(),
        {f"{R}/files.sha256": ("missing", "")},
    ),
    "files came": (
        lambda r: [
            (r / f"{R}/tables/mine.parquet").write_bytes(b""), (r / f"{R}/.hidden").mkdir(),
            (r / f"{R}/quality/all").symlink_to(r),
        ],
        {
            f"{R}/.hidden": ("added", ""), f"{R}/quality/all": ("added", ""), f"{R}/tables/mine.parquet": ("added", ""),
        },
    ),
    "a link in place of a table": (
        lambda r: [
            (r / f"{R}/tables/checks.parquet").rename(r / "elsewhere"),
            (r / f"{R}/tables/checks.parquet").symlink_to(r / "elsewhere"),
        ],
        {f"{R}/tables/checks.parquet": ("changed", "not a file")},
    ),
    "a figure in the database": (
        lambda r: in_database(r / DB, "update indicators set value = 6 where indicator = 'employed'"),
        {f"{DB}: indicators": ("changed", "1 rows that the Parquet file has not, 1 missing")},
    ),
    "a row twice in the database": (
        lambda r: in_database(r / DB, "insert into indicators from indicators limit 1"),
        {f"{DB}: indicators": ("changed", "1 rows that the Parquet file has not, 0 missing")},
    ),
    "tables of the database": (
        lambda r: in_database(
            r / DB, "drop table checks; create table more as select 1; create schema s; create view s.v as select 1;"
            "alter table linkage rename to l; create view linkage as from l",
        ),
        {
            f"{DB}: checks": ("missing", ""), f"{DB}: linkage": ("changed", "not a table"),
            f"{DB}: l": ("added", ""), f"{DB}: more": ("added", ""), f"{DB}: s.v": ("added", ""),
        },
    ),
    "a macro in the database": (
        lambda r: in_database(r / DB, "create macro total(a) as a + 1; create macro rows() as table select 1"),
        {f"{DB}: total()": ("added", ""), f"{DB}: rows()": ("added", "")},
    ),
    "a macro in place of a function": (
        lambda r: in_database(r / DB, "create macro sum(a) as 1"), {f"{DB}: sum()": ("added", "")},
    ),
    "a comment in the database": (
        lambda r: in_database(r / DB, "comment on column indicators.value is 'divide by ten'"),
        {DB: ("changed", "something beside them")},
    ),
    "a setting of a table": (
        lambda r: in_database(r / DB, "alter table indicators alter status set default 'released'"),
        {DB: ("changed", "something beside them")},
    ),
    "bytes behind the database": (
        lambda r: write(r / DB, (r / DB).read_bytes() + b"\0" * 100), {DB: ("changed", "something beside them")},
    ),
    "a database that is none": (
        lambda r: write(r / DB, b"nothing" * 9_000),
        {DB: ("changed", "does not read as a database")},
    ),
    "the database went": (lambda r: (r / DB).unlink(), {DB: ("missing", "")}),
    "the manifest went": (lambda r: (r / f"{R}/manifest.json").unlink(), {f"{R}/manifest.json": ("missing", "")}),
    "half a manifest": (
        lambda r: write(r / f"{R}/manifest.json", b'{"release_id": "2025Q4.1"'),
        {f"{R}/manifest.json": ("changed", "does not read")},
    ),
    "no manifest of a release": (
        lambda r: write(r / f"{R}/manifest.json", b'{"tables": {"checks": 1}, "inputs": []}'),
        {f"{R}/manifest.json": ("changed", "does not read")},
    ),
    "another's manifest": (
        lambda r: (r / R).rename(r / "releases/2025Q4.9") and shutil.copytree(r / "releases/2025Q4.9", r / R)
        and write(
            r / f"{R}/manifest.json",
            (r / f"{R}/manifest.json").read_bytes().replace(b"2025Q4.1", b"2025Q4.7"),
        ),
        {f"{R}/manifest.json": ("changed", "of release 2025Q4.7")},
    ),
    "a delivery changed": (
        lambda r: [
            (r / "landing/training/2025-12/a.csv").write_text("two"),
            (r / "landing/training/2025-12/delivery.json").unlink(),
            (r / "landing/training/2025-12/b.csv").write_text("of no concern to this release"),
        ],
        {
            "landing/training/2025-12/a.csv": ("changed", "SHA-256"),
            "landing/training/2025-12/delivery.json": ("missing", ""),
        },
    ),
    "the landing area went": (
        lambda r: shutil.rmtree(r / "landing"),
        {f"landing/training/2025-12/{n}": ("missing", "") for n in ("a.csv", "delivery.json")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_not_as_published(home: Home, fault: str) -> None:
    tamper, expected = FAULTS[fault]
    tamper(home.root)
    found = amiss(home)
    assert {where: state for where, (state, _) in found.items()} == {w: s for w, (s, _) in expected.items()}
    for where, (_, why) in expected.items():
        assert why in found[where][1]
    result = call(home, "verify", "2025Q4.1", "--json")
    assert result.exit_code == 1 and not said(result)["as_published"] and said(result)["exit_code"] == 1
    printed = call(home, "verify", "2025Q4.1")
    assert printed.exit_code == 1
    for where, (state, _) in expected.items():
        assert f"{state}: {home.root}/{where}" in printed.stderr


def test_verify_an_unknown_release(home: Home) -> None:
    result = call(home, "verify", "2025Q4.2", "--json")
    assert result.exit_code == 2 and "known are 2025Q4.1" in said(result)["error"]


# ---- the ledger ----------------------------------------------------------------------------------------------


def relist(release: Path) -> None:
    """What somebody does who changes a release and its list of files with it."""
    files = [p for p in sorted(release.rglob("*")) if p.is_file() and p.name != "files.sha256"]
    lines = [f"{landed_sha256(p)}  {p.relative_to(release).as_posix()}\n" for p in files]
    write(release / "files.sha256", "".join(lines).encode())


@pytest.fixture(scope="module")
def made_noted(made: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same home with 2025Q4.2, the first that was noted in a ledger."""
    home = copy_of(made, tmp_path_factory.mktemp("noted") / "home")
    published(home.releases, "2025Q4.2", ledger=home.ledger, indicators=[indicator("employed", 5)])
    return home


@pytest.fixture
def noted(made_noted: Home, tmp_path: Path) -> Home:
    """A copy of it, to be changed."""
    return copy_of(made_noted, tmp_path / "home")


def test_a_ledger_begins_with_the_releases_that_are_there(noted: Home) -> None:
    assert list(entries(noted.ledger)) == ["2025Q4.1", "2025Q4.2"]
    assert noted.ledger.stat().st_mode & 0o777 == 0o600
    for name in ("2025Q4.1", "2025Q4.2"):
        result = call(noted, "verify", name, "--json")
        assert result.exit_code == 0 and "ledger" in {i["kind"] for i in said(result)["items"]}


@pytest.mark.parametrize("name", ["2025Q4.1", "2025Q4.2"])
def test_a_release_changed_with_its_list_of_files_is_not_as_published(noted: Home, name: str) -> None:
    release = noted.releases / name
    write(release / "quality/report.html", b"<p>all is well</p>")
    relist(release)
    result = call(noted, "verify", name)
    assert result.exit_code == 1 and "not the one in the ledger" in result.stderr


def test_without_its_ledger_a_release_is_not_verified(noted: Home) -> None:
    noted.ledger.unlink()
    assert "does not name 2025Q4.2" in call(noted, "verify", "2025Q4.2").stderr
    assert call(noted, "verify", "2025Q4.1").exit_code == 0, "made by a version without a ledger"
    published(noted.releases, "2025Q4.3", ledger=noted.ledger)
    assert call(noted, "verify", "2025Q4.2").exit_code == 0, "begun anew, with those that are there"


def test_a_line_of_the_ledger_cannot_be_changed_alone(noted: Home) -> None:
    lines = noted.ledger.read_bytes().splitlines(keepends=True)
    for bent in (
        [lines[0].replace(b"2025Q4.1", b"2025Q4.9"), lines[1]],
        [lines[1]],
        [*lines, b'{"release": "2025Q4.3"}\n'],
        [lines[0], lines[1][:-1]],
        [lines[0], b"\xff\n"],
    ):
        noted.ledger.write_bytes(b"".join(bent))
        assert "not as it was written" in call(noted, "verify", "2025Q4.2").stderr
        with pytest.raises(BentLedger):
            published(noted.releases, "2025Q4.4", ledger=noted.ledger)
    assert not (noted.releases / "2025Q4.4").exists()
