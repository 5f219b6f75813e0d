"""Files of a home that are damaged: which they are, and what to do about each.

The engine says of a flipped byte what it says of a full disk, an input/output error, and seldom of which file. So where an
error may come from damage, the home's files are read through, and the damaged one is named.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb

from orchestration.home import Home
from releases.audit.verify import DATABASE
from releases.release import list_releases, listed_files
from releases.tables import sha256
from sources.engine import connect
from sources.errors import LabourdbError
from sources.restricted.database import DATABASE as RESTRICTED
from sources.restricted.encryption import attach_encrypted, damaged, encryption_config, load_encryption
from sources.restricted.keys import encryption_key, load_key

_WORDS = re.compile(
    r"corrupt|checksum|AES tag|not a valid DuckDB|could not read enough bytes|magic bytes|TProtocolException"
    r"|decompress|deserialize|is not a database|malformed|replaying WAL",
    re.IGNORECASE,
)
_KINDS = (duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException)


def may_be_damage(error: BaseException) -> bool:
    """Whether an error, or what it comes from, is one that a damaged file can cause."""
    cause: BaseException | None = error
    seen: set[int] = set()  # an error that was raised again while it was handled comes from itself
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if isinstance(cause, _KINDS):
            return True
        if isinstance(cause, (duckdb.Error, sqlite3.Error, LabourdbError)) and _WORDS.search(str(cause)):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def damage(home: Home, error: BaseException) -> LabourdbError | None:
    """What to say where an error comes from a damaged file of the home; nothing if no file is found to be."""
    if not may_be_damage(error):
        return None
    found = next(_damaged(home), None)
    if found is not None and str(error) == str(found):
        return None
    return found


def _damaged(home: Home) -> Iterator[LabourdbError]:
    restricted = home.restricted / RESTRICTED
    if restricted.exists() and not _reads(restricted, home):
        yield damaged(restricted)
    if home.database.exists() and not _reads(home.database):
        yield LabourdbError(
            f"{home.database} is damaged. Move it away and run again: it is built anew from the restricted database."
            " Nothing was published."
        )
    for path in sorted(home.dagster.rglob("*.db")) if home.dagster.is_dir() else []:
        if not _is_sound_history(path):
            yield LabourdbError(
                f"{path} is damaged: the history of runs, of which no figure is made. Move {home.dagster} away and run"
                " again. Nothing was published."
            )
    for release in list_releases(home.releases):
        for name, digest in (listed_files(release.path) or {}).items():
            path = release.path / name
            if name != DATABASE and path.is_file() and sha256(path) != digest:
                yield LabourdbError(
                    f"{path} is damaged or was changed. Put the release back from your backup;"
                    f" `labourdb verify {release.id}` names all that is not as published."
                )


def _reads(path: Path, restricted: Home | None = None) -> bool:
    """Whether every row of a database can be read; also true where that cannot be told, as of one in use."""
    try:
        config = encryption_config() if restricted is not None else {}
        with connect(more=config) as connection:
            if restricted is not None:
                load_encryption(connection)
                secret = encryption_key(load_key(restricted.restricted))
                attach_encrypted(connection, path, "probed", secret, read_only=True)
            else:
                place = str(path).replace("'", "''")
                connection.execute(f"attach '{place}' as probed (read_only)")
            for schema, table in connection.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'probed'"
            ).fetchall():
                connection.execute(f'select max(hash(t)) from probed."{schema}"."{table}" as t').fetchall()
    except (duckdb.Error, LabourdbError) as error:
        return not may_be_damage(error) and "damaged" not in str(error)
    return True


def _is_sound_history(path: Path) -> bool:
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return bool(connection.execute("pragma quick_check").fetchone() == ("ok",))
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        return not _WORDS.search(str(error))
