"""Shared fixtures: where the public sample lies, and homes that were run once for many tests."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from worlds.eighteen_persons import SHARED, made_once, run_steps

from orchestration.dbt.project import manifest_path
from orchestration.home import Home

ROOT = Path(__file__).resolve().parent.parent
WITHOUT_LATER_RULES = "[linkage]\nprobabilistic = false\n[succession]\nemployers = false\npersons = false\n"


def pytest_configure(config: pytest.Config) -> None:
    """Before workers start: parse the dbt project, which they would all find unparsed, and make what they share."""
    gc.set_threshold(20_000)  # as the command line does
    if not hasattr(config, "workerinput"):
        manifest_path()
        os.environ[SHARED] = tempfile.mkdtemp(prefix="labourdb-shared-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what the workers shared."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ[SHARED], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that run worlds come first, single rules last, so that all processes end at about the same time."""
    rooms = ["attacks", "integration", "faults", "unit"]
    rank = {room: place for place, room in enumerate(rooms)}
    items.sort(key=lambda item: rank.get(item.path.relative_to(ROOT / "tests").parts[0], len(rooms)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that suites told."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, [])]
    lines = [str(v) for r in reports if r.when == "call" for k, v in r.user_properties if k == "figures"]
    if lines:
        terminalreporter.section("figures")
        for line in sorted(lines):
            terminalreporter.write_line(line)


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say in one line what a suite did and found; the end of the test run prints it."""

    def tell(line: str) -> None:
        record_property("figures", line)

    return tell


def samples_folder() -> Path | None:
    """The folder of the public sample worlds: ``$LABOURDB_SAMPLES``, else beside the checkout."""
    stated = os.environ.get("LABOURDB_SAMPLES")
    candidates = [Path(stated), Path(stated).parent] if stated else []  # the worlds, or one of them
    candidates.append(ROOT.parent / "shared" / "samples")
    return next((f for f in candidates if (f / "small-world" / "landing").is_dir()), None)


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of sample worlds; the test says so where it is not there."""
    found = samples_folder()
    if found is None:
        pytest.skip("the public samples are neither beside the checkout nor in LABOURDB_SAMPLES")
    return found


class SampleHomes(dict[Path, Home]):
    """By sample world, a home with its deliveries, run for 2025Q4 when first asked for, once for all test processes."""

    def __missing__(self, world: Path) -> Home:
        def run(folder: Path) -> None:
            home = Home(folder)
            shutil.copytree(world / "landing", home.landing)
            home.settings.write_text(WITHOUT_LATER_RULES)
            run_steps(home, "2025Q4", key=None)

        self[world] = Home(made_once(world.name, run))
        return self[world]


@pytest.fixture(scope="session")
def sample_homes() -> dict[Path, Home]:
    """Homes of the sample worlds, by the world's folder; no test may change them."""
    return SampleHomes()
