"""Every contract in the standard's own command-line tool: it lints, and gives every format the tool offers.

``make contracts`` runs this in an environment of its own, since the tool's dependencies do not agree with ours; it
imports nothing of labourdb. The tool is called in process, as its command would be.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import typer
from datacontract.cli import app
from typer.testing import CliRunner, Result

CONTRACTS = sorted((Path(__file__).parents[2] / "sources" / "contracts").glob("*.odcs.yaml"))
FORMATS = sorted(
    name
    for name, command in typer.main.get_command(app).commands["export"].commands.items()
    if not command.hidden
)
# what a format asks for beside the contract: one of the user's own, which no contract of a delivery can hold
SERVER = "  - {server: bigquery, type: bigquery, project: labour, dataset: deliveries}\n"
TEMPLATE = "{% for table in data_contract.schema_ %}{{ table.name }}{% endfor %}"
ASKS_FOR = {
    "bigquery": "requires selecting a bigquery server",  # a server of that type in the contract, and its name
    "custom": "requires template argument",
}


def tool(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def exported(format_name: str, contract: Path, target: Path, *options: str | Path) -> Result:
    return tool("export", format_name, contract, "--output", target, *options)


def said(result: Result) -> str:
    return " ".join(f"{result.output} {result.exception or ''}".split())


def test_the_contracts_and_the_tool_s_formats_are_found() -> None:
    assert len(CONTRACTS) >= 13
    assert {"odcs", "sql", "jsonschema", "html", "dbt-models", *ASKS_FOR} <= set(FORMATS)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda p: p.name)
def test_it_lints_without_a_word_of_doubt(contract: Path) -> None:
    result = tool("lint", contract)
    assert result.exit_code == 0, said(result)
    assert "Data contract is valid" in said(result)
    assert "ignored" not in said(result) and "warning" not in said(result).lower()


@pytest.mark.parametrize("format_name", [f for f in FORMATS if f not in ASKS_FOR])
@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda p: p.name)
def test_it_is_given_in_every_format(contract: Path, format_name: str, tmp_path: Path) -> None:
    target = tmp_path / "exported"
    result = exported(format_name, contract, target)
    assert result.exit_code == 0, said(result)
    assert target.stat().st_size > 0


@pytest.mark.parametrize("format_name", ASKS_FOR)
@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda p: p.name)
def test_a_format_that_asks_for_more_is_given_with_it(
    contract: Path, format_name: str, tmp_path: Path
) -> None:
    target = tmp_path / "exported"
    refused = exported(format_name, contract, target)
    assert refused.exit_code != 0 and ASKS_FOR[format_name] in said(refused), (
        f"{format_name} no longer asks for it"
    )
    result = exported(format_name, *_with_what_it_asks_for(format_name, contract, tmp_path, target))
    assert result.exit_code == 0, said(result)
    assert contract.name.split(".")[0] in target.read_text(encoding="utf-8")


def _with_what_it_asks_for(
    format_name: str, contract: Path, folder: Path, target: Path
) -> Sequence[str | Path]:
    if format_name == "custom":
        template = folder / "template"
        template.write_text(TEMPLATE, encoding="utf-8")
        return contract, target, "--template", template
    served = folder / contract.name
    served.write_text(
        contract.read_text(encoding="utf-8").replace("\nservers:\n", f"\nservers:\n{SERVER}"),
        encoding="utf-8",
    )
    return served, target, "--server", "bigquery"


def test_a_contract_that_is_cut_short_does_not_lint(tmp_path: Path) -> None:
    text = CONTRACTS[0].read_text(encoding="utf-8")
    cut = text.replace("{property: kind, value: text}", "{property: kind, value: text, and more}", 1)
    assert cut != text
    path = tmp_path / CONTRACTS[0].name
    path.write_text(cut, encoding="utf-8")
    result = tool("lint", path)
    assert result.exit_code != 0 or "ignored" in said(result)
