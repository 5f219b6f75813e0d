"""The small workbook: targets, and the headline figures of country, provinces and districts in the last periods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from releases.pages import words
from releases.pages.page import Written
from releases.site.places import VERSIONS, Place
from releases.site.reference import Reference
from releases.site.sheet_forms import MIXED, WHOLE_UNITS, form
from releases.site.short_names import short_name
from releases.site.vocabulary import indicator_names

PERIODS = 5  # a quarter, and the same one of the year before
MARK = "/*periods*/"
# sheets by basis, levels of areas, and how many of the last periods they show: of districts the last, and that of a year before
SHEETS = (
    ("Tỉnh - sổ đăng ký", "register", ("country", "province"), range(PERIODS)),
    ("Tỉnh - thống kê", "official", ("country", "province"), range(PERIODS)),
    ("Huyện - sổ đăng ký", "register", ("district",), (0, PERIODS - 1)),
)
WHOLE = {words.UNITS[unit][0] for unit in WHOLE_UNITS}
TITLES = {
    "place": "Địa bàn", "lies_in": "Thuộc", "area_list": "Địa giới", "indicator": "Chỉ tiêu", "unit": "Đơn vị",
    "ci_low": "Cận dưới kỳ cuối (95 %)", "ci_high": "Cận trên kỳ cuối (95 %)", "status": "Trạng thái kỳ cuối",
    "low_coverage": "Kỳ có độ bao phủ thấp",
}  # fmt: skip
_VIETNAMESE = Written("vi")


def summary_sheets(
    connection: duckdb.DuckDBPyConnection, reference: Reference, places: Mapping[str, Place]
) -> Iterator[tuple[pd.DataFrame, str, dict[str, Any]]]:
    """The sheets of headline figures for the writer, those that have rows; ``connection`` has the names of codes.

    Grain: place and indicator; a column for each period, in the indicator's unit, six decimals.
    """
    if not places:
        return
    _put(connection, "summary_places", _places(places))
    _put(connection, "summary_indicators", _indicators(connection, reference))
    query = files("releases.site").joinpath("summary.sql").read_text("utf-8")
    for name, basis, levels, chosen in SHEETS:
        found = connection.execute(
            "select distinct period from indicators where basis = ? and list_contains(?, area_level)"
            " and (basis = 'register' or length(period) = 4) order by period desc",
            [basis, list(levels)],
        ).fetchall()
        periods = [found[n][0] for n in reversed(chosen) if n < len(found)]
        if not periods:
            continue
        _put(connection, "summary_periods", [{"period": p, "is_last": p == periods[-1]} for p in periods])
        connection.execute("set variable basis = $basis", {"basis": basis})
        connection.execute("set variable levels = $levels", {"levels": list(levels)})
        columns = {p: str(_VIETNAMESE.period(p)).replace("quý", "Quý") for p in periods}
        shown = "\n".join(
            f"max(f.value) filter (where f.period = {_text(p)}) as period_{n}," for n, p in enumerate(columns)
        )
        called = TITLES | {f"period_{n}": title for n, title in enumerate(columns.values())}
        frame = connection.execute(query.replace(MARK, shown)).df().rename(columns=called)
        if frame.empty:
            continue
        limits = [TITLES["ci_low"], TITLES["ci_high"]]
        frame = frame.drop(
            columns=[c for c in [TITLES["lies_in"], TITLES["low_coverage"], *limits] if frame[c].isna().all()]
        )
        formats = {c: MIXED for c in frame.columns if c in [*columns.values(), *limits]}
        whole = frame[TITLES["unit"]].isin(WHOLE).tolist()
        yield frame, name, form(frame, formats, {}, whole) | {"freeze_panes": (1, 1)}


def _places(places: Mapping[str, Place]) -> list[dict[str, Any]]:
    """Register figures are of what is covered, official ones of the whole area; the country is the same in both lists."""
    return [
        {
            "basis": basis, "area_version": p.version, "area_code": p.code, "position": n,
            "name": p.name[0] if basis == "register" else words.AREAS.get(p.code, (p.plain,))[0],
            "lies_in": places[f"{p.parent}@{p.version}"].name[0] if p.level == "district" else None,
            "area_list": words.AREA_VERSIONS[p.version][0],
        }
        for basis in words.BASES for n, p in enumerate(places.values())
        if p.level in ("province", "district") or (p.level, p.version) == ("country", VERSIONS[0])
    ]  # fmt: skip


def _indicators(connection: duckdb.DuckDBPyConnection, reference: Reference) -> list[dict[str, Any]]:
    units = connection.execute(
        "select distinct basis, indicator, unit from indicators order by all"
    ).fetchall()
    order = {b: list(indicator_names(reference.dictionary, b)) for b in words.BASES}
    units.sort(key=lambda u: order[u[0]].index(u[1]) if u[1] in order[u[0]] else len(order[u[0]]))
    return [
        {
            "basis": basis, "indicator": indicator, "position": n, "name": short_name(indicator, basis)[0],
            "unit": words.UNITS.get(unit, (unit,))[0],
        }
        for n, (basis, indicator, unit) in enumerate(units)
    ]  # fmt: skip


def _put(connection: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    connection.register("rows_put", pa.Table.from_pylist(rows))
    connection.execute(f"create or replace temp table {table} as from rows_put")
    connection.unregister("rows_put")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
