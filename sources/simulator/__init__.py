"""An invented world of people, employers and agencies, and the deliveries these agencies send.

Belongs here: the people, their lives month by month, what agencies record of them and get wrong, and
the files of all thirteen sources in the landing layout, marked synthetic. The truth (who is behind
each row, what everybody really did) is written apart, for tests and evaluations alone.

Does not belong here: reading deliveries, and anything that looks at the truth. The same arguments
give the same bytes. All people and enterprises are invented.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sources.simulator import names
from sources.simulator.business_files import BusinessOffice, StaffChangeOffice, VacancyOffice, code_texts
from sources.simulator.demography import population_changes, turn_fifteen
from sources.simulator.employers import make_employers
from sources.simulator.evolution import labour_month
from sources.simulator.insurance_files import BenefitOffice, DebtOffice, InsuranceOffice
from sources.simulator.months import month_text, parse_month
from sources.simulator.official_files import StatisticsOffice
from sources.simulator.outbox import Outbox
from sources.simulator.people import make_people
from sources.simulator.people_files import PopulationOffice, PovertyOffice
from sources.simulator.reference import Reference, read_reference
from sources.simulator.reissues import reissue_ids
from sources.simulator.settings import PROFILES, Profile
from sources.simulator.skills import begin_courses, skill_month
from sources.simulator.start import begin
from sources.simulator.survey_files import JobSeekerOffice, LabourRegisterOffice, OverseasOffice
from sources.simulator.training_files import TrainingOffice
from sources.simulator.truth import Chronicle
from sources.simulator.world import Events, World

__all__ = ["LandingNotEmptyError", "SimulationSummary", "simulate"]


class LandingNotEmptyError(ValueError):
    """The home already holds deliveries: synthetic ones are never mixed with them."""


@dataclass(frozen=True)
class SimulationSummary:
    """What was written."""

    persons: int
    first_month: str
    last_month: str
    provinces: tuple[str, ...]
    seed: int
    deliveries: int
    files: int
    rows: dict[str, int]


def simulate(
    home: Path,
    persons: int,
    months: int,
    until: str,
    provinces: Sequence[str],
    seed: int,
    reference: Path,
    on_progress: Callable[[str], None] | None = None,
) -> SimulationSummary:
    """Write the deliveries of ``months`` months up to ``until`` for the (old) provinces into ``home``."""
    home = Path(home)
    landing = home / "landing"
    if landing.exists() and any(landing.iterdir()):
        raise LandingNotEmptyError(f"{landing} already holds deliveries; choose an empty home")
    tell = on_progress or (lambda message: None)
    tables = read_reference(Path(reference))
    window = _window(persons, months, until, provinces, tables)
    world = _create(persons, window, list(provinces), seed, tables)
    outbox = Outbox(home)
    offices = [
        office(world, outbox)
        for office in (
            PopulationOffice,
            BusinessOffice,
            InsuranceOffice,
            TrainingOffice,
            LabourRegisterOffice,
            BenefitOffice,
            JobSeekerOffice,
            VacancyOffice,
            StaffChangeOffice,
            OverseasOffice,
            PovertyOffice,
            DebtOffice,
            StatisticsOffice,
        )
    ]
    chronicle = Chronicle(world)
    for month, ym in enumerate(window):
        tell(f"{month_text(ym)} ({month + 1} of {months})")
        world.events = Events()
        population_changes(world, month, ym)
        turn_fifteen(world, ym)
        reissue_ids(world, month, ym)
        labour_month(world, month, ym)
        skill_month(world, month, ym)
        for office in offices:
            office.send(month, ym)
        chronicle.keep(month)
    tell("truth")
    chronicle.write(home / "truth")
    return SimulationSummary(
        persons=persons,
        first_month=month_text(window[0]),
        last_month=month_text(window[-1]),
        provinces=tuple(provinces),
        seed=seed,
        deliveries=outbox.deliveries,
        files=outbox.files,
        rows=outbox.rows,
    )


def _window(persons: int, months: int, until: str, provinces: Sequence[str], tables: Reference) -> list[int]:
    """The months to simulate, once the arguments have been found sensible."""
    last = parse_month(until)
    if persons < 100 or months < 1:
        raise ValueError("a world needs at least 100 persons and one month")
    if not provinces or len(set(provinces)) != len(provinces):
        raise ValueError("name at least one province, and each once")
    unknown = [code for code in provinces if code not in tables.province_names]
    if unknown:
        raise ValueError(f"not a province of the list before 2025-07-01: {', '.join(unknown)}")
    return list(range(last - months + 1, last + 1))


def _profile(code: str) -> Profile:
    profile = PROFILES.get(code, Profile())
    commuting = {to: share for to, share in profile.commuting.items() if to != code}
    return replace(profile, commuting=commuting)


def _create(persons: int, window: list[int], provinces: list[str], seed: int, tables: Reference) -> World:
    rng = np.random.default_rng(seed)
    profiles = [_profile(code) for code in provinces]
    people = make_people(rng, tables, provinces, profiles, persons, window)
    employers = make_employers(rng, tables, provinces, profiles, persons, window)
    book = names.NameBook(np.concatenate([people.name, names.next_given_name(people.name)]))
    world = World(rng, tables, provinces, profiles, window, persons, people, employers, book)
    some = employers.workforce
    world.employer_codes = code_texts(employers.code[:some], employers.digits[:some])
    begin(world, window[0])
    begin_courses(world, window[0])
    return world
