"""Pages for readers and agencies say what happens: the faulty file of connect.md is checked."""

from __future__ import annotations

import re
from pathlib import Path

from typer.testing import CliRunner

from orchestration.cli.main import app

ROOT = Path(__file__).parents[3]


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
