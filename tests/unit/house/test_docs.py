"""Pages for readers and agencies say what happens: the faulty file of connect.md is checked, links of docs lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli.main import app

ROOT = Path(__file__).parents[3]
PAGES = sorted((ROOT / "docs").glob("*.md"))


def test_the_check_that_connect_md_shows_is_what_check_says(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "connect.md").read_text(encoding="utf-8")
    shown = re.search(r"\$ cat (\S+)\n(.*?)\n\n\$ labourdb check (\S+) .*?\n(.*?)```", text, re.DOTALL)
    assert shown is not None
    file, lines, folder, said = shown.groups()
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(lines + "\n", encoding="utf-8")
    result = CliRunner().invoke(
        app, ["check", str(tmp_path / folder), "--feedback", str(tmp_path / "mend.xlsx")]
    )
    assert result.exit_code == 0
    printed = " ".join(result.stdout.split())
    sentences = [line for line in said.splitlines() if ":" in line and not line.startswith("What to mend")]
    assert len(sentences) == 10
    for line in sentences:
        assert " ".join(line.split()) in printed
    assert "Would be used." in printed


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_of_docs_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        place, _, heading = target.partition("#")
        if place.startswith("http"):
            continue
        found = (page.parent / place) if place else page
        assert found.exists(), target
        if heading:
            headings = re.findall(r"^#+ (.*)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {_anchor(h) for h in headings}, target


def _anchor(heading: str) -> str:
    """The anchor a heading gets where Markdown is shown: small letters, no punctuation, dashes for spaces."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
