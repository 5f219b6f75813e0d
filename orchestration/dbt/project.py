"""The dbt project: parsed once and kept, and what it says of its models, tests and sources."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2

from orchestration.home import Home
from orchestration.settings import Settings
from sources.errors import LabourdbError

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"


TARGET = PROJECT / "target"  # the parsed project: in a checkout, and in a wheel that was made of a parsed one
COMMON = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--no-use-colors", "--quiet"]
# folders of models, in the order they are built: up to gate 2, then what gate 3 judges
FIRST_LAYERS = ["staging", "identity", "reference", "labour"]
COUNTED_LAYERS = ["keyed", "cells", "candidates"]
LAST_LAYERS = ["disclosure", "published"]
QUIET = ["--log-level", "none", "--log-level-file", "none"]
OF_A_RUN = "LABOURDB_BUILDS"  # set for dbt that a run starts, which marks itself what it built
ENGINE = "LABOURDB_ENGINE"  # what the engine may use, as DuckDB's configuration in JSON
# data tests that a developer runs (docs/dbt.md) and a run leaves out: ingestion and gates ask already what they ask, and two
# hundred of them take as long as the models of a province
DEVELOPERS_TESTS = ("grain", "unique", "not_null", "relationships", "accepted_values")
NOT_IN_A_RUN = " ".join(["resource_type:unit_test", *(f"test_name:{name}" for name in DEVELOPERS_TESTS)])


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
def environment(home: Home | None, settings: Settings) -> Iterator[None]:
    """dbt's profile reads places and limits from the environment; it is put back afterwards."""
    limits = settings.engine.limits(home) if home else None
    places = {
        "LABOURDB_WAREHOUSE": str(home.database) if home else "labour.duckdb",
        "LABOURDB_RESTRICTED": str(home.restricted) if home else "",
        # what the engine may use, as the plugin takes it
        ENGINE: json.dumps(limits.config()) if limits else "",
        OF_A_RUN: "yes",
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


def _kept() -> list[Path]:
    """Where the parsed project may lie, the first that is right counts: with the project, which may be nobody's to write
    to, and in the cache of who runs it.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return [TARGET, Path(cache) / "labourdb" / f"dbt-{version('labourdb')}"]


def _writable() -> Path:
    """Where to keep it when it is parsed: in a checkout beside it, else in the cache."""
    beside, cache = _kept()
    if (PROJECT.parent / "pyproject.toml").exists() and os.access(PROJECT, os.W_OK):
        return beside
    return cache


def manifest_path() -> Path:
    """manifest.json of the project as it stands, parsed anew only if a file of it changed.

    Raises ``LabourdbError`` if it cannot be parsed, or not be kept.
    """
    wanted = f"{project_hash()} {version('sqlglot')}"
    for folder in _kept():
        stamp = folder / "parsed.sha256"
        if stamp.exists() and stamp.read_text() == wanted:
            return folder / "manifest.json"
    folder = _writable()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".parsing-", dir=folder) as place:
            _parse(Path(place))
            for name in (
                "manifest.json",
                "manifest.msgpack",
                "lineage.json",
            ):  # whole at once: others may be reading
                (Path(place) / name).replace(folder / name)
        (folder / "parsed.sha256").write_text(wanted)
    except OSError as error:
        raise LabourdbError(
            f"The parsed dbt project cannot be kept in {folder} ({error.strerror}). Let XDG_CACHE_HOME name a folder that"
            " may be written to, or run `make setup` as who may write to the code: it is parsed there once."
        ) from None
    return folder / "manifest.json"


def _parse(place: Path) -> None:
    """Parse the project into files that hold wherever the project lies: what it is, for Dagster and for dbt, and its lineage."""
    from dbt.cli.main import dbtRunner
    from dbt.parser.manifest import extended_mashumaro_encoder

    from orchestration.dbt.lineage import of_models

    with environment(None, Settings()):
        outcome = dbtRunner().invoke(
            [
                "parse",
                *COMMON,
                *QUIET,
                "--target-path",
                str(place),
                "--log-path",
                str(place),
                "--no-partial-parse",
            ]
        )
    if not outcome.success:
        raise LabourdbError(f"The dbt project cannot be parsed: {outcome.exception}")
    manifest: Any = outcome.result
    manifest.files, manifest.flat_graph = {}, {}  # of use for parsing again only; made again when it is read
    for node in manifest.nodes.values():
        if hasattr(node, "root_path"):
            node.root_path = None
    (place / "manifest.json").write_text(json.dumps(manifest.writable_manifest().to_dict(omit_none=False)))
    manifest.nodes = {name: node for name, node in manifest.nodes.items() if not _is_developers(node)}
    (place / "manifest.msgpack").write_bytes(manifest.to_msgpack(extended_mashumaro_encoder))
    (place / "lineage.json").write_text(json.dumps(of_models(_in_place(manifest))))


def _is_developers(node: Any) -> bool:
    return str(node.resource_type) == "test" and node.test_metadata.name in DEVELOPERS_TESTS


@cache
def parsed() -> Any:
    """dbt's manifest of the project as it stands, as a run has it: without the data tests of developers."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    packed = manifest_path().with_suffix(".msgpack").read_bytes()
    manifest = _in_place(Manifest.from_msgpack(packed, decoder=extended_mashumuro_decoder))  # type: ignore[attr-defined]
    gc.collect()
    gc.freeze()  # it stays as long as the process does: the collector need not walk its objects again and again
    return manifest


def _in_place(manifest: Any) -> Any:
    """A manifest as dbt works with it, of the project where it lies."""
    for node in manifest.nodes.values():
        if hasattr(node, "root_path"):
            node.root_path = str(PROJECT)
    manifest.build_flat_graph()
    return manifest


def column_lineage() -> dict[str, dict[str, list[list[str]]]]:
    """For each model, ``schema/table``, the columns that each of its columns is made of, as pairs of table and column; models
    that cannot be followed are not in it. Made when the project is parsed (``lineage``).
    """
    kept: dict[str, dict[str, list[list[str]]]] = json.loads(
        manifest_path().with_name("lineage.json").read_text(encoding="utf-8")
    )
    return kept


def parsed_models() -> list[Any]:
    """Every model of the parsed project, with its columns and descriptions."""
    return [n for n in parsed().nodes.values() if str(n.resource_type) == "model"]


def relations() -> dict[str, tuple[str, str]]:
    """Schema and table of every model and seed, by its name."""
    kinds = ("model", "seed")
    return {n.name: (n.schema, n.alias) for n in parsed().nodes.values() if str(n.resource_type) in kinds}


def parsed_sources() -> list[Any]:
    """Every table the parsed project reads or names and does not make, with its columns and descriptions."""
    return list(parsed().sources.values())


def parsed_exposures() -> list[Any]:
    """Who reads what, as the parsed project names them."""
    return list(parsed().exposures.values())


def stated_by(macro: str, manifest: Any = None) -> Any:
    """What a macro of the project that only states data, such as ``ladder``, returns; ``KeyError`` if there is none.

    ``manifest`` is of another parse than the kept one.
    """
    found: list[Any] = []
    text = (manifest or parsed()).macros[f"macro.labourdb.{macro}"].macro_sql
    jinja2.Environment().from_string(f"{text}{{{{ {macro}() }}}}").render({"return": found.append})
    return found[0]


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


def expected_tests(layers: Sequence[str]) -> list[NodeResult]:
    """Every data test of these layers' models, as the parsed project lists them: what must have run."""
    found = []
    for node in parsed().nodes.values():
        attached = getattr(node, "attached_node", None)
        model = parsed().nodes.get(attached) if attached else None
        if str(node.resource_type) == "test" and model is not None and _layer(model) in layers:
            found.append(
                NodeResult(
                    node.unique_id,
                    "test",
                    node.name,
                    folder_of(model),
                    "error",
                    0.0,
                    "",
                    None,
                    model.name,
                    "error",
                    *described(node),
                )
            )
    return found


def reads(layers: Sequence[str]) -> dict[str, list[str]]:
    """The models and data tests of these layers by their unique names, each with the models it reads. The tests of seeds are
    of the first.
    """
    found = {}
    for node in parsed().nodes.values():
        kind = str(node.resource_type)
        at = parsed().nodes.get(getattr(node, "attached_node", None) or "") if kind == "test" else node
        if kind in ("model", "test") and at is not None and _layer(at) in layers:
            found[node.unique_id] = [p for p in node.depends_on.nodes if p.startswith("model.")]
    return found


def _layer(node: Any) -> str:
    return FIRST_LAYERS[0] if str(node.resource_type) == "seed" else folder_of(node)


def described(node: Any) -> tuple[str, str]:
    """Why a test must hold, in English and Vietnamese, as its YAML says it."""
    meta = getattr(node.config, "meta", None) or {}
    return " ".join(str(node.description or "").split()), str(meta.get("description_vi", ""))


def gate_of(folder: str) -> str:
    """The gate that judges the tests of a folder's models."""
    return "publication" if folder in [*COUNTED_LAYERS, *LAST_LAYERS] else "linkage"


def folder_of(node: Any) -> str:
    """The folder of models that a node stands in, which is a layer of the build."""
    return node.fqn[1] if len(node.fqn) > 2 else ""
