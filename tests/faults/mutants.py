"""What every kind of mutant is made of: the good rows, odd values, and bytes scrambled by chance."""

from __future__ import annotations

import random
from dataclasses import dataclass

from support.ingestion import insured

COUNT = 20
# names and places that occur nowhere in the product, to be looked for in what it says
ROWS = [
    insured(i, full_name=f"Kwỵnh Thwảo {chr(65 + i)}", sex="male" if i % 2 else "Nam", citizen_id=f"001085{777_000 + i:06d}")
    for i in range(COUNT)
]  # fmt: skip
SECRETS = frozenset({"Kwỵnh", "Thwảo", "001085777", "1085777", "1985-03-02"})
ODD = (
    "", " ", "-", "NULL", "N/A", "0", "-1", "1e400", "NaN", "99999999999999999999", "31/02/2025", "1985-13-40", "0000-00-00",
    "45000", "29/02/1985", "1985", "03/1985", "=1+1", "'001085777000", "\u202e", "e\u0301", "🙂", "٣٤", "x" * 5_000, "true", "Có",
    "\u00a0", "\ufeff", "12:00", "2025-03", "2099-01", "\\", "\\N", "{}", "a\tb", "Kwỵnh",
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One mutated file."""

    kind: str
    content: bytes
    must: str | None = None
    starts: frozenset[int] | int | None = None


def scrambled(data: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, cut out, doubled, swapped or put in, or the end cut off."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 5, 40))):
        at, length = chance.randrange(len(changed)), chance.randrange(1, 30)
        match chance.randrange(8):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                changed[at] ^= 1 << chance.randrange(8)
            case 2:
                del changed[at : at + length]
            case 3:
                changed[at:at] = changed[at : at + length]
            case 4:
                changed[at:at] = chance.choice(
                    (
                        b'"',
                        b"\r",
                        b"\n",
                        b"\x00",
                        b",",
                        b"\xef\xbb\xbf",
                        b"{",
                        b"'",
                        b"\xff\xff\xff\x7f",
                        b'""',
                        b'"\n"',
                    )
                )
            case 5:
                other = chance.randrange(len(changed))
                low, high = sorted((at, other))
                length = min(length, high - low)
                one, two = changed[low : low + length], changed[high : high + length]
                changed[low : low + len(one)], changed[high : high + len(two)] = (
                    two[: len(one)],
                    one[: len(two)],
                )
            case 6:
                changed[at : at + length] = bytes(min(length, len(changed) - at))
            case _:
                if chance.random() < 0.3:
                    del changed[at:]
        if not changed:
            return b"\n"
    return bytes(changed)
