"""One month of the labour market: jobs left and found, benefits, businesses, rates kept on their paths."""

from __future__ import annotations

import numpy as np

from sources.simulator.demography import close_businesses_of, close_search, day_in
from sources.simulator.employers import HEAVY
from sources.simulator.jobs import JobMarket, leave_employer, start_jobs
from sources.simulator.months import Array, first_day, is_tet, last_day, parse_month
from sources.simulator.start import give_owners, hiring_weight
from sources.simulator.successions import carry_on
from sources.simulator.world import (
    ABROAD,
    ACTIVE,
    BENEFIT,
    DISSOLVED,
    FARM,
    FUTURE,
    GONE,
    HOME,
    IN_FORCE,
    INFORMAL,
    INSURED,
    JOBLESS,
    NONE,
    OWNER,
    SEEKER,
    STUDENT,
    SUSPENDED,
    UNBORN,
    UNEMPLOYED,
    World,
    chosen,
    pick,
)

_LAYOFFS = (parse_month("2022-10"), parse_month("2023-01"))
_LAYOFF_DIVISIONS = (14, 15, 26, 31, 16)
_PUBLIC = (84, 85, 86, 88)


def labour_month(world: World, month: int, ym: int) -> None:
    """Let a month pass on the labour market."""
    age = world.ages(ym)
    _leave_school(world, age)
    _retire(world, age, ym)
    _employers_change(world, month)
    carry_on(world, month, ym)
    market = JobMarket(world)
    _leave_jobs(world, market, month, ym, age)
    _benefits_end(world, ym)
    _businesses(world, age, ym)
    _abroad(world, age, ym)
    for home in range(len(world.provinces)):
        _hire(world, market, home, month, ym, age)
        _keep_on_path(world, home, ym, age)
    _second_jobs(world, market)
    _leaves(world, month, age)
    _absent_at_tet(world, ym)


def _leave_school(world: World, age: Array) -> None:
    people, rng = world.people, world.rng
    students = np.flatnonzero((people.state == STUDENT) & (people.course == NONE))
    chance = np.interp(age[students] / 12, [15, 17.9, 18, 19, 22, 25], [0.002, 0.004, 0.02, 0.03, 0.06, 0.2])
    leaving = students[rng.random(len(students)) < chance]
    luck = rng.random(len(leaving))
    people.state[leaving] = np.where(luck < 0.62, INFORMAL, np.where(luck < 0.75, JOBLESS, HOME))


def _retire(world: World, age: Array, ym: int) -> None:
    people, rng = world.people, world.rng
    over = np.flatnonzero((people.state == INSURED) & (age >= world.upper_ages(ym)))
    over = chosen(rng, over, 0.35)
    leave_employer(world, over)
    people.state[over] = np.where(rng.random(len(over)) < 0.65, HOME, FARM)
    old = np.flatnonzero(np.isin(people.state, (FARM, INFORMAL, OWNER)) & (age > 66 * 12))
    old = chosen(rng, old, 0.012)
    close_businesses_of(world, old[people.state[old] == OWNER])
    people.state[old] = HOME


def _employers_change(world: World, month: int) -> None:
    employers, rng = world.employers, world.rng
    some = np.arange(employers.workforce)
    employers.weight[some] *= np.exp(rng.normal(0.0, 0.02, len(some)))
    private = some[(employers.ownership[some] != 0) & (employers.status[some] == ACTIVE)]
    small = private[employers.weight[private] < 0.002]
    ended = chosen(rng, small, 0.0015)
    employers.status[ended] = np.where(rng.random(len(ended)) < 0.5, DISSOLVED, SUSPENDED)
    world.events.add("business_changed", ended)
    owners = employers.owner[ended]
    owners = owners[owners != NONE]
    world.people.state[owners[world.people.state[owners] == OWNER]] = INFORMAL
    resumed = chosen(rng, np.flatnonzero(employers.status == SUSPENDED), 0.01)
    employers.status[resumed] = ACTIVE
    world.events.add("business_changed", resumed)
    world.events.add("business_changed", chosen(rng, some[employers.status[some] == ACTIVE], 0.006))
    owing = chosen(rng, private[employers.weight[private] > 0], 0.003)
    employers.owing_until[owing] = month + rng.integers(1, 8, len(owing))


def _leave_jobs(world: World, market: JobMarket, month: int, ym: int, age: Array) -> None:
    people, employers, rng = world.people, world.employers, world.rng
    insured = np.flatnonzero(people.state == INSURED)
    where = people.employer[insured]
    division = employers.division[where]
    tenure = month - people.since[insured]
    hazard = np.where(tenure < 6, 0.064, np.where(tenure < 24, 0.036, 0.019))
    hazard *= np.where(np.isin(division, _PUBLIC), 0.2, 1.0)
    if is_tet(ym):
        hazard = hazard * 1.5
    laying_off = _LAYOFFS[0] <= ym <= _LAYOFFS[1]
    if laying_off:
        hazard = np.where(np.isin(division, _LAYOFF_DIVISIONS), hazard * 2.0, hazard)
    hazard = np.where(employers.status[where] != ACTIVE, 1.0, hazard)
    hazard[np.isin(insured, world.events.of("carried_over"))] = 0.0
    gone = rng.random(len(insured)) < hazard
    leavers, left, tenure = insured[gone], where[gone], tenure[gone]
    forced = (employers.status[left] != ACTIVE) | (rng.random(len(leavers)) < (0.45 if laying_off else 0.10))
    world.events.add("laid_off_from", left[forced])
    world.events.add("quit_from", left[~forced])
    leave_employer(world, leavers)
    luck = rng.random(len(leavers))
    at_once = luck < (0.36 if is_tet(ym) else 0.53)
    at_once &= age[leavers] < world.upper_ages(ym)[leavers] - 12
    entitled = ~at_once & (tenure >= 12) & (age[leavers] < 57 * 12) & (rng.random(len(leavers)) < 0.55)
    people.state[leavers] = np.where(luck < 0.93, INFORMAL, HOME)
    _change_employer(world, market, leavers[at_once], month)
    benefit = leavers[entitled]
    people.state[benefit] = BENEFIT
    people.since_day[benefit] = day_in(world, ym, len(benefit))
    people.until[benefit] = people.since_day[benefit] + 30 * rng.integers(3, 9, len(benefit))
    people.case[benefit] = world.number("unemployment_benefits", len(benefit))
    world.events.add("benefit", benefit)


def _change_employer(world: World, market: JobMarket, persons: Array, month: int) -> None:
    new = market.employers_for(persons)
    again = new == world.people.last_employer[persons]
    new[again] = market.employers_for(persons[again])
    world.events.add("hired_by", new)
    start_jobs(world, persons, new, month)


def _benefits_end(world: World, ym: int) -> None:
    people, rng = world.people, world.rng
    ended = np.flatnonzero((people.state == BENEFIT) & (people.until < first_day(ym)))
    luck = rng.random(len(ended))
    people.state[ended] = np.where(luck < 0.65, INFORMAL, np.where(luck < 0.85, JOBLESS, FARM))
    given_up = chosen(rng, np.flatnonzero(people.state == SEEKER), 0.12)
    close_search(world, given_up)
    people.state[given_up] = INFORMAL


def _businesses(world: World, age: Array, ym: int) -> None:
    people, employers, rng = world.people, world.employers, world.rng
    owners = np.flatnonzero(people.state == OWNER)
    ending = chosen(rng, owners, 0.004)
    close_businesses_of(world, ending)
    people.state[ending] = INFORMAL
    employed = np.flatnonzero((employers.form == 6) & (employers.status == ACTIVE))
    world.events.add("business_changed", chosen(rng, employed, 0.002))
    has_owned = np.zeros(len(people) + 1, dtype=bool)
    has_owned[employers.owner] = True
    for home in range(len(world.provinces)):
        future = (employers.home == home) & (employers.status == FUTURE)
        waiting = employers.workforce + np.flatnonzero(future[employers.workforce :])
        active = int(((employers.home == home) & (employers.form == 6) & (employers.status == ACTIVE)).sum())
        opening = waiting[: rng.poisson(0.0045 * active)]
        able = np.flatnonzero((people.home == home) & (people.state == INFORMAL) & (age > 240) & (age < 660))
        new = rng.permutation(pick(rng, able[~has_owned[able]], len(opening)))
        opening = opening[: len(new)]
        give_owners(world, opening, new)
        employers.status[opening] = ACTIVE
        employers.registered[opening] = day_in(world, ym, len(opening))
        people.state[new] = OWNER
        people.voluntary[new] = False
        world.events.add("business_changed", opening)


def _abroad(world: World, age: Array, ym: int) -> None:
    people, rng = world.people, world.rng
    back = np.flatnonzero((people.state == ABROAD) & (people.until <= last_day(ym)))
    people.state[back] = INFORMAL
    world.events.add("returned", back)
    world.events.add("returned_case", people.case[back])
    world.events.add("returned_since", people.since_day[back])
    world.events.add("returned_on", people.until[back])
    for home, profile in enumerate(world.profiles):
        mine = people.home == home
        alive = int((mine & (people.state != UNBORN) & (people.state != GONE)).sum())
        missing = round(profile.abroad * alive) - int((mine & (people.state == ABROAD)).sum())
        able = np.flatnonzero(
            mine & np.isin(people.state, (INFORMAL, JOBLESS, HOME)) & (age > 18 * 12) & (age < 38 * 12)
        )
        going = pick(rng, able, missing)
        people.state[going] = ABROAD
        people.voluntary[going] = False
        people.since_day[going] = day_in(world, ym, len(going))
        people.until[going] = people.since_day[going] + 365 * 2 + rng.integers(0, 720, len(going))
        people.case[going] = world.number("overseas_contracts", len(going))
        world.events.add("left_country", going)


def _force(world: World, home: int, ym: int, age: Array) -> tuple[Array, int]:
    """The labour force of a province, and how many of it are of working age."""
    people = world.people
    force = np.flatnonzero(IN_FORCE[people.state] & (people.home == home))
    return force, int((age[force] < world.upper_ages(ym)[force]).sum())


def _season(ym: int) -> float:
    factor = 0.985 if is_tet(ym) else 1.0
    if _LAYOFFS[0] <= ym <= _LAYOFFS[1] + 2:
        factor *= 0.97
    return factor


def _hire(world: World, market: JobMarket, home: int, month: int, ym: int, age: Array) -> None:
    people, rng, profile = world.people, world.rng, world.profiles[home]
    _, working_age = _force(world, home, ym, age)
    share = profile.insured.at(ym) - profile.voluntary.at(ym)
    insured = np.flatnonzero((people.state == INSURED) & (people.home == home))
    need = round(share * working_age * _season(ym)) - len(insured)
    if need < 0:
        insured = insured[~np.isin(insured, world.events.of("carried_over"))]
        dismissed = pick(rng, insured, -need, 1.0 / (3 + month - people.since[insured]))
        world.events.add("laid_off_from", people.employer[dismissed])
        leave_employer(world, dismissed)
        people.state[dismissed] = INFORMAL
        return
    pool = np.isin(people.state, (JOBLESS, SEEKER, BENEFIT, INFORMAL, FARM, STUDENT, HOME)) & (
        people.home == home
    )
    pool &= (age >= 192) & (age < world.upper_ages(ym) - 12) & (people.course == NONE) & ~people.voluntary
    candidates = np.flatnonzero(pool)
    weights = hiring_weight(age[candidates], people.state[candidates])
    women = people.sex[candidates] == 1
    count = round(need * market.women_share[home])
    hired = np.concatenate(
        [
            pick(rng, candidates[women], count, weights[women]),
            pick(rng, candidates[~women], need - count, weights[~women]),
        ]
    )
    close_search(world, hired[people.state[hired] == SEEKER])
    where = market.employers_for(hired)
    last = people.last_employer[hired]
    known = (last != NONE) & (rng.random(len(hired)) < 0.65)
    known &= (world.employers.status[last] == ACTIVE) & (world.employers.weight[last] > 0)
    where[known] = last[known]
    world.events.add("hired_by", where)
    start_jobs(world, hired, where, month)


def _keep_on_path(world: World, home: int, ym: int, age: Array) -> None:
    """Move a few people between activities so that the province's rates follow their trends."""
    people, rng, profile = world.people, world.rng, world.profiles[home]
    mine = (people.home == home) & (people.state != UNBORN) & (people.state != GONE)
    force, working_age = _force(world, home, ym, age)
    missing = round(profile.labour_force * int(mine.sum())) - len(force)
    if missing > 0:
        idle = np.flatnonzero(
            mine & np.isin(people.state, (HOME, STUDENT)) & (people.course == NONE) & (age > 216)
        )
        people.state[pick(rng, idle, missing, hiring_weight(age[idle], people.state[idle]) + 0.02)] = INFORMAL
    else:
        tired = force[np.isin(people.state[force], (FARM, INFORMAL))]
        stopping = pick(
            rng, tired, -missing, np.interp(age[tired] / 12, [18, 50, 62, 75], [0.4, 0.3, 3.0, 12.0])
        )
        people.state[stopping] = HOME
        people.voluntary[stopping] = False
    _keep_unemployment(world, home, ym, age, round(profile.unemployment * len(force)))
    employed = int((mine & (people.state >= INSURED) & (people.state <= INFORMAL)).sum())
    farmers = np.flatnonzero(mine & (people.state == FARM))
    wanted = round((profile.agriculture.at(ym) - 0.004) * employed)
    people.state[
        pick(rng, farmers, len(farmers) - wanted, np.interp(age[farmers] / 12, [18, 50, 60], [1, 0.6, 0.2]))
    ] = INFORMAL
    others = np.flatnonzero(mine & (people.state == INFORMAL))
    rural = np.where(world.reference.places.urban[people.place[others]], 0.2, 1.0)
    people.state[pick(rng, others, wanted - len(farmers), rural)] = FARM
    _keep_voluntary(world, home, ym, age, round(profile.voluntary.at(ym) * working_age))


def _keep_unemployment(world: World, home: int, ym: int, age: Array, wanted: int) -> None:
    people, rng = world.people, world.rng
    mine = people.home == home
    jobless = np.flatnonzero(mine & (people.state == JOBLESS))
    found = chosen(rng, jobless, 0.08)
    people.state[found] = INFORMAL
    missing = wanted - int((mine & UNEMPLOYED[people.state]).sum())
    if missing < 0:
        people.state[pick(rng, np.flatnonzero(mine & (people.state == JOBLESS)), -missing)] = INFORMAL
        return
    pool = np.flatnonzero(
        mine & (people.state == INFORMAL) & ~people.voluntary & (age < 58 * 12) & (age > 192)
    )
    new = pick(rng, pool, missing, np.interp(age[pool] / 12, [16, 24, 30, 58], [2.5, 2.5, 1.0, 0.4]))
    registered = rng.random(len(new)) < 0.35
    people.state[new] = np.where(registered, SEEKER, JOBLESS)
    people.since_day[new] = day_in(world, ym, len(new))
    people.case[new[registered]] = world.number("job_seekers", int(registered.sum()))
    world.events.add("seeker", new[registered])


def _keep_voluntary(world: World, home: int, ym: int, age: Array, wanted: int) -> None:
    people, rng = world.people, world.rng
    mine = people.home == home
    people.voluntary[mine & people.voluntary & ~np.isin(people.state, (FARM, INFORMAL))] = False
    paying = np.flatnonzero(mine & people.voluntary)
    people.voluntary[chosen(rng, paying, 0.015)] = False
    people.voluntary[mine & (age >= world.upper_ages(ym))] = False
    missing = wanted - int((mine & people.voluntary).sum())
    able = np.flatnonzero(
        mine
        & np.isin(people.state, (FARM, INFORMAL))
        & ~people.voluntary
        & (age > 216)
        & (age < world.upper_ages(ym) - 6)
    )
    people.voluntary[pick(rng, able, missing)] = True


def _second_jobs(world: World, market: JobMarket) -> None:
    people, rng = world.people, world.rng
    insured = people.state == INSURED
    people.second[~insured] = NONE
    have = np.flatnonzero(people.second != NONE)
    people.second[chosen(rng, have, 0.05)] = NONE
    closed = have[world.employers.status[people.second[have]] != ACTIVE]
    people.second[closed] = NONE
    missing = round(0.01 * int(insured.sum())) - int((people.second != NONE).sum())
    new = pick(rng, np.flatnonzero(insured & (people.second == NONE)), missing)
    people.second[new] = market.employers_for(new)
    same = people.second == people.employer
    people.second[same] = NONE


def _leaves(world: World, month: int, age: Array) -> None:
    people, rng = world.people, world.rng
    insured = np.flatnonzero((people.state == INSURED) & (people.leave_until < month))
    mothers = insured[(people.sex[insured] == 1) & (age[insured] > 252) & (age[insured] < 456)]
    mothers = chosen(rng, mothers, 0.0055)
    people.leave_until[mothers] = month + 5
    ill = chosen(rng, insured, 0.003)
    people.leave_until[ill] = np.maximum(people.leave_until[ill], month + rng.integers(0, 2, len(ill)))


def _absent_at_tet(world: World, ym: int) -> None:
    """Factory workers who stay at home around Tết and are not reported for the month, but come back."""
    if not is_tet(ym):
        return
    people = world.people
    workers = np.flatnonzero(people.state == INSURED)
    heavy = workers[np.isin(world.employers.division[people.employer[workers]], (*HEAVY, 41, 42, 43))]
    world.events.add("absent", chosen(world.rng, heavy, 0.02))
