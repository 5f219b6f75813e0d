"""From tidy text to typed columns and faults, as SQL made from a contract.

The rules themselves are the macros of ``cleaning.sql``; ``kinds`` gives each kind of column its macros.
``read_select`` gives typed values and, per row, four small sets of columns as bits of one number:

``faults``       required columns that are missing or cannot be read, and why (three bits a column: ``PROBLEMS``)
``nulled``       optional columns whose value was read as null, and why (likewise)
``restored``     columns whose leading zeros were given back (a bit a column)
``implausible``  columns whose number is beyond the plausible range; it is kept (a bit a column)

``judged_select`` settles the booleans, whose meaning can hang on the whole file. Numbers instead of texts,
because most rows have none of the four; ``reasons_sql`` writes out those that have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sources.cleaning.kinds import NUMBERED_KINDS, lookups, reading_of, text_literals
from sources.contract import Column, Contract

MACROS = Path(__file__).with_name("macros.sql")

MISSING, UNREADABLE, UNKNOWN_CODE, IMPLAUSIBLE_DATE, ERROR_CELL, EMPTY_FORMULA = 1, 2, 3, 4, 5, 6
PROBLEMS = {
    MISSING: "missing",
    UNREADABLE: "unreadable",
    UNKNOWN_CODE: "unknown_code",
    IMPLAUSIBLE_DATE: "implausible_date",
    ERROR_CELL: "error_cell",
    EMPTY_FORMULA: "formula_without_value",
}
BITS = 3  # a column takes of ``faults`` and ``nulled``
MALFORMED = -1  # the whole of a row's faults
FIRST_YEAR = 1901  # dates before it mean something else
FIRST = {"month": str(12 * FIRST_YEAR), "timestamp": f"timestamp '{FIRST_YEAR}-01-01 00:00:00'"}
FIRST_DAY = f"date '{FIRST_YEAR}-01-01'"


@dataclass(frozen=True)
class Landed:
    """How a contract column lies in the landing table: name, type and meaning of each stored part."""

    name: str
    type: str
    description: str


def landed_columns(column: Column) -> list[Landed]:
    """The stored columns of one contract column.

    Citizen IDs keep a 9-digit value apart (``former_id``), previous IDs of the register a replaced citizen ID
    (``previous_citizen_id``), employer codes are one sortable number plus
    the code as sent where it is invalid, birth dates keep their precision.
    """
    name, kind = column.name, column.kind
    said = " ".join(column.description.split())
    if kind in ("spine_citizen_id", "citizen_id") and name == "citizen_id":
        said = "Citizen ID as a number (leading zeros dropped); null if no readable one was sent."
    if kind == "citizen_id" and name == "citizen_id":
        former = "A 9-digit number sent as citizen_id: the former identity card number."
        return [Landed(name, "bigint", said), Landed("former_id", "integer", former)]
    if kind == "spine_previous_id":
        said = "Former identity card number, 9 digits; used for linking."
        replaced = "A 12-digit number sent as previous_id: the citizen ID that this one replaces."
        return [Landed(name, "integer", said), Landed("previous_citizen_id", "bigint", replaced)]
    if kind == "enterprise_code":
        said = "Enterprise code as a number: right-padded to 13 digits, times 4, plus 0, 1 or 2 for 10, 12 or 13 digits."
        return [Landed("enterprise_id", "bigint", said)]
    if kind == "employer_code":
        said = "Employer code as a number, see stg_enterprises.enterprise_id; null if it is not valid."
        sent = "The employer code as sent, where it is not a valid one; null otherwise."
        return [Landed("employer_id", "bigint", said), Landed("employer_code_sent", "varchar", sent)]
    if kind == "birth_date":
        precision = "What of birth_date is known: 0 the day, 1 the month, 2 the year."
        return [Landed(name, "date", said), Landed("birth_precision", "tinyint", precision)]
    if kind == "month":
        said = said.replace("YYYY-MM", "as a number: 12 x year + month - 1")
    types = {
        "spine_citizen_id": "bigint",
        "citizen_id": "bigint",
        "si_number": "bigint",
        "previous_id": "integer",
        "commune_code": "integer",
        "province_code": "integer",
        "month": "integer",
        "year": "integer",
        "integer": "bigint",
        "decimal": "double",
        "date": "date",
        "timestamp": "timestamp",
        "boolean": "boolean",
    }
    return [Landed(name, types.get(kind, "varchar"), said)]


def landing_columns(contract: Contract) -> list[Landed]:
    """Every column of the source's landing table, after ``row_id`` and ``delivery_key``."""
    columns = [part for c in contract.columns for part in landed_columns(c)]
    if identified_by_citizen(contract):
        usable = "Whether citizen_id has a valid structure that agrees with sex and birth_date (SPEC §2); only such an ID links."
        columns.append(Landed("citizen_id_usable", "boolean", usable))
    return columns


def identified_by_citizen(contract: Contract) -> bool:
    """Whether rows carry a citizen ID beside the name, birth date and sex it can be checked against."""
    return all(contract.has(name) for name in ("citizen_id", "full_name", "birth_date", "sex"))


def key_expressions(contract: Contract) -> list[str]:
    """The source's key in stored columns; where the fallback applies, its columns stand in."""
    parts = [part.name for c in contract.key for part in landed_columns(c) if part.name != "birth_precision"]
    if contract.key_fallback is not None:
        _, columns = contract.key_fallback
        absent = "citizen_id is null and former_id is null"
        parts += [f"case when {absent} then {name} end" for name in columns]
    return parts


def _condition(column: Column) -> str:
    """When the column is required, as SQL over read values."""
    when = column.required_when
    if when is None:
        return "true" if column.required else "false"
    members = f"coalesce({when.column} in ({text_literals(when.values)}), false)"
    return f"({when.column} is not null and not {members})" if when.negated else members


def _must_be_read(column: Column) -> bool:
    """A key column with a default must be readable when given: null would read as another key."""
    return column.key_position is not None and column.default is not None and not column.required


def _default(column: Column, sql: str) -> str:
    return f"coalesce({sql}, '{column.default}')" if column.default else sql


def contradicts(contract: Contract) -> int:
    """The fault of a row whose citizen ID contradicts its sex or birth date: a bit above those of the columns."""
    return 1 << BITS * len(contract.columns)


def _mask(contract: Contract) -> str:
    """Type of the numbers that hold ``BITS`` bits a column, and one more."""
    return "bigint" if BITS * len(contract.columns) + 1 < 63 else "hugeint"


def _given(column: Column) -> str:
    """What the agency wrote into a column, or null."""
    text = f"t_{column.name}"
    if not column.null_words:
        return f"given({text})"
    return f"case when word({text}) in ({text_literals(column.null_words)}) then null else given({text}) end"


def _given_value(column: Column) -> str:
    """What the agency wrote into a column, or null, also where a spreadsheet shows that it has no value."""
    text = f"t_{column.name}"
    if not column.null_words:
        return f"given_value({text})"
    return f"case when cell_problem({text}) is null then {_given(column)} end"


def _problem(column: Column) -> str:
    """Why a required column is not read, or an optional one that was given."""
    implausible = f"when x_{column.name} then {IMPLAUSIBLE_DATE}" if column.is_date else ""
    return (
        f"case when {_given(column)} is null then {MISSING}"
        f" when cell_problem(t_{column.name}) is not null then cell_problem(t_{column.name}) {implausible}"
        f" when u_{column.name} then {UNKNOWN_CODE} else {UNREADABLE} end"
    )


@dataclass(frozen=True)
class _Bits:
    """SQL numbers of a row's faults, nulled, restored and implausible columns; booleans are not settled yet."""

    faults: str
    nulled: str
    restored: str
    implausible: str


def _bits(contract: Contract) -> _Bits:
    always: list[str] = []  # faults of columns every row must fill
    readable_always: list[str] = []
    sometimes: list[str] = []
    nulled: list[str] = []
    restored: list[str] = []
    implausible: list[str] = []
    mask = _mask(contract)
    for i, c in enumerate(contract.columns):
        if c.kind == "boolean":
            continue
        readable, required, place = f"ok_{c.name}", _condition(c), 1 << BITS * i
        problem, missing = f"({_problem(c)})::{mask} * {place}", f"{_given(c)} is null"
        if required == "true":
            readable_always.append(readable)
            always.append(f"case when {readable} then 0 else {problem} end")
        elif _must_be_read(c):
            sometimes.append(f"case when {readable} or {missing} then 0 else {problem} end")
        else:
            if required != "false":
                sometimes.append(f"case when {readable} or not ({required}) then 0 else {problem} end")
            asked = "" if required == "false" else f" or ({required})"
            nulled.append(f"case when {readable}{asked} or {missing} then 0 else {problem} end")
        if reading_of(c).zero_restored is not None:
            restored.append(f"case when z_{c.name} then {2**i} else 0 end")
        if c.plausible is not None:
            lowest, highest = c.plausible
            implausible.append(
                f"case when {c.name} < {lowest} or {c.name} > {highest} then {2**i} else 0 end"
            )
    if identified_by_citizen(contract) and contract.column("citizen_id").kind == "spine_citizen_id":
        sometimes.append(f"case when citizen_id_usable is false then {contradicts(contract)} else 0 end")
    faults = " + ".join(sometimes or ["0"])
    if always:
        faults += f" + case when {' and '.join(readable_always)} then 0 else {' + '.join(always)} end"
    return _Bits(faults, *(" + ".join(part or ["0"]) for part in (nulled, restored, implausible)))


def _implausible_dates(contract: Contract) -> dict[str, str]:
    """Per date column when it is implausible: before ``FIRST_YEAR``, or before the day it cannot precede."""
    conditions = {}
    for c in contract.columns:
        if not c.is_date:
            continue
        condition = f"{c.name} < {FIRST.get(c.kind, FIRST_DAY)}"
        if c.not_before is not None:
            start = contract.column(c.not_before)
            earliest = start.name
            if start.kind == "birth_date":  # the first day it can mean
                earliest = (
                    f"case birth_precision when 2 then date_trunc('year', {start.name})"
                    f" when 1 then date_trunc('month', {start.name}) else {start.name} end"
                )
            condition += f" or ({start.name} >= {FIRST_DAY} and {c.name} < {earliest})"
        conditions[c.name] = f"coalesce({condition}, false)"
    return conditions


def read_select(contract: Contract, records: str, decimal_commas: Mapping[str, str] | None = None) -> str:
    """SQL of read rows from a relation of records (row_id, list_version, raw, malformed, why, t_<column>).

    Gives row_id, every stored column (booleans as marks ``b_<column>``, and of written numbers ``m_<column>``, what
    their signs tell), faults, nulled, restored, implausible, why, and raw and sent (the texts of the contract's columns
    as JSON) where they may be needed again: for rows with faults, or whose required booleans are not settled yet.
    ``decimal_commas`` holds per column the SQL condition that the comma is its decimal sign in the row's file.
    """
    booleans = [c for c in contract.columns if c.kind == "boolean"]
    others = [c for c in contract.columns if c.kind != "boolean"]
    numbered = [c.name for c in contract.columns if c.kind in NUMBERED_KINDS]
    given = ", ".join(f"t_{c.name}, {_given_value(c)} as g_{c.name}" for c in contract.columns)
    sent = ", ".join(f"'{c.name}', {_as_sent(c)}" for c in contract.columns)
    plain = "".join(f", is_number(g_{n}) as plain_{n}" for n in numbered)
    digits = "".join(f", case when plain_{n} then g_{n} else digits(g_{n}) end as d_{n}" for n in numbered)
    numbers = "".join(
        f", case when plain_{n} or is_number(d_{n}) then try_cast(d_{n} as bigint) end as n_{n}, strlen(d_{n}) as l_{n}"
        for n in numbered
    )
    typed = [
        f"coalesce(cell_problem(t_{c.name}), boolean_mark(g_{c.name}))::tinyint as b_{c.name}"
        for c in booleans
    ]
    judged: list[str] = []
    names: list[str] = [f"b_{c.name}" for c in booleans]
    for c in others:
        reading = reading_of(c, (decimal_commas or {}).get(c.name, "false"))
        first = next(iter(reading.values))
        typed += [f"{sql} as {name}" for name, sql in reading.values.items()]
        typed.append(f"{reading.unknown_code} as u_{c.name}")
        if reading.zero_restored is not None:
            typed.append(f"coalesce({reading.zero_restored}, false) as z_{c.name}")
        if reading.signs is not None:
            typed.append(f"{reading.signs} as m_{c.name}")
            names.append(f"m_{c.name}")
        judged.append(f"{reading.readable or f'{first} is not null'} as ok_{c.name}")
        names += [_default(c, name) + f" as {name}" if name == first else name for name in reading.values]
    if identified_by_citizen(contract):
        judged.append("citizen_id_agrees(citizen_id, birth_date, sex = 'male') as citizen_id_usable")
        names.append("coalesce(citizen_id_usable, false) as citizen_id_usable")
    bits, mask = _bits(contract), _mask(contract)
    dates = _implausible_dates(contract)
    dated = "".join(f", {condition} as x_{name}" for name, condition in dates.items())
    kept = ", ".join(f"case when not x_{name} then {name} end as {name}" for name in dates)
    kept = f" replace ({kept})" if kept else ""
    unsettled = "".join(f" or b_{c.name} > 1" for c in booleans if c.required)
    return f"""
with given as (select row_id, list_version, raw, malformed, why, {given} from {records}),
plain as (select *{plain} from given),
digits as (select *{digits} from plain),
numbers as (select *{numbers} from digits),
typed as (select r.*, {", ".join(typed)} from numbers as r
{lookups(contract)}),
dated as (select *{dated} from typed),
plausible as (select *{kept} from dated),
checked as (select *, {", ".join(judged)} from plausible),
judged as (select *,
    case when malformed then {MALFORMED} else {bits.faults} end as faults,
    case when malformed then 0 else {bits.nulled} end as nulled,
    case when malformed then 0 else {bits.restored} end as restored,
    case when malformed then 0 else {bits.implausible} end as implausible
from checked)
select row_id, {", ".join(names)}, faults::{mask} as faults, nulled::{mask} as nulled, restored::bigint as restored,
    implausible::bigint as implausible, case when malformed then why end as why,
    case when faults <> 0{unsettled} then rtrim(raw, chr(10) || chr(13)) end as raw,
    case when not malformed and (faults <> 0{unsettled}) then json_object({sent})::varchar end as sent
from judged
"""


def _as_sent(column: Column) -> str:
    """A column's text without the mark by which readers tell numbers that were typed as such."""
    return f"regexp_replace(t_{column.name}, 'e0$', '')" if column.is_number else f"t_{column.name}"


def number_columns(contract: Contract) -> list[str]:
    """Columns in which the signs of a written number may mean either; ``read_select`` marks them."""
    return [c.name for c in contract.columns if c.is_number and reading_of(c).signs is not None]


def judged_select(contract: Contract, read: str, crosses: dict[str, str]) -> str:
    """SQL of read rows with booleans settled: row_id, the landing columns, faults, nulled, restored, implausible, why, raw, sent.

    ``crosses`` holds per boolean column the SQL condition that the row's file marks true by an ``x`` alone.
    """
    values: list[str] = []
    faults, nulled = ["faults"], ["nulled"]
    for i, c in enumerate(contract.columns):
        if c.kind != "boolean":
            values += [part.name for part in landed_columns(c)]
            continue
        b, x, place = f"b_{c.name}", crosses[c.name], 1 << BITS * i
        values.append(
            f"case when {b} = 1 or ({b} = 2 and {x}) then true when {b} = 0 or ({b} = 3 and {x}) then false end"
            f" as {c.name}"
        )
        problem = f"when {b} in ({ERROR_CELL}, {EMPTY_FORMULA}) then {b}::{_mask(contract)} * {place}"
        problem += f" when {b} = 4 or {b} = 2 then {UNREADABLE * place}"
        if c.required:
            problem += f" when {b} = 3 then {MISSING * place}"
            faults.append(f"case when {b} in (2, 3) and {x} then 0 {problem} else 0 end")
        else:
            nulled.append(f"case when {b} in (2, 3) and {x} then 0 {problem} else 0 end")
    if identified_by_citizen(contract):
        values.append("citizen_id_usable")
    return f"""
select row_id, {", ".join(values)},
    case when faults = {MALFORMED} then faults else {" + ".join(faults)} end as faults,
    case when faults = {MALFORMED} then 0 else {" + ".join(nulled)} end as nulled, restored, implausible, why, raw, sent
from {read}
"""


def reasons_sql(contract: Contract) -> str:
    """SQL text of a row's ``faults``: ``<problem>:<column>`` in contract order, divided by semicolons.

    A malformed line has ``malformed_line`` alone, with ``why`` behind a colon where the reader says it.
    """
    texts = []
    for i, c in enumerate(contract.columns):
        cases = " ".join(f"when {number} then '{text}:{c.name}'" for number, text in PROBLEMS.items())
        texts.append(f"case {problem_of('faults', i)} {cases} end")
    texts.append(
        f"case when faults & {contradicts(contract)} <> 0 then 'citizen_id_contradicts:citizen_id' end"
    )
    return (
        f"case when faults = {MALFORMED} then 'malformed_line' || coalesce(': ' || why, '')"
        f" else concat_ws(';', {', '.join(texts)}) end"
    )


def problem_of(number: str, position: int | str) -> str:
    """SQL of the problem that ``faults`` or ``nulled`` hold of the contract's column at ``position``, a number or SQL."""
    return f"(({number} >> ({BITS} * {position})) & {(1 << BITS) - 1})"


def has_unknown_code(contract: Contract) -> str:
    """SQL condition that one of a row's ``faults`` is an unknown code: the two lower bits of a column set alone."""
    lowest = sum(1 << BITS * i for i in range(len(contract.columns)))
    return f"(faults > 0 and faults & (faults >> 1) & ~(faults >> 2) & {lowest} <> 0)"
