"""The house rules that no other test would notice: who may import whom, what is released, which checks there are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

from releases.tables import RELEASED

ROOT = Path(__file__).resolve().parents[3]


def test_imports_keep_to_their_layers() -> None:
    """The contracts in pyproject.toml: data flows one way, and only orchestration knows of Dagster and dbt."""
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
    ]
    done = subprocess.run([*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_every_package_states_its_charter() -> None:
    for package in ("sources", "expectations", "releases", "orchestration"):
        text = (ROOT / package / "__init__.py").read_text(encoding="utf-8")
        assert "Belongs here" in text and "oes not belong here" in text, package


def test_what_is_released_is_what_the_published_models_make() -> None:
    """The allow-list names the published models, by the names their tables get, and the checks of the gates."""
    models = {
        p.stem.removeprefix("published_")
        for p in (ROOT / "dbt_project" / "models" / "published").glob("*.sql")
    }
    assert set(RELEASED) == models | {"checks"}


def test_check_ids_are_unique() -> None:
    stated = yaml.safe_load((ROOT / "expectations" / "checks.yaml").read_text(encoding="utf-8"))["checks"]
    ids = [check["id"] for check in stated]
    assert len(ids) == len(set(ids)) > 20


def test_every_check_has_its_sql_and_every_sql_its_check() -> None:
    stated = yaml.safe_load((ROOT / "expectations" / "checks.yaml").read_text(encoding="utf-8"))["checks"]
    used = {check["rows"] for check in stated if "rows" in check}
    assert used == {p.stem for p in (ROOT / "expectations" / "sql").glob("*.sql")}
