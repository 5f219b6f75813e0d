"""Keyed pseudonyms of persons and of household businesses whose code is a citizen ID (SPEC §3).

The key (``keys``) is used here, in Python, and never appears in SQL, in a model, in a log or in an error.
"""

from __future__ import annotations

import hmac

import duckdb
import pandas as pd

from sources.keys import fingerprint, wrong_key


def _keyed(key: bytes, label: bytes, number: int) -> int:
    digest = hmac.digest(key, label + b"%d" % number, "sha256")
    return int.from_bytes(digest[:8], "big") >> 1


def assign_keys(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Give every new citizen ID of the register, and every new personal employer code, its keyed hash.

    Fills ``identity.person_keys`` (63-bit positive) and ``identity.employer_keys`` (negative, so that it is
    never taken for a code). Raises ``LabourdbError`` if the key is not the one of earlier runs.
    """
    own = fingerprint(key)
    known = connection.execute("select fingerprint from identity.key_check").fetchone()
    if known is None:
        connection.execute("insert into identity.key_check values (?)", [own])
    elif known[0] != own:
        raise wrong_key()
    persons = [
        number
        for (number,) in connection.execute(
            "select distinct citizen_id from landing.population"
            " where citizen_id not in (select citizen_id from identity.person_keys) order by 1"
        ).fetchall()
    ]
    _insert(
        connection,
        "person_keys",
        "citizen_id",
        "person_key",
        persons,
        [_keyed(key, b"person", n) for n in persons],
    )
    employers = [
        number
        for (number,) in connection.execute(
            "select employer_id from (select enterprise_id as employer_id from landing.enterprises"
            " union select employer_id from landing.social_insurance) where employer_id % 4 = 1"
            " and employer_id not in (select employer_id from identity.employer_keys) order by 1"
        ).fetchall()
    ]
    keys = [-_keyed(key, b"employer", n) - 1 for n in employers]
    _insert(connection, "employer_keys", "employer_id", "employer_key", employers, keys)


def _insert(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    id_name: str,
    key_name: str,
    ids: list[int],
    keys: list[int],
) -> None:
    if ids:
        connection.register("new_keys", pd.DataFrame({id_name: ids, key_name: keys}))
        connection.execute(f"insert into identity.{table} select {id_name}, {key_name} from new_keys")
        connection.unregister("new_keys")
