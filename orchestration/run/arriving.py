"""What has come into the landing area since the last release, and whether it has come whole (SPEC §1)."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestration.home import Home
from releases.release import list_releases
from sources.calendar import month_number, quarter_label, quarter_of_month, reference_month
from sources.errors import UnreadableFile
from sources.ingest.landing import (
    Delivery,
    check_listed_files,
    data_files,
    read_note,
    sha256,
    shown,
)

SETTLED_SECONDS = 600  # a delivery that says nothing of its files is whole when it lay still so long
MISSED_SECONDS = (
    86_400  # one whose list names what is not there is waited for so long, then refused by the run
)
HASHING_SECONDS = 20.0  # one look hashes no longer: the rest is left to the next
WHOLE, UNLISTED = "whole", "unlisted"


@dataclass(frozen=True)
class Seen:
    """A delivery as one look found it: a digest of names, sizes and change times, since when it is so, and what its
    delivery.json says of its files: ``WHOLE``, ``UNLISTED``, else what is amiss; empty if that was not looked at yet.
    """

    state: str
    since: float
    listed: str = ""


@dataclass(frozen=True)
class Memory:
    """What one look leaves to the next: the deliveries a run was asked for, and those that were still coming."""

    asked: str = ""
    seen: dict[str, Seen] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str | None) -> Memory:
        """As ``written``; nothing is remembered of what another version wrote."""
        try:
            told = json.loads(text or "{}")
            return cls(str(told["asked"]), {name: Seen(*seen) for name, seen in told["seen"].items()})
        except (ValueError, TypeError, KeyError):
            return cls()

    def written(self) -> str:
        """One line of JSON."""
        seen = {name: [s.state, s.since, s.listed] for name, s in sorted(self.seen.items())}
        return json.dumps({"asked": self.asked, "seen": seen})


def last_delivered_quarter(deliveries: Sequence[Delivery]) -> str | None:
    """The last quarter whose reference month has a social insurance delivery."""
    months = [month_number(d.period) for d in deliveries if d.source == "social_insurance"]
    whole = [quarter_of_month(m) for m in months if m == reference_month(quarter_of_month(m))]
    return quarter_label(max(whole)) if whole else None


def after(deliveries: Sequence[Delivery], cut_off: int) -> list[Delivery]:
    """Deliveries of months after a cut-off: no release of that quarter is made from them, but agencies hear of them."""
    return [d for d in deliveries if month_number(d.period) > cut_off]


def released(home: Home) -> set[str]:
    """Folders of the deliveries that the newest release was made from or left out.

    A withdrawn one counts: the same deliveries would not be published again.
    Raises ``DamagedManifest`` if its manifest does not read as one.
    """
    releases = list_releases(home.releases)
    return {str(d["folder"]) for d in releases[-1].manifest["inputs"]} if releases else set()


def look(new: Sequence[Delivery], before: Memory, now: float) -> tuple[Memory, list[str]]:
    """Which of the new deliveries are still to be waited for, each with the reason, and what to remember of this look.

    ``now`` is in seconds. A delivery is whole if its delivery.json lists every file with its hash and that is what lies there; one
    without such a list, if it did not change for ``SETTLED_SECONDS``.
    """
    seen: dict[str, Seen] = {}
    waiting = []
    until = time.monotonic() + HASHING_SECONDS
    for delivery in new:
        state, known = _state(delivery), before.seen.get(delivery.name)
        if known is None or known.state != state:
            known = Seen(state, now)
        if not known.listed and time.monotonic() < until:
            known = Seen(state, known.since, _listed(delivery))
        known = Seen(state, min(known.since, now), known.listed)  # the clock may have been put back
        seen[delivery.name] = known
        still = now - known.since
        if known.listed in (WHOLE, ""):
            if not known.listed:
                waiting.append(f"{delivery.name}: its files are being compared with its delivery.json")
        elif known.listed != UNLISTED and still < MISSED_SECONDS:
            waiting.append(f"{delivery.name}: {known.listed}")
        elif still < SETTLED_SECONDS:
            waiting.append(f"{delivery.name}: has to lie still for {SETTLED_SECONDS // 60} minutes")
    return Memory(before.asked, seen), waiting


def digest(seen: Mapping[str, Seen]) -> str:
    """One name for a set of deliveries as they lie there."""
    states = sorted((name, found.state) for name, found in seen.items())
    return hashlib.sha256(json.dumps(states).encode()).hexdigest()[:16]


def _state(delivery: Delivery) -> str:
    """A digest of everything in the folder, half transfers and other litter too, that any writing changes.

    Copying programs can keep a file's modification time; its change time is the system's own.
    """
    facts = []
    for path in sorted([delivery.path, *delivery.path.iterdir()]):
        info = path.lstat()
        facts.append([shown(path.name), info.st_size, info.st_mtime_ns, info.st_ctime_ns])
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _listed(delivery: Delivery) -> str:
    """What delivery.json says of the files that lie there; what else is wrong with them is for the run to say."""
    try:
        note = read_note(delivery)
        files = data_files(delivery)
    except UnreadableFile:
        return UNLISTED
    if note.files is None:
        return UNLISTED
    stated = {name for name, file in note.files.items() if file.get("sha256") is not None}
    try:
        check_listed_files(
            note,
            files,
            {shown(p.name): sha256(p, delivery.area) if shown(p.name) in stated else "" for p in files},
        )
    except UnreadableFile as amiss:
        return str(amiss)
    return WHOLE if stated == set(note.files) else UNLISTED
