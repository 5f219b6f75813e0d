"""The goals, as data, and whether they are met."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.figures import Result, World, cpu, exponents, found, month_share, ratio, steep_steps
from orchestration.run.progress import STEPS

MIB = 1 << 20


def _step(name: str, what: str) -> Callable[[Result], float | None]:
    return lambda result: result["full"]["steps"].get(STEPS[name], {}).get(what)


# what is looked at in one world
FIGURES: Mapping[str, Callable[[Result], float | None]] = {
    "CPU s": cpu,
    "wall s": lambda r: r["full"]["wall"],
    "peak MiB": lambda r: r["full"]["peak_mib"],
    "× the lower bound's CPU": ratio,
    "wall s with nothing new": lambda r: r["nothing_new"]["wall"] if r.get("nothing_new") else None,
    "wall s to make the published tables": _step("make_published_tables", "wall"),
    "wall s to publish": _step("publish", "wall"),
    "CPU s to publish": _step("publish", "cpu"),
    "MiB of the site": lambda r: r["disk"]["site"] / MIB,
    "of the full run's CPU for one month more": month_share,
    "CPU s for one month more": lambda r: r["increment"]["month"]["cpu"] if r.get("increment") else None,
}
# what is looked at in a series: the steepest of all neighbours, or of all steps
GROWTH = ("exponent of CPU", "exponent of the steepest step")


@dataclass(frozen=True)
class Goal:
    """A figure of a world, or a growth along a series, and the most it may be."""

    where: World | str
    figure: str
    most: float


MAKE_RUN, TWO_PROVINCES, TEN_MILLION, ALL_PROVINCES = (
    (50_000, 24, 2),
    (2_000_000, 24, 2),
    (10_000_000, 12, 2),
    (63 * 25_000, 12, 63),
)
GOALS = (
    Goal(TWO_PROVINCES, "CPU s", 200),
    Goal(TWO_PROVINCES, "× the lower bound's CPU", 2.5),
    Goal(TWO_PROVINCES, "peak MiB", 2048),
    Goal(TWO_PROVINCES, "of the full run's CPU for one month more", 0.20),
    Goal(TWO_PROVINCES, "CPU s for one month more", 60),
    Goal(TEN_MILLION, "CPU s", 1000),
    Goal(TEN_MILLION, "peak MiB", 4096),
    Goal(MAKE_RUN, "wall s", 30),
    Goal(MAKE_RUN, "wall s to make the published tables", 3),
    Goal(MAKE_RUN, "wall s to publish", 8),
    Goal(MAKE_RUN, "wall s with nothing new", 2),
    Goal(ALL_PROVINCES, "MiB of the site", 150),
    Goal(ALL_PROVINCES, "CPU s to publish", 60),
    *(Goal(series, growth, 1.1) for series in ("sizes", "months", "provinces") for growth in GROWTH),
)


@dataclass(frozen=True)
class Judged:
    """A goal with what was measured; ``met`` is null where it was not."""

    goal: Goal
    value: float | None

    @property
    def met(self) -> bool | None:
        """Whether it is met."""
        return None if self.value is None else self.value <= self.goal.most


def value_of(goal: Goal, results: Sequence[Result]) -> float | None:
    """What was measured of a goal; null where it was not."""
    if isinstance(goal.where, str):
        if goal.figure == GROWTH[0]:
            return max((e for *_, e in exponents(results, goal.where, cpu)), default=None)
        return next((e for *_, e in steep_steps(results, goal.where)), None)
    result = found(results, goal.where)
    return FIGURES[goal.figure](result) if result is not None else None


def judged(results: Sequence[Result]) -> list[Judged]:
    """Every goal, in their order."""
    return [Judged(goal, value_of(goal, results)) for goal in GOALS]
