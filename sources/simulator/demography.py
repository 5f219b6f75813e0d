"""Births, deaths (some registered late), moves within and between the provinces, emigration."""

from __future__ import annotations

import numpy as np

from sources.simulator.months import Array, first_day
from sources.simulator.world import (
    ABROAD,
    CHILD,
    DISSOLVED,
    GONE,
    NONE,
    OWNER,
    SEEKER,
    STUDENT,
    UNBORN,
    World,
    chosen,
)

_DEATHS = (
    (1, 0.008),
    (15, 0.0004),
    (35, 0.0009),
    (50, 0.0025),
    (60, 0.007),
    (70, 0.015),
    (80, 0.035),
    (200, 0.105),
)


def living(world: World) -> Array:
    """Everybody who lives in one of the provinces."""
    people = world.people
    return np.flatnonzero((people.state != UNBORN) & (people.state != GONE) & (people.home >= 0))


def population_changes(world: World, month: int, ym: int) -> None:
    """Let a month pass: notes births, deaths, emigrations, moves and renewed records as events."""
    people, rng = world.people, world.rng
    age = world.ages(ym)
    born = np.flatnonzero(people.appears == month)
    people.state[born] = CHILD
    world.events.add("born", born)
    here = living(world)
    years = age[here] // 12
    row = np.searchsorted([limit for limit, _ in _DEATHS], years, side="right")
    yearly = np.array([rate for _, rate in _DEATHS])[np.minimum(row, len(_DEATHS) - 1)]
    died = here[rng.random(len(here)) < yearly / 12]
    died = died[people.appears[died] != month]
    depart(world, died)
    world.events.add("died", died)
    here = living(world)
    adults = here[(age[here] >= 216) & (age[here] < 540) & (people.state[here] != ABROAD)]
    emigrants = chosen(rng, adults, 0.0006 / 12)
    depart(world, emigrants)
    world.events.add("emigrated", emigrants)
    _moves(world, age)
    here = living(world)
    world.events.add("renewed", chosen(rng, here[people.appears[here] != month], 0.0008))


def _moves(world: World, age: Array) -> None:
    people, rng = world.people, world.rng
    here = living(world)
    young = here[(age[here] >= 216) & (age[here] < 420)]
    single = chosen(rng, young, 0.006)
    households = np.unique(people.household[here])
    going = np.zeros(int(people.household.max()) + 2, dtype=bool)
    going[chosen(rng, households, 0.0008)] = True
    family = here[going[people.household[here]]]
    single = single[~going[people.household[single]]]
    if not len(single) and not len(family):
        return
    target = np.full(len(going), NONE)
    moved = np.unique(people.household[family])
    target[moved] = _destinations(world, people.home[family[_firsts(people.household[family])]])
    people.place[family] = target[people.household[family]]
    people.place[single] = _destinations(world, people.home[single])
    people.household[single] = people.household.max() + 1 + np.arange(len(single))
    movers = np.concatenate([single, family])
    people.home[movers] = _home_of(world)[world.reference.places.old_province[people.place[movers]]]
    world.events.add("moved", movers)


def _firsts(groups: Array) -> Array:
    return np.unique(groups, return_index=True)[1]


def _home_of(world: World) -> Array:
    homes = np.full(100, NONE, dtype=np.int8)
    homes[[int(code) for code in world.provinces]] = np.arange(len(world.provinces))
    return homes


def _destinations(world: World, homes: Array) -> Array:
    rng, places = world.rng, world.reference.places
    count = len(world.provinces)
    away = (rng.random(len(homes)) < 0.12) & (count > 1)
    to = np.where(away, (homes + rng.integers(1, max(2, count), len(homes))) % count, homes)
    result = np.zeros(len(homes), dtype=np.int64)
    for home, province in enumerate(world.provinces):
        mask = to == home
        there = places.of_province(province)
        weight = np.cumsum(np.where(places.urban[there], 3.0, 1.0))
        drawn = np.searchsorted(weight / weight[-1], rng.random(int(mask.sum())), side="right")
        result[mask] = there[np.minimum(drawn, len(there) - 1)]
    return result


def depart(world: World, persons: Array) -> None:
    """The persons are no longer there: jobs end, businesses close, open cases are closed."""
    people = world.people
    owners = persons[people.state[persons] == OWNER]
    close_businesses_of(world, owners)
    close_search(world, persons[people.state[persons] == SEEKER])
    world.events.add("course_dropped", persons[people.course[persons] != NONE])
    people.state[persons] = GONE
    people.employer[persons] = NONE
    people.second[persons] = NONE
    people.voluntary[persons] = False


def close_search(world: World, seekers: Array) -> None:
    """The persons no longer look for work with the agency: note the registration that is closed."""
    world.events.add("seeker_closed", seekers)
    world.events.add("seeker_closed_case", world.people.case[seekers])
    world.events.add("seeker_closed_since", world.people.since_day[seekers])


def close_businesses_of(world: World, owners: Array) -> None:
    """Household businesses end with their owner's activity."""
    if not len(owners):
        return
    employers = world.employers
    is_owner = np.zeros(len(world.people) + 1, dtype=bool)
    is_owner[owners] = True
    theirs = np.flatnonzero(is_owner[employers.owner] & (employers.form == 6) & (employers.status == 1))
    employers.status[theirs] = DISSOLVED
    world.events.add("business_changed", theirs)


def turn_fifteen(world: World, ym: int) -> None:
    """Children of 15 count as adults, and go on to school."""
    people = world.people
    age = world.ages(ym)
    fifteen = np.flatnonzero((people.state == CHILD) & (age >= 180))
    people.state[fifteen] = STUDENT
    world.events.add("turned_15", fifteen)


def day_in(world: World, ym: int, count: int) -> Array:
    """Random days of a month."""
    return first_day(ym) + world.rng.integers(0, 28, count)
