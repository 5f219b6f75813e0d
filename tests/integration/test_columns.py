"""A column that is gone, through the whole run: what rests on it is no figure (SPEC §1)."""

from __future__ import annotations

import pytest
from support.home_tables import shown, sql
from worlds import eighteen_persons as worlds
from worlds.eighteen_persons import deliver, deliveries, manifest, run_steps, write_world

from orchestration.home import Home


@pytest.fixture(scope="module")
def without_hours() -> Home:
    """A labour register whose column of hours nobody knows, as if it had been renamed from the first delivery on."""
    home = write_world(Home(worlds.scratch() / "without-hours"), without=("labour_register",))
    for folder, rows in deliveries().items():
        if folder.startswith("labour_register/"):
            deliver(
                home,
                folder,
                [{("hours" if c == "weekly_hours" else c): v for c, v in r.items()} for r in rows],
            )
    run_steps(home)
    return home


@pytest.mark.slow
def test_a_column_that_no_delivery_fills_is_no_zero(without_hours: Home) -> None:
    """Not 0.0 %, though its source is there, in force, and makes people employed (SPEC §1)."""
    shown_as = "select distinct period, indicator, numerator, denominator, value from indicators where status = 'not_available' order by 1"
    hidden = [(period, "underemployment_rate", None, None, None) for period in ("2025Q3", "2025Q4")]
    assert sql(without_hours, shown_as) == shown(without_hours, shown_as) == hidden
    facts = manifest(without_hours)
    assert "labour_register" not in facts["missing_sources"]
    assert {d["disposition"] for d in facts["inputs"] if d["folder"].startswith("labour_register/")} == {
        "used"
    }
    employed = "select numerator::int from indicators where indicator = 'employed' and area_code = 'VN' and area_version = '2024'"
    total = " and sex = 'total' and age_group = 'total' and urban_rural = 'total' order by period"
    assert sql(without_hours, employed + total) == [(10,), (7,)]
    rate = "select distinct status, value from indicators where indicator = 'underemployment_rate' and basis = 'register'"
    assert shown(without_hours, rate) == [("not_available", None)]
