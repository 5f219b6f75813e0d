"""Disclosure control of what a release shows (SPEC §5): noise at the finest counts, so that all that is published adds up.

Belongs here: the table of noise, and what is remembered of earlier releases. Not here: the noise itself, which is SQL
(``dbt_project/models/disclosure``, ``dbt_project/macros/noise.sql``), the keys that draw it (``sources.restricted.pseudonyms``), and the
checks that it holds (``expectations``).
"""

import hashlib
from pathlib import Path

PROTECTION = "DISCLOSURE-CONTROLLED"  # what a release says that went through disclosure control
NOT_PROTECTED = "INTERNAL – NOT PROTECTED"  # what one says that did not: [disclosure] off
FIVE = 5  # numbers of rows and of persons beside the tables are told to the nearest five
NOISE = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds" / "noise.csv"


def noise_sha256() -> str:
    """Hex SHA-256 of the table of noise, by which a release says what it was protected with."""
    return hashlib.sha256(NOISE.read_bytes()).hexdigest()


def nearest_five(count: int) -> int:
    """A number of rows or persons as it is told beside what is published (SPEC §5, about rows and checks)."""
    return FIVE * round(count / FIVE)
