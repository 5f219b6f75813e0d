"""Runs broken at any step by another one, of another quarter or other settings: no release whose label its data do not
bear out (SPEC §6, §7).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import duckdb
import pytest
from worlds import eighteen_persons as worlds
from worlds.eighteen_persons import KEY, environment

from orchestration.dbt import project
from orchestration.home import Home
from orchestration.run import gates, steps
from orchestration.run.begun import continued
from orchestration.run.scope import Run, RunScope
from orchestration.settings import load_settings
from releases.disclosure.remembered import remembered
from releases.release import Release, list_releases, next_id
from sources.calendar import quarter_number
from sources.errors import LabourdbError

pytestmark = pytest.mark.slow

ALL, HAI_DUONG = worlds.SETTINGS, worlds.SETTINGS + '[coverage]\nprovinces = ["30"]\n'
RUNS = {
    "Q4": ("2025Q4", ALL),
    "Q3": ("2025Q3", ALL),
    "Q4 of one province": ("2025Q4", HAI_DUONG),
    "Q3 of one province": ("2025Q3", HAI_DUONG),
}


def begin(run: Run) -> None:
    steps.ingest_new(run)
    gates.gate_deliveries(run)


LATER: Sequence[Callable[[Run], Any]] = (
    lambda run: steps.build(run, project.FIRST_LAYERS),
    gates.gate_linkage,
    lambda run: steps.build(run, project.COUNTED_LAYERS),
    lambda run: steps.build(run, project.LAST_LAYERS),
    gates.gate_publication,
    steps.release,
)


def beginning(home: Home, as_of: str, settings: str) -> Run:
    """A run that begins now, as its first steps have it."""
    home.settings.write_text(settings)
    identifier = next_id(home.releases, as_of, remembered(home.remembered))
    return Run(home, load_settings(home.settings), RunScope(quarter_number(as_of), identifier))


def later(home: Home, as_of: str, settings: str, step: Callable[[Run], Any]) -> None:
    """A later step of a run, as whoever starts it by itself does."""
    home.settings.write_text(settings)
    step(continued(home, load_settings(home.settings), as_of))


def contents(release: Release) -> dict[str, Any]:
    """What a release says: its label, and its figures."""
    tables = {}
    for name in ("indicators", "labour_flows", "target_progress"):
        path = str(release.path / "tables" / f"{name}.parquet")
        tables[name] = duckdb.execute(
            "select columns(c -> c not in ('release_id')) from read_parquet(?) order by all", [path]
        ).fetchall()
    manifest = release.manifest
    return {
        "period": manifest["period"],
        "coverage": manifest["settings"]["coverage"],
        "inputs": manifest["inputs"],
        **tables,
    }


def judged(name: str) -> Home:
    """A home in which a run has passed the gates and is not yet released; no test may change it."""

    def make(folder: Path) -> None:
        home = worlds.write_world(Home(folder))
        with environment(LABOURDB_KEY=KEY):
            begin(run := beginning(home, *RUNS[name]))
            for step in LATER[:-1]:
                step(run)

    return Home(worlds.made_once(f"judged-{name.replace(' ', '-')}", make))


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What each run publishes where nothing disturbs it."""
    found = {}
    for name in RUNS:
        home = worlds.copy_of(judged(name), tmp_path_factory.mktemp("truth") / "home")
        with environment(LABOURDB_KEY=KEY):
            later(home, *RUNS[name], LATER[-1])
        (release,) = list_releases(home.releases)
        found[name] = contents(release)
    assert all(found[a] != found[b] for a, b in combinations(RUNS, 2))
    return found


def refused(home: Home, name: str, run: Run) -> None:
    """Every later step is refused: as who starts it by itself has it, and as who holds on to what the run was."""
    for step in LATER:
        with pytest.raises(LabourdbError, match=r"was begun for|was changed after this run began"):
            later(home, *RUNS[name], step)
        with pytest.raises(LabourdbError, match=r"was begun for|was changed after this run began"):
            step(run)


@pytest.mark.parametrize(("first", "second"), permutations(RUNS, 2))
def test_a_run_broken_by_another_publishes_nothing_of_it(
    tmp_path: Path, truth: dict[str, dict[str, Any]], first: str, second: str
) -> None:
    """Before the first is released, the second begins: after each of its steps every later one of the first is refused,
    and the second is none the worse.
    """
    home = worlds.copy_of(judged(first), tmp_path / "home")
    with environment(LABOURDB_KEY=KEY):
        run = beginning(home, *RUNS[first])
        begin(beginning(home, *RUNS[second]))
        for step in LATER:
            refused(home, first, run)
            assert list_releases(home.releases) == []
            later(home, *RUNS[second], step)
        refused(home, first, run)
    (release,) = list_releases(home.releases)
    assert contents(release) == truth[second]


@pytest.mark.parametrize("first", RUNS)
def test_a_run_broken_at_any_step_does_not_go_on(tmp_path: Path, first: str) -> None:
    home = worlds.write_world(Home(tmp_path / "home"))
    with environment(LABOURDB_KEY=KEY):
        begin(run := beginning(home, *RUNS[first]))
        for number, step in enumerate(LATER[:4]):
            for second in RUNS.keys() - {first}:
                broken = worlds.copy_of(home, tmp_path / f"{number} {second}")
                begin(beginning(broken, *RUNS[second]))
                refused(broken, first, replace(run, home=broken))
                assert list_releases(broken.releases) == []
            home.settings.write_text(RUNS[first][1])
            step(run)


def test_steps_left_out_or_out_of_order_publish_nothing(tmp_path: Path) -> None:
    """Every later step, tried after each step of a run and before the one that is due."""
    home = worlds.write_world(Home(tmp_path / "home"))
    with environment(LABOURDB_KEY=KEY):
        for step in LATER:
            with pytest.raises(LabourdbError, match="No run has begun"):
                later(home, *RUNS["Q4"], step)
        begin(beginning(home, *RUNS["Q4"]))
        for due, step in enumerate(LATER):
            # counted before gate 2 has judged: nothing is released of it until it has
            for early in (e for n, e in enumerate(LATER) if n > due and (due, n) != (1, 2)):
                with pytest.raises(
                    LabourdbError,
                    match=r"Not built since|not all built and tested|No verdict of the gates",
                ):
                    later(home, *RUNS["Q4"], early)
            later(home, *RUNS["Q4"], step)
    assert len(list_releases(home.releases)) == 1


@pytest.mark.parametrize("rebuilt", range(4))
def test_a_step_done_again_takes_the_verdict_away(
    tmp_path: Path, truth: dict[str, dict[str, Any]], rebuilt: int
) -> None:
    """From it on all must be done again; then the release is the same."""
    home = worlds.copy_of(judged("Q4"), tmp_path / "home")
    with environment(LABOURDB_KEY=KEY):
        run = beginning(home, *RUNS["Q4"])
        LATER[rebuilt](run)
        if LATER[rebuilt] is gates.gate_linkage:
            LATER[-1](run)  # judged again, the same was found: what gate 3 said holds
        else:
            for early in LATER[-2:] if rebuilt < 3 else LATER[-1:]:
                with pytest.raises(LabourdbError, match=r"not all built and tested|No verdict of the gates"):
                    early(run)
            for step in LATER[rebuilt + 1 :]:
                step(run)
    (release,) = list_releases(home.releases)
    assert contents(release) == truth["Q4"]


def test_a_delivery_that_is_no_longer_as_it_was_judged(tmp_path: Path) -> None:
    home = worlds.write_world(Home(tmp_path / "home"))
    with environment(LABOURDB_KEY=KEY):
        begin(run := beginning(home, *RUNS["Q4"]))
        with run.restricted() as connection:
            connection.execute(
                "update landing.delivery_states set sha256 = 'other' where source = 'training'"
                " and delivery_key in (select delivery_key from landing.deliveries where folder = 'training/2025-09')"
            )
        with pytest.raises(LabourdbError, match=r"no longer there as they were: training/2025-09\. "):
            LATER[0](run)
