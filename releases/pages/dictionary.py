"""What a data dictionary holds: indicators, released tables, the labour database, sources, in both languages.

``orchestration.dbt.dictionary`` makes one from the contracts and the dbt project; the site and ``docs`` show it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One column; ``needed`` is ``key``, ``yes`` or empty, of columns of sources alone."""

    name: str
    kind: str
    needed: str
    en: str
    vi: str


@dataclass(frozen=True)
class Table:
    """One table or source: its names, what a row is, and its columns."""

    name: str
    title_en: str
    title_vi: str
    en: str
    vi: str
    fields: tuple[Field, ...]

    @property
    def metadata(self) -> Mapping[str, str]:
        """What a Parquet file says of itself: titles, what a row is, and its columns as JSON, in both languages."""
        columns = {f.name: {"vi": f.vi, "en": f.en} for f in self.fields}
        return {
            "title_vi": self.title_vi, "title_en": self.title_en, "description_vi": self.vi, "description_en": self.en,
            "columns": json.dumps(columns, ensure_ascii=False),
        }  # fmt: skip


@dataclass(frozen=True)
class Indicator:
    """One indicator of basis register.

    ``formula`` is in terms of measures, ``concept`` says whose definition it is, ``caveat`` what it cannot tell,
    ``supplied_by`` names the sources it is made from.
    """

    name: str
    unit: str
    name_en: str
    name_vi: str
    definition_en: str
    definition_vi: str
    formula: str
    concept_en: str
    concept_vi: str
    caveat_en: str
    caveat_vi: str
    supplied_by: tuple[str, ...]


@dataclass(frozen=True)
class Dictionary:
    """Everything people may read about in a release, in the order it is shown."""

    indicators: tuple[Indicator, ...]
    published: tuple[Table, ...]
    labour: tuple[Table, ...]
    sources: tuple[Table, ...]
