"""Rules as stated, thresholds of the settings, and what Great Expectations makes of measures."""

from __future__ import annotations

import logging
import math

import pandas as pd
import pytest

from expectations.dbt_tests import dbt_test_checks
from expectations.judge import COLUMNS, blocking_failures, by_suite, judge, not_run, within
from expectations.measuring import NOT_INTENDED, NOT_RUN, Measure, complete, frame_of, intended_objects
from expectations.rules import HERE, load_rules, rules_of
from sources.cleaning.rows import identified_by_citizen
from sources.contract import all_sources, load_contract
from sources.errors import LabourdbError

RULES = load_rules()


def status_of(check_id: str, checked: int, failed: int | None, rules=RULES) -> tuple[str, str]:
    checks = judge(frame_of([Measure(check_id, "social_insurance/2025-01", checked, failed)]), rules)
    return checks.loc[0, "status"], checks.loc[0, "severity"]


def test_every_rule_is_whole() -> None:
    for rule in RULES.values():
        assert rule.why.endswith(".") and rule.why_vi.endswith(".") and rule.query, rule.id
        assert 0 <= rule.max_failed_share <= 1
        assert (rule.applies_to is not None) == (rule.gate == "delivery" and not rule.objects), rule.id
    rows = [r.rows.splitlines() for r in RULES.values() if r.rows]
    opening = {lines[1] if lines[0] == "select * from (" else lines[0] for lines in rows}
    assert opening == {p.read_text(encoding="utf-8").splitlines()[0] for p in (HERE / "sql").glob("*.sql")}


def test_thresholds_of_the_specification() -> None:
    shares = {
        r.id: (r.max_failed_share, r.min_rows_to_block)
        for r in RULES.values()
        if r.max_failed_share or r.gate == "delivery"
    }
    assert shares == {
        "delivery_readable": (0, None),
        "quarantined_share": (0.1, 50),
        "unknown_code_share": (0.05, 50),
        "unusable_id_share": (0.2, 50),
        "legacy_encoding": (0.1, 50),
        "future_months": (0, None),
        "volume_change": (0.5, None),
        "column_fill": (0.5, 50),
        "implausible_share": (0.05, 50),
        "all_delivery_checks_ran": (0, None),
        "linked_share_social_insurance": (0.05, None),
        "linked_share_training": (0.1, None),
        "linked_share_other": (0.1, None),
    }


def test_linked_sources_are_those_of_the_contracts() -> None:
    linked = {s for s in all_sources() if identified_by_citizen(load_contract(s))} - {"population"}
    named = {o for r in RULES.values() if r.id.startswith("linked_share") for o in r.objects}
    assert named == linked == set(RULES["linked_rows_complete"].objects)
    for source in linked:
        assert f"identity.linked_{source}\n" in RULES["linked_share_other"].rows + "\n"
        assert f"'{source}' as source\n" in RULES["row_accounting_closes"].rows
    for source in all_sources():
        assert f"staging.stg_{source}\n" in RULES["row_accounting_closes"].rows


def test_overrides() -> None:
    rules = load_rules({"quarantined_share": 0.3, "volume_change": 2})
    assert rules["quarantined_share"].max_failed_share == 0.3
    assert rules["volume_change"].max_failed_share == 2
    assert RULES["quarantined_share"].max_failed_share == 0.1
    assert status_of("quarantined_share", 100, 30, rules) == ("passed", "block")
    with pytest.raises(LabourdbError, match=r"no_such_check.*quarantined_share"):
        load_rules({"no_such_check": 0.5})
    for share in (-0.1, 1.1, math.nan, True, "0.1"):
        with pytest.raises(LabourdbError, match="quarantined_share"):
            load_rules({"quarantined_share": share})  # type: ignore[dict-item]


def test_bounds_are_inclusive_and_no_rows_are_never_a_pass() -> None:
    assert status_of("quarantined_share", 1000, 100) == ("passed", "block")
    assert status_of("quarantined_share", 1000, 101) == ("failed", "block")
    assert status_of("unusable_id_share", 50, 10) == ("passed", "block")
    assert status_of("unusable_id_share", 50, 11) == ("failed", "block")
    assert status_of("unusable_id_share", 49, 49) == ("failed", "warn")
    assert status_of("quarantined_share", 0, 0) == ("not_applicable", "warn")
    assert status_of("future_months", 0, 0) == ("not_applicable", "block")
    assert status_of("future_months", 3, 1) == ("failed", "block")
    assert status_of("volume_change", 10, 90) == ("failed", "block")


def test_a_measure_without_a_count_is_an_error_that_blocks_and_says_why() -> None:
    checks = judge(frame_of([Measure("quarantined_share", "training/2025-01", 0, None, "disk\nfull")]), RULES)
    assert checks.loc[0, ["status", "severity"]].tolist() == ["error", "block"]
    assert checks["query"][0].startswith("-- not measured: disk full\nselect")
    assert len(blocking_failures(checks)) == 1


def test_judged_as_plain_arithmetic_would() -> None:
    cases = [
        Measure(check, f"training/{n}-{f}", n, f)
        for check in ("quarantined_share", "unknown_code_share", "unusable_id_share", "delivery_readable")
        for n in (1, 7, 50, 60, 99, 1000)
        for f in range(0, n + 1, max(1, n // 20))
    ]
    checks = judge(frame_of(cases), RULES, by_suite("delivery")).set_index(["check_id", "object"])
    for m in cases:
        passed = within(m.rows_checked, m.rows_failed or 0, RULES[m.check_id].max_failed_share)
        assert checks.loc[(m.check_id, m.object), "status"] == ("passed" if passed else "failed")


def test_order_columns_and_quiet(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="great_expectations")
    measures = [
        Measure("cells_unique", "linkage", 5, 0),
        Measure("person_keys_unique", "identity.spine", 5, 1),
        Measure("cells_unique", "indicators", 5, 5),
        Measure("quarantined_share", "training/2025-01", 60, 0),
    ]
    checks = judge(frame_of(measures), RULES, by_suite("publication"))
    pd.testing.assert_frame_equal(checks, judge(frame_of(reversed(measures)), RULES, by_suite("publication")))
    pd.testing.assert_frame_equal(checks, judge(frame_of(measures), RULES))
    assert checks.columns.tolist() == COLUMNS
    assert checks["object"].tolist() == ["training/2025-01", "identity.spine", "indicators", "linkage"]
    assert blocking_failures(checks)["object"].tolist() == ["identity.spine", "indicators"]
    assert judge(frame_of([]), RULES).empty and judge(frame_of([]), RULES).columns.tolist() == COLUMNS
    assert capfd.readouterr() == ("", "") and not caplog.records


def test_queries_quote_what_they_are_given() -> None:
    query = RULES["future_months"].query_for("social_insurance/2025-03.r2")
    assert "restricted.landing.social_insurance" in query and "'social_insurance/2025-03.r2'" in query
    assert "'it''s'" in RULES["cells_unique"].query_for("it's")
    for rule in RULES.values():
        text = rule.query_for("social_insurance/2025-03")
        assert set(part.split("}")[0] for part in text.split("{")[1:]) <= {
            "previous",
            "explained",
            "remembered",
        }, rule.id


def test_unusable_measures_are_refused() -> None:
    with pytest.raises(LabourdbError, match="no check is called guesses"):
        judge(frame_of([Measure("guesses", "x", 1, 0)]), RULES)
    with pytest.raises(LabourdbError, match="measured twice for x"):
        judge(frame_of([Measure("cells_unique", "x", 1, 0)] * 2), RULES)


def test_a_check_that_did_not_run_is_noticed() -> None:
    intended = intended_objects(RULES, "publication")
    assert ("change_since_last_release", "indicators: province") in intended
    counted = [r for r in rules_of(RULES, "publication") if not r.expectations]
    assert len(intended) == sum(len(r.objects) for r in counted) - 1
    run = [Measure(check, name, 1, 0) for check, name in sorted(intended)]
    whole = judge(frame_of(complete(run, intended, RULES["all_checks_ran"])), RULES)
    assert set(whole["status"]) == {"passed"}
    parted = complete(
        [*run[1:], Measure("cells_unique", "new_table", 1, 0)], intended, RULES["all_checks_ran"]
    )
    checks = judge(frame_of(parted), RULES).set_index(["check_id", "object"])
    assert checks.loc[("all_checks_ran", "publication gate"), ["status", "rows_failed"]].tolist() == [
        "failed",
        2,
    ]
    assert checks.loc[(run[0].check_id, run[0].object), "status"] == "error"
    assert checks.loc[("cells_unique", "new_table"), "status"] == "error"
    assert {m.error for m in parted} == {None, NOT_RUN, NOT_INTENDED}
    # and told by name, behind the check that all have run
    behind = not_run(judge(frame_of(parted), RULES), "all_checks_ran", "publication gate")
    assert {(c["check_id"], c["object"], c["error"]) for c in behind} == {
        (run[0].check_id, run[0].object, NOT_RUN),
        ("cells_unique", "new_table", NOT_INTENDED),
    }
    assert not_run(whole, "all_checks_ran", "publication gate") == []


def test_dbt_outcomes() -> None:
    def outcome(
        status: str, failures: int | None, severity: str = "error", model: str = "spine"
    ) -> dict[str, object]:
        return {"name": f"t_{status}_{model}_{severity}", "model": model, "status": status, "failures": failures,
                "severity": severity, "gate": "publication" if model == "indicators" else "linkage"}  # fmt: skip

    checks = dbt_test_checks(
        [
            outcome("pass", 0),
            outcome("pass", 0, model="nobody"),
            outcome("pass", 0, model="uncounted"),
            outcome("fail", 3),
            outcome("warn", 2, "warn"),
            outcome("error", None),
            outcome("skipped", None, model="indicators"),
        ],
        {"spine": 10, "nobody": 0, "indicators": 9},
    )
    assert checks.columns.tolist() == COLUMNS
    found = {
        c: (g, s, v, n)
        for c, g, s, v, n in zip(
            *(checks[k] for k in ("check_id", "gate", "status", "severity", "rows_checked")), strict=True
        )
    }
    assert found == {
        "t_pass_spine_error": ("linkage", "passed", "block", 10),
        "t_pass_nobody_error": ("linkage", "not_applicable", "block", 0),
        "t_pass_uncounted_error": ("linkage", "error", "block", 0),
        "t_fail_spine_error": ("linkage", "failed", "block", 10),
        "t_warn_spine_warn": ("linkage", "failed", "warn", 10),
        "t_error_spine_error": ("linkage", "error", "block", 10),
        "t_skipped_indicators_error": ("publication", "error", "block", 9),
    }
    assert len(blocking_failures(checks)) == 4
    assert dbt_test_checks([], {}).columns.tolist() == COLUMNS
