"""The quality report, and the page of expectations beside it, each one HTML page that needs nothing but itself: Vietnamese and English, offline, printable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from releases.pages.page import environment, style


def quality_page(facts: Mapping[str, Any]) -> str:
    """The page of a release's or a stopped run's facts, as ``releases.quality.facts`` computes them.

    Everything that comes from deliveries or settings is escaped; the page asks no other place for anything.
    """
    return environment().get_template("quality.html").render(f=facts, css=style(), quality="")


def expectations_page(facts: Mapping[str, Any]) -> str:
    """The page of the suites of published tables, of a release's facts that tell of them (``suites``)."""
    return environment().get_template("expectations.html").render(f=facts, css=style())
