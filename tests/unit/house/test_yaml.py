"""No text in a YAML file is cut short: an unquoted comma in ``{…}`` ends a value and makes an empty key of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("sources", "dbt_project", "expectations", "orchestration", "releases")
FILES = [
    p
    for folder in FOLDERS
    for p in sorted((ROOT / folder).rglob("*.y*ml"))
    if p.is_relative_to(ROOT) and "target" not in p.relative_to(ROOT).parts
]


def cut_texts(text: str) -> list[str]:
    """Line and key of each key of a flow mapping that stands without a colon: the rest of a text that was cut."""
    return [
        f"{key.start_mark.line + 1}: {key.value}"
        for document in yaml.compose_all(text, yaml.SafeLoader)
        for mapping in _flow_mappings(document)
        for key, value in mapping.value
        # a value that is written, null included, has an extent of its own
        if isinstance(value, yaml.ScalarNode) and value.start_mark.index == value.end_mark.index
    ]


def _flow_mappings(node: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    if isinstance(node, yaml.MappingNode):
        if node.flow_style:
            yield node
        for key, value in node.value:
            yield from _flow_mappings(key)
            yield from _flow_mappings(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _flow_mappings(item)


def test_the_files_are_found() -> None:
    assert {p.parent.name for p in FILES} >= {"contracts", "staging", "identity", "expectations", "seeds"}
    assert len(FILES) > 40


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_text_is_cut_at_a_comma(path: Path) -> None:
    assert cut_texts(path.read_text(encoding="utf-8")) == []


def test_a_text_that_is_cut_is_found_and_a_null_that_is_written_is_not() -> None:
    assert cut_texts("- {property: description_vi, value: Tình trạng (đã đóng, nợ, nghỉ).}") == [
        "1: nợ",
        "1: nghỉ).",
    ]
    assert cut_texts("- {a: 'x, y', b: null, c: ~, d: '', e: [f, g]}\n- h:\n") == []
    assert cut_texts("a:\n  - {b: {c: d, e}}\n") == ["2: e"]
