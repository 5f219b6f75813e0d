"""Numbers as the authorities build them: citizen IDs, old cards, enterprise codes, insurance numbers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.simulator.months import Array

CHECK_WEIGHTS = np.array([31, 29, 23, 19, 17, 13, 7, 5, 3], dtype=np.int64)


def scatter(sequence: Array, modulus: int, multiplier: int, offset: int) -> Array:
    """Running numbers spread over ``0..modulus-1``, each once (multiplier odd, no multiple of 5)."""
    spread: Array = (sequence.astype(np.int64) * multiplier + offset) % modulus
    return spread


def rank_within(group: Array) -> Array:
    """0, 1, 2 … within each group, in order of appearance."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    counts = np.diff(np.concatenate([starts, [len(ordered)]]))
    ranks: Array = np.empty(len(group), dtype=np.int64)
    ranks[order] = np.arange(len(group)) - np.repeat(starts, counts)
    return ranks


def citizen_ids(birth_code: Array, birth_year: Array, sex: Array) -> Array:
    """Unique citizen IDs ``PPP C YY NNNNNN`` as integers; sex is 0 for male, 1 for female."""
    century = (birth_year // 100 - 19) * 2 + sex
    prefix = (birth_code.astype(np.int64) * 10 + century) * 100 + birth_year % 100
    return citizen_ids_at(prefix, rank_within(prefix))


def citizen_ids_at(prefix: Array, rank: Array) -> Array:
    """The citizen IDs that are issued as number ``rank`` (from 0) under the first six digits."""
    number = scatter(rank + prefix * 7919, 1_000_000, 611_953, 27_644)
    ids: Array = prefix * 1_000_000 + number
    return ids


def card_numbers(prefix: Array) -> Array:
    """Unique 9-digit numbers of the former identity card: two digits of the province and seven more."""
    number = scatter(rank_within(prefix), 10_000_000, 6_180_339, 1_234_567)
    cards: Array = prefix.astype(np.int64) * 10_000_000 + number
    return cards


def insurance_numbers(province: Array, shift: int = 0) -> Array:
    """Unique 10-digit social insurance numbers: two digits of the province and eight more."""
    number = scatter(np.arange(len(province)) + shift, 100_000_000, 38_196_601, 5_417_389)
    numbers: Array = province.astype(np.int64) * 100_000_000 + number
    return numbers


def check_digit(first_nine: Array) -> Array:
    """The last digit of an enterprise code; 10 means that the code is never issued."""
    digits = first_nine.astype(np.int64)[:, None] // 10 ** np.arange(8, -1, -1) % 10
    check: Array = 10 - (digits @ CHECK_WEIGHTS) % 11
    return check


def enterprise_codes(prefix: int, count: int, used: int = 0) -> Array:
    """``count`` valid 10-digit enterprise codes that begin with a province's two digits."""
    wanted = int(count * 1.2) + 20
    while True:
        first_nine = prefix * 10_000_000 + scatter(
            np.arange(used, used + wanted), 10_000_000, 1_732_051, 104_729
        )
        check = check_digit(first_nine)
        codes = (first_nine * 10 + check)[check < 10]
        if len(codes) >= count:
            return codes[:count]
        wanted *= 2


def padded(numbers: Array, width: int) -> pa.Array:
    """Integers as texts with their leading zeros."""
    return pc.utf8_lpad(pa.array(numbers.astype(np.int64)).cast(pa.string()), width, "0")


def change_a_digit(numbers: Array, rng: np.random.Generator, width: int) -> Array:
    """Each number with one digit replaced by another one."""
    power = 10 ** rng.integers(0, width, len(numbers))
    old = numbers // power % 10
    new = (old + rng.integers(1, 10, len(numbers))) % 10
    changed: Array = numbers + (new - old) * power
    return changed


def other_number(ids: Array) -> Array:
    """Each citizen ID with another running number: it agrees with sex and birth year, and is nearly always nobody's."""
    changed: Array = ids // 1_000_000 * 1_000_000 + (ids % 1_000_000 + 505_005) % 1_000_000
    return changed
