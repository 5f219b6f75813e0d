"""The cleaning rule of each kind of column, as SQL of the macros in ``cleaning.sql``.

Rules are written over ``g_<column>``, the given text, and for identifiers ``d_<column>``, its text without
what a spreadsheet adds, ``n_<column>``, its number if it is digits alone, and ``l_<column>``, their count.
"""

from __future__ import annotations

from dataclasses import dataclass

from sources.contract import Column, Contract

FEW_WORDS = 4


def text_literals(values: tuple[str, ...]) -> str:
    return ", ".join("'" + v.replace("'", "''") + "'" for v in values)


def _is_one_of(value: str, words: tuple[str, ...]) -> str:
    """That a value is one of the words; a longer ``in`` the engine would make a join, for every row."""
    parts = [words[i : i + FEW_WORDS] for i in range(0, len(words), FEW_WORDS)]
    return f"({' or '.join(f'{value} in ({text_literals(part)})' for part in parts)})"


def _bounds(column: Column, value: str) -> str:
    conditions = [f"{value} > {column.above}"] if column.above is not None else []
    if column.minimum is not None:
        conditions.append(f"{value} >= {column.minimum}")
    if column.maximum is not None:
        conditions.append(f"{value} <= {column.maximum}")
    return f"case when {' and '.join(conditions)} then {value} end" if conditions else value


@dataclass(frozen=True)
class Reading:
    """SQL of one column: its stored values, when it is an unknown code, when zeros were given back."""

    values: dict[str, str]
    unknown_code: str = "false"
    zero_restored: str | None = None
    readable: str | None = None  # when the value counts as read, if that is more than "not null"
    signs: str | None = None  # of numbers: what the signs in a value tell about the column's decimal sign


def _number(column: Column, shortest: int, full: int, type_: str) -> Reading:
    """An identifier of ``full`` digits that may have lost zeros down to ``shortest``."""
    number = f"of_digits(n_{column.name}, l_{column.name}, {shortest}, {full})"
    restored = f"{number} is not null and l_{column.name} < {full}"
    return Reading({column.name: f"{number}::{type_}"}, zero_restored=restored)


def _citizen_id(column: Column) -> Reading:
    name = column.name
    reading = _number(column, 10, 12, "bigint")
    if name != "citizen_id":
        return reading
    former = f"of_digits(n_{name}, l_{name}, 9, 9)"
    return Reading(
        {**reading.values, "former_id": f"{former}::integer"},
        zero_restored=reading.zero_restored,
        readable=f"{name} is not null or former_id is not null",
    )


def _previous_id(column: Column) -> Reading:
    """What a person held before: a 9-digit number, or the citizen ID that this one replaces."""
    name, full = column.name, "previous_citizen_id"
    number, citizen = _number(column, 8, 9, "integer"), f"of_digits(n_{name}, l_{name}, 10, 12)"
    return Reading(
        {**number.values, full: f"{citizen}::bigint"},
        zero_restored=f"({number.zero_restored}) or ({citizen} is not null and l_{name} < 12)",
        readable=f"{name} is not null or {full} is not null",
    )


def _enterprise(column: Column) -> Reading:
    d, n, length = f"d_{column.name}", f"n_{column.name}", f"l_{column.name}"
    number = f"enterprise_number({n}, {length})"
    restored = f"{length} in (9, 11) and {number} is not null"
    if column.kind == "enterprise_code":
        return Reading({"enterprise_id": number}, zero_restored=restored)
    full = f"case when {n} is not null and {length} in (9, 11) then '0' || {d} else {d} end"
    return Reading(
        {"employer_id": number, "employer_code_sent": f"case when {number} is null then {full} end"},
        zero_restored=restored,
        readable="employer_id is not null or employer_code_sent is not null",
    )


def _area(column: Column) -> Reading:
    name, known = column.name, f"k_{column.name}.code"
    if column.kind == "area_code":
        zero = f"length(g_{name}) in (1, 4) and {known} is not null"
        return Reading({name: known}, f"{known} is null", zero)
    longest = 5 if column.kind == "commune_code" else 2
    return Reading(
        {name: f"{known}::integer"},
        unknown_code=f"of_digits(n_{name}, l_{name}, 1, {longest}) is not null and {known} is null",
        zero_restored=f"{known} is not null and l_{name} < {longest}",
    )


def _written_number(column: Column, decimal_comma: str) -> Reading:
    g = f"g_{column.name}"
    if column.kind == "integer":
        return Reading({column.name: _bounds(column, f"whole({g})")})
    if column.takes_thousands:
        return Reading({column.name: _bounds(column, f"amount({g})")})
    plain = f"strlen({g}) <= 3 and is_number({g})"
    signs = f"case when {plain} then 0 else number_signs({g}) end::tinyint"
    return Reading({column.name: _bounds(column, f"number({g}, {decimal_comma})")}, signs=signs)


def reading_of(column: Column, decimal_comma: str = "false") -> Reading:
    """The rule of each kind. ``g`` is the given text; of identifiers ``d`` the text, ``n`` the number, ``l`` its length.

    ``decimal_comma`` is the SQL condition that the comma is the decimal sign of the column in the row's file.
    """
    name, kind = column.name, column.kind
    g, d = f"g_{name}", f"d_{name}"
    match kind:
        case "spine_citizen_id":
            return _number(column, 10, 12, "bigint")
        case "citizen_id":
            return _citizen_id(column)
        case "previous_id":
            return _number(column, 8, 9, "integer")
        case "spine_previous_id":
            return _previous_id(column)
        case "si_number":
            return _number(column, 9, 10, "bigint")
        case "enterprise_code" | "employer_code":
            return _enterprise(column)
        case "commune_code" | "province_code" | "area_code":
            return _area(column)
        case "vsic":
            known = f"k_{name}.division is not null"
            code = f"case when l_{name} = 1 then '0' || {d} else {d} end"
            return Reading(
                {name: f"case when {known} then {code} end"},
                unknown_code=f"not ({known})",
                zero_restored=f"{known} and l_{name} = 1",
            )
        case "vsic_section":
            return Reading({name: f"k_{name}.section"}, unknown_code=f"k_{name}.section is null")
        case "enum":
            as_stated, in_words = (_is_one_of(sql, column.values) for sql in (g, f"word({g})"))
            known = f"case when {as_stated} then {g} when {in_words} then word({g}) end"
            return Reading({name: known}, unknown_code="true")
        case "occupation_group":
            return Reading(
                {name: f"case when digits({g}) glob '[0-9]' then digits({g}) end"}, unknown_code="true"
            )
        case "birth_date":
            return Reading({name: f"birth({g})", "birth_precision": f"birth_precision({g})::tinyint"})
        case "integer" | "decimal":
            return _written_number(column, decimal_comma)
        case "identifier":
            return Reading({name: f"identifier({g})"})
        case "text":
            return Reading({name: g})
    simple = {
        "sex": f"sex_of({g})",
        "sex_or_total": f"coalesce(sex_of({g}), case when word({g}) = 'total' then 'total' end)",
        "date": f"any_date({g})",
        "timestamp": f"moment({g})",
        "month": f"month_number({g})",
        "year": f"case when whole({g}) between 1900 and 2999 then whole({g})::integer end",
        "period": f"case when regexp_full_match(upper(digits({g})), '[0-9]{{4}}(Q[1-4])?') then upper(digits({g})) end",
    }
    if kind in simple:
        return Reading({name: simple[kind]})
    raise ValueError(f"column {name}: unknown kind {kind}")


NUMBERED_KINDS = {
    "spine_citizen_id", "citizen_id", "previous_id", "spine_previous_id", "si_number", "enterprise_code", "employer_code",
    "commune_code", "province_code", "vsic",
}  # fmt: skip


def lookups(contract: Contract) -> str:
    """Joins to the code lists in force: in the delivery's month, or in the row's own version."""
    version = "case when g_vsic_version in ('2018', '2025') then g_vsic_version else '2018' end"
    joins = []
    for c in contract.columns:
        alias, g, d, n, length = f"k_{c.name}", f"g_{c.name}", f"d_{c.name}", f"n_{c.name}", f"l_{c.name}"
        if c.kind in ("commune_code", "province_code"):
            level, longest = ("commune", 5) if c.kind == "commune_code" else ("province", 2)
            joins.append(
                "left join (select area_version::bigint * 100000 + code::bigint as place, code::integer as code"
                f" from areas where level = '{level}') as {alias}"
                f" on {alias}.place = r.list_version * 100000 + of_digits({n}, {length}, 1, {longest})"
            )
        elif c.kind == "area_code":
            joins.append(
                f"left join (select area_version, code from areas union all"
                f" select distinct area_version, 'VN' from areas) as {alias} on {alias}.area_version = g_area_version"
                f" and {alias}.code = case when length({g}) in (1, 4) then '0' || {g} else upper({g}) end"
            )
        elif c.kind == "vsic":
            division = f"case when {n} is null then null when {length} = 1 then '0' || {d} when {length} <= 5 then left({d}, 2) end"
            joins.append(
                f"left join divisions as {alias} on {alias}.division = {division} and {alias}.version = {version}"
            )
        elif c.kind == "vsic_section":
            joins.append(
                f"left join (select distinct version, section from divisions) as {alias}"
                f" on {alias}.section = upper({g}) and {alias}.version = {version}"
            )
    return "\n".join(joins)
