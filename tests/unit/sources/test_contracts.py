"""The contracts say what SPEC §2 says, in both languages, and every header means one column."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import duckdb
import pytest
import yaml
from jsonschema import Draft201909Validator
from open_data_contract_standard.model import OpenDataContractStandard

from sources.cleaning.rows import identified_by_citizen, landing_columns, read_select
from sources.contract import (
    CONTRACTS,
    all_sources,
    header_key,
    linked_sources,
    load_contract,
    sources_of_basis,
)

# SPEC §2: `*` required, `#n` nth key column
SPEC = {
    "population": "citizen_id*#1 previous_id full_name* birth_date* sex* ethnicity_code commune_code* household_id"
    " life_status* status_date updated_at*#2",
    "enterprises": "enterprise_code*#1 name* legal_form* ownership* main_vsic vsic_version commune_code*"
    " industrial_zone status* registered_on* registered_employees owner_citizen_id updated_at*#2",
    "social_insurance": "si_number*#1 citizen_id full_name* birth_date* sex* employer_code#2 month*#3 scheme*#4"
    " unemployment_insured* wage_base* occupation_group managing_province_code* contribution_status*",
    "training": "institution_code*#1 record_no*#2 citizen_id previous_id full_name* birth_date* sex* programme*"
    " field_code level* kind* started_on* ended_on outcome* certificate_no employer_code",
    "labour_register": "citizen_id#1 full_name* birth_date* sex* commune_code* surveyed_on*#2 activity*"
    " employment_status vsic_section vsic_version occupation_group weekly_hours wants_more_hours available"
    " inactive_reason unemployed_since technical_level poor_household near_poor_household disabled",
    "unemployment_benefits": "citizen_id full_name* birth_date* sex* decision_no*#1 starts_on* ends_on*",
    "job_seekers": "citizen_id full_name* birth_date* sex* registration_no*#1 registered_on* closed_on"
    " desired_occupation_group technical_level province_code*",
    "vacancies": "vacancy_no*#1 enterprise_code* occupation_group* technical_level positions* wage_from wage_to"
    " opened_on* closed_on filled_positions province_code* updated_at*#2",
    "labour_changes": "enterprise_code*#1 month*#2 kind*#3 workers* reason",
    "overseas_contracts": "citizen_id full_name* birth_date* sex* contract_no*#1 country_code* left_on* returned_on"
    " occupation_group",
    "poor_households": "household_id*#1 year*#2 category*",
    "insurance_debts": "employer_code*#1 month*#2 scheme*#3 headcount* amount_due* amount_paid* months_overdue*",
    "official_statistics": "indicator*#1 area_version*#2 area_code*#3 period*#4 sex#5 age_group#6 urban_rural#7"
    " value* ci_low ci_high unit* source* published_on*",
}
LEVELS = "under_3_months elementary intermediate college university postgraduate"
VALUES = {
    ("population", "life_status"): "alive deceased emigrated",
    ("enterprises", "legal_form"): "state limited_liability joint_stock partnership private cooperative"
    " household_business foreign_branch",
    ("enterprises", "ownership"): "state private foreign",
    ("enterprises", "status"): "active suspended dissolved",
    ("enterprises", "vsic_version"): "2018 2025",
    ("social_insurance", "scheme"): "compulsory voluntary",
    ("social_insurance", "contribution_status"): "paid owed leave",
    ("training", "level"): LEVELS,
    ("training", "kind"): "initial retraining continuing",
    ("training", "outcome"): "ongoing completed dropped",
    ("labour_register", "activity"): "employed unemployed inactive",
    ("labour_register", "employment_status"): "wage_worker employer own_account family_worker cooperative_member",
    ("labour_register", "technical_level"): f"untrained no_certificate {LEVELS}",
    ("labour_changes", "kind"): "hired laid_off suspended quit",
    ("poor_households", "category"): "poor near_poor escaped",
}  # fmt: skip
CONDITIONS = {
    ("population", "status_date"): ("life_status", ("alive",), True),
    ("social_insurance", "employer_code"): ("scheme", ("compulsory",), False),
    ("training", "ended_on"): ("outcome", ("ongoing",), True),
    ("labour_register", "employment_status"): ("activity", ("employed",), False),
}


def test_there_is_a_contract_for_every_source_and_no_other() -> None:
    assert set(all_sources()) == set(SPEC)
    assert [s for s in all_sources() if load_contract(s).core] == [
        "enterprises", "population", "social_insurance", "training",
    ]  # fmt: skip
    assert [s for s in all_sources() if load_contract(s).full_month] == ["social_insurance"]


@pytest.mark.parametrize("source", SPEC)
def test_file_is_a_valid_data_contract(source: str) -> None:
    document = OpenDataContractStandard.from_file(str(CONTRACTS / f"{source}.odcs.yaml"))
    assert document.kind == "DataContract"
    assert document.id == source
    assert document.schema_ is not None
    assert [s.name for s in document.schema_] == [source]


def faults_of(document: Any) -> list[str]:
    """Where a document breaks the standard's own schema, which is strict about what it does not know."""
    schema = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text("utf-8"))
    return [f"{e.json_path}: {e.message}" for e in Draft201909Validator(schema).iter_errors(document)]


@pytest.mark.parametrize("source", SPEC)
def test_the_standard_s_schema_has_no_fault_to_find(source: str) -> None:
    document = yaml.safe_load((CONTRACTS / f"{source}.odcs.yaml").read_text(encoding="utf-8"))
    assert faults_of(document) == []
    document["schema"][0]["properties"][0]["customProperties"][0]["and more"] = None  # a text cut at a comma
    assert any("'and more' was unexpected" in fault for fault in faults_of(document))


LOGICAL = {
    "date": ("date", "birth_date", "timestamp"),
    "integer": ("integer", "year"),
    "number": ("decimal",),
    "boolean": ("boolean",),
}


@pytest.mark.parametrize("source", SPEC)
def test_types_of_the_standard_agree_with_the_kinds_and_no_other_type_is_stated(source: str) -> None:
    document = OpenDataContractStandard.from_file(str(CONTRACTS / f"{source}.odcs.yaml"))
    assert document.schema_ is not None and document.schema_[0].properties is not None
    logical_of = {kind: logical for logical, kinds in LOGICAL.items() for kind in kinds}
    for stated in document.schema_[0].properties:
        assert stated.name is not None
        kind = load_contract(source).column(stated.name).kind
        assert stated.logicalType == logical_of.get(kind, "string"), stated.name
        assert stated.physicalType is None, (
            "what lands follows from the kind: sources.cleaning.landed_columns"
        )
        assert not stated.primaryKey or stated.required, "a key that may be empty is no primary key"


@pytest.mark.parametrize("source", SPEC)
def test_every_document_says_where_its_deliveries_land(source: str) -> None:
    document = OpenDataContractStandard.from_file(str(CONTRACTS / f"{source}.odcs.yaml"))
    assert document.servers is not None
    assert [(s.type, s.path) for s in document.servers] == [("local", f"landing/{source}/*/*.csv")]


def test_rows_that_can_be_linked_are_and_what_goes_along_is_of_the_contract() -> None:
    identified = {s for s in SPEC if identified_by_citizen(load_contract(s))}
    assert set(linked_sources()) == identified - {"population"}  # the spine itself
    for source in linked_sources():
        contract = load_contract(source)
        assert all(contract.has(name) for name in contract.linked_columns)
        assert len(set(contract.linked_columns)) == len(contract.linked_columns)
        of_the_key = [c.name for c in contract.key]
        assert [n for n in contract.linked_columns if n in of_the_key] == of_the_key


def test_bases_are_those_of_published_figures() -> None:
    assert sources_of_basis("official") == ("official_statistics",)
    assert set(sources_of_basis("register")) == {"enterprises", "population", "social_insurance", "training",
        "job_seekers", "labour_register", "overseas_contracts", "unemployment_benefits"}  # fmt: skip
    assert {load_contract(s).basis for s in all_sources()} == {"register", "official", None}


def test_a_row_s_place_is_its_commune_or_province() -> None:
    places = {s: place.name for s in SPEC if (place := load_contract(s).place)}
    assert places == {
        "population": "commune_code", "enterprises": "commune_code", "labour_register": "commune_code",
        "social_insurance": "managing_province_code", "job_seekers": "province_code", "vacancies": "province_code",
    }  # fmt: skip


@pytest.mark.parametrize("source", SPEC)
def test_columns_keys_and_required_flags_are_those_of_the_spec(source: str) -> None:
    written = [
        c.name + ("*" if c.required else "") + (f"#{c.key_position}" if c.key_position else "")
        for c in load_contract(source).columns
    ]
    assert written == SPEC[source].split()


@pytest.mark.parametrize(("source", "column"), VALUES)
def test_code_lists_are_those_of_the_spec(source: str, column: str) -> None:
    assert load_contract(source).column(column).values == tuple(VALUES[source, column].split())


def test_conditions_are_those_of_the_spec() -> None:
    found = {
        (s, c.name): (c.required_when.column, c.required_when.values, c.required_when.negated)
        for s in all_sources()
        for c in load_contract(s).columns
        if c.required_when is not None
    }
    assert found == CONDITIONS


def test_bounds_and_defaults_are_those_of_the_spec() -> None:
    columns = {(s, c.name): c for s in all_sources() for c in load_contract(s).columns}
    bounds = {
        k: (c.above, c.minimum, c.maximum)
        for k, c in columns.items()
        if (c.above, c.minimum, c.maximum) != (None,) * 3
    }
    assert bounds == {
        ("social_insurance", "wage_base"): (0, None, None),
        ("vacancies", "positions"): (0, None, None),
        ("labour_changes", "workers"): (None, 0, None),
        ("labour_register", "weekly_hours"): (None, 0, 168),
    }
    assert {k: c.default for k, c in columns.items() if c.default is not None} == {
        ("enterprises", "vsic_version"): "2018",
        ("labour_register", "vsic_version"): "2018",
        ("official_statistics", "sex"): "total",
        ("official_statistics", "age_group"): "total",
        ("official_statistics", "urban_rural"): "total",
    }
    fallbacks = {s: load_contract(s).key_fallback for s in all_sources() if load_contract(s).key_fallback}
    assert fallbacks == {
        "labour_register": ("citizen_id", ("full_name", "birth_date", "sex", "commune_code"))
    }


@pytest.mark.parametrize("source", SPEC)
def test_every_column_is_described_in_both_languages(source: str) -> None:
    contract = load_contract(source)
    assert contract.title and contract.title_vi and contract.purpose and contract.purpose_vi
    for column in contract.columns:
        assert column.description.strip(), column.name
        assert column.description_vi.strip(), column.name
        assert column.description != column.description_vi


@pytest.mark.parametrize("source", SPEC)
def test_every_header_means_one_column(source: str) -> None:
    meant: dict[str, set[str]] = {}
    for column in load_contract(source).columns:
        for title in (column.name, *column.aliases):
            meant.setdefault(header_key(title), set()).add(column.name)
    assert {title: names for title, names in meant.items() if len(names) > 1} == {}


@pytest.mark.parametrize("source", [s for s in SPEC if load_contract(s).has("citizen_id")])
def test_the_headers_named_in_the_spec_are_known(source: str) -> None:
    titles = {header_key(t): c.name for c in load_contract(source).columns for t in (c.name, *c.aliases)}
    for title, name in (
        ("Số CCCD", "citizen_id"), ("Họ và tên", "full_name"), ("Ngày sinh", "birth_date"), ("Giới tính", "sex"),
        ("  HO VA TEN ", "full_name"), ("Birth_Date", "birth_date"),
    ):  # fmt: skip
        assert titles[header_key(title)] == name


def test_personal_columns_are_marked() -> None:
    for source in all_sources():
        for column in load_contract(source).columns:
            if column.name in ("citizen_id", "previous_id", "full_name", "birth_date", "owner_citizen_id"):
                assert column.personal, (source, column.name)


@pytest.mark.parametrize("source", SPEC)
def test_cleaning_gives_every_landing_column(source: str, rules: duckdb.DuckDBPyConnection) -> None:
    contract = load_contract(source)
    empty = ", ".join(["1::bigint as row_id", "2025 as list_version", "'' as raw", "false as malformed", "null::varchar as why",
                       *(f"null::varchar as t_{c.name}" for c in contract.columns)])  # fmt: skip
    given = rules.execute(f"describe {read_select(contract, f'(select {empty})')}").fetchall()
    types = {name: kind.lower() for name, kind, *_ in given}
    booleans = {c.name for c in contract.columns if c.kind == "boolean"}
    for part in landing_columns(contract):
        if part.name not in booleans:
            assert types[part.name] in (part.type, "integer" if part.type == "bigint" else part.type), (
                part.name
            )
