"""Parts of a run, runs executed again and two at once, as people start them in the Dagster UI: subsets work, what is stale
is shown, and no release says what its data do not bear out (SPEC §6, §7).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from support.dagster_ui import DagsterUi, dagster_ui
from worlds import eighteen_persons as worlds

from orchestration.home import Home
from orchestration.run.begun import begun
from orchestration.settings import load_settings
from releases.release import current_release, list_releases
from sources.calendar import quarter_label
from sources.errors import LabourdbError

pytestmark = pytest.mark.slow

GATE_2, GATE_3 = ("labour/person_quarters", "linkage_gate"), ("published/target_progress", "publication_gate")
RELEASE = "releases/release"
HAI_DUONG = worlds.SETTINGS + '[coverage]\nprovinces = ["30"]\n'
MODEL, READERS = "labour/spells", {"labour/job_spells", "labour/job_runs", "labour/careers"}
BEGIN = ["landing/population", "run/parameters"]  # steps of many assets, made whole


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagsterUi]:
    """The UI of a home in which 2025Q4.1 was published from the command line."""
    home = worlds.copy_of(worlds.small_home(), tmp_path_factory.mktemp("ui") / "home")
    with dagster_ui(home) as shown:
        yield shown


@pytest.fixture
def home(ui: DagsterUi) -> Home:
    """The home as it was after 2025Q4.1; the history of runs goes on."""
    home = Home(Path(ui.instance.root_directory).parent)
    for path in home.root.iterdir():
        if path.is_dir() and path != home.dagster:
            shutil.rmtree(path)
    original = worlds.small_home().root
    for path in original.iterdir():
        if path.is_dir() and path.name != home.dagster.name:
            shutil.copytree(path, home.root / path.name, symlinks=True)
    home.settings.write_text(worlds.SETTINGS)
    return home


def identifiers(home: Home) -> list[str]:
    """What is published."""
    return [release.id for release in list_releases(home.releases)]


def provinces(home: Home) -> set[str]:
    """The provinces of the current release's figures, of the list of 2024."""
    found = duckdb.execute(
        "select distinct area_code from read_parquet(?) where area_level = 'province' and area_version = '2024'"
        " and basis = 'register'",
        [str(home.releases / "current" / "tables" / "indicators.parquet")],
    ).fetchall()
    return {code for (code,) in found}


def broken_run(ui: DagsterUi, home: Home) -> str:
    """A run of 2025Q4 that gate 1 has begun and in which nothing can be built: a file lies where dbt keeps its own."""
    folder = home.warehouse / "dbt"
    shutil.rmtree(folder)
    folder.touch()
    run_id = ui.launch(as_of="2025Q4")
    assert ui.ended(run_id) == "FAILURE" and "dbt did not run" in ui.errors(run_id)
    folder.unlink()
    return run_id


def test_one_model_what_is_stale_after_it_and_what_makes_it_whole(ui: DagsterUi, home: Home) -> None:
    """The first of this file: what is stale depends on what was made before."""
    before, below = worlds.table_bytes(home), ui.below(MODEL)
    assert below > READERS | {RELEASE} and not ui.stale() & below
    run_id = ui.launch([MODEL])
    assert ui.ended(run_id) == "SUCCESS", ui.errors(run_id)
    assert ui.made(run_id) == {MODEL} and set(ui.checked(run_id)) == {"spells_rules"}
    assert ui.stale() & below == READERS  # Dagster marks what reads it; the gates know of all that follows
    # nothing is judged or released of it
    gate = ui.launch(checks=[GATE_3])
    assert ui.ended(gate) == "SUCCESS", ui.errors(gate)
    found = ui.checked(gate)["publication_gate"]
    assert not found.passed and "job_spells" in found.metadata["not_judged"].value
    assert found.severity == dg.AssetCheckSeverity.WARN  # nothing is wrong with the tables
    status, errors = ui.did([RELEASE])
    assert status == "FAILURE" and "No verdict of the gates on these tables as they are now" in errors
    # all that rests on it, as the UI selects downstream; then it is judged, and says what was published
    run_id = ui.launch(sorted(below - {RELEASE}))
    assert ui.ended(run_id) == "SUCCESS", ui.errors(run_id)
    assert ui.made(run_id) == below - {RELEASE} and ui.stale() & below == {RELEASE}
    gate = ui.launch(checks=[GATE_3])
    assert ui.ended(gate) == "SUCCESS", ui.errors(gate)
    assert ui.checked(gate)["publication_gate"].passed  # and gate 2 with it, whose tables were made again
    status, errors = ui.did([RELEASE])
    assert status == "SUCCESS" and not ui.stale() & below, errors
    assert identifiers(home) == ["2025Q4.1"] and worlds.table_bytes(home) == before


def test_gate_3_and_the_release_alone_say_what_was_published(ui: DagsterUi, home: Home) -> None:
    """By default they are of the quarter that lies there, not of the last one by the calendar."""
    before = worlds.table_bytes(home)
    for as_of, refused in (
        ("", None),
        ("2025Q4", None),
        ("2026Q3", "asks for 2026Q3, but the run that lies"),
    ):
        for part in ({"checks": [GATE_3]}, {"assets": [RELEASE]}):
            status, errors = ui.did(**part, as_of=as_of)
            assert status == ("FAILURE" if refused else "SUCCESS") and (refused or "") in errors, errors
    assert identifiers(home) == ["2025Q4.1"] and worlds.table_bytes(home) == before


def test_from_failure_after_a_run_of_another_quarter_is_refused(ui: DagsterUi, home: Home) -> None:
    home.settings.write_text(worlds.SETTINGS + "volume_change = 0.9\n")  # else the release would stand
    broken = broken_run(ui, home)
    assert worlds.run_steps(home, "2025Q3").id == "2025Q3.1"
    for strategy in ("FROM_FAILURE", "FROM_ASSET_FAILURE"):
        again = ui.again(broken, strategy)
        assert ui.ended(again) == "FAILURE" and ui.made(again) == set()
        assert "asks for 2025Q4, but the run that lies in the warehouse was begun for 2025Q3" in ui.errors(
            again
        )
    assert identifiers(home) == ["2025Q3.1", "2025Q4.1"]


def test_from_failure_goes_on_with_the_same_run(ui: DagsterUi, home: Home) -> None:
    """And with no other, be it of the same quarter and settings."""
    home.settings.write_text(HAI_DUONG)
    broken = broken_run(ui, home)
    again = ui.again(broken)
    assert ui.ended(again) == "SUCCESS", ui.errors(again)
    assert not ui.made(again) & {"run/parameters", "landing/training"} and RELEASE in ui.made(again)
    assert identifiers(home) == ["2025Q4.1", "2025Q4.2"]
    assert worlds.manifest(home)["settings"]["coverage"] == {"provinces": ["30"]} and provinces(home) == {
        "30"
    }

    other = ui.launch(BEGIN, as_of="2025Q4")
    assert ui.ended(other) == "SUCCESS", ui.errors(other)
    again = ui.again(broken)
    assert ui.ended(again) == "FAILURE"
    assert f"after run {broken[:8]}, another run was begun for 2025Q4 (run {other[:8]})" in ui.errors(again)


def test_settings_changed_before_from_failure_are_refused_by_name(ui: DagsterUi, home: Home) -> None:
    home.settings.write_text("[thresholds]\nlinked_share_training = 0.001\n")
    broken = ui.launch(as_of="2025Q4")
    assert ui.ended(broken) == "FAILURE"
    waiver = (
        '[[waivers]]\ncheck = "linked_share_training"\nreason = "r"\nperson = "p"\nexpires = 2999-01-01\n'
    )
    home.settings.write_text(f'{home.settings.read_text()}[coverage]\nprovinces = ["30"]\n{waiver}')
    again = ui.again(broken)
    assert ui.ended(again) == "FAILURE"
    assert "[coverage], [waivers] of labourdb.toml was changed after this run began" in ui.errors(again)
    assert identifiers(home) == ["2025Q4.1"]


def test_one_test_of_one_model(ui: DagsterUi, home: Home) -> None:
    for check in ((MODEL, "spells_rules"), ("candidates/labour_flows", "labour_flows_rules")):
        run_id = ui.launch(checks=[check])
        assert ui.ended(run_id) == "SUCCESS", ui.errors(run_id)
        assert ui.made(run_id) == set() and set(ui.checked(run_id)) == {check[1]}
        assert ui.checked(run_id)[check[1]].passed


def test_upstream_of_one_model_begins_a_run(ui: DagsterUi, home: Home) -> None:
    above = sorted(ui.above(MODEL) | {MODEL})
    status, errors = ui.did(above)
    assert status == "FAILURE" and "it must say for which quarter" in errors
    run_id = ui.launch(above, as_of="2025Q3")
    assert ui.ended(run_id) == "SUCCESS", ui.errors(run_id)
    assert ui.made(run_id) >= set(above) and not ui.made(run_id) & READERS
    seen = begun(home, load_settings(home.settings))
    assert seen is not None and quarter_label(seen.scope.as_of) == "2025Q3" and seen.begun_by == run_id
    # a model over some that were not built in this run
    status, errors = ui.did(["candidates/labour_flows"])
    assert status == "FAILURE" and "Not built since the deliveries were judged" in errors
    assert identifiers(home) == ["2025Q4.1"]


def test_assets_that_failed_alone_are_made_again(ui: DagsterUi, home: Home) -> None:
    """One model cannot be built, and what rests on it is not; the rest of the step is, and is not made again."""
    home.settings.write_text(HAI_DUONG)
    first = ui.launch(BEGIN, as_of="2025Q4")
    assert ui.ended(first) == "SUCCESS", ui.errors(first)
    rest = ui.assets() - ui.made(first)

    def rename(before: str, after: str) -> None:
        with worlds.opened(home, read_only=False) as connection:
            connection.execute(f"alter table restricted.landing.{before} rename to {after}")

    rename("training", "gone")
    broken = ui.launch(sorted(rest))
    assert ui.ended(broken) == "FAILURE" and "stg_training" in ui.errors(broken)
    made = ui.made(broken)
    # whom an increment must look at anew depends on all linked sources, so what is kept rests on training, too
    assert {"identity/enterprise_records", "identity/resolved_social_insurance"} <= made
    assert not {"staging/stg_training", "labour/training_episodes"} & made
    rename("gone", "training")
    again = ui.again(broken, "FROM_ASSET_FAILURE")
    assert ui.ended(again) == "SUCCESS", ui.errors(again)
    assert not ui.made(again) & made and ui.made(again) | made == rest
    assert identifiers(home) == ["2025Q4.1", "2025Q4.2"] and provinces(home) == {"30"}


def test_runs_wait_for_each_other_and_the_command_line(ui: DagsterUi, home: Home) -> None:
    with home.locked("labourdb run --as-of 2025Q3"):
        waits = ui.launch([MODEL])
        ui.until(lambda: "labourdb run --as-of 2025Q3) is working on" in ui.told(waits))
        ui.cancel(waits)
        assert ui.ended(waits) == "CANCELED"
        first, second = ui.launch([MODEL]), ui.launch([MODEL])
        ui.until(lambda: "labourdb run --as-of 2025Q3) is working on" in ui.told(first))
        assert ui.status(second).value == "QUEUED" and not ui.made(first)
    ui.until(lambda: (home.root / ".lock").read_text().endswith(f"run {first[:8]} in Dagster"))
    with pytest.raises(LabourdbError, match=f"run {first[:8]} in Dagster.* is working on"), home.locked():
        pass
    assert (ui.ended(first), ui.ended(second)) == ("SUCCESS", "SUCCESS")
    assert current_release(home.releases) is not None and identifiers(home) == ["2025Q4.1"]
