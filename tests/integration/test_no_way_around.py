"""No release goes out unprotected under the label DISCLOSURE-CONTROLLED, and none is forgotten (SPEC §5)."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner
from worlds import eighteen_persons as worlds
from worlds.eighteen_persons import AS_OF, KEY, PEOPLE, environment, opened, run_world, scope, small_home

from orchestration.cli.main import app
from orchestration.dbt.project import COUNTED_LAYERS, LAST_LAYERS
from orchestration.home import Home
from orchestration.run import gates, steps
from orchestration.run.gates import GateStopped
from orchestration.run.scope import Run
from orchestration.settings import load_settings
from releases.disclosure import NOT_PROTECTED, PROTECTION
from releases.disclosure.remembered import PENDING, remembered
from releases.release import Release, list_releases
from sources.errors import LabourdbError
from sources.restricted.keys import DISCLOSURE_KEY_FILE, DISCLOSURE_KEY_VARIABLE


@pytest.fixture
def copied(tmp_path: Path) -> Home:
    return worlds.copy_of(small_home(), tmp_path / "home")


def run_of(home: Home) -> Run:
    return Run(home, load_settings(home.settings), scope(number=2))


def ids(home: Home) -> list[str]:
    return [r.id for r in list_releases(home.releases)]


def late_row(home: Home) -> None:
    """Hải, of unknown status in December, turns up in a labour register of November."""
    row = (
        worlds.deliveries()["labour_register/2025-12"][0] | PEOPLE["hai"].row | {"surveyed_on": "2025-11-11"}
    )
    worlds.deliver(home, "labour_register/2025-11", [row | {"commune_code": "10507"}])


# ---- noise ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [
        "update restricted.identity.record_keys set record_key = 0",  # all counts then change alike
        "update restricted.identity.employer_factors set factor_millionths = 1000000",
    ],
)
def test_noise_that_was_not_drawn_stops_the_release(copied: Home, broken: str) -> None:
    with opened(copied, read_only=False) as connection:
        connection.execute(broken)
    run = Run(copied, load_settings(copied.settings), scope())
    with (
        environment(LABOURDB_KEY=KEY),
        pytest.raises(GateStopped, match="noise_keys_are_spread on changed_provinces"),
    ):
        steps.build(run, COUNTED_LAYERS)  # what is linked rests on no such key
        steps.build(run, LAST_LAYERS)
        gates.stop_if_blocked(run, gates.gate_publication(run))
    assert ids(copied) == [f"{AS_OF}.1"] and remembered(copied.remembered).keys() == {f"{AS_OF}.1"}


@pytest.mark.parametrize(
    ("model", "tampered", "check"),
    [
        ("changed_provinces", "employed = employed + 5", "changed_provinces_within_noise"),
        ("changed_communes", "unemployed = 1", "changed_communes_within_noise"),
        ("changed_status_changes", "persons = persons + 5", "changed_status_changes_within_noise"),
        ("changed_completions", "completions = 2", "changed_completions_within_noise"),
    ],
)
def test_changed_counts_that_are_not_the_noise_of_the_table_are_found(
    copied: Home, model: str, tampered: str, check: str
) -> None:
    """The tests of the models, over counts tampered with."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    from orchestration.dbt import project

    with duckdb.connect(str(copied.database)) as connection:
        connection.execute(f"update disclosure.{model} set {tampered}")
    with environment(LABOURDB_KEY=KEY), project.environment(copied, load_settings(copied.settings)):
        try:
            outcome = dbtRunner(manifest=project.parsed()).invoke(
                ["test", *project.COMMON, *project.QUIET, "--target-path", str(copied.warehouse / "dbt"), "--no-write-json",
                 "--select", check]
            )  # fmt: skip
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    assert [(r.node.name, str(r.status)) for r in outcome.result.results] == [(check, "fail")]  # type: ignore[union-attr]


def test_what_was_built_under_other_settings_bears_no_label_of_these(copied: Home) -> None:
    """[disclosure] off for the models, and on again before the gate: each is a step of its own in Dagster."""
    begun = Run(copied, load_settings(copied.settings), scope())
    copied.settings.write_text(worlds.SETTINGS + "\n[disclosure]\noff = true\n")
    with (
        environment(LABOURDB_KEY=KEY),
        pytest.raises(
            LabourdbError, match=r"^\[disclosure\] of labourdb.toml was changed after this run began"
        ),
    ):
        gates.gate_publication(Run(copied, load_settings(copied.settings), scope()))
    copied.settings.write_text(worlds.SETTINGS)
    with duckdb.connect(str(copied.database)) as connection:
        connection.execute("delete from run.dbt_tests where check_id = 'changed_communes_within_noise'")
    with environment(LABOURDB_KEY=KEY):
        with pytest.raises(LabourdbError, match="1 tests did not run, changed_communes_within_noise"):
            gates.gate_publication(begun)
        gates.gate_deliveries(run_of(copied))
        with pytest.raises(LabourdbError, match="not all built and tested"):
            gates.gate_publication(run_of(copied))
    assert ids(copied) == [f"{AS_OF}.1"]


# ---- what is remembered --------------------------------------------------------------------------------------


def atoms(home: Home, number: int) -> dict[tuple[str, ...], str]:
    rows = duckdb.execute(
        "from read_parquet(?)", [str(remembered(home.remembered)[f"{AS_OF}.{number}"])]
    ).fetchall()
    return {tuple(row[:3]): row[3] for row in rows}


@pytest.mark.slow
def test_a_late_row_and_a_release_cut_off_before_it_was_remembered(
    copied: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    late_row(copied)
    honest = steps.publish

    def cut_off(*arguments: object) -> Release:
        honest(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(steps, "publish", cut_off)
        with pytest.raises(KeyboardInterrupt):
            worlds.run_steps(copied)
    assert ids(copied) == [f"{AS_OF}.1", f"{AS_OF}.2"]
    assert {p.name for p in copied.remembered.iterdir()} == {f"{AS_OF}.1.parquet", f"{AS_OF}.2{PENDING}"}
    assert not run_world(copied).published  # nothing is new, and what was left is done
    assert remembered(copied.remembered).keys() == {f"{AS_OF}.1", f"{AS_OF}.2"}

    # what nobody revised is as it was, what was is of the quarter of the late row, and so few tell where
    before, now = atoms(copied, 1), atoms(copied, 2)
    revised = [a for a in before.keys() | now.keys() if before.get(a) != now.get(a)]
    assert 0 < len(revised) < 10 and {period for _, period, _ in revised} == {AS_OF}
    assert len(before.keys() & now.keys()) > 20
    checks = copied.releases / f"{AS_OF}.2" / "tables" / "checks.parquet"
    query = (
        "select object, status, severity, rows_checked from read_parquet(?) where check_id = 'small_revision'"
    )
    told = duckdb.execute(query, [str(checks)]).fetchall()
    assert told == [("finest counts by period", "failed", "warn", 1)]

    # somebody removes the folder: its number is not free
    shutil.rmtree(copied.releases / f"{AS_OF}.2")
    row = worlds.deliveries()["training/2025-12"][0] | {"record_no": "99"}
    worlds.deliver(copied, "training/2025-11", [row])
    outcome = run_world(copied)
    assert outcome.published and outcome.release.id == f"{AS_OF}.3"
    assert outcome.release.manifest["protection"] == PROTECTION
    assert remembered(copied.remembered).keys() == {f"{AS_OF}.{n}" for n in (1, 2, 3)}
    assert atoms(copied, 3).keys() >= now.keys() - {a for a in now if a[0] == "training_outcomes"}


# ---- the disclosure key --------------------------------------------------------------------------------------


def test_another_or_a_lost_disclosure_key_stops_the_run(copied: Home) -> None:
    late_row(copied)
    file = copied.restricted / DISCLOSURE_KEY_FILE
    kept = file.read_text()
    with (
        environment(**{DISCLOSURE_KEY_VARIABLE: "another disclosure key, which is just as long"}),
        pytest.raises(LabourdbError, match="not the one this home's releases were protected with"),
    ):
        run_world(copied)
    # the key of the first run is still in force, so what is made from it again is the same
    file.unlink()
    with environment(LABOURDB_KEY=KEY):
        steps.ingest_new(run_of(copied))
        gates.gate_deliveries(run_of(copied))
    assert file.read_text() == kept
    # the restricted database read anew knows no key: none is made for a home that has published
    file.unlink()
    (copied.restricted / "restricted.duckdb").unlink()
    with pytest.raises(
        LabourdbError, match=r"disclosure key of this home is not there.*Put it back from your backup"
    ):
        run_world(copied)
    assert not file.exists() and ids(copied) == [f"{AS_OF}.1"]


# ---- what is said --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "label"), [("", PROTECTION), ("[disclosure]\noff = true\n", NOT_PROTECTED)]
)
def test_without_a_release_status_says_what_one_would_say(tmp_path: Path, settings: str, label: str) -> None:
    (tmp_path / "landing").mkdir()
    (tmp_path / "labourdb.toml").write_text(settings)
    result = CliRunner().invoke(app, ["status", "--home", str(tmp_path)])
    assert result.exit_code == 0 and label in result.stdout
    assert ({PROTECTION, NOT_PROTECTED} - {label}).pop() not in result.stdout
