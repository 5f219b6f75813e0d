"""Small counts in a breakdown: none is shown, and none is the rest of what is shown."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from releases.masking import hide_small, total


def hidden(counts: list[int], **more: Any) -> list[int | None]:
    return [r["n"] for r in hide_small([{"n": c} for c in counts], ("n",), **more)]


def test_nothing_small_is_hidden_from_nobody() -> None:
    assert hidden([5, 100, 0]) == [5, 100, 0]
    assert hidden([]) == []


def test_a_small_count_takes_the_smallest_other_one_with_it() -> None:
    assert hidden([100, 3, 20, 0]) == [100, None, None, 0]
    assert hidden([100, 3]) == [None, None]


def test_two_small_counts_that_give_each_other_away_take_a_third() -> None:
    """1 + 1 = 2 can be nothing else."""
    assert hidden([100, 1, 1, 20]) == [100, None, None, None]
    assert hidden([100, 3, 2, 20]) == [100, None, None, 20]


def test_a_group_has_its_own_total() -> None:
    rows = [{"g": g, "n": n} for g, n in [("a", 3), ("a", 50), ("b", 60), ("b", 70)]]
    assert [r["n"] for r in hide_small(rows, ("n",), group=lambda r: r["g"])] == [None, None, 60, 70]
    assert hidden([60, 70, 80], also=lambda r: r["n"] == 80) == [None, 70, None]


def test_a_difference_is_a_count_too() -> None:
    """Of ten persons eight are in the numerator: two are not."""
    rows = [{"p": 10, "n": 8}, {"p": 40, "n": 20}, {"p": 60, "n": 60}]
    assert [r["p"] for r in hide_small(rows, ("p", "n"))] == [None, None, 60]


def test_a_total_of_hidden_rows_is_none() -> None:
    assert total([{"n": 3}, {"n": 4}], "n") == 7
    assert total([{"n": 3}, {"n": None}], "n") is None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8))
def test_what_is_hidden_cannot_be_computed_from_what_is_shown(pairs: list[tuple[int, int]]) -> None:
    rows = [{"p": max(pair), "n": min(pair)} for pair in pairs]
    done = hide_small(rows, ("p", "n"))
    figures = [(r["p"], r["n"], r["p"] - r["n"]) for r in rows]
    out = [f for f, d in zip(figures, done, strict=True) if d["hidden"]]
    assert all((d["p"] is None) == (d["n"] is None) == d["hidden"] for d in done)
    for figure, row in zip(figures, done, strict=True):
        assert row["hidden"] or not any(f in range(1, 5) for f in figure)
    for column in range(3):
        there = [f[column] for f in figures if f[column]]
        gone = [f[column] for f in out if f[column]]
        assert not gone or gone == there or len(gone) == len(there) or (len(gone) > 1 and sum(gone) >= 5)
    assert len(out) != 1 or sum(any(f) for f in figures) == 1
