"""Settings of a home: ``labourdb.toml``, each with a default; an unknown one is an error."""

from __future__ import annotations

import csv
import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError, field_validator

from expectations.rules import load_rules
from expectations.waivers import Waiver, refuse_unusable
from orchestration.home import SEEDS, Home
from sources.contract import all_sources
from sources.engine import AMOUNT
from sources.engine import Limits as EngineLimits
from sources.errors import LabourdbError, UsageError
from sources.reading.limits import Limits

DEFAULTS = Limits()


@cache
def _provinces() -> frozenset[str]:
    """Province codes of the list before 2025-07."""
    with (SEEDS / "areas.csv").open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        return frozenset(r["code"] for r in rows if r["area_version"] == "2024" and r["level"] == "province")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Linkage(_Section):
    """How rows are linked to persons (SPEC §3)."""

    probabilistic: bool | None = Field(
        default=None, description="Rule 5; not part of this version, whatever is set."
    )


class Succession(_Section):
    """Whether successions of employers and citizen IDs are followed."""

    employers: bool = Field(
        default=True, description="An employer whose workers move together to another is carried on by it."
    )
    persons: bool = Field(default=True, description="A re-issued citizen ID keeps one person.")


class Coverage(_Section):
    """Provinces (list before 2025-07) whose registers are complete; empty means all."""

    provinces: tuple[str, ...] = ()

    @field_validator("provinces")
    @classmethod
    def _codes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(value) - _provinces())
        if unknown:
            raise ValueError(
                f"{', '.join(map(repr, unknown))}: not a province code of the list before 2025-07-01"
            )
        return tuple(sorted(set(value)))


class Disclosure(_Section):
    """Protection of what is published (SPEC §5); without it a release is for internal use and says so on every page."""

    off: bool = Field(default=False, description="Publish exact figures, labelled as not protected.")


class Punctuality(_Section):
    """When deliveries are due, in days after the end of their month, by source: only what is agreed with its agency."""

    due_days: dict[str, NonNegativeInt] = Field(default_factory=dict)

    @field_validator("due_days")
    @classmethod
    def _sources(cls, value: dict[str, int]) -> dict[str, int]:
        unknown = sorted(set(value) - set(all_sources()))
        if unknown:
            raise ValueError(f"{', '.join(map(repr, unknown))}: not a source")
        return dict(sorted(value.items()))


class Retention(_Section):
    """How long the restricted zone keeps what no figure is computed from (docs/decisions/0005-retention.md)."""

    months: int | None = Field(
        default=None, ge=1, description="Calendar months; without it nothing is deleted."
    )


class Engine(_Section):
    """What DuckDB may use, where what is not stated the machine decides (``sources.engine``), and manifests say null; and
    whether a run may go on from the tables of the one before it.
    """

    memory: str | None = Field(default=None, description="As in 1500MB or 4GB.")
    threads: int | None = Field(default=None, ge=1)
    increments: bool = Field(default=False, description="Otherwise every run builds everything anew.")

    @field_validator("memory")
    @classmethod
    def _amount(cls, value: str | None) -> str | None:
        if value is not None and not AMOUNT.fullmatch(value):
            raise ValueError(f"{value!r}: not an amount of memory, as in 1500MB or 4GB")
        return value

    def limits(self, home: Home) -> EngineLimits:
        """The limits of every connection that works on ``home``."""
        stated = {k: v for k, v in self.model_dump(exclude={"increments"}).items() if v is not None}
        return EngineLimits(**stated, spill=home.spill)


class LimitsSetting(_Section):
    """What one file of a delivery may take (docs/operating.md); beyond it its delivery is refused."""

    file_mb: int = Field(default=DEFAULTS.file_mb, ge=1, description="Size on disk.")
    inflated_mb: int = Field(default=DEFAULTS.inflated_mb, ge=1, description="What it unpacks to.")
    memory_mb: int = Field(default=DEFAULTS.memory_mb, ge=200, description="Memory of the reading process.")
    seconds: int = Field(default=DEFAULTS.seconds, ge=1, description="Processor time to read it.")
    rows: int = Field(default=DEFAULTS.rows, ge=1, description="Rows, or lines of text.")
    columns: int = Field(default=DEFAULTS.columns, ge=20, description="Columns, unknown ones included.")
    cell_bytes: int = Field(default=DEFAULTS.cell_bytes, ge=100, description="One value, in UTF-8.")
    record_bytes: int = Field(default=DEFAULTS.record_bytes, ge=1_000, description="One row, in UTF-8.")

    def limits(self) -> Limits:
        """The limits, as readers take them."""
        return Limits(**self.model_dump())


class WaiverSetting(_Section):
    """A person takes it upon them that a failed check of gate 2 or 3 does not block, until a day (SPEC §6)."""

    check: str
    object: str | None = None
    reason: str = Field(min_length=1)
    person: str = Field(min_length=1)
    expires: date


class Settings(_Section):
    """Everything a home can set; the effective values are printed in every manifest."""

    linkage: Linkage = Linkage()
    succession: Succession = Succession()
    coverage: Coverage = Coverage()
    disclosure: Disclosure = Disclosure()
    punctuality: Punctuality = Punctuality()
    retention: Retention = Retention()
    engine: Engine = Engine()
    limits: LimitsSetting = LimitsSetting()
    thresholds: dict[str, float] = Field(
        default_factory=dict, description="Check id to largest failed share."
    )
    waivers: tuple[WaiverSetting, ...] = ()

    def waived(self) -> tuple[Waiver, ...]:
        """The waivers, as the gates take them."""
        return tuple(Waiver(**w.model_dump()) for w in self.waivers)

    def effective(self) -> dict[str, Any]:
        """The settings as the run uses them, with what this version does not do yet as false."""
        values = self.model_dump(mode="json")
        values["linkage"]["probabilistic"] = False
        return values

    def not_available(self) -> list[str]:
        """Settings that ask for what this version does not do."""
        return ["[linkage] probabilistic"] if self.linkage.probabilistic else []


def load_settings(path: Path) -> Settings:
    """Read the settings file; without one, all defaults. Raises ``UsageError`` naming what is wrong where."""
    if not path.exists():
        return Settings()
    try:
        settings = Settings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}") from None
    except ValidationError as error:
        problems = "\n".join(f"  {'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors())
        raise UsageError(f"{path}: these settings cannot be used:\n{problems}") from None
    try:
        rules = load_rules(settings.thresholds)
    except LabourdbError as error:
        raise UsageError(f"{path}: [thresholds] {error}") from None
    try:
        refuse_unusable(settings.waived(), rules, date.today())
    except LabourdbError as error:
        raise UsageError(f"{path}: [[waivers]] {error}") from None
    return settings


def engine_limits(home: Home) -> EngineLimits:
    """The engine's limits as a home states them, whatever else stands in its settings; where they cannot be read, the machine's."""
    try:
        stated = tomllib.loads(home.settings.read_text(encoding="utf-8")).get("engine", {})
        return Engine.model_validate(stated).limits(home)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError):
        return Engine().limits(home)  # who needs the other settings says what is wrong with them
