"""What changed since the last release: figures as people read them, by place, then the reasons that the release itself gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from releases.pages.words import Pair
from releases.release import Release, standing_releases
from releases.site import findings
from releases.site.context import Site
from releases.tables import rows_of

MOST = 60  # rows of a place
_CHANGED = """
select n.area_code || '@' || n.area_version as area, n.basis, n.indicator, n.period, n.unit, o.value as old, n.value as new
from indicators as n
inner join read_parquet($before) as o using (basis, indicator, area_version, area_level, area_code, period, sex, age_group, urban_rural)
where n.sex = 'total' and n.age_group = 'total' and n.urban_rural = 'total' and n.area_level in ('country', 'province', 'district')
    and o.value is not null and n.value is not null
    and round(o.value, if(n.unit like 'percent%', 1, 0)) <> round(n.value, if(n.unit like 'percent%', 1, 0))
order by area, n.basis, n.indicator, n.period
"""


@dataclass(frozen=True)
class Changes:
    """Changes by place; ``before`` is the release compared with, None in a first one."""

    before: str | None = None
    rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def said(self) -> Pair:
        """In a sentence, how many figures changed."""
        if self.before is None:
            return ("Bản đầu tiên, chưa có gì để so.", "The first release: nothing to compare with.")
        n = sum(len(found) for found in self.rows.values())
        if not n:
            return findings.say(
                "Không số liệu nào thay đổi so với bản {id}.", "No figure changed since {id}.", id=self.before
            )
        return findings.say(
            "{n} số liệu của cả nước, tỉnh và huyện thay đổi so với bản {id}.", "{n} figures of country, provinces and districts changed since {id}.", "{n} figure of country, provinces and districts changed since {id}.",
            n=findings.Amount(n), id=self.before,
        )  # fmt: skip

    def of(self, area: str) -> Pair:
        """In a sentence, how many figures of a place changed."""
        if self.before is None:
            return self.said
        n = len(self.rows.get(area, ()))
        if not n:
            return findings.say("Không số liệu nào của nơi này thay đổi so với bản {id}.", "No figure of this place changed since {id}.", id=self.before)  # fmt: skip
        return findings.say("{n} số liệu của nơi này thay đổi so với bản {id}.", "{n} figures of this place changed since {id}.", "{n} figure of this place changed since {id}.", n=n, id=self.before)  # fmt: skip


def changes_since(
    connection: duckdb.DuckDBPyConnection, release: Path, manifest: Mapping[str, Any]
) -> Changes:
    """Changes of the headline figures against the release before: of the period, else the last that stands."""
    standing = [r for r in standing_releases(release.parent) if r.id != manifest["release_id"]]
    named = [r for r in standing if r.id == manifest["previous_release"]]
    before = next(reversed(named or standing), None)
    if before is None or "indicators" not in before.manifest.get("tables", {}):
        return Changes()
    found: dict[str, list[Mapping[str, Any]]] = {}
    try:
        rows = rows_of(connection, _CHANGED, {"before": str(before.path / "tables/indicators.parquet")})
    except duckdb.Error:  # one of an earlier version, which tells rows apart otherwise
        return Changes()
    for row in rows:
        digits = 1 if row["unit"].startswith("percent") else 0
        found.setdefault(row["area"], []).append({**row, "digits": digits})
    return Changes(before.id, found)


def write_changes(site: Site, changes: Changes, release: Path) -> None:
    """Write ``releases.html``: what changed by place, why, and the releases there are."""
    title = ("Các bản công bố và thay đổi", "Releases and changes")
    shown = [
        {"area": area, "name": site.places[area].name, "rows": rows[:MOST]}
        for area, rows in changes.rows.items() if area in site.places
    ]  # fmt: skip
    here: list[Release] = [
        r for r in standing_releases(release.parent) if r.id != site.manifest["release_id"]
    ]
    listed = [{"id": r.id, "published_at": r.manifest.get("published_at"), "is_here": False} for r in here]
    listed.append(
        {"id": site.manifest["release_id"], "published_at": site.manifest["published_at"], "is_here": True}
    )
    site.page(
        "releases.html", "releases.html", "methods", title, changes.said,
        changed=changes.said, diff={"changes": shown, "reasons": _reasons(site)} if changes.before else None,
        earlier=listed[::-1],
    )  # fmt: skip


def _reasons(site: Site) -> list[Pair]:
    """What a release says of itself that may move figures: deliveries that were replaced or held, late rows, waivers."""
    said: list[Pair] = []
    for disposition, vi, en in (
        ("replaced", "thay thế", "replaced"),
        ("held", "giữ lại", "held"),
        ("refused", "từ chối", "refused"),
    ):
        folders = [i["folder"] for i in site.manifest["inputs"] if i["disposition"] == disposition]
        if folders:
            said.append(findings.say(
                "{n} đợt gửi bị {what}: {names}.", "{n} deliveries {what}: {names}.", "{n} delivery {what}: {names}.", n=len(folders), what=(vi, en),
                names=", ".join(folders[:8]) + (" …" if len(folders) > 8 else ""),
            ))  # fmt: skip
    if site.manifest["waivers"]:
        said.append(
            findings.say(
                "{n} phép kiểm tra được miễn trừ.",
                "{n} checks were waived.",
                "{n} check was waived.",
                n=len(site.manifest["waivers"]),
            )
        )
    return said
