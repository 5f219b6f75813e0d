"""Runs broken at any step by another one, of another quarter or other settings: no release whose label its data do not
bear out (SPEC §6, §7).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
RUNS = {"Q4": ("2025Q4", ALL), "Q3": ("2025Q3", ALL), "Q4 of one province": ("2025Q4", HAI_DUONG)}


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


@pytest.fixture(scope="module")
def truth() -> dict[str, dict[str, Any]]:
    """What each run publishes where nothing disturbs it."""
    found = {}
    for name, (as_of, settings) in RUNS.items():

        def alone(folder: Path, as_of: str = as_of, settings: str = settings) -> None:
            home = worlds.write_world(Home(folder))
            with environment(LABOURDB_KEY=KEY):
                begin(run := beginning(home, as_of, settings))
                for step in LATER:
                    step(run)

        home = Home(worlds.made_once(f"alone-{name.replace(' ', '-')}", alone))
        (release,) = list_releases(home.releases)
        found[name] = contents(release)
    assert found["Q4"] != found["Q3"] and found["Q4"] != found["Q4 of one province"]
    return found


@pytest.mark.parametrize("first", RUNS)
@pytest.mark.parametrize("second", RUNS)
@pytest.mark.parametrize("broken_after", [0, 1, 3, 5])
def test_a_run_broken_by_another_publishes_nothing_of_it(
    tmp_path: Path, truth: dict[str, dict[str, Any]], first: str, second: str, broken_after: int
) -> None:
    """After each step of the second run every later step of the first is tried: refused, and the second none the worse."""
    if first == second:
        pytest.skip("the same run: what is left of it may go on")
    home = worlds.write_world(Home(tmp_path / "home"))
    with environment(LABOURDB_KEY=KEY):
        begin(run := beginning(home, *RUNS[first]))
        for step in LATER[:broken_after]:
            step(run)
        begin(beginning(home, *RUNS[second]))
        for number in range(len(LATER) + 1):
            for step in LATER:
                with pytest.raises(LabourdbError, match=r"was begun for|was changed after this run began"):
                    later(home, *RUNS[first], step)
                with pytest.raises(LabourdbError):  # by whoever holds on to what the first run was
                    step(run)
            assert len(list_releases(home.releases)) == (number == len(LATER))
            if number < len(LATER):
                later(home, *RUNS[second], LATER[number])
    (release,) = list_releases(home.releases)
    assert contents(release) == truth[second]


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
                    match=r"Not built since|not all built and tested|No verdict of the gates|gate 2 has not judged",
                ):
                    later(home, *RUNS["Q4"], early)
            later(home, *RUNS["Q4"], step)
    assert len(list_releases(home.releases)) == 1


@pytest.mark.parametrize("rebuilt", range(4))
def test_a_step_done_again_takes_the_verdict_away(
    tmp_path: Path, truth: dict[str, dict[str, Any]], rebuilt: int
) -> None:
    """From it on all must be done again; then the release is the same."""
    home = worlds.write_world(Home(tmp_path / "home"))
    with environment(LABOURDB_KEY=KEY):
        begin(run := beginning(home, *RUNS["Q4"]))
        for step in LATER[:-1]:
            step(run)
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
