"""Which columns each column of a table is made of: a query of each kind, and the project's own models."""

from __future__ import annotations

import pytest

from orchestration.dbt.lineage import Table, columns_read, of_models
from orchestration.dbt.project import column_lineage, parsed, parsed_models
from orchestration.run.increments import OF_INCREMENTS

PAY: Table = ("labour", "labour", "pay")
PERSONS: Table = ("restricted", "identity", "persons")
TABLES = {PAY: ["person_key", "month", "Wage"], PERSONS: ["person_key", "born_on", "sex"]}

# models that cannot be followed, and why: they are not shown
NOT_FOLLOWED: dict[str, str] = {}


def made_of(sql: str, column: str = "x") -> set[str]:
    found = columns_read(sql, [column], TABLES)[column]
    assert found == sorted(found)
    return {f"{table[2]}.{name}" for table, name in found}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select person_key as x from labour.labour.pay", {"pay.person_key"}),
        ("select wage + 1 as X from labour.labour.pay", {"pay.Wage"}),  # names of any case are the same
        ("with a as (select * from pay) select a.wage as x from a", {"pay.Wage"}),
        ("select p.month as x from pay as p", {"pay.month"}),  # named without its schema
        # joins and filters choose rows, and make no value
        (
            "select coalesce(p.wage, 0) as x from pay as p join restricted.identity.persons as r"
            " on p.person_key = r.person_key where r.sex = 'male'",
            {"pay.Wage"},
        ),
        (
            "select month as x from pay union all select year(born_on) from persons",
            {"pay.month", "persons.born_on"},
        ),
        ("select row_number() over (partition by person_key order by month) as x from pay", {"pay.person_key", "pay.month"}),
        ("select (select max(born_on) from persons) as x", {"persons.born_on"}),
        ("select max(case when month > 3 then wage end) as x from pay group by person_key", {"pay.month", "pay.Wage"}),
        ("select count(*) as x from pay", set()),
        ("select 'total' as x from pay", set()),
    ],
)  # fmt: skip
def test_a_column_is_made_of_what_its_expression_reads(sql: str, expected: set[str]) -> None:
    assert made_of(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "select gone as x from labour.labour.pay",
        "select a as x from labour.labour.elsewhere",
        "select a as x from read_csv('pay.csv')",
        "select month from pay",  # gives no x
        "select from where",
    ],
)
def test_what_cannot_be_followed_is_refused(sql: str) -> None:
    with pytest.raises(ValueError):
        made_of(sql)


def test_every_model_is_followed_in_all_its_columns() -> None:
    kept, models = column_lineage(), {f"{m.schema}/{m.alias}": m for m in parsed_models()}
    assert set(models) - set(kept) == set(NOT_FOLLOWED)
    for table, columns in kept.items():
        assert set(models[table].columns) <= set(columns), table
        rowless = models[table].name in OF_INCREMENTS  # without rows, and so of nothing, in a full build
        assert any(columns.values()) or models[table].depends_on.nodes == [] or rowless, table


def origins(table: str, column: str) -> set[str]:
    """What a column is made of in the end: columns of tables that no model makes."""
    kept = column_lineage()
    waiting, seen = [(table, column)], set()
    while waiting:
        at = waiting.pop()
        if at not in seen:
            seen.add(at)
            waiting += [(above, name) for above, name in kept.get(at[0], {}).get(at[1], [])]
    return {f"{above}.{name}" for above, name in seen if above not in kept}


@pytest.mark.parametrize(
    ("table", "column", "expected"),
    [
        ("staging/stg_population", "citizen_id", [["landing/population", "citizen_id"]]),
        ("staging/stg_population", "period_month", [["run/deliveries_in_force", "period_month"]]),
        (
            "labour/contributions",
            "month",
            [["labour/contribution_months", "month"]],
        ),  # named without a schema
        (
            "labour/labour_status",
            "conflict",
            [["labour/person_quarters", c] for c in ("runner_up_bit", "runner_up_status", "status")],
        ),
        (
            "published/indicators",
            "value",
            [["cells/official_indicators", "value"], ["disclosure/register_indicators", "value"]],
        ),
    ],
)
def test_columns_come_from_where_they_should(table: str, column: str, expected: list[list[str]]) -> None:
    assert column_lineage()[table][column] == expected


def test_a_published_column_is_followed_to_what_agencies_send() -> None:
    assert origins("labour/person_quarters", "wage_base") == {
        "landing/social_insurance.scheme",
        "landing/social_insurance.wage_base",
    }
    assert origins("published/target_progress", "target_value") == {"reference/plan_targets.value"}
    assert origins("labour/persons", "person_key") == {"identity/person_keys.person_key"}
    assert origins("published/indicators", "value") > {
        "landing/labour_register.technical_level",
        "landing/official_statistics.value",
        "landing/social_insurance.wage_base",
    }


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["a model", "a type"])
def test_a_wrong_model_has_no_lineage_and_stops_nothing(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said when the model is built."""
    model = parsed().nodes["model.labourdb.spells"]
    if wrong == "a model":
        monkeypatch.setattr(model, "raw_code", "{{ exceptions.raise_compiler_error('wrong') }}")
    else:
        monkeypatch.setattr(model.columns["person_key"], "data_type", "bigintt")
    assert of_models(parsed()) == {}
