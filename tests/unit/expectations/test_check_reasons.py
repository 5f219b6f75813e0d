"""Every check says why it is there in both languages: labour offices read them in the quality report."""

from __future__ import annotations

from pathlib import Path

import pytest

from expectations.dbt_tests import dbt_test_checks
from expectations.rules import GATES, load_rules
from orchestration.dbt.project import COUNTED_LAYERS, FIRST_LAYERS, LAST_LAYERS, expected_tests
from orchestration.settings import Settings, load_settings
from sources.errors import UsageError

VIETNAMESE = set("ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ")
LAYERS = [
    n.removeprefix("labourdb.").removesuffix(".*") for n in [*FIRST_LAYERS, *COUNTED_LAYERS, *LAST_LAYERS]
]


def both(why: str, why_vi: str) -> bool:
    """English without, Vietnamese with the letters that only Vietnamese has."""
    return bool(why) and not VIETNAMESE & set(why.lower()) and bool(VIETNAMESE & set(why_vi.lower()))


def test_every_check_has_its_reason_in_both_languages() -> None:
    rules = load_rules().values()
    assert {r.gate for r in rules} == set(GATES)
    assert [r.id for r in rules if not both(r.why, r.why_vi)] == []


def test_every_dbt_test_has_its_reason_in_both_languages() -> None:
    tests = expected_tests(LAYERS)
    assert {"spine_rules", "indicators_one_figure_a_cell"} <= {t.name for t in tests}
    assert [t.name for t in tests if not both(t.description, t.description_vi)] == []


def test_reasons_of_dbt_tests_reach_the_checks_table() -> None:
    line = {"name": "t", "model": "m", "status": "pass", "failures": 0, "gate": "linkage"}
    told = {**line, "description": "It must.", "description_vi": "Phải thế.", "query": "select 1"}
    checks = dbt_test_checks([told, line | {"name": "u"}], {"m": 3})
    assert checks[["why", "why_vi", "query"]].iloc[0].tolist() == ["It must.", "Phải thế.", "select 1"]
    assert both(*checks[["why", "why_vi"]].iloc[1])


def test_due_days_are_of_sources_and_not_negative(tmp_path: Path) -> None:
    path = tmp_path / "labourdb.toml"
    path.write_text("[punctuality.due_days]\ntraining = 20\n")
    assert load_settings(path).effective()["punctuality"] == {"due_days": {"training": 20}}
    assert Settings().punctuality.due_days == {}
    for wrong, said in (("trainings = 20", "'trainings': not a source"), ("training = -1", "greater than")):
        path.write_text(f"[punctuality.due_days]\n{wrong}\n")
        with pytest.raises(UsageError, match=said):
            load_settings(path)
