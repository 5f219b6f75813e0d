"""Pseudonyms are HMAC-SHA-256, whatever makes them fast: a home's earlier ones must be found again."""

import hmac

import numpy as np
import pytest

from sources.restricted.pseudonyms import LEAST_SHIFT, SHIFTS, _digests, employer_factors, record_keys

NUMBERS = np.array([0, 7, 1_095_012_345, 999_999_999_999, 40_000_000_004_001])


@pytest.mark.parametrize("length", [1, 32, 64, 65, 200])
def test_digests_are_those_of_the_standard_library(length: int) -> None:
    key = bytes(range(256))[-length:]
    expected = [hmac.digest(key, b"label%d" % n, "sha256") for n in NUMBERS.tolist()]
    assert [row.tobytes() for row in _digests(key, b"label", NUMBERS)] == expected


def test_record_keys_and_factors_are_read_off_the_digests() -> None:
    key = b"k" * 32
    of_persons = [hmac.digest(key, b"person%d" % n, "sha256") for n in NUMBERS.tolist()]
    assert record_keys(key, NUMBERS).tolist() == [int.from_bytes(d[:2], "big") for d in of_persons]
    of_employers = [hmac.digest(key, b"employer%d" % n, "sha256") for n in NUMBERS.tolist()]
    factors, keys = employer_factors(key, NUMBERS)
    shifts = [LEAST_SHIFT + int.from_bytes(d[:8], "big") % SHIFTS for d in of_employers]
    signs = [1 if d[8] & 1 else -1 for d in of_employers]
    assert factors.tolist() == [1_000_000 + sign * shift for sign, shift in zip(signs, shifts, strict=True)]
    assert keys.tolist() == [int.from_bytes(d[9:11], "big") for d in of_employers]
