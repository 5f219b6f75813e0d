"""What the dbt project is told of the catalogue of published tables, as files of its own: ``make generate``.

dbt reads nothing beside its project, so that keys and finest counts reach its tests and models by a macro, and readers by
exposures. The files are checked in; a test says when they are stale.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from expectations.catalogue import Finest, PublishedTable, published_tables, readers
from orchestration.dbt.project import PROJECT

MADE = "Made by `make generate` from expectations/catalogue.yaml: change that, not this."
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
    finest = "".join(_finest(t, f) for t in tables.values() for f in t.finest)
    return {
        PROJECT / "macros" / "catalogue.sql": MACROS.replace("<made>", MADE)
        .replace("<keys>", keys)
        .replace("<finest>", finest),
        PROJECT / "models" / "published" / "_exposures.yml": _exposures(),
    }


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
