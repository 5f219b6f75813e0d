"""The page of expectations: every suite with what was found, counts only, nothing from elsewhere."""

from __future__ import annotations

import re
from typing import Any

import pytest
from worlds.handwritten_releases import CHECK

from expectations.catalogue import published_tables
from expectations.rules import load_rules, types_of_expectations
from expectations.suites import Expectation, load_suites
from releases.disclosure import PROTECTION
from releases.pages import words
from releases.quality.expectations import arguments, suites_facts
from releases.quality.page import expectations_page

TYPES = types_of_expectations(load_rules())


def checks() -> list[dict[str, Any]]:
    """Checks as the facts of a release have them: all passed, but for the sexes of transitions."""
    found: dict[str, dict[str, Any]] = {}
    for suite in list(load_suites().values())[: len(published_tables())]:
        for e in suite.expectations if suite.name != "checks" else ():
            check = TYPES[e.type]
            group = found.setdefault(
                check, {"check_id": check, "why": f"Why {check}.", "why_vi": "Vì.", "lines": []}
            )
            failed = e.object == "transitions: sex"
            line = CHECK | {
                "object": e.object,
                "outcome": "warns" if failed else "passed",
                "rows_checked": 12345,
            }
            group["lines"].append(line | ({"status": "failed", "rows_failed": 0} if failed else {}))
    return list(found.values())


@pytest.fixture(scope="module")
def page() -> str:
    facts = {
        "release": "2025Q4.1", "period": "2025Q4", "stopped": False, "published_at": "2026-01-05T00:00:00+00:00",
        "protected": True, "protection": PROTECTION, "synthetic": True, "suites": suites_facts(checks()),
    }  # fmt: skip
    return expectations_page(facts)


def test_every_expectation_has_what_was_found(page: str) -> None:
    told = suites_facts(checks())
    assert told is not None and [s["suite"] for s in told["suites"]] == list(published_tables())
    for suite in told["suites"]:
        stated = load_suites()[suite["suite"]].expectations
        assert [e["line"]["object"] if e["line"] else None for e in suite["expectations"]] == [
            None if suite["suite"] == "checks" else e.object for e in stated
        ]
    rows = sum(len(s["expectations"]) for s in told["suites"])
    assert page.count('<tr><th scope="row">') == rows + len(told["checks"])
    assert page.count("&lt; 5") + page.count("< 5") == 1 and "Failed, warning" in page


def test_the_page_asks_for_nothing_and_holds_both_languages(page: str) -> None:
    assert not re.search(r"https?://|<script|<link|<img|url\(|@import", page)
    assert set(re.findall(r'href="([^"]+)"', page)) == {"#content", "../site/index.html", "report.html"}
    assert "SYNTHETIC DATA" in page and PROTECTION in page
    for table in published_tables().values():
        assert table.title[0] in page
    assert len(page) < 150_000


def test_every_type_and_note_is_in_both_languages() -> None:
    assert words.EXPECTATIONS.keys() == TYPES.keys()
    for e in (e for s in load_suites().values() for e in s.expectations):
        assert bool(e.notes) == bool(e.notes_vi) and (not e.notes or e.notes != e.notes_vi)


@pytest.mark.parametrize(
    ("type_", "kwargs", "said"),
    [
        ("expect_column_values_to_be_in_set", {"column": "a", "value_set": ["x", 1]}, "x, 1"),
        ("expect_column_values_to_be_between", {"column": "a", "min_value": 0, "max_value": 9}, "≥ 0 ≤ 9"),
        ("expect_column_values_to_be_between", {"column": "a", "min_value": 0, "strict_min": True}, "> 0"),
        ("expect_column_values_to_not_be_null", {"column": "a", "mostly": 0.95}, "(95.0%)"),
        ("expect_column_values_to_match_regex", {"column": "a", "regex": "^x$"}, "^x$"),
        ("expect_table_row_count_to_be_between", {"min_value": {"$PARAMETER": "files"}}, "≥ files"),
        ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "a", "column_B": "b"}, "a > b"),
        ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "a", "column_B": "b", "or_equal": True}, "a ≥ b"),
    ],
)  # fmt: skip
def test_arguments_are_told_as_any_reader_knows_them(type_: str, kwargs: dict[str, Any], said: str) -> None:
    assert arguments(Expectation("linkage", type_, kwargs, "block", "", "")) == said


def test_a_release_that_knew_no_suites_has_no_page() -> None:
    assert suites_facts([{"check_id": "cells_unique", "why": "", "why_vi": "", "lines": []}]) is None
