"""The released tables as files the pages load: one per table and area, each a script, so that they load from a disk too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from expectations.catalogue import published_tables

FIRST = ord(":")  # the letter of 0
SURROGATES = 0xD800  # from here on a number of Unicode is no letter
DECIMALS = 6  # of what the pages are given; they show fewer
FROM = "from_persons"  # whom a share of transitions is of, which no released column says
HIDDEN = "hidden"  # the figure of a row that is not shown, if any
_OF = published_tables()
_SAME_FROM = ", ".join(f"t.{column}" for column in _OF["transitions"].key if column != "to_status")
MADE = {  # columns that are not the table's own, or not as it has them
    FROM: f"sum(t.persons) over (partition by {_SAME_FROM})",
    HIDDEN: "coalesce(t.hidden, '')",
    "place": "t.area_code || ' ' || t.area_name",
}


@dataclass(frozen=True)
class Shape:
    """How a table is handed to the pages: the columns people choose by, and the figures they read."""

    table: str
    dimensions: tuple[str, ...]
    figures: tuple[str, ...]
    levels: tuple[str, ...] = ("country", "province")

    @property
    def all_dimensions(self) -> tuple[str, ...]:
        """Status last, as in every table."""
        return (*self.dimensions, "status")


def _shape(table: str, *more: str, figures: tuple[str, ...] = ()) -> Shape:
    """A table by all it is keyed by but the area, and ``more``; all its figures, and ``figures``."""
    return Shape(table, (*_OF[table].dimensions, *more), (*_OF[table].figures, *figures))


INDICATORS = _shape("indicators", "unit")
PLACES = Shape(
    "indicators", ("area_level", "place", "indicator", "period", "unit"), ("value", "numerator", "denominator"),
    ("district", "commune"),
)  # fmt: skip
FLOWS = _shape("labour_flows")
TRANSITIONS = _shape("transitions", figures=(FROM,))
OUTCOMES = _shape("training_outcomes", HIDDEN)


@dataclass(frozen=True)
class Area:
    """An area that has a file of its own: its key in the pages, and where the file lies below the site."""

    key: str
    version: str
    code: str
    file: str


def write_shape(
    connection: duckdb.DuckDBPyConnection, name: str, shape: Shape, known: pd.DataFrame, folder: Path
) -> list[Area]:
    """Write the files of one shape to ``<folder>/data``; returns their areas, the country first.

    ``known``: area_version, area_code, province_code of every district and commune.
    """
    connection.register("known_areas", known)
    inner = "place" in shape.dimensions
    owner = "coalesce(p.province_code, split_part(t.area_code, ':', 1))" if inner else "t.area_code"
    chosen = ", ".join(f"{MADE.get(d, f't.{d}::varchar')} as {d}" for d in shape.all_dimensions)
    figures = ", ".join(f"round({MADE.get(f, f't.{f}')}, {DECIMALS}) as {f}" for f in shape.figures)
    levels = ", ".join(f"'{level}'" for level in shape.levels)
    connection.execute(  # a frame of an area at a time: one of a nation, of texts, is gigabytes
        f"create or replace temp table shown as select t.area_version, {owner} as owner, {chosen}, {figures} from {shape.table} as t"
        " left join known_areas as p on t.area_version = p.area_version and t.area_code = p.area_code"
        f" where t.area_level in ({levels}) order by all"
    )
    connection.unregister("known_areas")
    areas = []
    for version, code in connection.execute(
        "select distinct area_version, owner from shown order by all"
    ).fetchall():
        rows = connection.execute(
            "from shown where area_version = ? and owner = ? order by all", [version, code]
        ).df()
        key = f"{code}@{version}"
        file = f"data/{name}-{version}-{code}.js"
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f"labourdb.receive({json.dumps(f'{name}/{key}')}, {_columnar(rows, shape)});\n", encoding="utf-8"
        )
        areas.append(Area(key, str(version), str(code), file))
    connection.execute("drop table shown")
    return sorted(areas, key=lambda a: (a.version, a.code.isdigit(), a.code))


def _columnar(rows: pd.DataFrame, shape: Shape) -> str:
    """Rows column by column, each a text: of the columns people choose by each value once and its number in every row
    (``lettered``); of a figure its numbers with a space between two, nothing where there is none.
    """
    dimensions: dict[str, Any] = {}
    for name in shape.all_dimensions:
        codes, values = pd.factorize(rows[name], sort=True)
        dimensions[name] = {"values": list(values), "codes": lettered(codes)}
    figures = {name: _written(rows[name]) for name in shape.figures}
    facts = {"rows": len(rows), "dimensions": dimensions, "figures": figures}
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def lettered(numbers: npt.NDArray[np.int64]) -> str:
    """Numbers from 0 as a text of one letter each, from the colon on without the backslash: no digit, and nothing to escape.

    Raises ``ValueError`` for a number whose letter would be none (55,000 and above).
    """
    codes = numbers + FIRST
    codes += codes >= ord("\\")
    if len(codes) and int(codes.max()) >= SURROGATES:
        raise ValueError(
            f"{int(numbers.max()) + 1} values in a column people choose by are too many for the pages"
        )
    return codes.astype("<u2").tobytes().decode("utf-16-le")


def _written(column: pd.Series[Any]) -> str:
    """Figures as the pages read them, whole ones without a fraction."""
    given = column.astype("float64").to_numpy()
    texts = given.astype(object)
    whole = np.mod(given, 1) == 0
    texts[whole] = given[whole].astype("int64")
    texts[np.isnan(given)] = ""
    return " ".join(map(str, texts))
