"""The table of noise: that it is what it is made by, and what SPEC §5 says of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from releases.disclosure import NOISE
from releases.disclosure.noise import CHANGES, COLUMNS, KEYS, LARGE, MOST, UNBOUNDED, VARIANCE, rows, write

EXACT = 1e-4  # shares are whole numbers of 65,536 keys


def distributions() -> Iterator[tuple[int, int, dict[int, float]]]:
    """Of each row of the seed: whole, count, and the share of keys of each change that has any."""
    for row in pd.read_csv(NOISE).to_dict("records"):
        up_to = [0, *(int(row[c]) for c in COLUMNS), KEYS]
        assert up_to == sorted(up_to)
        shares = np.diff(up_to) / KEYS
        yield int(row["whole"]), int(row["count"]), {c: s for c, s in zip(CHANGES, shares, strict=True) if s}


CASES = list(distributions())


def is_allowed(whole: int, value: int) -> bool:
    """Neither 1 nor 2, nor leaving 1 or 2 of the whole."""
    return value in (0, whole) or (value > 2 and (not whole or whole - value > 2))


def least_variance(whole: int, count: int) -> float:
    """The least that a count can vary by which may be neither 1 nor 2, nor leave 1 or 2 of its whole, and is right on average."""
    values = [v for v in range(whole + 1 if whole else count + 9) if is_allowed(whole, v)]
    below = count - max(v for v in values if v <= count)
    above = min(v for v in values if v >= count) - count
    return float(below * above)


def test_the_seed_is_what_the_method_makes(tmp_path: Path) -> None:
    """Made anew; the solver's last digits may move a threshold by one key."""
    write(tmp_path / "noise.csv")
    made, seed = pd.read_csv(tmp_path / "noise.csv"), pd.read_csv(NOISE)
    assert list(made.columns) == list(seed.columns) and (
        made[["whole", "count"]] == seed[["whole", "count"]]
    ).all(None)
    assert ((made - seed).abs() <= 1).all(None)
    assert len(list(rows())) == len(seed)


def test_every_count_there_can_be_has_its_row() -> None:
    assert {(w, c) for w, c, _ in CASES} == {
        *((0, count) for count in range(1, LARGE + 1)),
        *((whole, count) for whole in range(2, UNBOUNDED) for count in range(1, whole // 2 + 1)),
    }


@pytest.mark.parametrize(("whole", "count", "shares"), CASES)
def test_row(whole: int, count: int, shares: dict[int, float]) -> None:
    """Right on average, within 4 and its whole, never 1 or 2 nor leaving them, of variance 2 where that can be."""
    assert abs(sum(change * share for change, share in shares.items())) < EXACT
    assert max(abs(c) for c in shares) <= MOST
    for change in shares:
        assert count + change >= 0 and is_allowed(whole, count + change)
    variance = sum(change * change * share for change, share in shares.items())
    wanted = max(VARIANCE, least_variance(whole, count)) if len(shares) > 2 else least_variance(whole, count)
    assert variance == pytest.approx(wanted, abs=2e-3)
    assert len(shares) > 1, "a count that never changes is not protected"


def test_no_change_of_a_small_count_is_nearly_sure() -> None:
    """Whoever sees 0 or 3 cannot tell which count it was: every published figure comes of three counts at least."""
    plain = [(count, shares) for whole, count, shares in CASES if whole == 0]
    for published in (0, 3, 4, 5, 6):
        assert sum(published - count in shares for count, shares in plain) >= 3
