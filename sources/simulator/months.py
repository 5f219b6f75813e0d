"""Months as running numbers (12 a year, January is 0), days as numbers since 1970, the Tết calendar."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

#: First day of the lunar new year; people leave their jobs before it and take new ones after.
TET: dict[int, str] = {
    2018: "2018-02-16", 2019: "2019-02-05", 2020: "2020-01-25", 2021: "2021-02-12", 2022: "2022-02-01",
    2023: "2023-01-22", 2024: "2024-02-10", 2025: "2025-01-29", 2026: "2026-02-17", 2027: "2027-02-06",
    2028: "2028-01-26", 2029: "2029-02-13", 2030: "2030-02-03",
}  # fmt: skip

#: The month from which the new list of areas (and two tiers of government) is in force.
NEW_AREAS_FROM = 2025 * 12 + 6


def parse_month(text: str) -> int:
    """``YYYY-MM`` as a running number; a ValueError says what is wrong."""
    parts = text.split("-")
    if len(parts) != 2 or not all(part.isdigit() for part in parts) or not 1 <= int(parts[1]) <= 12:
        raise ValueError(f"a month is written YYYY-MM, not {text!r}")
    return int(parts[0]) * 12 + int(parts[1]) - 1


def month_text(ym: int) -> str:
    """The running number as ``YYYY-MM``."""
    return f"{ym // 12:04d}-{ym % 12 + 1:02d}"


def first_day(ym: int) -> int:
    """The month's first day, as days since 1970-01-01."""
    return int(np.datetime64(month_text(ym), "D").astype(np.int64))


def last_day(ym: int) -> int:
    """The month's last day, as days since 1970-01-01."""
    return first_day(ym + 1) - 1


def month_of(days: Array) -> Array:
    """The running month of each day."""
    return days.astype("M8[D]").astype("M8[M]").astype(np.int64) + 1970 * 12


def day_of_month(days: Array) -> Array:
    """The day of the month (1 to 31) of each day."""
    dates = days.astype("M8[D]")
    day: Array = (dates - dates.astype("M8[M]").astype("M8[D]")).astype(np.int64) + 1
    return day


def swap_day_and_month(days: Array) -> Array:
    """3 August becomes 8 March; days after the 12th stay as they are."""
    day = day_of_month(days)
    month = month_of(days)
    swapped = ((month // 12 - 1970) * 12 + day - 1).astype("M8[M]").astype("M8[D]").astype(np.int64)
    return np.where(day <= 12, swapped + month % 12, days)


def is_tet(ym: int) -> bool:
    """Whether the lunar new year (or the days just after it) falls into the month."""
    date = TET.get(ym // 12)
    return date is not None and date.startswith(month_text(ym))


def area_version(ym: int) -> str:
    """The version of the list of areas in force in the month."""
    return "2025" if ym >= NEW_AREAS_FROM else "2024"
