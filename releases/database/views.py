"""Views of a release that nobody sums wrong: without any total, totals alone, and the wide tables with totals marked (SPEC §7).

They follow from the catalogue: from a table's parts, levels of areas and counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from expectations.catalogue import AREA_LISTS, RELEASE, PublishedTable, published_tables
from releases.pages.dictionary import Field
from releases.pages.words import LEVELS_OF_AREA

MARK = Field(
    "is_total", "boolean", "",
    "Whether the row is the sum of others or overlaps them. Rows where it is false may be summed, within one list of areas,"
    " one period and one of whatever else is counted.",
    "Dòng là tổng của các dòng khác hoặc trùng một phần với chúng hay không. Chỉ được cộng các dòng false, trong cùng một danh"
    " mục đơn vị hành chính, một kỳ và một chỉ tiêu.",
)  # fmt: skip

WITHIN = {
    "indicator": ("chỉ tiêu", "indicator"),
    "period": ("kỳ", "period"),
    "year": ("năm", "year"),
}  # sums are of one

RATE = "100 * sum(numerator) / nullif(sum(denominator), 0)"  # of nobody there is no rate: 0 / 0 is NaN here, an error elsewhere


@dataclass(frozen=True)
class View:
    """One view: its name, the table it shows, its query, what it is for in both languages, and a column that the table lacks."""

    name: str
    table: str
    query: str
    vi: str
    en: str
    more: Field | None = None


def views(tables: Iterable[PublishedTable] | None = None) -> tuple[View, ...]:
    """Every view of a release, those of one table together; of the tables given, if any."""
    given = published_tables().values() if tables is None else tables
    return tuple(view for table in given if table.has_leaves for view in _of(table))


def _of(table: PublishedTable) -> Iterator[View]:
    yield from _leaves(table)
    yield from _totals(table)
    vi, en = table.title
    yield View(
        f"{table.name}_marked",
        table.name,
        f"select *, not ({table.is_leaf}) as {MARK.name} from {table.name}",
        f"{vi}: mọi dòng của bảng {table.name}; {MARK.name} cho biết dòng nào là tổng của các dòng khác.",
        f"{en}: all rows of {table.name}; {MARK.name} says which are sums of others.",
        MARK,
    )


def _leaves(table: PublishedTable) -> Iterator[View]:
    """Rows that are the total of no others, of one list of areas: a sum over whatever columns is right."""
    vi, en = table.title
    beside = [c for c in (table.status, RELEASE) if c]
    columns = ", ".join([*table.key, *table.attributes, *table.counts, *beside])
    chosen = [WITHIN[c] for c in WITHIN if c in table.key]
    within_vi, within_en = " và một ".join(v for v, _ in chosen), " and one ".join(e for _, e in chosen)
    is_rate = {"numerator", "denominator"} <= set(table.counts)
    for *apart, area_list in product(*table.apart.values(), AREA_LISTS):
        only = dict(zip(table.apart, apart, strict=True)) | {"area_version": area_list}
        same = " and ".join(f"{column} = '{value}'" for column, value in only.items())
        yield View(
            "_".join([table.leaf_called, "leaf", *apart, area_list]),
            table.name,
            f"select {columns} from {table.name} where {table.leaf_rows} and {same} and {table.is_leaf}",
            f"{vi}, {same.replace(' and ', ', ')}: chỉ gồm các dòng không phải là tổng của dòng khác. Với một {within_vi}, cộng theo"
            f" bất kỳ cột nào cũng đúng.{f' Tỷ lệ là {RATE}.' if is_rate else ''}",
            f"{en}, {same.replace(' and ', ', ')}: only rows that are the total of no others. Within one {within_en}, a sum over"
            f" whatever columns is right.{f' A rate is {RATE}.' if is_rate else ''}",
        )


def _totals(table: PublishedTable) -> Iterator[View]:
    """Rows that stand at the total of every part, of some levels of areas."""
    vi, en = table.title
    total = " and ".join(f"{column} = 'total'" for column in table.parts)
    for name, levels in table.totals.items():
        among = ", ".join(f"'{level}'" for level in levels)
        said = [LEVELS_OF_AREA[level] for level in levels]
        yield View(
            name,
            table.name,
            f"select * from {table.name} where {total} and area_level in ({among})",
            f"{vi}: chỉ các dòng tổng, cấp {' và '.join(v.lower() for v, _ in said)}. Dùng để xem, không cộng các dòng với nhau.",
            f"{en}: totals alone, by {' and '.join(e.lower() for _, e in said)}. To be read, not summed.",
        )
