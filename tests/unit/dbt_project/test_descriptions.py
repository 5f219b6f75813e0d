"""Words about a column stand once: what is said of the same column in two places is a doc block of the dbt project."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import yaml

from orchestration.dbt.project import PROJECT, TARGET
from orchestration.tasks.generate import MARK

BLOCK = re.compile(r"{% docs (\w+) %}\n(.+?)\n{% enddocs %}", re.DOTALL)
REFERENCE = re.compile(r"{{ doc\('(\w+)'\) }}")


def written_by_hand(suffix: str) -> dict[Path, str]:
    files = {p: p.read_text(encoding="utf-8") for p in PROJECT.rglob(f"*{suffix}") if TARGET not in p.parents}
    return {p: text for p, text in files.items() if MARK not in text.partition("\n")[0]}


def descriptions(text: str) -> Iterator[tuple[str, str]]:
    """Column and description of each column in a YAML file; what an alias repeats is written once."""
    document = yaml.safe_load(text)
    tables = [t for top in ("models", "seeds") for t in document.get(top) or () if isinstance(t, dict)]
    tables += [t for source in document.get("sources") or () for t in source["tables"]]
    columns = {id(c): c for t in tables for c in t.get("columns") or ()}
    for column in columns.values():
        yield column["name"], " ".join(column.get("description", "").split())


def repeated(texts: list[str]) -> list[tuple[str, str]]:
    said = Counter(pair for text in texts for pair in descriptions(text) if not REFERENCE.fullmatch(pair[1]))
    return sorted(pair for pair, times in said.items() if times > 1 and pair[1])


def test_nothing_is_said_of_a_column_in_two_places() -> None:
    texts = list(written_by_hand(".yml").values())
    assert sum(len(list(descriptions(t))) for t in texts) > 950
    assert repeated(texts) == [], "make it a block of the room's _columns.md and refer to it"


def test_every_block_of_words_is_used_twice_and_says_what_no_other_of_the_column_says() -> None:
    uses: dict[str, list[str]] = defaultdict(list)
    for text in written_by_hand(".yml").values():
        for column, said in descriptions(text):
            if found := REFERENCE.fullmatch(said):
                uses[found[1]].append(column)
    blocks = [block for text in written_by_hand(".md").values() for block in BLOCK.findall(text)]
    assert len(blocks) > 150
    assert sorted(name for name, _ in blocks) == sorted(uses)
    assert [name for name, columns in uses.items() if len(columns) < 2] == []
    words = Counter((uses[name][0], " ".join(text.split())) for name, text in blocks)
    assert [pair for pair, times in words.items() if times > 1] == []


def test_words_that_stand_twice_are_found() -> None:
    one = "models: [{name: a, columns: [{name: sex, description: male or female.}]}]"
    other = (
        "models:\n- name: b\n  columns:\n  - name: sex\n    description: >-\n      male\n      or female.\n"
    )
    assert repeated([one]) == []
    assert repeated([one, other]) == [("sex", "male or female.")]
    assert repeated([one.replace("male or female.", "\"{{ doc('sex') }}\"")] * 2) == []
