"""docs/query.md gives its readers queries: they run on a release, and the wrong ones are wrong."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from support.query_page import blocks
from worlds.eighteen_persons import small_home

OF_VIEWS = 4  # of the right queries; the others are of the wide tables


@pytest.fixture(scope="module")
def release() -> Path:
    return (small_home().releases / "current").resolve()


def run(release: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(release / "labour.duckdb"), read_only=True) as database:
        return database.execute(query).fetchall()


def test_the_queries_of_the_page_run(release: Path) -> None:
    """Here there are too few people for its figures."""
    queries = blocks("sql")
    assert len(queries) == 7
    targets, flows, bases = (run(release, q) for q in queries[OF_VIEWS:])
    assert targets and bases and not flows  # too few months for flows


def test_the_queries_of_views_run_and_are_right(release: Path) -> None:
    named, series, group, _ = (run(release, q) for q in blocks("sql")[:OF_VIEWS])
    assert named and series and group
    assert any(rate is None for *_, rate in named), "a group of nobody: its rate is null, not NaN"
    assert not any(
        isinstance(cell, float) and cell != cell for row in (*named, *series, *group) for cell in row
    )
    ((summed,),) = run(
        release,
        "select sum(numerator) from register_leaf_2024 where indicator = 'employed' and period = '2025Q4'",
    )
    shown = run(
        release,
        "select distinct value from headline where basis = 'register' and indicator = 'employed' and period = '2025Q4'"
        " and area_level = 'country'",
    )
    assert shown == [(summed,)]


def test_what_is_called_wrong_counts_people_again_and_again(release: Path) -> None:
    """Its average of rates is taken of more people, where they differ (``make clients``)."""
    ((summed,),), ((averaged,),) = (run(release, q) for q in blocks("sql wrong"))
    employed = "area_version = '2024' and sex = 'total' and age_group = 'total' and urban_rural = 'total' and area_level = 'country'"
    of = "from indicators where basis = 'register' and indicator = 'employed' and period = '2025Q4'"
    assert summed > 10 * run(release, f"select value {of} and {employed}")[0][0] > 0 and averaged > 0


def test_the_notebook_of_the_page_runs(release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (notebook,) = blocks("python", release)
    exec(compile(notebook, "query.md", "exec"), {})
    assert release.name in capsys.readouterr().out
