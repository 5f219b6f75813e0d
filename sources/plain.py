"""Text that others wrote, made fit to be shown: nothing in it steers a terminal or starts a formula."""

from __future__ import annotations

import re

# controls, direction marks and others that show nothing, separators of lines, halves of characters
_STEERING = (
    "\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff"
)
_ANY = re.compile(f"[{_STEERING}]")
_BUT_LINES = re.compile(f"(?![\n\t])[{_STEERING}]")
_BUT_WHITE = re.compile(f"(?![\n\t\r ])[{_STEERING}]")
# what a spreadsheet takes for a formula's beginning, for Python's engine and DuckDB's: white space before it and wide
# forms included
FORMULA = r"^[\s 　]*[=+\-@＝＋－＠]|^\s*[\t\r\n]"
_FORMULA = re.compile(FORMULA)


def printable(text: str) -> str:
    """The text without characters that steer a terminal; line ends and tabs stay."""
    return _BUT_LINES.sub("", text) if not text.isascii() or not text.isprintable() else text


def escaped(text: str) -> str:
    """The text with characters that steer a terminal, line ends and tabs too, written out (``\\x1b``)."""
    return _ANY.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def json_printable(text: str) -> str:
    """A JSON document that means the same, with characters that steer a terminal as ``\\uXXXX``."""

    def written(found: re.Match[str]) -> str:
        units = found[0].encode("utf-16-be", "surrogatepass")
        return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))

    return _BUT_WHITE.sub(written, text)


def no_formula(text: str) -> str:
    """The text as a spreadsheet takes it for text: an apostrophe before what would begin a formula."""
    return f"'{text}" if _FORMULA.match(text) else text
