"""Asking ``labourdb explain`` in tests, in a small world whose release shows what it counted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import home_tables
import pytest
import worlds
from typer.testing import CliRunner
from worlds import KEY, environment, small_home

from orchestration.cli import app
from orchestration.home import Home

COUNTRY = ("--area", "VN@2024", "--period", "2025Q4")
NUMBERS = ("persons", "in_numerator", "in_denominator")


def call(home: Home, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and document of `explain --json`."""
    with environment(LABOURDB_KEY=KEY):
        result = CliRunner().invoke(app, ["explain", *arguments, "--home", str(home.root), "--json"])
    return result.exit_code, json.loads(result.stdout, parse_constant=pytest.fail)


def said(home: Home, *arguments: str) -> str:
    with environment(LABOURDB_KEY=KEY):
        result = CliRunner().invoke(app, ["explain", *arguments, "--home", str(home.root)])
    assert result.exit_code == 0, result.output
    return result.stdout


def shown_home(folder: Path) -> Home:
    """A copy of the small world: explaining writes to its access log, and in so small a world hardly a figure is shown."""
    copied = worlds.copy_of(small_home(), folder)
    home_tables.show_as_counted(copied)
    return copied


def followed_by_another(home: Home, copied: Home) -> None:
    """Let a copy of the small world, run once more, show what it counted, then and now."""
    place = Path("2025Q4.1") / "tables" / "indicators.parquet"
    (copied.releases / place).chmod(0o644)
    shutil.copyfile(home.releases / place, copied.releases / place)
    home_tables.show_as_counted(copied)


def access_lines(home: Home) -> list[dict[str, Any]]:
    """The access log of the restricted zone."""
    log = home.restricted / "access.jsonl"
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
