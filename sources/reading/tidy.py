"""The value rules that hold for every text (SPEC §1): what shows nothing removed, NFC, white space collapsed, trimmed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.characters import INVISIBLE

# white space of Unicode, the plain space apart
WHITE = "\t-\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_Bytes = np.ndarray[tuple[int], np.dtype[np.uint8]]
_Places = np.ndarray[tuple[int], np.dtype[np.integer]]
_STRANGE = np.arange(256) >= 0xC0  # a letter's first byte; U+00C0-01BF begin with C3 to C6
_STRANGE[0xC3:0xC7] = False
_RUNS = f"[ {WHITE}]+"


def tidy(values: pa.StringArray) -> pa.StringArray:
    """The same values, tidied. Looks at all bytes at once first: most columns, and most rows of the others, need nothing."""
    data = _bytes(values)
    if data.size == 0 or (data.min() > 0x20 and data.max() < 0x80):
        return values
    if data.max() >= 0x80:
        # what shows nothing goes before NFC: it keeps letters from composing
        values = _where(values, _strange(data), _mended)
        data = _bytes(values)
    if data.size and (data.min() < 0x20 or b"  " in data.tobytes()):
        values = pc.replace_substring_regex(values, _RUNS, " ")
    return _where(values, _at_an_end(values), lambda some: pc.utf8_trim(some, " "))


def _mended(values: pa.StringArray) -> pa.StringArray:
    """The values without what shows nothing, in NFC, their white space of Unicode plain spaces."""
    values = pc.replace_substring_regex(values, f"[{INVISIBLE}]+", "")
    return pc.replace_substring_regex(pc.utf8_normalize(values, form="NFC"), _RUNS, " ")


def _strange(data: _Bytes) -> _Places:
    """Where bytes stand that no composed Vietnamese letter has: letters of U+00C0-01BF and U+1E80-1EFF are as they should be.

    All else beyond ASCII is strange: letters that are not composed, what shows nothing, and white space of Unicode.
    """
    strange = _STRANGE[data]
    of_three = np.flatnonzero(data == 0xE1)
    strange[of_three] = data[of_three + 1] & 0xFE != 0xBA
    places: _Places = np.flatnonzero(strange)
    return places


def _at_an_end(values: pa.StringArray) -> _Places:
    """Where a value begins or ends with a space."""
    data, bounds = _bytes(values), _bounds(values) - _bounds(values)[0]
    filled = bounds[1:] > bounds[:-1]
    ends = np.concatenate([bounds[:-1][filled], bounds[1:][filled] - 1])
    places: _Places = ends[data[ends] == 0x20]
    return places


def _where(
    values: pa.StringArray, places: _Places, mended: Callable[[pa.StringArray], pa.StringArray]
) -> pa.StringArray:
    """The values, those mended that have a byte at one of the ``places``."""
    if places.size == 0:
        return values
    bounds = _bounds(values)
    rows = np.zeros(len(values), dtype=bool)
    rows[np.searchsorted(bounds - bounds[0], places, side="right") - 1] = True
    mask = pa.array(rows)
    return pc.replace_with_mask(values, mask, mended(values.filter(mask)))


def _bounds(values: pa.StringArray) -> _Places:
    """Where each value begins in the array's memory, and where the last one ends."""
    _, offsets, _ = values.buffers()
    return np.frombuffer(offsets, dtype=np.int32, count=len(values) + 1, offset=4 * values.offset)


def _bytes(values: pa.StringArray) -> _Bytes:
    """The bytes of all values one after another, as they lie in memory."""
    _, _, data = values.buffers()
    if data is None or len(values) == 0:
        return np.empty(0, dtype=np.uint8)
    bounds = _bounds(values)
    return np.frombuffer(data, dtype=np.uint8)[bounds[0] : bounds[-1]]
