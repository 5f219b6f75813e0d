"""Spells, successions, flows, transitions, training outcomes and careers, the slow and obvious way.

A second reading of the rules: every rule is a loop over sets, to be checked by eye; nothing is shared with the models.

Months are integers `12 * year + month - 1`, quarters `4 * year + quarter - 1`. Keys are text of one length each:
their order as text is also their order as numbers. Wages are whole VND. Results are lists of dicts, sorted by key.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from statistics import median
from typing import Any, NamedTuple

Row = dict[str, Any]
Places = tuple[str, str]  # (province_2024, province_2025)
Employer = tuple[str, str, str]  # (province_2024, province_2025, section) at the cut-off
VERSIONS = ("2024", "2025")
UNKNOWN = "unknown"
AREA = "area_version area_level area_code"
SPELL = "person_key employer_key first_month last_month months"
SPELL += " first_wage_base last_wage_base mean_wage_base is_recall is_open"
EVENT = "predecessor_key successor_key moved_after_month workers movers stayed share"
FLOW_CELL = f"quarter {AREA} section"
TRANSITION = f"lag quarter {AREA} sex age_group from_status to_status persons share"
OUTCOME = f"year {AREA} field_code level kind completions"
OUTCOME += " employed_6m employed_12m median_wage_12m same_province_12m"
CAREER = "person_key first_month first_job_month jobs employers"
CAREER += " months_insured months_unemployed current_status transitions"


class Contribution(NamedTuple):
    """One person × employer × month × scheme; employer_key is None where the employer is unknown."""

    person_key: str
    employer_key: str | None
    month: int
    compulsory: bool
    wage_base: int


class Status(NamedTuple):
    """The labour status of one person in one quarter."""

    person_key: str
    quarter: int
    sex: str
    age_months: int
    province_2024: str
    province_2025: str
    status: str


class Episode(NamedTuple):
    """One training record; person_key is None where it is not linked."""

    person_key: str | None
    level: str
    kind: str
    ended_on: date | None
    certified: bool
    field_code: str | None


def _row(columns: str, *values: Any) -> Row:
    """A result row: the columns, separated by spaces, and their values."""
    return dict(zip(columns.split(), values, strict=True))


def month_of(day: date) -> int:
    """The number of the month that holds `day`."""
    return 12 * day.year + day.month - 1


def _areas(places: Places) -> Iterator[tuple[str, str, str]]:
    """(area_version, area_level, area_code) of every area that holds something in these two provinces."""
    for version, province in zip(VERSIONS, places, strict=True):
        yield version, "country", "VN"
        yield version, "province", province


def job_spells(
    contributions: Iterable[Contribution], cutoff: int, canonical: Mapping[str, str] | None = None
) -> list[Row]:
    """Unbroken runs of months with compulsory contributions of one person at one (surviving) employer."""
    survivors = canonical or {}
    wages: dict[tuple[str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row in contributions:
        if row.compulsory and row.employer_key is not None and row.month <= cutoff:
            employer = survivors.get(row.employer_key, row.employer_key)
            wages[row.person_key, employer][row.month] += row.wage_base
    spells: list[Row] = []
    for (person, employer), wage_of in sorted(wages.items()):
        ends: list[int] = []  # last months of the earlier spells of this job
        for first in sorted(month for month in wage_of if month - 1 not in wage_of):
            last = first
            while last + 1 in wage_of:
                last += 1
            wage = [wage_of[month] for month in range(first, last + 1)]
            mean = sum(wage) / len(wage)
            recall = any(first // 3 - end // 3 <= 4 for end in ends)
            values = (first, last, len(wage), wage[0], wage[-1], mean, recall, last == cutoff)
            spells.append(_row(SPELL, person, employer, *values))
            ends.append(last)
    return spells


def kept_events(contributions: Iterable[Contribution], cutoff: int) -> dict[str, Row]:
    """Per predecessor its largest move (of equal ones the latest) after which fewer work there, void ones included."""
    spells = job_spells(contributions, cutoff)
    employers = sorted({spell["employer_key"] for spell in spells})
    working: dict[tuple[str, int], set[str]] = defaultdict(set)
    leaving: dict[tuple[str, int], set[str]] = defaultdict(set)  # the spell's last month
    arriving: dict[tuple[str, int], set[str]] = defaultdict(set)  # the spell's first month
    for spell in spells:
        employer, person = spell["employer_key"], spell["person_key"]
        for month in range(spell["first_month"], spell["last_month"] + 1):
            working[employer, month].add(person)
        leaving[employer, spell["last_month"]].add(person)
        arriving[employer, spell["first_month"]].add(person)
    kept: dict[str, Row] = {}
    for a, month in sorted(leaving):
        if month + 1 > cutoff:
            continue
        workers = len(working[a, month])
        for b in employers:
            movers = len(leaving[a, month] & arriving.get((b, month + 1), set()))
            later = {p for (e, m), people in working.items() if e == a and m > month for p in people}
            if movers < 5 or 10 * movers < 8 * workers or len(later) >= movers:
                continue
            event = _row(EVENT, a, b, month, workers, movers, len(later), 100 * movers / workers)
            # Months and successors come in rising order: of equal moves a later month wins, then a smaller key.
            best = kept.get(a, {"movers": 0, "moved_after_month": -1})
            if (movers, month) > (best["movers"], best["moved_after_month"]):
                kept[a] = event
    return kept


def employer_successions(contributions: Iterable[Contribution], cutoff: int) -> list[Row]:
    """Moves of at least five workers and 80 % of a workforce to another employer, without void ones: those of an
    employer that took over another workforce in that month or later.
    """
    kept = kept_events(contributions, cutoff)
    place = {a: event["moved_after_month"] for a, event in kept.items()}
    valid = dict(kept)
    for c, event in kept.items():
        a = event["successor_key"]
        if a in kept and place[c] >= place[a]:
            valid.pop(a, None)
    successions = []
    for a, event in sorted(valid.items()):
        last, survivor = a, event["successor_key"]
        while survivor in valid:
            assert place[survivor] > place[last], "a chain must move forward"
            last, survivor = survivor, valid[survivor]["successor_key"]
        successions.append({**event, "surviving_key": survivor})
    return successions


def canonical(successions: Iterable[Row]) -> dict[str, str]:
    """Old employer → surviving employer, for `job_spells`."""
    return {row["predecessor_key"]: row["surviving_key"] for row in successions}


def labour_flows(
    spells: Iterable[Row], employers: Mapping[str, Employer], first_quarter: int, as_of_quarter: int
) -> list[Row]:
    """Job and worker flows; who is not among `employers` is unknown throughout."""
    worked: dict[int, set[tuple[str, str]]] = defaultdict(set)  # w_t: the jobs of each quarter
    for spell in spells:
        for month in range(spell["first_month"], spell["last_month"] + 1):
            worked[month // 3].add((spell["person_key"], spell["employer_key"]))
    rows: list[Row] = []
    for t in range(first_quarter, as_of_quarter + 1):
        cells: dict[tuple[str, str, str, str], set[str]] = defaultdict(set)  # the employers of each cell
        for employer in {job[1] for job in worked[t]}:
            old, new, section = employers.get(employer, (UNKNOWN, UNKNOWN, UNKNOWN))
            for area in _areas((old, new)):
                cells[(*area, section)].add(employer)
                cells[(*area, "total")].add(employer)
        for cell, members in sorted(cells.items()):
            before, now, after = ({job for job in worked[t + k] if job[1] in members} for k in (-1, 0, 1))
            earlier = worked[t - 2] | worked[t - 3] | worked[t - 4]
            joined, left = now - before, now - after
            beginning, end = now & before, now & after
            sets = {"M": now, "B": beginning, "E": end, "F": beginning & end, "A": joined}
            sets |= {"H": joined - earlier, "R": joined & earlier, "S": left}
            flows: Row = {name: len(jobs) for name, jobs in sets.items()}
            ends, beginnings = [job[1] for job in end], [job[1] for job in beginning]
            nets = [ends.count(employer) - beginnings.count(employer) for employer in members]
            flows |= {"JC": sum(max(0, net) for net in nets), "JD": sum(max(0, -net) for net in nets)}
            flows |= dict.fromkeys(["B", "F", "A", "JC", "JD"] if t == first_quarter else [])
            flows |= dict.fromkeys(["E", "F", "S", "JC", "JD"] if t == as_of_quarter else [])
            flows |= dict.fromkeys(["H", "R"] if t - first_quarter < 4 else [])
            rows.append(_row(FLOW_CELL, t, *cell) | flows)
    return rows


def transitions(status_rows: Iterable[Status], lag: int) -> list[Row]:
    """Persons by status `lag` quarters ago (1 or 4) and now; every cell is that of the later row."""
    at = {(row.person_key, row.quarter): row for row in status_rows}
    moves: dict[tuple[Any, ...], int] = defaultdict(int)
    bases: dict[tuple[Any, ...], int] = defaultdict(int)
    for (person, quarter), row in at.items():
        earlier = at.get((person, quarter - lag))
        if earlier is None:
            continue
        areas, years = _areas((row.province_2024, row.province_2025)), row.age_months // 12
        age_group = "15-24" if years < 25 else "25-54" if years < 55 else "55+"
        for area, sex, age in product(areas, ("total", row.sex), ("total", age_group)):
            base = (quarter, *area, sex, age, earlier.status)
            bases[base] += 1
            moves[(*base, row.status)] += 1
    name = {1: "quarter", 4: "year"}[lag]
    return [_row(TRANSITION, name, *cell, n, 100 * n / bases[cell[:-1]]) for cell, n in sorted(moves.items())]


def training_outcomes(
    episodes: Iterable[Episode],
    residences: Mapping[tuple[str, date], Places],
    contributions: Iterable[Contribution],
    employers: Mapping[str, Employer],
    first_insured_month: int,
    cutoff: int,
) -> list[Row]:
    """Certified completions of linked persons with a known residence that day, and their jobs afterwards."""
    jobs: dict[tuple[str, int], list[Contribution]] = defaultdict(list)
    for row in contributions:
        if row.compulsory and row.month <= cutoff:
            jobs[row.person_key, row.month].append(row)
    cells: dict[tuple[Any, ...], list[tuple[str, date, Places]]] = defaultdict(list)
    for episode in episodes:
        person, day = episode.person_key, episode.ended_on
        if person is None or day is None or not episode.certified or (person, day) not in residences:
            continue
        home = residences[person, day]
        fields = ("total", episode.field_code or UNKNOWN)
        levels, kinds = ("total", episode.level), ("total", episode.kind)
        for area, field, level, kind in product(_areas(home), fields, levels, kinds):
            cells[(day.year, *area, field, level, kind)].append((person, day, home))
    rows: list[Row] = []
    for cell, members in sorted(cells.items()):
        version, january = VERSIONS.index(cell[1]), 12 * cell[0]
        # An offset counts if its months are all observed, for completions from January to December.
        observed = {k: first_insured_month <= january + k <= cutoff - 11 for k in (6, 12)}
        half = [person for person, day, _ in members if jobs.get((person, month_of(day) + 6))]
        wages, same_province = list[int](), 0
        for person, day, home in members:
            held = jobs.get((person, month_of(day) + 12))
            if held:
                wages.append(sum(job.wage_base for job in held))
                places = [employers.get(job.employer_key or "") for job in held]
                same_province += any(place and place[version] == home[version] for place in places)
        after_6m = len(half) if observed[6] else None
        middle = float(median(wages)) if wages else None
        after_12m = (len(wages), middle, same_province) if observed[12] else (None, None, None)
        rows.append(_row(OUTCOME, *cell, len(members), after_6m, *after_12m))
    return rows


def careers(
    contributions: Sequence[Contribution],
    spells: Sequence[Row],
    claimed_months: Iterable[tuple[str, int]],
    status_rows: Sequence[Status],
    as_of_quarter: int,
    cutoff: int,
) -> list[Row]:
    """One row per person who ever took part: contributed, claimed, or was employed or unemployed."""
    claims = {(person, month) for person, month in claimed_months if month <= cutoff}
    rows: list[Row] = []
    persons = {row.person_key for row in contributions} | {row.person_key for row in status_rows}
    for person in sorted(persons | {person for person, _ in claims}):
        insured = [row for row in contributions if row.person_key == person and row.month <= cutoff]
        any_scheme = {row.month for row in insured}
        compulsory = {row.month for row in insured if row.compulsory}
        claimed = {month for claimant, month in claims if claimant == person}
        own = [row for row in status_rows if row.person_key == person and row.quarter <= as_of_quarter]
        status = {row.quarter: row.status for row in own}
        active = {3 * row.quarter + 2 for row in own if row.status in ("employed", "unemployed")}
        if not any_scheme | claimed | active:
            continue
        first, first_job = min(any_scheme | claimed | active), min(compulsory, default=None)
        jobs = [spell["employer_key"] for spell in spells if spell["person_key"] == person]
        counts = (len(jobs), len(set(jobs)), len(any_scheme), len(claimed - any_scheme))
        changes = sum(q - 1 in status and status[q - 1] != status[q] for q in status)
        rows.append(_row(CAREER, person, first, first_job, *counts, status.get(as_of_quarter), changes))
    return rows


@dataclass
class World:
    """What the rules above need; the register, `employers`, lacks two employers that have contributions."""

    contributions: list[Contribution]  # they go on after the cut-off, which is the last month of a quarter
    employers: dict[str, Employer]
    status_rows: list[Status]
    episodes: list[Episode]
    residences: dict[tuple[str, date], Places]
    claimed_months: set[tuple[str, int]]
    first_month: int
    first_quarter: int  # the first with three months of contributions
    as_of_quarter: int
    cutoff: int


PROVINCES = (("01", "01"), ("30", "31"), ("31", "31"), ("33", "33"), ("34", "33"))  # new 31 and 33: merged
# Moves of workforces: predecessor, successor (two: everybody works at both), months after a first one.
MOVES = "ab0|abc0|ab0 bc3|ab3 bc0|ab0 bc0|ab0 ba4|ab0 ba0|ac0 bc0|ac0 bc2 cd5|ab0 ac5|ab0 bc1 ca2"


def random_world(seed: int, persons: int = 150, employers: int = 25, months: int = 27) -> World:
    """A small hostile world; whole workforces move at, above and just below the bounds of a succession."""
    rng = random.Random(seed)
    start = 12 * 2023 + rng.randrange(3)
    span = range(start, start + months)
    cutoff = 3 * (span[-1] // 3) - 1
    people, firms = [f"P{n:05}" for n in range(persons)], [f"E{n:05}" for n in range(employers)]
    jobs: set[tuple[str, str | None, int]] = set()
    begun = [*firms[: employers * 4 // 5], None]  # the others begin empty

    def work(person: str) -> None:
        """Jobs that end anywhere or with a quarter, gaps of 0 to 20 months, recalls."""
        month, firm = start + rng.randrange(9), rng.choice(begun)
        while month in span:
            stop = month + rng.randrange(1, 12)
            stop = min(span.stop, rng.choice((stop, 3 * (stop // 3 + 1))))
            jobs.update((person, firm, day) for day in range(month, stop))
            month = stop + rng.choice((0, 0, 1, 2, 3, rng.randrange(1, 21)))
            firm = rng.choice((firm, rng.choice(begun), rng.choice(begun[:4])))

    def move(a: str, targets: list[str], month: int) -> None:
        """Fill up the staff of `a` and let about 80 % of it work at every target from the next month on."""
        busy = {p for p, firm, day in jobs if firm in (a, *targets) and day in (month, month + 1)}
        staff = [p for p in people if (p, a, month) in jobs]
        lacking = max(0, rng.choice((5, 6, 7, 10)) - len(staff))
        fresh = rng.sample([p for p in people if p not in busy], lacking)
        filled = range(max(start, month - rng.randrange(5)), month + 1)
        jobs.update((p, a, day) for p in fresh for day in filled)
        staff = rng.sample(staff + fresh, len(staff + fresh))
        bound = -(-4 * len(staff) // 5)
        for mover in staff[: rng.choice((len(staff), bound, bound, max(bound, 5), bound - 1))]:
            back = month + rng.choice((2, 3, months, months))
            jobs.difference_update((mover, a, day) for day in range(month + 1, back))
            jobs.difference_update((mover, b, month) for b in targets if rng.random() < 0.9)
            stop = min(span.stop, month + rng.randrange(2, 12))
            jobs.update((mover, b, day) for b in targets for day in range(month + 1, stop))

    for person in [person for person in people for _ in range(rng.choice((0, 1, 1, 1, 2)))]:
        work(person)
    for moves in MOVES.split("|"):
        names = dict(zip("abcd", rng.sample(firms, 4), strict=True))
        first = rng.randrange(start + 2, cutoff - 6)
        for shape in sorted(moves.split(), key=lambda text: text[-1]):
            move(names[shape[0]], [names[b] for b in shape[1:-1]], first + int(shape[-1]))
    for month in (cutoff - 1, cutoff):  # the last month that counts, and the first that does not
        old, new = rng.sample(firms, 2)
        move(old, [new], month)

    pick, order = rng.choice, sorted(jobs, key=str)
    wages = [5_000_000] * 10 + [rng.randrange(3_000_000, 40_000_000) for _ in range(30)]
    contributions = [Contribution(*job, True, pick(wages)) for job in order]
    # Voluntary ones: in a month with a job, in a gap beside it, at its employer or at none.
    beside = [(p, pick((None, e)), day + pick((0, 0, 1, -1))) for p, e, day in order if rng.random() < 0.05]
    beside = [job for job in dict.fromkeys(beside) if job[2] in span]
    contributions += [Contribution(*job, False, pick(wages)) for job in beside]
    insured = {(p, day) for p, _, day in jobs}
    claimed = {(p, day) for p in people for day in range(start - 6, span.stop) if rng.random() < 0.04}
    register = {firm: (*pick(PROVINCES), pick(("A", "C", "G", UNKNOWN))) for firm in firms}
    for firm in (firms[1], firms[-2]):
        del register[firm]
    status_rows, episodes = list[Status](), list[Episode]()
    homes: dict[tuple[str, date], Places] = {}
    for person in people:
        sex, home, present = pick(("male", "female")), pick(PROVINCES), rng.random() < 0.9
        age, status = 12 * pick((14, 15, 24, 30, 54, 60)) + rng.randrange(12), "inactive"
        for quarter in range(start // 3 - 1, cutoff // 3 + 1):
            age += 3
            present = present if rng.random() < 0.9 else not present  # born abroad, emigrated, back again
            home = pick(PROVINCES) if rng.random() < 0.1 else home
            if rng.random() < 0.4:
                status = pick(("employed", "unemployed", "inactive", "abroad", UNKNOWN))
            now = "employed" if (person, 3 * quarter + 2) in insured else status
            if present and age >= 180:
                status_rows.append(Status(person, quarter, sex, age, *home, now))
        for _ in range(pick((0, 1, 1, 3))):
            month = rng.randrange(start - 15, cutoff + 1)
            day = date(month // 12, month % 12 + 1, rng.randrange(1, 29)) if rng.random() < 0.95 else None
            level, kind = pick(("elementary", "college")), pick(("initial", "retraining"))
            certified, field = day is not None and rng.random() < 0.8, pick(("48", "52", None))
            episodes.append(Episode(pick((person,) * 9 + (None,)), level, kind, day, certified, field))
            if day is not None and rng.random() < 0.9:
                homes[person, day] = pick((home, pick(PROVINCES)))
    quarters = (-(-start // 3), cutoff // 3)
    return World(contributions, register, status_rows, episodes, homes, claimed, start, *quarters, cutoff)
