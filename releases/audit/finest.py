"""From a published cell of the register to the finest counts that it is the sum of, and the noise in them (SPEC §5, §8)."""

from __future__ import annotations

import duckdb

from releases.audit.cell import SUPPRESSED, CellKey
from releases.audit.walk import Proof, Terms
from releases.tables import Row, rows_of
from sources.errors import LabourdbError

TERMS = ("numerator", "denominator")
AS_TEXT = {
    "district": "lpad(district_{v}::varchar, 3, '0')",
    "commune": "coalesce(lpad(commune_{v}::varchar, 5, '0'), lpad(province_{v}::varchar, 2, '0') || ':unallocated')",
}


def as_counted(warehouse: duckdb.DuckDBPyConnection, key: CellKey) -> Row:
    """A cell of the register before disclosure control; raises ``LabourdbError`` if the warehouse has none."""
    found = rows_of(
        warehouse,
        "select numerator, denominator, value, status from labour.candidates.indicators where "
        + " and ".join(f"{k} = ?" for k in vars(key)),
        list(vars(key).values()),
    )
    if not found:
        raise LabourdbError("The warehouse has no such cell as counted. Run again, and explain it then.")
    return found[0]


def finest_counts(
    warehouse: duckdb.DuckDBPyConnection, cell: Row, counted: Row, terms: Terms, proof: Proof
) -> Row:
    """How many finest counts a published cell is the sum of, and the noise in them all: published less ``counted``.

    Proves that the published figures are their sums, and that the value is made of these. After ``releases.audit.walk.gather``.
    """
    if cell["status"] == "not_available":
        return {"finest_counts": 0, **dict.fromkeys(TERMS)}
    version, level = cell["area_version"], cell["area_level"]
    quarter = "quarter in (select quarter from this_quarter)"
    if level in AS_TEXT:
        source = f"labour.disclosure.changed_communes where {AS_TEXT[level].format(v=version)} = $code"
    else:
        source = (
            "labour.disclosure.changed_provinces inner join labour.cells.age_groups using (age_class)"
            " where age_group = $age_group and sex in ($sex, if($sex = 'total', sex, null))"
            " and urban_rural in ($urban_rural, if($urban_rural = 'total', urban_rural, null))"
            + ("" if cell["area_code"] == "VN" else f" and province_{version} in (select province from cell_provinces)")
        )  # fmt: skip
    given = {"code": cell["area_code"]} if level in AS_TEXT else {
        n: cell[n] for n in ("age_group", "sex", "urban_rural")
    }  # fmt: skip
    [found] = rows_of(
        warehouse,
        f"select count(*) as finest_counts, sum({terms.numerator})::bigint as numerator,"
        f" {f'sum({terms.denominator})::bigint' if terms.denominator else 'null'} as denominator from {source} and {quarter}",
        given,
    )
    for term in TERMS:
        proof.equal(f"published {term}, the sum of finest counts", cell[term], found[term], public=True)
    if terms.kind == "median":
        _median(warehouse, cell, counted, quarter, proof)
    else:
        below = found["denominator"]
        value = float(found["numerator"]) if terms.kind == "count" else None
        if below:
            value = 100.0 * found["numerator"] / below
        proof.equal("published value", cell["value"], value, public=True)
    noise = {t: None if cell[t] is None else cell[t] - counted[t] for t in TERMS}
    return {"finest_counts": found["finest_counts"], **noise}


def _median(
    warehouse: duckdb.DuckDBPyConnection, cell: Row, counted: Row, quarter: str, proof: Proof
) -> None:
    """The published median is the one that may be shown, and this the exact one, rounded."""
    alike = ("area_version", "area_level", "area_code", "sex", "age_group", "urban_rural")
    found = rows_of(
        warehouse,
        f"select median_wage, is_hidden from labour.disclosure.shown_medians where {quarter} and "
        + " and ".join(f"{k} = ?" for k in alike),
        [cell[k] for k in alike],
    )
    shown = found[0] if found else {"median_wage": None, "is_hidden": False}
    proof.equal("published value", cell["value"], shown["median_wage"], public=True)
    proof.equal("whether it is suppressed", cell["status"] == SUPPRESSED, shown["is_hidden"], public=True)
    if cell["value"] is not None:
        far = abs(cell["value"] - counted["value"]) * 200 > counted["value"]
        proof.equal(
            "published medians further than three digits from the exact one", 0, int(far), public=True
        )
