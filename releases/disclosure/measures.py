"""What indicators count, as sums of counts that do not overlap; in steps that can be protected one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from releases.disclosure.cubes import Dimension, combined


@dataclass(frozen=True)
class Step:
    """Measures that are sums of the same counts (columns of cells.profiles): ``measures`` by name, with their counts.

    ``within``: by measure, those it is a part of. Who is in the whole and not in the part must not be few either (SPEC
    §5: complement, one-step difference). Since no table adds up counts of two steps, the rest follows only if both the
    part and the whole do: so the whole's step comes first, and where the whole is known the part is kept secret.
    """

    counts: tuple[str, ...]
    measures: Mapping[str, Mapping[str, int]]
    within: Mapping[str, tuple[str, ...]]

    @property
    def dimension(self) -> Dimension:
        """The dimension of what is counted."""
        return Dimension("measure", self.counts, self.measures)


def _part(count: str, *wholes: str) -> Step:
    return Step((count,), {count: {count: 1}}, {count: wholes})


_STATUSES = ("employed", "unemployed", "inactive", "abroad", "unknown")
STEPS = (
    Step(
        _STATUSES,
        {
            "population": dict.fromkeys(_STATUSES, 1),
            "labour_force": {"employed": 1, "unemployed": 1},
            **{status: {status: 1} for status in _STATUSES},
            "population_with_status": dict.fromkeys(_STATUSES[:4], 1),
            "population_of_known_status": dict.fromkeys(_STATUSES[:3], 1),
        },
        {},
    ),
    Step(  # a compulsory contributor is employed (SPEC §4), so the insured labour force is the sum of the two
        ("employed_compulsory", "labour_force_voluntary"),
        {
            "labour_force_insured": {"employed_compulsory": 1, "labour_force_voluntary": 1},
            "employed_compulsory": {"employed_compulsory": 1},
            "labour_force_voluntary": {"labour_force_voluntary": 1},
        },
        {
            "labour_force_insured": ("labour_force",),
            "employed_compulsory": ("employed",),
            "labour_force_voluntary": ("labour_force",),
        },
    ),
    _part("labour_force_unemployment_insured", "labour_force", "employed_compulsory"),
    _part("employed_trained", "employed"),
    _part("employed_certified", "employed", "employed_trained"),
    _part("employed_with_section", "employed"),
    _part("employed_in_agriculture", "employed_with_section"),
    _part("labour_force_retrained", "labour_force"),
    _part("underemployed", "employed"),
)
COUNTS = tuple(count for step in STEPS for count in step.counts)

BANDS = ("15-24", "25-34", "35-44", "45-54", "55-64", "65+")
# age groups that overlap the bands, and what follows from them and the bands (SPEC §5: one-step differences)
OVERLAPPING = ("working_age", "16-30")
AGE_DIFFERENCES = {
    "over_working_age": {"total": 1, "working_age": -1},
    "working_age_from_55": {"working_age": 1, **dict.fromkeys(BANDS[:4], -1)},
    "55-64_over_working_age": {"55-64": 1, "working_age": -1, **dict.fromkeys(BANDS[:4], 1)},
    "not_16-30": {"total": 1, "16-30": -1},
    "working_age_not_16-30": {"working_age": 1, "16-30": -1},
    "15-34_not_16-30": {"15-24": 1, "25-34": 1, "16-30": -1},
    **{f"working_age_not_{band}": {"working_age": 1, band: -1} for band in BANDS[:4]},
}


def age_dimension(age_groups: pd.DataFrame, classes: Sequence[int]) -> Dimension:
    """Age groups as sums of age classes (``age_groups``: age_class, age_group), and the differences between them."""
    codes: dict[str, dict[int, int]] = {
        group: {
            int(c): 1 for c in age_groups.loc[age_groups["age_group"] == group, "age_class"] if c in classes
        }
        for group in ("total", *BANDS, *OVERLAPPING)
    }
    for name, terms in AGE_DIFFERENCES.items():
        codes[name] = combined(codes, terms)
    return Dimension("age_group", list(classes), codes)
