"""Explaining when something stands in the way: a suppressed cell, a warehouse that moved on, sums that do not close, news."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
import worlds
from explaining import COUNTRY, access_lines, call, followed_by_another, said, shown_home
from typer.testing import CliRunner
from worlds import KEY, PEOPLE, environment, small_home

from orchestration.cli import app
from orchestration.home import Home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A small world whose release shows what it counted."""
    return shown_home(tmp_path_factory.mktemp("explain") / "home")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABOURDB_KEY", KEY)


def _suppress(home: Home, indicator: str) -> None:
    """Make the country's cell of an indicator what disclosure control makes of it."""
    path = home.releases / "2025Q4.1" / "tables" / "indicators.parquet"
    hit = f"indicator = '{indicator}' and area_code = 'VN' and sex = 'total' and age_group = 'total' and urban_rural = 'total'"
    path.chmod(0o644)
    with duckdb.connect() as connection:
        connection.execute(f"create table t as from read_parquet('{path}')")
        connection.execute(
            f"update t set status = 'suppressed', value = null, numerator = null, denominator = null where {hit}"
        )
        connection.execute(f"copy t to '{path}' (format parquet)")


def test_of_a_suppressed_cell_only_that(home: Home, tmp_path: Path) -> None:
    copied = worlds.copy_of(home, tmp_path / "home")
    _suppress(copied, "underemployment_rate")
    code, found = call(copied, "underemployment_rate", *COUNTRY)
    assert code == 0 and found["suppressed"] and found["cell"]["status"] == "suppressed"
    assert set(found) == {"exit_code", "release", "protection", "synthetic", "restricted", "suppressed", "cell",
                          "why", "definition"}  # fmt: skip
    assert not any(isinstance(v, int | float) for v in found["cell"].values())
    text = said(copied, "underemployment_rate", *COUNTRY)
    assert "suppressed" in text and "Residents" not in text and "14.28" not in text

    before = len(access_lines(copied))
    code, found = call(copied, "underemployment_rate", *COUNTRY, "--restricted")
    assert code == 0 and found["closes"] and found["cell"]["status"] == "suppressed"
    assert (found["cell"]["numerator"], found["cell"]["denominator"]) == (1, 7)  # Dung
    assert [line["value"] for line in found["history"]] == [None]
    assert [e["command"] for e in access_lines(copied)[before:]].count("explain --restricted") == 1

    (copied.warehouse / "candidates" / "verdict.json").unlink()
    code, found = call(copied, "underemployment_rate", *COUNTRY, "--restricted")
    assert code == 1 and "suppresses this cell" in found["error"]


def test_a_warehouse_that_moved_on_is_not_asked(home: Home, tmp_path: Path) -> None:
    copied = worlds.copy_of(home, tmp_path / "home")
    path = copied.warehouse / "candidates" / "verdict.json"
    verdict = json.loads(path.read_text())
    path.write_text(json.dumps(verdict | {"release_id": "2025Q4.2", "fingerprint": "another"}))
    code, found = call(copied, "employed", *COUNTRY, "--restricted")
    assert code == 0 and not found["walk"]["possible"]
    assert "it holds what 2025Q4.2, which was not published, was made from" in found["walk"]["why"]
    assert "persons" not in found and "deliveries" not in found and "left_out" not in found
    assert found["cell"]["value"] == 7 and found["checks"]["checks"] > 50
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
    code, found = call(copied, "unemployment_rate", *COUNTRY)
    assert code == 1 and not found["closes"]
    assert {"what": "persons in the numerator", "expected": 3, "found": 2, "closes": False} in found["proof"]
    with environment(LABOURDB_KEY=KEY):
        result = CliRunner().invoke(
            app, ["explain", "unemployment_rate", *COUNTRY, "--home", str(copied.root)]
        )
    assert result.exit_code == 1 and "do not add up" in result.stderr


def test_late_and_corrected_data_explain_the_next_release(home: Home, tmp_path: Path) -> None:
    """Giang's benefit is taken back by a revision; Hải turns up in a labour register of November that came late."""
    copied = worlds.copy_of(small_home(), tmp_path / "home")
    giang = PEOPLE["giang"].row | {"decision_no": "QD1", "starts_on": "2025-11-01", "ends_on": "2025-12-15"}
    worlds.deliver(copied, "unemployment_benefits/2025-12.r2", [giang])
    surveyed = worlds.deliveries()["labour_register/2025-12"][0]
    hai = surveyed | PEOPLE["hai"].row | {"commune_code": "11161", "surveyed_on": "2025-11-11"}
    worlds.deliver(copied, "labour_register/2025-11", [hai | {"commune_code": "10507"}])
    assert worlds.run_steps(copied).id == "2025Q4.2"
    followed_by_another(home, copied)
    code, found = call(copied, "unemployed", *COUNTRY, "--restricted")
    assert code == 0 and found["closes"] and found["release"] == "2025Q4.2"
    first, last = found["history"]
    assert (first["release"], first["value"], first["causes"], first["since"]) == ("2025Q4.1", 3, None, None)
    assert (last["value"], last["difference"]["value"], last["since"], last["unexplained"]) == (
        3,
        0,
        "2025Q4.1",
        False,
    )
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
