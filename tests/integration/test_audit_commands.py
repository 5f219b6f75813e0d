"""Auditing a home through the command line: verify, withdraw, what a run does then, diff."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support import home_tables
from typer.testing import CliRunner
from worlds import eighteen_persons as worlds
from worlds.eighteen_persons import KEY, environment, small_home

from orchestration.cli.main import app
from orchestration.home import Home
from orchestration.run import steps
from orchestration.run.scope import Run
from orchestration.settings import load_settings
from sources.errors import LabourdbError


def call(home: Home, *arguments: str) -> tuple[int, Any]:
    """Exit code and document of a command with ``--json``."""
    with environment(LABOURDB_KEY=KEY):
        result = CliRunner().invoke(app, [*arguments, "--home", str(home.root), "--json"])
    return result.exit_code, json.loads(result.stdout, parse_constant=pytest.fail)


@pytest.mark.slow
def test_a_release_is_verified_withdrawn_and_replaced(tmp_path: Path) -> None:
    home = worlds.copy_of(small_home(), tmp_path / "home")
    code, facts = call(home, "verify", "2025Q4.1")
    assert code == 0 and facts["as_published"]
    files = sum(len(d["files"]) for d in worlds.manifest(home)["inputs"])
    assert [i["kind"] for i in facts["items"]].count("input") == files > 20

    before = {p: p.read_bytes() for p in (home.releases / "2025Q4.1").rglob("*") if p.is_file()}
    code, facts = call(home, "withdraw", "2025Q4.1", "--reason", "Dung's wages are of another month")
    assert code == 0 and facts["current_release"] is None and not os.path.lexists(home.releases / "current")

    # the same again is refused at once, and also by the last step of a run that went all the way
    code, facts = call(home, "run", "--as-of", "2025Q4")
    assert code == 1 and "2025Q4.1" in facts["error"] and "Dung's wages" in facts["error"]
    with pytest.raises(LabourdbError, match="Dung's wages"):
        steps.release(Run(home, load_settings(home.settings), worlds.scope()))
    assert sorted(p.name for p in home.releases.iterdir()) == ["2025Q4.1", "withdrawn.json"]

    home.settings.write_text(worlds.SETTINGS + '[coverage]\nprovinces = ["30"]\n')
    code, facts = call(home, "run", "--as-of", "2025Q4")
    assert code == 0 and facts["published"] and facts["release"] == "2025Q4.2"
    manifest = worlds.manifest(home)
    assert manifest["release_id"] == "2025Q4.2" and manifest["previous_release"] is None
    change = "select distinct status from checks where check_id = 'change_since_last_release'"
    assert home_tables.sql(home, change) == [("not_applicable",)]

    code, facts = call(home, "diff", "2025Q4.1", "2025Q4.2")
    assert code == 0 and facts["gone"] > facts["added"] > 0
    gone = {s["indicator"]: s["gone"] for s in facts["summary"] if s["table"] == "indicators"}
    assert gone["population_15_plus"] > 0 and {s["table"] for s in facts["summary"]} >= {
        "linkage",
        "transitions",
    }

    for release in ("2025Q4.1", "2025Q4.2"):
        code, facts = call(home, "verify", release)
        assert code == 0 and facts["as_published"], facts
    assert {p: p.read_bytes() for p in before} == before
    code, rows = call(home, "releases")
    assert [(r["release"], r["current"], r["withdrawn"]) for r in rows] == [
        ("2025Q4.1", False, "Dung's wages are of another month"),
        ("2025Q4.2", True, None),
    ]

    path = home.landing / "training" / "2025-09" / "data.csv"
    path.write_bytes(path.read_bytes() + b"\n")
    code, facts = call(home, "verify", "2025Q4.2")
    assert code == 1
    assert [(i["state"], i["where"]) for i in facts["items"] if i["state"] != "ok"] == [
        ("changed", str(path))
    ]
