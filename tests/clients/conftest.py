"""A release of a simulated world, long enough that every published table has rows; what it was read with goes to docs/clients.md.

``@pytest.mark.client(name)`` says whose test it is, as clients.yaml calls it.
"""

from __future__ import annotations

import pytest
from support import clients

from orchestration.home import SEEDS, Home
from orchestration.run.execute import execute
from orchestration.settings import load_settings
from releases.release import Release
from sources.simulator import simulate

TRIED = ("pinned", "installed")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "client(name): a test of this client of clients.yaml")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker in item.iter_markers("client"):
            item.user_properties.append(("client", marker.args[0]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write the table of docs/clients.md if every client read right, else say which did not, or was not tried."""
    outcomes: dict[str, set[str]] = {c.name: set() for kind in TRIED for c in clients.clients(kind)}
    for kind in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(kind, []):
            for name in (value for key, value in report.user_properties if key == "client"):
                outcomes[name].add(kind)
    left = [f"{name} ({', '.join(sorted(kinds)) or 'no test'})" for name, kinds in outcomes.items() if kinds != {"passed"}]  # fmt: skip
    if left:
        terminalreporter.write_line(f"docs/clients.md stays as it is: {'; '.join(left)}")
    else:
        clients.write()
        terminalreporter.write_line("docs/clients.md has the table of what was read")


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    home = Home(tmp_path_factory.mktemp("clients") / "home")
    home.root.mkdir()
    simulate(home.root, 1_200, 24, "2025-12", ["30", "19"], 5, SEEDS, lambda text: None)
    outcome = execute(home, load_settings(home.settings), "2025Q4")
    assert outcome.published
    return outcome.release
