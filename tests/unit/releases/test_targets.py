"""Plan targets as people read them: the registers' unemployment is never taken for the survey's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from worlds.handwritten_releases import indicator, published

from orchestration.cli.console import target_table
from releases.targets import targets_of

SAID = {
    "unemployment_rate": {"en": "Registered unemployment rate (not ILO)", "vi": ""},
    "si_coverage": {"en": "Social insurance coverage", "vi": ""},
}


def target(name: str, basis: str, **other: Any) -> dict[str, Any]:
    return {
        "plan": "1/KH", "province_code": "31", "area_version": "2025", "year": 2025, "indicator": name, "basis": basis,
        "sex": "total", "age_group": "total", "urban_rural": "total", "comparator": "<", "target_value": 3.0,
        "value": 2.5, "ci_low": None, "ci_high": None, "verdict": "met", "other_value": None, **other,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "basis", "label"),
    [
        ("unemployment_rate", "register", "unemployment_rate: Registered unemployment rate (not ILO)"),
        ("unemployment_rate", "official", "unemployment_rate"),
        ("si_coverage", "register", "si_coverage"),
        ("si_satisfaction", "official", "si_satisfaction"),
    ],
)
def test_a_target_names_what_the_figure_is_not(tmp_path: Path, name: str, basis: str, label: str) -> None:
    release = published(
        tmp_path, "2025Q4.1", manifest={"indicators": SAID}, indicators=[indicator("employed", 5)],
        target_progress=[target(name, basis, age_group="15-24", urban_rural="urban")],
    )  # fmt: skip
    [found] = targets_of(release)
    assert (found["label"], found["people"], found["verdict"]) == (label, "15-24 urban", "met")
    cells = [list(column.cells) for column in target_table(release).columns]
    assert cells[2] == [label] and cells[5] == ["< 3"] and "met / đạt" in str(cells[8][0])
