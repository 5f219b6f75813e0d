"""What training institutions send: courses begun, finished, dropped, retraining, older certificates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.simulator import mistakes
from sources.simulator.demography import day_in
from sources.simulator.frames import NO_DAY, Column, Frame, choice, date, text
from sources.simulator.identifiers import padded
from sources.simulator.months import Array, first_day
from sources.simulator.outbox import Outbox
from sources.simulator.settings import AGENCIES
from sources.simulator.skills import RETRAINED_MONTHLY
from sources.simulator.styles import style_of
from sources.simulator.world import (
    ELEMENTARY,
    FARM,
    GONE,
    INFORMAL,
    INSURED,
    LEVELS,
    NONE,
    STUDENT,
    World,
    chosen,
    pick,
)

_ONGOING, _COMPLETED, _DROPPED = range(3)
_OUTCOMES = ("ongoing", "completed", "dropped")
_INITIAL, _RETRAINING, _CONTINUING = range(3)
_KINDS = ("initial", "retraining", "continuing")
_INSTITUTIONS = 24
_PROGRAMMES = (
    "May công nghiệp",
    "Điện tử công nghiệp",
    "Kế toán",
    "Công nghệ ô tô",
    "Công nghệ thông tin",
    "Điều dưỡng",
    "Chăn nuôi thú y",
    "Kỹ thuật chế biến món ăn",
    "Hàn",
    "Điện công nghiệp",
    "Sư phạm",
    "Vận hành máy",
)
_FIELDS = (None, "14", "34", "48", "51", "52", "54", "62", "64", "72", "81", "84")


@dataclass(frozen=True)
class _Courses:
    person: Array
    record: Array
    level: Array
    kind: Array
    started: Array
    ended: Array
    outcome: Array
    certified: Array

    def and_(self, other: _Courses) -> _Courses:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return _Courses(*(np.concatenate(pair) for pair in pairs))


def _courses(
    person: Array,
    record: Array,
    level: Array,
    kind: Array | int,
    started: Array,
    ended: Array | int,
    outcome: int,
    certified: Array | bool,
) -> _Courses:
    count = len(person)
    full = [np.broadcast_to(np.asarray(value), (count,)) for value in (kind, ended, outcome, certified)]
    return _Courses(person, record, level, full[0], started, full[1], full[2], full[3])


class TrainingOffice:
    """The records of all training institutions."""

    def __init__(self, world: World, outbox: Outbox) -> None:
        self._world, self._outbox = world, outbox

    def send(self, month: int, ym: int) -> None:
        """The month's records; with the first delivery those of the year so far and running courses."""
        world, people, events, rng = self._world, self._world.people, self._world.events, self._world.rng
        parts = []
        begun = events.of("course_begun")
        if month == 0:
            begun = np.flatnonzero((people.course != NONE) & (people.state == STUDENT))
            parts += self._earlier(ym)
        parts.append(
            _courses(
                begun,
                people.course[begun],
                people.course_level[begun],
                _INITIAL,
                people.course_start[begun],
                NO_DAY,
                _ONGOING,
                False,
            )
        )
        for kind, outcome in (("course_completed", _COMPLETED), ("course_dropped", _DROPPED)):
            persons = np.unique(events.of(kind))
            ended = np.maximum(day_in(world, ym, len(persons)), people.course_start[persons] + 1)
            done = outcome == _COMPLETED
            parts.append(
                _courses(
                    persons,
                    people.course[persons],
                    people.course_level[persons],
                    _INITIAL,
                    people.course_start[persons],
                    ended,
                    outcome,
                    done & (rng.random(len(persons)) < 0.97),
                )
            )
            people.course[persons] = NONE
        certified = events.of("certified")
        level = people.level[certified].astype(np.int64)
        ended = day_in(world, ym, len(certified))
        parts.append(
            _courses(
                certified,
                world.number("training", len(certified)),
                level,
                _INITIAL,
                ended - np.array([0, 0, 0, 150, 500, 700, 900, 700])[level],
                ended,
                _COMPLETED,
                True,
            )
        )
        parts.append(self._short(events.of("retrained"), ym))
        courses = parts[0]
        for part in parts[1:]:
            courses = courses.and_(part)
        self._deliver(courses, month, ym)

    def _short(self, persons: Array, ym: int) -> _Courses:
        """Retraining and continuing courses that ended in the month."""
        world, rng, count = self._world, self._world.rng, len(persons)
        level = np.where(rng.random(count) < 0.93, 2, ELEMENTARY)
        kind = np.where(rng.random(count) < 0.4, _RETRAINING, _CONTINUING)
        ended = day_in(world, ym, count)
        certified = rng.random(count) < np.where(level == ELEMENTARY, 0.0, 0.55)
        world.people.level[persons[certified]] = np.maximum(world.people.level[persons[certified]], 2)
        return _courses(
            persons,
            world.number("training", count),
            level,
            kind,
            ended - rng.integers(5, 75, count),
            ended,
            _COMPLETED,
            certified,
        )

    def _earlier(self, ym: int) -> list[_Courses]:
        """Retraining since January, and part of the certificates of the last five years."""
        world, people, rng = self._world, self._world.people, self._world.rng
        parts = []
        working = np.flatnonzero(np.isin(people.state, (INSURED, INFORMAL, FARM)) & (people.home >= 0))
        for earlier in range(ym - ym % 12, ym):
            parts.append(
                self._short(pick(rng, working, round(RETRAINED_MONTHLY * 1.1 * len(working))), earlier)
            )
        age = world.ages(ym)
        holders = np.flatnonzero(
            (people.level >= ELEMENTARY)
            & (age > 21 * 12)
            & (age < 40 * 12)
            & (people.home >= 0)
            & (people.state != GONE)
            & (people.state != STUDENT)
        )
        holders = chosen(rng, holders, 0.3)
        level = people.level[holders].astype(np.int64)
        ended = first_day(ym) - rng.integers(1, 5 * 365, len(holders))
        ended = np.maximum(ended, people.birth[holders] + 19 * 365)
        length = np.array([0, 0, 0, 150, 500, 700, 900, 700])[level]
        parts.append(
            _courses(
                holders,
                world.number("training", len(holders)),
                level,
                _INITIAL,
                ended - length,
                ended,
                _COMPLETED,
                True,
            )
        )
        return parts

    def _deliver(self, courses: _Courses, month: int, ym: int) -> None:
        world, people = self._world, self._world.people
        keep = np.flatnonzero(people.home[courses.person] >= 0)
        order = keep[np.lexsort((courses.record[keep], courses.record[keep] % _INSTITUTIONS))]
        courses = _Courses(*(values[order] for values in vars(courses).values()))
        person, record = courses.person.astype(np.int64), courses.record.astype(np.int64)
        if not len(person):
            return
        card = people.card[person] * (people.taste[person] < 0.5)
        programme = record % len(_PROGRAMMES)
        identity = mistakes.identity(world, person, mistakes.record(world, person))
        employer = people.employer[person]
        sponsored = (courses.kind == _RETRAINING) & (employer != NONE)
        assert world.employer_codes is not None
        columns = {
            "institution_code": choice([f"CD{i:02d}" for i in range(_INSTITUTIONS)], record % _INSTITUTIONS),
            "record_no": text(pc.binary_join_element_wise("R", padded(record, 8), "")),
            "citizen_id": identity["citizen_id"],
            "previous_id": text(mistakes.id_texts(card, card > 0)),
            "full_name": identity["full_name"],
            "birth_date": identity["birth_date"],
            "sex": identity["sex"],
            "programme": choice(_PROGRAMMES, programme),
            "field_code": choice(_FIELDS, programme),
            "level": choice(list(LEVELS), courses.level.astype(np.int64)),
            "kind": choice(_KINDS, courses.kind.astype(np.int64)),
            "started_on": date(courses.started),
            "ended_on": date(courses.ended),
            "outcome": choice(_OUTCOMES, courses.outcome.astype(np.int64)),
            "certificate_no": text(
                pc.if_else(
                    pa.array(courses.certified.astype(bool)),
                    pc.binary_join_element_wise("C", padded(record, 8), ""),
                    pa.scalar(None, pa.string()),
                )
            ),
            "employer_code": text(pc.take(world.employer_codes, pa.array(employer, mask=~sponsored))),
        }
        frame = mistakes.duplicated(world, Frame(columns, person.astype(np.int32)), AGENCIES.duplicates)
        frame = mistakes.without_zeros(world, frame, ("citizen_id", "previous_id", "employer_code"))
        style = style_of("training", month)
        if month != 4:
            self._outbox.deliver("training", ym, [("dao_tao", frame, style)])
            return
        # one row in eight without its beginning: too many for the gate, so the ministry sends the month again
        started = frame.columns["started_on"].values
        spoilt = pc.if_else(pa.array(np.arange(frame.rows) % 8 == 0), pa.scalar(None, started.type), started)
        self._outbox.deliver(
            "training", ym, [("dao_tao", frame.replace(started_on=Column("date", spoilt)), style)]
        )
        self._outbox.deliver("training", ym, [("dao_tao", frame, style)], revision=2)
