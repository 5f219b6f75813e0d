"""dbt in this process: the project parsed once and kept, models built and tested, results as plain rows."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from orchestration.home import Home
from orchestration.settings import Settings
from sources.encryption import private_files
from sources.errors import LabourdbError

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
TARGET = PROJECT / "target"
COMMON = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--no-use-colors", "--quiet"]
QUIET = ["--log-level", "none", "--log-level-file", "none"]


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, seed or test."""

    unique_id: str
    kind: str
    name: str
    folder: str
    status: str
    seconds: float
    message: str
    failures: int | None
    tested: str | None
    severity: str
    description: str = (
        ""  # of a test: why it must hold, in English and Vietnamese, and the SQL dbt made of it
    )
    description_vi: str = ""
    query: str = ""

    @property
    def ok(self) -> bool:
        """Whether it did what it should (warnings included)."""
        return self.status in ("success", "pass", "warn")


@contextmanager
def _environment(home: Home | None, settings: Settings) -> Iterator[None]:
    """dbt's profile reads places and limits from the environment; it is put back afterwards."""
    places = {
        "LABOURDB_WAREHOUSE": str(home.database) if home else "labour.duckdb",
        "LABOURDB_RESTRICTED": str(home.restricted) if home else "",
        "LABOURDB_SPILL": str(home.restricted / "spill") if home else "spill",
        "LABOURDB_MEMORY": settings.engine.memory,
        "LABOURDB_THREADS": str(settings.engine.threads),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }
    before = {name: os.environ.get(name) for name in places}
    os.environ.update(places)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def project_hash() -> str:
    """SHA-256 over the dbt project's own files: the code version of the models."""
    digest = hashlib.sha256(version("dbt-core").encode())
    for path in sorted(PROJECT.rglob("*")):
        if path.is_file() and path.suffix in (".sql", ".yml", ".csv", ".md") and TARGET not in path.parents:
            digest.update(str(path.relative_to(PROJECT)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def manifest_path() -> Path:
    """manifest.json of the project as it stands, parsed anew only if a file of it changed."""
    stamp = TARGET / "parsed.sha256"
    wanted = project_hash()
    if not ((TARGET / "manifest.json").exists() and stamp.exists() and stamp.read_text() == wanted):
        from dbt.cli.main import dbtRunner
        from dbt.parser.manifest import extended_mashumaro_encoder

        with _environment(None, Settings()):
            outcome = dbtRunner().invoke(
                ["parse", *COMMON, *QUIET, "--target-path", str(TARGET), "--no-partial-parse"]
            )
        if not outcome.success:
            raise LabourdbError(f"The dbt project cannot be parsed: {outcome.exception}")
        packed = TARGET / f".manifest.{os.getpid()}"
        packed.write_bytes(outcome.result.to_msgpack(extended_mashumaro_encoder))  # type: ignore[union-attr]
        packed.replace(TARGET / "manifest.msgpack")
        stamp.write_text(wanted)
    return TARGET / "manifest.json"


@cache
def _manifest() -> Any:
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    manifest_path()
    packed = (TARGET / "manifest.msgpack").read_bytes()
    manifest = Manifest.from_msgpack(packed, decoder=extended_mashumuro_decoder)  # type: ignore[attr-defined]
    manifest.build_flat_graph()  # type: ignore[no-untyped-call]
    return manifest


def parsed_models() -> list[Any]:
    """Every model of the parsed project, with its columns and descriptions."""
    return [n for n in _manifest().nodes.values() if str(n.resource_type) == "model"]


def relations() -> dict[str, tuple[str, str]]:
    """Schema and table of every model and seed, by its name."""
    kinds = ("model", "seed")
    return {n.name: (n.schema, n.alias) for n in _manifest().nodes.values() if str(n.resource_type) in kinds}


def parsed_sources() -> list[Any]:
    """Every table the parsed project reads or names and does not make, with its columns and descriptions."""
    return list(_manifest().sources.values())


def parsed_exposures() -> list[Any]:
    """Who reads what, as the parsed project names them."""
    return list(_manifest().exposures.values())


def ancestors(model: str) -> set[str]:
    """Names of every model and seed that a model is made from, itself included."""
    parents = json.loads(manifest_path().read_text(encoding="utf-8"))["parent_map"]
    waiting = [f"model.labourdb.{model}"]
    found: set[str] = set()
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += parents.get(node, [])
    return {node.rpartition(".")[2] for node in found}


def expected_tests(layers: list[str]) -> list[NodeResult]:
    """Every data test of these layers' models, as the parsed project lists them: what must have run."""
    found = []
    for node in _manifest().nodes.values():
        attached = getattr(node, "attached_node", None)
        model = _manifest().nodes.get(attached) if attached else None
        if str(node.resource_type) == "test" and model is not None and _folder(model) in layers:
            found.append(
                NodeResult(
                    node.unique_id,
                    "test",
                    node.name,
                    _folder(model),
                    "error",
                    0.0,
                    "",
                    None,
                    model.name,
                    "error",
                    *_described(node),
                )
            )
    return found


def _described(node: Any) -> tuple[str, str]:
    """Why a test must hold, in English and Vietnamese, as its YAML says it."""
    meta = getattr(node.config, "meta", None) or {}
    return " ".join(str(node.description or "").split()), str(meta.get("description_vi", ""))


def _folder(node: Any) -> str:
    return node.fqn[1] if len(node.fqn) > 2 else ""


def dbt_build(
    home: Home, settings: Settings, select: list[str], on_event: Callable[[Any], None] | None = None
) -> list[NodeResult]:
    """Build and test the selected nodes in the home's warehouse; unit tests and exposures stay out.

    ``on_event`` hears dbt's events (NodeStart, NodeFinished and others). Returns a result per node. Raises ``LabourdbError`` if dbt could not work at all; a model that fails is
    a result with status error.
    """
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
        # a test waits for the last of the models it looks at: what is there of those before is of an earlier run
        "--indirect-selection",
        "buildable",
    ]
    # a test that compares models of two layers runs with the later one
    arguments += ["--indirect-selection", "buildable"]
    # dbt would report exposures as built; nothing is made of them
    for kind in ("unit_test", "exposure"):
        arguments += ["--exclude-resource-type", kind]
    arguments += ["--select", *select]
    with _environment(home, settings), private_files():
        try:
            callbacks = [on_event] if on_event else []
            outcome = dbtRunner(manifest=_manifest(), callbacks=callbacks).invoke(arguments)
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if outcome.result is None:
        raise LabourdbError(f"dbt did not run: {outcome.exception}")
    return [_node_result(r) for r in outcome.result.results]  # type: ignore[union-attr]


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
    text = " ".join(message.split())
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
    description, description_vi = _described(node)
    return NodeResult(
        unique_id=node.unique_id,
        kind=str(node.resource_type),
        name=node.name,
        folder=_folder(node),
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
