"""What the statistics office publishes: survey rates with intervals, GRDP, employment, both area versions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sources.calendar import quarter_label, quarter_of_month
from sources.simulator.frames import Frame, date, text
from sources.simulator.months import first_day
from sources.simulator.outbox import Outbox
from sources.simulator.settings import Profile, Trend
from sources.simulator.styles import style_of
from sources.simulator.world import World

_COUNTRY = Profile(
    weight=100.0,
    labour_force=0.525,
    unemployment=0.0222,
    underemployment=0.019,
    agriculture=Trend(0.331, 0.265),
    certified=Trend(0.241, 0.283),
    insured=Trend(0.326, 0.400),
    voluntary=Trend(0.022, 0.045),
    unemployment_insured=Trend(0.268, 0.308),
    grdp_2020=5_005_000.0,
    grdp_growth=0.058,
)
#: What the merged province adds to the old one's product and employment.
_MERGED = {"30": 2.75, "19": 1.21}
#: From administrative sources: published without an interval.
_COUNTED = ("si_coverage", "si_voluntary_share", "ui_coverage", "retrained_share")
_ALWAYS = (
    ("unemployment_rate", "total", "total", "total"),
    ("participation_rate", "total", "total", "total"),
    ("agriculture_share", "total", "total", "total"),
    ("trained_certificate_share", "total", "total", "total"),
)
_SLUMP = {2020: 1.0, 2021: 0.985}


@dataclass(frozen=True)
class _Area:
    version: str
    code: str
    profile: Profile
    factor: float
    spread: float


def _share(indicator: str, profile: Profile, ym: int, age_group: str, urban_rural: str) -> float:
    """The survey's figure (percent) before its sampling error."""
    if indicator == "unemployment_rate":
        rate = profile.unemployment * {"total": 1.0, "working_age": 1.08, "15-24": 2.7}.get(age_group, 1.0)
        return 100 * rate * {"total": 1.0, "urban": 1.3, "rural": 0.87}[urban_rural]
    if indicator == "underemployment_rate":
        rate = profile.underemployment * {"total": 1.0, "working_age": 0.97, "15-24": 1.5}.get(age_group, 1.0)
        return 100 * rate * {"total": 1.0, "urban": 0.6, "rural": 1.2}[urban_rural]
    certified = profile.certified.at(ym)
    values = {
        "agriculture_share": profile.agriculture.at(ym),
        "trained_certificate_share": certified,
        "trained_share": certified + profile.trained_otherwise * (1 - certified),
        "retrained_share": 0.205 + 0.006 * (ym / 12 - 2021),
        "si_coverage": profile.insured.at(ym),
        "si_voluntary_share": profile.voluntary.at(ym),
        "ui_coverage": profile.unemployment_insured.at(ym),
        "si_satisfaction": min(0.97, 0.82 + 0.009 * (ym / 12 - 2021)),
        "participation_rate": 0.665,
    }
    return 100 * values.get(indicator, 0.5)


class StatisticsOffice:
    """The statistics office: years in December, quarters in their last month, the past at once."""

    def __init__(self, world: World, outbox: Outbox) -> None:
        self._world, self._outbox = world, outbox
        cells = {
            (t["indicator"], t["sex"], t["age_group"], t["urban_rural"])
            for t in world.reference.targets
            if t["indicator"] != "labour_productivity_growth"
        }
        self._cells = sorted(cells | set(_ALWAYS))
        self._areas = [_Area(version, "VN", _COUNTRY, 1.0, 0.15) for version in ("2024", "2025")]
        new = world.reference.new_provinces
        for code, profile in zip(world.provinces, world.profiles, strict=True):
            self._areas.append(_Area("2024", code, profile, 1.0, 1.0))
            merged = _Area("2025", new.get(code, code), profile, _MERGED.get(code, 1.5), 0.9)
            if all(area.code != merged.code or area.version != "2025" for area in self._areas):
                self._areas.append(merged)

    def send(self, month: int, ym: int) -> None:
        """Whatever is published in the month."""
        rows: list[dict[str, str | int | None]] = []
        if month == 0:
            for year in range(2020, ym // 12):
                rows += self._year(year, min(first_day(year * 12 + 11) + 28, first_day(ym) + 4))
            for quarter in range(max(2020 * 4, ym // 3 - 4), ym // 3):
                rows += self._quarter(quarter * 3 + 2, first_day(quarter * 3 + 2) + 28)
        if ym % 3 == 2:
            rows += self._quarter(ym, first_day(ym) + 28)
        if ym % 12 == 11:
            rows += self._year(ym // 12, first_day(ym) + 28)
        if not rows:
            return
        published = np.array([row.pop("published_on") for row in rows], dtype=np.int64)
        columns = {name: text(pa.array([row[name] for row in rows], pa.string())) for name in rows[0]}
        frame = Frame({**columns, "published_on": date(published)})
        self._outbox.deliver(
            "official_statistics", ym, [("so_lieu_thong_ke", frame, style_of("official_statistics", month))]
        )

    def _year(self, year: int, day: int) -> list[dict[str, str | int | None]]:
        rows = list(self._rates(str(year), year * 12 + 11, day))
        for area in self._areas:
            profile = area.profile
            if area.version == "2025" and year < 2020:
                continue
            growth = (1 + profile.grdp_growth) ** (year - 2020) * _SLUMP.get(year, 0.99)
            grdp = profile.grdp_2020 * growth * area.factor
            employed = profile.weight * 1e6 * profile.labour_force * (1 - profile.unemployment) * area.factor
            employed *= 1 + 0.004 * (year - 2020)
            rows.append(_row("grdp_constant_2010", area, str(year), f"{grdp:.1f}", "billion_vnd", day))
            if year % 2:
                rows.append(
                    _row(
                        "employed_average", area, str(year), f"{employed / 1000:.1f}", "thousand_persons", day
                    )
                )
            else:
                rows.append(_row("employed_average", area, str(year), f"{employed:.0f}", "person", day))
        return rows

    def _quarter(self, ym: int, day: int) -> list[dict[str, str | int | None]]:
        return list(self._rates(quarter_label(quarter_of_month(ym)), ym, day, yearly=False))

    def _rates(
        self, period: str, ym: int, day: int, yearly: bool = True
    ) -> Iterator[dict[str, str | int | None]]:
        rng = self._world.rng
        for area in self._areas:
            for indicator, sex, age_group, urban_rural in self._cells:
                if not yearly and indicator in ("si_satisfaction", "retrained_share"):
                    continue
                value = _share(indicator, area.profile, ym, age_group, urban_rural)
                spread = area.spread * (0.05 * min(value, 100 - value) ** 0.8 + 0.12)
                spread *= (2.0 if age_group == "15-24" else 1.0) * (1.4 if urban_rural != "total" else 1.0)
                spread *= 1.0 if yearly else 1.6
                value = max(0.1, value + float(rng.normal(0, spread / 4)))
                low, high = f"{max(0.0, value - spread):.2f}", f"{min(100.0, value + spread):.2f}"
                counted = indicator in _COUNTED
                yield _row(
                    indicator,
                    area,
                    period,
                    f"{value:.2f}",
                    "percent",
                    day,
                    (sex, age_group, urban_rural),
                    (None, None) if counted else (low, high),
                )


def _row(
    indicator: str,
    area: _Area,
    period: str,
    value: str,
    unit: str,
    day: int,
    cell: tuple[str, str, str] = ("total", "total", "total"),
    interval: tuple[str | None, str | None] = (None, None),
) -> dict[str, str | int | None]:
    sex, age_group, urban_rural = (None if word == "total" else word for word in cell)
    return {
        "indicator": indicator,
        "area_version": area.version,
        "area_code": area.code,
        "period": period,
        "sex": sex,
        "age_group": age_group,
        "urban_rural": urban_rural,
        "value": value,
        "ci_low": interval[0],
        "ci_high": interval[1],
        "unit": unit,
        "source": "Cục Thống kê",
        "published_on": day,
    }
