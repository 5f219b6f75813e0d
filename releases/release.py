"""Releases: immutable folders that appear whole or not at all, and the pointer to the newest (SPEC §7)."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from releases.database.names import Naming
from releases.database.write import write_database
from releases.disclosure import NOT_PROTECTED
from releases.ledger import note
from releases.tables import RELEASED, sha256
from releases.verdict import confirmed_verdict
from releases.withdraw import Withdrawal, record_withdrawal, withdrawals
from sources.errors import LabourdbError, UsageError
from sources.modes import make_folder

NAME = re.compile(r"^(\d{4}Q[1-4])\.(\d+)$")
CURRENT = "current"
REPORT = "quality/report.html"
EXPECTATIONS = "quality/expectations.html"
MANIFEST = "manifest.json"
FILES = "files.sha256"  # the SHA-256 of every file of a release, as sha256sum writes and checks it

Figures = Literal["noisy", "exact", "hidden"]


class DamagedManifest(LabourdbError, ValueError):
    """A manifest that does not read as one."""


@dataclass(frozen=True)
class Release:
    """A published release."""

    id: str
    path: Path

    @property
    def order(self) -> tuple[str, int]:
        """Period, then number: the newest release is the greatest."""
        match = NAME.match(self.id)
        assert match is not None
        return match[1], int(match[2])

    @property
    def manifest(self) -> dict[str, Any]:
        """The release's manifest; raises ``DamagedManifest`` if it is none."""
        path = self.path / MANIFEST
        try:
            loaded = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            loaded = None
        if not isinstance(loaded, dict):
            raise DamagedManifest(
                f"{path} is damaged: it does not read as a manifest. Put the release back from your backup."
            )
        return loaded


def figures_of(manifest: Mapping[str, Any]) -> Figures:
    """How a release shows what was counted: with noise, exactly, or, as earlier versions did, exactly with small figures
    hidden.
    """
    if manifest.get("protection") == NOT_PROTECTED:
        return "exact"
    return "noisy" if "noise_sha256" in manifest.get("disclosure", {}) else "hidden"


def list_releases(folder: Path) -> list[Release]:
    """Every release in ``folder``, withdrawn ones too, oldest first by period and number."""
    if not folder.is_dir():
        return []
    found = [Release(p.name, p) for p in folder.iterdir() if NAME.match(p.name) and p.is_dir()]
    return sorted(found, key=lambda r: r.order)


def standing_releases(folder: Path) -> list[Release]:
    """Every release in ``folder`` that is not withdrawn, oldest first by period and number."""
    withdrawn = withdrawals(folder)
    return [r for r in list_releases(folder) if r.id not in withdrawn]


def find_release(folder: Path, release_id: str) -> Release:
    """The release of that identifier, withdrawn or not; raises ``UsageError`` naming those there are."""
    releases = list_releases(folder)
    for release in releases:
        if release.id == release_id:
            return release
    known = f"known are {', '.join(r.id for r in releases)}" if releases else "there is none yet"
    raise UsageError(f"No release {release_id!r} in {folder}: {known}.")


def current_release(folder: Path) -> Release | None:
    """The release that ``current`` points to, if any.

    Should it point to a withdrawn one, because the withdrawal was killed half-way: the one it should point to.
    """
    link = folder / CURRENT
    if not (link.is_symlink() and link.exists()):
        return None
    pointed = Release(link.resolve().name, link.resolve())
    if pointed.id not in withdrawals(folder):
        return pointed
    standing = standing_releases(folder)
    return standing[-1] if standing else None


def standing_release(folder: Path) -> Release:
    """The current release; raises ``UsageError`` where none stands."""
    release = current_release(folder)
    if release is None:
        raise UsageError(f"No release stands in {folder}. Make one with `labourdb run --as-of YYYYQn`.")
    return release


def latest_of(folder: Path, period: str) -> Release | None:
    """The last release of one period that is not withdrawn, if any."""
    of_period = [r for r in standing_releases(folder) if r.order[0] == period]
    return of_period[-1] if of_period else None


def next_id(folder: Path, period: str, remembered: Iterable[str] = ()) -> str:
    """The identifier the next release of ``period`` gets: no number is used twice, not even one that was withdrawn, or
    ``remembered`` though its folder is gone.
    """
    used = {r.id for r in list_releases(folder)} | set(withdrawals(folder)) | set(remembered)
    numbers = [int(match[2]) for match in map(NAME.match, used) if match and match[1] == period]
    return f"{period}.{max(numbers, default=0) + 1}"


def point_current(folder: Path) -> Release | None:
    """Point ``current`` to the newest release that is not withdrawn, in one step; without one, remove it.

    Mends a pointer left behind by a kill.
    """
    releases = standing_releases(folder)
    link = folder / CURRENT
    if not releases:
        if link.is_symlink():
            link.unlink()
            _sync(folder)
        return None
    newest = releases[-1]
    if not (link.is_symlink() and str(link.readlink()) == newest.id):
        temporary = folder / f".{CURRENT}"
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(newest.id)
        temporary.replace(link)
        _sync(folder)
    return newest


def withdraw(folder: Path, release_id: str, reason: str) -> tuple[Withdrawal, Release | None]:
    """Record that a release is withdrawn and move ``current`` off it; the release itself stays as it is (SPEC §8).

    Returns the withdrawal and the release that is current from now on. Raises ``UsageError`` for an
    unknown release, one that is withdrawn already, and an empty reason; then nothing is changed, but for a
    ``current`` that a kill left behind.
    """
    find_release(folder, release_id)
    reason = reason.strip()
    if not reason:
        raise UsageError(f"Say with --reason why {release_id} is withdrawn; it is kept beside the release.")
    before = withdrawals(folder).get(release_id)
    if before is not None:
        point_current(folder)
        raise UsageError(f"{release_id} is withdrawn already, by {before.by} at {before.at}: {before.reason}")
    withdrawal = record_withdrawal(folder, release_id, reason)
    _sync(folder)
    return withdrawal, point_current(folder)


def refuse_withdrawn(folder: Path, period: str, fingerprint: str) -> None:
    """Raise ``LabourdbError`` if a withdrawn release of ``period`` was made from the same, by its fingerprint.

    Deliveries, settings and code decide what is published: the same again would bring back what was withdrawn.
    """
    withdrawn = withdrawals(folder)
    for release in reversed(list_releases(folder)):
        if (
            release.order[0] == period
            and release.id in withdrawn
            and release.manifest.get("fingerprint") == fingerprint
        ):
            raise LabourdbError(
                f"This would publish {release.id} again, which {withdrawn[release.id].by} withdrew at"
                f" {withdrawn[release.id].at}: {withdrawn[release.id].reason}\nDeliveries, settings and code are the"
                " same. Mend the deliveries (send a revision) or the settings first; nothing was published."
            )


Pages = Callable[[Path, Mapping[str, Any]], None]  # writes pages into a release's folder, given its manifest


def no_pages(release: Path, manifest: Mapping[str, Any]) -> None:
    """A release without a site."""


def publish(
    folder: Path,
    candidates: Path,
    release_id: str,
    facts: Mapping[str, Any],
    pages: Pages = no_pages,
    ledger: Path | None = None,
    naming: Naming | None = None,
) -> Release:
    """Publish the judged candidate tables as ``<folder>/<release_id>``.

    ``facts`` are the manifest's entries beside tables and time; ``naming`` names codes, and describes what the database
    holds. The stored verdict is confirmed for exactly the
    tables that are copied. The release is built under a hidden name, with its report and its ``pages``, noted in the
    ``ledger``, and renamed into place.
    """
    from releases.quality.facts import (
        release_facts,  # what only a run that publishes needs takes a while to import
    )
    from releases.quality.page import expectations_page, quality_page

    verdict = confirmed_verdict(candidates, release_id, facts["fingerprint"])
    make_folder(folder, 0o755)
    for stale in folder.glob(".building-*"):
        shutil.rmtree(stale)
    building = folder / f".building-{release_id}"
    tables = building / "tables"
    tables.mkdir(parents=True)
    for table in RELEASED:
        shutil.copyfile(candidates / f"{table}.parquet", tables / f"{table}.parquet")
        if sha256(tables / f"{table}.parquet") != verdict.tables[table]:
            raise LabourdbError(f"Table {table} changed while it was copied: nothing is released. Run again.")
    said = {
        "release_id": release_id,
        "files_listed": True,  # in files.sha256, which a release without this entry is older than
        **facts,
        **({"in_ledger": True} if ledger is not None else {}),
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    written = write_database(tables, building / "labour.duckdb", naming, said)
    manifest = {
        **said,
        "tables": {t: {"sha256": verdict.tables[t], "rows": written.tables[t]} for t in RELEASED},
        "dimensions": written.dimensions,
        "views": written.views,
    }
    (building / MANIFEST).write_text(
        json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    quality = building / "quality"
    quality.mkdir()
    facts_of_quality = release_facts(building, manifest)
    (building / REPORT).write_text(quality_page(facts_of_quality), encoding="utf-8")
    if facts_of_quality["suites"]:
        (building / EXPECTATIONS).write_text(expectations_page(facts_of_quality), encoding="utf-8")
    pages(building, manifest)
    _list_files(building)
    for path in sorted(building.rglob("*")):
        _sync(path)
        path.chmod(
            0o444 if path.is_file() else 0o755
        )  # whatever the umask: for all to read, for nobody to change
    building.chmod(0o755)
    _sync(building)
    if ledger is not None:
        _note(ledger, folder, building, release_id)
    building.rename(folder / release_id)
    _sync(folder)
    point_current(folder)
    return Release(release_id, folder / release_id)


def _note(ledger: Path, folder: Path, building: Path, release_id: str) -> None:
    """Note a release in the ledger before it appears; a new ledger begins with those that are there already."""
    lists = {release_id: sha256(building / FILES)}
    if not ledger.exists():
        earlier = {r.id: r.path / FILES for r in list_releases(folder)}
        lists = {name: sha256(path) for name, path in earlier.items() if path.is_file()} | lists
    note(ledger, lists)


def _list_files(building: Path) -> None:
    names = sorted(p.relative_to(building).as_posix() for p in building.rglob("*") if p.is_file())
    lines = [f"{sha256(building / name)}  {name}\n" for name in names]
    (building / FILES).write_text("".join(lines), encoding="utf-8")


def listed_files(release: Path) -> dict[str, str] | None:
    """SHA-256 by name of every file of a release, or nothing of a release older than its list of files."""
    try:
        lines = (release / FILES).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    except ValueError:  # no text: nothing that lies there is listed
        return {}
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
