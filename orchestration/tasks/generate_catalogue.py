"""What the dbt project is told of the catalogue of published tables, as files of its own: ``make generate``.

dbt reads nothing beside its project, so that keys and finest counts reach its tests and models by a macro, and readers by
exposures. The suites of expectations are told of keys, and of columns in the order that the models' contracts have them. The
files are checked in; a test says when they are stale.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from expectations.catalogue import RELEASE, Finest, PublishedTable, published_tables, readers
from expectations.suites import COLUMNS_IN_ORDER, GENERATED, PARAMETER, ROWS
from orchestration.dbt.project import PROJECT

MADE = "Made by `make generate` from expectations/catalogue.yaml: change that, not this."
PUBLISHED = "published_"
MACROS = """\
{# <made> #}

{# The columns that tell the rows of a published table apart, as it is counted. #}
{% macro key_of(table) %}
{{ return({
<keys>}[table]) }}
{% endmacro %}

{#
  The models of finest counts as published: of which `table` each is, what tells its rows apart (`key`), its `counts`, the
  `whole` that is nobody where all are, and what the model is `called` where a table has several.
#}
{% macro finest_counts() %}
{{ return({
<finest>}) }}
{% endmacro %}
"""


def catalogue_files() -> dict[Path, str]:
    """Every file made from the catalogue, with its text."""
    tables = published_tables()
    keys = "".join(f"    {t.name!r}: {list(t.candidate_key)},\n" for t in tables.values() if t.modelled)
    columns = _columns_in_order()
    finest = "".join(_finest(t, f) for t in tables.values() for f in t.finest)
    return {
        PROJECT / "macros" / "catalogue.sql": MACROS.replace("<made>", MADE)
        .replace("<keys>", keys)
        .replace("<finest>", finest),
        PROJECT / "models" / "published" / "_exposures.yml": _exposures(),
        **{GENERATED / f"{t.name}.json": _suite(t, columns[t.name]) for t in tables.values()},
    }


def _columns_in_order() -> dict[str, list[str]]:
    """The columns of every published table, as the YAML beside the models states them."""
    found: dict[str, list[str]] = {}
    for path in sorted((PROJECT / "models").rglob("*.yml")):
        text = path.read_text(encoding="utf-8")
        if "name: published" not in text:
            continue
        stated = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        tables = [m for m in stated.get("models", ()) if m["name"].startswith(PUBLISHED)]
        tables += [t for s in stated.get("sources", ()) if s["name"] == "published" for t in s["tables"]]
        found |= {t["name"].removeprefix(PUBLISHED): [c["name"] for c in t["columns"]] for t in tables}
    return found


def _suite(table: PublishedTable, columns: list[str]) -> str:
    """What follows from catalogue and contract for the suite of a table: columns in order, key unique and filled."""
    filled = " and ".join(f"{c}.notna()" for c in (*table.key, RELEASE))
    expectations: list[dict[str, Any]] = [
        {"type": COLUMNS_IN_ORDER, "kwargs": {"column_list": columns}},
        {"type": "expect_compound_columns_to_be_unique", "kwargs": {"column_list": list(table.key)}},
        {
            "type": "expect_table_row_count_to_equal",
            "kwargs": {"value": {PARAMETER: f"{ROWS}{table.name}"}, "row_condition": filled},
        },
    ]
    return json.dumps({"made": MADE, "expectations": expectations}, indent=1) + "\n"


def _finest(table: PublishedTable, finest: Finest) -> str:
    counts = f"{finest.counts}() | list" if isinstance(finest.counts, str) else str(list(finest.counts))
    return (
        f"    {finest.model!r}: {{\n"
        f"        'table': {table.name!r}, 'called': {finest.called!r}, 'whole': {finest.whole!r},\n"
        f"        'key': {list(finest.key)},\n"
        f"        'counts': {counts},\n"
        "    },\n"
    )


def _exposures() -> str:
    exposures = [
        {"name": name, **said, "description": said["description"].strip(), "depends_on": _read_by(name)}
        for name, said in readers().items()
    ]
    text = yaml.safe_dump({"version": 2, "exposures": exposures}, sort_keys=False, width=110)
    return f"# {MADE}\n{text}"


def _read_by(reader: str) -> list[str]:
    return [
        f"ref('published_{t.name}')" if t.modelled else f"source('published', '{t.name}')"
        for t in published_tables().values()
        if reader in t.read_by
    ]
