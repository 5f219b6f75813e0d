"""From tidy text to typed columns and faults, as SQL made from a contract.

The rules themselves are the macros of ``cleaning.sql``; ``kinds`` gives each kind of column its macros.
``read_select`` gives typed values and, per row, three small sets of columns as bits of one number:

``faults``    required columns that are missing, unreadable or an unknown code (two bits a column)
``nulled``    optional columns whose value was read as null (a bit a column)
``restored``  columns whose leading zeros were given back (a bit a column)

``judged_select`` settles the booleans, whose meaning can hang on the whole file. Numbers instead of texts,
because most rows have none of the three; ``reasons_sql`` writes out those that have.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sources.contract import Column, Contract
from sources.kinds import NUMBERED_KINDS, lookups, reading_of, text_literals

MACROS = Path(__file__).with_name("cleaning.sql")

MISSING, UNREADABLE, UNKNOWN_CODE = 1, 2, 3
PROBLEMS = {MISSING: "missing", UNREADABLE: "unreadable", UNKNOWN_CODE: "unknown_code"}
MALFORMED = -1  # the whole of a row's faults
CONTRADICTS = 1 << 60  # its citizen ID, against sex and birth date


@dataclass(frozen=True)
class Landed:
    """How a contract column lies in the landing table: name and type of each stored part."""

    name: str
    type: str


def landed_columns(column: Column) -> list[Landed]:
    """The stored columns of one contract column.

    Citizen IDs keep a 9-digit value apart (``former_id``), previous IDs of the register a replaced citizen ID
    (``previous_citizen_id``), employer codes are one sortable number plus
    the code as sent where it is invalid, birth dates keep their precision.
    """
    name, kind = column.name, column.kind
    if kind == "citizen_id" and name == "citizen_id":
        return [Landed("citizen_id", "bigint"), Landed("former_id", "integer")]
    if kind == "spine_previous_id":
        return [Landed("previous_id", "integer"), Landed("previous_citizen_id", "bigint")]
    if kind in ("spine_citizen_id", "citizen_id", "si_number"):
        return [Landed(name, "bigint")]
    if kind == "enterprise_code":
        return [Landed("enterprise_id", "bigint")]
    if kind == "employer_code":
        return [Landed("employer_id", "bigint"), Landed("employer_code_sent", "varchar")]
    if kind == "birth_date":
        return [Landed(name, "date"), Landed("birth_precision", "tinyint")]
    types = {
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
    return [Landed(name, types.get(kind, "varchar"))]


def landing_columns(contract: Contract) -> list[Landed]:
    """Every column of the source's landing table, after ``row_id`` and ``delivery_key``."""
    columns = [part for c in contract.columns for part in landed_columns(c)]
    if identified_by_citizen(contract):
        columns.append(Landed("citizen_id_usable", "boolean"))
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


@dataclass(frozen=True)
class _Bits:
    """SQL numbers of a row's faults, nulled and restored columns; booleans are not settled yet."""

    faults: str
    nulled: str
    restored: str


def _bits(contract: Contract) -> _Bits:
    always: list[str] = []  # faults of columns every row must fill
    readable_always: list[str] = []
    sometimes: list[str] = []
    nulled: list[str] = []
    restored: list[str] = []
    for i, c in enumerate(contract.columns):
        if c.kind == "boolean":
            continue
        g, readable, required = f"g_{c.name}", f"ok_{c.name}", _condition(c)
        problem = (
            f"case when {g} is null then {MISSING} when u_{c.name} then {UNKNOWN_CODE} else {UNREADABLE} end"
        )
        if required == "true":
            readable_always.append(readable)
            always.append(f"case when {readable} then 0 else ({problem}) * {4**i} end")
        elif _must_be_read(c):
            sometimes.append(f"case when {g} is null or {readable} then 0 else ({problem}) * {4**i} end")
        else:
            if required != "false":
                sometimes.append(
                    f"case when not ({required}) or {readable} then 0 else ({problem}) * {4**i} end"
                )
            unasked = "" if required == "false" else f" and not ({required})"
            nulled.append(f"case when {g} is not null and not {readable}{unasked} then {2**i} else 0 end")
        if reading_of(c).zero_restored is not None:
            restored.append(f"case when z_{c.name} then {2**i} else 0 end")
    if identified_by_citizen(contract) and contract.column("citizen_id").kind == "spine_citizen_id":
        sometimes.append(f"case when citizen_id_usable is false then {CONTRADICTS} else 0 end")
    faults = " + ".join(sometimes or ["0"])
    if always:
        faults += f" + case when {' and '.join(readable_always)} then 0 else {' + '.join(always)} end"
    return _Bits(faults, " + ".join(nulled or ["0"]), " + ".join(restored or ["0"]))


def read_select(contract: Contract, records: str) -> str:
    """SQL of read rows from a relation of records (row_id, list_version, raw, malformed, t_<column>).

    Gives row_id, every stored column (booleans as marks ``b_<column>``), faults, nulled, restored, and raw and sent
    (the texts of the contract's columns as JSON) where they may be needed again: for rows with faults, or whose
    required booleans are not settled yet.
    """
    booleans = [c for c in contract.columns if c.kind == "boolean"]
    others = [c for c in contract.columns if c.kind != "boolean"]
    numbered = [c.name for c in contract.columns if c.kind in NUMBERED_KINDS]
    given = ", ".join(f"t_{c.name}, given(t_{c.name}) as g_{c.name}" for c in contract.columns)
    sent = ", ".join(f"'{c.name}', t_{c.name}" for c in contract.columns)
    plain = "".join(f", is_number(g_{n}) as plain_{n}" for n in numbered)
    digits = "".join(f", case when plain_{n} then g_{n} else digits(g_{n}) end as d_{n}" for n in numbered)
    numbers = "".join(
        f", case when plain_{n} or is_number(d_{n}) then try_cast(d_{n} as bigint) end as n_{n}, strlen(d_{n}) as l_{n}"
        for n in numbered
    )
    typed = [f"boolean_mark(g_{c.name})::tinyint as b_{c.name}" for c in booleans]
    judged: list[str] = []
    names: list[str] = [f"b_{c.name}" for c in booleans]
    for c in others:
        reading = reading_of(c)
        first = next(iter(reading.values))
        typed += [f"{sql} as {name}" for name, sql in reading.values.items()]
        typed.append(f"{reading.unknown_code} as u_{c.name}")
        if reading.zero_restored is not None:
            typed.append(f"coalesce({reading.zero_restored}, false) as z_{c.name}")
        judged.append(f"{reading.readable or f'{first} is not null'} as ok_{c.name}")
        names += [_default(c, name) + f" as {name}" if name == first else name for name in reading.values]
    if identified_by_citizen(contract):
        judged.append("citizen_id_agrees(citizen_id, birth_date, sex = 'male') as citizen_id_usable")
        names.append("coalesce(citizen_id_usable, false) as citizen_id_usable")
    bits = _bits(contract)
    unsettled = "".join(f" or b_{c.name} > 1" for c in booleans if c.required)
    return f"""
with given as (select row_id, list_version, raw, malformed, {given} from {records}),
plain as (select *{plain} from given),
digits as (select *{digits} from plain),
numbers as (select *{numbers} from digits),
typed as (select r.*, {", ".join(typed)} from numbers as r
{lookups(contract)}),
checked as (select *, {", ".join(judged)} from typed),
judged as (select *,
    case when malformed then {MALFORMED} else {bits.faults} end as faults,
    case when malformed then 0 else {bits.nulled} end as nulled,
    case when malformed then 0 else {bits.restored} end as restored
from checked)
select row_id, {", ".join(names)}, faults::bigint as faults, nulled::bigint as nulled, restored::bigint as restored,
    case when faults <> 0{unsettled} then rtrim(raw, chr(10) || chr(13)) end as raw,
    case when not malformed and (faults <> 0{unsettled}) then json_object({sent})::varchar end as sent
from judged
"""


def judged_select(contract: Contract, read: str, crosses: dict[str, str]) -> str:
    """SQL of read rows with booleans settled: row_id, the landing columns, faults, nulled, restored, raw, sent.

    ``crosses`` holds per boolean column the SQL condition that the row's file marks true by an ``x`` alone.
    """
    values: list[str] = []
    faults, nulled = ["faults"], ["nulled"]
    for i, c in enumerate(contract.columns):
        if c.kind != "boolean":
            values += [part.name for part in landed_columns(c)]
            continue
        b, x = f"b_{c.name}", crosses[c.name]
        values.append(
            f"case when {b} = 1 or ({b} = 2 and {x}) then true when {b} = 0 or ({b} = 3 and {x}) then false end"
            f" as {c.name}"
        )
        if c.required:
            problem = (
                f"when {b} = 3 then {MISSING * 4**i} when {b} <> 1 and {b} <> 0 then {UNREADABLE * 4**i}"
            )
            faults.append(f"case when {b} in (2, 3) and {x} then 0 {problem} else 0 end")
        else:
            nulled.append(f"case when {b} = 4 or ({b} = 2 and not {x}) then {2**i} else 0 end")
    if identified_by_citizen(contract):
        values.append("citizen_id_usable")
    return f"""
select row_id, {", ".join(values)},
    case when faults = {MALFORMED} then faults else {" + ".join(faults)} end as faults,
    case when faults = {MALFORMED} then 0 else {" + ".join(nulled)} end as nulled, restored, raw, sent
from {read}
"""


def reasons_sql(contract: Contract) -> str:
    """SQL text of a row's ``faults``: ``<problem>:<column>`` in contract order, divided by semicolons."""
    texts = []
    for i, c in enumerate(contract.columns):
        cases = " ".join(f"when {number} then '{text}:{c.name}'" for number, text in PROBLEMS.items())
        texts.append(f"case (faults >> {2 * i}) & 3 {cases} end")
    texts.append(f"case when faults & {CONTRADICTS} <> 0 then 'citizen_id_contradicts:citizen_id' end")
    return f"case when faults = {MALFORMED} then 'malformed_line' else concat_ws(';', {', '.join(texts)}) end"


def has_unknown_code(contract: Contract) -> str:
    """SQL condition that one of a row's ``faults`` is an unknown code: both bits of a column set."""
    lower_bits = sum(4**i for i in range(len(contract.columns)))
    return f"(faults > 0 and faults & (faults >> 1) & {lower_bits} <> 0)"
