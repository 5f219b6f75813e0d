"""Spells, flows, transitions, outcomes and careers of random hostile worlds, against a second, slow computation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import duckdb
import pandas as pd
import pytest
from support import longitudinal_oracle as oracle
from worlds.empty_home import EmptyHome, copy_of_empty, dbt_works_in

from sources.calendar import last_day, month_label, quarter_label

STATUSES = ("unknown", "employed", "unemployed", "inactive", "abroad")
MODELS = (
    "code_spells", "employer_successions", "spells", "job_runs", "careers",
    "keyed_employer_flows", "employer_flows", "placed_flows", "place_counts", "labour_flows",
    "keyed_status_changes", "status_changes", "transitions",
    "completions", "keyed_completions", "completion_counts", "training_medians", "training_outcomes",
)  # fmt: skip
SEEDS = (1, 2, 3)


def number(key: str | None) -> int | None:
    """The oracle's key as a number that sorts as it does."""
    return None if key is None else int(key[1:])


def _histories(residences: Mapping[tuple[str, date], oracle.Places]) -> list[tuple[Any, ...]]:
    return [
        (number(person), day, day + timedelta(days=1), *map(int, places), 0)
        for (person, day), places in residences.items()
    ]


def _month_start(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _tables(world: oracle.World, follow: bool) -> dict[str, tuple[str, list[tuple[Any, ...]]]]:
    """What the models read, as table to (columns, rows)."""
    quarters = range(world.first_month // 3, world.as_of_quarter + 1)
    flows = range(world.first_quarter, world.as_of_quarter + 1)
    since = min(month for _, month in world.claimed_months)
    parameters = (world.as_of_quarter, world.cutoff, "2025Q1.1", follow, follow)
    return {
        "run.parameters": (
            "as_of_quarter, cutoff_month, release_id, follow_employer_successions, follow_person_successions",
            [parameters],
        ),
        "run.quarters": ("quarter, year", [(q, q // 4) for q in quarters]),
        "run.months": (
            "month, ends_on",
            [(m, last_day(m)) for m in range(since, world.cutoff + 1)],
        ),
        "run.flow_quarters": (
            "quarter, quarters_before, is_followed",
            [(q, i, q != world.as_of_quarter) for i, q in enumerate(flows)],
        ),
        "run.deliveries_in_force": (
            "source, period_month",
            [("social_insurance", m) for m in range(world.first_month, world.cutoff + 1)],
        ),
        "labour.contribution_months": (
            "person_key, employer_key, month, compulsory, wage_base",
            [
                (number(c.person_key), number(c.employer_key), c.month, c.compulsory, c.wage_base)
                for c in world.contributions
            ],
        ),
        "labour.enterprises": (
            "employer_key, province_2024, province_2025, section",
            [(number(e), *attributes) for e, attributes in world.employers.items()],
        ),
        "labour.enterprise_history": (  # no employer moves in these worlds
            "employer_key, valid_from, province_2024, province_2025",
            [(number(e), date(1990, 1, 1), *attributes[:2]) for e, attributes in world.employers.items()],
        ),
        "labour.person_quarters": (
            "person_key, quarter, is_male, age_months, province_2024, province_2025, status",
            [
                (number(s.person_key), s.quarter, s.sex == "male", s.age_months, int(s.province_2024),
                 int(s.province_2025), STATUSES.index(s.status))
                for s in world.status_rows
                if s.quarter <= world.as_of_quarter
            ],
        ),
        "labour.training_episodes": (
            "person_key, level, kind, ended_on, certified, field_code",
            [(number(e.person_key), *e[1:]) for e in world.episodes],
        ),
        "labour.residences": (
            "person_key, valid_from, valid_to, province_2024, province_2025, life_status",
            _histories(world.residences),
        ),
        "labour.claims": (
            "person_key, starts_on, before_date, claim",
            [(number(p), _month_start(m), _month_start(m + 1), "job_seeker") for p, m in world.claimed_months],
        ),
    }  # fmt: skip


def build(home: EmptyHome, world: oracle.World, follow: bool) -> None:
    """Put the world into the tables the models read, and build them."""
    with home.warehouse() as warehouse:
        for table, (columns, rows) in _tables(world, follow).items():
            names = columns.split(", ")
            warehouse.execute(
                f"delete from {table}" if table.startswith("run.") else f"delete from labour.{table}"
            )
            warehouse.register("rows", pd.DataFrame(rows, columns=names, dtype=object))
            target = table if table.startswith("run.") else f"labour.{table}"
            types = dict(
                warehouse.execute(
                    "select column_name, data_type from duckdb_columns() where database_name = 'labour'"
                    " and schema_name || '.' || table_name = ?",
                    [table],
                ).fetchall()
            )
            casts = ", ".join(f"cast({n} as {types[n]}) as {n}" for n in names)
            warehouse.execute(f"insert into {target} by name select {casts} from rows")
            warehouse.unregister("rows")
        persons = {number(c.person_key) for c in world.contributions} | {
            number(s.person_key) for s in world.status_rows
        }
        persons |= {number(e.person_key) for e in world.episodes if e.person_key}
        keys = pd.DataFrame({"person_key": sorted(p for p in persons if p is not None), "record_key": 0})
        warehouse.register("keys", keys)
        warehouse.execute(
            "create or replace table restricted.identity.record_keys as select person_key::bigint as person_key, record_key::integer as record_key from keys"
        )
        warehouse.unregister("keys")
    built = home.dbt("run", "--select", *MODELS)
    assert {r.node.name: r.message for r in built.results if r.status != "success"} == {}


def differences(
    warehouse: duckdb.DuckDBPyConnection,
    table: str,
    expected: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
) -> dict[str, int]:
    """Rows that only one side has; numbers with a fraction are compared to nine digits."""
    listed = ", ".join(columns)
    found = {_rounded(row) for row in warehouse.execute(f"select {listed} from {table}").fetchall()}
    wanted = {_rounded(tuple(row[c] for c in columns)) for row in expected}
    return {"found alone": len(found - wanted), "expected alone": len(wanted - found), "rows": len(wanted)}


def _rounded(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(float(f"{v:.9e}") if isinstance(v, float) else v for v in row)


@pytest.fixture(scope="module", params=[(s, f) for s in SEEDS for f in (True, False)], ids=str)
def built(
    request: pytest.FixtureRequest, pristine: EmptyHome, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[duckdb.DuckDBPyConnection, oracle.World, bool]]:
    """A random world, built with successions followed or not."""
    seed, follow = request.param
    world = oracle.random_world(seed)
    home = copy_of_empty(pristine, tmp_path_factory.mktemp("world") / "home")
    with dbt_works_in(home):
        build(home, world, follow)
    with home.warehouse() as warehouse:
        yield warehouse, world, follow


Built = tuple[duckdb.DuckDBPyConnection, oracle.World, bool]


def _successions(world: oracle.World, follow: bool) -> list[oracle.Row]:
    return oracle.employer_successions(world.contributions, world.cutoff) if follow else []


def _spells(world: oracle.World, follow: bool) -> list[oracle.Row]:
    survivors = oracle.canonical(_successions(world, follow))
    return oracle.job_spells(world.contributions, world.cutoff, survivors)


def _same(found: Mapping[str, int]) -> None:
    assert found["rows"] > 0
    assert (found["found alone"], found["expected alone"]) == (0, 0)


def test_job_spells(built: Built) -> None:
    warehouse, world, follow = built
    expected = [
        row
        | {k: number(row[k]) for k in ("person_key", "employer_key")}
        | {k: month_label(row[k]) for k in ("first_month", "last_month")}
        for row in _spells(world, follow)
    ]
    _same(differences(warehouse, "labour.labour.job_spells", expected, oracle.SPELL.split()))


def test_employer_successions(built: Built) -> None:
    warehouse, world, follow = built
    expected = [
        {k: number(row[k]) for k in ("predecessor_key", "successor_key", "surviving_key")}
        | {"last_month": month_label(row["moved_after_month"]), "moved_share": float(row["share"])}
        | {k: row[k] for k in ("workers", "movers", "stayed")}
        for row in _successions(world, follow)
    ]
    columns = (
        "predecessor_key",
        "successor_key",
        "surviving_key",
        "last_month",
        "workers",
        "movers",
        "stayed",
        "moved_share",
    )
    found = differences(warehouse, "labour.labour.employer_successions", expected, columns)
    assert (found["found alone"], found["expected alone"]) == (0, 0)
    assert (found["rows"] > 0) == follow


def test_labour_flows(built: Built) -> None:
    warehouse, world, follow = built
    spells = _spells(world, follow)
    flows = oracle.labour_flows(spells, world.employers, world.first_quarter, world.as_of_quarter)
    expected = [row | {"period": quarter_label(row["quarter"])} for row in flows]
    columns = [
        "period",
        *oracle.AREA.split(),
        "section",
        *["M", "B", "E", "F", "A", "H", "R", "S", "JC", "JD"],
    ]
    _same(differences(warehouse, "candidates.labour_flows", expected, columns))


def test_transitions(built: Built) -> None:
    warehouse, world, _ = built
    rows = [row for lag in (1, 4) for row in oracle.transitions(world.status_rows, lag)]
    lags = {"quarter": 1, "year": 4}
    nothing = {"persons": None, "share": None}
    expected = []
    for row in rows:
        if row["quarter"] <= world.as_of_quarter:
            # nothing is told of quarters before the first month of insurance
            seen = 3 * (row["quarter"] - lags[row["lag"]]) + 2 >= world.first_month
            figures = {"share": float(row["share"])} if seen else nothing
            expected.append(row | {"period": quarter_label(row["quarter"]), **figures})
    columns = ["period", *oracle.TRANSITION.replace("quarter ", "").split()]
    _same(differences(warehouse, "candidates.transitions", expected, columns))


def test_training_outcomes(built: Built) -> None:
    warehouse, world, _ = built
    expected = oracle.training_outcomes(
        world.episodes,
        world.residences,
        world.contributions,
        world.employers,
        world.first_month,
        world.cutoff,
    )
    first_year = world.first_month // 12  # the models show no year before the first quarter's
    shown = [row for row in expected if row["year"] >= first_year]
    _same(differences(warehouse, "candidates.training_outcomes", shown, oracle.OUTCOME.split()))


def test_careers(built: Built) -> None:
    warehouse, world, follow = built
    careers = oracle.careers(
        world.contributions, _spells(world, follow), world.claimed_months, world.status_rows, world.as_of_quarter,
        world.cutoff,
    )  # fmt: skip
    expected = [
        row
        | {"person_key": number(row["person_key"]), "first_month": month_label(row["first_month"])}
        | {"first_job_month": None if row["first_job_month"] is None else month_label(row["first_job_month"])}
        for row in careers
    ]
    _same(differences(warehouse, "labour.labour.careers", expected, oracle.CAREER.split()))
