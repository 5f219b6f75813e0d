"""Building and testing models with dbt in this process: results as plain rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from orchestration.dbt.project import COMMON, QUIET, NodeResult, described, environment, folder_of, parsed
from orchestration.home import Home
from orchestration.settings import Settings
from sources.errors import LabourdbError
from sources.restricted.encryption import private_files


def dbt_build(
    home: Home,
    settings: Settings,
    select: Sequence[str],
    on_event: Callable[[Any], None] | None = None,
    indirect: str = "buildable",
) -> list[NodeResult]:
    """Build and test the selected nodes in the home's warehouse; unit tests and exposures stay out.

    ``on_event`` hears dbt's events (NodeStart, NodeFinished and others). ``indirect`` says which tests of selected models
    go along: those that read nothing above them, or none (``empty``). Returns a result per node. Raises ``LabourdbError``
    if dbt could not work at all; a model that fails is a result with status error.
    """
    if not select:  # to dbt that would be everything
        return []
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    target = home.warehouse / "dbt"
    arguments = [
        "build",
        *COMMON,
        *QUIET,
        "--target-path",
        str(target),
        "--log-path",
        str(target),
        "--no-write-json",
        "--no-populate-cache",  # of every schema there is, where those of what is built are looked up when they are needed
        # a test that compares models of two layers runs with the later one: what is there before is of an earlier run
        "--indirect-selection",
        indirect,
    ]
    # dbt would report exposures as built; nothing is made of them
    for kind in ("unit_test", "exposure"):
        arguments += ["--exclude-resource-type", kind]
    arguments += ["--select", *select]
    with environment(home, settings), private_files():
        try:
            callbacks = [on_event] if on_event else []
            outcome = dbtRunner(manifest=parsed(), callbacks=callbacks).invoke(arguments)
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if outcome.result is None:
        raise LabourdbError(f"dbt did not run: {outcome.exception}")
    return [_node_result(r) for r in outcome.result.results]  # type: ignore[union-attr]


def exactly(names: Collection[str]) -> list[str]:
    """The selection of these models and tests (unique names) alone."""
    return [f"fqn:{'.'.join(parsed().nodes[name].fqn)}" for name in sorted(names)]


# the engine's complaints about SQL, memory and files; those about data quote values
_ABOUT_NO_DATA = (
    "Binder",
    "Catalog",
    "Parser",
    "Compilation",
    "Dependency",
    "IO",
    "Out of Memory",
    "Permission",
)
_COMPLAINT = re.compile(r"((?:[A-Z][A-Za-z]*|of)(?: (?:[A-Z][A-Za-z]*|of))*) Error:")


def engine_words(message: str) -> str:
    """dbt's message about a node in one line; where the engine complains of data, without what it quotes."""
    text = " ".join(message.split()).partition(" Possible solutions:")[
        0
    ]  # the engine's own; ours name settings
    complaint = _COMPLAINT.search(text)
    if complaint is None or complaint[1].endswith(_ABOUT_NO_DATA):
        return text
    return f"{text[: complaint.end() - 1]} (its words may quote a row and are not repeated)"


def _node_result(result: Any) -> NodeResult:
    node = result.node
    tested = getattr(node, "attached_node", None)
    if (
        tested is None and str(node.resource_type) == "test"
    ):  # a singular test looks at the first model it names
        tested = next(iter(node.depends_on.nodes), None)
    description, description_vi = described(node)
    return NodeResult(
        unique_id=node.unique_id,
        kind=str(node.resource_type),
        name=node.name,
        folder=folder_of(node),
        status=str(result.status),
        seconds=float(result.execution_time),
        message=engine_words(str(result.message))[:300],
        failures=result.failures,
        tested=tested.split(".")[-1] if tested else None,
        severity=str(getattr(node.config, "severity", "error")).lower(),
        description=description,
        description_vi=description_vi,
        query=(getattr(node, "compiled_code", None) or "").strip(),
    )
