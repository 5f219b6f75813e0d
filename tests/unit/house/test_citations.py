"""The documentation hangs together: citations of the specification and links between pages lead somewhere; one version."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from orchestration.run.fingerprint import code_version

ROOT = Path(__file__).parents[3]
SPECIFICATION = ROOT / "docs" / "specification"
CITING = (".py", ".sql", ".yml", ".yaml", ".md", ".csv", ".toml")
LINE_BREAK = re.compile(r"\s*\n[ \t]*(?:#+|--+|//|\*)?[ \t]*")  # with the mark of a comment that goes on
SECTIONS = r"§(\d+)((?:, | and | và )§\d+)*"
CITATION = re.compile(
    rf"SPEC(?:ification)? {SECTIONS}(?:-(?P<last>\d+))?(?P<finer>[^.;:()\[\]{{}}|\"`]*)(?P<end>.?)"
)
NUMBERED = re.compile(r"\b(rule|step|gate)s? (\d+)(?: (?:to|and) (\d+))?")
TOPIC = re.compile(r",? ([a-z_ ]*[a-z_])")
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the repository that is there; of a copy without history, every file that is no machine's."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )  # fmt: skip
    names = listed.stdout.split("\0") if listed.returncode == 0 else []
    found = [ROOT / name for name in names if name] or [
        p for top in ("benchmarks", "dbt_project", "docs", "expectations", "orchestration", "releases", "sources", "tests")
        for p in (ROOT / top).rglob("*")
    ]  # fmt: skip
    return tuple(p for p in found if p.is_file())


@cache
def section(number: int) -> str:
    """The text of a section in small letters, on one line; raises ``LookupError`` if there is none."""
    pages = list(SPECIFICATION.glob(f"{number}-*.md"))
    if len(pages) != 1:
        raise LookupError(f"§{number}: no page of the specification")
    text = pages[0].read_text(encoding="utf-8")
    if not text.startswith(f"# SPEC §{number}: "):
        raise LookupError(f"§{number}: {pages[0].name} has another title")
    return LINE_BREAK.sub(" ", text).lower()


@cache
def numbered(number: int, word: str) -> frozenset[int]:
    """Rules, steps or gates of a section: its numbered lines, or headings ``Gate N``."""
    text = next(SPECIFICATION.glob(f"{number}-*.md")).read_text(encoding="utf-8")
    pattern = r"^## Gate (\d+)" if word == "gate" else r"^(\d+)\. "
    return frozenset(int(n) for n in re.findall(pattern, text, re.MULTILINE))


def nowhere(text: str) -> Iterator[str]:
    """Citations in a text that lead to no section, to no rule, step or gate of it, or to no words in it."""
    for found in CITATION.finditer(LINE_BREAK.sub(" ", text)):
        cited = [int(n) for n in re.findall(r"§(\d+)", found[0])]
        cited += range(cited[0] + 1, int(found["last"]) + 1) if found["last"] else []
        try:
            texts = {number: section(number) for number in cited}
        except LookupError as error:
            yield f"{found[0]!r}: {error}"
            continue
        for word, first, last in NUMBERED.findall(found["finer"]):
            for n in range(int(first), int(last or first) + 1):
                if not any(n in numbered(number, word) for number in cited):
                    yield f"{found[0]!r}: no {word} {n}"
        topic = TOPIC.fullmatch(found["finer"].lower())
        named = found["end"] == ")" and found["finer"].startswith(", ")
        if topic and named and not any(topic[1] in text for text in texts.values()):
            yield f"{found[0]!r}: nothing there of {topic[1]!r}"


def test_every_citation_of_the_specification_leads_somewhere() -> None:
    texts = {
        p: p.read_text(encoding="utf-8") for p in tracked() if p.suffix in CITING and p != Path(__file__)
    }
    lost = [f"{p.relative_to(ROOT)}: {what}" for p, text in texts.items() for what in nowhere(text)]
    assert not lost, "\n".join(lost)
    cited = {int(n) for text in texts.values() for n in re.findall(r"SPEC §(\d+)", text)}
    assert cited == set(range(1, 9))
    assert sum(len(CITATION.findall(text)) for text in texts.values()) > 300


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("(SPEC §9)", "no page"),
        ("SPEC §1, §10.", "no page"),
        ("(SPEC\n-- §12)", "no page"),
        ("SPEC §3 rule 7.", "no rule 7"),
        ("(SPEC §3 rules 4 to 6)", "no rule 5"),
        ("(SPEC §4, step 10)", "no step 10"),
        ("(SPEC §6, gate 4)", "no gate 4"),
        ("(SPEC §5, areas at D)", "nothing there"),
        ("(SPEC §1-9)", "no page"),
    ],
)
def test_a_citation_that_leads_nowhere_is_found(text: str, why: str) -> None:
    assert why in " ".join(nowhere(text))


@pytest.mark.parametrize(
    "text",
    [
        "(SPEC §3 rule 4)",
        "(SPEC §4, areas at D)",
        "# SPEC §4, steps 4 to 6",
        "(SPEC §1, §6)",
        "SPEC §2 says so.",
        "(SPEC §5,\n# coverage)",
    ],
)
def test_a_citation_that_leads_somewhere_is_no_fault(text: str) -> None:
    assert not list(nowhere(text))


def anchors(page: Path) -> set[str]:
    """What a link into a page can name: its headings in small letters, no punctuation, dashes for spaces."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.strip().lower()).replace(" ", "-") for h in headings}


def broken_links(page: Path) -> list[str]:
    """Relative links of a page whose file, or whose heading in it, is not there."""
    broken = []
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        place, _, heading = target.partition("#")
        if re.match(r"[a-z]+:", place):
            continue
        found = page.parent / place if place else page
        if not found.exists() or (heading and heading not in anchors(found)):
            broken.append(target)
    return broken


PAGES = [p for p in tracked() if p.suffix == ".md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert not broken_links(page)


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One heading\n[a](#one-heading) [b](#another) [c](gone.md) [d](page.md#one-heading) [e](https://example.org/x)\n"
        "```\n# in a listing\n```\n[f](#in-a-listing)\n",
        encoding="utf-8",
    )
    assert broken_links(page) == ["#another", "gone.md", "#in-a-listing"]


def test_every_page_of_the_documentation_is_looked_at() -> None:
    names = {str(p.relative_to(ROOT)) for p in PAGES}
    assert {
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/tutorial.md",
        "docs/specification/README.md",
    } <= names
    for folder in ("specification", "decisions"):  # and stands in its index
        index = (ROOT / "docs" / folder / "README.md").read_text(encoding="utf-8")
        for page in (ROOT / "docs" / folder).glob("[0-9]*.md"):
            assert f"({page.name})" in index, page.name


DECISION = ("## Context", "## Decision", "## Consequences", "## Measured")


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")), ids=lambda p: p.name
)
def test_decisions_have_one_form(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.match(rf"# {page.name[:4]} \S.*\n\n(Accepted|Superseded by \d{{4}}), \d{{4}}-\d\d-\d\d", text)
    assert tuple(re.findall(r"^## .*$", text, re.MULTILINE)) == DECISION


def test_the_examples_of_contributing_are_this_very_code() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    examples = re.findall(r"\]\(([^)]+)\)[^\n]*:\n\n```(?:sql|python)\n(.*?)```", text, re.DOTALL)
    assert [Path(file).suffix for file, _ in examples] == [".sql", ".py"]
    for file, code in examples:
        assert code in (ROOT / file).read_text(encoding="utf-8"), file


def test_targets_that_contributing_names_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`?make ([a-z-]+)", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    assert {"setup", "test", "lint"} <= named
    assert not {t for t in named - {"test-fast"} if not re.search(rf"^{t}:", makefile, re.MULTILINE)}


def test_one_version() -> None:
    """Package, dbt project and what a manifest says of the code have the number of pyproject.toml."""
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    project = yaml.safe_load((ROOT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8"))
    assert project["version"] == stated
    assert code_version()["version"] == stated
