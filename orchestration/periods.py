"""Quarters as the run counts them: 4 * year + quarter - 1."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date

from orchestration.settings import UsageError


def quarter_number(label: str) -> int:
    """Number of a ``YYYYQn`` label; raises ``UsageError`` for anything else."""
    if not re.fullmatch(r"(19|20|21)\d{2}Q[1-4]", label):
        raise UsageError(f"{label!r} is not a quarter. Write it as YYYYQn, for example 2025Q4.")
    return int(label[:4]) * 4 + int(label[5]) - 1


def quarter_label(number: int) -> str:
    """``YYYYQn`` of a quarter number."""
    return f"{number // 4}Q{number % 4 + 1}"


def reference_month(quarter: int) -> int:
    """Month number (12 * year + month - 1) of a quarter's last month."""
    return quarter * 3 + 2


def quarter_of_month(month: int) -> int:
    """Quarter number that holds a month number."""
    return month // 3


def last_day(month: int) -> date:
    """Last calendar day of a month number."""
    year, index = divmod(month, 12)
    return date(year, index + 1, monthrange(year, index + 1)[1])


def reference_date(quarter: int) -> date:
    """Last calendar day of a quarter."""
    return last_day(reference_month(quarter))
