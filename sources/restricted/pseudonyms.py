"""Keyed pseudonyms of persons and of household businesses whose code is a citizen ID (SPEC §3), and the keys and factors
that draw the noise of what is published (SPEC §5).

The keys (``keys``) are used here, in Python, and never appear in SQL, in a model, in a log or in an error.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sources.errors import LabourdbError
from sources.restricted.keys import fingerprint, other_disclosure_key, wrong_key

LEAST_SHIFT, SHIFTS = (
    30_000,
    50_001,
)  # an employer's jobs are shown by 3 to 8 % too many or too few, in millionths
BLOCK, INNER, OUTER = 64, 0x36, 0x5C  # of HMAC with SHA-256 (RFC 2104)
BATCH = 200_000  # numbers that are hashed at a time

_Numbers = npt.NDArray[np.int64]
_Digests = npt.NDArray[np.uint8]


def _digests(key: bytes, label: bytes, numbers: _Numbers) -> _Digests:
    """HMAC-SHA-256 of ``label`` and each number as text, 32 bytes a row.

    As ``hmac.digest`` gives it, but the key is made ready once, not for every number.
    """
    sha256 = hashlib.sha256
    ready = (sha256(key).digest() if len(key) > BLOCK else key).ljust(BLOCK, b"\0")
    inner, outer = bytes(b ^ INNER for b in ready) + label, bytes(b ^ OUTER for b in ready)
    found = b"".join([sha256(outer + sha256(inner + b"%d" % n).digest()).digest() for n in numbers.tolist()])
    return np.frombuffer(found, np.uint8).reshape(-1, 32)


def _begin(digests: _Digests, kind: str, start: int = 0) -> npt.NDArray[np.integer]:
    """The number that stands in each digest from byte ``start`` on, as numpy calls its ``kind``; the first byte is the greatest."""
    size = np.dtype(kind).itemsize
    return np.ascontiguousarray(digests[:, start : start + size]).view(kind).ravel()


def _keyed(key: bytes, label: bytes, numbers: _Numbers) -> _Numbers:
    return (_begin(_digests(key, label, numbers), ">u8") >> 1).astype(np.int64)


def record_keys(disclosure_key: bytes, citizen_ids: _Numbers) -> _Numbers:
    """The permanent record keys of persons, 16 bits each (SPEC §5, disclosure control)."""
    return _begin(_digests(disclosure_key, b"person", citizen_ids), ">u2").astype(np.int64)


def employer_factors(disclosure_key: bytes, employer_ids: _Numbers) -> tuple[_Numbers, _Numbers]:
    """The permanent factors of employers in millionths, 1 ± 3 to 8 %, and their record keys (SPEC §5)."""
    digests = _digests(disclosure_key, b"employer", employer_ids)
    shifts = LEAST_SHIFT + (_begin(digests, ">u8") % SHIFTS).astype(np.int64)
    signed = np.where(digests[:, 8] & 1, shifts, -shifts)
    return 1_000_000 + signed, _begin(digests, ">u2", 9).astype(np.int64)


def assign_keys(connection: duckdb.DuckDBPyConnection, key: bytes, disclosure_key: bytes) -> None:
    """Give every new citizen ID of the register, and every new employer, its keyed hashes.

    Fills ``identity.person_keys`` (63-bit positive) and ``identity.employer_keys`` (personal codes alone; negative, so that
    it is never taken for a code), ``identity.record_keys`` and ``identity.employer_factors``; where it is cut short, the
    next call gives the rest theirs. Raises ``LabourdbError`` if a key is not the one of earlier runs.
    """
    _check(connection, "key_check", key, wrong_key())
    _check(connection, "disclosure_key_check", disclosure_key, other_disclosure_key())
    _fill(
        connection,
        "person_keys",
        "select distinct citizen_id from landing.population"
        " where citizen_id not in (select citizen_id from identity.person_keys) order by 1",
        lambda persons: {"citizen_id": persons, "person_key": _keyed(key, b"person", persons)},
    )
    _fill(
        connection,
        "record_keys",
        "select citizen_id, person_key from identity.person_keys"
        " where person_key not in (select person_key from identity.record_keys) order by person_key",
        lambda citizens, persons: {
            "person_key": persons,
            "record_key": record_keys(disclosure_key, citizens),
        },
    )
    _fill(
        connection,
        "employer_keys",
        "select employer_id from (select enterprise_id as employer_id from landing.enterprises"
        " union select employer_id from landing.social_insurance) where employer_id % 4 = 1"
        " and employer_id not in (select employer_id from identity.employer_keys) order by 1",
        lambda personal: {"employer_id": personal, "employer_key": -_keyed(key, b"employer", personal) - 1},
    )

    def factors(numbers: _Numbers, employers: _Numbers) -> dict[str, _Numbers]:
        factor, record = employer_factors(disclosure_key, numbers)
        return {"employer_key": employers, "factor_millionths": factor, "record_key": record}

    _fill(
        connection,
        "employer_factors",
        "select e.employer_id, coalesce(k.employer_key, e.employer_id) as employer_key"
        " from (select enterprise_id as employer_id from landing.enterprises"
        " union select employer_id from landing.social_insurance where employer_id is not null) as e"
        " left join identity.employer_keys as k using (employer_id)"
        " where coalesce(k.employer_key, e.employer_id) not in (select employer_key from identity.employer_factors)"
        " order by 1",
        factors,
    )


def confirm_disclosure_key(connection: duckdb.DuckDBPyConnection, disclosure_key: bytes) -> bool:
    """Whether the connection's restricted database has noted this disclosure key; False if it has noted none.

    Raises ``LabourdbError`` if it is another one.
    """
    return _noted(connection, "disclosure_key_check", disclosure_key, other_disclosure_key())


def _check(connection: duckdb.DuckDBPyConnection, table: str, key: bytes, wrong: LabourdbError) -> None:
    """Note the fingerprint of a key, or raise ``wrong`` if another one is noted."""
    if not _noted(connection, table, key, wrong):
        connection.execute(f"insert into identity.{table} values (?)", [fingerprint(key)])


def _noted(connection: duckdb.DuckDBPyConnection, table: str, key: bytes, wrong: LabourdbError) -> bool:
    known = connection.execute(f"select fingerprint from identity.{table}").fetchone()
    if known is not None and known[0] != fingerprint(key):
        raise wrong
    return known is not None


def _fill(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    query: str,
    made: Callable[..., dict[str, _Numbers]],
) -> None:
    """Insert what ``made`` makes of the columns of ``query``, which are numbers; ``BATCH`` rows at a time."""
    connection.execute(f"create or replace temp table unkeyed as {query}")
    rows = connection.execute("select count(*) from unkeyed").fetchone()
    for start in range(0, rows[0] if rows else 0, BATCH):
        found = connection.execute(
            "select * from unkeyed where rowid >= ? and rowid < ?", [start, start + BATCH]
        ).to_arrow_table()
        connection.register("new_keys", pa.table(made(*(c.to_numpy() for c in found.columns))))
        connection.execute(f"insert into identity.{table} by name select * from new_keys")
        connection.unregister("new_keys")
    connection.execute("drop table unkeyed")
