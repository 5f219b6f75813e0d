"""The data dictionary, made from the contracts, the dbt project and the indicator definitions: ``make docs``.

Tables with an enforced contract and released tables are listed: those people query. Inner tables are described
beside their models.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from expectations.catalogue import published_tables
from orchestration.dbt.project import parsed_models, parsed_sources, stated_by
from orchestration.home import SEEDS
from releases.database.names import dimension_tables
from releases.database.views import views
from releases.pages.dictionary import Dictionary, Field, Indicator, Table
from sources.contract import all_sources, load_contract

PLACE = Path(__file__).resolve().parents[2] / "docs" / "data-dictionary.md"
PUBLISHED = "Published tables: `<home>/releases/<id>/tables/<table>.parquet` and `labour.duckdb` beside them"
NAMES = "Tables that name codes: `<home>/releases/<id>/dimensions/<table>.parquet`, and in `labour.duckdb`"
VIEWS = "Views of `labour.duckdb`"
LABOUR = "The labour database: pseudonymised microdata, `<home>/warehouse/labour.duckdb`, schema `labour`"
HEAD = """\
# Data dictionary / Từ điển dữ liệu

For whoever meets a table, a column or a number and asks what it means. Made by `make docs` from the
[contracts](../sources/contracts), the [dbt project](../dbt_project) and the
[indicator definitions](../dbt_project/seeds/indicator_definitions.csv); a test keeps it in step. Months are `YYYY-MM`,
quarters `YYYYQn`. How to read the tables: [query.md](query.md)."""
ABOUT_INDICATORS = """\
Basis `register`. What each word of a formula counts is in [`macros/measures.sql`](../dbt_project/macros/measures.sql);
people are residents aged 15 and over of the cell on the reference date. Figures of basis `official` keep the definition
of the statistics office that published them."""


@cache
def dictionary() -> Dictionary:
    """Every indicator, table people query, and source, with its words in both languages.

    Read from the seed, the parsed dbt project and the contracts; made once per process.
    """
    nodes = [*parsed_models(), *parsed_sources()]
    tables = {(n.schema, _table_name(n)): n for n in nodes}
    return Dictionary(
        indicators=tuple(map(_indicator, _definitions())),
        published=tuple(
            _table(t.name, tables["published", t.name], t.title) for t in published_tables().values()
        ),
        labour=tuple(
            _table(name, node, (node.config.meta.get("title_vi", ""), node.config.meta.get("title", "")))
            for (schema, name), node in sorted(tables.items())
            if schema == "labour" and _is_public(node)
        ),
        sources=tuple(map(_source, all_sources())),
    )


def indicator_definition(indicator: str) -> dict[str, str] | None:
    """Name and definition of an indicator in both languages; none of one that only statistics offices define."""
    for row in _definitions():
        if row["indicator"] == indicator:
            return {n: row[n] for n in ("name_en", "name_vi", "definition_en", "definition_vi")}
    return None


def data_dictionary() -> str:
    """``dictionary()`` as Markdown."""
    found = dictionary()
    lines = [HEAD, "", "## Indicators / Chỉ tiêu", "", ABOUT_INDICATORS]
    for indicator in found.indicators:
        lines += ["", *_indicator_lines(indicator)]
    lines += _section(PUBLISHED, found.published)
    lines += ["", f"## {VIEWS}", "", *_view_lines()]
    lines += _section(NAMES, dimension_tables())
    lines += _section(LABOUR, found.labour)
    lines += ["", "## Sources / Nguồn dữ liệu: what agencies send"]
    for source in found.sources:
        lines += ["", *_table_lines(source, ("column", "kind", "needed", "meaning", "ý nghĩa"))]
    return "\n".join(lines) + "\n"


def _section(title: str, tables: Iterable[Table]) -> Iterator[str]:
    yield from ("", f"## {title}")
    for table in tables:
        yield from ("", *_table_lines(table, ("column", "type", "meaning", "ý nghĩa")))


def _view_lines() -> Iterator[str]:
    yield "They show rows of the released tables and follow from the [catalogue](../expectations/catalogue.yaml)."
    yield ""
    yield from _markdown_table(("view", "meaning", "ý nghĩa"), ((f"`{v.name}`", v.en, v.vi) for v in views()))


def _definitions() -> list[dict[str, str]]:
    with (SEEDS / "indicator_definitions.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _indicator(row: dict[str, str]) -> Indicator:
    texts = ("unit", "name_en", "name_vi", "definition_en", "definition_vi")
    sayings = ("concept_en", "concept_vi", "caveat_en", "caveat_vi")
    return Indicator(
        name=row["indicator"],
        **{n: row[n] for n in (*texts, *sayings)},
        formula=_formula(row),
        supplied_by=_suppliers(row["supplied_by"]),
    )


def _suppliers(stated: str) -> tuple[str, ...]:
    """Sources by name, each once, in the order they are looked at; ``ladder``: those whose steps decide a status.

    ``ladder:employed+unemployed``: those of the steps down to the last that can say one of these.
    """
    found: list[str] = []
    for word in stated.split():
        name, _, statuses = word.partition(":")
        found += [word] if name != "ladder" else _of_the_ladder(statuses.split("+") if statuses else None)
    return tuple(dict.fromkeys(found))


def _of_the_ladder(statuses: Sequence[str] | None) -> list[str]:
    steps = stated_by("ladder")
    last = max(n for n, s in enumerate(steps) if statuses is None or set(statuses) & set(_said_by(s)))
    return [step["source"] for step in steps[: last + 1]]


def _said_by(step: Mapping[str, Any]) -> Sequence[str]:
    """The statuses a step can say; one that names none says what its records do."""
    if "status" in step:
        return (step["status"],)
    return load_contract(step["source"]).column("activity").values


def _formula(row: dict[str, str]) -> str:
    """What is counted, divided or taken the median of, by the measures of the seed; empty if it does not say."""
    counted, divided_by = row["numerator"], row["denominator"]
    match row["kind"]:
        case "count" if counted:
            return counted
        case "ratio" if counted and divided_by:
            return f"100 × {counted} / {divided_by}"
        case "median" if counted:
            return f"median over {counted} of the summed compulsory wage_base"
    return ""


def _table_name(node: Any) -> str:
    """The name people query: the alias of a model, the identifier of a source."""
    return str(node.alias if str(node.resource_type) == "model" else node.identifier)


def _is_public(node: Any) -> bool:
    return str(node.resource_type) == "model" and bool(node.config.contract.enforced)


def _table(name: str, node: Any, title: tuple[str, str]) -> Table:
    return Table(
        name=name,
        title_en=title[1],
        title_vi=title[0],
        en=_one_line(node.description),
        vi=_one_line(node.config.meta.get("description_vi", "")),
        fields=tuple(
            Field(
                name=column.name,
                kind=column.data_type or "",
                needed="",
                en=_one_line(column.description),
                vi=_one_line(column.config.meta.get("description_vi", "")),
            )
            for column in node.columns.values()
        ),
    )


def _source(source: str) -> Table:
    contract = load_contract(source)
    return Table(
        name=source,
        title_en=contract.title,
        title_vi=contract.title_vi,
        en=_one_line(contract.purpose),
        vi=_one_line(contract.purpose_vi),
        fields=tuple(
            Field(
                name=column.name,
                kind=column.kind,
                needed="key" if column.key_position else "yes" if column.required else "",
                en=_one_line(column.description),
                vi=_one_line(column.description_vi),
            )
            for column in contract.columns
        ),
    )


def _indicator_lines(indicator: Indicator) -> Iterator[str]:
    yield f"### `{indicator.name}`: {indicator.name_en} / {indicator.name_vi}"
    yield ""
    yield f"`{indicator.formula}`, {indicator.unit}; from {', '.join(f'`{s}`' for s in indicator.supplied_by)}"
    yield ""
    yield from _markdown_table(
        ("", "English", "Tiếng Việt"),
        (
            ("definition / định nghĩa", indicator.definition_en, indicator.definition_vi),
            ("whose / nguồn định nghĩa", indicator.concept_en, indicator.concept_vi),
            ("caveat / lưu ý", indicator.caveat_en, indicator.caveat_vi),
        ),
    )


def _table_lines(table: Table, head: Sequence[str]) -> Iterator[str]:
    yield f"### `{table.name}`: {table.title_en} / {table.title_vi}"
    yield from ("", table.en, "", table.vi, "")
    yield from _markdown_table(
        head,
        (
            (f"`{f.name}`", f.kind, *((f.needed,) if "needed" in head else ()), f.en, f.vi)
            for f in table.fields
        ),
    )


def _markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(_one_line(cell).replace("|", "\\|") for cell in row) + " |"


def _one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    PLACE.write_text(data_dictionary(), encoding="utf-8")
