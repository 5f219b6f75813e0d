"""Enterprises, branches, public units, household businesses, and employers beyond the province's border."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sources.simulator import identifiers
from sources.simulator.months import Array, first_day
from sources.simulator.people import split_persons
from sources.simulator.reference import Reference
from sources.simulator.settings import (
    HOUSEHOLD_BUSINESSES,
    HOUSEHOLD_EMPLOYERS,
    SUCCESSIONS_MONTHLY,
    Profile,
)
from sources.simulator.world import ACTIVE, FUTURE, NONE, Employers, draw

FORMS = (
    "state",
    "limited_liability",
    "joint_stock",
    "partnership",
    "private",
    "cooperative",
    "household_business",
    "foreign_branch",
)
OWNERSHIPS = ("state", "private", "foreign")
_STATE, _LIMITED, _STOCK, _PARTNERS, _PRIVATE, _COOPERATIVE, _HOUSEHOLD, _BRANCH = range(8)
_PUBLIC = (84, 85, 86, 88)
#: Divisions of the many small enterprises; insured jobs are distributed by division afterwards.
_ENTERPRISES = {
    46: 20,
    47: 12,
    41: 8,
    42: 4,
    43: 4,
    49: 6,
    52: 2,
    25: 6,
    14: 5,
    16: 2,
    22: 3,
    23: 3,
    31: 3,
    10: 4,
    17: 2,
    18: 1,
    26: 2,
    27: 1,
    28: 2,
    15: 1,
    29: 1,
    24: 1,
    13: 1,
    32: 2,
    20: 1,
    71: 3,
    62: 1,
    56: 3,
    55: 1,
    64: 1,
    68: 2,
    70: 2,
    79: 1,
    80: 1,
    82: 2,
    73: 1,
    1: 2,
    8: 1,
    35: 1,
    36: 1,
    38: 1,
    45: 3,
    61: 1,
    96: 1,
}
HEAVY = (10, 13, 14, 15, 16, 17, 20, 22, 23, 24, 25, 26, 27, 28, 29, 31, 32)

_Made = dict[str, list[Array]]


def _append(made: _Made, count: int, values: Mapping[str, Array | int | float]) -> None:
    for key, value in values.items():
        array = np.asarray(value)
        made.setdefault(key, []).append(array if array.ndim else np.full(count, value))


def _sizes(rng: np.random.Generator, division: Array, jobs: dict[int, int], must: int) -> Array:
    """Shares of the province's insured jobs; divisions get what they should, few employers get most of it."""
    weight = np.exp(np.clip(rng.normal(0.0, 1.35, len(division)), -2.6, 2.6))
    public = np.isin(division, _PUBLIC)
    weight[public] = np.exp(rng.normal(0.0, 0.5, int(public.sum())))
    # of the trading and building firms most have no insured person at all
    idle = ~public & (rng.random(len(division)) < np.where(np.isin(division, HEAVY), 0.30, 0.62))
    idle[:must] = False
    weight[idle] = 0.0
    result = np.zeros(len(division))
    total = sum(share for key, share in jobs.items() if weight[division == key].any())
    for key, share in jobs.items():
        mask = division == key
        if weight[mask].any():
            part = weight[mask] / weight[mask].sum() * share / total
            result[mask] = np.minimum(part, max(0.035, 1.0 / max(1, int((part > 0).sum())) * share / total))
    shares: Array = result / result.sum()
    return shares


def _enterprise_part(
    rng: np.random.Generator,
    reference: Reference,
    province: str,
    profile: Profile,
    persons: int,
    home: int,
    prefix: int,
    used: int,
    day: int,
    jobs: dict[int, int],
    abroad: bool = False,
) -> dict[str, Array | int | float]:
    """Enterprises and public units of one province."""
    firms = max(70, round(persons * profile.enterprises)) if not abroad else max(12, round(persons * 0.0006))
    units = max(10, round(persons / 1500)) if not abroad else 0
    must = [key for key, share in jobs.items() if key not in _PUBLIC for _ in range(1 + share // 50)][:firms]
    division = np.concatenate(
        [
            np.array(must),
            draw(rng, _ENTERPRISES, max(0, firms - len(must))),
            draw(rng, {84: 45, 85: 40, 86: 13, 88: 2}, units),
            np.array(_PUBLIC[:3] if units else (), dtype=np.int64),
        ]
    ).astype(np.int64)
    count = len(division)
    public = np.isin(division, _PUBLIC)
    weight = _sizes(rng, division, jobs, len(must))
    heavy = np.isin(division, HEAVY)
    foreign = (
        heavy & (weight > 0) & (rng.random(count) < np.where(weight > np.quantile(weight, 0.8), 0.55, 0.08))
    )
    form = draw(rng, {_LIMITED: 66, _STOCK: 20, _PRIVATE: 9, _COOPERATIVE: 4, _PARTNERS: 1}, count)
    form = np.where(foreign, np.where(rng.random(count) < 0.92, _LIMITED, _BRANCH), form)
    form = np.where(public & (rng.random(count) < 0.93), _STATE, form)
    places = reference.places.of_province(province)
    zone = np.where(
        heavy & (foreign | (rng.random(count) < 0.25)), rng.integers(0, len(profile.zones), count), NONE
    )
    # insured people only if there are enough jobs for one of them
    weight[weight * persons * 0.2 < 0.35] = 0.0
    small = np.isin(division, list(HOUSEHOLD_BUSINESSES)) & ~foreign & (zone == NONE)
    small &= (weight > 0) & (weight < 0.01) & (rng.random(count) < HOUSEHOLD_EMPLOYERS)
    form[small & (not abroad)] = _HOUSEHOLD
    return {
        "code": identifiers.enterprise_codes(prefix, count, used),
        "digits": 10,
        "province": int(province),
        "place": places[rng.integers(0, len(places), count)],
        "division": division,
        "form": form,
        "ownership": np.where(foreign, 2, np.where(form == _STATE, 0, 1)),
        "zone": zone,
        "owner": NONE,
        "staff": np.where(weight > 0, 0, rng.integers(0, 6, count)),
        "weight": weight / weight.sum(),
        "status": np.where((weight == 0) & (rng.random(count) < 0.12), 2, ACTIVE),
        "registered": day - rng.integers(200, 7500, count),
        "home": home,
    }


def _cluster(part: dict[str, Array | int | float], share: float, rng: np.random.Generator) -> None:
    """Give one foreign electronics maker, a branch of it and two suppliers their share of the jobs."""
    weight, division = np.asarray(part["weight"]).copy(), np.asarray(part["division"])
    form, ownership, zone = (np.asarray(part[key]).copy() for key in ("form", "ownership", "zone"))
    chosen = np.flatnonzero(division == 26)[:4]
    weight[chosen] = 0.0
    weight *= (1 - share) / weight.sum()
    weight[chosen] = share * np.array([0.58, 0.27, 0.09, 0.06])[: len(chosen)]
    form[chosen], ownership[chosen], zone[chosen] = _LIMITED, 2, 0
    part.update(weight=weight / weight.sum(), form=form, ownership=ownership, zone=zone)
    if len(chosen) > 1:
        code, digits = np.asarray(part["code"]).copy(), np.full(len(weight), 10)
        code[chosen[1]], digits[chosen[1]] = code[chosen[0]] * 1000 + 1, 13
        part.update(code=code, digits=digits)


def _household_part(
    rng: np.random.Generator,
    reference: Reference,
    province: str,
    profile: Profile,
    persons: int,
    home: int,
    used: int,
    months: list[int],
) -> dict[str, Array | int | float]:
    """Household businesses there are, and those that will be opened in the window."""
    now = round(persons * profile.household_businesses)
    later = int(now * (0.008 * len(months))) + 8
    count = now + later
    places = reference.places.of_province(province)
    personal = rng.random(count) < 0.35
    sequence = np.arange(used, used + int(count * 1.2) + 20)
    first_nine = 800_000_000 + identifiers.scatter(sequence, 100_000_000, 17_320_511, 7)
    check = identifiers.check_digit(first_nine)
    codes = (first_nine * 10 + check)[check < 10][:count]
    return {
        "code": codes,
        "digits": np.where(personal, 12, 10),
        "province": int(province),
        "place": places[rng.integers(0, len(places), count)],
        "division": draw(rng, HOUSEHOLD_BUSINESSES, count),
        "form": _HOUSEHOLD,
        "ownership": 1,
        "zone": NONE,
        "owner": NONE,
        "staff": rng.integers(0, 4, count),
        "weight": 0.0,
        "status": np.where(np.arange(count) < now, ACTIVE, FUTURE),
        "registered": first_day(months[0]) - rng.integers(60, 5000, count),
        "home": home,
    }


def _reserve_part(
    province: str, profile: Profile, home: int, active: int, months: int
) -> dict[str, Array | int | float]:
    """Codes that are free at the start: the successors of other employers will bear them."""
    count = months + 10 + int(4 * SUCCESSIONS_MONTHLY * active * months)
    return {
        "code": identifiers.enterprise_codes(profile.tax_prefix or 60 + home, count, 5_000_000),
        "digits": 10,
        "province": int(province),
        "place": 0,
        "division": 46,
        "form": _LIMITED,
        "ownership": 1,
        "zone": NONE,
        "owner": NONE,
        "staff": 0,
        "weight": 0.0,
        "status": FUTURE,
        "registered": 0,
        "home": home,
    }


def make_employers(
    rng: np.random.Generator,
    reference: Reference,
    provinces: list[str],
    profiles: list[Profile],
    persons: int,
    months: list[int],
) -> Employers:
    """All employers; those that may have insured people come first."""
    counts = split_persons(persons, profiles)
    day = first_day(months[0])
    made: _Made = {}
    outside = sorted({code for profile in profiles for code in profile.commuting} - set(provinces))
    for home, (province, profile) in enumerate(zip(provinces, profiles, strict=True)):
        part = _enterprise_part(
            rng,
            reference,
            province,
            profile,
            counts[home],
            home,
            profile.tax_prefix or 60 + home,
            0,
            day,
            profile.jobs,
        )
        if profile.cluster:
            _cluster(part, profile.cluster, rng)
        _append(made, len(np.asarray(part["code"])), part)
    for index, province in enumerate(outside):
        part = _enterprise_part(
            rng,
            reference,
            province,
            Profile(),
            persons,
            NONE,
            1 + index % 5,
            200_000 * (index + 1),
            day,
            {14: 20, 15: 10, 26: 30, 27: 10, 29: 10, 46: 10, 41: 5, 49: 5},
            abroad=True,
        )
        _append(made, len(np.asarray(part["code"])), part)
    for home, (province, profile) in enumerate(zip(provinces, profiles, strict=True)):
        active = int((np.concatenate(made["home"]) == home).sum())
        part = _reserve_part(province, profile, home, active, len(months))
        _append(made, len(np.asarray(part["code"])), part)
    workforce = sum(len(array) for array in made["code"])
    for home, (province, profile) in enumerate(zip(provinces, profiles, strict=True)):
        part = _household_part(
            rng, reference, province, profile, counts[home], home, 30_000_000 * home, months
        )
        _append(made, len(np.asarray(part["code"])), part)
    arrays = {key: np.concatenate(values) for key, values in made.items()}
    total = len(arrays["code"])
    detail = rng.integers(0, 3, total)
    vsic = np.where(
        rng.random(total) < 0.25, arrays["division"], arrays["division"] * 1000 + 100 + detail * 10
    )
    latest = np.maximum(arrays["registered"], day - rng.integers(1, 1500, total))
    return Employers(
        code=arrays["code"].astype(np.int64),
        digits=arrays["digits"].astype(np.int8),
        province=arrays["province"].astype(np.int16),
        place=arrays["place"].astype(np.int16),
        division=arrays["division"].astype(np.int8),
        vsic=vsic.astype(np.int32),
        form=arrays["form"].astype(np.int8),
        ownership=arrays["ownership"].astype(np.int8),
        zone=arrays["zone"].astype(np.int8),
        owner=arrays["owner"].astype(np.int32),
        staff=arrays["staff"].astype(np.int32),
        weight=arrays["weight"].astype(np.float64),
        status=arrays["status"].astype(np.int8),
        registered=arrays["registered"].astype(np.int32),
        updated=latest.astype(np.int64) * 1440 + 540,
        owing_until=np.full(total, NONE, dtype=np.int16),
        number=np.arange(1, total + 1),
        home=arrays["home"].astype(np.int8),
        workforce=workforce,
    )
