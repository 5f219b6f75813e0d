"""What the release site needs from outside the release."""

from __future__ import annotations

from orchestration.dbt.dictionary import dictionary
from orchestration.home import SEEDS
from releases.site.reference import Reference
from sources.engine import connect


def site_reference() -> Reference:
    """The dictionary, every area of both lists, and which provinces were merged."""
    with connect() as connection:
        areas = connection.execute(
            "select a.area_version::varchar as area_version, a.code as area_code, a.level as area_level, a.name as area_name,"
            " a.parent_code, coalesce(d.parent_code, a.parent_code, a.code) as province_code"
            " from read_csv($areas, all_varchar = true) as a"
            " left join read_csv($areas, all_varchar = true) as d"
            " on d.level = 'district' and a.area_version = d.area_version and a.parent_code = d.code",
            {"areas": str(SEEDS / "areas.csv")},
        ).df()
        merged = connection.execute(
            "select distinct new_province_code as province_2025, old_province_code as province_2024"
            " from read_csv($changes, all_varchar = true) order by all",
            {"changes": str(SEEDS / "area_changes.csv")},
        ).df()
    return Reference(dictionary(), areas, merged)
