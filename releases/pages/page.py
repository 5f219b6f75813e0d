"""How pages write words and figures, in one language or in both, and the templates they are put together from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from releases.pages import words

NOTHING = Markup("–")
Language = Literal["vi", "en"] | None
LANGUAGES: tuple[Literal["vi", "en"], ...] = ("vi", "en")
ROMAN = ("", "I", "II", "III", "IV")
ISO = {"vi": (".", ","), "en": (",", ".")}  # thousands, decimals


@cache
def style() -> Markup:
    """The style sheet that all pages share."""
    return Markup(files("releases.pages").joinpath("templates/page.css").read_text(encoding="utf-8"))


@cache
def environment(language: Language = None) -> Environment:
    """Templates of this package; everything put into them is escaped, and an unknown name is an error.

    What they say is said in ``language``, ``vi`` or ``en``; in both, of which the reader chooses one, where it is None.
    """
    made = Environment(
        loader=PackageLoader("releases.pages"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.do"],
    )  # fmt: skip
    written = Written(language)
    made.globals |= {"both": written.both, "w": words, "language": language}
    made.filters |= {
        "word": written.word, "number": written.number, "percent": written.percent, "rounded": written.rounded,
        "signed": written.signed, "day": written.day, "period": written.period,
    }  # fmt: skip
    return made


@dataclass(frozen=True)
class Written:
    """Words and figures as ``language`` writes them; both ways, one of them shown, where it is None."""

    language: Language = None

    def both(self, vi: object, en: object) -> Markup:
        """A text of two languages; said once where they are the same."""
        if self.language is not None:
            return escape(vi if self.language == "vi" else en)
        if escape(vi) == escape(en):
            return escape(vi)
        return Markup('<span lang="vi">{}</span><span lang="en">{}</span>').format(vi, en)

    def _figure(self, vi: str, en: str) -> Markup:
        """A figure as each language writes it; who reads both reads it once, in Vietnamese."""
        if self.language is not None or vi == en:
            return escape(en if self.language == "en" else vi)
        return Markup('<span lang="vi">{}</span><span lang="en" class="figure">{}</span>').format(vi, en)

    def _written(self, value: float, digits: int, sign: bool = False) -> Markup:
        plain = f"{value:{'+' if sign and round(value, digits) else ''},.{digits}f}"
        plain = (
            plain.replace("-", "−") if round(value, digits) else plain.removeprefix("-")
        )  # a true minus sign
        thousands, decimals = ISO["vi"]
        return self._figure(plain.translate({ord(","): thousands, ord("."): decimals}), plain)

    def word(self, code: object, known: words.Words) -> Markup:
        """The word for a code, or the code itself where there is none."""
        pair = known.get(str(code))
        return self.both(*pair) if pair else escape(str(code))

    def number(self, value: float | None) -> Markup:
        """A whole number."""
        return NOTHING if value is None else self._written(value, 0)

    def rounded(self, value: float | None, digits: int = 2) -> Markup:
        """A number with that many decimals."""
        return NOTHING if value is None else self._written(value, digits)

    def signed(self, value: float | None, digits: int = 2) -> Markup:
        """A difference, with its sign."""
        return NOTHING if value is None else self._written(value, digits, sign=True)

    def percent(self, value: float | None, digits: int = 1) -> Markup:
        """A percentage; what is not the whole is not rounded up to 100 %."""
        if value is None:
            return NOTHING
        if value < 100:
            value = min(value, 100 - 10**-digits)
        return self._written(value, digits) + Markup("&nbsp;%")

    def day(self, value: str | None) -> Markup:
        """A day ``YYYY-MM-DD…``."""
        if not value:
            return NOTHING
        year, month, of_month = value[:10].split("-")
        return self._figure(f"{of_month}/{month}/{year}", value[:10])

    def period(self, value: object) -> Markup:
        """A quarter ``YYYYQn``, a month ``YYYY-MM`` or a year."""
        text = str(value)
        if "Q" in text:
            year, quarter = text.split("Q")
            return self._figure(f"quý {ROMAN[int(quarter)]}/{year}", f"{year} Q{quarter}")
        if "-" in text:
            year, month = text.split("-")
            return self._figure(f"tháng {int(month)}/{year}", text)
        return escape(text)


_IN_BOTH = Written()
both, number, percent, signed = _IN_BOTH.both, _IN_BOTH.number, _IN_BOTH.percent, _IN_BOTH.signed
