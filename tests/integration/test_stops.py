"""What stops a run: changed deliveries, the gates, tables that were not judged. Nothing is published then."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from support import home_tables
from typer.testing import CliRunner
from worlds import eighteen_persons as worlds
from worlds.eighteen_persons import AS_OF, deliver, deliveries, run_world, scope, small_home, write_world

from orchestration.cli.main import app
from orchestration.home import SEEDS, Home
from orchestration.run import gates, steps
from orchestration.run.gates import GateStopped
from orchestration.run.history import dagster_instance
from orchestration.run.scope import Run
from releases.pages.words import OF_OUR_OWN
from releases.release import current_release, list_releases
from releases.verdict import confirmed_verdict
from sources.errors import ChangedDelivery, LabourdbError
from sources.simulator import simulate

PROTECTION = "DISCLOSURE-CONTROLLED"


@pytest.fixture
def copied(tmp_path: Path) -> Home:
    """A home with one release, to be changed."""
    return worlds.copy_of(small_home(), tmp_path / "home")


def test_missing_core_source_fails(tmp_path: Path) -> None:
    home = write_world(Home(tmp_path), without=("enterprises",))
    with pytest.raises(LabourdbError, match="enterprises"):
        run_world(home)
    assert list_releases(home.releases) == []


def test_another_key_is_refused(copied: Home) -> None:
    deliver(copied, "training/2025-11", deliveries()["training/2025-12"])
    with pytest.raises(LabourdbError, match="not the one this home was built with"):
        run_world(copied, key="another key, which is just as long as the one before")
    assert [r.id for r in list_releases(copied.releases)] == [f"{AS_OF}.1"]


# ---- changed deliveries --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda f: f.write_bytes(f.read_bytes() + b"\n"), "training/2025-09/data.csv: the file changed"),
        (lambda f: f.rename(f.with_name("other.csv")), "training/2025-09/other.csv: a new file"),
        (lambda f: f.unlink(), "training/2025-09/data.csv: the file is gone"),
        (lambda f: shutil.rmtree(f.parent), "training/2025-09: the delivery is gone"),
    ],
)
def test_changed_delivery_stops_the_run(copied: Home, change: Any, named: str) -> None:
    change(copied.landing / "training" / "2025-09" / "data.csv")
    with pytest.raises(ChangedDelivery, match=named):
        run_world(copied)
    assert [r.id for r in list_releases(copied.releases)] == [f"{AS_OF}.1"]


# ---- gates ---------------------------------------------------------------------------------------------------


def garble(home: Home) -> str:
    """Send December's insurance again, with names and IDs that are nobody's; what the stop at gate 2 said."""
    garbled = [r | {"citizen_id": worlds.citizen(900 + n, "male", "1985"), "si_number": f"{4_000_000_000 + n}", "full_name": f"Người {n}"}
               for n, r in enumerate(deliveries()["social_insurance/2025-12"])]  # fmt: skip
    deliver(home, "social_insurance/2025-12.r2", garbled)
    with pytest.raises(GateStopped) as stopped:
        run_world(home)
    return str(stopped.value)


def test_gate_2_stops_the_run(copied: Home) -> None:
    stopped = garble(copied)
    assert "linked_share_social_insurance on social_insurance: 9 of 15 rows failed" in stopped
    assert "\n      social_insurance/2025-12.r2: 9 / 9\n" in stopped
    assert str(copied.warehouse / "report.html") in stopped
    current = current_release(copied.releases)
    assert current is not None and current.id == f"{AS_OF}.1" and len(list_releases(copied.releases)) == 1
    assert worlds.table_bytes(copied) == worlds.table_bytes(small_home())
    report = (copied.warehouse / "report.html").read_text()
    assert (
        "linked_share_social_insurance" in report
        and "9 / 15</strong>" in report
        and report.index("9 / 15") < report.index("Mục lục")
        and "select" in report
        and PROTECTION in report
    )
    assert f"{AS_OF}.2" in report
    with dagster_instance(copied.dagster) as instance:
        events = instance.all_logs(instance.get_runs()[0].run_id, dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    told = [e.dagster_event.asset_check_evaluation_data for e in events if e.dagster_event is not None]
    (gate,) = [t for t in told if t.asset_check_key.name == "linkage_gate"]
    assert not gate.passed and "9 of 15 rows failed" in str(gate.metadata["blocking"].value)
    assert "social_insurance/2025-12.r2: 9 / 9" in str(gate.metadata["blocking"].value)
    assert gate.metadata["quality_report"].value == "warehouse/report.html"
    assert (
        report.count('<code translate="no">social_insurance/2025-12.r2</code>: <strong>9 / 9</strong>') == 1
    )
    said = CliRunner().invoke(app, ["quality", "--stopped", "--home", str(copied.root)])
    assert said.exit_code == 0 and "social_insurance/2025-12.r2: 9 / 9" in said.stdout
    said = CliRunner().invoke(app, ["quality", "--stopped", "--json", "--home", str(copied.root)])
    lines = [line for c in json.loads(said.stdout)["checks"] for line in c["lines"] if line.get("culprits")]
    assert [(line["object"], line["culprits"]["deliveries"]) for line in lines] == [
        ("social_insurance", [{"folder": "social_insurance/2025-12.r2", "rows": 9, "out_of": 9}])
    ]
    # nothing is left that a later release step could take for judged
    with pytest.raises(LabourdbError):
        confirmed_verdict(copied.warehouse / "candidates", f"{AS_OF}.2", "any")


@pytest.mark.slow
def test_a_waived_stop_is_published_and_the_release_says_who_why_and_until_when(copied: Home) -> None:
    garble(copied)
    waiver = '[[waivers]]\ncheck = "linked_share_social_insurance"\nreason = "resent in March"\nperson = "Trưởng phòng"\n'
    copied.settings.write_text(worlds.SETTINGS + waiver + "expires = 2999-12-31\n")
    release = worlds.run_steps(copied)
    assert release.id == f"{AS_OF}.2"
    assert [(w["person"], w["waived"]) for w in release.manifest["waivers"]] == [
        ("Trưởng phòng", ["social_insurance"])
    ]
    said = "select object, status, waiver from checks where waiver is not null"
    text = "Trưởng phòng: resent in March (until 2999-12-31)"
    assert home_tables.sql(copied, said) == [("social_insurance", "failed", text)]
    page = (release.path / "quality" / "report.html").read_text()
    assert "resent in March" in page and "Trưởng phòng" in page
    assert not (copied.warehouse / "report.html").exists()  # the stop it told of is settled
    for asked in (["quality", "--stopped"], ["quality", release.id, "--stopped"]):
        assert CliRunner().invoke(app, [*asked, "--home", str(copied.root)]).exit_code == 2


def test_deaths_of_one_in_six_stop_the_run_and_name_their_delivery(tmp_path: Path) -> None:
    home = Home(tmp_path)
    simulate(home.root, 1_000, 6, "2025-12", ["30"], 7, SEEDS)
    with (home.landing / "population/2025-07/dan_cu_30.csv").open(encoding="utf-8-sig") as file:
        people = list(csv.DictReader(file, delimiter=";"))
    again = home.landing / "population/2025-11.r2"
    shutil.copytree(home.landing / "population/2025-11", again)
    (again / "delivery.json").unlink(missing_ok=True)
    said = {
        "Tình trạng": "deceased",
        "Ngày thay đổi tình trạng": "10/11/2025",
        "Ngày cập nhật": "2025-11-20T08:00:00",
    }
    with (again / "deaths.csv").open("w", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(people[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(person | said for person in people[::6])
    with worlds.environment(LABOURDB_KEY=worlds.KEY):
        told = CliRunner().invoke(app, ["run", "--json", "--home", str(home.root), "--as-of", AS_OF])
    assert told.exit_code == 3, told.stderr
    (stop,) = json.loads(told.stdout)["stopped"]
    assert (stop["check_id"], stop["object"]) == ("population_break", "as-of quarter")
    first = stop["culprits"]["deliveries"][0]
    assert first["folder"] == "population/2025-11.r2" and first["rows"] > len(people) / 6 * 0.7
    assert "population/2025-11.r2: " in told.stderr and list_releases(home.releases) == []


def test_a_warning_that_cannot_be_measured_stops_the_run_and_is_named(
    copied: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has found nothing, which is not the same as nothing to find: severity and waiver say what to do with a finding."""
    rules = gates.load_rules(worlds.load_settings(copied.settings).thresholds)
    broken = replace(rules["population_change"], rows="select object, failed from run.nowhere")
    monkeypatch.setattr(gates, "load_rules", lambda thresholds: rules | {broken.id: broken})
    assert broken.severity == "warn"
    run = Run(copied, worlds.load_settings(copied.settings), scope())
    with worlds.environment(LABOURDB_KEY=worlds.KEY):
        checks = gates.gate_linkage(run)
        with pytest.raises(GateStopped) as stopped:
            gates.stop_if_blocked(run, checks)
    of = checks[(checks["check_id"] == "population_change")]
    assert len(of) > 0 and set(of["status"]) == {"error"} and set(of["severity"]) == {"warn"}
    said = str(stopped.value)
    assert "all_linkage_checks_ran on linkage gate: " in said
    for name in of["object"]:
        assert re.search(rf"\n    population_change on {name} did not run: \w+Exception: .*nowhere", said), (
            said
        )
    lines = {c["check_id"]: c for c in stopped.value.facts["stopped"]}
    told = lines["all_linkage_checks_ran"]
    assert [c["object"] for c in told["not_run"]] == list(of["object"]) and "nowhere" in told["not_run"][0][
        "error"
    ]
    assert "population_change" in told["why"] and "nowhere" in told["why"]  # which the Dagster UI shows
    assert "nowhere" in (copied.warehouse / "report.html").read_text()


def test_gate_3_stops_the_run_and_its_verdict_holds(copied: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A candidate is tampered with between build and gate: parts no longer sum to the total."""
    honest = gates.gate_publication

    def tampered(run: Run) -> Any:
        with run.warehouse() as warehouse:
            warehouse.execute(
                "update candidates.indicators set numerator = numerator + 1, value = value + 1 where indicator = 'employed'"
                " and area_code = '30' and sex = 'total' and age_group = 'total' and urban_rural = 'total' and period = '2025Q4'"
            )
        return honest(run)

    monkeypatch.setattr(gates, "gate_publication", tampered)
    copied.settings.write_text(worlds.SETTINGS + "volume_change = 0.6\n")
    with worlds.environment(LABOURDB_KEY=worlds.KEY):
        said = CliRunner().invoke(app, ["run", "--json", "--home", str(copied.root), "--as-of", AS_OF])
    assert said.exit_code == 3
    stopped = {(c["check_id"], c["object"]): c for c in json.loads(said.stdout)["stopped"]}
    told = stopped["parts_sum_to_totals", "indicators: sex"]
    assert told["rows_failed"] == 1 and told["culprits"] == {
        "counted": None,
        "counted_vi": None,
        "deliveries": [],
    }
    assert OF_OUR_OWN[1] in said.stderr and OF_OUR_OWN[0] in (copied.warehouse / "report.html").read_text()
    assert "parts_sum_to_totals on indicators: sex: 1 of" in said.stderr
    assert "terms_agree_with_counts" in said.stderr
    current = current_release(copied.releases)
    assert current is not None and current.id == f"{AS_OF}.1" and len(list_releases(copied.releases)) == 1
    report = (copied.warehouse / "report.html").read_text()
    assert "parts_sum_to_totals" in report and "indicators: sex" in report
    # nor does the release step, started by itself, publish what was stopped
    monkeypatch.undo()
    run = Run(copied, worlds.load_settings(copied.settings), scope(number=2))
    with pytest.raises(LabourdbError, match="The gates stopped"):
        steps.release(run)
    assert len(list_releases(copied.releases)) == 1


def test_release_refuses_what_was_not_judged(copied: Home) -> None:
    """The candidates of the first release, changed after the verdict."""
    path = copied.warehouse / "candidates" / "indicators.parquet"
    path.write_bytes(path.read_bytes() + b"\0")
    shutil.rmtree(copied.releases)
    shutil.rmtree(copied.remembered)
    run = Run(copied, worlds.load_settings(copied.settings), scope())
    with pytest.raises(LabourdbError, match="not the one the gates judged"):
        steps.release(run)
    assert current_release(copied.releases) is None
