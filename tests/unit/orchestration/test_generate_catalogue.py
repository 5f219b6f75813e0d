"""What the dbt project is told of the catalogue of published tables is what the catalogue says."""

from __future__ import annotations

from expectations.catalogue import published_tables, readers
from orchestration.dbt.project import parsed_exposures, parsed_models, relations
from orchestration.tasks.generate_catalogue import catalogue_files


def test_the_generated_files_are_in_step() -> None:
    files = catalogue_files()
    assert len(files) == 2
    for path, text in files.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run `make generate`"


def test_every_reader_reads_the_tables_that_name_it() -> None:
    exposures = {e.name: e for e in parsed_exposures()}
    assert set(exposures) == set(readers())
    published = {m.unique_id: m.alias for m in parsed_models() if m.schema == "published"}
    for name, exposure in exposures.items():
        read = {published.get(n, n.rpartition(".")[2]) for n in exposure.depends_on.nodes}
        assert read == {t.name for t in published_tables().values() if name in t.read_by}


def test_what_is_made_of_the_changed_finest_counts_is_a_table_under_the_name_the_catalogue_gives() -> None:
    """By its alias: only gate 3 would find that it has another."""
    made = {("disclosure", t.made_table) for t in published_tables().values() if t.finest}
    assert made <= set(relations().values())
