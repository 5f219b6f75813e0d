"""Small counts in a breakdown are hidden unless restricted figures were asked for (SPEC §5, disclosure control).

The rule: a row is hidden if one of its counts, or the difference of two of them, is 1 to 4. What is hidden must not
be the rest of a total that is told: within each group of rows with a known total the smallest other rows are hidden
as well, until no count and no difference hides in one row alone, and what hides together is 0 or at least 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from typing import Any

SMALL = range(1, 5)
LEAST = 5
Row = dict[str, Any]


def is_small(count: int | None) -> bool:
    """Whether a count tells of too few."""
    return count is not None and count in SMALL


def hide_small(
    rows: Sequence[Row],
    counts: Sequence[str],
    group: Callable[[Row], Any] = lambda row: None,
    also: Callable[[Row], bool] = lambda row: False,
) -> list[Row]:
    """The rows with ``hidden`` true or false; of the hidden ones every count is null.

    ``counts`` are the columns of counts (the same in each row; null counts are none), ``group`` says which rows
    have a known total, ``also`` which are to be hidden in any case.
    """
    members: dict[Any, list[int]] = {}
    for number, row in enumerate(rows):
        members.setdefault(group(row), []).append(number)
    hidden: set[int] = set()
    for numbers in members.values():
        figures = {n: _figures(rows[n], counts) for n in numbers}
        hidden |= _hidden(figures, {n for n in numbers if also(rows[n])})
    return [
        {**row, **({c: None for c in counts} if n in hidden else {}), "hidden": n in hidden}
        for n, row in enumerate(rows)
    ]


def _figures(row: Row, counts: Sequence[str]) -> list[int]:
    known = [int(row[c] or 0) for c in counts]
    return known + [abs(a - b) for a, b in combinations(known, 2)]


def _hidden(figures: dict[int, list[int]], chosen: set[int]) -> set[int]:
    """Rows to hide of one group, by number."""
    hidden = chosen | {n for n, known in figures.items() if any(f in SMALL for f in known)}
    while hidden:
        columns = list(zip(*(figures[n] for n in sorted(hidden)), strict=True))
        alone = [c for c, f in enumerate(columns) if any(f) and (sum(map(bool, f)) < 2 or sum(f) < LEAST)]
        shown = [n for n in figures.keys() - hidden if any(figures[n])]
        helping = [n for n in shown if any(figures[n][c] for c in alone)]
        if not helping and len(hidden) > 1:
            break
        if not shown:
            break
        hidden |= {min(helping or shown, key=lambda n: (figures[n], n))}
    return hidden


def total(rows: Iterable[Row], count: str) -> int | None:
    """Sum of a count over rows; null if one of them is hidden."""
    values = [row[count] for row in rows]
    return None if any(v is None for v in values) else sum(values)
