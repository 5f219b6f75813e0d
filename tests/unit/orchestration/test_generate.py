"""What is generated from the contracts is checked in as it would be generated now, and agrees with the models."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from orchestration.dbt.project import PROJECT, ancestors, parsed_models, parsed_sources
from orchestration.tasks import generate, generate_catalogue
from orchestration.tasks.generate import MARK, generated, leftovers
from sources.cleaning.rows import landing_columns
from sources.contract import all_sources, linked_sources, load_contract, sources_of_basis

KEYS = [s.name for s in parsed_sources() if s.source_name == "identity"]  # made by the product, not delivered


def test_no_generated_file_is_stale_or_left_over() -> None:
    stale = [p for p, text in generated().items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    assert stale == [], "run `make generate`"
    assert leftovers() == [], "run `make generate`"


def test_the_same_contracts_give_the_same_bytes_and_every_file_says_where_it_is_from() -> None:
    assert generated() == generated()
    assert all(MARK in text.splitlines()[0] for text in generated().values())


def test_writing_mends_a_changed_file_and_deletes_that_of_a_contract_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("STAGING", "IDENTITY", "MACROS"):
        folder = tmp_path / getattr(generate, name).relative_to(PROJECT)
        folder.mkdir(parents=True)
        monkeypatch.setattr(generate, name, folder)
    monkeypatch.setattr(generate, "PROJECT", tmp_path)
    monkeypatch.setattr(generate_catalogue, "PROJECT", tmp_path)
    (tmp_path / "models" / "published").mkdir()
    written_by_hand = tmp_path / "models" / "staging" / "_staging_unit_tests.yml"
    written_by_hand.write_text("version: 2\n", encoding="utf-8")
    gone = tmp_path / "models" / "staging" / "stg_permits.sql"
    gone.write_text(f"{{# {MARK} #}}\n", encoding="utf-8")
    generate.write()
    assert not gone.exists() and written_by_hand.exists()
    changed = tmp_path / "models" / "staging" / "stg_population.sql"
    wanted = changed.read_text(encoding="utf-8")
    changed.write_text("select 1\n", encoding="utf-8")
    generate.write()
    assert changed.read_text(encoding="utf-8") == wanted
    assert sorted(p for p in tmp_path.rglob("*") if p.is_file()) == sorted(
        [*generated(), *generate_catalogue.catalogue_files(), written_by_hand]
    )


def test_every_landed_column_is_described_with_its_type_in_staging() -> None:
    models = yaml.safe_load(generated()[generate.STAGING / "_staging.yml"])["models"]
    stated = {m["name"]: [(c["name"], c["data_type"]) for c in m["columns"]] for m in models}
    for source in all_sources():
        landed = [(part.name, part.type) for part in landing_columns(load_contract(source))]
        written = stated[f"stg_{source}"]
        assert written[2 : 2 + len(landed)] == landed
        assert [name for name, _ in written[:2]] == ["row_id", "delivery_key"]
        assert [name for name, _ in written[-2:]] == ["period_month", "revision"]
        assert "area_version" in dict(written)
    assert all(c["description"] for m in models for c in m["columns"])


def test_the_parsed_project_has_a_landing_table_and_a_staging_model_for_every_contract_and_no_other() -> None:
    assert {s.name for s in parsed_sources() if s.source_name == "landing"} == set(all_sources())
    names = {m.name for m in parsed_models()}
    assert {n for n in names if n.startswith("stg_")} == {f"stg_{s}" for s in [*all_sources(), *KEYS]}
    for prefix in ("linked_", "resolved_"):
        assert {n for n in names if n.startswith(prefix)} == {f"{prefix}{s}" for s in linked_sources()}


@pytest.mark.parametrize("basis", ["register", "official"])
def test_a_contract_says_the_basis_of_the_figures_that_are_made_from_it(basis: str) -> None:
    staged = {n.removeprefix("stg_") for n in ancestors(f"{basis}_indicators") if n.startswith("stg_")}
    assert staged - set(KEYS) == set(sources_of_basis(basis))
