"""How deliveries fill their columns: the facts of the quality report, counted by hand, and what the page makes of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from worlds.handwritten_releases import published

from releases.quality.columns import column_fill
from releases.quality.facts import facts_of
from releases.quality.page import quality_page

HOSTILE = "<script>alert(1)</script>"
MANIFEST = {
    "filled_columns": {
        "training": {  # certificates go with the outcome, and are not compared
            "2025-10": {"accepted": 200, "filled": {"citizen_id": 195, "certificate_no": 120}},
            "2025-11": {"accepted": 40, "filled": {"citizen_id": 0, "certificate_no": 0}},  # too few to tell
            "2025-12": {"accepted": 200, "filled": {"citizen_id": 95, "certificate_no": 5}},
        },
        "vacancies": {"2025-12": {"accepted": 50, "filled": {"wage_from": 30, HOSTILE: 50}}},
        "social_insurance": {
            "2025-11": {"accepted": 100, "filled": {"occupation_group": 60}},
            "2025-12": {"accepted": 100, "filled": {"occupation_group": 30}},  # half of it is left
        },
    },
}


def test_columns_filled_are_told_by_month_and_what_was_lost_is_named() -> None:
    sources = {s["source"]: s for s in column_fill(MANIFEST, rounded=True)}
    assert list(sources) == ["social_insurance", "training", "vacancies"]  # as everywhere
    training = {c["column"]: c for c in sources["training"]["columns"]}
    assert sources["training"]["months"] == ["2025-10", "2025-11", "2025-12"]
    assert sources["training"]["accepted"] == [200, 40, 200]
    assert training["citizen_id"]["filled"] == [195, 0, 95]
    assert training["citizen_id"]["shares"] == [97.5, None, 47.5]
    assert training["citizen_id"]["lost"] == [{"month": "2025-12", "share": 47.5, "before": 97.5}]
    assert training["certificate_no"]["shares"] == [60, None, 2.5]
    assert (training["certificate_no"]["compared"], training["certificate_no"]["lost"]) == (False, [])
    (occupation,) = sources["social_insurance"]["columns"]
    assert (occupation["shares"], occupation["compared"], occupation["lost"]) == ([60, 30], True, [])
    (wage, hostile) = sources["vacancies"]["columns"]  # as in the contract, what it does not know last
    assert (wage["column"], wage["shares"], hostile["column"]) == ("wage_from", [60], HOSTILE)
    exact = {"training": {"2025-11": {"accepted": 3, "filled": {"citizen_id": 3}},
                          "2025-12": {"accepted": 3, "filled": {"citizen_id": 1}},
                          "2026-01": {"accepted": 0, "filled": {"citizen_id": 0}}}}  # fmt: skip
    ((told,),) = (s["columns"] for s in column_fill({"filled_columns": exact}, rounded=False))
    assert told["shares"] == [100, pytest.approx(100 / 3), None]
    assert [lost["month"] for lost in told["lost"]] == ["2025-12"]
    assert column_fill({}, rounded=True) == []  # a release of before this was kept


def test_the_page_shows_columns_filled_and_marks_those_lost(tmp_path: Path) -> None:
    facts = facts_of(published(tmp_path, "2025Q4.1", manifest=MANIFEST).path)
    assert facts["column_fill"] == column_fill(MANIFEST, rounded=True)
    page = quality_page(facts)
    (strip,) = re.findall(
        r'<details open><summary>[^\n]*</summary><div class="heat">.*?</details>', page, re.DOTALL
    )
    assert page.count('<div class="heat">') == 3  # of which the one that lost a column is at once in sight
    row = re.search(r"<tr><th scope=\"row\"><code>citizen_id</code></th>.*?</tr>", strip)
    assert row is not None and row[0].count("<td") == 3
    assert 'of-3">98&nbsp;%' in row[0] and '<td class="n">–</td>' in row[0] and 'of-1">48&nbsp;%' in row[0]
    assert row[0].count("mark bad") == 1 and row[0].index("mark bad") > row[0].index("of-1")
    text = re.sub(r"<[^>]+>", "", page).replace("&nbsp;", " ")
    assert "citizen_id, 2025-12: cột bị mấtcolumn lost 47,547.5 %, trước đóbefore it 97,597.5 %" in text
    assert "tùy cột khácdepends on another" in text and "không nêu tỷ lệ" in text
    assert "<script" not in page and "&lt;script&gt;" in page
    none = quality_page(facts | {"column_fill": [], "protected": False})
    assert "No column was lost." in none and "This release does not keep it." in none
    assert "không nêu tỷ lệ" not in none
