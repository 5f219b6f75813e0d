"""What agencies get wrong about a person: lost, mistyped, garbled and exchanged IDs, old cards, dates, spellings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.simulator.frames import Column, Frame, birth, only_year, sex, text
from sources.simulator.identifiers import change_a_digit, other_number, padded
from sources.simulator.months import Array, day_of_month, month_of, swap_day_and_month
from sources.simulator.names import CAPITALS, DECOMPOSED, PLAIN
from sources.simulator.settings import AGENCIES, MistakeRates
from sources.simulator.world import World, pick


@dataclass(frozen=True)
class Recorded:
    """How an agency holds some persons: ID (0 if none), whether that is an old card, date, spelling."""

    citizen: Array
    nine: Array
    birth: Array
    form: Array

    def of(self, rows: Array) -> Recorded:
        """The records at these positions."""
        return Recorded(self.citizen[rows], self.nine[rows], self.birth[rows], self.form[rows])


def record(
    world: World,
    persons: Array,
    rates: MistakeRates = AGENCIES,
    pairs: Array | None = None,
    cards: bool = True,
) -> Recorded:
    """Records of the persons with mistakes; the exchanged are neighbours unless pairs are given."""
    people, rng = world.people, world.rng
    count = len(persons)
    citizen = people.citizen[persons].copy()
    luck = rng.random(count)
    missing = luck < rates.missing_id
    mistyped = rates.missing_id + rates.wrong_digit
    wrong = np.flatnonzero((luck >= rates.missing_id) & (luck < mistyped))
    garbled = np.flatnonzero((luck >= mistyped) & (luck < mistyped + rates.garbled_id))
    nine = np.zeros(count, dtype=bool)
    holders = people.card[persons] > 0
    if cards and holders.any():
        share = min(0.25, rates.nine_digits / holders.mean())
        nine = holders & (luck > 1 - share)
    swapped = _pairs(rng, count, rates.swapped_ids) if pairs is None else pairs
    left, right = swapped[::2], swapped[1::2]
    citizen[left], citizen[right] = citizen[right].copy(), citizen[left].copy()
    citizen[wrong] = change_a_digit(citizen[wrong], rng, 12)
    citizen[garbled] = other_number(citizen[garbled])
    citizen[nine] = people.card[persons[nine]]
    citizen[missing] = 0
    days = people.birth[persons].astype(np.int64)
    ambiguous = (day_of_month(days) <= 12) & (day_of_month(days) != month_of(days) % 12 + 1)
    turned = ambiguous & (rng.random(count) < rates.day_and_month / 0.37)
    days[turned] = swap_day_and_month(days[turned])
    bare = rng.random(count) < rates.year_only
    days[bare] = only_year(month_of(days[bare]) // 12)
    luck = rng.random(count)
    form = np.where(luck < rates.decomposed, DECOMPOSED, np.where(luck > 1 - rates.capitals, CAPITALS, PLAIN))
    return Recorded(citizen, nine, days, form.astype(np.int8))


def _pairs(rng: np.random.Generator, count: int, rate: float) -> Array:
    firsts = np.flatnonzero(rng.random(count // 2) < rate) * 2
    return np.column_stack([firsts, firsts + 1]).ravel()


def far_pairs(world: World, candidates: Array, rate: float) -> Array:
    """Random pairs among the candidates."""
    half = round(len(candidates) * rate / 2)
    return world.rng.permutation(pick(world.rng, candidates, 2 * half))


def id_texts(citizen: Array, nine: Array) -> pa.Array:
    """IDs as texts of 12 digits, old cards of 9, missing ones empty."""
    texts = padded(citizen, 12)
    if nine.any():
        texts = pc.if_else(pa.array(nine), padded(citizen, 9), texts)
    return pc.if_else(pa.array(citizen > 0), texts, pa.scalar(None, pa.string()))


def identity(world: World, persons: Array, recorded: Recorded) -> dict[str, Column]:
    """The columns that say who somebody is."""
    people = world.people
    return {
        "citizen_id": text(id_texts(recorded.citizen, recorded.nine)),
        "full_name": text(world.names.texts(people.name[persons], recorded.form)),
        "birth_date": birth(recorded.birth),
        "sex": sex(people.sex[persons]),
    }


def duplicated(world: World, frame: Frame, rate: float = AGENCIES.duplicates) -> Frame:
    """The rows with some of them twice, the second one a little further down."""
    count = frame.rows
    twice = np.flatnonzero(world.rng.random(count) < rate)
    if not len(twice):
        return frame
    position = np.concatenate([np.arange(count) * 2, (twice + world.rng.integers(0, 50, len(twice))) * 2 + 1])
    rows = np.concatenate([np.arange(count), twice])[np.argsort(position, kind="stable")]
    return frame.take(rows)


def without_zeros(
    world: World, frame: Frame, columns: tuple[str, ...], rate: float = AGENCIES.lost_zeros
) -> Frame:
    """A stretch of rows that went through a spreadsheet, which took the leading zeros of these columns."""
    count = frame.rows
    length = int(count * rate)
    if length == 0:
        return frame
    start = int(world.rng.integers(0, count - length + 1))
    changed = {}
    for name in columns:
        values = frame.columns[name].values
        values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        stretch = pc.utf8_ltrim(values.slice(start, length), "0")
        changed[name] = text(
            pa.concat_arrays([values.slice(0, start), stretch, values.slice(start + length)])
        )
    return frame.replace(**changed)


def commune_codes(world: World, places: Array, ym: int, old_codes: float = AGENCIES.old_codes) -> pa.Array:
    """Commune codes of the list in force; after 2025-07 a few are still those of the old list."""
    table = world.reference.places
    index = pa.array(places)
    if ym < 2025 * 12 + 6:
        return pc.take(table.old_code, index)
    stale = pa.array(world.rng.random(len(places)) < old_codes)
    return pc.if_else(stale, pc.take(table.old_code, index), pc.take(table.new_code, index))


def province_codes(
    world: World, places: Array, ym: int, old_codes: float = AGENCIES.old_provinces
) -> pa.Array:
    """Province codes of the list in force, with a few of the old list after 2025-07."""
    table = world.reference.places
    numbers = table.old_province[places].astype(np.int64)
    if ym >= 2025 * 12 + 6:
        stale = world.rng.random(len(places)) < old_codes
        numbers = np.where(stale, numbers, table.new_province[places])
    return pc.take(_PROVINCES, pa.array(numbers))


_PROVINCES = pa.array([f"{number:02d}" for number in range(100)])
