"""A release of a simulated world, its site served on this machine, and a browser that may ask nobody else."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import duckdb
import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from support.home_tables import released

from orchestration.home import SEEDS, Home
from orchestration.run.execute import execute
from orchestration.settings import load_settings
from orchestration.tasks.serve import served
from releases.release import Release
from sources.simulator import simulate

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    home = Home(tmp_path_factory.mktemp("site") / "home")
    home.root.mkdir()
    simulate(home.root, 20_000, 15, "2025-12", ["30", "19"], 5, SEEDS, lambda text: None)
    outcome = execute(home, load_settings(home.settings), "2025Q4")
    assert outcome.published
    return outcome.release


@pytest.fixture(scope="session")
def tables(release: Release) -> Iterator[duckdb.DuckDBPyConnection]:
    """The release's tables, each by its name."""
    with released(release.path) as connection:
        yield connection


@pytest.fixture(scope="session")
def address(release: Release) -> Iterator[str]:
    """Where the site's pages lie, with a slash at the end."""
    with served(release, 0) as (server, url):
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield url.removesuffix("index.html")
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A visitor; fails if a page asked anything of another place, or if its script failed."""
    visitor = browser.new_context(viewport={"width": 1280, "height": 900}, locale="vi-VN")
    asked: list[str] = []
    failed: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))
    visitor.on("weberror", lambda error: failed.append(str(error.error)))
    visitor.on("console", lambda said: failed.append(said.text) if said.type == "error" else None)
    yield visitor
    visitor.close()
    assert asked
    strange = [
        u for u in asked if not u.startswith((address.removesuffix("site/"), "data:", "file://", "blob:"))
    ]
    assert strange == []
    assert failed == []
