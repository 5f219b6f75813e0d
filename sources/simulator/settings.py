"""What the world is calibrated to: paths of the rates by province, and how often agencies err."""

from __future__ import annotations

from dataclasses import dataclass, field

END_OF_2020 = 2020 * 12 + 11


@dataclass(frozen=True)
class Trend:
    """A share that goes from its value at the end of 2020 to that at the end of 2024, and on."""

    at_2020: float
    at_2024: float
    low: float = 0.005
    high: float = 0.75

    def at(self, ym: int) -> float:
        """The share in a month; before 2020 it stays as it was then."""
        years = max(0.0, (ym - END_OF_2020) / 12)
        value = self.at_2020 + (self.at_2024 - self.at_2020) * years / 4
        return min(self.high, max(self.low, value))


#: Share of insured jobs by division; the rest of the economy is not insured.
COASTAL_PLAIN = {
    14: 190, 15: 100, 26: 130, 27: 50, 29: 60, 28: 30, 25: 45, 22: 40, 10: 30, 16: 10, 17: 20, 23: 30,
    24: 15, 31: 20, 32: 20, 13: 15, 20: 10, 41: 25, 42: 15, 43: 15, 46: 35, 47: 25, 45: 8, 49: 20, 52: 10,
    55: 4, 56: 6, 61: 4, 62: 2, 64: 15, 68: 3, 71: 5, 80: 6, 82: 3, 84: 58, 85: 75, 86: 30, 35: 8, 36: 5,
    38: 4, 8: 3, 1: 6, 96: 3, 93: 1, 88: 1,
}  # fmt: skip
MIDLAND = {
    26: 350, 14: 120, 27: 25, 24: 40, 25: 35, 28: 15, 29: 10, 23: 25, 22: 15, 10: 12, 16: 8, 7: 15, 5: 20,
    8: 5, 15: 15, 13: 5, 31: 5, 32: 5, 41: 18, 42: 12, 43: 10, 46: 22, 47: 22, 45: 6, 49: 14, 52: 6, 55: 4,
    56: 4, 61: 3, 62: 2, 64: 14, 68: 2, 71: 4, 80: 4, 82: 2, 84: 62, 85: 80, 86: 34, 35: 7, 36: 4, 38: 3,
    1: 8, 96: 2, 93: 1, 88: 1,
}  # fmt: skip

#: Women's share of the jobs of a division; others 43 %.
WOMEN = {
    14: 0.63, 15: 0.60, 26: 0.58, 13: 0.58, 10: 0.52, 32: 0.55, 41: 0.13, 42: 0.12, 43: 0.13, 45: 0.22,
    46: 0.46, 47: 0.58, 49: 0.16, 52: 0.30, 55: 0.60, 56: 0.62, 61: 0.35, 62: 0.35, 64: 0.55, 84: 0.37,
    85: 0.75, 86: 0.66, 88: 0.65, 80: 0.08, 5: 0.15, 7: 0.20, 8: 0.15, 24: 0.20, 35: 0.18, 96: 0.55,
}  # fmt: skip

#: Median wage (million VND a month, at the end of 2024) of a division; others 6.6.
WAGES = {
    14: 6.1, 15: 6.2, 26: 7.8, 27: 7.2, 29: 7.6, 84: 6.3, 85: 7.1, 86: 7.4, 64: 12.5, 46: 5.7, 47: 5.3,
    41: 5.8, 42: 5.9, 43: 5.7, 49: 6.4, 56: 5.0, 55: 5.2, 61: 11.0, 62: 13.0, 35: 11.5, 5: 9.0, 7: 8.0,
    80: 5.1, 1: 5.0,
}  # fmt: skip

#: Divisions of people in work without insurance, outside agriculture, for men and for women.
INFORMAL = {
    "male": {
        41: 30,
        43: 12,
        47: 12,
        49: 14,
        45: 6,
        16: 4,
        25: 5,
        31: 5,
        23: 3,
        56: 4,
        10: 2,
        81: 1,
        96: 1,
        13: 1,
    },
    "female": {47: 34, 56: 18, 14: 10, 10: 6, 46: 5, 96: 7, 97: 4, 41: 6, 85: 2, 55: 2, 81: 3, 13: 3},
}

#: What household businesses do.
HOUSEHOLD_BUSINESSES = {47: 44, 56: 17, 46: 5, 45: 6, 96: 8, 49: 6, 10: 4, 31: 3, 25: 3, 14: 3, 55: 1}


@dataclass(frozen=True)
class Profile:
    """What the simulator knows of a province; the defaults are for one it knows nothing of."""

    weight: float = 1.4
    urban: float = 0.32
    ethnicities: dict[str, float] = field(default_factory=lambda: {"01": 0.96, "02": 0.02, "07": 0.02})
    labour_force: float = 0.50
    unemployment: float = 0.019
    underemployment: float = 0.014
    agriculture: Trend = Trend(0.30, 0.24, low=0.08)
    certified: Trend = Trend(0.24, 0.29)
    trained_otherwise: float = 0.62
    insured: Trend = Trend(0.37, 0.44)
    voluntary: Trend = Trend(0.020, 0.040)
    unemployment_insured: Trend = Trend(0.325, 0.36)
    enterprises: float = 0.0056
    household_businesses: float = 0.0564
    abroad: float = 0.006
    jobs: dict[int, int] = field(default_factory=lambda: COASTAL_PLAIN)
    cluster: float = 0.0
    commuting: dict[str, float] = field(default_factory=lambda: {"01": 0.05})
    tax_prefix: int | None = None
    card_prefix: int | None = None
    zones: tuple[str, ...] = ("KCN Trung Tâm", "KCN Phía Bắc", "KCN Phía Nam")
    poor: float = 0.02
    near_poor: float = 0.025
    grdp_2020: float = 60_000.0
    grdp_growth: float = 0.075


PROFILES: dict[str, Profile] = {
    "30": Profile(
        weight=1.95, urban=0.31, ethnicities={"01": 0.990, "04": 0.004, "02": 0.003, "18": 0.003},
        labour_force=0.50, agriculture=Trend(0.27, 0.20, low=0.08), certified=Trend(0.25, 0.31),
        insured=Trend(0.42, 0.51), voluntary=Trend(0.025, 0.050), unemployment_insured=Trend(0.37, 0.41),
        enterprises=11_000 / 1_950_000, household_businesses=110_000 / 1_950_000, abroad=0.008,
        commuting={"31": 0.05, "33": 0.03, "27": 0.02, "01": 0.02, "19": 0.006},
        tax_prefix=8, card_prefix=14,
        zones=("KCN Đại An", "KCN Nam Sách", "KCN Phúc Điền", "KCN Tân Trường", "KCN Lai Vu", "KCN Cộng Hòa"),
        poor=0.013, near_poor=0.019, grdp_2020=91_500.0, grdp_growth=0.083,
    ),
    "19": Profile(
        weight=1.34, urban=0.32,
        ethnicities={"01": 0.70, "02": 0.108, "07": 0.066, "18": 0.045, "15": 0.031, "09": 0.025, "08": 0.010,
                     "04": 0.015},
        labour_force=0.50, agriculture=Trend(0.33, 0.26, low=0.10), certified=Trend(0.26, 0.31),
        trained_otherwise=0.64, insured=Trend(0.37, 0.43), voluntary=Trend(0.013, 0.024),
        unemployment_insured=Trend(0.31, 0.345), enterprises=0.0056, household_businesses=0.045, abroad=0.004,
        jobs=MIDLAND, cluster=0.20, commuting={"01": 0.03, "24": 0.03, "27": 0.03, "26": 0.01, "30": 0.004},
        tax_prefix=46, card_prefix=9,
        zones=("KCN Yên Bình", "KCN Điềm Thụy", "KCN Sông Công 1", "KCN Sông Công 2", "KCN Nam Phổ Yên"),
        poor=0.028, near_poor=0.030, underemployment=0.017, grdp_2020=78_300.0, grdp_growth=0.066,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class MistakeRates:
    """How often an agency's record is wrong, each a share of all its rows."""

    missing_id: float = 0.04
    wrong_digit: float = 0.01
    garbled_id: float = 0.001
    swapped_ids: float = 0.003
    nine_digits: float = 0.02
    duplicates: float = 0.015
    day_and_month: float = 0.01
    decomposed: float = 0.08
    capitals: float = 0.03
    year_only: float = 0.002
    lost_zeros: float = 0.03
    old_codes: float = 0.02
    old_provinces: float = 0.006


AGENCIES = MistakeRates()
#: The population register is the best of them: what it gets wrong it mostly corrects itself.
REGISTER_DUPLICATES = 0.004
REGISTER_BROKEN = 0.0015
REGISTER_OLD_CODES = 0.006

#: From so many persons on, a month has at least one employer succession and one citizen ID issued anew.
CHANGES_EACH_MONTH_FROM = 20_000
#: Share of the employers, of those with so many insured workers, that carry on under another code in a month.
SUCCESSIONS_MONTHLY = 0.0015
SUCCESSION_SMALLEST = 5
#: Employers with a larger share of all insured workers keep their code: one of them would be all the news.
SUCCESSION_LARGEST = 0.03
#: How many of the successions are mergers into another employer; the others take a new code.
SUCCESSION_MERGERS = 0.4
#: At most this share of the workers leaves when the employer's code changes.
SUCCESSION_LEAVERS = 0.10
#: Share of the small employers in trade and crafts that are household businesses; they may carry on under their
#: owner's citizen ID, and change their code this many times as often as others.
HOUSEHOLD_EMPLOYERS = 0.3
HOUSEHOLD_SUCCESSIONS = 3.0
#: Share of the adults in the register who get a new citizen ID in a month.
REISSUED_MONTHLY = 0.0001
#: How many of the new IDs' records name the old ID as the previous one.
REISSUED_NAMING_OLD = 0.5

#: Regional minimum wages (VND a month) from a month on: region II and region III.
MINIMUM_WAGES: tuple[tuple[str, int, int], ...] = (
    ("2018-01", 3_530_000, 3_090_000),
    ("2019-01", 3_710_000, 3_250_000),
    ("2020-01", 3_920_000, 3_430_000),
    ("2022-07", 4_160_000, 3_640_000),
    ("2024-07", 4_410_000, 3_860_000),
    ("2026-01", 4_730_000, 4_140_000),
)
