"""The secrets of a home: the key from which come the pseudonyms and the encryption, and the disclosure key.

It stands in ``LABOURDB_KEY`` or, without that, in ``<restricted>/person.key`` (0600; a link may point to another
disk), which is made on the first run and never again: a lost key is an error. ``labourdb rekey`` puts the next one
into ``person.key.next`` until the database is encrypted with it.

The disclosure key draws the noise of what is published (SPEC §5). It outlives every other key, or two releases would show
the same counts with different noise: ``LABOURDB_DISCLOSURE_KEY`` or ``<restricted>/disclosure.key`` (0600), made on the
first run from the key then in force, and kept by ``labourdb rekey``.
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets
from pathlib import Path

from sources.errors import LabourdbError
from sources.restricted.encryption import WrongKey, sync

KEY_VARIABLE = "LABOURDB_KEY"
NEW_KEY_VARIABLE = "LABOURDB_NEW_KEY"
DISCLOSURE_KEY_VARIABLE = "LABOURDB_DISCLOSURE_KEY"
DISCLOSURE_KEY_FILE = "disclosure.key"
MINIMUM_LENGTH = 32


class LostKey(LabourdbError):
    """There is no key, though there is something it was used for."""


def key_from_environment(variable: str = KEY_VARIABLE) -> bytes | None:
    """The key as the environment states it, if it does; raises ``LabourdbError`` if it is too short."""
    stated = os.environ.get(variable)
    if stated is not None and len(stated) < MINIMUM_LENGTH:
        raise LabourdbError(f"{variable} is shorter than {MINIMUM_LENGTH} characters. Set a longer key.")
    return None if stated is None else stated.encode()


def key_file(folder: Path) -> Path:
    """Where the key file of a restricted zone lies: where ``person.key`` points to, if it is a link."""
    return (folder / "person.key").resolve()


def next_key_file(folder: Path) -> Path:
    """Where the next key waits until the database is encrypted with it."""
    path = key_file(folder)
    return path.with_name(path.name + ".next")


def load_key(folder: Path, may_make: bool = False) -> bytes:
    """The secret in force: from the environment, else from the key file, made if absent and ``may_make``.

    Raises ``LostKey`` if there is none, ``LabourdbError`` if it is too short or its file can be read by others.
    """
    stated = key_from_environment()
    if stated is not None:
        return stated
    path = key_file(folder)
    if not path.exists():
        if not may_make or (folder / "person.key").is_symlink():
            raise LostKey(
                f"The key of this home is not there: neither {KEY_VARIABLE} nor {path}. Put it back from your backup;"
                " without it the restricted database can be read by nobody. No new key is made for data that has one."
                " If the key is lost for good: move restricted.duckdb away and run again; the landing area is read"
                " anew, under new pseudonyms."
            )
        write_key(path, secrets.token_hex(32))
    return read_key(path)


def read_key(path: Path) -> bytes:
    """A key file's secret; raises ``LabourdbError`` if others can read it, or if it holds none."""
    if path.stat().st_mode & 0o077:
        raise LabourdbError(f"{path} can be read by others. Set its mode to 0600.")
    text = path.read_text().strip()
    if len(text) < MINIMUM_LENGTH:
        raise LabourdbError(
            f"{path} holds no usable key. Put the key back from your backup; no new one is made."
        )
    return text.encode()


def write_key(path: Path, text: str) -> None:
    """Put a secret into a file of mode 0600, whole or not at all, and wait until it is on disk."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    sync(path.parent)


def take_next_key(folder: Path) -> None:
    """Make the next key the one in force."""
    next_key_file(folder).replace(key_file(folder))
    sync(key_file(folder).parent)


def load_disclosure_key(folder: Path, secret: bytes, may_make: bool = True) -> bytes:
    """The disclosure key of a restricted zone: from the environment, else from its file, else made from ``secret``, the key
    in force, if ``may_make``. Nothing is written: ``keep_disclosure_key`` does, when it is known to be the right one.

    Raises ``LostKey`` if there is none, ``LabourdbError`` if it is too short or its file can be read by others.
    """
    stated = key_from_environment(DISCLOSURE_KEY_VARIABLE)
    if stated is not None:
        return stated
    path = folder / DISCLOSURE_KEY_FILE
    if path.exists():
        return read_key(path)
    if not may_make:
        raise LostKey(
            f"The disclosure key of this home is not there: neither {DISCLOSURE_KEY_VARIABLE} nor {path}. Its releases were"
            " protected with it; under another one every published count would be drawn anew, and two releases together would"
            " show more than each alone. Put it back from your backup. Nothing was changed."
        )
    return hmac.digest(secret, b"labourdb disclosure", "sha256").hex().encode()


def keep_disclosure_key(folder: Path, disclosure_key: bytes) -> None:
    """Write the disclosure key that was made into its file, unless it is there or comes from the environment."""
    path = folder / DISCLOSURE_KEY_FILE
    if key_from_environment(DISCLOSURE_KEY_VARIABLE) is None and not path.exists():
        write_key(path, disclosure_key.decode())


def other_disclosure_key() -> LabourdbError:
    """What to say where the disclosure key at hand is not the one earlier releases were made with."""
    return LabourdbError(
        "The disclosure key is not the one this home's releases were protected with: every published count would be drawn"
        f" anew, and two releases together would show more than each alone. Put {DISCLOSURE_KEY_FILE} of the restricted zone"
        f" (or {DISCLOSURE_KEY_VARIABLE}) back from your backup. Nothing was changed."
    )


def encryption_key(secret: bytes) -> str:
    """The key of the restricted database, 256 bits in base64; it tells nothing of the pseudonyms' key."""
    return base64.b64encode(hmac.digest(secret, b"labourdb restricted database", "sha256")).decode()


def fingerprint(secret: bytes) -> str:
    """What tells whether two secrets are the same without telling either."""
    return hmac.digest(secret, b"labourdb key check", "sha256").hex()


def wrong_key() -> WrongKey:
    """What to say where the key at hand is not the home's."""
    return WrongKey(
        "The key is not the one this home was built with: its restricted database cannot be read, and pseudonyms would no"
        f" longer match. Put the right key back (file person.key in the restricted zone, or {KEY_VARIABLE}; after"
        " `labourdb rekey` that is the new one). Nothing was changed."
    )
