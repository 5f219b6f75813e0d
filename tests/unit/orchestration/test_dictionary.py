"""The data dictionary: in step with what it is made from, complete in both languages, and read by somebody."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest

from expectations.judge import COLUMNS
from orchestration.dbt.dictionary import PLACE, data_dictionary, dictionary, indicator_definition
from orchestration.dbt.project import parsed_exposures, parsed_models
from orchestration.home import SEEDS
from releases.pages.dictionary import Dictionary, Field, Indicator, Table
from releases.quality.facts import NEEDED
from releases.tables import RELEASED
from sources.contract import all_sources, load_contract

LABOUR = (
    "persons",
    "person_history",
    "enterprises",
    "enterprise_history",
    "contributions",
    "job_spells",
    "training_episodes",
    "labour_status",
    "careers",
)
MAY_BE_EMPTY = ("needed",)  # a column of a table, or one an agency may leave out


def gaps(found: Dictionary) -> list[str]:
    """What the dictionary does not say: each empty text, pair of equal languages and unknown supplier, by place."""
    missing = list(_gaps_of(found, ""))
    for indicator in found.indicators:
        strangers = sorted(set(indicator.supplied_by) - set(all_sources()))
        missing += [f"/{indicator.name}/supplied_by: {source} is no source" for source in strangers]
    return missing


def _gaps_of(part: Any, place: str) -> Iterator[str]:
    place = f"{place}/{part.name}" if hasattr(part, "name") else place
    said = {f.name: getattr(part, f.name) for f in fields(part)}
    for name, value in said.items():
        if name not in MAY_BE_EMPTY and not (value.strip() if isinstance(value, str) else value):
            yield f"{place}/{name}"
        if isinstance(value, tuple):
            for inner in value:
                if isinstance(inner, str):
                    continue
                yield from _gaps_of(inner, f"{place}/{name}" if isinstance(part, Dictionary) else place)
        if name.endswith("_vi") and value and value == said.get(name.removesuffix("vi") + "en"):
            yield f"{place}/{name} is the English"
    if said.get("vi") and said["vi"] == said.get("en"):
        yield f"{place}/vi is the English"


def test_nothing_lacks_a_text_in_either_language() -> None:
    assert gaps(dictionary()) == []


def test_formulas_are_of_measures_and_what_an_indicator_needs_supplies_it() -> None:
    for row in dictionary().indicators:
        assert row.supplied_by[0] == "population", "people are counted in the population register"
        assert len(set(row.supplied_by)) == len(row.supplied_by)
    assert _indicator("unemployment_rate").formula == "100 × unemployed / labour_force"
    assert _indicator("employed").formula == "employed"
    assert _indicator("median_wage").formula.startswith("median over employed_compulsory")
    assert "overseas_contracts" in _indicator("abroad").supplied_by
    assert "labour_register" in _indicator("underemployment_rate").supplied_by


def test_who_supplies_a_status_is_who_stands_on_the_ladder_down_to_the_last_step_that_says_it() -> None:
    ladder = (
        "social_insurance enterprises overseas_contracts unemployment_benefits job_seekers labour_register"
    )
    assert _indicator("status_coverage").supplied_by[:8] == ("population", *ladder.split(), "training")
    assert _indicator("labour_force").supplied_by == ("population", *ladder.split())
    assert _indicator("abroad").supplied_by == ("population", *ladder.split()[:3])
    assert _indicator("retrained_share").supplied_by == ("population", *ladder.split(), "training")


def test_columns_an_indicator_needs_may_be_empty_and_come_from_its_suppliers() -> None:
    with (SEEDS / "indicator_definitions.csv").open(encoding="utf-8", newline="") as stream:
        needed = {
            r["indicator"]: (r["needs_columns"], _indicator(r["indicator"]).supplied_by)
            for r in csv.DictReader(stream)
        }
    named = [(re.split(r"[ |]", columns), suppliers) for columns, suppliers in needed.values() if columns]
    assert len(named) >= 4 and needed["underemployment_rate"][0].count(" ") == 2
    for places, suppliers in named:
        for source, _, column in (place.partition(".") for place in places):
            assert source in suppliers and not load_contract(source).column(column).required


def test_unemployment_is_never_taken_for_the_survey_s() -> None:
    for name in ("unemployed", "unemployment_rate"):
        row = _indicator(name)
        for text in (row.name_en, row.caveat_en):
            assert "not ILO" in text
        for text in (row.name_vi, row.caveat_vi):
            assert "không theo ILO" in text


def test_it_has_every_released_table_the_labour_database_and_every_source() -> None:
    found = dictionary()
    assert [t.name for t in found.published] == list(RELEASED)
    assert {t.name for t in found.labour} >= set(LABOUR)
    assert [t.name for t in found.sources] == list(all_sources())
    for table in found.sources:
        assert [f.name for f in table.fields] == [c.name for c in load_contract(table.name).columns]
    checks = next(t for t in found.published if t.name == "checks")
    assert [f.name for f in checks.fields] == [*COLUMNS, "waiver", "release_id"]


def test_the_dictionary_in_docs_is_in_step_and_has_all_of_it() -> None:
    text = data_dictionary()
    assert PLACE.read_text(encoding="utf-8") == text, "run `make docs`"
    found = dictionary()
    for table in (*found.published, *found.labour, *found.sources):
        assert (
            f"### `{table.name}`: {table.title_en} / {table.title_vi}\n\n{table.en}\n\n{table.vi}\n" in text
        )
        for field in table.fields:
            assert f"\n| `{field.name}` | {field.kind} |" in text
    for row in found.indicators:
        for said in (row.formula, row.definition_vi, row.concept_en, row.caveat_vi, row.supplied_by[-1]):
            assert said in text


def test_an_indicator_is_defined_for_explain() -> None:
    told = indicator_definition("employed")
    assert told is not None
    assert set(told) == {"name_en", "name_vi", "definition_en", "definition_vi"}
    assert indicator_definition("grdp_constant_2010") is None


def test_every_published_model_has_a_reader_who_is_named_and_answered_for() -> None:
    exposures = parsed_exposures()
    assert {e.name for e in exposures} == {"release_site", "quality_report", "downloads", "sql_readers"}
    for exposure in exposures:
        assert exposure.description and exposure.owner.name, exposure.name
    read = {node for e in exposures for node in e.depends_on.nodes}
    published = {m.unique_id for m in parsed_models() if m.schema == "published"}
    assert len(published) == len(RELEASED) - 1
    assert read == {*published, "source.labourdb.published.checks"}
    report = next(e for e in exposures if e.name == "quality_report")
    assert {n.rpartition(".")[2].removeprefix("published_") for n in report.depends_on.nodes} == set(NEEDED)


# The check above is worth something only if it finds what is missing.
def _texts(part: type) -> list[str]:
    return [f.name for f in fields(part) if f.type == "str" and f.name not in ("name", *MAY_BE_EMPTY)]


@pytest.mark.parametrize("text", [*_texts(Indicator), "supplied_by"])
def test_a_gap_in_an_indicator_is_found(text: str) -> None:
    whole = dictionary()
    empty: Any = () if text == "supplied_by" else " "
    broken = replace(whole.indicators[3], **{text: empty})
    expected = f"/indicators/unemployed/{text}"
    assert gaps(replace(whole, indicators=(*whole.indicators[:3], broken))) == [expected]


@pytest.mark.parametrize("part", ["published", "labour", "sources"])
def test_a_gap_in_a_table_or_column_is_found(part: str) -> None:
    whole = dictionary()
    table: Table = getattr(whole, part)[0]
    for text in _texts(Table):
        broken = replace(table, **{text: ""})
        assert gaps(replace(whole, **{part: (broken,)})) == [f"/{part}/{table.name}/{text}"]
    for text in _texts(Field):
        column = replace(table.fields[-1], **{text: ""})
        broken = replace(table, fields=(*table.fields[:-1], column))
        assert gaps(replace(whole, **{part: (broken,)})) == [f"/{part}/{table.name}/{column.name}/{text}"]
    assert gaps(replace(whole, **{part: (replace(table, fields=()),)})) == [f"/{part}/{table.name}/fields"]
    assert gaps(replace(whole, **{part: ()})) == [f"/{part}"]


def test_a_text_that_was_not_translated_and_a_supplier_nobody_knows_are_found() -> None:
    whole = dictionary()
    first = whole.indicators[0]
    stranger = replace(first, caveat_vi=first.caveat_en, supplied_by=("population", "tax"))
    table = whole.published[0]
    copied = replace(table, vi=table.en)
    assert gaps(replace(whole, indicators=(stranger,), published=(copied,))) == [
        "/indicators/population_15_plus/caveat_vi is the English",
        "/published/indicators/vi is the English",
        "/population_15_plus/supplied_by: tax is no source",
    ]


def _indicator(name: str) -> Indicator:
    return next(row for row in dictionary().indicators if row.name == name)
