"""Asking ``labourdb explain`` in tests."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner
from worlds.eighteen_persons import KEY, environment

from orchestration.cli.main import app
from orchestration.home import Home

COUNTRY = ("--area", "VN@2024", "--period", "2025Q4")
NUMBERS = ("persons", "in_numerator", "in_denominator")


def call(home: Home, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and document of `explain --json`."""
    with environment(LABOURDB_KEY=KEY):
        result = CliRunner().invoke(app, ["explain", *arguments, "--home", str(home.root), "--json"])
    return result.exit_code, json.loads(result.stdout, parse_constant=pytest.fail)


def said(home: Home, *arguments: str) -> str:
    """What `explain` prints for people."""
    with environment(LABOURDB_KEY=KEY):
        result = CliRunner().invoke(app, ["explain", *arguments, "--home", str(home.root)])
    assert result.exit_code == 0, result.output
    return result.stdout


def access_lines(home: Home) -> list[dict[str, Any]]:
    """The access log of the restricted zone."""
    log = home.restricted / "access.jsonl"
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
