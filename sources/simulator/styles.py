"""Which source comes in which formats: agencies keep their habits, and change them now and then."""

from __future__ import annotations

from sources.simulator.frames import Style

_PLAIN = Style(quoted=True)
_OFFICE = Style(
    delimiter=";", bom=True, vietnamese=True, dates="slash", sexes="vietnamese", flags="vietnamese"
)
_TABS = Style(delimiter="\t", dates="dash", sexes="letters", flags="digits", null="NULL")
_PIPE = Style(delimiter="|", capitals=True, sexes="digits", flags="digits", null="-")
_PARQUET = Style(format="parquet")
_SHEET = Style(format="xlsx", vietnamese=True, sexes="vietnamese", flags="cross")
_LINES = Style(format="jsonl.gz", dates="slash", sexes="digits")
_ZIPPED = Style(format="csv.gz", dates="slash", flags="digits", sexes="letters")

#: The largest deliveries of the population register and the labour register, file by file.
FULL = (_OFFICE, _PARQUET, _PLAIN)
#: Files of the insurance offices, one after the other.
INSURANCE = (Style(vietnamese=True, bom=True, flags="digits", sexes="vietnamese"), _PARQUET, _TABS)
#: Files of employers beyond the border.
INSURANCE_ELSEWHERE = (_SHEET, _ZIPPED, _PLAIN)

_HABITS: dict[str, tuple[Style, ...]] = {
    "population": (_OFFICE, _OFFICE, _PLAIN, _SHEET, _LINES),
    "enterprises": (_PIPE, _PIPE, _LINES, _PARQUET),
    "training": (_SHEET, _OFFICE, _TABS),
    "labour_register": (_OFFICE, _SHEET),
    "unemployment_benefits": (_TABS, _OFFICE),
    "job_seekers": (_PLAIN, _SHEET, _ZIPPED),
    "vacancies": (_PLAIN, _LINES, _PARQUET),
    "labour_changes": (_OFFICE, _PLAIN),
    "overseas_contracts": (_SHEET, _LINES),
    "poor_households": (_SHEET,),
    "insurance_debts": (_PIPE, _TABS),
    "official_statistics": (_SHEET, _PLAIN),
}


def style_of(source: str, month: int) -> Style:
    """The style of a source's file in the month of the window."""
    habits = _HABITS[source]
    return habits[month % len(habits)]
