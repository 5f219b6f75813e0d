"""The people at the start and those to be born: households, ages, names and numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sources.simulator import identifiers, names
from sources.simulator.months import Array, first_day, month_of
from sources.simulator.reference import Reference
from sources.simulator.settings import Profile
from sources.simulator.world import CHILD, GONE, HOME, NEVER, NONE, UNBORN, People

# Roles in a household.
_HEAD, _SPOUSE, _CHILD, _FATHER, _MOTHER = range(5)


@dataclass(frozen=True)
class _Household:
    weight: float
    youngest: float
    oldest: float
    roles: tuple[int, ...]


_HOUSEHOLDS = (
    _Household(0.045, 19, 32, (_HEAD,)),
    _Household(0.055, 23, 33, (_HEAD, _SPOUSE)),
    _Household(0.130, 50, 68, (_HEAD, _SPOUSE)),
    _Household(0.120, 26, 46, (_HEAD, _SPOUSE, _CHILD)),
    _Household(0.215, 28, 47, (_HEAD, _SPOUSE, _CHILD, _CHILD)),
    _Household(0.065, 32, 47, (_HEAD, _SPOUSE, _CHILD, _CHILD, _CHILD)),
    _Household(0.070, 29, 48, (_HEAD, _SPOUSE, _CHILD, _CHILD, _MOTHER)),
    _Household(0.050, 27, 45, (_HEAD, _SPOUSE, _CHILD, _FATHER, _MOTHER)),
    _Household(0.075, 46, 60, (_HEAD, _SPOUSE, _CHILD)),
    _Household(0.060, 46, 58, (_HEAD, _SPOUSE, _CHILD, _CHILD)),
    _Household(0.060, 66, 82, (_HEAD, _SPOUSE)),
    _Household(0.060, 60, 88, (_HEAD,)),
    _Household(0.035, 30, 52, (_HEAD, _CHILD)),
)
_TWINS = 0.012


def split_persons(persons: int, profiles: list[Profile]) -> list[int]:
    """How many of the persons live in each province."""
    weights = np.array([profile.weight for profile in profiles])
    edges = np.rint(np.cumsum(weights) / weights.sum() * persons).astype(int)
    return [int(edge) for edge in np.diff(np.concatenate([[0], edges]))]


def _households(rng: np.random.Generator, count: int) -> dict[str, Array]:
    weights = np.array([kind.weight for kind in _HOUSEHOLDS])
    sizes = np.array([len(kind.roles) for kind in _HOUSEHOLDS])
    roles = np.full((len(_HOUSEHOLDS), sizes.max()), -1)
    for i, kind in enumerate(_HOUSEHOLDS):
        roles[i, : len(kind.roles)] = kind.roles
    households = int(count / (weights @ sizes / weights.sum()) * 1.03) + 10
    kinds = np.searchsorted(np.cumsum(weights) / weights.sum(), rng.random(households), side="right")
    kinds = np.minimum(kinds, len(_HOUSEHOLDS) - 1)
    size = sizes[kinds]
    starts = np.concatenate([[0], np.cumsum(size)[:-1]])
    youngest = np.array([kind.youngest for kind in _HOUSEHOLDS])[kinds]
    oldest = np.array([kind.oldest for kind in _HOUSEHOLDS])[kinds]
    head_age = youngest + (oldest - youngest) * rng.random(households)
    household = np.repeat(np.arange(households), size)[:count]
    position = (np.arange(size.sum()) - np.repeat(starts, size))[:count]
    role = roles[kinds[household], position]
    return {
        "household": household,
        "role": role,
        "age": _ages(rng, role, position, head_age[household]),
        "position": position,
    }


def _ages(rng: np.random.Generator, role: Array, position: Array, head_age: Array) -> Array:
    wobble = rng.random(len(role))
    age = head_age.copy()
    spouse = role == _SPOUSE
    age[spouse] += rng.normal(-1.5, 2.5, int(spouse.sum()))
    child = role == _CHILD
    age[child] -= 22.5 + 8 * wobble[child] + 2.0 * (position[child] - 1)
    young = child & (age < 0)
    age[young] = 4 * wobble[young]
    for parent, gap in ((_FATHER, 25.0), (_MOTHER, 22.5)):
        mask = role == parent
        age[mask] += gap + 6 * wobble[mask]
    floor = np.where(child, 0.0, 18.1)
    return np.clip(age, floor, 101.0)


def _place_weights(
    rng: np.random.Generator, reference: Reference, province: str, urban: float
) -> tuple[Array, Array]:
    places = reference.places.of_province(province)
    weights = rng.lognormal(0.0, 0.45, len(places))
    # a commune that was split appears once for each part: it counts once
    names_of = reference.places.old_code.take(places.tolist()).to_pylist()
    parts = {name: names_of.count(name) for name in names_of}
    weights /= np.array([parts[name] for name in names_of])
    in_town = reference.places.urban[places]
    if in_town.any() and not in_town.all():
        weights[in_town] *= urban / weights[in_town].sum()
        weights[~in_town] *= (1 - urban) / weights[~in_town].sum()
    return places, np.cumsum(weights) / weights.sum()


def make_people(
    rng: np.random.Generator,
    reference: Reference,
    provinces: list[str],
    profiles: list[Profile],
    persons: int,
    months: list[int],
) -> People:
    """All residents, then those born in the window, then a few who live elsewhere but work here."""
    columns: dict[str, list[Array]] = {}
    day = first_day(months[0])
    households = 0
    for home, (province, profile) in enumerate(zip(provinces, profiles, strict=True)):
        count = split_persons(persons, profiles)[home]
        part = _residents(rng, reference, province, profile, count, day)
        part["home"] = np.full(count, home)
        part["household"] = part["household"] + households
        households = int(part["household"].max(initial=households)) + 1
        for key, values in part.items():
            columns.setdefault(key, []).append(values)
    joined = {key: np.concatenate(values) for key, values in columns.items()}
    joined["appears"] = np.full(persons, -1)
    for extra in (
        _newborns(rng, joined, persons, months),
        _outsiders(rng, reference, profiles, persons, day),
    ):
        joined = {key: np.concatenate([values, extra[key]]) for key, values in joined.items()}
    return _complete(rng, reference, provinces, profiles, joined)


def _residents(
    rng: np.random.Generator, reference: Reference, province: str, profile: Profile, count: int, day: int
) -> dict[str, Array]:
    drawn = _households(rng, count)
    household, role, position = drawn["household"], drawn["role"], drawn["position"]
    total = int(household[-1]) + 1 if count else 0
    places, edges = _place_weights(rng, reference, province, profile.urban)
    place_of = places[np.minimum(np.searchsorted(edges, rng.random(total), side="right"), len(places) - 1)]
    male_head = rng.random(total) < np.where(np.bincount(household, minlength=total) > 1, 0.80, 0.45)
    sex = (rng.random(count) < 0.485).astype(np.int8)
    sex[role == _HEAD] = 1 - male_head[household[role == _HEAD]]
    sex[role == _SPOUSE] = male_head[household[role == _SPOUSE]]
    sex[role == _FATHER] = 0
    sex[role == _MOTHER] = 1
    birth = day - 1 - np.floor(drawn["age"] * 365.25).astype(np.int64)
    twin = np.flatnonzero((role == _CHILD) & (position >= 1) & (rng.random(count) < _TWINS))
    twin = twin[(twin > 0) & (role[twin - 1] == _CHILD) & (household[twin - 1] == household[twin])]
    birth[twin] = birth[twin - 1]
    ethnicity, surname = _families(rng, profile, reference, place_of, household, role)
    given = names.draw_given_names(rng, sex, month_of(birth) // 12)
    alike = twin[(sex[twin] == sex[twin - 1]) & (given[twin] == given[twin - 1])]
    given[alike] = names.next_given_name(given[alike])
    return {
        "sex": sex,
        "birth": birth,
        "place": place_of[household],
        "household": household,
        "ethnicity": ethnicity,
        "surname": surname,
        "given": given,
    }


def _families(
    rng: np.random.Generator,
    profile: Profile,
    reference: Reference,
    place_of: Array,
    household: Array,
    role: Array,
) -> tuple[Array, Array]:
    codes = np.array([int(code) for code in profile.ethnicities])
    shares = np.array(list(profile.ethnicities.values()))
    # minorities live together: every commune has its own leaning, towns less so
    leaning = rng.beta(0.9, 0.9, len(reference.places.urban)) * np.where(reference.places.urban, 0.8, 1.1)
    mean = leaning[place_of].mean() if len(place_of) else 1.0
    minority = rng.random(len(place_of)) < leaning[place_of] / mean * (1 - shares[0] / shares.sum())
    others = np.cumsum(shares[1:]) / shares[1:].sum()
    which = np.searchsorted(others, rng.random(len(place_of)), side="right")
    of_household = np.where(minority, codes[1:][np.minimum(which, len(codes) - 2)], codes[0])
    ethnicity = of_household[household]
    mixed = (role == _SPOUSE) & (ethnicity != codes[0]) & (rng.random(len(role)) < 0.12)
    ethnicity[mixed] = codes[0]
    family = names.draw_surnames(rng, of_household)[household]
    own = names.draw_surnames(rng, ethnicity)
    return ethnicity, np.where((role == _SPOUSE) | (role == _MOTHER), own, family)


def _newborns(
    rng: np.random.Generator, people: dict[str, Array], persons: int, months: list[int]
) -> dict[str, Array]:
    monthly = persons * 0.0132 / 12
    appears = np.repeat(np.arange(len(months)), rng.poisson(monthly, len(months)))
    years = (first_day(months[0]) - people["birth"]) / 365.25
    mothers = np.flatnonzero((people["sex"] == 1) & (years > 20) & (years < 36))
    if not len(mothers):
        appears = appears[:0]
    mother = mothers[rng.integers(0, len(mothers), len(appears))] if len(mothers) else appears
    starts = np.array([first_day(ym) for ym in months], dtype=np.int64)
    birth = starts[appears] + rng.integers(0, 28, len(appears))
    sex = (rng.random(len(appears)) < 0.475).astype(np.int8)
    head = np.searchsorted(people["household"], people["household"][mother])
    return {
        "sex": sex,
        "birth": birth,
        "place": people["place"][mother],
        "household": people["household"][mother],
        "ethnicity": people["ethnicity"][mother],
        "surname": people["surname"][head],
        "home": people["home"][mother],
        "given": names.draw_given_names(rng, sex, month_of(birth) // 12),
        "appears": appears,
    }


def _outsiders(
    rng: np.random.Generator, reference: Reference, profiles: list[Profile], persons: int, day: int
) -> dict[str, Array]:
    count = int(persons * 0.0018)
    neighbours = sorted({code for profile in profiles for code in profile.commuting})
    places = np.concatenate([reference.places.of_province(code) for code in neighbours])
    sex = rng.integers(0, 2, count).astype(np.int8)
    birth = day - np.floor((19 + 22 * rng.random(count)) * 365.25).astype(np.int64)
    ethnicity = np.ones(count, dtype=np.int64)
    return {
        "sex": sex,
        "birth": birth,
        "place": places[rng.integers(0, len(places), count)],
        "household": np.full(count, NONE),
        "ethnicity": ethnicity,
        "surname": names.draw_surnames(rng, ethnicity),
        "given": names.draw_given_names(rng, sex, month_of(birth) // 12),
        "home": np.full(count, NONE),
        "appears": np.full(count, NEVER),
    }


def _complete(
    rng: np.random.Generator,
    reference: Reference,
    provinces: list[str],
    profiles: list[Profile],
    made: dict[str, Array],
) -> People:
    total = len(made["sex"])
    birth_month = month_of(made["birth"]).astype(np.int32)
    old_province = reference.places.old_province[made["place"]].astype(np.int64)
    elsewhere = rng.random(total) < np.where(made["appears"] >= 0, 0.01, 0.06)
    code = np.where(elsewhere, np.array(reference.birth_codes)[rng.integers(0, 63, total)], old_province)
    prefixes = np.array([p.card_prefix or 20 + i for i, p in enumerate(profiles)] + [99], dtype=np.int64)
    holds = np.where(birth_month < 2000 * 12, 0.97, np.where(birth_month < 2004 * 12, 0.6, 0.0))
    card = identifiers.card_numbers(prefixes[made["home"]])
    state = np.where(made["appears"] >= 0, UNBORN, CHILD)
    state = np.where(made["appears"] == NEVER, GONE, state)
    state = np.where(made["appears"] == NONE, HOME, state)
    empty = np.full(total, NONE, dtype=np.int32)
    citizen = identifiers.citizen_ids(code, birth_month // 12, made["sex"].astype(np.int64))
    return People(
        sex=made["sex"].astype(np.int8),
        birth=made["birth"].astype(np.int32),
        birth_month=birth_month,
        home=made["home"].astype(np.int8),
        place=made["place"].astype(np.int16),
        household=made["household"].astype(np.int32),
        ethnicity=made["ethnicity"].astype(np.int8),
        surname=made["surname"].astype(np.int16),
        name=names.whole_names(made["surname"], made["given"]),
        citizen=citizen,
        registered=citizen.copy(),
        former=np.zeros(total, dtype=np.int64),
        card=np.where(rng.random(total) < holds, card, 0),
        insurance=identifiers.insurance_numbers(old_province),
        appears=made["appears"].astype(np.int16),
        state=state.astype(np.int8),
        employer=empty.copy(),
        second=empty.copy(),
        last_employer=empty.copy(),
        since=np.zeros(total, dtype=np.int16),
        pay=np.zeros(total, dtype=np.float32),
        voluntary=np.zeros(total, dtype=bool),
        voluntary_base=np.zeros(total, dtype=np.int8),
        leave_until=np.full(total, NONE, dtype=np.int16),
        division=np.zeros(total, dtype=np.int8),
        taste=rng.random(total, dtype=np.float32),
        until=np.full(total, NONE, dtype=np.int32),
        since_day=np.full(total, NONE, dtype=np.int32),
        case=empty.copy(),
        level=np.zeros(total, dtype=np.int8),
        course=empty.copy(),
        course_level=np.zeros(total, dtype=np.int8),
        course_start=empty.copy(),
        noted_state=np.full(total, NONE, dtype=np.int8),
    )
