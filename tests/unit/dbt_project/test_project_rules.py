"""The rules of dbt-project-evaluator, asked of the parsed project; what breaks one is listed with its reason.

Beside the names of its prefixes: rooms here are folders with groups (models/_groups.yml), and tables are named as people call them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from orchestration.dbt.project import manifest_path

Node = dict[str, Any]
Rule = Callable[["Project"], Iterator[str]]
RULES: dict[str, Rule] = {}
ROOMS = [
    "staging",
    "reference",
    "identity",
    "labour",
    "keyed",
    "cells",
    "candidates",
    "disclosure",
    "published",
]
PARAMETERS = "source.labourdb.run."  # what a run is about: read where it is asked, as a variable would be

# what breaks a rule, and why it may
NOT_COUNTED = "Gate 2 counts its rows (row_accounting_closes), and the dictionary describes it; no figure is made of it yet."
SHARED_COLUMNS = "Described beside its candidate, whose columns it has: they are written once."
EXCEPTIONS: dict[str, dict[str, str]] = {
    "backwards": {
        "keyed_completions": "The finest counts of completions, each of which is told in cells; it lies where the keys may lie.",
    },
    "direct_source": {
        "touched_persons": "Rows of deliveries that no longer count are in no staging model, which holds those in force.",
    },
    "source_fanout": {
        "source.labourdb.landing.population": "Those same rows, of which touched_persons asks whose they were.",
    },
    "primary_key": {
        "completions": "A person may complete two courses of a field, level and kind in a year, and both count.",
    },
    "root_model": {
        "age_groups": "Its own list, of classes that the macro age_class numbers.",
        "ladder": "The macro of the same name as a table, for whoever cannot call it.",
        "measures": "The macro of the same name as a table, for whoever cannot call it.",
    },
    "unused_staging": dict.fromkeys(
        ["stg_insurance_debts", "stg_labour_changes", "stg_poor_households", "stg_vacancies"], NOT_COUNTED
    ),
    "words_beside": dict.fromkeys(
        ["published_labour_flows", "published_training_outcomes", "published_transitions"], SHARED_COLUMNS
    ),
}


class Project:
    """The parsed project by what the rules ask."""

    def __init__(self, manifest: dict[str, Any]) -> None:
        self.nodes: dict[str, Node] = manifest["nodes"]
        self.models = {u: n for u, n in self.nodes.items() if n["resource_type"] == "model"}
        self.seeds = {u: n for u, n in self.nodes.items() if n["resource_type"] == "seed"}
        self.sources: dict[str, Node] = manifest["sources"]
        self.exposures: dict[str, Node] = manifest["exposures"]
        self.tests = [n for n in self.nodes.values() if n["resource_type"] == "test"]
        self.groups = {g["name"] for g in manifest["groups"].values()}

    def read(self, node: Node) -> set[str]:
        """What a model reads, less what a run is about."""
        return {p for p in node["depends_on"]["nodes"] if not p.startswith(PARAMETERS)}

    def readers(self, unique_id: str) -> set[str]:
        return {u for u, n in self.models.items() if unique_id in n["depends_on"]["nodes"]}

    def room(self, node: Node) -> str:
        return str(node["fqn"][1])

    def tests_of(self, unique_id: str) -> Iterator[tuple[str, str]]:
        for test in self.tests:
            if test["attached_node"] == unique_id:
                yield test["test_metadata"]["name"], test["column_name"] or ""


def rule(check: Rule) -> Rule:
    RULES[check.__name__] = check
    return check


@rule
def direct_source(project: Project) -> Iterator[str]:
    """Sources are read in staging alone."""
    for node in project.models.values():
        if project.room(node) != "staging" and any(p.startswith("source.") for p in project.read(node)):
            yield node["name"]


@rule
def several_sources(project: Project) -> Iterator[str]:
    """A staging model is of one source."""
    for node in project.models.values():
        if sum(p.startswith("source.") for p in project.read(node)) > 1:
            yield node["name"]


@rule
def source_fanout(project: Project) -> Iterator[str]:
    """A source has one staging model."""
    for unique_id in project.sources:
        if not unique_id.startswith(PARAMETERS) and len(project.readers(unique_id)) > 1:
            yield unique_id


@rule
def source_unread(project: Project) -> Iterator[str]:
    """A source is read."""
    exposed = {p for e in project.exposures.values() for p in e["depends_on"]["nodes"]}
    for unique_id, source in project.sources.items():
        meant = "dbt_project" in source["config"]["meta"].get("read_by", ["dbt_project"])
        if meant and not project.readers(unique_id) and unique_id not in exposed:
            yield unique_id


@rule
def source_twice(project: Project) -> Iterator[str]:
    """A table is one source."""
    places = Counter((s["database"], s["schema"], s["identifier"]) for s in project.sources.values())
    yield from (".".join(place) for place, times in places.items() if times > 1)


@rule
def hard_coded(project: Project) -> Iterator[str]:
    """SQL names tables by ref and source."""
    for node in project.models.values():
        code = r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}|--[^\n]*|'[^']*'|extract\(\w+ from"
        sql = re.sub(code, " ", node["raw_code"], flags=re.S)
        if re.search(r"\b(?:from|join)\s+\w+\.\w+", sql):
            yield node["name"]


@rule
def root_model(project: Project) -> Iterator[str]:
    """A model is made from something."""
    yield from (n["name"] for n in project.models.values() if not n["depends_on"]["nodes"])


@rule
def staging_reads_staging(project: Project) -> Iterator[str]:
    """A staging model reads neither staging nor what is made of it."""
    for node in project.models.values():
        if project.room(node) == "staging" and any(p.startswith("model.") for p in project.read(node)):
            yield node["name"]


@rule
def backwards(project: Project) -> Iterator[str]:
    """A room reads itself and the rooms before it."""
    for node in project.models.values():
        parents = [project.models[p] for p in project.read(node) if p in project.models]
        if any(ROOMS.index(project.room(p)) > ROOMS.index(project.room(node)) for p in parents):
            yield node["name"]


@rule
def unused_staging(project: Project) -> Iterator[str]:
    """A staging model is read."""
    for unique_id, node in project.models.items():
        if project.room(node) == "staging" and not project.readers(unique_id):
            yield node["name"]


@rule
def primary_key(project: Project) -> Iterator[str]:
    """What one row is of is tested."""
    for unique_id, node in (project.models | project.seeds).items():
        tests = set(project.tests_of(unique_id))
        kinds = {kind for kind, _ in tests}
        columns = {column for kind, column in tests if kind == "unique"}
        if not (kinds & {"grain", "unique_key"} or any(("not_null", column) in tests for column in columns)):
            yield node["name"]


@rule
def source_freshness(project: Project) -> Iterator[str]:
    """A delivered table says how old it may be."""
    for source in project.sources.values():
        if source["schema"] == "landing" and not (source["freshness"] or {}).get("warn_after", {}).get(
            "count"
        ):
            yield source["name"]


@rule
def undocumented(project: Project) -> Iterator[str]:
    """Every table and column is described, and every column has its type."""
    for node in (*project.models.values(), *project.seeds.values(), *project.sources.values()):
        types = node["config"].get("column_types") or {}
        columns = node["columns"].values()
        if not node["description"] or not columns:
            yield node["name"]
        yield from (
            f"{node['name']}.{c['name']}"
            for c in columns
            if not (c["description"] and (c["data_type"] or types.get(c["name"])))
        )


@rule
def name_of_room(project: Project) -> Iterator[str]:
    """Staging, keyed and published models have their room's prefix, and no others."""
    prefixes = {"stg_": "staging", "keyed_": "keyed", "published_": "published"}
    for node in project.models.values():
        by_name = next((room for prefix, room in prefixes.items() if node["name"].startswith(prefix)), None)
        if (by_name or project.room(node)) != project.room(node) or (
            by_name is None and project.room(node) in prefixes.values()
        ):
            yield node["name"]


@rule
def words_beside(project: Project) -> Iterator[str]:
    """A model's words and tests stand in its folder."""
    for node in project.models.values():
        folder = (node["patch_path"] or "").partition("://")[2].rpartition("/")[0]
        if folder != node["original_file_path"].rpartition("/")[0]:
            yield node["name"]


@rule
def chained_views(project: Project) -> Iterator[str]:
    """No more than three views stand on each other."""

    @cache
    def height(unique_id: str) -> int:
        node = project.models.get(unique_id)
        if node is None or node["config"]["materialized"] != "view":
            return 0
        return 1 + max(map(height, node["depends_on"]["nodes"]), default=0)

    yield from (n["name"] for u, n in project.models.items() if height(u) > 3)


@rule
def exposed(project: Project) -> Iterator[str]:
    """What is exposed is a published table."""
    for exposure in project.exposures.values():
        for parent in exposure["depends_on"]["nodes"]:
            node = project.models.get(parent)
            if node and (node["config"]["materialized"] != "table" or node["access"] != "public"):
                yield f"{exposure['name']}: {node['name']}"


@rule
def public_contract(project: Project) -> Iterator[str]:
    """A public model has a contract, and what is published is public."""
    for node in project.models.values():
        public = node["access"] == "public"
        if public != (project.room(node) == "published") or (public and not node["contract"]["enforced"]):
            yield node["name"]


@rule
def group_of_room(project: Project) -> Iterator[str]:
    """A model belongs to the group of its folder."""
    yield from (n["name"] for n in project.models.values() if n["group"] != project.room(n))
    yield from set(ROOMS) ^ project.groups


def manifest() -> Any:
    return json.loads(manifest_path().read_text(encoding="utf-8"))


@cache
def project() -> Project:
    return Project(manifest())


@pytest.mark.parametrize("name", RULES)
def test_the_project_keeps_the_rule(name: str) -> None:
    broken = set(RULES[name](project()))
    assert broken == set(EXCEPTIONS.get(name, {})), RULES[name].__doc__


SPELLS, CLAIMS, STAGED = "model.labourdb.spells", "model.labourdb.claims", "model.labourdb.stg_training"
LANDED, PUBLISHED = "source.labourdb.landing.training", "model.labourdb.published_linkage"


def reads(model: str, other: str) -> Callable[[Any], object]:
    return lambda m: m["nodes"][model]["depends_on"]["nodes"].append(other)


def said(kind: str, node: str, **changes: Any) -> Callable[[Any], object]:
    return lambda m: m[kind][node].update(changes)


def configured(kind: str, node: str, **changes: Any) -> Callable[[Any], object]:
    return lambda m: m[kind][node]["config"].update(changes)


def views(m: Any) -> None:
    for name in ("code_spells", "spells", "job_runs", "keyed_employer_flows"):
        m["nodes"][f"model.labourdb.{name}"]["config"]["materialized"] = "view"


BREAKS: dict[str, tuple[Callable[[Any], object], str]] = {
    "direct_source": (reads(SPELLS, LANDED), "spells"),
    "several_sources": (reads(STAGED, "source.labourdb.landing.vacancies"), "stg_training"),
    "source_fanout": (reads("model.labourdb.stg_vacancies", LANDED), LANDED),
    "source_unread": (lambda m: m["nodes"].pop(STAGED), LANDED),
    "source_twice": (
        lambda m: m["sources"].update(again=m["sources"][LANDED]),
        "restricted.landing.training",
    ),
    "hard_coded": (said("nodes", SPELLS, raw_code="select 1 as a\nfrom labour.claims"), "spells"),
    "root_model": (said("nodes", SPELLS, depends_on={"nodes": []}), "spells"),
    "staging_reads_staging": (reads(STAGED, "model.labourdb.stg_vacancies"), "stg_training"),
    "backwards": (reads(SPELLS, PUBLISHED), "spells"),
    "unused_staging": (
        lambda m: [
            m["nodes"].pop(f"model.labourdb.{name}")
            for name in ("linked_training", "resolved_training", "touched_rows")
        ],
        "stg_training",
    ),
    "primary_key": (
        lambda m: [m["nodes"].pop(u) for u, n in [*m["nodes"].items()] if n.get("attached_node") == SPELLS],
        "spells",
    ),
    "source_freshness": (said("sources", LANDED, freshness=None), "training"),
    "undocumented": (said("nodes", SPELLS, description=""), "spells"),
    "name_of_room": (said("nodes", SPELLS, name="stg_spells"), "stg_spells"),
    "words_beside": (said("nodes", SPELLS, patch_path="labourdb://models/cells/_cells.yml"), "spells"),
    "chained_views": (views, "keyed_employer_flows"),
    "exposed": (
        configured("nodes", PUBLISHED, materialized="view"),
        "release_site: published_linkage",
    ),
    "public_contract": (said("nodes", SPELLS, access="public"), "spells"),
    "group_of_room": (said("nodes", SPELLS, group="cells"), "spells"),
}


def test_every_rule_finds_what_breaks_it_and_every_exception_has_its_reason() -> None:
    assert set(BREAKS) == set(RULES)
    for name, (spoil, found) in BREAKS.items():
        spoilt = manifest()
        spoil(spoilt)
        assert found in set(RULES[name](Project(spoilt))), name
    assert all(reason for listed in EXCEPTIONS.values() for reason in listed.values())
