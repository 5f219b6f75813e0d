"""What the registers of people send: population (full, then changes) and the list of poor households."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.simulator import mistakes
from sources.simulator.demography import living
from sources.simulator.frames import NO_DAY, Column, Frame, birth, choice, date, moment, same, sex, text
from sources.simulator.identifiers import padded
from sources.simulator.months import NEW_AREAS_FROM, Array, first_day, month_text
from sources.simulator.names import DECOMPOSED, PLAIN, next_given_name
from sources.simulator.outbox import Outbox
from sources.simulator.settings import AGENCIES, REGISTER_BROKEN, REGISTER_DUPLICATES, REGISTER_OLD_CODES
from sources.simulator.styles import FULL, style_of
from sources.simulator.world import GONE, World, chosen, pick

_ALIVE, _DECEASED, _EMIGRATED = range(3)
_LIFE = ("alive", "deceased", "emigrated")


def household_ids(households: Array) -> pa.Array:
    """Household numbers as texts."""
    return pc.binary_join_element_wise("H", padded(households, 8), "")


def household_luck(households: Array) -> Array:
    """A number from 0 to 1 that belongs to a household."""
    return (households.astype(np.int64) * 2_654_435_761 % 4_294_967_296) / 4_294_967_296


class PopulationOffice:
    """The population register: everybody at first, changes afterwards, everybody again under new codes."""

    def __init__(self, world: World, outbox: Outbox) -> None:
        self._world, self._outbox = world, outbox
        self._later: dict[int, list[Array]] = defaultdict(list)
        self._deaths: dict[int, list[tuple[Array, Array]]] = defaultdict(list)
        self._renamed = np.zeros(len(world.people), dtype=bool)

    def send(self, month: int, ym: int) -> None:
        """The month's delivery."""
        parts = []
        if month == 0:
            parts = [
                (f"dan_cu_{code}", frame, FULL[i % 3]) for i, (code, frame) in enumerate(self._everybody(ym))
            ]
        elif ym == NEW_AREAS_FROM:
            parts = [
                (f"dan_cu_ma_moi_{code}", frame, FULL[(i + 1) % 3])
                for i, (code, frame) in enumerate(self._again(ym))
            ]
        changes = self._changes(month, ym)
        if changes.rows:
            parts.append(("bien_dong_dan_cu", changes, style_of("population", month)))
        if parts:
            self._outbox.deliver("population", ym, parts)

    def _rows(
        self,
        persons: Array,
        minutes: Array,
        ym: int,
        life: Array | int = _ALIVE,
        since: Array | None = None,
        places: Array | None = None,
    ) -> Frame:
        world = self._world
        people, rng, count = world.people, world.rng, len(persons)
        form = np.where(rng.random(count) < AGENCIES.decomposed, DECOMPOSED, PLAIN)
        name = people.name[persons]
        new = self._renamed[persons]
        name = np.where(new, next_given_name(name), name)
        card, former = people.card[persons] * (people.taste[persons] < 0.96), people.former[persons]
        codes = mistakes.commune_codes(
            world, people.place[persons] if places is None else places, ym, REGISTER_OLD_CODES
        )
        return Frame(
            {
                "citizen_id": text(padded(people.registered[persons], 12)),
                "previous_id": text(
                    mistakes.id_texts(np.where(former > 0, former, card), (card > 0) & (former == 0))
                ),
                "full_name": text(world.names.texts(name, form)),
                "birth_date": birth(people.birth[persons]),
                "sex": sex(people.sex[persons]),
                "ethnicity_code": choice(
                    [f"{i:02d}" for i in range(60)], people.ethnicity[persons].astype(np.int64)
                ),
                "commune_code": text(codes),
                "household_id": text(household_ids(people.household[persons])),
                "life_status": choice(_LIFE, np.broadcast_to(np.asarray(life, dtype=np.int64), (count,))),
                "status_date": date(np.full(count, NO_DAY) if since is None else since),
                "updated_at": moment(minutes),
            },
            persons.astype(np.int32),
        )

    def _everybody(self, ym: int) -> list[tuple[str, Frame]]:
        world, rng = self._world, self._world.rng
        result = []
        here = living(world)
        here = here[world.people.appears[here] < 0]
        start = first_day(ym)
        for home, code in enumerate(world.provinces):
            persons = here[world.people.home[here] == home]
            days = np.maximum(start - rng.integers(5, 1100, len(persons)), world.people.birth[persons] + 1)
            minutes = np.minimum(days, start - 1) * 1440 + rng.integers(450, 1020, len(persons))
            frame = self._rows(persons, minutes, ym)
            earlier = chosen(rng, np.arange(len(persons)), 0.004)
            before = self._rows(
                persons[earlier],
                minutes[earlier] - 1440 * 700,
                ym,
                places=world.people.place[persons[np.roll(earlier, 1)]],
            )
            frame = self._broken(frame).then(before)
            frame = mistakes.duplicated(world, frame, REGISTER_DUPLICATES)
            result.append(
                (code, mistakes.without_zeros(world, frame, ("citizen_id", "previous_id", "commune_code")))
            )
        return result

    def _again(self, ym: int) -> list[tuple[str, Frame]]:
        """Everybody the register believes alive, under the new communes."""
        world, rng = self._world, self._world.rng
        here = living(world)
        here = here[world.people.appears[here] < ym - world.months[0]]
        dead = [persons for lists in self._deaths.values() for persons, _ in lists]
        here = np.sort(np.concatenate([here, *dead]))
        result = []
        for home, code in enumerate(world.provinces):
            persons = here[world.people.home[here] == home]
            minutes = first_day(ym) * 1440 + rng.integers(0, 300, len(persons))
            result.append(
                (code, mistakes.duplicated(world, self._rows(persons, minutes, ym), REGISTER_DUPLICATES))
            )
        return result

    def _broken(self, frame: Frame) -> Frame:
        """Some rows are unusable when first sent; most of them come right in the following months."""
        rng = self._world.rng
        bad = chosen(rng, np.arange(frame.rows), REGISTER_BROKEN)
        kind = np.full(frame.rows, -1)
        kind[bad] = rng.integers(0, 4, len(bad))
        fixed = frame.persons[bad[rng.random(len(bad)) < 0.9]]
        when = rng.integers(1, 4, len(fixed))
        for month in (1, 2, 3):
            self._later[month].append(fixed[when == month])
        sexes = frame.columns["sex"].values.to_numpy(zero_copy_only=False)
        nothing = pa.scalar(None, pa.string())
        name = pc.if_else(pa.array(kind == 1), nothing, frame.columns["full_name"].values)
        commune = pc.if_else(pa.array(kind == 2), "99999", frame.columns["commune_code"].values)
        days = pc.if_else(
            pa.array(kind == 3), pa.scalar(None, pa.int32()), frame.columns["birth_date"].values
        )
        return frame.replace(
            sex=sex(np.where(kind == 0, 1 - sexes, sexes)),
            full_name=text(name),
            commune_code=text(commune),
            birth_date=Column("birth", days),
        )

    def _changes(self, month: int, ym: int) -> Frame:
        world, rng, events = self._world, self._world.rng, self._world.events
        start = first_day(ym)
        self._note_deaths(month, ym)
        here = living(world)
        changed = [events.of("born"), events.of("moved"), *self._later.pop(month, [])]
        if month:
            changed.append(events.of("renewed"))
        reissued = events.of("reissued")
        changed.append(reissued)
        renamed = pick(rng, here[world.people.appears[here] < 0], round(len(here) * 0.0002))
        renamed = renamed[~np.isin(renamed, reissued)]
        if month:
            self._renamed[renamed] = True
            changed.append(renamed)
        alive = np.unique(np.concatenate(changed))
        alive = alive[world.people.state[alive] != GONE]
        emigrated = events.of("emigrated")
        dead = self._deaths.pop(month, [])
        gone = np.concatenate([*[persons for persons, _ in dead], emigrated])
        since = np.concatenate([*[days for _, days in dead], start + rng.integers(0, 20, len(emigrated))])
        life = np.concatenate(
            [np.full(len(gone) - len(emigrated), _DECEASED), np.full(len(emigrated), _EMIGRATED)]
        )
        persons = np.concatenate([alive, gone]).astype(np.int64)
        days = start + rng.integers(3, 28, len(persons))
        days[len(alive) :] = np.maximum(days[len(alive) :], since)
        born = np.flatnonzero(world.people.appears[persons] == month)
        days[born] = np.maximum(days[born], world.people.birth[persons[born]])
        frame = self._rows(
            persons,
            days * 1440 + rng.integers(450, 1020, len(persons)),
            ym,
            np.concatenate([np.full(len(alive), _ALIVE), life]),
            np.concatenate([np.full(len(alive), NO_DAY), since]),
        )
        return mistakes.duplicated(world, frame) if frame.rows else frame

    def _note_deaths(self, month: int, ym: int) -> None:
        """Most deaths are registered in their month, some one to four months late."""
        rng = self._world.rng
        died = self._world.events.of("died")
        days = first_day(ym) + rng.integers(0, 28, len(died))
        delay = np.where(rng.random(len(died)) < 0.15, rng.integers(1, 5, len(died)), 0)
        for late in range(5):
            mask = delay == late
            self._deaths[month + late].append((died[mask], days[mask]))


class PovertyOffice:
    """The yearly list of poor and near-poor households."""

    def __init__(self, world: World, outbox: Outbox) -> None:
        self._world, self._outbox = world, outbox

    def send(self, month: int, ym: int) -> None:
        """The list of the year: in January, and with the first delivery."""
        if month and ym % 12:
            return
        world = self._world
        here = living(world)
        households, first = np.unique(world.people.household[here], return_index=True)
        home = world.people.home[here[first]]
        luck = household_luck(households)
        poor = np.array([profile.poor for profile in world.profiles])[home]
        near = poor + np.array([profile.near_poor for profile in world.profiles])[home]
        escaped = near + 0.004
        kind = (luck >= poor).astype(np.int64) + (luck >= near) + (luck >= escaped)
        listed = np.flatnonzero(kind < 3)
        frame = Frame(
            {
                "household_id": text(household_ids(households[listed])),
                "year": same(month_text(ym)[:4], len(listed)),
                "category": choice(("poor", "near_poor", "escaped"), kind[listed]),
            }
        )
        self._outbox.deliver("poor_households", ym, [("ho_ngheo", frame, style_of("poor_households", month))])
