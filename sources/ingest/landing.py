"""The landing area: which deliveries lie there, and whether their files are what they claim (SPEC §1)."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sources.calendar import month_number
from sources.contract import all_sources
from sources.errors import LabourdbError, UnreadableFile
from sources.plain import escaped, printable

FORMATS = (".csv", ".csv.gz", ".parquet", ".xlsx", ".jsonl", ".jsonl.gz")
FOLDER = re.compile(r"^(\d{4})-(0[1-9]|1[0-2])(?:\.r([1-9]\d*))?$")
NOTE = "delivery.json"
# left behind by operating systems, office programs and transfers that did not end (SPEC §1)
LITTER = re.compile(
    r"(?:\.|~\$).*|.*\.(?:tmp|part)|(?:eh)?thumbs\.db|desktop\.ini|__MACOSX", re.IGNORECASE | re.DOTALL
)
MAX_FILES = 1_000
MAX_REVISION = 1_000
MOST_HASHED = 100 << 30  # a sparse file says any size and would keep the run reading
LONGEST_NOTE = 4 << 20
LONGEST_AGENCY = 200
_LINK = "{}: a link out of the landing area, which is not followed. Put what it means here itself."


@dataclass(frozen=True)
class Delivery:
    """One agency's files for one month: ``revision`` 1 is the first, ``.rN`` is revision N."""

    source: str
    period: str
    revision: int
    path: Path
    areas: tuple[Path, ...] = ()

    @property
    def area(self) -> tuple[Path, ...]:
        """The folders its links may not lead out of: the landing area, unless others were given."""
        return self.areas or (self.path.parent.parent,)

    @property
    def key(self) -> int:
        """Number that orders a source's deliveries by month, then revision."""
        return month_number(self.period) * 1024 + self.revision

    @property
    def name(self) -> str:
        """``source/period`` or ``source/period.rN``, as the folder is called."""
        return f"{self.source}/{self.path.name}"


@dataclass(frozen=True)
class FileState:
    """What tells a changed file: its stat first, its hash where the stat differs."""

    name: str
    size: int
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True)
class DeliveryNote:
    """What delivery.json says, as far as it says it."""

    agency: str | None = None
    area_version: str | None = None
    synthetic: bool = False
    decimal: str | None = None  # the sign that decimals have, where numbers may mean either
    files: dict[str, dict[str, Any]] | None = None


def find_deliveries(landing: Path) -> tuple[list[Delivery], list[str]]:
    """Deliveries under ``landing`` in source, month, revision order, and what was not recognised there.

    A folder without files has not arrived yet: it is named among the unrecognised and left alone.
    Raises ``LabourdbError`` if a folder cannot be listed.
    """
    try:
        return _find_deliveries(landing)
    except OSError as error:
        raise LabourdbError(
            f"{error.filename}: {error.strerror}. Mend the folder or its rights and run again."
        ) from None


def _find_deliveries(landing: Path) -> tuple[list[Delivery], list[str]]:
    found: list[Delivery] = []
    strange: list[str] = []
    known = set(all_sources())
    for source in sorted(p for p in landing.iterdir() if not p.name.startswith(".")):
        if source.name not in known or not source.is_dir():
            strange.append(f"{shown(source.name)}: not a source; known are {', '.join(sorted(known))}")
            continue
        if leads_out(source, (landing,)):
            strange.append(f"{source.name}: a link out of the landing area; put the folder itself here")
            continue
        for folder in sorted(p for p in source.iterdir() if not p.name.startswith(".")):
            label = f"{source.name}/{shown(folder.name)}"
            match = FOLDER.match(folder.name)
            if match is None or not folder.is_dir():
                strange.append(f"{label}: not a delivery folder; expected YYYY-MM or YYYY-MM.rN (N from 2)")
                continue
            revision = int(match[3]) if match[3] else 1
            if (match[3] and revision < 2) or revision > MAX_REVISION:
                strange.append(f"{label}: revisions run from .r2 to .r{MAX_REVISION}")
                continue
            if not leads_out(folder, (landing,)) and not visible_files(folder):
                strange.append(f"{label}: empty, nothing has arrived yet")
                continue
            found.append(Delivery(source.name, folder.name[:7], revision, folder))
    return sorted(found, key=lambda d: (d.source, d.key)), strange


def shown(name: str) -> str:
    """A file name as it can be stored and printed, also where it is not UTF-8 or would steer a terminal; in NFC, as names
    are compared.
    """
    return escaped(unicodedata.normalize("NFC", os.fsencode(name).decode(errors="backslashreplace")))


def is_litter(name: str) -> bool:
    """Whether a file of this name is no part of a delivery: hidden, or left behind by a program."""
    return LITTER.fullmatch(name) is not None


def leads_out(path: Path, area: Sequence[Path]) -> bool:
    """Whether a path, its links followed, lies in none of the folders of ``area``."""
    place = Path(os.path.realpath(path))
    return not any(place.is_relative_to(os.path.realpath(a)) for a in area)


def landed(folder: Path, area: Sequence[Path]) -> dict[str, Path]:
    """What lies in a delivery folder, by name as stored; of one that leads out of ``area`` the link alone."""
    if leads_out(folder, area):
        return {folder.name: folder}
    return {shown(p.name): p for p in visible_files(folder)}


def visible_files(folder: Path) -> list[Path]:
    """Everything in a delivery folder that belongs to the delivery, bytewise by name."""
    return _sorted(p for p in folder.iterdir() if not is_litter(p.name))


def ignored_files(folder: Path) -> list[str]:
    """Names of what lies in a delivery folder and is left alone."""
    return [shown(p.name) for p in _sorted(p for p in folder.iterdir() if is_litter(p.name))]


def _sorted(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=lambda p: (shown(p.name).encode(), os.fsencode(p.name)))


def data_files(delivery: Delivery) -> list[Path]:
    """The delivery's data files in name order; raises ``UnreadableFile`` for what cannot be one."""
    if leads_out(delivery.path, delivery.area):
        raise UnreadableFile(_LINK.format(delivery.path.name))
    files = [p for p in visible_files(delivery.path) if p.name != NOTE]
    if not files:
        raise UnreadableFile("holds no data file. Send the files.")
    if len(files) > MAX_FILES:
        raise UnreadableFile(f"holds {len(files)} files, more than {MAX_FILES}. Send fewer, larger files.")
    names: set[str] = set()
    for path in files:
        name = shown(path.name)
        if name != unicodedata.normalize("NFC", path.name):
            raise UnreadableFile(
                f"{name}: the file's name is not UTF-8, or holds characters that show nothing. Rename it."
            )
        if name in names:
            raise UnreadableFile(
                f"{name}: two files have this name, in two forms of Unicode. Send one of them."
            )
        names.add(name)
        if leads_out(path, delivery.area):
            raise UnreadableFile(_LINK.format(name))
        if path.is_dir():
            raise UnreadableFile(
                f"{name}: a folder, not a file. Put the files directly into the delivery folder."
            )
        if not name.lower().endswith(FORMATS):
            raise UnreadableFile(f"{name}: not one of {', '.join(FORMATS)}. Save it in one of these formats.")
        if not path.is_file():
            raise UnreadableFile(f"{name}: not a regular file. Put the file itself here.")
    return files


def file_states(delivery: Delivery) -> list[FileState]:
    """Stat of every visible file of the delivery, delivery.json included."""
    states = []
    for name, path in landed(delivery.path, delivery.area).items():
        follow = path.exists() and not leads_out(path, delivery.area)
        info = path.stat() if follow else path.lstat()
        states.append(FileState(name, info.st_size, info.st_mtime_ns, info.st_ctime_ns))
    return states


def sha256(path: Path, area: Sequence[Path] = ()) -> str:
    """Hex SHA-256 of a file's bytes; of a folder, of the names in it; of anything else, of what it is.

    Of what leads out of ``area``, and of a file nobody could have sent whole, that it is that: nothing of it is read.
    """
    if area and leads_out(path, area):
        return hashlib.sha256(str(stat.S_IFLNK).encode()).hexdigest()
    if path.is_dir():
        names = sorted(os.fsencode(p.name) for p in path.iterdir())
        return hashlib.sha256(b"\n".join(names)).hexdigest()
    if not path.is_file():  # reading a pipe would wait for ever
        return hashlib.sha256(str(stat.S_IFMT(path.lstat().st_mode)).encode()).hexdigest()
    if path.stat().st_size > MOST_HASHED:
        return hashlib.sha256(f"{path.stat().st_size} bytes".encode()).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_note(delivery: Delivery) -> DeliveryNote:
    """delivery.json, if there is one; raises ``UnreadableFile`` if it is unreadable or of another delivery."""
    path = delivery.path / NOTE
    if not path.exists():
        return DeliveryNote()
    if leads_out(path, delivery.area):
        raise UnreadableFile(_LINK.format(NOTE))
    if not path.is_file():
        raise UnreadableFile(f"{NOTE}: not a regular file. Mend it or leave it out.")
    if path.stat().st_size > LONGEST_NOTE:
        raise UnreadableFile(f"{NOTE}: larger than {LONGEST_NOTE >> 20} MiB. Mend it or leave it out.")
    try:
        note = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"{NOTE}: not readable as JSON ({error}). Mend it or leave it out.") from None
    if not _is_text(note):
        raise UnreadableFile(
            f"{NOTE}: holds half a character (a lone surrogate, \\ud800 to \\udfff). Mend it or leave it out."
        )
    if not isinstance(note, dict):
        raise UnreadableFile(f"{NOTE}: not one JSON object. Mend it or leave it out.")
    files = _listed_files(note.get("files"))
    if note.get("synthetic") not in (None, True, False):
        raise UnreadableFile(f"{NOTE}: synthetic is neither true nor false. Mend it.")
    for field, actual in (("source", delivery.source), ("period", delivery.period)):
        if note.get(field) is not None and note[field] != actual:
            raise UnreadableFile(
                f"{NOTE}: says {field} {_short(repr(note[field]))}, but the folder says {actual!r}. Move it or mend it."
            )
    version = note.get("area_version")
    if version is not None and str(version) not in ("2024", "2025"):
        raise UnreadableFile(
            f"{NOTE}: area_version {_short(repr(version))} is neither 2024 nor 2025. Mend it or leave it out."
        )
    decimal = note.get("decimal")
    if decimal not in (None, ",", "."):
        raise UnreadableFile(f'{NOTE}: decimal is neither "," nor ".". Mend it or leave it out.')
    agency = note.get("agency")
    if agency is not None and len(str(agency)) > LONGEST_AGENCY:
        raise UnreadableFile(f"{NOTE}: agency is longer than {LONGEST_AGENCY} characters. Mend it.")
    return DeliveryNote(
        None if agency is None else " ".join(printable(str(agency)).split()),
        None if version is None else str(version),
        note.get("synthetic") is True,
        decimal,
        files,
    )


def _is_text(value: Any) -> bool:
    """Whether every text in a JSON value can be written as UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"


def _few(names: Sequence[str]) -> str:
    """Some names out of a list that may be of any length."""
    more = len(names) - 10
    return ", ".join(_short(printable(n)) for n in names[:10]) + (f" and {more:,} more" if more > 0 else "")


def _listed_files(listed: Any) -> dict[str, dict[str, Any]] | None:
    """What the note says of each file, by name."""
    if listed is None:
        return None
    if not isinstance(listed, list) or not all(
        isinstance(f, dict) and isinstance(f.get("name"), str) for f in listed
    ):
        raise UnreadableFile(f"{NOTE}: files is not a list of objects with a name. Mend it or leave it out.")
    files = {unicodedata.normalize("NFC", f["name"]): f for f in listed}
    if len(files) != len(listed):
        raise UnreadableFile(f"{NOTE}: lists a file twice. Mend it or leave it out.")
    return files


def check_listed_files(note: DeliveryNote, files: list[Path], hashes: dict[str, str]) -> None:
    """Raise ``UnreadableFile`` if the note's list disagrees with the files in name or hash."""
    if note.files is None:
        return
    present = {shown(p.name) for p in files}
    listed = {name for name in note.files if not is_litter(name)}
    if present != listed:
        missing, extra = sorted(listed - present), sorted(present - listed)
        parts = [f"listed but absent: {_few(missing)}"] if missing else []
        parts += [f"present but not listed: {_few(extra)}"] if extra else []
        raise UnreadableFile(f"{NOTE}: {'; '.join(parts)}. Send what the list says, or a new list.")
    for name in listed:
        stated = note.files[name].get("sha256")
        if stated is not None and str(stated).lower() != hashes[name]:
            raise UnreadableFile(f"{name}: its SHA-256 is not the one {NOTE} states. Send the file again.")


def check_listed_rows(note: DeliveryNote, rows: dict[str, int]) -> None:
    """Raise ``UnreadableFile`` if the note states other row counts than were read."""
    for name, entry in (note.files or {}).items():
        stated = entry.get("rows")
        if stated is not None and name in rows and (stated != rows[name] or isinstance(stated, bool)):
            raise UnreadableFile(
                f"{name}: holds {rows[name]} rows, but {NOTE} states {_short(str(stated))}. Send the file again."
            )
