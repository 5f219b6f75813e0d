"""The page for readers of a release, docs/query.md: what it tells them to type, by language."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "query.md"
CURRENT = "data/releases/current"  # where the page says a release lies


def blocks(language: str, release: Path | None = None) -> list[str]:
    """Every block of a language (what follows its opening marks), of the release at hand instead of the page's."""
    found = re.findall(rf"```{re.escape(language)}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [b.replace(CURRENT, str(release)) if release else b for b in found]


def texts_of_digits() -> list[str]:
    """The columns that the page tells readers of CSV and the workbook to name as texts."""
    (named,) = re.findall(r"dtype=\{(.*?)\}", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return re.findall(r'"(\w+)": str', named)
