"""Where marks stand in the pictures that are drawn when the site is made; the templates ``site/drawn.html`` draw them.

Scales are honest by rule: an axis spans at least ``LEAST_SPAN`` of its unit, so that small changes look small; what is not
known leaves a gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10
from typing import Any

from releases.pages.words import Pair
from releases.site.chance import wilson
from releases.site.figures import Figure, Series
from releases.site.targets import Target

LEAST_SPAN = {"percent": 3.0, "VND": 300_000.0}
LEAST_SHARE = 0.05  # of the largest figure, for counts


@dataclass(frozen=True)
class Scale:
    """A linear axis from ``low`` to ``high``, drawn from ``start`` to ``end``, with its ticks."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...] = ()

    def at(self, value: float) -> float:
        """Where a value stands; what lies beyond the axis stands at its end."""
        inside = min(max(value, self.low), self.high)
        return round(self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start), 1)


def step_of(span: float, most: int) -> float:
    """The smallest of 1, 2, 5 × 10^n that divides a span into at most so many steps."""
    raw = span / most
    power = 10 ** floor(log10(raw))
    return float(next(m * power for m in (1, 2, 5, 10) if m * power >= raw * (1 - 1e-9)))


def scale_of(values: Sequence[float], start: float, end: float, unit: str, most: int = 4) -> Scale:
    """The axis of some values: round ends around them, at least the least span of the unit."""
    low, high = min(values), max(values)
    least = LEAST_SPAN.get(unit.split("_")[0], max(abs(high), abs(low), 1.0) * LEAST_SHARE)
    if high - low < least:
        middle = (low + high) / 2
        low, high = middle - least / 2, middle + least / 2
        if min(values) >= 0 and low < 0:
            low, high = 0.0, least
    step = step_of(high - low, most)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    ticks = tuple(round(i * step, 10) for i in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], start, end, ticks)


@dataclass(frozen=True)
class Gaps:
    """The common axis of gaps to targets, in percentage points; right of 0 is better."""

    scale: Scale

    def row(self, target: Target) -> Mapping[str, float | None]:
        """Where a target's figure, interval and other source stand; None what is not known or is of another unit."""
        if not target.unit.startswith("percent"):
            return dict.fromkeys(("value", "low", "high", "other"))
        gap = target.gap_of
        ends = sorted(g for g in (gap(target.low), gap(target.high)) if g is not None)
        return {
            "value": self._at(gap(target.value)),
            "low": self._at(ends[0]) if len(ends) == 2 else None,
            "high": self._at(ends[1]) if len(ends) == 2 else None,
            "other": self._at(gap(target.other)),
        }

    def _at(self, gap: float | None) -> float | None:
        return None if gap is None else self.scale.at(gap)


def gaps_of(found: Sequence[Target], width: float = 190.0) -> Gaps:
    """The axis that holds every gap of the targets given, in steps of whole points."""
    known = [
        g for t in found if t.unit.startswith("percent")
        for g in map(t.gap_of, (t.value, t.other, t.low, t.high)) if g is not None
    ]  # fmt: skip
    low, high = min([*known, -2.0]), max([*known, 2.0])
    step = max(step_of(high - low, 6), 1.0)
    first, last = floor(low / step), ceil(high / step)
    ticks = tuple(i * step for i in range(first, last + 1))
    return Gaps(Scale(ticks[0], ticks[-1], 8.0, width - 8.0, ticks))


def spark(
    series: Series, unit: str, width: float = 150.0, height: float = 34.0
) -> Mapping[str, object] | None:
    """A small line: ``paths`` (a gap where a figure is missing), ``ends`` (first and last point) and whether the last is hollow."""
    there = [(i, f) for i, f in enumerate(series) if f.value is not None]
    if len(there) < 2:
        return None
    scale = scale_of([f.value or 0.0 for _, f in there], height - 5, 5, unit)
    steps = max(len(series) - 1, 1)
    points = {i: (round(5 + (width - 10) * i / steps, 1), scale.at(f.value or 0.0)) for i, f in there}
    return {
        "paths": _paths(points, len(series)),
        "first": points[there[0][0]],
        "last": points[there[-1][0]],
        "hollow": there[-1][1].is_provisional,
        "width": width,
        "height": height,
    }


def _paths(points: Mapping[int, tuple[float, float]], length: int) -> list[str]:
    """SVG paths through points at 0 … length − 1, broken where one is missing."""
    paths: list[str] = []
    now: list[str] = []
    for i in range(length + 1):
        if i in points:
            now.append(f"{'L' if now else 'M'}{points[i][0]} {points[i][1]}")
            continue
        if len(now) > 1:
            paths.append("".join(now))
        now = []
    return paths


@dataclass(frozen=True)
class Line:
    """One series of a chart of lines: its label and class, and the figures."""

    label: Pair
    look: str
    series: Series


def lines(
    drawn: Sequence[Line], unit: str, width: float = 480.0, height: float = 220.0, interval: bool = False
) -> Mapping[str, object] | None:
    """A chart of lines: scale, periods with their places, and of each line paths, points, intervals and where its label stands.

    None unless a line has two figures. Labels at the right end are kept apart.
    """
    periods = sorted({f.period for line in drawn for f in line.series})
    values = [v for line in drawn for f in line.series for v in (f.value, *((f.low, f.high) if interval else ())) if v is not None]  # fmt: skip
    if len(periods) < 2 or not any(sum(f.value is not None for f in line.series) > 1 for line in drawn):
        return None
    scale = scale_of(values, height - 28, 10, unit)
    left, right = 46.0, width - 110.0
    place = {p: round(left + (right - left) * i / (len(periods) - 1), 1) for i, p in enumerate(periods)}
    made: list[dict[str, Any]] = []
    for line in drawn:
        there = {f.period: f for f in line.series if f.value is not None}
        points = {i: (place[p], scale.at(there[p].value or 0.0)) for i, p in enumerate(periods) if p in there}
        if not points:
            continue
        last = there[max(there)]
        made.append({
            "label": line.label,
            "look": line.look,
            "paths": _paths(points, len(periods)),
            "points": [(*points[i], there[p].is_provisional) for i, p in enumerate(periods) if p in there],
            "bars": [
                (place[p], scale.at(f.low), scale.at(f.high)) for p, f in there.items()
                if interval and f.low is not None and f.high is not None
            ],
            "value": last.value,
            "end": points[max(points)],
            "text": points[max(points)][1],
        })  # fmt: skip
    _apart(made)
    every = max(1, ceil(len(periods) / 6))
    shown = [(p, x) for i, (p, x) in enumerate(place.items()) if (len(periods) - 1 - i) % every == 0]
    return {
        "lines": made, "scale": scale, "periods": shown, "left": left, "right": right, "width": width, "height": height,
        "is_broken": scale.low > 0,
    }  # fmt: skip


def _apart(made: list[dict[str, Any]], least: float = 17.0) -> None:
    """Move labels at the right end apart, in the order of their lines."""
    for before, after in pairwise(sorted(made, key=lambda m: float(m["text"]))):
        after["text"] = max(after["text"], before["text"] + least)


def dots(
    parts: Sequence[tuple[str, Figure | None]], parent: Figure | None, width: float = 150.0
) -> tuple[Scale, list[Mapping[str, float | None]]] | None:
    """Shares of places on one axis with Wilson's interval; a place without a figure has None at each place of its row."""
    limits = [
        wilson(f.count or 0.0, f.of) if f is not None and f.value is not None and f.of else None for _, f in parts
    ]  # fmt: skip
    values = [v for pair in limits if pair for v in pair] + (
        [parent.value] if parent and parent.value is not None else []
    )
    if len([pair for pair in limits if pair]) < 2:
        return None
    scale = scale_of(values, 6.0, width - 6.0, "percent", most=3)
    rows: list[Mapping[str, float | None]] = [
        {"value": scale.at(f.value), "low": scale.at(pair[0]), "high": scale.at(pair[1])}
        if f is not None and f.value is not None and pair
        else dict.fromkeys(("value", "low", "high"))
        for (_, f), pair in zip(parts, limits, strict=True)
    ]
    return scale, rows
