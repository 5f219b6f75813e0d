"""Too little memory: whatever runs out of it, the run says which setting to change, ends with 1 and publishes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner
from worlds import eighteen_persons as worlds
from worlds.eighteen_persons import AS_OF, KEY, copy_of, deliver, deliveries, environment, scope, small_home

from orchestration.cli.main import app
from orchestration.dbt.build import dbt_build
from orchestration.home import Home
from orchestration.run.scope import Run
from orchestration.run.steps import refuse_failed
from orchestration.settings import Engine, Settings
from releases.release import list_releases
from sources.errors import LabourdbError

WHAT_TO_DO = "raise `memory` under [engine] in labourdb.toml"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with one release, to be changed."""
    return copy_of(small_home(), tmp_path / "home")


def test_a_model_or_a_test_that_runs_out_of_memory(home: Home) -> None:
    tiny = Settings(engine=Engine(memory="1MB", threads=1))
    with environment(LABOURDB_KEY=KEY):
        (built,) = dbt_build(home, tiny, ["person_quarters"], None, "empty")
    for result in (built, replace(built, kind="test")):  # one that could not look is no verdict of a gate
        with pytest.raises(LabourdbError) as caught:
            refuse_failed(Run(home, tiny, scope()), [result])
        said = str(caught.value)
        assert "  person_quarters:" in said and "Out of Memory Error" in said and WHAT_TO_DO in said
        assert "nothing was published" in said and caught.value.exit_code == 1 and "SET threads" not in said


@pytest.mark.parametrize(
    "memory", ["1MB", "20MB"]
)  # when the home is opened; while deliveries are read, or after
def test_a_run_that_runs_out_of_memory(home: Home, memory: str) -> None:
    home.settings.write_text(f'{worlds.SETTINGS}[engine]\nmemory = "{memory}"\nthreads = 1\n')
    deliver(home, "training/2025-11", deliveries()["training/2025-12"])  # something new
    with environment(LABOURDB_KEY=KEY):
        result = CliRunner().invoke(app, ["run", "--home", str(home.root), "--as-of", AS_OF])
    said = " ".join(result.stderr.split())
    assert result.exit_code == 1 and WHAT_TO_DO in said, said
    assert [r.id for r in list_releases(home.releases)] == [f"{AS_OF}.1"]


def test_a_query_that_runs_out_of_memory(home: Home) -> None:
    home.settings.write_text('[engine]\nmemory = "30MB"\nthreads = 1\n')
    much = "select count(distinct hash(a.range)) from range(30000000) as a"
    with environment(LABOURDB_KEY=KEY):
        result = CliRunner().invoke(app, ["query", much, "--home", str(home.root)])
    said = " ".join(result.stderr.split())
    assert result.exit_code == 1 and "memory` under [engine]" in said, said
