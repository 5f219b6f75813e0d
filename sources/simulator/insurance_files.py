"""What the social insurance agency sends: contributions, unpaid contributions, unemployment benefits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.simulator import mistakes
from sources.simulator.frames import Frame, choice, date, flag, number, same, text
from sources.simulator.identifiers import change_a_digit, insurance_numbers, padded
from sources.simulator.jobs import occupations, wages
from sources.simulator.months import Array, month_text
from sources.simulator.outbox import Outbox
from sources.simulator.settings import AGENCIES
from sources.simulator.styles import INSURANCE, INSURANCE_ELSEWHERE, style_of
from sources.simulator.world import BENEFIT, IN_FORCE, INSURED, NONE, World, chosen

_PAID, _OWED, _LEAVE = range(3)
_STATUSES = ("paid", "owed", "leave")
_VOLUNTARY_BASES = np.array([1_500_000, 2_000_000, 2_500_000, 4_000_000])


@dataclass(frozen=True)
class _Rows:
    person: Array
    employer: Array
    month: Array
    wage: Array
    insured: Array  # against unemployment
    status: Array

    def of(self, rows: Array) -> _Rows:
        return _Rows(*(values[rows] for values in self._all()))

    def and_(self, other: _Rows) -> _Rows:
        return _Rows(*(np.concatenate(pair) for pair in zip(self._all(), other._all(), strict=True)))

    def _all(self) -> tuple[Array, ...]:
        return self.person, self.employer, self.month, self.wage, self.insured, self.status


class InsuranceOffice:
    """Social insurance: it holds every person's record as it once got it, mistakes and all."""

    def __init__(self, world: World, outbox: Outbox) -> None:
        self._world, self._outbox = world, outbox
        people = world.people
        everyone = np.arange(len(people))
        grown = np.flatnonzero(people.birth_month < world.months[-1] - 180)
        rates = replace(AGENCIES, nine_digits=AGENCIES.nine_digits * 0.7)  # children hold no cards
        self._exchanged = mistakes.far_pairs(world, grown, AGENCIES.swapped_ids)
        self._record = mistakes.record(world, everyone, rates, pairs=self._exchanged)
        self._other_number = insurance_numbers(world.reference.places.old_province[people.place], len(people))
        self._two_numbers = world.rng.random(len(people)) < 0.003
        self._late: _Rows | None = None
        self._corrected: _Rows | None = None

    def send(self, month: int, ym: int) -> None:
        """The month's contributions, a few late ones, a few corrections; once, a re-delivery."""
        self._learn_ids()
        rows = self._month(month, ym)
        late = self._world.rng.random(len(rows.person)) < 0.002
        sent = rows.of(np.flatnonzero(~late))
        sent = sent.and_(self._correct(sent.of(chosen(self._world.rng, np.arange(len(sent.person)), 0.001))))
        for earlier in (self._late, self._corrected):
            if earlier is not None:
                sent = sent.and_(earlier)
        self._late = rows.of(np.flatnonzero(late))
        self._corrected = self._correct(rows.of(chosen(self._world.rng, np.flatnonzero(~late), 0.003)))
        if month == 8:
            # the office's first version lacked its last employers: it sends the month again
            self._deliver(sent.of(np.flatnonzero(sent.person % 50 != 7)), month, ym, 1)
            self._deliver(sent, month, ym, 2)
        else:
            self._deliver(sent, month, ym, 1)

    def _learn_ids(self) -> None:
        """Take over the citizen IDs issued anew in the month before, also where they stand with the wrong person."""
        world, held = self._world, self._record.citizen
        persons = world.events.unsorted("reissued_before")
        for person, old in zip(persons, world.events.unsorted("reissued_before_old"), strict=True):
            wrongly = self._exchanged[held[self._exchanged] == old]
            held[wrongly] = world.people.citizen[person]
        known = persons[(held[persons] > 0) & ~self._record.nine[persons]]
        held[known] = world.people.citizen[known]

    def _correct(self, rows: _Rows) -> _Rows:
        factor = 1.02 + 0.15 * self._world.rng.random(len(rows.person))
        wage = (np.rint(rows.wage * factor / 1000) * 1000).astype(np.int64)
        return _Rows(rows.person, rows.employer, rows.month, wage, rows.insured, rows.status)

    def _month(self, month: int, ym: int) -> _Rows:
        world, people = self._world, self._world.people
        here = people.state == INSURED
        here[world.events.of("absent")] = False
        main = np.flatnonzero(here)
        employer = people.employer[main]
        status = np.where(
            people.leave_until[main] >= month,
            _LEAVE,
            np.where(world.employers.owing_until[employer] >= month, _OWED, _PAID),
        )
        insured = self._unemployment_insured(main, ym)
        rows = _Rows(
            main, employer, np.full(len(main), ym), wages(world, main, employer, ym), insured, status
        )
        second = main[people.second[main] != NONE]
        other = people.second[second]
        rows = rows.and_(
            _Rows(
                second,
                other,
                np.full(len(second), ym),
                wages(world, second, other, ym, 0.6),
                np.zeros(len(second), dtype=bool),
                np.full(len(second), _PAID),
            )
        )
        paying = np.flatnonzero(people.voluntary)
        base = _VOLUNTARY_BASES[people.voluntary_base[paying]]
        nobody = np.full(len(paying), NONE)
        return rows.and_(
            _Rows(
                paying,
                nobody,
                np.full(len(paying), ym),
                base,
                np.zeros(len(paying), dtype=bool),
                np.full(len(paying), _PAID),
            )
        )

    def _unemployment_insured(self, persons: Array, ym: int) -> Array:
        """Everybody but officials, and as few others as the province's rate asks for."""
        world, people = self._world, self._world.people
        able = world.employers.division[people.employer[persons]] != 84
        quota = np.full(len(world.provinces) + 1, 0.93)
        age, upper = world.ages(ym), world.upper_ages(ym)
        for home, profile in enumerate(world.profiles):
            force = int((IN_FORCE[people.state] & (people.home == home) & (age < upper)).sum())
            count = int((able & (people.home[persons] == home)).sum())
            quota[home] = profile.unemployment_insured.at(ym) * force / max(1, count)
        insured: Array = able & (people.taste[persons] < quota[people.home[persons]])
        return insured

    def _deliver(self, rows: _Rows, month: int, ym: int, revision: int) -> None:
        world = self._world
        place = np.where(
            rows.employer == NONE, world.people.place[rows.person], world.employers.place[rows.employer]
        )
        office = world.reference.places.old_province[place]
        order = np.lexsort((rows.person, rows.employer, office))
        rows, place, office = rows.of(order), place[order], office[order]
        parts = []
        for i, code in enumerate(world.provinces):
            mine = np.flatnonzero(office == int(code))
            parts.append((f"bhxh_{code}", self._frame(rows.of(mine), place[mine], ym), INSURANCE[i % 3]))
        others = np.flatnonzero(~np.isin(office, [int(code) for code in world.provinces]))
        if len(others):
            frame = self._frame(rows.of(others), place[others], ym)
            parts.append(("bhxh_ngoai_tinh", frame, INSURANCE_ELSEWHERE[month % 3]))
        self._outbox.deliver("social_insurance", ym, parts, revision)

    def _frame(self, rows: _Rows, place: Array, ym: int) -> Frame:
        world = self._world
        people, rng, count = world.people, world.rng, len(rows.person)
        person, voluntary = rows.person, rows.employer == NONE
        si_number = people.insurance[person]
        moved = self._two_numbers[person] & (people.since[person] > 0) & ~voluntary
        si_number = np.where(moved, self._other_number[person], si_number)
        division = np.where(voluntary, people.division[person], world.employers.division[rows.employer])
        months = [month_text(number_) for number_ in range(ym - 3, ym + 1)]
        columns = {
            "si_number": text(padded(si_number, 10)),
            **mistakes.identity(world, person, self._record.of(person)),
            "employer_code": text(self._codes(rows.employer, rng)),
            "month": choice(months, np.maximum(rows.month - ym + 3, 0)),
            "scheme": choice(("compulsory", "voluntary"), voluntary.astype(np.int64)),
            "unemployment_insured": flag(rows.insured),
            "wage_base": number(rows.wage, missing=rng.random(count) < 0.0004),
            "occupation_group": choice(
                list("0123456789"), occupations(world, person, division).astype(np.int64)
            ),
            "managing_province_code": text(mistakes.province_codes(world, place, ym, 0.001)),
            "contribution_status": choice(_STATUSES, rows.status),
        }
        frame = mistakes.duplicated(world, Frame(columns, person.astype(np.int32)))
        return mistakes.without_zeros(world, frame, ("si_number", "citizen_id", "employer_code"))

    def _codes(self, employer: Array, rng: np.random.Generator) -> pa.Array:
        assert self._world.employer_codes is not None
        codes = pc.take(self._world.employer_codes, pa.array(employer, mask=employer == NONE))
        wrong = np.flatnonzero((rng.random(len(employer)) < 0.0005) & (employer != NONE))
        if len(wrong):
            numbers = change_a_digit(self._world.employers.code[employer[wrong]], rng, 9)
            mask = np.zeros(len(employer), dtype=bool)
            mask[wrong] = True
            codes = pc.replace_with_mask(codes, pa.array(mask), padded(numbers, 10))
        return codes


class DebtOffice:
    """Employers that owe contributions."""

    def __init__(self, world: World, outbox: Outbox) -> None:
        self._world, self._outbox = world, outbox
        self._since: dict[int, int] = {}

    def send(self, month: int, ym: int) -> None:
        """The employers that owe at the end of the month."""
        world, people, employers = self._world, self._world.people, self._world.employers
        insured = np.flatnonzero(people.state == INSURED)
        staff = np.bincount(people.employer[insured], minlength=employers.workforce)
        pay = np.bincount(
            people.employer[insured], weights=np.exp(people.pay[insured]), minlength=employers.workforce
        )
        owing = np.flatnonzero(
            (employers.owing_until[: employers.workforce] >= month) & (staff[: employers.workforce] > 0)
        )
        if not len(owing):
            return
        self._since = {int(e): self._since.get(int(e), month) for e in owing}
        overdue = np.array([month - self._since[int(e)] + 1 for e in owing])
        due = np.rint(pay[owing] * 0.32 * overdue * 1000).astype(np.int64) * 1000
        paid = np.rint(due * world.rng.choice([0.0, 0.0, 0.2, 0.5], len(owing))).astype(np.int64)
        assert world.employer_codes is not None
        frame = Frame(
            {
                "employer_code": text(pc.take(world.employer_codes, pa.array(owing))),
                "month": same(month_text(ym), len(owing)),
                "scheme": same("compulsory", len(owing)),
                "headcount": number(staff[owing]),
                "amount_due": number(due),
                "amount_paid": number(paid),
                "months_overdue": number(overdue),
            }
        )
        self._outbox.deliver("insurance_debts", ym, [("no_bhxh", frame, style_of("insurance_debts", month))])


class BenefitOffice:
    """Decisions on unemployment benefits."""

    def __init__(self, world: World, outbox: Outbox) -> None:
        self._world, self._outbox = world, outbox

    def send(self, month: int, ym: int) -> None:
        """The decisions of the month, and with the first delivery those in force."""
        world, people = self._world, self._world.people
        persons = world.events.of("benefit")
        if month == 0:
            persons = np.union1d(persons, np.flatnonzero(people.state == BENEFIT))
        persons = persons[people.home[persons] >= 0]
        if not len(persons):
            return
        columns = mistakes.identity(world, persons, mistakes.record(world, persons))
        columns |= {
            "decision_no": text(pc.binary_join_element_wise("QD", padded(people.case[persons], 7), "")),
            "starts_on": date(people.since_day[persons]),
            "ends_on": date(people.until[persons]),
        }
        frame = mistakes.duplicated(world, Frame(columns, persons.astype(np.int32)))
        frame = mistakes.without_zeros(world, frame, ("citizen_id",))
        self._outbox.deliver(
            "unemployment_benefits", ym, [("tctn", frame, style_of("unemployment_benefits", month))]
        )
