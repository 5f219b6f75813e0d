"""The rules of the models, one by one: every dbt unit test on an empty warehouse, and every data test on broken rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from worlds.empty_home import EmptyHome, copy_of_empty, dbt_works_in

from releases.audit.walk import SQL as EVIDENCE
from sources.contract import all_sources


@pytest.fixture(scope="module")
def home(pristine: EmptyHome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmptyHome]:
    """A copy of the empty home, to be filled."""
    with dbt_works_in(copy_of_empty(pristine, tmp_path_factory.mktemp("units") / "home")) as copied:
        yield copied


def test_every_rule_has_its_unit_test_and_all_pass(home: EmptyHome) -> None:
    statuses = home.statuses("--select", "test_type:unit")
    assert len(statuses) >= 50
    assert {name for name, status in statuses.items() if status != "pass"} == set()


def test_a_seed_is_loaded_whatever_columns_and_rows_were_there_before(home: EmptyHome) -> None:
    """As in a home that another version made."""
    with home.warehouse() as warehouse:
        there = warehouse.execute("from reference.working_age_upper order by all").fetchall()
        warehouse.execute(
            "create or replace table reference.working_age_upper as select 'other' as year, 1 as more"
        )
    (seed,) = home.dbt("seed", "--select", "working_age_upper").results
    assert str(seed.status) == "success"
    with home.warehouse() as warehouse:
        assert warehouse.execute("from reference.working_age_upper order by all").fetchall() == there
        columns = {
            c: t.lower() for c, t, *_ in warehouse.execute("describe reference.working_age_upper").fetchall()
        }
    assert (
        columns == home.manifest.nodes["seed.labourdb.working_age_upper"].config.column_types
        and len(there) > 10
    )


# per data test: rows that break it, as statements on the empty tables
PERSON = "insert into labour.labour.person_quarters by name select 1 as person_key, 8103 as quarter, 300 as age_months"
SOUND = "1 as province_2024, 1 as province_2025, true as urban, false as compulsory"
STATUS = "0 as status, 0 as source_bit, 0 as runner_up_status, 0 as runner_up_bit"
CELL = "8103 as quarter, '2024' as area_version, 'total' as sex, 'total' as age_group, 'total' as urban_rural"
INTERVAL = "date '2025-01-01' as valid_from, date '2025-01-01' as valid_to"
FLOW = (
    "'2025Q4' as period, '2024' as area_version, 'country' as area_level, 'VN' as area_code, 'C' as section"
)
PARAMETERS = (
    "insert into run.parameters by name select true as protects where not exists (from run.parameters)"
)
PAIR = "8103 as quarter, 30 as province_2024, 31 as province_2025"
PROVINCE = f"{PAIR}, 'male' as sex, 1 as age_class, 'urban' as urban_rural"
PLACE = "8103 as quarter, '30' as province_2024, '31' as province_2025, 'C' as section"
MOVE = "'quarter' as lag, 8103 as quarter, '30' as province_2024, '31' as province_2025, 'male' as sex, '55+' as age_group, 'employed' as from_status"
COURSE = "2024 as year, '30' as province_2024, '31' as province_2025, 'college' as level, 'initial' as kind"


def unchanged(exact: str, changed: str, keys: str, count: str, key: str) -> str:
    """Sixty counts of nine that came out as they were."""
    return "; ".join(
        f"insert into {table} by name select {keys}, {key}, 9 as {count} from range(60)"
        for table in (exact, changed)
    )


BROKEN = {
    "spine_one_row_an_id": "insert into restricted.identity.spine by name from (values (1, 7), (1, 8)) t(citizen_id, person_key)",
    "spine_rules": "insert into restricted.identity.spine by name select 1 as citizen_id, null as person_key",
    "population_records_rules": (
        "insert into restricted.identity.population_records by name select 1 as citizen_id, 'lost' as life_status,"
        " date '2024-01-01' as valid_from"
    ),
    "communes_one_row_a_commune": (
        "insert into reference.communes by name from (values ('2024', 1, 1, 1, true, true), ('2024', 1, 2, 2, true, true))"
        " t(area_version, commune_code, province_2024, province_2025, urban_before, urban_from)"
    ),
    "communes_rules": "insert into reference.communes by name select '2024' as area_version, 1 as commune_code",
    "commune_changes_one_row_a_pair": (
        "insert into reference.commune_changes by name from (values (1, 2), (1, 2)) t(old_commune, new_commune)"
    ),
    "working_ages_one_row_a_year": "insert into reference.working_ages by name from (values (2025), (2025)) t(year)",
    "areas_one_row_a_code": "insert into reference.areas by name select '2024' as area_version, 'province' as level, '01' as code",
    "plan_targets_rules": "insert into reference.plan_targets by name select '~' as comparator, 'official' as basis",
    "indicator_definitions_one_row_an_indicator": (
        "insert into reference.indicator_definitions by name select 'employed' as indicator"
    ),
    "contribution_months_rules": (
        "insert into labour.labour.contribution_months by name select 1 as person_key, 1 as month, true as compulsory,"
        " 0 as wage_base, 'paid' as contribution_status"
    ),
    "training_episodes_rules": (
        "insert into labour.labour.training_episodes by name select 'college' as level, 'initial' as kind,"
        " 'dropped' as outcome, true as certified, date '2024-01-01' as ended_on"
    ),
    "persons_rules": "insert into labour.labour.persons by name select 1 as person_key, 'male' as sex, 13 as birth_month",
    "person_history_rules": f"insert into labour.labour.residences by name select {INTERVAL}, 0 as life_status",
    "enterprise_history_rules": (
        f"insert into labour.labour.enterprise_history by name select {INTERVAL}, -5 as employer_key, '030' as enterprise_code"
    ),
    "enterprises_one_row_an_employer": "insert into labour.labour.enterprises by name select 1 as employer_key from range(2)",
    "employer_successions_one_row_a_predecessor": (
        "insert into labour.labour.employer_successions by name select 1 as predecessor_key, range + 2 as surviving_key,"
        " range + 2 as successor_key, 5 as workers, 5 as movers from range(2)"
    ),
    "employer_successions_rules": (
        "insert into labour.labour.employer_successions by name select 3 as predecessor_key, 4 as surviving_key,"
        " 4 as successor_key, 10 as workers, 7 as movers"
    ),
    "person_successions_one_row_a_superseded_key": (
        "insert into labour.labour.person_successions by name select range as person_key, 9 as superseded_key,"
        " 'previous_id' as evidence from range(2)"
    ),
    "person_successions_rules": (
        "insert into labour.labour.person_successions by name select 1 as person_key, 2 as superseded_key,"
        " 'same_attributes' as evidence, date '2025-02-01' as last_row_on, date '2025-01-01' as first_row_on"
    ),
    "spells_rules": (
        "insert into labour.labour.spells by name select 1 as person_key, 1 as employer_key, 5 as first_month, 6 as last_month,"
        " 4 as previous_last_month, 1 as wage_sum, 1 as first_wage_base, 1 as last_wage_base"
    ),
    "careers_rules": (
        "insert into labour.labour.careers by name select 1 as person_key, '2025-01' as first_month, 2 as employers, 1 as jobs,"
        " 3 as months_insured"
    ),
    "labour_flows_one_row_a_cell": f"insert into candidates.labour_flows by name select {FLOW}, 4 as M from range(2)",
    "labour_flows_rules": (
        f"insert into candidates.labour_flows by name select {FLOW}, 4 as M, 3 as B, 1 as A, 3 as E, 1 as S, 2 as JC, 1 as JD"
    ),
    "transitions_one_row_a_pair": "insert into candidates.transitions by name select '2025Q4' as period, 5 as persons from range(2)",
    "transitions_rules": "insert into candidates.transitions by name select 'month' as lag, 0 as persons, 101 as share",
    "training_outcomes_one_row_a_cell": (
        "insert into candidates.training_outcomes by name select 2024 as year, 5 as completions from range(2)"
    ),
    "training_outcomes_rules": (
        "insert into candidates.training_outcomes by name select 2024 as year, 5 as completions, 6 as employed_6m"
    ),
    "person_quarters_rules": f"{PERSON}, {SOUND}, 1 as status, 0 as source_bit, 0 as runner_up_status, 0 as runner_up_bit",
    "cells_parts_sum": (
        f"insert into cells.cells by name select {CELL}, 'country' as area_level, 'VN' as area_code, 3 as population union all"
        f" by name select {CELL}, 'province' as area_level, '01' as area_code, 2 as population"
    ),
    "indicators_one_figure_a_cell": (
        "insert into candidates.indicators by name select 'employed' as indicator, 'register' as basis, '2025Q4' as period,"
        f" {CELL[CELL.index(',') + 2 :]}, 'country' as area_level, 'VN' as area_code, 'Việt Nam' as area_name,"
        " 'released' as status from range(2)"
    ),
    "indicators_rules": (
        "insert into candidates.indicators by name select 'register' as basis, 3 as numerator, 2 as denominator"
    ),
    "target_progress_one_line_a_target": "insert into candidates.target_progress by name select 'p' as plan from range(2)",
    "target_progress_rules": (
        "insert into candidates.target_progress by name select 'met' as verdict, '<' as comparator, 5 as value, 4 as target_value"
    ),
    "linkage_rules": (
        "insert into candidates.linkage by name select 'training' as source, 'si_number' as rule, 'male' as sex,"
        " '01' as province_2024, 1 as rows"
    ),
    "row_accounting_one_line_a_file": (
        "insert into candidates.row_accounting by name select 'training' as source, 'refused' as disposition from range(2)"
    ),
    "noise_one_row_a_count": "insert into reference.noise by name select 0 as whole, 99 as count from range(2)",
    "noise_keys_are_spread": (
        "insert into restricted.identity.record_keys by name select range as person_key, 0 as record_key from range(9)"
    ),
    "changed_provinces_within_noise": (
        f"{PARAMETERS}; insert into restricted.keyed.keyed_profiles by name select {PROVINCE}, 0 as employed;"
        f" insert into disclosure.changed_provinces by name select {PROVINCE}, 1 as employed"
    ),
    "changed_provinces_really_changed": unchanged(
        "restricted.keyed.keyed_profiles", "disclosure.changed_provinces",
        f"{PAIR}, 'male' as sex, 'urban' as urban_rural", "employed", "range + 100 as age_class",
    ),
    "changed_communes_within_noise": (
        f"insert into restricted.keyed.keyed_profiles by name select {PAIR}, 1 as commune_2024, 9 as unemployed;"
        f" insert into disclosure.changed_communes by name select {PAIR}, 1 as commune_2024, 14 as unemployed"
    ),
    "changed_communes_really_changed": unchanged(
        "restricted.keyed.keyed_profiles", "disclosure.changed_communes", PAIR, "employed",
        "range + 100 as commune_2024",
    ),
    "changed_status_changes_within_noise": (
        f"insert into restricted.keyed.keyed_status_changes by name select {MOVE}, 'abroad' as to_status, 1 as persons;"
        f" insert into disclosure.changed_status_changes by name select {MOVE}, 'abroad' as to_status, 2 as persons"
    ),
    "changed_status_changes_really_changed": unchanged(
        "restricted.keyed.keyed_status_changes", "disclosure.changed_status_changes", MOVE, "persons",
        "'to ' || range as to_status",
    ),
    "changed_completions_within_noise": (
        f"insert into restricted.keyed.keyed_completions by name select {COURSE}, '1' as field_code, 9 as completions,"
        f" 9 as employed_6m; insert into disclosure.changed_completions by name select {COURSE}, '1' as field_code,"
        " 9 as completions, 8 as employed_6m"
    ),
    "changed_completions_really_changed": unchanged(
        "restricted.keyed.keyed_completions", "disclosure.changed_completions", COURSE, "completions",
        "'field ' || range as field_code",
    ),
    "changed_places_within_factors": (
        f"insert into cells.place_counts by name select {PLACE}, 100 as at_beginning;"
        f" insert into disclosure.changed_places by name select {PLACE}, 114 as at_beginning"
    ),
    "row_accounting_rules": (
        "insert into candidates.row_accounting by name select 'used' as disposition, 9 as rows_read, 5 as accepted,"
        " 1 as quarantined, 1 as duplicate, 1 as superseded"
    ),
}  # fmt: skip


def test_every_data_test_passes_without_rows_and_fails_on_broken_ones(home: EmptyHome) -> None:
    calm = home.statuses("--select", "test_type:data")
    assert set(calm) == set(BROKEN), "each data test needs rows here that break it"
    assert set(calm.values()) == {"pass"}
    with home.warehouse() as warehouse:
        for statement in BROKEN.values():
            warehouse.execute(statement)
    broken = home.statuses("--select", "test_type:data")
    assert {name for name, status in broken.items() if status != "fail"} == set()


def test_every_model_and_column_is_described_as_it_stands(home: EmptyHome) -> None:
    """The YAML names each column of each table in its order, and describes it; public tables in Vietnamese too.

    What is counted of persons is described once, in ``reference.measures``; tables that have all of it say so.
    """
    with home.warehouse() as warehouse:
        means = dict(warehouse.execute("select measure, means from reference.measures").fetchall())
        counted = [
            column.removesuffix("_key")
            for (column,) in warehouse.execute(
                "select column_name from duckdb_columns() where table_name = 'keyed_profiles'"
                " and column_name like '%_key' order by column_index"
            ).fetchall()
        ]
        found = warehouse.execute(
            "select database_name, schema_name, table_name, list(column_name order by column_index)"
            " from duckdb_columns() group by all"
        ).fetchall()
        types = {
            tuple(name): kind
            for *name, kind in warehouse.execute(
                "select database_name, schema_name, table_name, column_name, lower(data_type) from duckdb_columns()"
            ).fetchall()
        }
    columns = {(database, schema, table): names for database, schema, table, names in found}
    nodes = [n for n in home.manifest.nodes.values() if n.resource_type in ("model", "seed")]
    assert len(nodes) > 50
    assert len(means) >= 19 and all(means.values()) and set(counted) < set(means)
    further = {
        None: [],
        "measures": [*means],
        "measures of a person": [*means],
        "measures and their keys": [*means, *(f"{name}_key" for name in counted)],
    }
    for node in nodes:
        assert node.description, f"{node.name} is not described"
        actual = columns[(node.database, node.schema, node.alias)]
        named = [*node.columns, *further[node.config.meta.get("further_columns")]]
        assert named == actual, f"{node.name}: the YAML names other columns than the table has"
        assert [c.name for c in node.columns.values() if not c.description] == [], node.name
        table = (node.database, node.schema, node.alias)
        said = {c.name: c.data_type for c in node.columns.values()} | node.config.get("column_types", {})
        assert said == {name: types[(*table, name)] for name in said}, (
            f"{node.name}: the YAML says other types"
        )
        kind = "boolean" if node.name == "counted_persons" else "bigint"
        for name in further[node.config.meta.get("further_columns")]:
            assert types[(*table, name)] == kind, "orchestration/dbt/plugin.py makes them so"
        if node.config.contract.enforced:
            missing = [c.name for c in node.columns.values() if not c.config.meta.get("description_vi")]
            assert missing == [], f"{node.name}: not described in Vietnamese"


def test_steps_and_measures_rest_on_records_that_explain_finds(home: EmptyHome) -> None:
    with home.warehouse() as warehouse:
        steps = warehouse.execute("select bit, step, source, status, record from reference.ladder").fetchall()
        rests_on = warehouse.execute(
            "select rests_on from reference.measures where rests_on is not null"
        ).fetchall()
    assert [bit for bit, *_ in steps] == [2**place for place in range(len(steps))], "a step is the next bit"
    assert {source for _, _, source, _, _ in steps} <= set(all_sources())
    assert {status for _, _, _, status, _ in steps} <= {"employed", "unemployed", "inactive", "abroad", None}
    found = set(
        re.findall(
            r"^    select '(\w+)'(?: as record)?, ", EVIDENCE.read_text(encoding="utf-8"), re.MULTILINE
        )
    )
    assert len(found) >= 10
    assert {record for *_, step, _, _, record in steps if record != step} <= found
    assert {record for (record,) in rests_on} <= found
    claims = {step for *_, step, _, _, record in steps if record == step}
    assert claims == {"overseas_contract", "unemployment_benefit", "job_seeker"}, (
        "whose rows say from when to when"
    )
