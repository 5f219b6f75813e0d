"""Who works where and for how much: employers by size, sex and distance, wages, occupations."""

from __future__ import annotations

import numpy as np

from sources.simulator.months import Array, parse_month
from sources.simulator.settings import MINIMUM_WAGES, WAGES, WOMEN
from sources.simulator.world import ACTIVE, FARM, INSURED, NONE, World

_DIVISIONS = 100


def _by_division(table: dict[int, float], otherwise: float) -> Array:
    values = np.full(_DIVISIONS, otherwise)
    values[list(table)] = list(table.values())
    return values


WOMEN_SHARE = _by_division(WOMEN, 0.43)
_MEDIAN = np.log(_by_division(WAGES, 6.6))


class JobMarket:
    """The chances of every employer to be the one that hires a man or a woman of each home province."""

    def __init__(self, world: World) -> None:
        employers = world.employers
        self._world = world
        ids = np.flatnonzero((employers.weight > 0) & (employers.status == ACTIVE))
        self.ids = ids
        weight, division, province = employers.weight[ids], employers.division[ids], employers.province[ids]
        women = WOMEN_SHARE[division]
        self.women_share: list[float] = []
        self._edges: list[tuple[Array, Array]] = []
        for home in range(len(world.provinces)):
            reach = self._reach(home, weight, province)
            self.women_share.append(float(reach @ women / reach.sum()) if reach.sum() else 0.5)
            edges = [np.cumsum(reach * share) for share in (1 - women, women)]
            self._edges.append((edges[0] / edges[0][-1], edges[1] / edges[1][-1]))

    def _reach(self, home: int, weight: Array, province: Array) -> Array:
        commuting = self._world.profiles[home].commuting
        own = int(self._world.provinces[home])
        shares = {own: 1 - sum(commuting.values()), **{int(code): share for code, share in commuting.items()}}
        reach = np.zeros(len(weight))
        for code, share in shares.items():
            there = province == code
            if there.any():
                reach[there] = weight[there] / weight[there].sum() * share
        return reach

    def employers_for(self, persons: Array) -> Array:
        """An employer for each person; those from elsewhere work in the first province."""
        people, rng = self._world.people, self._world.rng
        homes = np.maximum(people.home[persons], 0)
        result = np.full(len(persons), NONE, dtype=np.int32)
        luck = rng.random(len(persons))
        for home in range(len(self._edges)):
            for sex in (0, 1):
                mask = (homes == home) & (people.sex[persons] == sex)
                where = np.searchsorted(self._edges[home][sex], luck[mask], side="right")
                result[mask] = self.ids[np.minimum(where, len(self.ids) - 1)]
        return result


def start_jobs(world: World, persons: Array, employers: Array, month: int) -> None:
    """The persons begin to work for the employers, at a wage of their own."""
    people = world.people
    division = world.employers.division[employers]
    noise = world.rng.normal(0.0, 0.24, len(persons))
    skill = np.array([0, 0, 0.02, 0.05, 0.08, 0.14, 0.30, 0.45])[people.level[persons]]
    people.pay[persons] = _MEDIAN[division] - 0.08 + skill - 0.07 * people.sex[persons] + noise
    people.state[persons] = INSURED
    people.employer[persons] = employers
    people.since[persons] = month
    people.voluntary[persons] = False


def leave_employer(world: World, persons: Array) -> None:
    """The persons have no employer any more; what they do then is for the caller to say."""
    people = world.people
    people.last_employer[persons] = people.employer[persons]
    people.employer[persons] = NONE
    people.second[persons] = NONE
    people.leave_until[persons] = NONE


def minimum_wages(ym: int) -> tuple[int, int]:
    """Minimum wage in regions II (towns) and III in a month."""
    found = (3_320_000, 2_900_000)
    for since, second, third in MINIMUM_WAGES:
        if ym >= parse_month(since):
            found = (second, third)
    return found


def wages(world: World, persons: Array, employers: Array, ym: int, share: float = 1.0) -> Array:
    """Wage bases in a month: raised every January, never below the minimum, in whole thousands."""
    years = ym // 12 - 2024
    raised = world.people.pay[persons] + 0.055 * years + (0.02 if ym >= parse_month("2024-07") else 0.0)
    town, village = minimum_wages(ym)
    least = np.where(world.reference.places.urban[world.employers.place[employers]], town, village)
    ceiling = 46_800_000 if ym >= parse_month("2024-07") else 36_000_000
    amount = np.clip(np.exp(raised) * 1_000_000 * share, least, ceiling)
    return (np.rint(amount / 1000) * 1000).astype(np.int64)


_OCCUPATION = np.full(_DIVISIONS, 8, dtype=np.int8)
_OCCUPATION[[41, 42, 43, 16, 25, 31, 23, 45]] = 7
_OCCUPATION[[46, 47, 55, 56, 96, 79, 80]] = 5
_OCCUPATION[[1, 2, 3]] = 6
_OCCUPATION[[84, 52, 53, 82, 64]] = 4
_OCCUPATION[[81, 97]] = 9
_OCCUPATION[[85, 86, 88, 62, 71]] = 3


def occupations(world: World, persons: Array, division: Array) -> Array:
    """Occupation group (0 to 9) from division, level and a person's leaning."""
    people = world.people
    level, taste = people.level[persons], people.taste[persons]
    group = _OCCUPATION[division].copy()
    group[(level == 5) & (taste < 0.7)] = 3
    group[(level >= 6) & (taste < 0.85)] = 2
    group[(level >= 5) & (taste > 0.965)] = 1
    group[(level <= 1) & (taste > 0.80)] = 9
    group[people.state[persons] == FARM] = 6
    return group
