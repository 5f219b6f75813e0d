"""Pictures of the site: where marks stand, and that no axis makes much of little."""

from __future__ import annotations

import pytest
from support.site_figures import figure, target

from releases.site.drawing import Line, dots, gaps_of, lines, scale_of, spark, step_of
from releases.site.figures import Figure


def quarters(*values: float | None, status: str = "released") -> list[Figure]:
    return [Figure(f"{2024 + i // 4}Q{i % 4 + 1}", v, None, None, status) for i, v in enumerate(values)]


@pytest.mark.parametrize(
    ("span", "most", "step"), [(10, 5, 2.0), (3, 4, 1.0), (0.9, 4, 0.5), (700, 4, 200.0)]
)
def test_steps_are_one_two_or_five(span: float, most: int, step: float) -> None:
    assert step_of(span, most) == pytest.approx(step)


def test_small_changes_look_small() -> None:
    scale = scale_of([2.21, 2.23], 100, 0, "percent")
    assert scale.high - scale.low >= 3 and abs(scale.at(2.21) - scale.at(2.23)) < 1
    assert scale_of([0.1, 0.2], 100, 0, "percent").low == 0
    wages = scale_of([7_190_000, 7_200_000], 100, 0, "VND")
    assert wages.high - wages.low >= 300_000


def test_every_value_lies_within_its_axis() -> None:
    values = [3.0, 17.5, 99.2]
    scale = scale_of(values, 200, 10, "percent")
    assert all(10 <= scale.at(v) <= 200 for v in values) and scale.ticks[0] <= 3 and scale.ticks[-1] >= 99.2


def test_what_is_missing_leaves_a_gap() -> None:
    drawn = spark(quarters(1.0, 2.0, None, 3.0, 4.0), "percent")
    assert drawn is not None and len(drawn["paths"]) == 2  # type: ignore[arg-type]
    assert spark(quarters(1.0, None), "percent") is None
    last = spark(quarters(1.0, 2.0, status="provisional"), "percent")
    assert last is not None and last["hollow"]


def test_labels_of_lines_do_not_meet() -> None:
    drawn = lines(
        [Line(("a", "a"), "a", quarters(5.0, 5.0)), Line(("b", "b"), "b", quarters(5.0, 5.1))], "percent"
    )
    assert drawn is not None
    texts = sorted(line["text"] for line in drawn["lines"])  # type: ignore[attr-defined]
    assert texts[1] - texts[0] >= 17
    assert lines([Line(("a", "a"), "a", quarters(5.0))], "percent") is None


def test_right_of_the_line_is_better() -> None:
    ahead, behind = target(value=26.0), target(value=20.0)
    gaps = gaps_of([ahead, behind])
    zero = gaps.scale.at(0)
    assert gaps.row(ahead)["value"] > zero > gaps.row(behind)["value"]  # type: ignore[operator]
    low_is_good = target(value=1.0, goal=3.0, comparator="<", low=0.5, high=1.5)
    row = gaps_of([low_is_good]).row(low_is_good)
    assert row["low"] < row["value"] < row["high"]  # type: ignore[operator]
    assert set(gaps.row(target(unit="VND")).values()) == {None}


def test_dots_have_wilsons_interval_and_a_place_without_a_figure_has_none() -> None:
    drawn = dots(
        [("a", figure(2.0, count=20, of=1_000)), ("b", figure(3.0, count=3, of=100)), ("c", None)],
        figure(2.1),
    )
    assert drawn is not None
    scale, rows = drawn
    assert rows[1]["high"] - rows[1]["low"] > rows[0]["high"] - rows[0]["low"] and set(rows[2].values()) == {
        None
    }  # type: ignore[operator]
    assert scale.low <= 2.1 <= scale.high
    assert dots([("a", figure(2.0, count=2, of=100))], None) is None
