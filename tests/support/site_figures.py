"""Figures and targets as pages of the site take them, made by hand for tests of rules and pictures."""

from __future__ import annotations

from typing import Any

from releases.site.figures import Figure
from releases.site.targets import Target


def figure(value: float | None, period: str = "2025", **more: Any) -> Figure:
    """A figure, released unless said otherwise."""
    return Figure(
        period, value, more.pop("count", None), more.pop("of", None), more.pop("status", "released"), **more
    )


def target(verdict: str = "not_met", value: float | None = 20.0, goal: float = 25.0, **more: Any) -> Target:
    """A target of at least 25 percent, missed by the registers' 20, unless said otherwise."""
    stated: dict[str, Any] = {
        "province": "30", "version": "2024", "plan": "P", "year": 2025, "indicator": "trained_share", "basis": "register",
        "cell": {"sex": "total", "age_group": "total", "urban_rural": "total"}, "comparator": ">=", "target": goal, "value": value,
        "low": None, "high": None, "verdict": verdict, "other": None, "figure": None, "other_figure": None, "unit": "percent",
        "trend": (), "name": ("Qua đào tạo", "Trained"), "other_name": ("Qua đào tạo", "Trained"),
    }  # fmt: skip
    return Target(**(stated | more))
