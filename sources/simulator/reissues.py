"""Citizen IDs issued anew: the register has them at once, the other agencies from the next month on."""

from __future__ import annotations

import numpy as np

from sources.simulator.demography import living
from sources.simulator.identifiers import citizen_ids_at, rank_within
from sources.simulator.months import Array
from sources.simulator.settings import CHANGES_EACH_MONTH_FROM, REISSUED_MONTHLY, REISSUED_NAMING_OLD
from sources.simulator.world import Reissue, World, pick

_ADULT = 18 * 12


def reissue_ids(world: World, month: int, ym: int) -> None:
    """Let agencies learn last month's new IDs, and give a few adults another one."""
    people, rng = world.people, world.rng
    last = world.reissues[-1] if world.reissues else None
    if last is not None:
        people.citizen[last.person] = last.new
        world.events.add("reissued_before", last.person)
        world.events.add("reissued_before_old", last.old)
    persons = _chosen(world, month, ym) if month else np.empty(0, dtype=np.int64)
    old = people.registered[persons]
    new = _next_ids(world, old // 1_000_000)
    people.registered[persons] = new
    people.former[persons] = np.where(rng.random(len(persons)) < REISSUED_NAMING_OLD, old, 0)
    world.events.add("reissued", persons)
    world.reissues.append(Reissue(persons, old, new, np.full(len(persons), month)))


def _chosen(world: World, month: int, ym: int) -> Array:
    """Adults of whom the register notes nothing else this month, each at most once in the window."""
    here = living(world)
    adults = here[(world.ages(ym)[here] >= _ADULT) & (world.people.appears[here] < 0)]
    others = [world.events.of("moved"), *(part.person for part in world.reissues)]
    adults = adults[~np.isin(adults, np.concatenate(others))]
    count = int(world.rng.poisson(REISSUED_MONTHLY * len(adults)))
    if world.persons >= CHANGES_EACH_MONTH_FROM:
        count = max(1, count)
    return pick(world.rng, adults, count)


def _next_ids(world: World, prefix: Array) -> Array:
    """The next serial numbers under the first six digits, after everybody's and those issued before."""
    used = np.bincount(world.people.citizen // 1_000_000, minlength=1_000_000)
    for part in world.reissues:
        np.add.at(used, part.new // 1_000_000, 1)
    return citizen_ids_at(prefix, used[prefix] + rank_within(prefix)) if len(prefix) else prefix
