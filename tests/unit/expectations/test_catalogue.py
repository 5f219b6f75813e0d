"""The catalogue says of every published table what its model says, and readers keep no list of their own."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from expectations.catalogue import AREA, RELEASE, named_by, published_tables, readers, table_of
from expectations.measuring import measure_rules
from expectations.rules import CHECKS, load_rules, rules_from
from releases.tables import RELEASED

ROOT = Path(__file__).resolve().parents[3]
MODELS = ROOT / "dbt_project" / "models"
TABLES = published_tables()
NUMBERS = ("bigint", "double", "integer")
VIETNAMESE = re.compile("[ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ]")


@cache
def stated() -> dict[str, dict[str, str]]:
    """Columns and types of every model, and of published tables without one, by name, as the YAML of the dbt project has them."""
    found = {}
    for path in MODELS.rglob("*.yml"):
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
        published = [s for s in said.get("sources", ()) if s["name"] == "published"]
        nodes = [*said.get("models", ()), *(t for s in published for t in s["tables"])]
        found |= {n["name"]: {c["name"]: c.get("data_type", "") for c in n.get("columns", ())} for n in nodes}
    return found


def columns_of(name: str) -> dict[str, str]:
    return stated()[f"published_{name}" if TABLES[name].modelled else name]


def test_every_published_model_has_one_entry_and_every_entry_its_model() -> None:
    models = {p.stem.removeprefix("published_") for p in (MODELS / "published").glob("*.sql")}
    assert {t.name for t in TABLES.values() if t.modelled} == models
    assert [t.name for t in TABLES.values() if not t.modelled] == ["checks"]
    assert list(RELEASED) == list(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_an_entry_has_the_columns_of_its_model_and_each_once(name: str) -> None:
    table, columns = TABLES[name], columns_of(name)
    assert table.columns == set(columns)
    beside = [c for c in (table.status, table.hidden) if c]
    assert len([*table.key, *table.attributes, *table.figures, *beside, RELEASE]) == len(columns)
    assert {columns[f] for f in table.figures} <= set(NUMBERS)
    assert {columns[f] for f in table.counts} <= {"bigint"}
    assert set(table.candidate_key) <= set(stated()[name])
    assert not table.levels or set(AREA) < set(table.key)


@pytest.mark.parametrize("name", TABLES)
def test_an_entry_has_its_words_in_both_languages_and_somebody_who_reads_it(name: str) -> None:
    vi, en = TABLES[name].title
    assert VIETNAMESE.search(vi.lower()) and en and not VIETNAMESE.search(en.lower())
    assert TABLES[name].read_by
    assert set(readers()) == {r for t in TABLES.values() for r in t.read_by}


def test_finest_counts_are_models_with_these_columns() -> None:
    """What disclosure control protects as persons or jobs has finest counts, unless it is made of another table."""
    models = {f.model: f for t in TABLES.values() for f in t.finest}
    assert {p.stem for p in (MODELS / "disclosure").glob("changed_*.sql")} >= set(models)
    for model, finest in models.items():
        columns = stated()[model]
        assert set(finest.key) <= set(columns)
        if isinstance(finest.counts, str):  # a macro names the counts, and the columns follow from it
            texts = [p.read_text(encoding="utf-8") for p in (ROOT / "dbt_project" / "macros").glob("*.sql")]
            (macro,) = [text for text in texts if f"macro {finest.counts}()" in text]
            assert finest.whole in columns or f"'{finest.whole}': {{" in macro
        else:
            assert {finest.whole, *finest.counts} <= set(columns)
        assert ("quarter" in finest.key) != ("year" in finest.key)
    of_others = [t.name for t in TABLES.values() if {"persons", "jobs"} & set(t.protected) and not t.finest]
    assert of_others == ["target_progress"]


def test_what_does_not_belong_in_an_entry_is_refused() -> None:
    entry: dict[str, Any] = {
        "title": {"vi": "Bảng", "en": "Table"}, "key": ["period", "sex"], "figures": {"n": "count"}, "read_by": ["sql_readers"],
    }  # fmt: skip
    assert table_of("t", entry).columns == {"period", "sex", "n", RELEASE}
    for wrong, said in (
        ({"figures": {"n": "number"}}, "number"),
        ({"parts": {"age_group": "rest"}}, "age_group"),
        ({"protected": ["names"]}, "names"),
        ({"levels": ["village"]}, "village"),
        ({"keys": ["period"]}, "keys"),
        ({"leaf": {"called": "x"}}, "leaf"),  # of a table that holds no parts
        ({"leaf": {"named": "x"}}, "named"),
        ({"leaf": {"apart": {"lag": ["year"]}}}, "lag"),
        ({"totals": {"headline": ["country"]}}, "country"),
        ({"finest": {"m": {"key": ["quarter"], "counts": ["n"], "whole": "n"}}}, "m"),
    ):
        with pytest.raises(ValueError, match=said):
            table_of("t", entry | wrong)


# ---- a table more ----------------------------------------------------------------------------------------------

VACANCIES: dict[str, Any] = {
    "title": {"vi": "Nhu cầu tuyển dụng", "en": "Vacancies"},
    "key": ["period", "area_version", "area_level", "area_code", "occupation"],
    "figures": {"vacancies": "count", "mean_wage": "wage"},
    "status": "status",
    "parts": {"occupation": ["1", "2"]},
    "levels": ["country", "province"],
    "protected": ["jobs"],
    "finest": {"changed_vacancies": {"key": ["quarter", "occupation"], "counts": ["vacancies"], "whole": "vacancies"}},
    "read_by": ["sql_readers"],
}  # fmt: skip
ROWS = """
create table {} as
select '2025Q4' as period, '2025' as area_version, a.*, o.*, 5e6 as mean_wage, 'released' as status
from (values ('country', 'VN'), ('province', '31')) as a (area_level, area_code)
cross join (values ('1', 5), ('2', 3), ('total', 8), ('1+2', 8)) as o (occupation, vacancies)
"""


@pytest.fixture
def world() -> duckdb.DuckDBPyConnection:
    c = duckdb.connect()
    c.execute("create schema candidates; create schema published; create schema disclosure")
    c.execute("create schema cells; create schema run")
    c.execute("create table cells.covered_areas (area_version varchar, province_code integer)")
    c.execute("create table run.covered_provinces (province_code integer)")
    for schema in ("candidates", "published", "disclosure"):
        c.execute(ROWS.format(f"{schema}.vacancies"))
    return c


@pytest.mark.parametrize(
    ("check_id", "name", "statement", "failures"),
    [
        ("parts_sum_to_totals", "vacancies: occupation", "update candidates.vacancies set vacancies = 9 where occupation = 'total'", 2),
        ("parts_sum_to_totals", "vacancies: provinces 2025", "delete from candidates.vacancies where area_level = 'province'", 4),
        ("parts_sum_to_totals", "published vacancies: occupation", "delete from published.vacancies where occupation = '2'", 2),
        ("parts_sum_to_totals", "published vacancies: provinces 2025", "update published.vacancies set vacancies = 9 where area_code = 'VN'", 4),
        ("leaves_sum_to_totals", "vacancies", "update published.vacancies set vacancies = 6 where occupation = '1' and area_code = '31'", 3),
        ("leaves_sum_to_totals", "vacancies", "delete from published.vacancies where occupation = 'total' and area_code = 'VN'", 1),
        ("leaves_sum_to_totals", "vacancies", "update published.vacancies set vacancies = null where occupation = 'total'", 2),
        ("cells_unique", "vacancies", "insert into candidates.vacancies from candidates.vacancies limit 2", 2),
        ("published_from_counts", "vacancies", "update published.vacancies set mean_wage = 4e6 where area_code = 'VN'", 4),
        ("published_from_counts", "vacancies", "delete from published.vacancies where occupation = 'total'", 2),
        ("published_from_counts", "vacancies", "update published.vacancies set status = 'provisional'", 8),
    ],
)  # fmt: skip
def test_a_table_more_is_checked_without_another_line(
    world: duckdb.DuckDBPyConnection, check_id: str, name: str, statement: str, failures: int
) -> None:
    checks = yaml.safe_load(CHECKS.read_text(encoding="utf-8"))["checks"]
    vacancies = table_of("vacancies", VACANCIES)
    more = rules_from(checks, {**TABLES, "vacancies": vacancies})[check_id]
    assert set(more.objects) > set(load_rules()[check_id].objects)
    # here there is no other table
    beside = {"indicators": TABLES["indicators"]} if check_id == "parts_sum_to_totals" else {}
    if beside:
        _no_indicators(world)
    stated = [{**c, "objects": []} for c in checks if c["id"] == check_id]
    rule = rules_from(stated, {**beside, "vacancies": vacancies})[check_id]
    assert name in rule.objects
    before = {m.object: m for m in measure_rules(world, [rule])}[name]
    assert before.rows_failed == 0 and before.rows_checked > 0
    world.execute(statement)
    assert {m.object: m for m in measure_rules(world, [rule])}[name].rows_failed == failures
    assert len(world.execute(rule.query_for(name).replace("labour.", "")).fetchall()) == failures


def _no_indicators(c: duckdb.DuckDBPyConnection) -> None:
    """Empty tables, for the part of the check that is of indicators."""
    names = ", ".join(f"{column} varchar" for column in TABLES["indicators"].key)
    for schema in ("candidates", "published"):
        c.execute(f"create table {schema}.indicators ({names}, numerator bigint, denominator bigint)")
    c.execute("create schema reference")
    c.execute(
        "create table reference.communes"
        " (area_version varchar, commune_code integer, province_2024 integer, province_2025 integer)"
    )
    c.execute("create table reference.areas (area_version varchar, level varchar, code varchar)")


# ---- nobody keeps a list ---------------------------------------------------------------------------------------

MAKERS = ("dbt_project/macros/", "dbt_project/models/")  # SQL that makes the columns must name them


def lists_of(key: tuple[str, ...], text: str) -> int:
    """How often the columns of a key stand side by side, in whatever order; aliases such as ``t.`` do not part them."""
    words = [w for w in re.findall(r"[A-Za-z_]\w+", text.lower())]
    return sum(set(words[n : n + len(key)]) == set(key) for n in range(len(words)))


@pytest.mark.parametrize("name", ["target_progress", "labour_flows", "transitions", "training_outcomes"])
def test_no_reader_lists_the_key_of_a_table(name: str) -> None:
    key = TABLES[name].key
    places = {
        str(path.relative_to(ROOT)): lists_of(key, path.read_text(encoding="utf-8"))
        for folder in ("expectations", "releases", "orchestration", "dbt_project/models", "dbt_project/tests")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".sql", ".yml", ".yaml")
        and not (path.suffix == ".sql" and str(path.relative_to(ROOT)).startswith(MAKERS))
        and not path.stem.endswith("_unit_tests")
    }
    entries = sum(set(t.key) == set(key) for t in TABLES.values())
    assert {p: n for p, n in places.items() if n} == {"expectations/catalogue.yaml": entries}


def test_a_list_of_a_key_is_found() -> None:
    key = TABLES["labour_flows"].key
    assert (
        lists_of(key, "select t.period, t.area_version, t.area_level, t.area_code, t.section, m from x") == 1
    )
    assert lists_of(key, "using (object, section, period, area_version, area_level, area_code)") == 1
    assert lists_of(key, "select period, area_version, area_code, section") == 0


def test_what_names_a_code_goes_by_the_table_first() -> None:
    assert (
        named_by("training_outcomes", "level") == "training_level"
        and named_by("checks", "level") == "check_level"
    )
    assert named_by("labour_flows", "section") == "sections" and named_by("labour_flows", "period") is None
