"""The history of runs in PostgreSQL: the command line writes it, webserver and daemon read it and go on with it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.deployed import ROOT, deployed
from worlds import eighteen_persons as worlds

from orchestration.home import Home

DAGSTER = """
storage:
  postgres:
    postgres_db:
      scheme: postgresql+psycopg2  # the driver that dagster-postgres brings
      hostname: {env: PGHOST}
      port: {env: PGPORT}
      username: {env: PGUSER}
      password: {env: PGPASSWORD}
      db_name: postgres
"""


@pytest.fixture
def server() -> Iterator[dict[str, str]]:
    """A PostgreSQL server for one test, and how it is reached."""
    process = subprocess.Popen(
        ["pg_virtualenv", "sh", "-c", "env; echo; cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    assert process.stdout is not None
    found = {}
    for line in iter(process.stdout.readline, "\n"):
        assert line, "the server did not start"
        name, _, value = line.rstrip("\n").partition("=")
        if name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD"):
            found[name] = value
    yield found
    process.communicate()


def test_every_run_is_recorded_in_postgresql(tmp_path: Path, server: dict[str, str]) -> None:
    home = worlds.write_world(Home(tmp_path / "home"))
    home.dagster.mkdir(parents=True)
    shipped = (ROOT / "orchestration" / "dagster.yaml").read_text()
    (home.dagster / "dagster.yaml").write_text(shipped + DAGSTER)
    with worlds.environment(**server):
        assert worlds.run_world(home).published
    assert not (home.dagster / "history").exists(), "nothing is written beside it"
    workspace = ["-w", str(ROOT / "orchestration" / "workspace.yaml")]
    with deployed(home, {**server, "LABOURDB_KEY": worlds.KEY}, workspace) as site:
        (run,) = site.runs()
        assert run["status"] == "SUCCESS" and "as_of: 2025Q4" in run["runConfigYaml"]
        assert site.again(run["runId"])["status"] == "SUCCESS"
    assert not (home.dagster / "history").exists()
    assert "PGPASSWORD" not in os.environ
