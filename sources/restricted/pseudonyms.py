"""Keyed pseudonyms of persons and of household businesses whose code is a citizen ID (SPEC §3), and the keys and factors
that draw the noise of what is published (SPEC §5).

The keys (``keys``) are used here, in Python, and never appear in SQL, in a model, in a log or in an error.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

import duckdb
import pandas as pd

from sources.errors import LabourdbError
from sources.restricted.keys import fingerprint, other_disclosure_key, wrong_key

BATCH = 100_000  # keys computed at once
LEAST_SHIFT, SHIFTS = (
    30_000,
    50_001,
)  # an employer's jobs are shown by 3 to 8 % too many or too few, in millionths


def _keyed(key: bytes, label: bytes, number: int) -> int:
    digest = hmac.digest(key, label + b"%d" % number, "sha256")
    return int.from_bytes(digest[:8], "big") >> 1


def record_key(disclosure_key: bytes, citizen_id: int) -> int:
    """The permanent record key of a person, 16 bits (SPEC §5, disclosure control)."""
    return int.from_bytes(hmac.digest(disclosure_key, b"person%d" % citizen_id, "sha256")[:2], "big")


def employer_factor(disclosure_key: bytes, employer_id: int) -> tuple[int, int]:
    """The permanent factor of an employer in millionths, 1 ± 3 to 8 %, and its record key (SPEC §5)."""
    digest = hmac.digest(disclosure_key, b"employer%d" % employer_id, "sha256")
    shift = LEAST_SHIFT + int.from_bytes(digest[:8], "big") % SHIFTS
    return 1_000_000 + (shift if digest[8] & 1 else -shift), int.from_bytes(digest[9:11], "big")


def assign_keys(connection: duckdb.DuckDBPyConnection, key: bytes, disclosure_key: bytes) -> None:
    """Give every new citizen ID of the register, and every new employer, its keyed hashes.

    Fills ``identity.person_keys`` (63-bit positive) and ``identity.employer_keys`` (personal codes alone; negative, so that
    it is never taken for a code), ``identity.record_keys`` and ``identity.employer_factors``. Raises ``LabourdbError`` if a
    key is not the one of earlier runs.
    """
    _check(connection, "key_check", key, wrong_key())
    _check(connection, "disclosure_key_check", disclosure_key, other_disclosure_key())
    _fill(
        connection,
        "person_keys",
        "select distinct citizen_id from landing.population"
        " where citizen_id not in (select citizen_id from identity.person_keys)",
        lambda rows: {"citizen_id": rows[0], "person_key": [_keyed(key, b"person", n) for n in rows[0]]},
    )
    _fill(
        connection,
        "record_keys",
        "select citizen_id, person_key from identity.person_keys"
        " where person_key not in (select person_key from identity.record_keys)",
        lambda rows: {"person_key": rows[1], "record_key": [record_key(disclosure_key, n) for n in rows[0]]},
    )
    _fill(
        connection,
        "employer_keys",
        "select employer_id from (select enterprise_id as employer_id from landing.enterprises"
        " union select employer_id from landing.social_insurance) where employer_id % 4 = 1"
        " and employer_id not in (select employer_id from identity.employer_keys)",
        lambda rows: {
            "employer_id": rows[0],
            "employer_key": [-_keyed(key, b"employer", n) - 1 for n in rows[0]],
        },
    )
    _fill(
        connection,
        "employer_factors",
        "select e.employer_id, coalesce(k.employer_key, e.employer_id) as employer_key"
        " from (select enterprise_id as employer_id from landing.enterprises"
        " union select employer_id from landing.social_insurance where employer_id is not null) as e"
        " left join identity.employer_keys as k using (employer_id)"
        " where coalesce(k.employer_key, e.employer_id) not in (select employer_key from identity.employer_factors)",
        lambda rows: _factors(disclosure_key, *rows),
    )


def _factors(disclosure_key: bytes, employers: list[int], keys: list[int]) -> dict[str, list[int]]:
    drawn = [employer_factor(disclosure_key, number) for number in employers]
    return {
        "employer_key": keys,
        "factor_millionths": [factor for factor, _ in drawn],
        "record_key": [key for _, key in drawn],
    }


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
    new: str,
    columns: Callable[[list[list[int]]], dict[str, list[int]]],
) -> None:
    """Put into a table what ``columns`` makes of the rows that the query ``new`` finds, given by column; in the order of the
    first, in batches: of a nation they would not fit into memory.
    """
    connection.execute(f"create or replace temp table new_rows as {new} order by 1")
    found = connection.execute("select count(*) from new_rows").fetchone()
    for first in range(0, int(found[0]) if found else 0, BATCH):
        rows = connection.execute(
            f"select * from new_rows where rowid >= {first} and rowid < {first + BATCH} order by rowid"
        ).fetchnumpy()
        given: list[list[int]] = [[int(n) for n in values] for values in rows.values()]
        frame = pd.DataFrame(columns(given))
        connection.register("new_keys", frame)
        connection.execute(f"insert into identity.{table} by name select * from new_keys")
        connection.unregister("new_keys")
    connection.execute("drop table new_rows")
