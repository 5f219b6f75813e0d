"""Courses and what they lead to: vocational and higher education, retraining, certificates."""

from __future__ import annotations

import numpy as np

from sources.simulator.demography import day_in
from sources.simulator.months import Array, first_day
from sources.simulator.start import certified_share
from sources.simulator.world import (
    ELEMENTARY,
    FARM,
    GONE,
    HOME,
    INFORMAL,
    INSURED,
    JOBLESS,
    NONE,
    OWNER,
    STUDENT,
    World,
    draw,
    pick,
)

#: Length in days of a course that leads to a level.
_LENGTH = np.array([0, 0, 60, 180, 600, 900, 1440, 1440])
RETRAINED_MONTHLY = 0.0215


def begin_courses(world: World, ym: int) -> None:
    """Those who are at college when the window opens; the youngest are still at school."""
    people, rng = world.people, world.rng
    age = world.ages(ym)
    students = np.flatnonzero((people.state == STUDENT) & (age >= 192))
    attending = students[rng.random(len(students)) < np.where(age[students] < 216, 0.10, 0.85)]
    _enrol(world, attending, age)
    length = _LENGTH[people.course_level[attending]]
    people.course_start[attending] = (
        first_day(ym) - (rng.random(len(attending)) * length).astype(np.int32) - 1
    )


def _enrol(world: World, persons: Array, age: Array) -> None:
    people, rng = world.people, world.rng
    grown = age[persons] >= 216
    level = np.where(grown, draw(rng, {4: 18, 5: 32, 6: 48, 3: 2}, len(persons)), 4)
    people.course[persons] = world.number("training", len(persons))
    people.course_level[persons] = level


def skill_month(world: World, month: int, ym: int) -> None:
    """A month of courses begun, finished and dropped; notes them as events."""
    people, rng = world.people, world.rng
    age = world.ages(ym)
    students = np.flatnonzero((people.state == STUDENT) & (people.course == NONE) & (age >= 192))
    season = 3.0 if ym % 12 in (8, 9) else 0.35
    chance = np.where(age[students] < 216, 0.004, 0.11) * season
    new = students[rng.random(len(students)) < chance]
    _enrol(world, new, age)
    people.course_start[new] = day_in(world, ym, len(new))
    world.events.add("course_begun", new)
    _finish_courses(world, ym)
    _adult_certificates(world, month, ym, age)
    _retraining(world, ym, age)


def _finish_courses(world: World, ym: int) -> None:
    people, rng = world.people, world.rng
    attending = np.flatnonzero((people.course != NONE) & (people.state != GONE))
    due = people.course_start[attending] + _LENGTH[people.course_level[attending]] < first_day(ym + 1)
    done = attending[due | (rng.random(len(attending)) < 0.004)]
    early = done[people.course_start[done] + _LENGTH[people.course_level[done]] >= first_day(ym + 1)]
    finished = done[~np.isin(done, early)]
    finished, failed = finished[rng.random(len(finished)) >= 0.06], finished[:0]
    people.level[finished] = np.maximum(people.level[finished], people.course_level[finished])
    world.events.add("course_completed", finished)
    world.events.add("course_dropped", np.concatenate([early, failed]))
    ended = np.concatenate([finished, early])
    luck = rng.random(len(ended))
    still = people.state[ended] == STUDENT
    people.state[ended[still]] = np.where(luck < 0.6, INFORMAL, np.where(luck < 0.8, JOBLESS, HOME))[still]


def _adult_certificates(world: World, month: int, ym: int, age: Array) -> None:
    """Working people who take an elementary course or a degree, as many as the trend asks for."""
    people, rng = world.people, world.rng
    for home, profile in enumerate(world.profiles):
        have, employed = certified_share(world, home)
        missing = round(profile.certified.at(ym) * employed) - have
        able = np.flatnonzero(
            (people.home == home)
            & np.isin(people.state, (INSURED, INFORMAL, OWNER, FARM))
            & (people.level < ELEMENTARY)
            & (age > 240)
            & (age < 660)
        )
        weight = np.where(people.state[able] == FARM, 0.3, 1.0) * np.interp(
            age[able] / 12, [20, 35, 55], [3.0, 1.0, 0.2]
        )
        new = pick(rng, able, missing, weight)
        people.level[new] = draw(rng, {3: 62, 4: 18, 5: 10, 6: 10}, len(new))
        world.events.add("certified", new)


def _retraining(world: World, ym: int, age: Array) -> None:
    """Short courses of people in work and out of it; a certificate of the shortest raises the untrained."""
    people, rng = world.people, world.rng
    members = np.flatnonzero(
        np.isin(people.state, (INSURED, INFORMAL, OWNER, FARM, JOBLESS))
        & (age < 62 * 12)
        & (people.home >= 0)
    )
    weight = np.array([0, 0, 1.6, 0.5, 0.6, 0.7, 0, 0, 0, 1.0, 0, 0, 0])[people.state[members]]
    weight *= np.where(people.level[members] == 0, 0.5, 1.0)
    season = 0.5 if ym % 12 in (0, 1) else 1.1
    trained = pick(rng, members, round(RETRAINED_MONTHLY * season * len(members)), weight)
    world.events.add("retrained", trained)
