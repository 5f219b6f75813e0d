"""Encrypted DuckDB files: the engine's own AES-256-GCM, with the key as a bound value, never as SQL text.

Writing them takes OpenSSL, which DuckDB has in its ``httpfs`` extension; the file comes from the pinned package
``duckdb-extension-httpfs``, and its network file systems are switched off.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb

from sources.engine import Config, connect
from sources.errors import LabourdbError

CLOSED: Config = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_NETWORK = "HTTPFileSystem,S3FileSystem,HuggingFaceFileSystem"
_MARK = slice(8, 12)  # of a DuckDB file's header: "DUCK"
_FLAGS = slice(20, 28)  # after the storage version: bit 0 says that the file is encrypted


class WrongKey(LabourdbError):
    """The key at hand is not the one the database was encrypted with."""


def _extension() -> Path:
    try:
        return Path(
            str(
                files("duckdb_extension_httpfs")
                / "extensions"
                / f"v{duckdb.__version__}"
                / "httpfs.duckdb_extension"
            )
        )
    except ModuleNotFoundError:
        raise LabourdbError(
            "The package duckdb-extension-httpfs is missing, without which nothing can be encrypted."
            " Install what requirements.lock lists (make setup)."
        ) from None


@cache
def encryption_config() -> Config:
    """What ``duckdb.connect`` needs to be told so that ``load_encryption`` works there, spill files included.

    The extension's signature is checked here, once a process: at 0.4 s for each connection it would cost a
    small run more than the encryption does.
    """
    with connect(more=CLOSED) as connection:
        _load(connection)
    return {**CLOSED, "allow_unsigned_extensions": "true", "temp_file_encryption": "true"}


def load_encryption(connection: duckdb.DuckDBPyConnection) -> None:
    """Make a connection that was opened with ``encryption_config`` able to write encrypted files."""
    _load(connection)


def _load(connection: duckdb.DuckDBPyConnection) -> None:
    path = str(_extension()).replace("'", "''")
    try:
        connection.execute(f"load '{path}'")
        connection.execute(f"set disabled_filesystems = '{_NETWORK}'")
    except duckdb.Error as error:
        raise LabourdbError(
            f"DuckDB {duckdb.__version__} cannot load its encryption ({type(error).__name__}): {path}."
            " Install what requirements.lock lists (make setup)."
        ) from None


def is_encrypted(path: Path) -> bool:
    """Whether a DuckDB file says of itself that it is encrypted. Raises ``LabourdbError`` if it is no DuckDB file."""
    with path.open("rb") as stream:
        header = stream.read(_FLAGS.stop)
    if header[_MARK] != b"DUCK" or len(header) < _FLAGS.stop:
        raise damaged(path)
    return bool(int.from_bytes(header[_FLAGS], "little") & 1)


def damaged(path: Path) -> LabourdbError:
    """What to say of a database that fails its own authentication."""
    return LabourdbError(
        f"{path} is damaged or was altered by something else than labourdb. Put it back from your backup, with the"
        " key of that time; or move it away, keep the key, and run again: the landing area is read anew."
    )


def attach_encrypted(
    connection: duckdb.DuckDBPyConnection, path: Path, alias: str, key: str, read_only: bool = False
) -> None:
    """Attach an encrypted database, or make one. Raises ``WrongKey``, or ``LabourdbError`` if it is damaged."""
    place = str(path).replace("'", "''")
    mode = ", read_only" if read_only else ""
    try:
        connection.execute(f"attach '{place}' as {alias} (encryption_key $key{mode})", {"key": key})
    except duckdb.InvalidInputException as error:
        if "Wrong encryption key" in str(error):
            raise WrongKey(f"{path}: wrong key.") from None
        if is_forged(error):
            raise damaged(path) from None
        raise


def is_forged(error: BaseException) -> bool:
    """Whether the engine found a block that does not carry the tag its key gives it."""
    return isinstance(error, duckdb.Error) and "AES tag" in str(error)


@contextmanager
def private_files() -> Iterator[None]:
    """Files made in the block are for their owner alone (0600, folders 0700): databases, WAL, spill."""
    previous = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(previous)


def sync(path: Path) -> None:
    """Wait until a file, or what a folder lists, is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
