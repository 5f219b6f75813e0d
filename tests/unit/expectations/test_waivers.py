"""Waivers: what they let pass, and which are refused."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
import yaml

from expectations.judge import blocking_failures
from expectations.rules import load_rules
from expectations.waivers import Waiver, refuse_unusable, waive
from orchestration.settings import load_settings
from sources.errors import LabourdbError, UsageError

RULES = load_rules()
TODAY = date(2026, 1, 20)
SOUND = Waiver("linked_share_training", "the agency resends in March", "Nguyễn Thị Hoa", TODAY)


def checks(*lines: tuple[str, str, str]) -> pd.DataFrame:
    """Lines of the checks table, each with severity block."""
    return pd.DataFrame(lines, columns=["check_id", "object", "status"]).assign(severity="block")


def test_a_waived_failure_does_not_block_and_stays_failed() -> None:
    table = checks(
        ("linked_share_training", "training", "failed"), ("linked_share_other", "job_seekers", "failed")
    )
    waived = waive(table, [SOUND])
    assert blocking_failures(waived)["check_id"].tolist() == ["linked_share_other"]
    assert waived["status"].tolist() == ["failed", "failed"]
    assert waived["waiver"][0] == "Nguyễn Thị Hoa: the agency resends in March (until 2026-01-20)"


def test_what_was_not_measured_is_never_waived() -> None:
    assert len(blocking_failures(waive(checks(("linked_share_training", "training", "error")), [SOUND]))) == 1


def test_a_waiver_of_one_object_leaves_the_others() -> None:
    one = Waiver("linked_share_other", "small source", "Hoa", TODAY, object="job_seekers")
    table = checks(
        ("linked_share_other", "job_seekers", "failed"), ("linked_share_other", "labour_register", "failed")
    )
    assert blocking_failures(waive(table, [one]))["object"].tolist() == ["labour_register"]


def test_without_waivers_everything_blocks_as_before() -> None:
    table = checks(("linked_share_training", "training", "failed"))
    assert len(blocking_failures(waive(table, []))) == len(blocking_failures(table)) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"check": "no_such_check"}, "cannot be waived"),
        ({"check": "quarantined_share"}, "cannot be waived"),  # gate 1 holds a delivery and stops nothing
        ({"check": "all_checks_ran"}, "cannot be waived"),
        ({"check": "changed_provinces_within_noise"}, "cannot be waived: .* disclosure control among it"),
        ({"object": "vacancies"}, "is not made of"),
        ({"reason": " "}, "must name its reason"),
        ({"expires": TODAY - timedelta(days=1)}, "expired on 2026-01-19"),
    ],
)
def test_waivers_that_are_refused(changes: dict[str, object], said: str) -> None:
    refuse_unusable([SOUND], RULES, TODAY)  # its last day counts
    with pytest.raises(LabourdbError, match=said):
        refuse_unusable([Waiver(**(vars(SOUND) | changes))], RULES, TODAY)  # type: ignore[arg-type]


def test_an_expired_or_incomplete_waiver_in_the_settings_is_a_usage_error(tmp_path: Path) -> None:
    path = tmp_path / "labourdb.toml"
    waiver = '[[waivers]]\ncheck = "linked_share_training"\nreason = "r"\nperson = "p"\n'
    path.write_text(waiver + "expires = 2020-01-01\n")
    with pytest.raises(UsageError, match="expired on 2020-01-01"):
        load_settings(path)
    path.write_text(waiver)
    with pytest.raises(UsageError, match="expires"):
        load_settings(path)
    path.write_text(waiver + "expires = 2999-12-31\n")
    assert load_settings(path).waived()[0].check == "linked_share_training"
    assert load_settings(path).effective()["waivers"][0]["expires"] == "2999-12-31"


def protection_tests() -> list[str]:
    """The names of every data test of what is published, as the models state them."""
    stated = Path(__file__).parents[3] / "dbt_project" / "models"
    found = [
        settings["name"]
        for layer in ("disclosure", "published")
        for path in (stated / layer).glob("*.yml")
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
        for part in (model, *model.get("columns", []))
        for test in part.get("data_tests", [])
        for settings in (test.values() if isinstance(test, dict) else ())
        if "name" in settings  # those of gates; a developer's have none
    ]
    assert {
        "changed_provinces_within_noise",
        "noise_keys_are_spread",
        "changed_places_within_factors",
    } <= set(found)
    return found


@pytest.mark.parametrize("test", protection_tests())
def test_no_waiver_and_no_threshold_lets_an_unprotected_release_out(tmp_path: Path, test: str) -> None:
    path = tmp_path / "labourdb.toml"
    path.write_text(f'[[waivers]]\ncheck = "{test}"\nreason = "r"\nperson = "p"\nexpires = 2999-12-31\n')
    with pytest.raises(UsageError, match=f"'{test}' cannot be waived: .* disclosure control among it"):
        load_settings(path)
    path.write_text(f"[thresholds]\n{test} = 1\n")
    with pytest.raises(
        UsageError, match=f"No check is called {test}.*disclosure control among it, has no threshold"
    ):
        load_settings(path)


def test_what_proves_the_protection_has_no_waiver_and_no_threshold() -> None:
    rules = load_rules()
    unwaivable = {name for name, rule in rules.items() if rule.waivable is False}
    assert unwaivable == {"published_from_counts"}
    for name in unwaivable:
        with pytest.raises(LabourdbError, match="cannot be waived"):
            refuse_unusable([Waiver(name, "why", "who", date(2099, 1, 1))], rules, date(2026, 1, 1))
        with pytest.raises(LabourdbError, match="has no threshold"):
            load_rules({name: 0.5})
