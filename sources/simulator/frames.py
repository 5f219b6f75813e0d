"""Rows on their way into a file: columns that know how they are written, and whose rows they are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.simulator.months import Array

Kind = Literal["text", "number", "date", "birth", "moment", "flag", "sex"]
Format = Literal["csv", "csv.gz", "parquet", "xlsx", "jsonl", "jsonl.gz"]
NO_DAY = -999_999
NOBODY = -1

_FIRST_DAY, _LAST_DAY, _FIRST_YEAR = -40_000, 30_000, 1850
_SEX_WORDS = {
    "words": ("male", "female"),
    "letters": ("M", "F"),
    "vietnamese": ("Nam", "Nữ"),
    "digits": ("1", "2"),
}
_FLAG_WORDS = {
    "words": ("false", "true"),
    "digits": ("0", "1"),
    "vietnamese": ("Không", "Có"),
    "cross": (None, "x"),
}


@dataclass(frozen=True)
class Style:
    """How one file is written."""

    format: Format = "csv"
    delimiter: str = ","
    bom: bool = False
    quoted: bool = False
    vietnamese: bool = False
    capitals: bool = False
    dates: Literal["iso", "slash", "dash"] = "iso"
    sexes: str = "words"
    flags: str = "words"
    null: str | None = None

    def fitting(self, rows: int) -> Style:
        """The same style in a format that suits the number of rows: big files are plain CSV."""
        limit = {"xlsx": 20_000, "jsonl": 20_000, "jsonl.gz": 60_000, "csv.gz": 100_000}.get(self.format)
        return replace(self, format="csv", quoted=True) if limit is not None and rows > limit else self


@dataclass(frozen=True)
class Column:
    """One column before it is written: texts, numbers, days, minutes, flags or sexes (0, 1)."""

    kind: Kind
    values: pa.Array

    def take(self, rows: pa.Array) -> Column:
        """The column's values at these rows."""
        return Column(self.kind, pc.take(self.values, rows))


def text(values: pa.Array) -> Column:
    """A column of texts."""
    return Column("text", values)


def choice(words: tuple[str | None, ...] | list[str], which: Array) -> Column:
    """A column of texts, each one of a few."""
    return Column("text", pc.take(pa.array(words, pa.string()), pa.array(which)))


def same(word: str, rows: int) -> Column:
    """A column with one text in every row."""
    return Column("text", pa.repeat(word, rows))


def number(values: Array, missing: Array | None = None) -> Column:
    """A column of whole numbers."""
    return Column("number", pa.array(values.astype(np.int64), mask=missing))


def date(days: Array) -> Column:
    """A column of days since 1970; NO_DAY is empty."""
    return Column("date", pa.array(days.astype(np.int32), mask=days <= NO_DAY))


def birth(days: Array) -> Column:
    """A column of birth dates, of which only_year() ones are written without day and month."""
    return Column("birth", pa.array(days.astype(np.int32)))


def only_year(years: Array) -> Array:
    """Birth dates of which nothing but the year is known."""
    return _LAST_DAY + years - _FIRST_YEAR


def moment(minutes: Array) -> Column:
    """A column of points in time, in minutes since 1970."""
    return Column("moment", pa.array(minutes.astype(np.int64)))


def flag(values: Array, missing: Array | None = None) -> Column:
    """A column of yes and no."""
    return Column("flag", pa.array(values.astype(bool), mask=missing))


def sex(values: Array) -> Column:
    """A column of sexes: 0 for male, 1 for female."""
    return Column("sex", pa.array(values.astype(np.int8)))


@dataclass(frozen=True)
class Frame:
    """Rows of one source and the true person (or nobody) behind each."""

    columns: dict[str, Column]
    persons: Array = field(default_factory=lambda: np.empty(0, dtype=np.int32))

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values())).values)

    def take(self, rows: Array) -> Frame:
        """These rows, in this order."""
        index = pa.array(rows)
        persons = self.persons[rows] if len(self.persons) else self.persons
        return Frame({name: column.take(index) for name, column in self.columns.items()}, persons)

    def replace(self, **columns: Column) -> Frame:
        """The same rows with some columns exchanged."""
        return Frame({**self.columns, **columns}, self.persons)

    def then(self, other: Frame) -> Frame:
        """These rows and then the other's."""
        columns = {
            name: Column(
                column.kind, pa.concat_arrays([_flat(column.values), _flat(other.columns[name].values)])
            )
            for name, column in self.columns.items()
        }
        return Frame(columns, np.concatenate([self.persons, other.persons]))


def _flat(values: pa.Array) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


@lru_cache(maxsize=8)
def _day_texts(dates: str) -> pa.Array:
    """All days, and after them all years, as texts."""
    days = np.arange(_FIRST_DAY, _LAST_DAY).astype("M8[D]")
    texts = pa.array(days.astype(str))
    if dates != "iso":
        parts = [pc.utf8_slice_codeunits(texts, start, stop) for start, stop in ((8, 10), (5, 7), (0, 4))]
        texts = pc.binary_join_element_wise(*parts, "/" if dates == "slash" else "-")
    years = pa.array([str(year) for year in range(_FIRST_YEAR, 2100)])
    return pa.concat_arrays([texts, years])


@lru_cache(maxsize=1)
def _time_texts() -> pa.Array:
    return pa.array([f"T{minute // 60:02d}:{minute % 60:02d}:00" for minute in range(1440)])


def _moment_texts(minutes: pa.Array) -> pa.Array:
    values = minutes.to_numpy(zero_copy_only=False)
    day, minute = np.divmod(values, 1440)
    return pc.binary_join_element_wise(
        pc.take(_day_texts("iso"), pa.array(day - _FIRST_DAY)), pc.take(_time_texts(), pa.array(minute)), ""
    )


def render(column: Column, style: Style) -> pa.Array:
    """The column as it stands in a file of this style; only Parquet and sheets know numbers and dates."""
    values = _flat(column.values)
    typed = style.format in ("parquet", "xlsx")
    if column.kind == "sex":
        return pc.take(pa.array(_SEX_WORDS[style.sexes]), values)
    if column.kind == "moment":
        return _moment_texts(values)
    if column.kind in ("date", "birth"):
        if typed and column.kind == "date":
            return values.cast(pa.date32())
        return pc.take(_day_texts(style.dates), pc.subtract(values.cast(pa.int64()), _FIRST_DAY))
    if column.kind == "flag":
        if style.format == "parquet":
            return values
        return pc.take(pa.array(_FLAG_WORDS[style.flags], pa.string()), values.cast(pa.int8()))
    if column.kind == "number":
        return values if typed else values.cast(pa.string())
    return values


def to_table(frame: Frame, style: Style, headers: dict[str, str]) -> pa.Table:
    """The rows as a table with the headers and the notation of the style."""
    arrays, names = [], []
    for name, column in frame.columns.items():
        array = render(column, style)
        if style.null is not None and pa.types.is_string(array.type) and array.null_count:
            array = pc.fill_null(array, style.null)
        header = headers.get(name, name) if style.vietnamese else name
        names.append(header.upper() if style.capitals else header)
        arrays.append(array)
    return pa.table(arrays, names=names)
