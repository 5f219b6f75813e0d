"""What is asked or noted of people: the labour register's rounds, job seekers, contracts abroad."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from sources.simulator import mistakes
from sources.simulator.demography import day_in, living
from sources.simulator.frames import NO_DAY, Frame, choice, date, flag, number, text
from sources.simulator.identifiers import padded
from sources.simulator.jobs import occupations
from sources.simulator.months import Array, first_day, last_day
from sources.simulator.outbox import Outbox
from sources.simulator.people_files import household_luck
from sources.simulator.styles import FULL, style_of
from sources.simulator.world import (
    ABROAD,
    EMPLOYED,
    FARM,
    HOME,
    INFORMAL,
    INSURED,
    LEVELS,
    NONE,
    OWNER,
    SEEKER,
    STUDENT,
    UNEMPLOYED,
    World,
)

_EMPLOYMENT = (None, "wage_worker", "employer", "own_account", "family_worker", "cooperative_member")
_REASONS = (None, "Đi học", "Nội trợ", "Nghỉ hưu", "Ốm đau, khuyết tật")
_SECTION_LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUV")
_ZEROS = ("citizen_id", "commune_code")


class LabourRegisterOffice:
    """The communes' labour register: everybody of 15 and over once a year, those who changed in between."""

    def __init__(self, world: World, outbox: Outbox) -> None:
        self._world, self._outbox = world, outbox

    def send(self, month: int, ym: int) -> None:
        """A full round each twelfth month, a round of changes each quarter."""
        if month % 3:
            return
        world, people, rng = self._world, self._world.people, self._world.rng
        here = living(world)
        here = here[(world.ages(ym)[here] >= 180) & (people.state[here] != ABROAD)]
        if month % 12 == 0:
            asked = here[rng.random(len(here)) < 0.975]
        else:
            changed = people.noted_state[here] != people.state[here]
            asked = here[np.where(changed, rng.random(len(here)) < 0.8, rng.random(len(here)) < 0.01)]
        people.noted_state[asked] = people.state[asked]
        parts = []
        for home, code in enumerate(world.provinces):
            persons = asked[people.home[asked] == home]
            if not len(persons):
                continue
            persons = persons[np.argsort(people.place[persons], kind="stable")]
            frame = mistakes.duplicated(world, self._frame(persons, ym))
            frame = mistakes.without_zeros(world, frame, _ZEROS)
            style = FULL[home % 3] if month % 12 == 0 else style_of("labour_register", month // 3)
            parts.append((f"nguoi_lao_dong_{code}", frame, style))
        if parts:
            self._outbox.deliver("labour_register", ym, parts)

    def _frame(self, persons: Array, ym: int) -> Frame:
        world, people, rng, count = self._world, self._world.people, self._world.rng, len(persons)
        state, taste = people.state[persons], people.taste[persons]
        employed, unemployed = EMPLOYED[state], UNEMPLOYED[state]
        division = _divisions(world, persons)
        version = "2025" if ym >= 2025 * 12 + 11 else "2018"
        letters = world.reference.sections[version]
        letter_of = np.array([_SECTION_LETTERS.index(letters.get(i, "S")) for i in range(100)])
        section = np.where(employed & (rng.random(count) >= 0.01), letter_of[division] + 1, 0)
        hours, under = self._hours(persons, state)
        level = np.where(rng.random(count) < 0.01, 0, people.level[persons].astype(np.int64) + 1)
        luck = household_luck(people.household[persons])
        poor = np.array([profile.poor for profile in world.profiles])[people.home[persons]]
        near = poor + np.array([profile.near_poor for profile in world.profiles])[people.home[persons]]
        since = np.where(
            people.since_day[persons] > 0,
            people.since_day[persons],
            first_day(ym) - 30 - (taste * 90).astype(int),
        )
        columns = mistakes.identity(world, persons, mistakes.record(world, persons))
        columns |= {
            "commune_code": text(mistakes.commune_codes(world, people.place[persons], ym)),
            "surveyed_on": date(first_day(ym) + rng.integers(0, 20, count)),
            "activity": choice(
                ("employed", "unemployed", "inactive"), np.where(employed, 0, np.where(unemployed, 1, 2))
            ),
            "employment_status": choice(_EMPLOYMENT, _position(state, taste)),
            "vsic_section": choice((None, *_SECTION_LETTERS), section),
            "vsic_version": choice((None, version), ((section > 0) & (version == "2025")).astype(np.int64)),
            "occupation_group": choice(
                (None, *"0123456789"),
                np.where(employed, occupations(world, persons, division).astype(int) + 1, 0),
            ),
            "weekly_hours": number(hours, missing=~employed),
            "wants_more_hours": flag(under | (employed & (rng.random(count) < 0.01)), missing=~employed),
            "available": flag(under, missing=~employed),
            "inactive_reason": choice(_REASONS, _reason(world, persons, state, ym)),
            "unemployed_since": date(np.where(unemployed, since, NO_DAY)),
            "technical_level": choice((None, *LEVELS), level),
            "poor_household": flag(luck < poor),
            "near_poor_household": flag((luck >= poor) & (luck < near)),
            "disabled": flag(taste > 0.982),
        }
        return Frame(columns, persons.astype(np.int32))

    def _hours(self, persons: Array, state: Array) -> tuple[Array, Array]:
        """Hours of the week, and who works little, wants more and could."""
        world, rng, count = self._world, self._world.rng, len(persons)
        hours = np.where(state == FARM, rng.integers(28, 50, count), rng.integers(40, 58, count))
        rate = np.array([profile.underemployment for profile in world.profiles])[world.people.home[persons]]
        factor = np.zeros(14)
        factor[[INSURED, OWNER, FARM, INFORMAL]] = (0.15, 0.5, 2.4, 1.9)
        under = rng.random(count) < rate * factor[state]
        return np.where(under, rng.integers(8, 35, count), hours), under


def _divisions(world: World, persons: Array) -> Array:
    """The division of everybody's main work."""
    people, employers = world.people, world.employers
    business = np.zeros(len(people) + 1, dtype=np.int8)
    running = np.flatnonzero((employers.owner != NONE) & (employers.status == 1))
    business[employers.owner[running]] = employers.division[running]
    state = people.state[persons]
    division = np.where(
        state == INSURED, employers.division[people.employer[persons]], people.division[persons]
    )
    division = np.where((state == OWNER) & (business[persons] > 0), business[persons], division)
    return np.where(state == FARM, 1, division)


def _position(state: Array, taste: Array) -> Array:
    """Position in employment from what people do."""
    position = np.zeros(len(state), dtype=np.int64)
    position[state == INSURED] = 1
    position[state == OWNER] = np.where(taste < 0.2, 2, 3)[state == OWNER]
    position[state == FARM] = np.where(taste < 0.55, 3, np.where(taste < 0.98, 4, 5))[state == FARM]
    position[state == INFORMAL] = np.where(taste < 0.55, 1, np.where(taste < 0.85, 3, 4))[state == INFORMAL]
    return position


def _reason(world: World, persons: Array, state: Array, ym: int) -> Array:
    """Why people are not in the labour force."""
    old = world.ages(ym)[persons] >= 60 * 12
    reason = np.where(world.people.taste[persons] > 0.97, 4, np.where(old, 3, 2))
    return np.where(state == STUDENT, 1, np.where(state == HOME, reason, 0))


class JobSeekerOffice:
    """People registered as looking for work."""

    def __init__(self, world: World, outbox: Outbox) -> None:
        self._world, self._outbox = world, outbox

    def send(self, month: int, ym: int) -> None:
        """New registrations of the month and those closed; with the first delivery all that are open."""
        world, people, events = self._world, self._world.people, self._world.events
        new = (
            np.flatnonzero((people.state == SEEKER) & (people.home >= 0))
            if month == 0
            else events.of("seeker")
        )
        closed, case = events.unsorted("seeker_closed"), events.unsorted("seeker_closed_case")
        since = events.unsorted("seeker_closed_since")
        persons = np.concatenate([new, closed]).astype(np.int64)
        count = len(persons)
        if not count:
            return
        number_of = np.concatenate([people.case[new], case])
        registered = np.concatenate([people.since_day[new], since])
        ended = np.concatenate(
            [np.full(len(new), NO_DAY), np.maximum(day_in(world, ym, len(closed)), since + 1)]
        )
        columns = mistakes.identity(world, persons, mistakes.record(world, persons))
        columns |= {
            "registration_no": text(pc.binary_join_element_wise("DK", padded(number_of, 7), "")),
            "registered_on": date(registered),
            "closed_on": date(ended),
            "desired_occupation_group": choice(
                (None, *"0123456789"), occupations(world, persons, people.division[persons]).astype(int) + 1
            ),
            "technical_level": choice(list(LEVELS), people.level[persons].astype(np.int64)),
            "province_code": text(mistakes.province_codes(world, people.place[persons], ym)),
        }
        frame = mistakes.duplicated(world, Frame(columns, persons.astype(np.int32)))
        frame = mistakes.without_zeros(world, frame, ("citizen_id",))
        style = style_of("job_seekers", month)
        self._outbox.deliver("job_seekers", ym, [("tim_viec", frame, style)])


class OverseasOffice:
    """Contracts of people who work abroad."""

    _COUNTRIES = ("JP", "TW", "KR", "DE", "HU", "SG")

    def __init__(self, world: World, outbox: Outbox) -> None:
        self._world, self._outbox = world, outbox

    def send(self, month: int, ym: int) -> None:
        """Contracts begun in the month and those ended; with the first delivery all that run."""
        world, people, events = self._world, self._world.people, self._world.events
        away = np.flatnonzero(people.state == ABROAD) if month == 0 else events.of("left_country")
        back, case = events.unsorted("returned"), events.unsorted("returned_case")
        persons = np.concatenate([away, back]).astype(np.int64)
        if not len(persons):
            return
        numbers = np.concatenate([people.case[away], case]).astype(np.int64)
        left = np.concatenate([people.since_day[away], events.unsorted("returned_since")])
        until = np.minimum(events.unsorted("returned_on"), last_day(ym))
        returned = np.concatenate([np.full(len(away), NO_DAY), until])
        country = np.searchsorted([0.45, 0.78, 0.90, 0.94, 0.97], people.taste[persons], side="right")
        columns = mistakes.identity(world, persons, mistakes.record(world, persons))
        columns |= {
            "contract_no": text(pc.binary_join_element_wise("HD", padded(numbers, 7), "")),
            "country_code": choice(self._COUNTRIES, country),
            "left_on": date(left),
            "returned_on": date(returned),
            "occupation_group": choice(("5", "7", "8", "9"), numbers % 4),
        }
        frame = mistakes.duplicated(world, Frame(columns, persons.astype(np.int32)))
        frame = mistakes.without_zeros(world, frame, ("citizen_id",))
        self._outbox.deliver(
            "overseas_contracts", ym, [("ld_nuoc_ngoai", frame, style_of("overseas_contracts", month))]
        )
