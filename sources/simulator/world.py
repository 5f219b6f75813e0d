"""The state of the invented world: people, employers, and what happened in the current month."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from sources.simulator.months import Array
from sources.simulator.names import NameBook
from sources.simulator.reference import Reference
from sources.simulator.settings import Profile

# What a person does in a month.
UNBORN, CHILD, INSURED, OWNER, FARM, INFORMAL, ABROAD, BENEFIT, SEEKER, JOBLESS, STUDENT, HOME, GONE = range(
    13
)
STATES = (
    "unborn",
    "child",
    "insured",
    "owner",
    "farm",
    "informal",
    "abroad",
    "benefit",
    "seeker",
    "jobless",
    "student",
    "home",
    "gone",
)
EMPLOYED = np.zeros(13, dtype=bool)
EMPLOYED[[INSURED, OWNER, FARM, INFORMAL]] = True
UNEMPLOYED = np.zeros(13, dtype=bool)
UNEMPLOYED[[BENEFIT, SEEKER, JOBLESS]] = True
IN_FORCE = EMPLOYED | UNEMPLOYED

LEVELS = (
    "untrained",
    "no_certificate",
    "under_3_months",
    "elementary",
    "intermediate",
    "college",
    "university",
    "postgraduate",
)
ELEMENTARY = 3

# What an enterprise is in a month.
FUTURE, ACTIVE, SUSPENDED, DISSOLVED = range(4)
BUSINESS_STATES = ("active", "active", "suspended", "dissolved")

# How an employer carries on under another code.
NEW_CODE, MERGER, PERSONAL_CODE = range(3)
SUCCESSION_KINDS = ("new_code", "merger", "personal_code")

NONE = -1
NEVER = 32_000


@dataclass
class People:
    """One entry per person; ``home`` is the index of the simulated province of residence (-1: elsewhere)."""

    sex: Array
    birth: Array
    birth_month: Array
    home: Array
    place: Array
    household: Array
    ethnicity: Array
    surname: Array
    name: Array
    citizen: Array  # the citizen ID agencies know; of an ID issued anew they hear a month after the register
    registered: Array  # the citizen ID in the population register
    former: Array  # the ID it replaced, if the register names it; else 0
    card: Array
    insurance: Array
    appears: (
        Array  # month number in the window in which the person is born, -1 for those there from the start
    )
    state: Array
    # work
    employer: Array
    second: Array
    last_employer: Array
    since: Array  # month number in the window in which the job began
    pay: Array  # log of the wage in million VND at the end of 2024
    voluntary: Array
    voluntary_base: Array
    leave_until: Array
    division: Array  # of work without insurance
    taste: Array  # a number from 0 to 1 that settles what is not modelled further
    # other
    until: Array  # last day of a benefit, or day of a return from abroad
    since_day: Array  # first day of a benefit, of looking for work, or of a contract abroad
    case: Array  # number of the benefit, registration or contract
    level: Array
    course: Array  # number of the course being attended, or -1
    course_level: Array
    course_start: Array
    # what the labour register holds
    noted_state: Array

    def __len__(self) -> int:
        return len(self.sex)


@dataclass
class Employers:
    """One entry per enterprise, branch, public unit and household business."""

    code: Array  # number; the owner's citizen ID where it serves as one
    digits: Array  # 10, 12 or 13
    province: Array  # old province
    place: Array
    division: Array
    vsic: Array
    form: Array
    ownership: Array
    zone: Array  # index into the province's zones, or -1
    owner: Array
    staff: Array  # registered employees of those without insured jobs
    weight: Array  # share of the province's insured jobs; 0 without any
    status: Array
    registered: Array
    updated: Array  # minutes
    owing_until: Array
    number: Array  # running number used in the name
    home: Array  # simulated province the business belongs to
    workforce: int  # the first so many may have insured people


@dataclass
class Events:
    """What happened in a month, as lists of person or employer numbers."""

    lists: dict[str, list[Array]] = field(default_factory=dict)

    def add(self, kind: str, which: Array) -> None:
        """Note that something of a kind happened to these."""
        if len(which):
            self.lists.setdefault(kind, []).append(which)

    def of(self, kind: str) -> Array:
        """All to whom something of this kind happened, sorted."""
        return np.sort(self.unsorted(kind))

    def unsorted(self, kind: str) -> Array:
        """All of this kind in the order in which they were noted."""
        found = self.lists.get(kind)
        return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Succession:
    """Employers that carry on under another code from a month on."""

    predecessor: Array
    successor: Array
    month: Array  # number in the window of the successor's first month
    kind: Array  # index into SUCCESSION_KINDS


@dataclass(frozen=True)
class Reissue:
    """Persons who got another citizen ID in a month."""

    person: Array
    old: Array
    new: Array
    month: Array


@dataclass
class World:
    """Everything there is."""

    rng: np.random.Generator
    reference: Reference
    provinces: list[str]
    profiles: list[Profile]
    months: list[int]
    persons: int
    people: People
    employers: Employers
    names: NameBook
    events: Events = field(default_factory=Events)
    counters: dict[str, int] = field(default_factory=dict)
    employer_codes: pa.Array | None = None
    successions: list[Succession] = field(default_factory=list)
    reissues: list[Reissue] = field(default_factory=list)

    def number(self, what: str, count: int) -> Array:
        """The next ``count`` running numbers of documents of a kind."""
        start = self.counters.get(what, 1)
        self.counters[what] = start + count
        return np.arange(start, start + count, dtype=np.int64)

    def ages(self, ym: int) -> Array:
        """Everybody's age in completed months at the end of a month."""
        return ym - self.people.birth_month

    def upper_ages(self, ym: int) -> Array:
        """Everybody's upper working age in months, in the year of the month."""
        return np.array(self.reference.upper_months(ym // 12), dtype=np.int32)[self.people.sex]


def pick(rng: np.random.Generator, candidates: Array, count: int, weights: Array | None = None) -> Array:
    """``count`` of the candidates without replacement, likelier the greater the weight; sorted."""
    if count <= 0 or len(candidates) == 0:
        return candidates[:0]
    if count >= len(candidates):
        return np.sort(candidates)
    keys = rng.random(len(candidates)) if weights is None else rng.exponential(size=len(candidates)) / weights
    return np.sort(candidates[np.argpartition(keys, count)[:count]])


def chosen(rng: np.random.Generator, candidates: Array, share: float) -> Array:
    """Each candidate with the same small probability; sorted as given."""
    if share <= 0 or len(candidates) == 0:
        return candidates[:0]
    return candidates[rng.random(len(candidates)) < share]


def draw(rng: np.random.Generator, weights: dict[int, int], size: int) -> Array:
    """Keys of ``weights``, drawn by their weights."""
    edges = np.cumsum(list(weights.values())) / sum(weights.values())
    keys = np.array(list(weights), dtype=np.int64)
    return keys[np.minimum(np.searchsorted(edges, rng.random(size), side="right"), len(keys) - 1)]
