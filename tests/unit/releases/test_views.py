"""Views of a release follow from the catalogue: of a table more there are some, without another line."""

from __future__ import annotations

from expectations.catalogue import published_tables, table_of
from releases.database.views import views

TABLES = published_tables()
VACANCIES = {
    "title": {"vi": "Nhu cầu tuyển dụng", "en": "Vacancies"},
    "key": ["period", "area_version", "area_level", "area_code", "occupation"],
    "figures": {"vacancies": "count", "mean_wage": "wage"},
    "status": "status",
    "parts": {"occupation": ["1", "2"]},
    "levels": ["country", "province"],
    "read_by": ["sql_readers"],
}


def test_a_table_more_has_views_without_any_total_and_its_totals_marked() -> None:
    found = {v.name: v for v in views([table_of("vacancies", VACANCIES)])}
    assert set(found) == {"vacancies_leaf_2024", "vacancies_leaf_2025", "vacancies_marked"}
    leaf = found["vacancies_leaf_2025"]
    assert leaf.query == (
        "select period, area_version, area_level, area_code, occupation, vacancies, status, release_id from vacancies"
        " where true and area_version = '2025' and occupation in ('1', '2') and area_level = 'province'"
    )
    assert "Vacancies, area_version = '2025'" in leaf.en and "một kỳ" in leaf.vi and "Tỷ lệ" not in leaf.vi


def test_no_view_without_totals_shows_what_does_not_add_up() -> None:
    for view in views():
        if "_leaf_" in view.name:
            shown = view.query.partition(" from ")[0].removeprefix("select ").split(", ")
            table = TABLES[view.table]
            assert set(shown) & set(table.figures) == set(table.counts), view.name


def test_tables_without_parts_have_no_views() -> None:
    assert {v.table for v in views()} == {"indicators", "labour_flows", "transitions", "training_outcomes"}
    names = [v.name for v in views()]
    assert len(names) == len(set(names) - set(TABLES))
    assert {
        "register_leaf_2024",
        "register_leaf_2025",
        "headline",
        "place_totals",
        "transitions_leaf_year_2024",
    } < set(names)
