"""The labour market on the first day: who is insured, runs a business, farms, studies or is abroad."""

from __future__ import annotations

import numpy as np

from sources.simulator.jobs import JobMarket, start_jobs
from sources.simulator.months import Array, first_day
from sources.simulator.settings import INFORMAL
from sources.simulator.world import (
    ABROAD,
    ACTIVE,
    BENEFIT,
    CHILD,
    ELEMENTARY,
    FARM,
    GONE,
    HOME,
    INSURED,
    JOBLESS,
    NEVER,
    OWNER,
    SEEKER,
    STUDENT,
    UNBORN,
    World,
    draw,
    pick,
)
from sources.simulator.world import (
    INFORMAL as IN_INFORMAL,
)

#: Participation by age in years (upper bound exclusive), men and women, before it is scaled to the target.
_PARTICIPATION = (
    (16, 0.03, 0.03),
    (18, 0.12, 0.10),
    (20, 0.45, 0.42),
    (25, 0.78, 0.74),
    (55, 0.95, 0.91),
    (60, 0.80, 0.66),
    (65, 0.62, 0.48),
    (75, 0.33, 0.25),
    (200, 0.06, 0.04),
)
#: How many of the people of a state hold a certificate, relative to each other.
_CERTIFIED = {
    INSURED: 1.35,
    OWNER: 0.95,
    IN_INFORMAL: 0.85,
    FARM: 0.32,
    JOBLESS: 0.9,
    SEEKER: 1.2,
    BENEFIT: 1.2,
    ABROAD: 0.9,
    HOME: 0.55,
}
_LEARNED = (64, 84, 85, 86, 62, 71)


def hiring_weight(age: Array, state: Array) -> Array:
    """How likely people of an age (in months) and state are to be hired, relative to each other."""
    by_age = np.interp(
        age / 12, [16, 18, 20, 28, 36, 46, 55, 60, 61], [0.02, 0.7, 1.0, 1.0, 0.6, 0.2, 0.05, 0.01, 0]
    )
    by_state = np.ones(14)
    by_state[[JOBLESS, SEEKER, BENEFIT, STUDENT, HOME, FARM]] = (5.0, 6.0, 2.5, 0.8, 0.25, 0.5)
    return by_age * by_state[state] + 1e-9


def begin(world: World, ym: int) -> None:
    """Give everybody a state before the first month."""
    people, rng = world.people, world.rng
    age = world.ages(ym)
    people.division[:] = np.where(
        people.sex == 0, draw(rng, INFORMAL["male"], len(people)), draw(rng, INFORMAL["female"], len(people))
    )
    child = (people.state == HOME) & (age < 180)
    people.state[child] = CHILD
    market = JobMarket(world)
    for home in range(len(world.provinces)):
        _province(world, market, home, ym, age)
    _levels_at_start(world, age)
    outsiders = np.flatnonzero(people.appears == NEVER)
    for persons in (np.flatnonzero(people.state == INSURED), outsiders):
        start_jobs(world, persons, market.employers_for(persons), 0)
        people.since[persons] = -rng.integers(1, 60, len(persons))
    second = pick(rng, np.flatnonzero(people.state == INSURED), round(0.01 * (people.state == INSURED).sum()))
    people.second[second] = market.employers_for(second)
    _learned_people(world)
    _owners(world, age)


def _participates(world: World, members: Array, age: Array, target: float) -> Array:
    """Adults in the labour force; participation is scaled so that the share of all people is right."""
    years = age[members] // 12
    row = np.searchsorted([limit for limit, _, _ in _PARTICIPATION], years, side="right")
    table = np.array([[men, women] for _, men, women in _PARTICIPATION])
    chance = table[np.minimum(row, len(table) - 1), world.people.sex[members]]
    scale = 1.0
    for _ in range(12):
        reached = np.minimum(chance * scale, 0.985).sum()
        scale *= target / max(reached, 1.0)
    return world.rng.random(len(members)) < np.minimum(chance * scale, 0.985)


def _province(world: World, market: JobMarket, home: int, ym: int, age: Array) -> None:
    people, rng, profile = world.people, world.rng, world.profiles[home]
    here = np.flatnonzero((people.home == home) & (people.state != UNBORN) & (people.state != GONE))
    adults = here[age[here] >= 180]
    young = adults[(age[adults] >= 216) & (age[adults] < 480)]
    abroad = pick(rng, young, round(profile.abroad * len(here)))
    people.state[abroad] = ABROAD
    people.since_day[abroad] = first_day(ym) - rng.integers(1, 1000, len(abroad))
    people.until[abroad] = first_day(ym) + rng.integers(1, 1000, len(abroad))
    people.case[abroad] = world.number("overseas_contracts", len(abroad))
    adults = adults[people.state[adults] != ABROAD]
    target = profile.labour_force * len(here)
    active = _participates(world, adults, age, target)
    people.state[adults] = HOME
    idle = adults[~active]
    student_age = idle[age[idle] < 24 * 12]
    people.state[student_age[rng.random(len(student_age)) < np.where(age[student_age] < 216, 0.96, 0.8)]] = (
        STUDENT
    )
    force = adults[active]
    upper = world.upper_ages(ym)
    working_age = force[age[force] < upper[force]]
    compulsory = (profile.insured.at(ym) - profile.voluntary.at(ym)) * len(working_age)
    weight = np.interp(
        age[working_age] / 12, [15, 18, 21, 30, 40, 50, 58, 60], [0.02, 0.5, 1.0, 1.1, 0.8, 0.45, 0.15, 0.02]
    )
    people.state[force] = IN_INFORMAL
    for sex, share in enumerate((1 - market.women_share[home], market.women_share[home])):
        same = people.sex[working_age] == sex
        people.state[pick(rng, working_age[same], round(compulsory * share), weight[same] + 1e-9)] = INSURED
    _unemployed_at_start(world, force, age, profile.unemployment * len(force), ym)
    rest = force[people.state[force] == IN_INFORMAL]
    businesses = int(
        (
            (world.employers.home == home)
            & (world.employers.digits != 13)
            & (world.employers.form == 6)
            & (world.employers.status == ACTIVE)
        ).sum()
    )
    owners = pick(
        rng,
        rest,
        businesses,
        np.interp(age[rest] / 12, [18, 26, 40, 60, 75], [0.05, 0.7, 1.0, 0.6, 0.05]) + 1e-9,
    )
    people.state[owners] = OWNER
    rest = force[people.state[force] == IN_INFORMAL]
    employed = len(force) * (1 - profile.unemployment)
    rural = np.where(world.reference.places.urban[people.place[rest]], 0.25, 1.0)
    farmers = pick(
        rng,
        rest,
        round((profile.agriculture.at(ym) - 0.004) * employed),
        rural * np.interp(age[rest] / 12, [15, 30, 50, 65, 80], [0.3, 0.5, 1.0, 2.5, 4.0]),
    )
    people.state[farmers] = FARM
    able = force[
        (people.state[force] == FARM) | (people.state[force] == IN_INFORMAL) & (age[force] < upper[force])
    ]
    able = able[age[able] < upper[able]]
    people.voluntary[pick(rng, able, round(profile.voluntary.at(ym) * len(working_age)))] = True
    people.voluntary_base[:] = (people.taste * 4).astype(np.int8)


def _unemployed_at_start(world: World, force: Array, age: Array, target: float, ym: int) -> None:
    people, rng = world.people, world.rng
    pool = force[(people.state[force] == IN_INFORMAL) & (age[force] < 58 * 12)]
    weight = np.interp(age[pool] / 12, [15, 24, 30, 58], [2.5, 2.5, 1.0, 0.4])
    out = rng.permutation(pick(rng, pool, round(target), weight))
    many = len(out)
    benefits, seekers = out[: round(many * 0.33)], out[round(many * 0.33) : round(many * 0.48)]
    people.state[out] = JOBLESS
    people.state[benefits] = BENEFIT
    people.state[seekers] = SEEKER
    day = first_day(ym)
    people.since_day[benefits] = day - rng.integers(0, 90, len(benefits))
    people.until[benefits] = day + rng.integers(20, 150, len(benefits))
    people.since_day[seekers] = day - rng.integers(0, 90, len(seekers))
    people.case[benefits] = world.number("unemployment_benefits", len(benefits))
    people.case[seekers] = world.number("job_seekers", len(seekers))


def certified_share(world: World, home: int) -> tuple[int, int]:
    """Employed people of a province with a certificate, and all of them."""
    people = world.people
    employed = (people.home == home) & (people.state >= INSURED) & (people.state <= IN_INFORMAL)
    return int((employed & (people.level >= ELEMENTARY)).sum()), int(employed.sum())


def _levels_at_start(world: World, age: Array) -> None:
    people, rng = world.people, world.rng
    by_state = np.zeros(14)
    by_state[list(_CERTIFIED)] = list(_CERTIFIED.values())
    factor = by_state[people.state] * np.interp(
        age / 12, [17, 20, 27, 35, 45, 60, 75], [0.1, 0.7, 1.3, 1.2, 0.9, 0.6, 0.3]
    )
    luck = rng.random(len(people))
    certified = np.zeros(len(people), dtype=bool)
    for home, profile in enumerate(world.profiles):
        members = people.home == home
        employed = members & (people.state >= INSURED) & (people.state <= IN_INFORMAL)
        target, scale = profile.certified.at(world.months[0]), 0.3
        for _ in range(12):
            scale *= (
                target / max(1e-6, float(np.minimum(factor[employed] * scale, 0.95).mean()))
                if employed.any()
                else 1
            )
        certified |= members & (luck < np.minimum(factor * scale, 0.95))
    which = np.flatnonzero(certified)
    people.level[which] = draw(rng, {3: 24, 4: 23, 5: 19, 6: 31, 7: 3}, len(which))
    others = np.flatnonzero(~certified & (age >= 180) & (people.state != STUDENT))
    some = others[rng.random(len(others)) < 0.615]
    people.level[some] = 1 + (rng.random(len(some)) < 0.25)


def _learned_people(world: World) -> None:
    """Teachers, doctors and officials are those with degrees: exchange levels within a province."""
    people = world.people
    learned = np.isin(world.employers.division[people.employer], _LEARNED) & (people.state == INSURED)
    for home in range(len(world.provinces)):
        mine = people.home == home
        want = np.flatnonzero(mine & learned & (people.level < 5))
        have = np.flatnonzero(mine & ~learned & (people.state == INSURED) & (people.level >= 5))
        count = min(round(len(want) * 0.85), len(have))
        want = pick(world.rng, want, count)
        have = pick(world.rng, have, len(want))
        people.level[want], people.level[have] = people.level[have].copy(), people.level[want].copy()


def _owners(world: World, age: Array) -> None:
    """Household businesses get their owners, and most private enterprises too."""
    people, employers, rng = world.people, world.employers, world.rng
    for home in range(len(world.provinces)):
        household = np.flatnonzero(
            (employers.home == home) & (employers.form == 6) & (employers.status == ACTIVE)
        )
        owners = rng.permutation(np.flatnonzero((people.home == home) & (people.state == OWNER)))
        give_owners(world, household[: len(owners)], owners[: len(household)])
        private = np.flatnonzero(
            (employers.home == home)
            & (employers.ownership == 1)
            & (employers.form != 6)
            & (employers.status == ACTIVE)
        )
        private = private[rng.random(len(private)) < 0.7]
        older = np.flatnonzero(
            (people.home == home)
            & (age > 30 * 12)
            & (age < 60 * 12)
            & np.isin(people.state, (INSURED, IN_INFORMAL))
        )
        bosses = rng.permutation(pick(rng, older, len(private)))
        employers.owner[private[: len(bosses)]] = bosses
        free = bosses[people.state[bosses] == IN_INFORMAL]
        people.state[free] = OWNER
        people.voluntary[free] = False


def give_owners(world: World, businesses: Array, owners: Array) -> None:
    """The businesses belong to the persons; some bear the owner's citizen ID as their code."""
    employers = world.employers
    employers.owner[businesses] = owners
    employers.place[businesses] = world.people.place[owners]
    personal = employers.digits[businesses] == 12
    employers.code[businesses[personal]] = world.people.citizen[owners[personal]]
