"""From text fields to typed columns and reasons, as SQL made from a contract.

The rules themselves are the macros of ``cleaning.sql``; here each kind of column is given its
macros. The SQL comes in three layers, each a query over the one before:

``given``    what the agency wrote in each column, trimmed, or null
``read``     typed values, with one problem code a column
``judged``   per row: reasons for quarantine, columns read as null, zeros given back
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sources.contract import Column, Contract

MACROS = Path(__file__).with_name("cleaning.sql")

OCCUPATION_GROUPS = tuple("0123456789")


@dataclass(frozen=True)
class Landed:
    """How a contract column lies in the landing table: name and type of each stored part."""

    name: str
    type: str


def landed_columns(column: Column) -> list[Landed]:
    """The stored columns of one contract column.

    Citizen IDs keep a 9-digit value apart (``former_id``), employer codes are one sortable number plus
    the code as sent where it is invalid, birth dates keep their precision.
    """
    name, kind = column.name, column.kind
    if kind == "citizen_id" and name == "citizen_id":
        return [Landed("citizen_id", "bigint"), Landed("former_id", "integer")]
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


def _text_literals(values: tuple[str, ...]) -> str:
    return ", ".join("'" + v.replace("'", "''") + "'" for v in values)


def _bounds(column: Column, value: str) -> str:
    conditions = [f"{value} > {column.above}"] if column.above is not None else []
    if column.minimum is not None:
        conditions.append(f"{value} >= {column.minimum}")
    if column.maximum is not None:
        conditions.append(f"{value} <= {column.maximum}")
    return f"case when {' and '.join(conditions)} then {value} end" if conditions else value


def _padded(digits: str, shortest: int, full: int) -> str:
    return f"case when regexp_full_match({digits}, '[0-9]{{{shortest},{full}}}') then lpad({digits}, {full}, '0') end"


@dataclass(frozen=True)
class Reading:
    """SQL of one column: its stored values, when it is an unknown code, when zeros were given back."""

    values: dict[str, str]
    unknown_code: str = "false"
    zero_restored: str = "false"
    readable: str | None = None  # when the value counts as read, if that is more than "not null"


def _reading(column: Column) -> Reading:
    """The rule of each kind. ``g`` is the given text, ``d`` its digits where the kind is an identifier."""
    name, kind = column.name, column.kind
    g, d = f"g_{name}", f"d_{name}"
    shorter = f"length({d}) < "
    match kind:
        case "spine_citizen_id":
            full = f"citizen_digits({d})"
            return Reading({name: f"{full}::bigint"}, zero_restored=f"{full} is not null and {shorter}12")
        case "citizen_id":
            full = f"citizen_digits({d})"
            values = {name: f"{full}::bigint"}
            if name == "citizen_id":
                values["former_id"] = f"former_digits({d})::integer"
            return Reading(
                values,
                zero_restored=f"{full} is not null and {shorter}12",
                readable=f"{full} is not null or former_digits({d}) is not null",
            )
        case "previous_id":
            return Reading({name: f"{_padded(d, 8, 9)}::integer"}, zero_restored=f"regexp_full_match({d}, '[0-9]{{8}}')")
        case "si_number":
            return Reading({name: f"{_padded(d, 9, 10)}::bigint"}, zero_restored=f"regexp_full_match({d}, '[0-9]{{9}}')")
        case "enterprise_code" | "employer_code":
            code = f"enterprise_digits({d})"
            number = f"case when enterprise_valid({code}) then enterprise_number({code}) end"
            restored = f"regexp_full_match({d}, '[0-9]{{9}}|[0-9]{{11}}') and enterprise_valid({code})"
            if kind == "enterprise_code":
                return Reading({"enterprise_id": number}, zero_restored=restored)
            sent = f"case when enterprise_valid({code}) then null else {code} end"
            return Reading(
                {"employer_id": number, "employer_code_sent": sent},
                zero_restored=restored,
                readable=f"{d} is not null",
            )
        case "commune_code" | "province_code":
            shortest, full_length = (1, 5) if kind == "commune_code" else (1, 2)
            padded = _padded(d, shortest, full_length)
            known = f"k_{name}.code"
            return Reading(
                {name: f"{known}::integer"},
                unknown_code=f"{padded} is not null and {known} is null",
                zero_restored=f"{known} is not null and {shorter}{full_length}",
            )
        case "area_code":
            known = f"k_{name}.code"
            return Reading({name: known}, unknown_code=f"{known} is null", zero_restored=f"length({g}) in (1, 4) and {known} is not null")
        case "vsic":
            code = f"case when regexp_full_match({d}, '[0-9]') then '0' || {d} else {d} end"
            known = f"k_{name}.division is not null"
            return Reading(
                {name: f"case when {known} then {code} end"},
                unknown_code=f"not ({known})",
                zero_restored=f"{known} and length({d}) = 1",
            )
        case "vsic_section":
            return Reading({name: f"k_{name}.section"}, unknown_code=f"k_{name}.section is null")
        case "sex":
            return Reading({name: f"sex_of({g})"})
        case "sex_or_total":
            return Reading({name: f"coalesce(sex_of({g}), case when word({g}) = 'total' then 'total' end)"})
        case "enum" | "occupation_group":
            values = column.values if kind == "enum" else OCCUPATION_GROUPS
            text = f"word({g})" if kind == "enum" else f"digits({g})"
            known = f"case when {text} in ({_text_literals(values)}) then {text} end"
            return Reading({name: known}, unknown_code=f"{known} is null")
        case "date":
            return Reading({name: f"any_date({g})"})
        case "birth_date":
            return Reading({name: f"birth({g})", "birth_precision": f"birth_precision({g})::tinyint"}, readable=f"birth({g}) is not null")
        case "timestamp":
            return Reading({name: f"moment({g})"})
        case "month":
            return Reading({name: f"month_number({g})"})
        case "year":
            return Reading({name: f"case when whole({g}) between 1900 and 2999 then whole({g})::integer end"})
        case "period":
            text = f"upper(digits({g}))"
            return Reading({name: f"case when regexp_full_match({text}, '[0-9]{{4}}(Q[1-4])?') then {text} end"})
        case "integer":
            return Reading({name: _bounds(column, f"whole({g})")})
        case "decimal":
            return Reading({name: _bounds(column, f"number({g})")})
        case "identifier":
            return Reading({name: f"nfc({d})"})
        case "text":
            return Reading({name: f"nfc({g})"})
    raise ValueError(f"column {name}: unknown kind {kind}")


IDENTIFIER_KINDS = {
    "spine_citizen_id", "citizen_id", "previous_id", "si_number", "enterprise_code", "employer_code",
    "commune_code", "province_code", "vsic",
}  # fmt: skip


def _digit_columns(contract: Contract) -> str:
    parts = [f"digits(g_{c.name}) as d_{c.name}" for c in contract.columns if c.kind in IDENTIFIER_KINDS]
    parts += [f"identifier(g_{c.name}) as d_{c.name}" for c in contract.columns if c.kind == "identifier"]
    return "".join(f", {part}" for part in parts)


def _lookups(contract: Contract) -> str:
    """Joins to the code lists in force: in the delivery's month, or in the row's own version."""
    joins = []
    for c in contract.columns:
        alias, g, d = f"k_{c.name}", f"r.g_{c.name}", f"r.d_{c.name}"
        if c.kind in ("commune_code", "province_code"):
            level, length = ("commune", 5) if c.kind == "commune_code" else ("province", 2)
            joins.append(
                f"left join areas as {alias} on {alias}.area_version = r.area_version and {alias}.level = '{level}'"
                f" and {alias}.code = lpad(case when length({d}) <= {length} then {d} end, {length}, '0')"
            )
        elif c.kind == "area_code":
            padded = f"case length({g}) when 1 then '0' || {g} when 4 then '0' || {g} else upper({g}) end"
            joins.append(
                f"left join (select area_version, code from areas union all"
                f" select distinct area_version, 'VN' from areas) as {alias}"
                f" on {alias}.area_version = r.g_area_version and {alias}.code = {padded}"
            )
        elif c.kind == "vsic":
            code = f"case when length({d}) = 1 then '0' || {d} when regexp_full_match({d}, '[0-9]{{2,5}}') then left({d}, 2) end"
            joins.append(
                f"left join divisions as {alias} on {alias}.division = {code}"
                f" and {alias}.version = case when r.g_vsic_version in ('2018', '2025') then r.g_vsic_version else '2018' end"
            )
        elif c.kind == "vsic_section":
            joins.append(
                f"left join (select distinct version, section from divisions) as {alias}"
                f" on {alias}.section = upper({g}) and {alias}.version = case when r.g_vsic_version in ('2018', '2025') then r.g_vsic_version else '2018' end"
            )
    return "\n".join(joins)


def read_select(contract: Contract, records: str) -> str:
    """SQL of the ``read`` layer over a relation of records (file_ref, area_version, line, raw, f, malformed).

    Gives row_id, delivery_key, file_ref, line, raw, malformed, every stored column (booleans still as marks),
    and ``p_<column>``: null, 'missing', 'unreadable' or 'unknown_code'; ``z_<column>``: zeros given back.
    """
    given = ", ".join(f"given(f[{i}]) as g_{c.name}" for i, c in enumerate(contract.columns, start=1))
    values: list[str] = []
    problems: list[str] = []
    for c in contract.columns:
        g = f"g_{c.name}"
        if c.kind == "boolean":
            values.append(f"boolean_mark({g})::tinyint as b_{c.name}")
            continue
        reading = _reading(c)
        default = f", '{c.default}'" if c.default else ""
        for index, (name, sql) in enumerate(reading.values.items()):
            values.append(f"{f'coalesce({sql}{default})' if default and index == 0 else sql} as {name}")
        first = next(iter(reading.values.values()))
        readable = reading.readable or f"{first} is not null"
        problems.append(
            f"case when {g} is null then 'missing' when {readable} then null"
            f" when {reading.unknown_code} then 'unknown_code' else 'unreadable' end as p_{c.name}"
        )
        if reading.zero_restored != "false":
            problems.append(f"coalesce({reading.zero_restored}, false) as z_{c.name}")
    chosen = ",\n    ".join(values + problems)
    return f"""
with given as (
  select row_id, delivery_key, file_ref, area_version, line, raw, malformed, {given} from {records}
), digits as (
  select *{_digit_columns(contract)} from given
)
select r.row_id, r.delivery_key, r.file_ref, r.line, r.raw, r.malformed,
    {chosen}
from digits as r
{_lookups(contract)}
"""


def _condition(column: Column) -> str:
    when = column.required_when
    if when is None:
        return "true" if column.required else "false"
    members = f"coalesce({when.column} in ({_text_literals(when.values)}), false)"
    return f"({when.column} is not null and not {members})" if when.negated else members


def _must_be_read(column: Column, contract: Contract) -> bool:
    """A key column with a default must be readable when given: null would read as another key."""
    return column.key_position is not None and column.default is not None and not column.required


def judged_select(contract: Contract, read: str) -> str:
    """SQL of the ``judged`` layer over the ``read`` relation joined to ``marks`` (x-columns, per file).

    Gives the landing columns, ``reasons`` (null if the row is accepted), ``unknown_code`` (a reason is an
    unknown code), ``nulled`` and ``restored`` (names of columns read as null, or given their zeros back).
    """
    values: list[str] = []
    reasons: list[str] = []
    nulled: list[str] = []
    restored: list[str] = []
    unknown: list[str] = []
    for c in contract.columns:
        if c.kind == "boolean":
            b, x = f"b_{c.name}", f"m.x_{c.name}"
            values.append(
                f"case {b} when 1 then true when 0 then false when 2 then (case when {x} then true end)"
                f" when 3 then (case when {x} then false end) end as {c.name}"
            )
            problem = (
                f"case when {b} = 4 or ({b} = 2 and not {x}) then 'unreadable'"
                f" when {b} = 3 and not {x} then 'missing' end"
            )
        else:
            values += [part.name for part in landed_columns(c)]
            problem = f"p_{c.name}"
            if c.kind in IDENTIFIER_KINDS | {"area_code"}:
                restored.append(f"case when z_{c.name} then '{c.name}' end")
        required = _condition(c)
        if required != "false":
            reasons.append(f"case when {required} then {problem} || ':{c.name}' end")
            unknown.append(f"coalesce({required} and {problem} = 'unknown_code', false)")
        elif _must_be_read(c, contract):
            reasons.append(f"case when {problem} <> 'missing' then {problem} || ':{c.name}' end")
        if required != "true" and not _must_be_read(c, contract):
            nulled.append(f"case when not ({required}) and {problem} <> 'missing' then '{c.name}' end")
    if identified_by_citizen(contract):
        agrees = "citizen_id_agrees(citizen_id, birth_date, sex = 'male')"
        values.append(f"coalesce({agrees}, false) as citizen_id_usable")
        if contract.column("citizen_id").kind == "spine_citizen_id":
            reasons.append(f"case when not {agrees} then 'citizen_id_contradicts:citizen_id' end")
    joined = ", ".join(reasons)
    return f"""
select row_id, delivery_key, r.file_ref, line, raw, malformed,
    {", ".join(values)},
    case when malformed then 'malformed_line' else nullif(concat_ws(';', {joined}), '') end as reasons,
    not malformed and ({" or ".join(unknown) or "false"}) as unknown_code,
    {_names(nulled)} as nulled,
    {_names(restored)} as restored
from {read} as r
join marks as m on m.file_ref = r.file_ref
"""


def _names(parts: list[str]) -> str:
    return f"case when malformed then null else nullif(concat_ws(';', {', '.join(parts)}), '') end" if parts else "null::varchar"
