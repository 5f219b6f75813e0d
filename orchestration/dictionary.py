"""The data dictionary, made from the contracts, the dbt project and the indicator definitions: ``make docs``.

Tables with an enforced contract are listed: those people query. Inner tables are described beside their models.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from orchestration.dbt import parsed_models
from orchestration.home import SEEDS
from releases.dictionary import Dictionary, Field, Indicator, Table
from sources.contract import Column, all_sources, load_contract

PLACE = Path(__file__).resolve().parent.parent / "docs" / "data-dictionary.md"
SECTIONS = {
    "labour": "The labour database: pseudonymised microdata, `<home>/warehouse/labour.duckdb`, schema `labour`",
    "published": "Published tables: `<home>/releases/<id>/tables/<table>.parquet` and `labour.duckdb` beside them",
}


def data_dictionary() -> str:
    """Markdown of every source column, every table and column people query, and every indicator, in both languages."""
    lines = [
        "# Data dictionary / Từ điển dữ liệu",
        "",
        "Made by `make docs` from the contracts, the dbt project and the indicator definitions; a test keeps it in step."
        " Months are `YYYY-MM`, quarters `YYYYQn`.",
    ]
    models = sorted(parsed_models(), key=lambda m: str(m.alias))
    for schema, title in SECTIONS.items():
        lines += ["", f"## {title}"]
        for model in (m for m in models if m.schema == schema and m.config.contract.enforced):
            lines += ["", f"### `{model.alias}`", "", _one_line(model.description), ""]
            lines += _table(("column", "type", "meaning", "ý nghĩa"), _model_rows(model))
    lines += ["", "## Indicators / Chỉ tiêu", ""]
    lines += _table(("indicator", "unit", "name", "tên", "definition", "định nghĩa"), _indicator_rows())
    lines += ["", "## Sources / Nguồn dữ liệu: what agencies send"]
    for source in all_sources():
        contract = load_contract(source)
        lines += [
            "",
            f"### `{source}`: {contract.title} / {contract.title_vi}",
            "",
            _one_line(contract.purpose),
            "",
        ]
        lines += _table(
            ("column", "kind", "needed", "meaning", "ý nghĩa"), map(_source_row, contract.columns)
        )
    return "\n".join(lines) + "\n"


def _model_rows(model: Any) -> Iterator[Sequence[str]]:
    for column in model.columns.values():
        yield f"`{column.name}`", column.data_type, column.description, column.config.meta["description_vi"]


def _indicator_rows() -> Iterator[Sequence[str]]:
    with (SEEDS / "indicator_definitions.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            named = ("unit", "name_en", "name_vi", "definition_en", "definition_vi")
            yield f"`{row['indicator']}`", *(row[n] for n in named)


def _source_row(column: Column) -> Sequence[str]:
    needed = "key" if column.key_position else "yes" if column.required else ""
    return f"`{column.name}`", column.kind, needed, column.description, column.description_vi


def dictionary() -> Dictionary:
    """What the site shows of the contracts, the models and the indicators."""
    with (SEEDS / "indicator_definitions.csv").open(encoding="utf-8", newline="") as stream:
        indicators = tuple(
            Indicator(
                r["indicator"], r["unit"], r["name_en"], r["name_vi"], r["definition_en"], r["definition_vi"],
                " / ".join(filter(None, (r["numerator"], r["denominator"]))), "", "", "", "", (),
            )
            for r in csv.DictReader(stream)
        )  # fmt: skip
    models = sorted(parsed_models(), key=lambda m: str(m.alias))
    tables = {
        schema: tuple(
            Table(m.alias, m.alias, m.alias, _one_line(m.description), _one_line(m.description), tuple(
                Field(c.name, c.data_type, "", c.description, c.config.meta["description_vi"]) for c in m.columns.values()
            ))
            for m in models if m.schema == schema and m.config.contract.enforced
        )
        for schema in SECTIONS
    }  # fmt: skip
    contracts = [load_contract(source) for source in all_sources()]
    sources = tuple(
        Table(c.source, c.title, c.title_vi, c.purpose, c.purpose, tuple(
            Field(f.name, f.kind, "key" if f.key_position else "yes" if f.required else "", f.description, f.description_vi)
            for f in c.columns
        ))
        for c in contracts
    )  # fmt: skip
    return Dictionary(indicators, tables["published"], tables["labour"], sources)


def indicator_definition(indicator: str) -> dict[str, str] | None:
    """Name and definition of an indicator in both languages; none of one that only statistics offices define."""
    with (SEEDS / "indicator_definitions.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["indicator"] == indicator:
                return {n: row[n] for n in ("name_en", "name_vi", "definition_en", "definition_vi")}
    return None


def _table(head: Sequence[str], rows: Any) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(_one_line(cell).replace("|", "\\|") for cell in row) + " |"


def _one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    PLACE.write_text(data_dictionary(), encoding="utf-8")
