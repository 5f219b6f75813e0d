"""Typed rows of the landing area's files: one table a source, columns under short names."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import duckdb

# of each source: the short name of each column in the order of its csv files, and its name in other formats
_PERSON = "cid=citizen_id name=full_name birth=birth_date sex=sex"
COLUMNS = {
    source: [tuple(pair.split("=")) for pair in pairs.replace("PERSON", _PERSON).split()]
    for source, pairs in {
        "population": "cid=citizen_id prev=previous_id name=full_name birth=birth_date sex=sex eth=ethnicity_code"
        " com=commune_code hh=household_id life=life_status sd=status_date upd=updated_at",
        "social_insurance": "si=si_number PERSON emp=employer_code mon=month scheme=scheme ui=unemployment_insured"
        " wage=wage_base occ=occupation_group prov=managing_province_code stat=contribution_status",
        "labour_register": "PERSON com=commune_code day=surveyed_on act=activity es=employment_status sec=vsic_section"
        " ver=vsic_version occ=occupation_group hrs=weekly_hours more=wants_more_hours avail=available why=inactive_reason"
        " since=unemployed_since lvl=technical_level poor=poor_household near=near_poor_household dis=disabled",
        "training": "inst=institution_code rec=record_no cid=citizen_id prev=previous_id name=full_name birth=birth_date"
        " sex=sex prog=programme field=field_code lvl=level kind=kind beg=started_on fin=ended_on out=outcome"
        " cert=certificate_no emp=employer_code",
        "enterprises": "ent=enterprise_code name=name form=legal_form own=ownership vsic=main_vsic ver=vsic_version"
        " com=commune_code zone=industrial_zone stat=status reg=registered_on nemp=registered_employees"
        " own_id=owner_citizen_id upd=updated_at",
        "unemployment_benefits": "PERSON no=decision_no beg=starts_on fin=ends_on",
        "job_seekers": "PERSON no=registration_no beg=registered_on fin=closed_on occ=desired_occupation_group"
        " lvl=technical_level prov=province_code",
        "overseas_contracts": "PERSON no=contract_no cc=country_code beg=left_on fin=returned_on occ=occupation_group",
    }.items()
}  # fmt: skip
LINKED = [s for s in COLUMNS if s not in ("population", "enterprises")]  # of persons that are to be found


def _person(nine: str = "") -> str:
    return (
        "case when length(cid) between 10 and 12 then try_cast(cid as bigint) end as cid,"
        f" case when length(cid) = 9 then try_cast(cid as int) {nine} end as p9, name, day_of(birth) as birth,"
        " sex in ('Nam', 'male', 'M', '1') as m"
    )


_EPISODE = f"{_person()}, no, day_of(beg) as beg, day_of(fin) as fin"
TYPED = {
    "population": f"{_person()}, try_cast(prev as int) as prev, try_cast(com as int) as com, hh, life, day_of(sd) as sd,"
    " moment_of(upd) as upd",
    "social_insurance": f"try_cast(si as bigint) as si, {_person()},"
    " case when length(emp) between 9 and 13 then try_cast(emp as bigint) end as emp,"
    " (try_cast(mon[1:4] as int) * 12 + try_cast(mon[6:7] as int) - 1)::int as mon, scheme = 'compulsory' as comp,"
    " truth_of(ui) as ui, try_cast(wage as int) as wage, try_cast(occ as tinyint) as occ,"
    " try_cast(prov as smallint) as prov, stat",
    "labour_register": f"{_person()}, try_cast(com as int) as com, day_of(day) as day, act, sec, ver,"
    " try_cast(hrs as float) as hrs, truth_of(more) as more, truth_of(avail) as avail, lvl, es, occ, why, since,"
    " truth_of(poor) as poor, truth_of(near) as near, truth_of(dis) as dis",
    "training": f"inst, rec, {_person('else try_cast(prev as int)')}, field, lvl, kind, day_of(beg) as beg,"
    " day_of(fin) as fin, out, cert is not null as cert, prog",
    "enterprises": "try_cast(ent as bigint) as ent, name, length(ent) as len, form, own, vsic, ver,"
    " try_cast(com as int) as com, zone, stat, day_of(reg) as reg, try_cast(nemp as int) as nemp,"
    " try_cast(own_id as bigint) as own_id, moment_of(upd) as upd",
    **dict.fromkeys(("unemployment_benefits", "job_seekers", "overseas_contracts"), _EPISODE),
}


def read(connection: duckdb.DuckDBPyConnection, landing: Path, source: str) -> None:
    """Make the table of a source: of each month the latest revision; ``per`` is its month, ``ver24`` its list of areas."""
    folders = sorted((landing / source).iterdir(), key=lambda f: (f.name[:7], int(f.name[9:] or 1)))
    latest = {folder.name[:7]: folder for folder in folders}
    made = False
    for period, folder in latest.items():
        month = int(period[:4]) * 12 + int(period[5:7]) - 1
        for path in sorted(p for p in folder.iterdir() if p.suffix != ".json"):
            into = f"insert into {source} by name" if made else f"create table {source} as"
            connection.execute(
                f"{into} select {TYPED[source]}, {month}::smallint as per,"
                f" {2025 if period >= '2025-07' else 2024}::smallint as ver24"
                f" from {_relation(connection, path, COLUMNS[source])}"
            )
            made = True


def _relation(connection: duckdb.DuckDBPyConnection, path: Path, columns: list[Any]) -> str:
    """SQL of a file's rows as text, columns under their short names."""
    place = "'" + str(path).replace("'", "''") + "'"
    if path.suffix == ".parquet":
        named = ", ".join(f"{long}::varchar as {short}" for short, long in columns)
        return f"(select {named} from read_parquet({place}))"
    if ".jsonl" in path.name:
        named = ", ".join(f"{long} as {short}" for short, long in columns)
        types = ", ".join(f"'{long}': 'VARCHAR'" for _, long in columns)
        return (
            f"(select {named} from read_json({place}, format = 'newline_delimited', columns = {{{types}}}))"
        )
    if path.suffix == ".xlsx":
        connection.register("sheet", _sheet(path, [short for short, _ in columns]))
        return "sheet"
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        head = stream.readline().decode("utf-8-sig")
    types = ", ".join(f"'{short}': 'VARCHAR'" for short, _ in columns)
    mark = max(",;\t|", key=head.count)
    return (
        f"read_csv({place}, auto_detect = false, delim = '{mark}', quote = '\"', escape = '\"', header = true,"
        f" columns = {{{types}}}, ignore_errors = true, nullstr = '')"
    )


def _sheet(path: Path, columns: list[str]) -> Any:
    import pyarrow as pa
    from python_calamine import CalamineWorkbook

    def text(value: Any) -> str | None:
        if value == "":
            return None
        if isinstance(value, float) and value == int(value):
            return str(int(value))
        return value.isoformat() if hasattr(value, "isoformat") else str(value)

    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[1:]
    values = zip(*rows, strict=True)
    return pa.table(
        {c: pa.array([text(v) for v in each], pa.string()) for c, each in zip(columns, values, strict=False)}
    )
