"""Months and quarters as the product counts them: a month is 12 * year + month - 1, a quarter 4 * year + quarter - 1.

The models and the gates have the same two numbers; their labels are the macros of ``dbt_project/macros/codes.sql``.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date

from sources.errors import UsageError


def month_number(period: str) -> int:
    """Month number of a ``YYYY-MM`` label."""
    return int(period[:4]) * 12 + int(period[5:7]) - 1


def month_label(number: int) -> str:
    """``YYYY-MM`` of a month number."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def month_of(day: date) -> int:
    """Number of the month that holds a day."""
    return day.year * 12 + day.month - 1


def quarter_number(label: str) -> int:
    """Number of a ``YYYYQn`` label; raises ``UsageError`` for anything else."""
    if not re.fullmatch(r"(19|20|21)\d{2}Q[1-4]", label):
        raise UsageError(f"{label!r} is not a quarter. Write it as YYYYQn, for example 2025Q4.")
    return int(label[:4]) * 4 + int(label[5]) - 1


def quarter_label(number: int) -> str:
    """``YYYYQn`` of a quarter number."""
    return f"{number // 4}Q{number % 4 + 1}"


def reference_month(quarter: int) -> int:
    """Number of a quarter's last month."""
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
