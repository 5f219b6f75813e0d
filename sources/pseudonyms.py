"""Keyed pseudonyms of persons and of household businesses whose code is a citizen ID (SPEC §3).

The key comes from ``LABOURDB_KEY`` or from a file of mode 0600 made on the first run. It is used here, in
Python, and never appears in SQL, in a model, in a log or in an error.
"""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

import duckdb
import pandas as pd

from sources.errors import LabourdbError

KEY_VARIABLE = "LABOURDB_KEY"
MINIMUM_LENGTH = 32


def load_key(folder: Path) -> bytes:
    """The secret key: from the environment, else from ``<folder>/person.key``, which is made if absent.

    Raises ``LabourdbError`` if the key is too short or its file can be read by others.
    """
    stated = os.environ.get(KEY_VARIABLE)
    if stated is not None:
        if len(stated) < MINIMUM_LENGTH:
            raise LabourdbError(
                f"{KEY_VARIABLE} is shorter than {MINIMUM_LENGTH} characters. Set a longer key."
            )
        return stated.encode()
    path = folder / "person.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = folder / f".person.key.{os.getpid()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_hex(32))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    if path.stat().st_mode & 0o077:
        raise LabourdbError(f"{path} can be read by others. Set its mode to 0600.")
    text = path.read_text().strip()
    if len(text) < MINIMUM_LENGTH:
        raise LabourdbError(
            f"{path} holds no usable key. Put the key back from your backup; no new one is made."
        )
    return text.encode()


def _keyed(key: bytes, label: bytes, number: int) -> int:
    digest = hmac.digest(key, label + b"%d" % number, "sha256")
    return int.from_bytes(digest[:8], "big") >> 1


def assign_keys(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Give every new citizen ID of the register, and every new personal employer code, its keyed hash.

    Fills ``identity.person_keys`` (63-bit positive) and ``identity.employer_keys`` (negative, so that it is
    never taken for a code). Raises ``LabourdbError`` if the key is not the one of earlier runs.
    """
    fingerprint = hmac.digest(key, b"labourdb key check", "sha256").hex()
    known = connection.execute("select fingerprint from identity.key_check").fetchone()
    if known is None:
        connection.execute("insert into identity.key_check values (?)", [fingerprint])
    elif known[0] != fingerprint:
        raise LabourdbError(
            "The key is not the one this home was built with: pseudonyms would no longer match."
            f" Put the right key back (file person.key in the restricted zone, or {KEY_VARIABLE})."
        )
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
