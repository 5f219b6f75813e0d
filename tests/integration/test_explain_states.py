"""Explaining when something stands in the way: a suppressed cell, a warehouse that moved on, sums that do not close, news."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from support.explaining import COUNTRY, access_lines, call, said
from typer.testing import CliRunner
from worlds import eighteen_persons as worlds
from worlds.eighteen_persons import KEY, PEOPLE, environment, small_home

from orchestration.cli.main import app
from orchestration.home import Home
from releases.disclosure import NOT_PROTECTED


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A copy of the small world: explaining writes to its access log."""
    return worlds.copy_of(small_home(), tmp_path_factory.mktemp("explain") / "home")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABOURDB_KEY", KEY)


def published_values(home: Home, indicator: str) -> dict[str, float | None]:
    """A country figure in every release, from the released tables."""
    values: dict[str, float | None] = {}
    for folder in sorted(home.releases.glob("2025Q4.*")):
        found = duckdb.execute(
            f"select value from read_parquet('{folder}/tables/indicators.parquet') where indicator = ? and basis = 'register'"
            " and area_code = 'VN' and area_version = '2024' and period = '2025Q4' and sex = 'total'"
            " and age_group = 'total' and urban_rural = 'total'",
            [indicator],
        ).fetchone()
        assert found is not None
        values[folder.name] = found[0]
    return values


def test_a_median_that_is_not_shown_says_why(home: Home) -> None:
    """Five persons at two employers: fewer than ten."""
    code, found = call(home, "median_wage", *COUNTRY)
    assert code == 0 and found["closes"] and found["cell"]["status"] == "suppressed"
    assert found["cell"]["value"] is None and found["cell"]["numerator"] is not None
    assert "fewer than 10 persons" in found["why"] and "3 employers" in found["why"]
    assert "as_counted" not in found and "6500000" not in json.dumps(found)
    text = said(home, "median_wage", *COUNTRY)
    assert "fewer than 10 persons" in text and "Residents" in text and "6,500,000" not in text

    before = len(access_lines(home))
    code, found = call(home, "median_wage", *COUNTRY, "--restricted")
    assert code == 0 and found["closes"] and found["cell"]["value"] is None
    assert found["as_counted"] == {
        "numerator": 5,
        "denominator": 5,
        "value": 7_000_000,
    }  # An Bình Nga Rạng Uyên
    assert [e["command"] for e in access_lines(home)[before:]].count("explain --restricted") == 1
    code, found = call(home, "employed", *COUNTRY)
    assert found["why"] is None


@pytest.mark.slow
def test_without_disclosure_control_everything_is_exact(tmp_path: Path) -> None:
    """[disclosure] off: the release says so wherever it is read, and shows what was counted."""
    off = worlds.write_world(Home(tmp_path / "home"))
    off.settings.write_text(worlds.SETTINGS + "[disclosure]\noff = true\n")
    assert worlds.run_world(off).release.id == "2025Q4.1"
    with duckdb.connect(str(off.database), read_only=True) as connection:
        for table in ("indicators", "labour_flows", "transitions", "training_outcomes"):
            pair = f"(from candidates.{table} except from published.{table}), (from published.{table} except from candidates.{table})"
            for way in pair.split("), ("):
                assert connection.execute(way.strip("()")).fetchall() == [], table
    code, found = call(off, "unemployment_rate", *COUNTRY)
    assert (
        code == 0 and found["closes"] and (found["protection"], found["figures"]) == (NOT_PROTECTED, "exact")
    )
    assert found["counts"] == "exact" and found["persons"]["persons"] == 16 and found["cell"]["value"] == 30.0
    assert found["noise"]["numerator"] == found["noise"]["denominator"] == 0
    assert "explain --restricted" not in {e["command"] for e in access_lines(off)}
    text = said(off, "unemployment_rate", *COUNTRY)
    assert NOT_PROTECTED in text and "nearest 5" not in text
    for command in (["status"], ["releases"], ["verify", "2025Q4.1"]):
        result = CliRunner().invoke(app, [*command, "--home", str(off.root)])
        assert result.exit_code == 0 and NOT_PROTECTED in " ".join(result.stdout.split()), command


def test_a_warehouse_that_moved_on_is_not_asked(home: Home, tmp_path: Path) -> None:
    copied = worlds.copy_of(home, tmp_path / "home")
    path = copied.warehouse / "candidates" / "verdict.json"
    verdict = json.loads(path.read_text())
    path.write_text(json.dumps(verdict | {"release_id": "2025Q4.2", "fingerprint": "another"}))
    code, found = call(copied, "employed", *COUNTRY, "--restricted")
    assert code == 0 and not found["walk"]["possible"]
    assert "it holds what 2025Q4.2, which was not published, was made from" in found["walk"]["why"]
    assert "persons" not in found and "deliveries" not in found and "left_out" not in found
    assert (
        found["cell"]["value"] == published_values(home, "employed")["2025Q4.1"] and "as_counted" not in found
    )
    assert found["checks"]["checks"] > 50
    september = next(f for f in found["inputs"]["files"] if f["folder"] == "population/2025-09")
    assert (september["rows_read"], september["accepted"], september["quarantined"]) == (20, 18, 1)
    assert len(september["sha256"]) == 64
    path.unlink()
    _, found = call(copied, "employed", *COUNTRY)
    assert "did not get as far as the last gate" in found["walk"]["why"]
    assert "Not walked back" in said(copied, "employed", *COUNTRY)


def test_what_does_not_add_up_is_said_and_fails(home: Home, tmp_path: Path) -> None:
    copied = worlds.copy_of(home, tmp_path / "home")
    with duckdb.connect(str(copied.database)) as connection:
        connection.execute(
            "update labour.labour.person_quarters set status = 1 where status = 2 and source_bit = 16"
        )
    code, found = call(copied, "unemployment_rate", *COUNTRY, "--restricted")
    assert code == 1 and not found["closes"]
    assert {"what": "persons in the numerator", "expected": 3, "found": 2, "closes": False} in found["proof"]
    code, found = call(copied, "unemployment_rate", *COUNTRY)
    assert code == 1
    assert {"what": "persons in the numerator", "expected": None, "found": None, "closes": False} in found[
        "proof"
    ]
    with environment(LABOURDB_KEY=KEY):
        result = CliRunner().invoke(
            app, ["explain", "unemployment_rate", *COUNTRY, "--home", str(copied.root)]
        )
    assert result.exit_code == 1 and "do not add up" in result.stderr


@pytest.mark.parametrize("measure", ["unemployed", "labour_force"])
def test_a_published_figure_that_is_not_its_finest_counts_is_said(
    home: Home, tmp_path: Path, measure: str
) -> None:
    copied = worlds.copy_of(home, tmp_path / "home")
    with duckdb.connect(str(copied.database)) as connection:
        connection.execute(f"update disclosure.changed_provinces set {measure} = {measure} + 3")
    code, found = call(copied, "unemployment_rate", *COUNTRY)
    term = "numerator" if measure == "unemployed" else "denominator"
    assert code == 1 and [p["what"] for p in found["proof"] if not p["closes"]] == [
        f"published {term}, the sum of finest counts", "published value",
    ]  # fmt: skip


@pytest.mark.slow
def test_late_and_corrected_data_explain_the_next_release(tmp_path: Path) -> None:
    """Giang's benefit is taken back by a revision; Hải turns up in a labour register of November that came late."""
    copied = worlds.copy_of(small_home(), tmp_path / "home")
    giang = PEOPLE["giang"].row | {"decision_no": "QD1", "starts_on": "2025-11-01", "ends_on": "2025-12-15"}
    worlds.deliver(copied, "unemployment_benefits/2025-12.r2", [giang])
    surveyed = worlds.deliveries()["labour_register/2025-12"][0]
    hai = surveyed | PEOPLE["hai"].row | {"commune_code": "11161", "surveyed_on": "2025-11-11"}
    worlds.deliver(copied, "labour_register/2025-11", [hai | {"commune_code": "10507"}])
    assert worlds.run_steps(copied).id == "2025Q4.2"
    code, found = call(copied, "unemployed", *COUNTRY, "--restricted")
    assert code == 0 and found["closes"] and found["release"] == "2025Q4.2"
    assert found["as_counted"]["value"] == 3 and published_values(copied, "unemployed") == {
        line["release"]: line["value"] for line in found["history"]
    }
    first, last = found["history"]
    assert (first["causes"], first["since"]) == (None, None)
    assert last["difference"]["value"] == last["value"] - first["value"]
    assert (last["since"], last["unexplained"]) == ("2025Q4.1", False)
    causes = last["causes"]
    assert causes["late_data"] == {
        "deliveries": 1, "files": 1, "rows_accepted": 1, "folders": ["labour_register/2025-11"],
    }  # fmt: skip
    assert causes["corrected_data"]["folders"] == ["unemployment_benefits/2025-12.r2"]
    assert causes["later_months"]["deliveries"] == causes["admitted_data"]["deliveries"] == 0
    assert causes["changed_links"]["rows"] == causes["changed_settings"] == 0 and causes["as_of"] is None
    # Hải's status rests on the late row; Giang's on nothing any more
    assert last["rows_of_cell"]["late_data"]["status"] == {"rows": 1, "in_numerator": 1}
    assert last["rows_of_cell"]["late_data"]["residence"] == {"rows": 0, "in_numerator": 0}
    assert last["rows_of_cell"]["corrected_data"]["status"] == {"rows": 0, "in_numerator": 0}
    replaced = [d for d in found["inputs"]["left_out"] if d["disposition"] == "replaced"]
    assert [(d["folder"], d["rows_read"]) for d in replaced] == [("unemployment_benefits/2025-12", 1)]
    # the release before is still told, from what it holds
    code, found = call(copied, "unemployed", *COUNTRY, "--release", "2025Q4.1")
    assert code == 0 and "it holds what 2025Q4.2 was made from" in found["walk"]["why"]
    assert [line["release"] for line in found["history"]] == ["2025Q4.1"]
