"""Gates 2 and 3 over a small world that is whole, then broken in one place after the other, then empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from worlds.gates import gate_world
from worlds.gates_longitudinal import BREAKS as LONGITUDINAL_BREAKS
from worlds.gates_published import published_breaks

from expectations.judge import blocking_failures
from expectations.linkage_gate import linkage_gate
from expectations.measuring import measure_rules
from expectations.publication_gate import publication_gate
from expectations.rules import load_rules

RULES = load_rules()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A whole world, to be broken."""
    with gate_world(tmp_path) as connection:
        yield connection


TOTAL = "sex = 'total' and age_group = 'total' and urban_rural = 'total'"
CELL = f"basis = 'register' and period = '2025Q3' and {TOTAL}"
CUBE = "update candidates.indicators set numerator = numerator + 1"
BREAKS = [
    ("linked_share_social_insurance", "social_insurance", "update restricted.identity.linked_social_insurance set person_key = null, link_rule = 'review' where row_id < 6", 6),
    ("linked_share_training", "training", "update restricted.identity.linked_training set person_key = null where row_id < 11", 11),
    ("linked_share_other", "job_seekers", "update restricted.identity.linked_job_seekers set person_key = null where row_id < 11", 11),
    ("reference_months_delivered", "social_insurance", "delete from run.deliveries_in_force where period_month = 24311", 1),
    ("linked_rows_complete", "training", "delete from restricted.identity.linked_training where row_id = 7", 1),
    ("linked_rows_complete", "job_seekers", "update restricted.identity.linked_job_seekers set row_id = 8 where row_id = 7", 1),
    ("linked_rows_complete", "labour_register", "insert into restricted.identity.linked_labour_register select 5, 200, 9, 'citizen_id'", 1),
    ("person_keys_unique", "identity.person_keys", "update restricted.identity.person_keys set person_key = 1001 where citizen_id = 2", 1),
    ("person_keys_unique", "identity.spine", "update restricted.identity.spine set person_key = 1001 where citizen_id = 2", 1),
    ("employer_keys_unique", "identity.employer_keys", "insert into restricted.identity.employer_keys values (9, -77)", 1),
    ("employer_keys_unique", "identity.enterprise_records", "update restricted.identity.enterprise_records set employer_key = 0", 1),
    ("spine_complete", "identity.spine", "delete from restricted.identity.spine where citizen_id = 3", 1),
    ("spine_complete", "identity.spine", "update restricted.identity.spine set person_key = null where citizen_id = 3", 1),
    ("intervals_disjoint", "identity.population_records", "update restricted.identity.population_records set valid_to = date '2024-06-02' where valid_to is not null", 1),
    ("intervals_disjoint", "identity.population_records", "update restricted.identity.population_records set valid_to = valid_from where valid_to is not null", 1),
    ("intervals_disjoint", "identity.enterprise_records", "update restricted.identity.enterprise_records set valid_to = null", 1),
    ("person_quarters_unique", "labour.person_quarters", "insert into labour.labour.person_quarters from labour.labour.person_quarters limit 1", 1),
    ("contributions_unique", "labour.contributions", "insert into labour.labour.contribution_months from labour.labour.contribution_months limit 1", 1),
    ("parts_sum_to_totals", "indicators: sex", f"{CUBE} where period = '2025Q3' and indicator = 'employed' and area_code = '30' and sex = 'male' and age_group = '16-30'", None),
    ("parts_sum_to_totals", "indicators: age_group", f"{CUBE} where period = '2025Q3' and indicator = 'formal_share' and area_code = 'VN' and age_group = '65+'", None),
    ("parts_sum_to_totals", "indicators: age_group", "delete from candidates.indicators where age_group = '35-44'", None),
    ("parts_sum_to_totals", "indicators: urban_rural", "update candidates.indicators set denominator = denominator + 1 where urban_rural = 'total'", None),
    ("parts_sum_to_totals", "indicators: urban_rural", f"delete from candidates.indicators where {CELL} and area_code = '30'", 20),
    ("parts_sum_to_totals", "indicators: provinces 2025", f"{CUBE} where {CELL} and indicator = 'inactive' and area_code = 'VN'", 1),
    ("parts_sum_to_totals", "indicators: provinces 2024", "update candidates.indicators set area_code = '99' where area_code = '30'", None),
    ("parts_sum_to_totals", "indicators: communes 2024", f"{CUBE} where {CELL} and indicator = 'unemployment_rate' and area_code = '11001'", 1),
    ("parts_sum_to_totals", "indicators: communes 2025", "delete from candidates.indicators where area_code = '31:unallocated' and period = '2025Q3' and indicator = 'employed'", 1),
    ("parts_sum_to_totals", "indicators: sex", "update candidates.indicators set numerator = null where sex = 'male' and indicator = 'employed' and numerator = 0", None),
    ("districts_sum_to_provinces", "indicators: districts 2024", "delete from labour.labour.person_quarters where district_2024 is null and quarter = 8102", None),
    ("districts_sum_to_provinces", "indicators: districts 2024", f"{CUBE} where {CELL} and indicator = 'labour_force' and area_code = '330'", 1),
    ("districts_sum_to_provinces", "indicators: districts 2024", f"{CUBE} where {CELL} and indicator = 'population_15_plus' and area_code = '300'", 1),
    ("statuses_add_up", "indicators: labour_force", f"{CUBE} where {CELL} and indicator = 'labour_force' and area_code = '11001'", 1),
    ("statuses_add_up", "indicators: population_15_plus", f"{CUBE} where {CELL} and indicator = 'inactive' and area_code = '11001'", 1),
    ("statuses_add_up", "indicators: population_15_plus", f"delete from candidates.indicators where {CELL} and indicator = 'status_unknown' and area_code = '11001'", 1),
    ("terms_agree_with_counts", "indicators: numerators", f"{CUBE} where {CELL} and indicator = 'unemployment_rate' and area_code = '11001'", 1),
    ("terms_agree_with_counts", "indicators: denominators", f"update candidates.indicators set denominator = 1 where {CELL} and indicator = 'si_coverage' and area_code = '11001'", 1),
    ("values_within_bounds", "indicators: register", f"update candidates.indicators set value = 101 where {CELL} and indicator = 'si_coverage' and area_code = 'VN'", 2),
    ("values_within_bounds", "indicators: register", f"update candidates.indicators set numerator = -1, value = -1 where {CELL} and indicator = 'employed' and area_code = 'VN'", 2),
    ("values_within_bounds", "indicators: register", "update candidates.indicators set value = 0 where indicator = 'formal_share' and denominator = 0", None),
    ("values_within_bounds", "indicators: register", "update candidates.indicators set value = 0 where status = 'not_available' and indicator = 'abroad'", None),
    ("values_within_bounds", "indicators: register", f"update candidates.indicators set status = 'final' where {CELL} and indicator = 'employed'", None),
    ("values_within_bounds", "indicators: register", f"update candidates.indicators set value = 'nan' where {CELL} and indicator = 'employed'", None),
    ("values_within_bounds", "indicators: official", "update candidates.indicators set value = null where basis = 'official'", 2),
    ("values_within_bounds", "indicators: age subsets", "update candidates.indicators set numerator = 999 where indicator = 'employed' and age_group = '16-30' and area_code = '30' and period = '2025Q3'", None),
    ("values_within_bounds", "target_progress: verdict", "update candidates.target_progress set verdict = 'soon' where year = 2025", 1),
    ("values_within_bounds", "target_progress: verdict", "update candidates.target_progress set value = null", 2),
    ("values_within_bounds", "row_accounting: counts", "update candidates.row_accounting set disposition = 'lost'", 7),
    ("values_within_bounds", "row_accounting: counts", "update candidates.row_accounting set duplicate = -1", 7),
    ("linkage_counts", "linkage: rows", "update candidates.linkage set rule = 'guess' where source = 'training'", 1),
    ("linkage_counts", "linkage: published", "update published.linkage set rows = 99 where source = 'training'", 1),
    ("linkage_counts", "linkage: published", "update published.linkage set rows = 105 where source = 'training'", 1),
    ("linkage_counts", "linkage: published", "delete from published.linkage where source = 'training'", 1),
    ("official_intervals_ordered", "indicators: official", "update candidates.indicators set ci_low = 27 where basis = 'official'", 1),
    ("leaves_sum_to_totals", "indicators", f"{CUBE.replace('candidates', 'published')} where {CELL} and indicator = 'employed' and area_code = 'VN'", 2),
    ("leaves_sum_to_totals", "indicators", "update published.indicators set denominator = denominator + 1 where indicator = 'si_coverage' and period = '2025Q4' and area_version = '2024' and area_code = '30' and sex = 'total' and age_group = 'total' and urban_rural = 'rural'", 1),
    ("leaves_sum_to_totals", "indicators", "delete from published.indicators where indicator = 'population_15_plus' and period = '2025Q3' and area_version = '2025' and area_code = '31' and sex = 'male' and age_group = '35-44' and urban_rural = 'rural'", 15),
    ("leaves_sum_to_totals", "indicators", f"delete from published.indicators where {CELL} and indicator = 'inactive' and area_version = '2024' and area_code = '33'", 1),
    ("leaves_sum_to_totals", "labour_flows", "update published.labour_flows set M = M + 1 where section = 'C' and area_code = '30' and period = '2025Q1'", 3),
    ("leaves_sum_to_totals", "labour_flows", "update published.labour_flows set R = 0 where section = 'total' and area_code = 'VN' and period = '2025Q1'", 2),
    ("leaves_sum_to_totals", "transitions", "delete from published.transitions where area_level = 'province' and area_version = '2024' and sex = 'male'", None),
    ("leaves_sum_to_totals", "training_outcomes", "update published.training_outcomes set completions = 9 where area_code = '31' and field_code = '48' and level = 'college' and kind = 'initial'", 15),
    ("one_unit_per_indicator", "indicators: official units", "update candidates.indicators set unit = 'thousand_persons' where indicator = 'grdp'", 1),
    ("one_unit_per_indicator", "indicators: official units", "insert into candidates.indicators by name select * replace ('2024' as period, 'km' as unit) from candidates.indicators where indicator = 'grdp'", 1),
    ("one_unit_per_indicator", "indicators: register units", "update candidates.indicators set unit = null where indicator = 'employed' and sex = 'male'", 1),
    ("one_unit_per_indicator", "indicators: register units", "update candidates.indicators set unit = 'share' where sex = 'male'", 20),
    ("expected_cells_present", "indicators: country 2025", f"delete from candidates.indicators where {CELL} and area_level = 'country' and area_version = '2025' and indicator = 'abroad'", 1),
    ("expected_cells_present", "indicators: province 2024", f"delete from candidates.indicators where {CELL} and area_code = '33'", 20),
    ("expected_cells_present", "indicators: district 2024", f"delete from candidates.indicators where {CELL} and area_code = '300'", 20),
    ("expected_cells_present", "indicators: commune 2025", "delete from candidates.indicators where area_code = '31:unallocated'", 40),
    ("cells_unique", "indicators", "insert into candidates.indicators from candidates.indicators limit 3", 3),
    ("cells_unique", "target_progress", "insert into candidates.target_progress from candidates.target_progress", 2),
    ("cells_unique", "linkage", "insert into candidates.linkage from candidates.linkage limit 1", 1),
    ("cells_unique", "row_accounting", "insert into candidates.row_accounting from candidates.row_accounting limit 1", 1),
    *(("cells_unique", t, f"insert into candidates.{t} from candidates.{t} limit 2", 2) for t in ("labour_flows", "transitions", "training_outcomes")),
    ("population_matches_persons", "indicators: population_15_plus", "delete from labour.labour.person_quarters where quarter = 8103", 2),
    ("population_matches_persons", "indicators: population_15_plus", f"delete from candidates.indicators where {CELL} and area_code = 'VN' and indicator = 'population_15_plus' and area_version = '2025'", 1),
    ("row_accounting_closes", "row_accounting: files", "update candidates.row_accounting set superseded = 4 where source = 'training'", 1),
    ("row_accounting_closes", "row_accounting: files", "update candidates.row_accounting set quarantined = null", 7),
    ("row_accounting_closes", "row_accounting: files", "update candidates.row_accounting set disposition = 'refused'", 7),
    ("row_accounting_closes", "row_accounting: landing", "delete from candidates.row_accounting where source = 'training'", 1),
    ("row_accounting_closes", "row_accounting: landing", "update candidates.row_accounting set file = 'b.csv' where source = 'training'", 2),
    ("row_accounting_closes", "row_accounting: staging", "delete from restricted.staging.stg_population where row_id = 1", 1),
    ("row_accounting_closes", "row_accounting: staging", "update candidates.row_accounting set disposition = 'held' where source = 'training'", 1),
    ("row_accounting_closes", "row_accounting: linkage", "update candidates.linkage set rows = 99 where source = 'training'", 1),
    ("row_accounting_closes", "row_accounting: linkage", "delete from candidates.linkage where source = 'training'", 1),
    ("target_rows_complete", "target_progress: plan targets", "delete from candidates.target_progress where year = 2026", 1),
    ("target_rows_complete", "target_progress: plan targets", "update candidates.target_progress set target_value = 11 where year = 2026", 2),
    ("published_from_counts", "indicators", f"update published.indicators set numerator = numerator + 1 where {CELL} and indicator = 'employed' and area_code = '33'", 1),
    ("published_from_counts", "indicators", f"delete from published.indicators where {CELL} and indicator = 'employed' and area_code = '33'", 1),
    ("published_from_counts", "labour_flows", "update published.labour_flows set m = m + 1 where period = '2025Q2'", 8),
    ("published_from_counts", "transitions", "update published.transitions set persons = persons + 1", None),
    ("published_from_counts", "training_outcomes", "update published.training_outcomes set hidden = 'median_wage_12m'", None),
    *LONGITUDINAL_BREAKS,
]  # fmt: skip
BREAKS += published_breaks(BREAKS)
# with a release before, or of more persons than live here: broken in test_culprits
COMPARED = {"change_since_last_release", "small_revision", "population_change", "population_break"}


def measured(world: duckdb.DuckDBPyConnection, check_id: str) -> dict[str, tuple[int, int | None]]:
    return {m.object: (m.rows_checked, m.rows_failed) for m in measure_rules(world, [RULES[check_id]])}


def test_the_whole_world_passes(world: duckdb.DuckDBPyConnection) -> None:
    checks = pd.concat([linkage_gate(world, RULES), publication_gate(world, RULES, None, ())])
    assert blocking_failures(checks).empty
    assert set(checks[checks["status"] != "passed"]["check_id"]) == COMPARED
    for query in checks[checks["check_id"].map(lambda c: RULES[c].rows is not None and c not in COMPARED)][
        "query"
    ]:
        assert world.execute(query).fetchall() == []


@pytest.mark.parametrize(
    ("check_id", "name", "statement", "failures"), BREAKS, ids=[f"{n}-{b[0]}" for n, b in enumerate(BREAKS)]
)
def test_every_check_finds_what_breaks_it(
    world: duckdb.DuckDBPyConnection, check_id: str, name: str, statement: str, failures: int | None
) -> None:
    _, before = measured(world, check_id)[name]
    assert before == 0
    world.execute(statement)
    checked, failed = measured(world, check_id)[name]
    assert failed == failures if failures is not None else failed
    assert failed is not None and failed / checked > RULES[check_id].max_failed_share
    shown = world.execute(RULES[check_id].query_for(name))
    names = {c[0] for c in shown.description or ()}
    assert len(shown.fetchall()) == failed
    assert not names & {"citizen_id", "employer_id", "full_name", "birth_date", "raw", "si_number"}


@pytest.mark.parametrize(
    ("check_id", "table", "time"),
    [
        ("person_quarters_unique", "person_quarters", "quarter"),
        ("contributions_unique", "contribution_months", "month"),
    ],
)
def test_the_same_person_years_apart_is_no_repetition(
    world: duckdb.DuckDBPyConnection, check_id: str, table: str, time: str
) -> None:
    ((before, _),) = measured(world, check_id).values()
    for later in (63, 126):  # where the bit that stands for it is the same
        world.execute(
            f"insert into labour.labour.{table} select * replace ({time} + {later} as {time}) from labour.labour.{table} limit 1"
        )
    assert list(measured(world, check_id).values()) == [(before + 2, 0)]


def test_every_check_is_broken_here_on_every_object() -> None:
    broken = {(check_id, name) for check_id, name, *_ in BREAKS}
    stated = {(r.id, o) for r in RULES.values() if r.rows and r.id not in COMPARED for o in r.objects}
    several = {"linked_share_other", "linked_rows_complete", "expected_cells_present"}
    assert {s for s in stated - broken if s[0] not in several} == set()
    assert {check_id for check_id, _ in stated} == {check_id for check_id, _ in broken}


def test_nothing_to_check_is_not_applicable(world: duckdb.DuckDBPyConnection) -> None:
    for catalogue, schema, table in world.execute(
        "select database_name, schema_name, table_name from duckdb_tables()"
        " where table_name not in ('parameters', 'indicator_definitions', 'areas', 'communes')"
    ).fetchall():
        world.execute(f"delete from {catalogue}.{schema}.{table}")
    checks = pd.concat([linkage_gate(world, RULES), publication_gate(world, RULES, None, ())])
    ran = checks["check_id"].isin(["all_checks_ran", "all_linkage_checks_ran"])
    assert set(checks[ran]["status"]) == {"passed"}
    assert set(checks[~ran]["status"]) == {"not_applicable"}


def test_a_missing_table_is_an_error_that_blocks(world: duckdb.DuckDBPyConnection) -> None:
    world.execute("drop table candidates.linkage")
    checks = publication_gate(world, RULES, None, ()).set_index(["check_id", "object"])
    assert checks.loc[("cells_unique", "indicators"), "status"] == "error"
    assert "CatalogException" in checks.loc[("cells_unique", "indicators"), "query"]
    assert checks.loc[("all_checks_ran", "publication gate"), "status"] == "failed"
    assert checks.loc[("population_matches_persons", "indicators: population_15_plus"), "status"] == "passed"


def test_an_object_nobody_lists_is_an_error(world: duckdb.DuckDBPyConnection) -> None:
    world.execute(
        "insert into candidates.indicators select * replace ('guess' as basis) from candidates.indicators limit 1"
    )
    checks = publication_gate(world, RULES, None, ()).set_index(["check_id", "object"])
    assert checks.loc[("values_within_bounds", "indicators: guess"), ["status", "severity"]].tolist() == [
        "error",
        "block",
    ]


def test_a_figure_in_another_unit_than_in_the_last_release_has_not_moved(
    world: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """One that a release before gave in thousands of persons and this one gives in persons."""
    official = "where basis = 'official' and indicator = 'grdp'"
    world.execute(f"update published.indicators set value = 960.3, unit = 'thousand_persons' {official}")
    world.execute(f"copy published.indicators to '{tmp_path}/indicators.parquet' (format parquet)")

    def failed() -> int:
        checks = publication_gate(world, RULES, tmp_path, ())
        return int(checks[checks["check_id"] == "change_since_last_release"]["rows_failed"].sum())

    world.execute(f"update published.indicators set value = 960300, unit = 'person' {official}")
    assert failed() == 0
    world.execute(f"update published.indicators set unit = 'thousand_persons' {official}")
    assert failed() == 1


@pytest.mark.parametrize(
    ("change", "failures"), [("value * 1.049", 0), ("value * 1.051", 1), ("null", 1), ("value - 1", 1)]
)
def test_change_since_the_last_release(
    world: duckdb.DuckDBPyConnection, tmp_path: Path, change: str, failures: int
) -> None:
    tables = tmp_path / "releases/it's/tables"
    tables.mkdir(parents=True)
    quoted = str(tables / "indicators.parquet").replace("'", "''")
    world.execute(f"copy published.indicators to '{quoted}' (format parquet)")

    def lines(*changed_sources: str) -> pd.DataFrame:
        checks = publication_gate(world, RULES, tables, changed_sources)
        return checks[checks["check_id"] == "change_since_last_release"].set_index("object")

    whole = lines()
    assert set(whole["status"]) == {"passed"} and whole["rows_checked"].min() > 20
    world.execute(  # a quarter still provisional and a finer cell do not count
        f"update published.indicators set value = {change} where indicator = 'employed' and area_code = '33'"
        f" and ({CELL} or period = '2025Q4' or sex = 'male')"
    )
    moved = lines().loc["indicators: province"]
    assert (moved["rows_failed"], moved["status"]) == (failures, "failed" if failures else "passed")
    assert (
        "releases/it''s/tables/indicators.parquet" in moved["query"] and str(tmp_path) not in moved["query"]
    )
    explained = lines("labour_register").loc["indicators: province"]
    assert (explained["rows_failed"], explained["status"]) == (0, "passed")
    # what no figure of the registers is made from explains nothing
    unexplained = lines("official_statistics", "vacancies").loc["indicators: province"]
    assert unexplained["rows_failed"] == failures


def test_the_covered_part_is_the_sum_of_its_provinces(world: duckdb.DuckDBPyConnection) -> None:
    world.execute("insert into run.covered_provinces values (30)")
    world.execute("insert into cells.covered_areas values ('2024', 30)")
    _, without_its_total = measured(world, "parts_sum_to_totals")["indicators: provinces 2024"]
    assert without_its_total
    covered = "* replace ('country' as area_level, 'covered' as area_code)"
    of = "where area_version = '2024' and area_level = 'province' and area_code = '30'"
    world.execute(f"insert into candidates.indicators select {covered} from candidates.indicators {of}")
    assert measured(world, "parts_sum_to_totals")["indicators: provinces 2024"][1] == 0
    assert measured(world, "population_matches_persons")["indicators: population_15_plus"][1] == 0
    world.execute(f"{CUBE} where area_code = 'covered' and indicator = 'employed' and {CELL}")
    assert measured(world, "parts_sum_to_totals")["indicators: provinces 2024"][1] == 1


@pytest.mark.parametrize(("revised", "failed"), [(0, 0), (1, 1), (9, 1), (10, 0)])
def test_a_revision_of_few_places_is_told(
    world: duckdb.DuckDBPyConnection, tmp_path: Path, revised: int, failed: int
) -> None:
    world.execute(
        "create table disclosure.atoms (table_name varchar, period varchar, atom varchar, figures varchar)"
    )
    world.execute(
        "insert into disclosure.atoms select 'indicators', p, 'atom ' || n, '7' from range(30) t(n), (values ('2025Q3'), ('2025Q4')) q(p)"
    )
    before = tmp_path / "2025Q4.1.parquet"
    world.execute(f"copy disclosure.atoms to '{before}' (format parquet)")
    world.execute(
        "delete from disclosure.atoms where period = '2025Q3' and atom = 'atom 0'" if revised else "select 1"
    )
    world.execute(
        f"update disclosure.atoms set figures = '8' where period = '2025Q3' and atom in (select 'atom ' || n from range({revised}) t(n))"
    )
    checks = publication_gate(world, RULES, None, (), before)
    line = checks[checks["check_id"] == "small_revision"].iloc[0]
    assert (line["rows_checked"], line["rows_failed"]) == (min(revised, 1), failed)
    assert line["severity"] == "warn" and line["status"] == (
        "failed" if failed else "passed" if revised else "not_applicable"
    )
    assert str(tmp_path.parent) not in line["query"]


def test_a_release_whose_table_is_gone_is_an_error(world: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    checks = publication_gate(world, RULES, tmp_path, ("population",))
    assert set(checks[checks["check_id"] == "change_since_last_release"]["status"]) == {"error"}
    assert not checks["query"].str.contains(str(tmp_path), regex=False).any()
