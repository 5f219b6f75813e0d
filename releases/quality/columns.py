"""How deliveries in force fill the columns that may be empty, month by month, and where one was lost (SPEC §1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from expectations.column_fill import compared_columns, is_gone
from releases.quality.tables import Facts, source_order
from sources.contract import all_sources, load_contract

ENOUGH_ROWS = 50  # of fewer a number to the nearest five tells no share


def column_fill(manifest: Mapping[str, Any], rounded: bool) -> list[Facts]:
    """Per source: the months with a delivery in force and its rows ``accepted``, and per column in how many of them it is
    ``filled`` and the share, in percent.

    ``rounded``: rows filled are told to the nearest five. ``accepted``, ``filled`` and ``shares`` go with ``months``; a share is
    null of a delivery without rows, or with fewer than ``ENOUGH_ROWS`` that are told so. ``compared``: gate 1 compares the
    column with the delivery before. ``lost`` are the months in which it was filled by less than half of the share it had in
    the last month with one, by the rule of that gate; ``before`` and ``share`` say what it had and has.
    """
    kept: Mapping[str, Mapping[str, Facts]] = manifest.get("filled_columns", {})
    facts = []
    for source in sorted(kept, key=source_order):
        months = sorted(kept[source])
        contract = load_contract(source) if source in all_sources() else None
        compared = compared_columns(contract) if contract else []
        order = [c.name for c in contract.columns] if contract else []
        names = {name for month in months for name in kept[source][month]["filled"]}
        columns = []
        for name in sorted(names, key=lambda n: (order.index(n) if n in order else len(order), n)):
            shares = [_share(kept[source][month], name, rounded) for month in months]
            columns.append(
                {
                    "column": name,
                    "compared": name in compared,
                    "filled": [kept[source][month]["filled"].get(name) for month in months],
                    "shares": [None if s is None else float(100 * s) for s in shares],
                    "lost": _lost(months, shares) if name in compared else [],
                }
            )
        if columns:
            accepted = [kept[source][month]["accepted"] for month in months]
            facts.append({"source": source, "months": months, "accepted": accepted, "columns": columns})
    return facts


def _share(delivery: Facts, column: str, rounded: bool) -> Fraction | None:
    accepted, filled = delivery["accepted"], delivery["filled"].get(column)
    if not accepted or filled is None or (rounded and accepted < ENOUGH_ROWS):
        return None
    return Fraction(filled, accepted)


def _lost(months: Sequence[str], shares: Sequence[Fraction | None]) -> list[Facts]:
    lost: list[Facts] = []
    before: Fraction | None = None
    for month, share in zip(months, shares, strict=True):
        if share is None:
            continue
        if before is not None and is_gone(share, before):
            lost.append({"month": month, "share": float(100 * share), "before": float(100 * before)})
        before = share
    return lost
