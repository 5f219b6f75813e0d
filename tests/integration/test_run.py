"""The whole run: what it publishes, what it leaves out and says so, what stops it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from support.home_tables import shown, sql
from worlds import eighteen_persons as worlds
from worlds.eighteen_persons import (
    AS_OF,
    KEY,
    PEOPLE,
    deliver,
    deliveries,
    insured,
    manifest,
    run_steps,
    scope,
    small_home,
    write_world,
)

from orchestration.home import Home
from orchestration.run import steps
from orchestration.run.scope import Run
from releases.tables import RELEASED

PROTECTION = "DISCLOSURE-CONTROLLED"


@pytest.fixture
def copied(tmp_path: Path) -> Home:
    """A home with one release, to be changed."""
    return worlds.copy_of(small_home(), tmp_path / "home")


# ---- nothing new ---------------------------------------------------------------------------------------------


def test_nothing_new_is_quick_and_changes_nothing(copied: Home) -> None:
    """Without what takes seconds to load: a delivery that never changes costs nothing."""
    script = (
        "import sys; from pathlib import Path; import orchestration.cli.main; from orchestration.home import Home;"
        "from orchestration.run.execute import execute;"
        "from orchestration.settings import load_settings; home = Home(Path(sys.argv[1]));"
        "outcome = execute(home, load_settings(home.settings), '2025Q4');"
        "print(outcome.release.id, outcome.published,"
        "sorted({'dagster', 'dbt', 'great_expectations', 'openpyxl', 'scipy'} & set(sys.modules)))"
    )
    before = {p: p.stat().st_mtime_ns for p in copied.releases.rglob("*")}
    done = subprocess.run(
        [sys.executable, "-c", script, str(copied.root)],
        env=os.environ | {"LABOURDB_KEY": KEY}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split(" ", 2) == ["2025Q4.1", "False", "[]\n"]
    assert {p: p.stat().st_mtime_ns for p in copied.releases.rglob("*")} == before


# ---- the same inputs, the same bytes -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def other_home() -> Home:
    """The same deliveries put down in another order and at other times, December's read in a run of its own."""
    home = Home(worlds.scratch() / "other")
    write_world(home, backwards=True)
    for path in home.landing.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    late = sorted(p for p in home.landing.glob("*/2025-12"))
    for folder in late:
        folder.rename(home.root / folder.parent.name)
    home.restricted.mkdir(mode=0o700)
    (home.restricted / "person.key").write_text(KEY + "\n")
    (home.restricted / "person.key").chmod(0o600)
    steps.ingest_new(Run(home, worlds.load_settings(home.settings), scope("2025Q3")))
    for folder in late:
        (home.root / folder.parent.name).rename(folder)
    run_steps(home, key=None)
    return home


def test_same_inputs_same_bytes(other_home: Home) -> None:
    ours, theirs = worlds.table_bytes(small_home()), worlds.table_bytes(other_home)
    assert list(ours) == sorted(f"{t}.parquet" for t in RELEASED)
    assert {n for n in ours if ours[n] != theirs[n]} == set()
    one, two = manifest(small_home()), manifest(other_home)
    differing = {k for k in one if one[k] != two[k]}
    assert differing <= {"published_at", "arrivals"}
    assert set(one["arrivals"]) == {d["folder"] for d in one["inputs"]} == set(two["arrivals"])


def test_same_key_same_pseudonyms_in_two_homes(other_home: Home) -> None:
    """One home has the key from the environment, the other from its file."""
    found = []
    for home in (small_home(), other_home):
        with worlds.opened(home, key=KEY if home is small_home() else None) as connection:
            found.append(
                [
                    connection.execute(f"from restricted.identity.{t} order by all").fetchall()
                    for t in ("person_keys", "employer_keys")
                ]
            )
    assert found[0] == found[1]
    persons, employers = found[0]
    assert len(persons) == 18 and len(employers) == 1
    assert not {k for _, k in persons} & {i for i, _ in persons}


# ---- missing sources -----------------------------------------------------------------------------------------


def not_available(home: Home) -> set[tuple[str, str]]:
    """Indicators and periods published as not available; asserts that no number comes with them."""
    rows = sql(
        home,
        "select indicator, period, numerator, denominator, value from indicators where status = 'not_available'",
    )
    assert {tuple(numbers) for _, _, *numbers in rows} <= {(None, None, None)}
    return {(indicator, period) for indicator, period, *_ in rows}


def totals(home: Home, indicator: str, area: str = "VN") -> list[int]:
    """Numerators of an area's totals by quarter."""
    rows = sql(
        home,
        f"select numerator::int from indicators where indicator = '{indicator}' and area_code = '{area}' and area_version = '2024'"
        " and basis = 'register' and sex = 'total' and age_group = 'total' and urban_rural = 'total' order by period",
    )
    return [number for (number,) in rows]


QUARTERS = ("2025Q3", "2025Q4")


@pytest.fixture(scope="module")
def without_contracts() -> Home:
    """No overseas contracts; and everything else that may lie about without being used.

    A first training delivery is corrected by a second revision that is held; a delivery is refused; one is of
    a month after the cut-off; and folders are there that nobody knows.
    """
    home = write_world(Home(worlds.scratch() / "without-contracts"), without=("overseas_contracts",))
    courses = deliveries()["training/2025-09"]
    deliver(
        home,
        "training/2025-09.r2",
        [c | {"level": "nobody knows", "record_no": str(n)} for n in range(60) for c in courses[:1]],
    )
    (home.landing / "vacancies" / "2025-10").mkdir(parents=True)
    (home.landing / "vacancies" / "2025-10" / "data.csv").write_bytes(b"not,what\nwas,asked\n")
    deliver(home, "social_insurance/2026-01", [insured("em", "2025-12", 9_999_999, worlds.FARM)])
    deliver(
        home,
        "population/2026-01",
        [
            PEOPLE["an"].row
            | {
                "commune_code": "05488",
                "life_status": "deceased",
                "status_date": "2025-07-01",
                "updated_at": "2025-12-01",
            }
        ],
    )
    (home.landing / "payroll" / "2025-12").mkdir(parents=True)
    (home.landing / "population" / "December").mkdir()
    (home.landing / "population" / ".cache").mkdir()
    (home.landing / ".DS_Store").write_bytes(b"\0")
    run_steps(home)
    return home


@pytest.mark.slow
def test_without_overseas_contracts(without_contracts: Home) -> None:
    assert not_available(without_contracts) == {("abroad", q) for q in QUARTERS}
    # Em is not abroad, for all anybody knows: unknown, not one of none
    assert totals(without_contracts, "status_unknown") == [1, 4]
    facts = manifest(without_contracts)
    assert facts["missing_sources"] == [
        "insurance_debts",
        "labour_changes",
        "overseas_contracts",
        "poor_households",
        "vacancies",
    ]
    assert facts["ladder_steps_skipped"] == ["overseas_contract"]


@pytest.mark.slow
def test_held_and_refused_deliveries_are_named_and_stop_nothing(without_contracts: Home) -> None:
    left_out = {
        d["folder"]: d for d in manifest(without_contracts)["inputs"] if d["disposition"] not in ("used",)
    }
    assert {n: d["disposition"] for n, d in left_out.items()} == {
        "training/2025-09.r2": "held",
        "vacancies/2025-10": "refused",
    }
    assert "unknown_code_share" in left_out["training/2025-09.r2"]["because"]
    assert "missing" in left_out["vacancies/2025-10"]["because"]
    report = (without_contracts.releases / "current" / "quality" / "report.html").read_text()
    assert "training/2025-09.r2" in report and "vacancies/2025-10" in report
    # the first revision stays in force, and both are accounted for
    accounted = sql(
        without_contracts,
        "select revision, disposition, rows_read from row_accounting where source = 'training' and period = '2025-09' order by 1",
    )
    assert accounted == [(1, "used", 8), (2, "held", 60)]
    assert sql(
        without_contracts, "select rows_read, accepted from row_accounting where disposition = 'refused'"
    ) == [(None, None)]
    assert totals(without_contracts, "trained_share") == [4, 3]


@pytest.mark.slow
def test_deliveries_after_the_cut_off_count_nowhere(without_contracts: Home) -> None:
    assert not [d for d in manifest(without_contracts)["inputs"] if "2026" in d["folder"]]
    assert sql(without_contracts, "select count(*) from row_accounting where period > '2025-12'") == [(0,)]
    assert sql(without_contracts, "select count(*) from linkage where period > '2025-12'") == [(0,)]
    assert sql(without_contracts, "select count(*) from checks where object like '%2026%'") == [(0,)]
    with worlds.opened(without_contracts) as connection:
        status = "select s.status from w.labour.labour_status as s join restricted.identity.person_keys as k using (person_key) where quarter = '2025Q4' and citizen_id = ?"
        assert connection.execute(status, [int(PEOPLE["an"].id)]).fetchall() == [("employed",)]
        assert connection.execute(status, [int(PEOPLE["em"].id)]).fetchall() == [("unknown",)]


@pytest.fixture(scope="module")
def without_survey() -> Home:
    home = write_world(Home(worlds.scratch() / "without-survey"), without=("labour_register",))
    run_steps(home)
    return home


@pytest.mark.slow
def test_without_labour_register(without_survey: Home) -> None:
    assert not_available(without_survey) == {("underemployment_rate", q) for q in QUARTERS}
    assert "labour_register" in manifest(without_survey)["missing_sources"]
    assert manifest(without_survey)["ladder_steps_skipped"] == ["labour_register"]
    assert sql(without_survey, "select count(*) from linkage where source = 'labour_register'") == [(0,)]


@pytest.mark.slow
def test_coverage_publishes_covered_provinces_only(without_survey: Home, tmp_path: Path) -> None:
    """Set after a first release: a narrower release follows it."""
    home = worlds.copy_of(without_survey, tmp_path / "home")
    home.settings.write_text(worlds.SETTINGS + '[coverage]\nprovinces = ["30"]\n')
    release = run_steps(home)
    assert release.id == f"{AS_OF}.2" and release.manifest["previous_release"] == f"{AS_OF}.1"
    country = "select distinct area_version, area_code from indicators where area_level = 'country' and basis = 'register' order by all"
    # Hải Phòng (31) joins Hải Dương with a province that is not covered, so nothing of the new list is
    assert shown(home, country) == [("2024", "covered")]
    assert shown(
        home,
        "select distinct area_version, area_code from indicators where area_level = 'province' and basis = 'register'",
    ) == [("2024", "30")]
    codes = shown(
        home,
        "select distinct area_code from indicators where basis = 'register' and area_level in ('district', 'commune') order by 1",
    )
    # the noise may leave out who lives alone
    assert codes and set(codes) <= {("10507",), ("11086",), ("11161",), ("288",), ("298",), ("299",)}
    assert (
        totals(home, "population_15_plus", "covered") == totals(home, "population_15_plus", "30") == [13, 12]
    )
    population = (
        "select numerator from indicators where indicator = 'population_15_plus' and area_code = '{}' and sex = 'total'"
        " and age_group = 'total' and urban_rural = 'total' order by period"
    )
    assert shown(home, population.format("covered")) == shown(home, population.format("30"))
    assert shown(
        home,
        "select count(*) from target_progress where province_code = '19' and (value is not null or other_value is not null)",
    ) == [(0,)]
    linked = "select source, period, rule, 5 * round(sum(rows) / 5.0)::bigint from linkage {} group by all order by all"
    within = sql(home, linked.format("where province_2024 in ('30', 'unknown')"))
    assert shown(home, linked.format("")) == within
    for table in ("transitions", "training_outcomes"):
        areas = f"select distinct area_version, area_level, area_code from {table} order by all"
        covered = [("2024", "country", "covered"), ("2024", "province", "30")]
        found = shown(home, areas)
        # of the two courses of this world noise may leave none
        assert found == covered or (table == "training_outcomes" and found == []), table
    with duckdb.connect() as connection:  # the candidates hold all
        connection.execute(f"attach '{home.database}' as w (read_only)")
        candidates = connection.execute(
            "select distinct area_code from w.candidates.indicators where area_level = 'province' and basis = 'register' and area_version = '2024' order by 1"
        ).fetchall()
        assert candidates == [("19",), ("30",)]


@pytest.fixture(scope="module")
def core_alone() -> Home:
    """The four core sources alone, under a key the home makes itself."""
    optional = {f.split("/")[0] for f in deliveries()} - {
        "population",
        "enterprises",
        "social_insurance",
        "training",
    }
    home = write_world(Home(worlds.scratch() / "core"), without=sorted(optional))
    run_steps(home, key=None)
    return home


def test_without_any_optional_source(core_alone: Home) -> None:
    assert not_available(core_alone) == {(i, q) for i in ("abroad", "underemployment_rate") for q in QUARTERS}
    facts = manifest(core_alone)
    assert len(facts["missing_sources"]) == 9
    assert sorted(facts["ladder_steps_skipped"]) == [
        "job_seeker",
        "labour_register",
        "overseas_contract",
        "unemployment_benefit",
    ]
    assert sql(core_alone, "select count(*) from indicators where basis = 'official'") == [(0,)]
    assert {
        v for (v,) in sql(core_alone, "select verdict from target_progress where basis = 'official'")
    } == {"no_data"}
    # Dung's and Minh's September is known from the survey alone
    assert totals(core_alone, "employed") == [8, 7]


# ---- keys and what is secret ---------------------------------------------------------------------------------


def test_key_file_and_folder_are_closed(core_alone: Home) -> None:
    assert stat.S_IMODE(core_alone.restricted.stat().st_mode) == 0o700
    assert {p.name for p in core_alone.restricted.iterdir()} >= {"person.key", "restricted.duckdb"}
    for path in core_alone.restricted.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert not (small_home().restricted / "person.key").exists()  # it came from the environment


def _texts(path: Path) -> str:
    """Every value of a database's or Parquet file's tables as text."""
    parts = []
    with duckdb.connect() as connection:
        if path.suffix == ".parquet":
            names = [f"read_parquet('{path}')"]
        else:
            connection.execute(f"attach '{path}' as w (read_only)")
            tables = "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'w' and not internal"
            names = [f"w.{t}" for (t,) in connection.execute(tables).fetchall()]
        for name in names:
            parts.append(
                str(connection.execute(f"select distinct columns(*)::varchar from {name}").fetchall())
            )
    return "\n".join(parts)


def test_no_person_outside_the_restricted_zone(core_alone: Home) -> None:
    secrets = {KEY, (core_alone.restricted / "person.key").read_text().strip(), worlds.FORMER}
    for person in PEOPLE.values():
        secrets |= {
            person.id,
            person.id.lstrip("0"),
            person.name,
            person.name.lower(),
            person.name.split()[-1],
        }
    # birth dates are looked for as dates; 1970-01-01 is a default that says nothing of anybody
    secrets |= {p.born for p in PEOPLE.values()} - {"1970-01-01"}
    looked_at = 0
    for home in (small_home(), core_alone):
        for path in home.root.rglob("*"):
            if not path.is_file() or {"landing", "restricted"} & set(path.relative_to(home.root).parts):
                continue
            looked_at += 1
            content = path.read_bytes()
            found = {s for s in secrets if s.encode() in content}
            if path.suffix in (".parquet", ".duckdb"):
                text = _texts(path)
                found |= {s for s in secrets if s in text}
            assert not found, f"{path} holds {len(found)} personal values"
    assert looked_at > 20
