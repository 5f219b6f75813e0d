"""Waivers: a person takes it upon them, for a reason and until a day, that a failed check does not block (SPEC §6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from expectations.rules import CheckRule
from sources.errors import LabourdbError

if TYPE_CHECKING:  # settings are read by every command, and few need what takes a while to import
    import pandas as pd

WAIVABLE_GATES = ("linkage", "publication")
DELIVERY = re.compile(r"[a-z_]+/[0-9]{4}-[0-9]{2}(?:\.r[0-9]+)?")


@dataclass(frozen=True)
class Waiver:
    """``check`` is an id of checks.yaml, ``object`` one of its objects (None: all of them); ``expires`` is its last day."""

    check: str
    reason: str
    person: str
    expires: date
    object: str | None = None

    def covers(self, check_id: str, name: str) -> bool:
        """Whether a line of the checks table is waived."""
        return self.check == check_id and self.object in (None, name)

    @property
    def text(self) -> str:
        """As the checks table and the report print it."""
        return f"{self.person}: {self.reason} (until {self.expires.isoformat()})"


def refuse_unusable(waivers: Iterable[Waiver], rules: Mapping[str, CheckRule], today: date) -> None:
    """Raise ``LabourdbError`` for the first waiver that is expired or waives what cannot be waived.

    Checks of gates 2 and 3 that have rows can be, and those of gate 1 that say so, of which the objects are
    deliveries: a check that did not run has found nothing that a person could answer for.
    """
    for waiver in waivers:
        rule = rules.get(waiver.check)
        if rule is None or not _is_waivable(rule):
            known = sorted(r.id for r in rules.values() if _is_waivable(r))
            raise LabourdbError(
                f"{waiver.check!r} cannot be waived: whether all checks ran, and what the models' own tests prove,"
                f" disclosure control among it, is nobody's to answer for. These can: {', '.join(known)}."
            )
        if rule.gate == "delivery":
            if waiver.object is not None and DELIVERY.fullmatch(waiver.object) is None:
                raise LabourdbError(
                    f"{waiver.check}: {waiver.object!r} is no delivery; name it as <source>/<YYYY-MM> or <source>/<YYYY-MM>.rN."
                )
        elif waiver.object is not None and waiver.object not in rule.objects:
            raise LabourdbError(
                f"{waiver.check} is not made of {waiver.object!r}, but of {', '.join(map(repr, rule.objects))}."
            )
        if not waiver.reason.strip() or not waiver.person.strip():
            raise LabourdbError(f"The waiver of {waiver.check} must name its reason and its person.")
        if waiver.expires < today:
            raise LabourdbError(
                f"The waiver of {waiver.check} by {waiver.person} expired on {waiver.expires.isoformat()}."
                " Mend what failed, or state it anew with a later day."
            )


def _is_waivable(rule: CheckRule) -> bool:
    if rule.waivable is not None:
        return rule.waivable
    return rule.gate in WAIVABLE_GATES and rule.rows is not None


def waive(checks: pd.DataFrame, waivers: Sequence[Waiver]) -> pd.DataFrame:
    """The checks table with a column ``waiver``: who waives a failed line and why, else null.

    A line that was not measured (status error) is never waived.
    """
    import pandas as pd

    texts = [
        next((w.text for w in waivers if failed and w.covers(check_id, name)), None)
        for check_id, name, failed in zip(
            checks["check_id"], checks["object"], checks["status"] == "failed", strict=True
        )
    ]
    return checks.assign(waiver=pd.array(texts, dtype="string"))
