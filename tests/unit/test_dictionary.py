"""The data dictionary: in step with what it is made from, and complete."""

from __future__ import annotations

from orchestration.dictionary import PLACE, data_dictionary
from releases.tables import RELEASED
from sources.contract import all_sources, load_contract


def test_the_dictionary_in_docs_is_in_step() -> None:
    assert PLACE.read_text(encoding="utf-8") == data_dictionary(), "run `make docs`"


def test_it_has_every_table_people_query_and_every_source_column() -> None:
    text = data_dictionary()
    spec = (
        "persons",
        "person_history",
        "enterprises",
        "enterprise_history",
        "contributions",
        "job_spells",
        "careers",
    )
    for table in (*spec, "training_episodes", "labour_status", *(t for t in RELEASED if t != "checks")):
        assert f"### `{table}`" in text
    for source in all_sources():
        for column in load_contract(source).columns:
            assert f"| `{column.name}` | {column.kind} |" in text


def test_every_row_is_described_in_both_languages() -> None:
    for line in data_dictionary().splitlines():
        cells = [c.strip() for c in line.strip("|").split(" | ")]
        if line.startswith("| `"):
            assert cells[-1] and cells[-2], line
