"""What goes wrong with input, as exceptions that say what, where and what to do."""

from __future__ import annotations


class LabourdbError(Exception):
    """Base of every error a person can act on; its text is shown as it stands."""


class UnreadableFile(LabourdbError):
    """A file that cannot be read as what its name says: the delivery it belongs to is refused."""


class ChangedDelivery(LabourdbError):
    """A delivery that differs from what was ingested before: the run stops (SPEC §1)."""
