"""What the wheel needs: libraries that are imported are declared, those declared are used."""

from __future__ import annotations

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
PACKAGES = ("sources", "expectations", "releases", "orchestration")
# used without an import: what an engine, a command or a loader takes by name
BY_NAME = {
    "dagster-webserver": "`dagster dev` serves it",
    "dbt-duckdb": "dbt loads its adapters by name",
    "duckdb-extension-httpfs": "the file DuckDB loads for encryption",
}


def declared() -> set[str]:
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    return {canonicalize_name(Requirement(line).name) for line in stated}


def imported() -> dict[str, str]:
    """Distribution of every library a module of the product imports, and one such module."""
    owners = packages_distributions()
    found: dict[str, str] = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names = [node.module]
                for name in {n.split(".")[0] for n in names} - sys.stdlib_module_names - set(PACKAGES):
                    possible = {canonicalize_name(d) for d in owners[name]}
                    # of a namespace that several share, such as dbt's, the one that is declared
                    found |= dict.fromkeys(possible & declared() or possible, str(path.relative_to(ROOT)))
    return found


def test_what_is_imported_is_declared() -> None:
    missing = {d: where for d, where in imported().items() if d not in declared()}
    assert not missing


def test_what_is_declared_is_used() -> None:
    assert declared() - set(imported()) - set(BY_NAME) == set()
    assert set(BY_NAME) <= declared(), "an exception for nothing"
