"""Figures of measured worlds: series of them, exponents between two, ratios to the lower bound. Nothing is measured here.

A result is what ``measuring.measure`` gives of a world, as it stands in the JSON: ``persons``, ``months``, ``provinces``, ``date``,
``disk``, ``full``, ``nothing_new``, ``lower_bound``, ``increment``; of what failed or was left out there is ``failed`` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from math import log
from typing import Any

Result = Mapping[str, Any]
World = tuple[int, int, int]  # persons, months, provinces

ENOUGH = 2.0  # CPU seconds of a step, from which on how it grows is looked at
# what grows in a series, with the two others as most worlds have them: people × 12 months in 2 provinces
SERIES: Mapping[str, str] = {"sizes": "persons", "months": "months", "provinces": "provinces"}


def world_of(result: Result) -> World:
    """The world a result is of."""
    return result["persons"], result["months"], result["provinces"]


def found(results: Iterable[Result], world: World) -> Result | None:
    """The result of a world, if it was measured and did not fail."""
    return next((r for r in results if world_of(r) == world and "full" in r), None)


def series_of(results: Iterable[Result], series: str, each: int = 25_000) -> list[Result]:
    """The measured worlds of a series, the smallest first; where only the months or the provinces differ, of most people.

    ``sizes`` have 12 months and 2 provinces; ``provinces`` 12 months and ``each`` people a province.
    """
    whole = [r for r in results if "full" in r]
    if series == "sizes":
        chosen = [r for r in whole if r["months"] == 12 and r["provinces"] == 2]
    elif series == "provinces":
        chosen = [r for r in whole if r["months"] == 12 and r["persons"] == each * r["provinces"]]
    else:
        same = [r for r in whole if r["provinces"] == 2]
        several = {
            r["persons"] for r in same if len({o["months"] for o in same if o["persons"] == r["persons"]}) > 1
        }
        chosen = [r for r in same if several and r["persons"] == max(several)]
    chosen = sorted(chosen, key=lambda r: int(r[SERIES[series]]))
    return chosen if len(chosen) > 1 else []


def exponent(small: float, large: float, cost_small: float, cost_large: float) -> float | None:
    """The exponent by which a cost grows from one size to another: 1 is in proportion, 2 the square; null without a cost."""
    if small <= 0 or large <= small or cost_small <= 0 or cost_large <= 0:
        return None
    return log(cost_large / cost_small) / log(large / small)


def exponents(
    results: Sequence[Result], series: str, cost: Callable[[Result], float | None]
) -> list[tuple[int, int, float]]:
    """Between each two neighbours of a series: both sizes, and the exponent of a cost."""
    grows, told = SERIES[series], []
    for small, large in pairwise(series_of(results, series)):
        before, after = cost(small), cost(large)
        found = exponent(small[grows], large[grows], before or 0.0, after or 0.0)
        if found is not None:
            told.append((small[grows], large[grows], found))
    return told


def cpu(result: Result) -> float:
    """CPU seconds of the full run."""
    return float(result["full"]["cpu"])


def step_cpu(step: str) -> Callable[[Result], float | None]:
    """CPU seconds of a step of the full run."""
    return lambda result: result["full"]["steps"].get(step, {}).get("cpu")


def steep_steps(results: Sequence[Result], series: str) -> list[tuple[str, int, int, float]]:
    """Steps by how they grow between the two largest of a series, the steepest first: name, both sizes, exponent.

    Only those that cost enough in the larger for a tenth of a second to make no difference.
    """
    told = []
    last = series_of(results, series)[-2:]
    for step, cost in (last[-1]["full"]["steps"] if last else {}).items():
        if cost["cpu"] >= ENOUGH:
            told += [(step, *e) for e in exponents(last, series, step_cpu(step))[-1:]]
    return sorted(told, key=lambda e: -e[3])


def steep_models(results: Sequence[Result], series: str) -> list[tuple[str, int, int, float]]:
    """As ``steep_steps``, of models and tests."""
    grows, last = SERIES[series], series_of(results, series)[-2:]
    if not last:
        return []
    before, after = (r["full"]["nodes"] for r in last)
    told = []
    for name, seconds in after.items():
        steepness = exponent(last[0][grows], last[1][grows], before.get(name, 0.0), seconds)
        if seconds >= ENOUGH and steepness is not None:
            told.append((name, last[0][grows], last[1][grows], steepness))
    return sorted(told, key=lambda e: -e[3])


def ratio(result: Result) -> float | None:
    """CPU of the full run over that of the lower bound measured beside it; null where there is none."""
    bound = result.get("lower_bound")
    return cpu(result) / bound["cpu"] if bound else None


def month_share(result: Result) -> float | None:
    """CPU of the run with one month more over that of a full run; null where it was not measured."""
    more = result.get("increment")
    return more["month"]["cpu"] / cpu(result) if more else None


def extrapolated(results: Sequence[Result], persons: int, cost: Callable[[Result], float]) -> float | None:
    """What a cost would be at ``persons`` people, by the exponent between the two largest sizes; null without two."""
    last = series_of(results, "sizes")[-2:]
    if not last:
        return None
    small, large = last
    steepness = exponent(small["persons"], large["persons"], cost(small), cost(large))
    return None if steepness is None else cost(large) * (persons / large["persons"]) ** steepness
