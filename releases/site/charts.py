"""The charts of the site, described with Altair and drawn in the browser by Vega: what is drawn comes from the table beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import altair as alt

# told apart by shape and dash as well as by colour; contrast with white is 3:1 at least
COLOURS = ["#16406b", "#b3541e", "#1b7a4b", "#8a3ffc", "#a11d33", "#5f6b76"]
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"]
DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [10, 4], [4, 4]]
TEXT = "#1b2430"
PALE = "#7492ba"  # figures that rest on few
MARKED = "datum.few && isValid(datum.value)"


Described = dict[str, Any]  # a chart in Vega-Lite


def _rows() -> alt.NamedData:
    return alt.NamedData(name="rows")


def lines() -> Described:
    """Figures over periods. Rows: period, value, series, provisional, few; what is missing leaves a gap.

    ``few`` is the mark of a figure that rests on few, else empty; so it is in every chart.
    """
    period = alt.X("period:O", title=None, axis=alt.Axis(labelAngle=-45, labelOverlap=True))
    value = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False, nice=True))

    # series in the order of the rows; the legend of the shapes shows their colours as well
    colour = alt.Color("series:N", title=None, sort=None, legend=None, scale=alt.Scale(range=COLOURS))
    dash = alt.StrokeDash("series:N", title=None, sort=None, legend=None, scale=alt.Scale(range=DASHES))
    legend = alt.Legend(orient="top", columns=2, labelLimit=260)
    shape = alt.Shape("series:N", title=None, sort=None, legend=legend, scale=alt.Scale(range=SHAPES))
    fill = alt.Fill("series:N", title=None, sort=None, legend=None, scale=alt.Scale(range=COLOURS))
    base = alt.Chart(_rows()).encode(x=period, y=value, color=colour)
    line = base.mark_line(strokeWidth=2.5, invalid="break-paths-show-domains").encode(strokeDash=dash)
    points = base.mark_point(size=60, filled=False, strokeWidth=2, opacity=1, invalid="filter").encode(
        shape=shape,
        fill=alt.condition("datum.provisional", alt.value("#ffffff"), fill),
        tooltip=[alt.Tooltip("period:N"), alt.Tooltip("series:N"), alt.Tooltip("value_text:N")],
    )
    marks = base.transform_filter(MARKED).mark_text(dy=-11, fontSize=13).encode(text="few:N")
    chart: Described = alt.layer(line, points, marks).properties(width="container", height=260).to_dict()
    return chart


def bars() -> Described:
    """Figures of groups, side by side. Rows: group, order, value, series, few."""
    base = alt.Chart(_rows()).encode(
        y=alt.Y("group:N", title=None, sort=alt.SortField("order"), axis=alt.Axis(labelLimit=220)),
        x=alt.X("value:Q", title=None, scale=alt.Scale(zero=True)),
        yOffset=alt.YOffset("series:N", sort=alt.SortField("order_of_series")),
    )
    drawn = base.mark_bar().encode(
        color=alt.Color(
            "series:N", title=None, sort=alt.SortField("order_of_series"), scale=alt.Scale(range=COLOURS),
            legend=alt.Legend(orient="top", columns=2),
        ),
        tooltip=[alt.Tooltip("group:N"), alt.Tooltip("series:N"), alt.Tooltip("value_text:N")],
    )  # fmt: skip
    marks = base.transform_filter(MARKED).mark_text(align="left", dx=3, fontSize=13).encode(text="few:N")
    chart: Described = alt.layer(drawn, marks).properties(width="container", height=alt.Step(14)).to_dict()
    return chart


def matrix() -> Described:
    """From where to where. Rows: from, to, order, order_of_series, value (percent of ``from``), value_text."""
    base = alt.Chart(_rows()).encode(
        y=alt.Y("group:N", title=None, sort=alt.SortField("order"), axis=alt.Axis(labelLimit=170)),
        x=alt.X(
            "series:N",
            title=None,
            sort=alt.SortField("order_of_series"),
            axis=alt.Axis(orient="top", labelAngle=-30),
        ),
    )
    cells = base.mark_rect().encode(
        color=alt.Color("value:Q", title=None, legend=None, scale=alt.Scale(scheme="blues", domain=[0, 100]))
    )
    text = base.mark_text(fontSize=13).encode(
        text="value_text:N",
        color=alt.condition("datum.value > 55", alt.value("#ffffff"), alt.value(TEXT)),
    )
    chart: Described = alt.layer(cells, text).properties(width="container", height=alt.Step(44)).to_dict()
    return chart


def histogram() -> Described:
    """How many places have which value; those whose figure rests on few are paler. Rows: value, few."""
    chart: Described = (
        alt.Chart(_rows())
        .mark_bar()
        .encode(
            color=alt.condition("datum.few", alt.value(PALE), alt.value(COLOURS[0])),
            detail="few:N",
            x=alt.X("value:Q", title=None, bin=alt.Bin(maxbins=24)),
            y=alt.Y("count():Q", title=None),
            tooltip=[alt.Tooltip("value:Q", bin=alt.Bin(maxbins=24)), alt.Tooltip("count():Q")],
        )
        .properties(width="container", height=200)
        .to_dict()
    )
    return chart


CHARTS: Mapping[str, Callable[[], Described]] = {
    "lines": lines,
    "bars": bars,
    "matrix": matrix,
    "histogram": histogram,
}
