"""The quality report as one HTML page that needs nothing but itself: Vietnamese and English, offline, printable."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from releases import words

NOTHING = Markup("–")
ISO = {"vi": (".", ","), "en": (",", ".")}  # thousands, decimals


def quality_page(facts: Mapping[str, Any]) -> str:
    """The page of a release's or a stopped run's facts, as ``releases.quality`` computes them.

    Everything that comes from deliveries or settings is escaped; the page asks no other place for anything.
    """
    return _environment().get_template("quality.html").render(f=facts, css=_style())


@cache
def _style() -> Markup:
    return Markup(files("releases").joinpath("templates/quality.css").read_text(encoding="utf-8"))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("releases"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.globals |= {"both": both, "w": words}
    environment.filters |= {
        "word": word, "number": number, "percent": percent, "rounded": rounded, "signed": signed, "day": day,
    }  # fmt: skip
    return environment


def both(vi: object, en: object) -> Markup:
    """One text in both languages, of which the reader sees one; said once where they are the same."""
    if escape(vi) == escape(en):
        return escape(vi)
    return Markup('<span lang="vi">{}</span><span lang="en">{}</span>').format(vi, en)


def _figure(vi: str, en: str) -> Markup:
    """A figure as each language writes it; who reads both reads it once, in Vietnamese."""
    if vi == en:
        return escape(vi)
    return Markup('<span lang="vi">{}</span><span lang="en" class="figure">{}</span>').format(vi, en)


def word(code: object, known: words.Words) -> Markup:
    """The word for a code, or the code itself where there is none."""
    pair = known.get(str(code))
    return both(*pair) if pair else escape(str(code))


def _written(value: float, digits: int, sign: bool = False) -> Markup:
    plain = f"{value:{'+' if sign and value else ''},.{digits}f}".replace("-", "−")  # a true minus sign
    thousands, decimals = ISO["vi"]
    vi = plain.translate({ord(","): thousands, ord("."): decimals})
    return _figure(vi, plain)


def number(value: float | None) -> Markup:
    """A whole number."""
    return NOTHING if value is None else _written(value, 0)


def rounded(value: float | None, digits: int = 2) -> Markup:
    """A number with that many decimals."""
    return NOTHING if value is None else _written(value, digits)


def signed(value: float | None, digits: int = 2) -> Markup:
    """A difference, with its sign."""
    return NOTHING if value is None else _written(value, digits, sign=True)


def percent(value: float | None, digits: int = 1) -> Markup:
    """A percentage; what is not the whole is not rounded up to 100 %."""
    if value is None:
        return NOTHING
    if value < 100:
        value = min(value, 100 - 10**-digits)
    return _written(value, digits) + Markup("&nbsp;%")


def day(value: str | None) -> Markup:
    """A day ``YYYY-MM-DD…`` as each language writes it."""
    if not value:
        return NOTHING
    year, month, of_month = value[:10].split("-")
    return _figure(f"{of_month}/{month}/{year}", value[:10])
