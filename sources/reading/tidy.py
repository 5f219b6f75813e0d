"""The value rules that hold for every text (SPEC §1): what shows nothing removed, NFC, white space collapsed, trimmed."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.characters import ANY_INVISIBLE, INVISIBLE

# white space of Unicode, the plain space apart
WHITE = "\t-\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_ANY_WHITE = re.compile(f"[{WHITE}]")
_RUNS = f"[ {WHITE}]+"


def tidy(values: pa.StringArray) -> pa.StringArray:
    """The same values, tidied. Looks at all bytes at once first: most columns need nothing."""
    data = _bytes(values)
    if data.size == 0 or (data.min() > 0x20 and data.max() < 0x80):
        return values
    text = data.tobytes()
    odd_white = bool(data.min() < 0x20)
    if data.max() >= 0x80:
        decoded = text.decode()
        if ANY_INVISIBLE.search(decoded) is not None:  # before NFC: they keep letters from composing
            values = pc.replace_substring_regex(values, f"[{INVISIBLE}]+", "")
            decoded = _bytes(values).tobytes().decode()
        if not unicodedata.is_normalized("NFC", decoded):
            values = pc.utf8_normalize(values, form="NFC")
        odd_white = odd_white or _ANY_WHITE.search(decoded) is not None
    if odd_white or b"  " in text:
        values = pc.replace_substring_regex(values, _RUNS, " ")
    if b" " in text or odd_white:
        values = pc.utf8_trim(values, " ")
    return values


def _bytes(values: pa.StringArray) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """The bytes of all values one after another, as they lie in memory."""
    _, offsets, data = values.buffers()
    if data is None or len(values) == 0:
        return np.empty(0, dtype=np.uint8)
    bounds = np.frombuffer(offsets, dtype=np.int32, count=len(values) + 1, offset=4 * values.offset)
    return np.frombuffer(data, dtype=np.uint8)[bounds[0] : bounds[-1]]
