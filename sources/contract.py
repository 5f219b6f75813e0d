"""Contracts: what each source's columns are called, mean and look like.

The Open Data Contract Standard files in ``sources/contracts`` are the only place where a source's
columns are listed; readers, landing tables, delivery checks and documentation are made from them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sources.characters import visible

if TYPE_CHECKING:
    from open_data_contract_standard.model import SchemaProperty

CONTRACTS = Path(__file__).parent / "contracts"


@dataclass(frozen=True)
class Condition:
    """When a column is required: ``column`` holds one of ``values`` (or none of them, if negated)."""

    column: str
    values: tuple[str, ...]
    negated: bool


@dataclass(frozen=True)
class Column:
    """One column of a source, as its contract states it; ``kind`` names the cleaning rule.

    Beyond ``plausible`` a number is kept and counted. A date before that of the column ``not_before`` is
    implausible. ``depends_on`` names the column that decides whether this one is filled at all: its share filled
    is not compared between deliveries. ``null_words`` mean nothing in this column, beside those that always do.
    ``converted`` says of a unit as sent, in small letters, in which one its figures are published, and times what.
    """

    name: str
    kind: str
    required: bool
    key_position: int | None
    description: str
    description_vi: str
    aliases: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    default: str | None = None
    above: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    required_when: Condition | None = None
    personal: bool = False
    unit: str | None = None
    plausible: tuple[float, float] | None = None
    not_before: str | None = None
    depends_on: str | None = None
    null_words: tuple[str, ...] = ()
    converted: Mapping[str, tuple[str, float]] = field(default_factory=dict)

    @property
    def is_number(self) -> bool:
        """Whether values are numbers."""
        return self.kind in ("integer", "decimal")

    @property
    def is_date(self) -> bool:
        """Whether values are days, months or moments."""
        return self.kind in ("date", "timestamp", "birth_date", "month")

    @property
    def takes_thousands(self) -> bool:
        """Whether a lone sign before exactly three digits is a thousands sign: whole numbers, amounts of VND (SPEC §1)."""
        return self.kind == "integer" or (self.unit or "").startswith("VND")


@dataclass(frozen=True)
class Contract:
    """One source: its columns in contract order and what is particular about its deliveries.

    ``basis`` names the published figures made from it (``register``, ``official``; none of neither).
    ``linked_columns`` go along where its rows are linked to persons (SPEC §3); empty: they are not linked.
    """

    source: str
    title: str
    title_vi: str
    purpose: str
    purpose_vi: str
    holds: str
    columns: tuple[Column, ...]
    core: bool
    full_month: bool
    key_fallback: tuple[str, tuple[str, ...]] | None
    basis: str | None
    linked_columns: tuple[str, ...]

    @property
    def key(self) -> tuple[Column, ...]:
        """The key columns in key order."""
        keyed = [c for c in self.columns if c.key_position is not None]
        return tuple(sorted(keyed, key=lambda c: c.key_position or 0))

    @property
    def place(self) -> Column | None:
        """The column that says where a row belongs: a commune or a province; none if it does not say."""
        return next((c for c in self.columns if c.kind in ("commune_code", "province_code")), None)

    def has(self, name: str) -> bool:
        """Whether the source has a column of this name."""
        return any(c.name == name for c in self.columns)

    def column(self, name: str) -> Column:
        """The column of this name; raises ``KeyError`` if the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.source} has no column {name}")


def header_key(text: str) -> str:
    """Header as it is matched: case, surrounding space, Vietnamese diacritics and what shows nothing ignored (SPEC §1)."""
    plain = unicodedata.normalize("NFD", " ".join(visible(text).split()).casefold().replace("đ", "d"))
    return "".join(c for c in plain if not unicodedata.combining(c))


def _custom(properties: Any) -> dict[str, Any]:
    return {p.property: p.value for p in properties or []}


def _condition(custom: dict[str, Any]) -> Condition | None:
    for name, negated in (("required_if", False), ("required_unless", True)):
        if name in custom:
            stated = custom[name]
            return Condition(stated["column"], tuple(stated["in"]), negated)
    return None


def _column(prop: SchemaProperty, key: Sequence[str]) -> Column:
    custom = _custom(prop.customProperties)
    assert prop.name is not None
    return Column(
        name=prop.name,
        kind=custom["kind"],
        required=bool(prop.required),
        key_position=key.index(prop.name) + 1 if prop.name in key else None,
        description=prop.description or "",
        description_vi=custom.get("description_vi", ""),
        aliases=tuple(custom.get("aliases", ())),
        values=tuple(str(v) for v in custom.get("values", ())),
        default=None if custom.get("default") is None else str(custom["default"]),
        above=custom.get("above"),
        minimum=custom.get("min"),
        maximum=custom.get("max"),
        required_when=_condition(custom),
        personal=bool(custom.get("personal", False)),
        unit=custom.get("unit"),
        plausible=None if "plausible" not in custom else (custom["plausible"][0], custom["plausible"][1]),
        not_before=custom.get("not_before"),
        depends_on=custom.get("depends_on"),
        null_words=tuple(str(w) for w in custom.get("null_words", ())),
        converted={str(u): (str(to), times) for u, (to, times) in custom.get("converted", {}).items()},
    )


@cache
def load_contract(source: str) -> Contract:
    """The contract of ``source``; raises ``KeyError`` for a source that has none."""
    path = CONTRACTS / f"{source}.odcs.yaml"
    if not path.is_file():
        raise KeyError(f"no contract for source {source}")
    # here, since the processes that read files are given their contract and start in three quarters of the time
    from open_data_contract_standard.model import OpenDataContractStandard

    document = OpenDataContractStandard.from_file(str(path))
    assert document.schema_ is not None and document.schema_[0].properties is not None
    table, properties = document.schema_[0], document.schema_[0].properties
    custom = _custom(document.customProperties)
    primary = sorted((p.primaryKeyPosition or 0, p.name or "") for p in properties if p.primaryKey)
    key = tuple(
        custom.get("key", (name for _, name in primary))
    )  # a key of which some may be empty is no primary key
    fallback = custom.get("key_fallback")
    return Contract(
        source=source,
        title=document.name or source,
        title_vi=custom.get("title_vi", ""),
        purpose=(document.description.purpose if document.description else None) or "",
        purpose_vi=custom.get("purpose_vi", ""),
        holds=table.description or "",
        columns=tuple(_column(p, key) for p in properties),
        core=bool(custom.get("core", False)),
        full_month=bool(custom.get("full_month", False)),
        key_fallback=None if fallback is None else (fallback["when_null"], tuple(fallback["columns"])),
        basis=custom.get("basis"),
        linked_columns=tuple(custom.get("linked_columns", ())),
    )


@cache
def all_sources() -> tuple[str, ...]:
    """Names of every source with a contract, core sources first, then by name."""
    names = sorted(p.name.removesuffix(".odcs.yaml") for p in CONTRACTS.glob("*.odcs.yaml"))
    return tuple(sorted(names, key=lambda n: (not load_contract(n).core, n)))


def linked_sources() -> tuple[str, ...]:
    """Sources whose rows are linked to persons."""
    return tuple(s for s in all_sources() if load_contract(s).linked_columns)


def sources_of_basis(basis: str) -> tuple[str, ...]:
    """Sources that published figures of ``basis`` (``register``, ``official``) are made from."""
    return tuple(s for s in all_sources() if load_contract(s).basis == basis)
