"""How a delivery's columns are filled, and whether one is gone or holds what cannot be (SPEC §1, §6).

A column that is gone is not a column of nulls. It is gone if it is filled by less than half of the share it had in
the preceding delivery in force, or if less than half of what was given in it could be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from expectations.rules import CheckRule
from sources.contract import Contract

FILLED_ENOUGH = Fraction(60, 100)  # only a column filled so far can be found to be gone


@dataclass(frozen=True)
class ColumnCounts:
    """Of a delivery's accepted rows: how many give the column, how many could be read, how many are implausible."""

    name: str
    accepted: int
    given: int
    filled: int
    implausible: int


@dataclass(frozen=True)
class WorstColumn:
    """What a check of columns measures of a delivery: its worst column; ``words`` tell which it is and how it stands."""

    check_id: str
    rows_checked: int = 0
    rows_failed: int = 0
    words: str = ""


def optional_columns(contract: Contract) -> list[str]:
    """Columns that may be empty, and of which that says something: those whose share filled is kept by delivery."""
    return [c.name for c in contract.columns if not c.required and c.default is None]


def compared_columns(contract: Contract) -> list[str]:
    """Optional columns that do not depend on another: those whose share filled is compared between deliveries."""
    optional = map(contract.column, optional_columns(contract))
    return [c.name for c in optional if c.depends_on is None and c.required_when is None]


def is_gone(share: Fraction, before: Fraction) -> bool:
    """Whether a column filled by ``share`` of the rows is gone, where it was filled by ``before`` so far."""
    return before >= FILLED_ENOUGH and share < before / 2


def worst_fill(
    contract: Contract,
    columns: Sequence[ColumnCounts],
    before: tuple[str, Mapping[str, ColumnCounts]] | None,
    rule: CheckRule,
) -> WorstColumn:
    """The column with the greatest part of its former share gone. ``before``: the preceding delivery in force.

    Rows failed of the rows checked are that part: more than half of them if and only if less than half of the share is
    left. Rows checked are those of the smaller of the two deliveries: shares of few rows mean little on either side.
    """
    compared = set(compared_columns(contract))
    folder, earlier = before or ("", {})
    lost: list[tuple[bool, Fraction, WorstColumn]] = []
    for c in columns:
        if c.name not in compared or not c.accepted:
            continue
        yardsticks = [(c.given, c.accepted, "given in")]
        if c.name in earlier:
            yardsticks.append((earlier[c.name].filled, earlier[c.name].accepted, f"{folder} had"))
        for some, of, words in yardsticks:
            if not some or Fraction(some, of) < FILLED_ENOUGH:
                continue
            share, before_it, rows = Fraction(c.filled, c.accepted), Fraction(some, of), min(c.accepted, of)
            left, gone = share / before_it, is_gone(share, before_it)
            part = max(0, round((1 - left) * rows))
            part = max(part, rows // 2 + 1) if gone else min(part, rows // 2)
            told = f"{c.name}: filled in {100 * c.filled / c.accepted:.1f} % of rows, {words} {100 * some / of:.1f} %"
            holds = gone and rule.severity_at(rows) == "block"
            lost.append((holds, 1 - left, WorstColumn("column_fill", rows, part, told)))
    return max(lost, key=lambda found: found[:2])[2] if lost else WorstColumn("column_fill")


def worst_implausible(columns: Sequence[ColumnCounts], rule: CheckRule) -> WorstColumn:
    """The column with the greatest share of implausible values; one with rows enough to hold the delivery comes first."""
    found = [
        (
            rule.severity_at(c.filled) == "block" and c.implausible > rule.max_failed_share * c.filled,
            c.implausible / c.filled,
            c.filled,
            WorstColumn(
                "implausible_share",
                c.filled,
                c.implausible,
                f"{c.name}: {c.implausible} of {c.filled} values",
            ),
        )
        for c in columns
        if c.filled
    ]
    return max(found, key=lambda f: f[:3])[3] if found else WorstColumn("implausible_share")
