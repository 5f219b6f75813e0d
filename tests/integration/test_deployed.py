"""Where it is deployed: webserver and daemon apart, by a workspace file; what the command line did stands in the UI."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.deployed import BACKFILL, BACKFILLED, BIN, LAUNCH, ROOT, deployed
from worlds import eighteen_persons as worlds

pytestmark = pytest.mark.slow

WORKSPACE = ["-w", str(ROOT / "orchestration" / "workspace.yaml")]
ASSETS = {
    "repositoryName": "__repository__",
    "repositoryLocationName": "orchestration.definitions",
    "pipelineName": "__ASSET_JOB",
}


def test_a_run_of_the_command_line_executes_again_and_a_month_is_not_run_alone(tmp_path: Path) -> None:
    home = worlds.copy_of(worlds.small_home(), tmp_path / "home")
    with deployed(home, {"LABOURDB_KEY": worlds.KEY}, WORKSPACE, cwd=tmp_path) as site:
        (run,) = site.runs()
        assert run["status"] == "SUCCESS" and "as_of: 2025Q4" in run["runConfigYaml"]
        again = site.again(run["runId"])
        assert again["status"] == "SUCCESS"
        assert {"key": "labourdb/release", "value": "2025Q4.1"} in again["tags"]
        assert len(site.runs()) == 2
        assert [p.name for p in home.releases.iterdir() if p.is_dir() and not p.is_symlink()] == ["2025Q4.1"]

        asset = [{"path": ["agency", "training"]}]
        refused = site.ask(
            LAUNCH, params={"selector": {**ASSETS, "assetSelection": asset}, "runConfigData": {}}
        )
        assert refused["__typename"] == "InvalidSubsetError" and "executable" in refused["message"]
        asked = site.ask(BACKFILL, params={"assetSelection": asset, "partitionNames": ["2025-12-01"]})
        ended = site.ended(BACKFILLED, ("REQUESTED", "FAILING"), id=asked["backfillId"])
        assert (ended["status"], ended["runs"]) == ("FAILED", [])
        assert len(site.runs()) == 2


def test_the_code_is_found_without_being_told_where() -> None:
    """As `dagster dev` finds it in the checkout: by pyproject.toml."""
    command = [BIN / "dagster", "definitions", "validate"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "orchestration.definitions" in done.stdout + done.stderr
