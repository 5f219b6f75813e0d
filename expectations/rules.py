"""The checks as ``checks.yaml`` states them: what is checked, how strictly, and why."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import yaml

from expectations.catalogue import PublishedTable, published_tables
from expectations.suites import MEASURES, check_of, load_suites
from sources.contract import all_sources, linked_sources, load_contract
from sources.errors import LabourdbError

HERE = Path(__file__).parent
CHECKS = HERE / "checks.yaml"
GATES = ("delivery", "linkage", "publication")
LEVELS = ("structural", "logical", "analytical")
SEVERITIES = ("block", "warn")
SCOPES = ("all", "identified", "named", "month", "full_month", "optional_columns", "plausible")
# before the name of an object of what is published, where the candidates are checked as well
PUBLISHED = "published "
DIMENSIONS = "table: dimension"  # kind of object: what a table is summed over, or a part of it


@dataclass(frozen=True)
class CheckRule:
    """One check.

    ``rows`` is SQL giving the rows checked, with columns ``object`` and ``failed`` (anything but false
    fails); checks whose measures are counted elsewhere have none. ``query`` shows the failed rows of one
    object. Both name tables by place and hold the placeholders that ``bound_to`` and ``query_for`` fill.
    """

    id: str
    gate: str
    level: str
    severity: str
    object_kind: str
    max_failed_share: float
    why: str
    why_vi: str
    query: str
    objects: tuple[str, ...] = ()
    applies_to: str | None = None
    min_rows_to_block: int | None = None
    tolerance: float | None = None
    rows: str | None = None
    culprits: str | None = None  # gates 2 and 3: what names the deliveries behind a failure
    waivable: bool | None = None  # if not stated: of gates 2 and 3 those that have rows
    expectations: tuple[str, ...] = ()  # types of expectations of suites that it is made of

    def bound_to(self, **places: str) -> CheckRule:
        """The rule with placeholders such as ``{previous}`` filled in."""
        return replace(
            self,
            query=filled(self.query, places),
            rows=None if self.rows is None else filled(self.rows, places),
        )

    def query_for(self, object_name: str) -> str:
        """The query that shows what failed of ``object_name``, to be run where the databases lie."""
        source = object_name.split("/", 1)[0]
        table = object_name.split(":", 1)[0]
        places = {
            "object": quoted(object_name),
            "source": quoted(source),
            "table": table,
            "warehouse": "labour",
        }
        return filled(self.query, places)

    def severity_at(self, rows_checked: int) -> str:
        """``warn`` where there are too few rows for a share to mean much, else the rule's severity."""
        few = self.min_rows_to_block is not None and rows_checked < self.min_rows_to_block
        return "warn" if few else self.severity


def load_rules(overrides: Mapping[str, float] | None = None) -> dict[str, CheckRule]:
    """Every check by id; ``overrides`` gives other values of ``max_failed_share``.

    Raises ``LabourdbError`` for an id no check has and for a share outside 0 to 1 (a change of volume
    may be more than the whole).
    """
    rules = dict(_stated_rules())
    unknown = sorted(set(overrides or {}) - set(rules))
    if unknown:
        raise LabourdbError(
            f"No check is called {', '.join(unknown)}. Known are: {', '.join(sorted(rules))}. Correct the settings. What the"
            " models' own tests prove, disclosure control among it, has no threshold: not one row may fail."
        )
    suites = sorted(i for i in overrides or {} if rules[i].expectations)
    if suites:
        raise LabourdbError(
            f"{', '.join(suites)} has its thresholds in the suites: state `mostly` there. Correct the settings."
        )
    fixed = sorted(i for i in overrides or {} if rules[i].waivable is False)
    if fixed:
        raise LabourdbError(
            f"{', '.join(fixed)} has no threshold: not one row may fail. Correct the settings."
        )
    for check_id, share in (overrides or {}).items():
        highest = math.inf if rules[check_id].applies_to == "full_month" else 1
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= highest:
            raise LabourdbError(
                f"The threshold of {check_id} is {share!r}; it must be a share between 0 and {highest}."
            )
        rules[check_id] = replace(rules[check_id], max_failed_share=float(share))
    return rules


def rules_of(rules: Mapping[str, CheckRule], gate: str) -> list[CheckRule]:
    """The rules of one gate, in the order they are stated."""
    return [rule for rule in rules.values() if rule.gate == gate]


def types_of_expectations(rules: Mapping[str, CheckRule]) -> dict[str, str]:
    """Every type of expectation that suites may use, with the check it is a line of."""
    return {name: rule.id for rule in rules.values() for name in rule.expectations}


def failed_rows_query(rows: str) -> str:
    """The query that shows the failed rows of one object of ``rows``."""
    return f"select * exclude (object, failed)\nfrom (\n{rows}\n)\nwhere object = '{{object}}' and failed is not false"


@cache
def _stated_rules() -> dict[str, CheckRule]:
    stated = yaml.safe_load(CHECKS.read_text(encoding="utf-8"))["checks"]
    rules = rules_from(stated, published_tables())
    if len(rules) != len(stated):
        raise ValueError("checks.yaml states a check twice")
    types = types_of_expectations(rules)
    seen: set[tuple[str, str]] = set()
    for e in (e for s in load_suites().values() for e in s.expectations):
        line = (check_of(e, types), e.object)
        if line in seen:
            raise LabourdbError(
                f"{e.file}: another expectation of {e.object} is a line of {line[0]} already. Make them one, or let each be of"
                " other rows (row_condition)."
            )
        seen.add(line)
    return rules


def rules_from(
    stated: Sequence[Mapping[str, Any]], catalogue: Mapping[str, PublishedTable]
) -> dict[str, CheckRule]:
    """Checks as ``checks.yaml`` states them, of these published tables, by id; raises ``ValueError`` if one is not whole."""
    named = {t for entry in stated if isinstance(entry.get("tables"), list) for t in entry["tables"]}
    chosen: dict[str, list[PublishedTable]] = {
        "modelled": [t for t in catalogue.values() if t.modelled],
        "counted": [t for t in catalogue.values() if t.finest],
        "leaves": [t for t in catalogue.values() if t.has_leaves],
        "summed": [t for t in catalogue.values() if t.sums and t.counts and t.name not in named],
    }
    rules = {}
    for entry in stated:
        of = entry.get("tables", ())
        tables = chosen[of] if isinstance(of, str) else [catalogue[t] for t in of]
        rules[str(entry["id"])] = _rule({**entry, **_linked(entry, stated)}, tables, catalogue)
    return rules


def _linked(entry: Mapping[str, Any], stated: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Objects of a check of linked sources: those that no other check names of the same rows."""
    if entry.get("sources") != "linked":
        return {}
    named = {o for other in stated if other.get("rows") == entry["rows"] for o in other.get("objects", ())}
    return {"objects": [source for source in linked_sources() if source not in named]}


def _rule(
    entry: Mapping[str, Any], tables: Sequence[PublishedTable], catalogue: Mapping[str, PublishedTable]
) -> CheckRule:
    name = str(entry["id"])
    sums = entry["object"] == DIMENSIONS
    types = tuple(str(t) for t in entry.get("expectations", ()))
    listed = (
        tuple(f"{t.name}: {s}" for t in tables for s in t.sums) if sums else tuple(t.name for t in tables)
    )
    again = entry.get("published", ())
    published = listed if again == "tables" else tuple(str(o) for o in again)
    rows = None
    if "rows" in entry:
        template = templates().get_template(f"{entry['rows']}.sql")
        rows = _of_schemas(template.render(tables=tables, catalogue=catalogue).strip(), published)
        if "tolerance" in entry:
            rows = filled(rows, {"tolerance": str(entry["tolerance"])})
    rule = CheckRule(
        id=name,
        gate=_one_of(name, entry["gate"], GATES),
        level=_one_of(name, entry["level"], LEVELS),
        severity=_one_of(name, entry["severity"], SEVERITIES),
        object_kind=str(entry["object"]),
        max_failed_share=float(entry["max_failed_share"]),
        why=str(entry["why"]).strip(),
        why_vi=str(entry["why_vi"]).strip(),
        query=str(entry["query"]).strip() if rows is None else failed_rows_query(rows),
        objects=(
            *listed,
            *(str(o) for o in entry.get("objects", ())),
            *(
                e.object
                for s in load_suites().values()
                for e in s.expectations
                if e.type in types and s.name != MEASURES
            ),
            *(f"{PUBLISHED}{o}" for o in published),
        ),
        applies_to=_one_of(name, entry["applies_to"], SCOPES) if "applies_to" in entry else None,
        min_rows_to_block=entry.get("min_rows_to_block"),
        tolerance=entry.get("tolerance"),
        rows=rows,
        culprits=entry.get("culprits"),
        waivable=entry.get("waivable"),
        expectations=types,
    )
    if not rule.objects and rule.applies_to is None:
        raise ValueError(f"{name} names neither objects nor what it applies to")
    return rule


@cache
def templates() -> jinja2.Environment:
    """The SQL files of the checks, which loop over ``tables``, those a check is of, over ``sources`` and those whose rows are ``linked`` to
    persons, and know every table of the ``catalogue`` and the units of official statistics to be ``converted``.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "sql"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # SQL, made of our own words
    )
    environment.globals |= {
        "sources": sorted(all_sources()),
        "linked": linked_sources(),
        "converted": _converted(),
    }
    environment.filters["listed"] = lambda names, prefix="": ", ".join(f"{prefix}{n}" for n in names)
    return environment


def _converted() -> list[str]:
    """Units, in small letters, in which no official figure is published."""
    stated = load_contract("official_statistics").column("unit").converted
    return sorted(stated.keys() - {published.lower() for published, _ in stated.values()})


def _of_schemas(rows: str, published: Sequence[str]) -> str:
    """The SQL over the candidates and, for the objects ``published``, the same over what is published of them.

    The country stands among the candidates always, among what is published where no part of it is set as covered.
    """
    counted = filled(rows, {"schema": "candidates", "country_stands": "true"})
    if not published:
        return counted
    whole = "not exists (select 1 from {warehouse}.run.covered_provinces)"
    shown = filled(rows, {"schema": "published", "country_stands": whole})
    names = ", ".join(f"'{quoted(name)}'" for name in published)
    return (
        f"select * from (\n{counted}\n)\nunion all\n"
        f"select * replace ('{PUBLISHED}' || object as object) from (\n{shown}\n) where object in ({names})"
    )


def _one_of(check_id: str, value: Any, allowed: Iterable[str]) -> str:
    if value not in allowed:
        raise ValueError(f"{check_id}: {value!r} is not one of {', '.join(allowed)}")
    return str(value)


def filled(text: str, places: Mapping[str, str]) -> str:
    """The text with ``{name}`` replaced by its value, for each of ``places``."""
    for name, value in places.items():
        text = text.replace("{" + name + "}", value)
    return text


def quoted(text: str) -> str:
    """The text as it stands within quotes of SQL."""
    return text.replace("'", "''")
