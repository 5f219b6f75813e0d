"""What makes a run find something new: every file that can change a release, and nothing that cannot."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from pathlib import Path

import pytest

from orchestration.run.fingerprint import PACKAGES, ROOT, code_hash, libraries, product_files


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("product")
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("target", "__pycache__")
        )
    return folder


@pytest.mark.parametrize(
    "file",
    [
        "releases/pages/templates/site/site.js",
        "releases/pages/templates/page.css",
        "releases/pages/words.py",
        "sources/contracts/population.odcs.yaml",
        "sources/cleaning/macros.sql",
        "expectations/checks.yaml",
        "dbt_project/macros/measures.sql",
        "dbt_project/seeds/areas.csv",
        "dbt_project/tests/generic/noise_holds.sql",
        "dbt_project/models/candidates/_candidates.yml",
        "orchestration/run/gates.py",
    ],
)
def test_what_can_change_a_release_counts(copy: Path, file: str) -> None:
    before, path = code_hash(copy), copy / file
    content = path.read_bytes()
    path.write_bytes(content + b"\n")
    assert code_hash(copy) != before
    path.rename(path.with_name("moved" + path.suffix))
    assert code_hash(copy) != before
    path.with_name("moved" + path.suffix).unlink()
    path.write_bytes(content)
    assert code_hash(copy) == before == code_hash()


@pytest.mark.parametrize(
    "file",
    [
        "sources/simulator/people.py",
        "orchestration/cli/explain_text.py",
        "orchestration/tasks/query.py",
        "dbt_project/models/labour/_person_quarters_unit_tests.yml",
        "dbt_project/target/manifest.json",
        "dbt_project/.user.yml",
        "releases/__pycache__/release.cpython-311.pyc",
    ],
)
def test_what_cannot_does_not(copy: Path, file: str) -> None:
    before, path = code_hash(copy), copy / file
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes((path.read_bytes() if path.exists() else b"") + b"#")
    assert code_hash(copy) == before


def test_unit_tests_of_models_stand_in_files_of_their_own() -> None:
    """Or a moved test would make a release anew, and a changed table none."""
    for path in (ROOT / "dbt_project" / "models").rglob("*.yml"):
        parts = {line.rstrip(":\n") for line in path.open(encoding="utf-8") if line[:1].isalpha()}
        assert ("unit_tests" in parts) == path.name.endswith("_unit_tests.yml"), path.name
        assert not ("unit_tests" in parts and parts & {"models", "sources", "exposures"}), path.name


def test_every_kind_of_file_is_known() -> None:
    """A kind that comes new is looked at: whether it can change a release, and whether it goes into the wheel."""
    kinds = {p.suffix for p in product_files()}
    assert kinds <= {".py", ".sql", ".yml", ".yaml", ".csv", ".html", ".css", ".js", ".md", ".svg"}


def test_libraries_count_as_they_are_installed() -> None:
    found = libraries()
    assert found["duckdb"] == version("duckdb") and found["dbt-core"] == version("dbt-core")
    assert "narwhals" in found, "what a library needs counts too"
    assert "pytest" not in found and "labourdb" not in found, "tools of developers change no release"
