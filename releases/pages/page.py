"""How pages write words and figures in both languages, and the templates they are put together from."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from releases.pages import words

NOTHING = Markup("–")
ISO = {"vi": (".", ","), "en": (",", ".")}  # thousands, decimals


@cache
def style() -> Markup:
    """The style sheet that all pages share."""
    return Markup(files("releases.pages").joinpath("templates/page.css").read_text(encoding="utf-8"))


@cache
def environment() -> Environment:
    """Templates of this package; everything put into them is escaped, and an unknown name is an error."""
    made = Environment(
        loader=PackageLoader("releases.pages"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.globals |= {"both": both, "w": words}
    made.filters |= {
        "word": word, "number": number, "percent": percent, "rounded": rounded, "signed": signed, "day": day,
    }  # fmt: skip
    return made


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
