"""A new secret for a home: another encryption key, and with it another pseudonym for everybody. The disclosure key stays.

The order keeps the home usable wherever it ends, under one of the two secrets:

1. the next secret is written beside the one in force (not where secrets come from the environment);
2. a second database is put together, encrypted with the next secret, with what was read and new pseudonyms;
3. tables that hold old pseudonyms are removed (they can be built again);
4. the second database takes the place of the first: from here on the next secret is the home's;
5. the next secret takes the place of the old one. If that is missed, the next opening of the database does it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sources.engine import Limits, connect
from sources.errors import LabourdbError
from sources.restricted.database import (
    attach_restricted,
    create_schema,
    discard_unfinished,
    put_in_place,
    unfinished,
    zone_limits,
)
from sources.restricted.encryption import attach_encrypted, encryption_config, private_files
from sources.restricted.keys import (
    KEY_VARIABLE,
    NEW_KEY_VARIABLE,
    encryption_key,
    keep_disclosure_key,
    key_from_environment,
    load_disclosure_key,
    load_key,
    next_key_file,
    take_next_key,
    write_key,
)
from sources.restricted.pseudonyms import assign_keys, confirm_disclosure_key


class NoNewKey(LabourdbError):
    """The old key comes from the environment, so the new one must too, and it does not."""


@dataclass(frozen=True)
class Rekeyed:
    """How many persons and personal employers have a new pseudonym, and where the new secret is."""

    persons: int
    employers: int
    key: str


def new_secret() -> tuple[bytes, bool]:
    """The next secret, and whether it comes from the environment.

    Raises ``NoNewKey`` if it should and does not, or the other way round.
    """
    old, new = key_from_environment(), key_from_environment(NEW_KEY_VARIABLE)
    if old is None:
        if new is not None:
            raise NoNewKey(
                f"{NEW_KEY_VARIABLE} is set, but the key of this home is in its key file: a new one is made there. Take"
                f" the variable away; or, to keep the key in the environment, first put the present one into"
                f" {KEY_VARIABLE}, then rekey."
            )
        return secrets.token_hex(32).encode(), False
    if new is None or new == old:
        raise NoNewKey(
            f"The key of this home comes from {KEY_VARIABLE}: put another one into {NEW_KEY_VARIABLE}, and after the"
            f" rekey into {KEY_VARIABLE}."
        )
    return new, True


def rekey(
    folder: Path,
    remove_pseudonyms: Callable[[], None],
    tell: Callable[[str], None],
    limits: Limits | None = None,
) -> Rekeyed:
    """Give the restricted zone ``folder`` a new secret; the caller holds the home's lock.

    ``remove_pseudonyms`` removes what holds old ones outside the restricted zone; ``tell`` hears each step before it
    is done. Raises ``NoNewKey``, ``LostKey``, ``WrongKey``, and ``LabourdbError`` if the disclosure key is another one.
    """
    secret, from_environment = new_secret()
    with private_files():
        with connect(limits=zone_limits(folder, limits), more=encryption_config()) as connection:
            tell("open the restricted database")
            attach_restricted(connection, folder, alias="old")
            disclosure = load_disclosure_key(folder, load_key(folder))
            connection.execute("use old")
            create_schema(connection)  # what a version before disclosure control had not
            confirm_disclosure_key(connection, disclosure)
            keep_disclosure_key(folder, disclosure)
            if not from_environment:
                tell("write the new key beside the old one")
                write_key(next_key_file(folder), secret.decode())
            tell("copy what was read, under the new key")
            discard_unfinished(folder)
            attach_encrypted(connection, unfinished(folder), "new", encryption_key(secret))
            connection.execute("use new")
            create_schema(connection)
            _copy(connection)
            tell("compute new pseudonyms")
            assign_keys(connection, secret, disclosure)
            persons, employers = (_count(connection, t) for t in ("person_keys", "employer_keys"))
            connection.execute("checkpoint new; checkpoint old; use memory")
            connection.execute("detach new; detach old")
        tell("remove tables with old pseudonyms")
        remove_pseudonyms()
        tell("put the new database in place")
        put_in_place(folder)
        if not from_environment:
            tell("put the new key in place")
            take_next_key(folder)
        tell("done")
    return Rekeyed(persons, employers, NEW_KEY_VARIABLE if from_environment else str(folder / "person.key"))


def _copy(connection: duckdb.DuckDBPyConnection) -> None:
    """Every landing table, row by row in its order; what models made of them is built again by the next run."""
    tables = connection.execute(
        "select table_name from duckdb_tables() where database_name = 'old' and schema_name = 'landing' order by 1"
    ).fetchall()
    for (table,) in tables:
        connection.execute(f"insert into new.landing.{table} by name select * from old.landing.{table}")


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    found = connection.execute(f"select count(*) from new.identity.{table}").fetchone()
    return int(found[0]) if found else 0
