"""What goes wrong with input, as exceptions that say what, where and what to do."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("sources", "expectations", "releases", "orchestration")
LIBRARIES = "site-packages"  # whose lines are not ours, also where the product lies among them


class LabourdbError(Exception):
    """Base of every error a person can act on; its text is shown as it stands, its exit code is the command's (SPEC §8).

    ``facts`` stand beside its text where a command was asked for JSON.
    """

    exit_code = 1
    facts: Mapping[str, Any] = {}


class UsageError(LabourdbError):
    """What was asked cannot be meant: a setting, a quarter, a release that is not there, no reason given."""

    exit_code = 2


class UnreadableFile(LabourdbError):
    """A file that cannot be read as what its name says: the delivery it belongs to is refused."""


class ChangedDelivery(LabourdbError):
    """A delivery that differs from what was ingested before: the run stops (SPEC §1)."""


class UnforeseenError(Exception):
    """An error nobody foresaw, told by its kind and place alone (``place_of``); take it for a defect."""


def place_of(error: BaseException) -> str:
    """What kind of error it is and where in the product it arose, without its words: they may quote a row's values."""
    frames = traceback.extract_tb(error.__traceback__)
    below = [
        (Path(f.filename).relative_to(ROOT), f.lineno)
        for f in frames
        if Path(f.filename).is_relative_to(ROOT)
    ]
    own = [
        (p, n)
        for p, n in below
        if p.parts[0] in PACKAGES or (ROOT.name != LIBRARIES and LIBRARIES not in p.parts)
    ]
    if not own:
        return type(error).__name__
    return f"{type(error).__name__} in {own[-1][0]}, line {own[-1][1]}"
