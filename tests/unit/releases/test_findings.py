"""Sentences of the site: each rule with figures on both sides of what it decides."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.site_figures import figure, target

from releases.site import findings
from releases.site.chance import differs, quantile, wilson
from releases.site.figures import Figure
from releases.site.targets import by_verdict


def test_targets_met_counts_all_some_and_none() -> None:
    met, missed = target("met"), target("not_met")
    assert findings.targets_met("X", []) is None
    assert findings.targets_met("X", [met, missed]) == ("X đạt 1 trên 2 chỉ tiêu", "X meets 1 of 2 targets")
    assert findings.targets_met("X", [met, met]) == ("X đạt cả 2 chỉ tiêu", "X meets all 2 targets")
    assert findings.targets_met("X", [missed]) == (
        "X chưa đạt chỉ tiêu nào trong 1",
        "X meets none of 1 targets",
    )


def test_the_largest_gap_is_of_missed_targets_in_percent_alone() -> None:
    near, far = target(value=24.0), target(value=20.06, indicator="retrained_share")
    money = target(value=1.0, unit="VND")
    said = findings.largest_gap("X", [near, far, money, target("met", value=1.0)])
    assert (
        said is not None
        and "4,9 điểm phần trăm" in said[0]
        and "được đào tạo lại" in said[0]
        and "4.9 percentage" in said[1]
    )
    assert findings.largest_gap("X", [target("met"), target("indeterminate")]) is None


@pytest.mark.parametrize(
    ("comparator", "value", "gap"),
    [(">=", 20.0, -5.0), (">", 26.04, 1.0), ("<", 20.0, 5.0), ("<=", 26.0, -1.0), ("<", 25.04, 0.0)],
)
def test_the_gap_is_what_a_reader_subtracts(comparator: str, value: float, gap: float) -> None:
    assert target(value=value, comparator=comparator).gap == gap
    assert target(value=None).gap is None


def test_a_verdict_is_contradicted_only_by_a_figure_on_the_other_side() -> None:
    assert target("not_met", other=25.0).is_contradicted and not target("not_met", other=24.9).is_contradicted
    assert (
        target("met", value=26.0, other=24.0).is_contradicted
        and not target("met", value=26.0, other=25.0).is_contradicted
    )
    assert (
        not target("indeterminate", other=30.0).is_contradicted
        and not target("not_met", other=None).is_contradicted
    )
    assert (
        findings.contradicted([target("met")]) is None
        and findings.contradicted([target("not_met", other=25.0)]) is not None
    )


def test_english_tells_one_from_many() -> None:
    one, two = target("not_met", other=25.0), target("not_met", other=26.0)
    assert findings.contradicted([one]) == (
        "1 kết luận chưa vững: nguồn đối chiếu cho kết luận ngược lại.",
        "1 verdict is not firm: the other source says the opposite.",
    )
    several = findings.contradicted([one, two])
    assert several is not None and several[1].startswith("2 verdicts are")


def test_undecided_and_provisional_verdicts_are_said_where_there_are_any() -> None:
    assert findings.undecided([target("met")]) is None
    said = findings.undecided([target("indeterminate"), target("met")])
    assert said is not None and said[0].startswith("1 ")
    provisional = target("met", figure=figure(20.0, status="provisional"))
    assert findings.only_provisional([provisional]) is not None
    assert findings.only_provisional([provisional, target("met", figure=figure(20.0))]) is None
    assert findings.only_provisional([]) is None
    assert findings.only_provisional([replace(provisional, basis="official")]) is None


def years(*values: float | None, half: float | None = None) -> list[Figure]:
    return [
        figure(v, str(2020 + i), low=None if half is None or v is None else v - half, high=None if half is None or v is None else v + half)
        for i, v in enumerate(values)
    ]  # fmt: skip


def test_a_direction_is_said_only_where_intervals_do_not_overlap() -> None:
    assert findings.direction(years(20.0, 21.0, 22.0, half=0.4)) == (
        "tăng 2 năm liền, +2,0",
        "up 2 years in a row, +2.0",
    )
    assert findings.direction(years(22.0, 21.0, 20.0, half=0.4)) == (
        "giảm 2 năm liền, −2,0",
        "down 2 years in a row, −2.0",
    )
    assert findings.direction(years(20.0, 21.0, 22.0, half=1.0)) == (
        "không đổi rõ rệt từ 2020",
        "no clear change since 2020",
    )
    assert findings.direction(years(20.0, 23.0, 22.0, half=0.4)) == (
        "+2,0 từ 2020, không đều",
        "+2.0 since 2020, not steadily",
    )
    assert findings.direction(years(20.0, 20.0, 20.01)) == (
        "không đổi rõ rệt từ 2020",
        "no clear change since 2020",
    )
    assert (
        findings.direction(years(20.0, 22.0)) is None and findings.direction(years(None, None, 20.0)) is None
    )


def part(name: str, count: int, of: int) -> findings.Part:
    return findings.Part(name, figure(100 * count / of, count=count, of=of), name)


def test_places_differ_only_beyond_chance_for_as_many_comparisons() -> None:
    whole = figure(2.0, count=200, of=10_000)
    near, far = part("Gần", 25, 1_000), part("Xa", 60, 1_000)
    said = findings.parts_differ(("Thất nghiệp", "Unemployment"), [near, far], whole, 2)
    assert said == ("Thất nghiệp: Xa cao hơn mức chung.", "Unemployment: Xa above the whole.")
    none = findings.parts_differ(("Thất nghiệp", "Unemployment"), [near, part("Kia", 18, 1_000)], whole, 2)
    assert none is not None and "không nơi nào khác rõ rệt" in none[0]
    assert findings.parts_differ(("x", "x"), [far], whole, 2) is None
    # one comparison alone finds what a hundred do not allow to be said
    edge = part("Rìa", 31, 1_000)
    assert differs(31, 1_000, 2.0, 1) and not differs(31, 1_000, 2.0, 100)
    assert findings.different_parts([edge], whole, 1) and not findings.different_parts([edge], whole, 100)


def test_a_place_of_forty_people_is_not_said_to_differ() -> None:
    """Three of forty are 7.5 %, of which chance explains nearly anything."""
    assert not findings.different_parts([part("Nhỏ", 3, 40)], figure(2.0), 25)


def test_wilson_is_wilsons() -> None:
    low, high = wilson(10, 100)
    assert low == pytest.approx(5.5229, abs=1e-3) and high == pytest.approx(17.4368, abs=1e-3)
    assert wilson(0, 0) == (0.0, 100.0)
    assert wilson(0, 50)[0] == pytest.approx(0.0) and wilson(50, 50)[1] == pytest.approx(100.0)
    assert quantile() == pytest.approx(1.959964, abs=1e-5) and quantile(comparisons=10) == pytest.approx(
        2.807034, abs=1e-5
    )


def test_women_and_men_are_compared_as_shown() -> None:
    women, men = [figure(74.26, "2025Q4")], [figure(74.34, "2025Q4")]
    assert findings.women_and_men(women, men, "percent") == (
        "nữ và nam ngang nhau",
        "women and men are equal",
    )
    assert findings.women_and_men([figure(75.0, "2025Q4")], men, "percent") == (
        "nữ cao hơn nam 0,7 điểm phần trăm",
        "women above men by 0.7 percentage points",
    )
    assert findings.women_and_men([figure(6_900_000, "2025Q4")], [figure(7_330_000, "2025Q4")], "VND") == (
        "nữ thấp hơn nam 0,43 triệu đồng",
        "women below men by 0.43 million VND",
    )
    assert findings.women_and_men([figure(1.0, "2025Q3")], men, "percent") is None


def test_of_a_hundred_registered_unemployed() -> None:
    said = findings.out_of_a_hundred(35.6, "quarter")
    assert said is not None and said[0] == "Cứ 100 người thất nghiệp đăng ký, 36 người có việc sau một quý"
    assert findings.out_of_a_hundred(None, "quarter") is None


def test_verdicts_stand_in_the_order_readers_need_them() -> None:
    rows = [
        target("met"),
        target("not_met", value=24.0),
        target("not_met", value=20.0),
        target("no_data", value=None),
        target("indeterminate"),
    ]
    ordered = by_verdict(rows)
    assert [v for v, _ in ordered] == ["not_met", "indeterminate", "met", "no_data"]
    assert [t.value for t in ordered[0][1]] == [20.0, 24.0]


def test_every_rule_of_the_methods_page_is_a_function_here() -> None:
    assert all(callable(getattr(findings, name)) for name in findings.RULES)
    assert {of for _, of in findings.RULES.values()} == set(findings.GROUPS_OF_RULES)
