"""Employers that carry on under another code: taken anew, that of an acquirer, or the owner's citizen ID."""

from __future__ import annotations

import numpy as np

from sources.simulator.business_files import code_texts
from sources.simulator.jobs import leave_employer
from sources.simulator.months import Array, first_day
from sources.simulator.settings import (
    CHANGES_EACH_MONTH_FROM,
    HOUSEHOLD_SUCCESSIONS,
    SUCCESSION_LARGEST,
    SUCCESSION_LEAVERS,
    SUCCESSION_MERGERS,
    SUCCESSION_SMALLEST,
    SUCCESSIONS_MONTHLY,
)
from sources.simulator.world import (
    ACTIVE,
    DISSOLVED,
    FUTURE,
    INFORMAL,
    INSURED,
    MERGER,
    NEW_CODE,
    NONE,
    OWNER,
    PERSONAL_CODE,
    Succession,
    World,
    pick,
)

_HOUSEHOLD = 6
#: What a new code has in common with the old one.
_KEPT = (
    "province", "place", "division", "vsic", "form", "ownership", "zone", "owner", "staff", "weight",
    "owing_until", "home",
)  # fmt: skip


def carry_on(world: World, month: int, ym: int) -> None:
    """A few employers carry on under another code from this month on, and their workers with them."""
    if not month:
        return
    old, new, kind = _pairs(world)
    if not len(old):
        return
    employers = world.employers
    _open(world, old[kind != MERGER], new[kind != MERGER], kind[kind != MERGER], ym)
    merged = kind == MERGER
    np.add.at(employers.weight, new[merged], employers.weight[old[merged]])
    employers.weight[old] = 0.0
    employers.owing_until[old] = NONE
    employers.status[old] = DISSOLVED
    world.events.add("business_changed", old)
    _move_workers(world, old, new)
    world.successions.append(Succession(old, new, np.full(len(old), month), kind))


def _pairs(world: World) -> tuple[Array, Array, Array]:
    """The employers that change their code this month, the one each carries on as, and how."""
    employers, people, rng = world.employers, world.people, world.rng
    some = employers.workforce
    insured = people.employer[people.state == INSURED]
    staff = np.bincount(insured, minlength=some)[:some]
    able = (staff >= SUCCESSION_SMALLEST) & (staff <= SUCCESSION_LARGEST * len(insured))
    able &= (
        (employers.status[:some] == ACTIVE) & (employers.home[:some] >= 0) & (employers.digits[:some] == 10)
    )
    candidates = np.flatnonzero(able)
    count = int(rng.poisson(SUCCESSIONS_MONTHLY * len(candidates)))
    if world.persons >= CHANGES_EACH_MONTH_FROM:
        count = max(1, count)
    household = employers.form[candidates] == _HOUSEHOLD
    old = pick(rng, candidates, count, np.where(household, HOUSEHOLD_SUCCESSIONS, 1.0))
    new, kind = np.full(len(old), NONE), np.full(len(old), NEW_CODE)
    free = {home: _free(world, home) for home in range(len(world.provinces))}
    for i, employer in enumerate(old):
        others = _acquirers(world, employer, old) if rng.random() < SUCCESSION_MERGERS else old[:0]
        home = int(employers.home[employer])
        if _may_use_personal_code(world, employer):
            kind[i] = PERSONAL_CODE
        elif len(others):
            new[i], kind[i] = rng.choice(others), MERGER
        if kind[i] != MERGER and free[home]:
            new[i] = free[home].pop(0)
    found = new != NONE
    return old[found], new[found], kind[found]


def _free(world: World, home: int) -> list[int]:
    employers = world.employers
    some = employers.workforce
    free = (employers.home[:some] == home) & (employers.status[:some] == FUTURE)
    return [int(which) for which in np.flatnonzero(free)]


def _acquirers(world: World, employer: int, changing: Array) -> Array:
    """Other employers with insured workers of the same division, province and kind of owner."""
    employers = world.employers
    some = np.arange(employers.workforce)
    alike = (employers.status[some] == ACTIVE) & (employers.weight[some] > 0)
    alike &= (employers.digits[some] == 10) & (employers.form[some] != _HOUSEHOLD)
    for values in (employers.division, employers.province):
        alike &= values[some] == values[employer]
    alike &= (employers.ownership[some] == 0) == (employers.ownership[employer] == 0)
    others: Array = some[alike & ~np.isin(some, changing)]
    return others


def _may_use_personal_code(world: World, employer: int) -> bool:
    """A household business may go by its owner's citizen ID, unless another one does."""
    employers, people = world.employers, world.people
    owner = employers.owner[employer]
    if employers.form[employer] != _HOUSEHOLD or owner == NONE or people.state[owner] != OWNER:
        return False
    taken = employers.code[employers.digits == 12]
    return people.citizen[owner] not in taken


def _open(world: World, old: Array, new: Array, kind: Array, ym: int) -> None:
    """Register the new codes: same place, trade and form, and half of them under the same name."""
    employers, rng = world.employers, world.rng
    for name in _KEPT:
        values = getattr(employers, name)
        values[new] = values[old]
    same_name = (rng.random(len(new)) < 0.5) | (kind == PERSONAL_CODE)
    employers.number[new] = np.where(same_name, employers.number[old], employers.number[new])
    employers.status[new] = ACTIVE
    employers.registered[new] = first_day(ym) + rng.integers(0, 5, len(new))
    personal = new[kind == PERSONAL_CODE]
    employers.digits[personal] = 12
    employers.code[personal] = world.people.citizen[employers.owner[personal]]
    if len(personal):
        some = employers.workforce
        world.employer_codes = code_texts(employers.code[:some], employers.digits[:some])
    world.events.add("business_changed", new)


def _move_workers(world: World, old: Array, new: Array) -> None:
    """The insured go along, but for a few; so do second jobs and the memory of the last employer."""
    people, rng = world.people, world.rng
    workers = np.flatnonzero((people.state == INSURED) & np.isin(people.employer, old))
    leavers = []
    for employer in old:
        theirs = workers[people.employer[workers] == employer]
        leavers.append(pick(rng, theirs, int(len(theirs) * SUCCESSION_LEAVERS * rng.random())))
    leaving = np.concatenate(leavers)
    world.events.add("quit_from", people.employer[leaving])
    leave_employer(world, leaving)
    people.state[leaving] = INFORMAL
    world.events.add("carried_over", np.setdiff1d(workers, leaving))
    becomes = np.arange(world.employers.workforce + 1)  # the last stands for nobody
    becomes[-1] = NONE
    becomes[old] = new
    for jobs in (people.employer, people.second, people.last_employer):
        jobs[:] = becomes[jobs]
    people.second[people.second == people.employer] = NONE
