"""What ``labourdb status`` tells: deliveries by source, what was left out, the current release."""

from __future__ import annotations

from typing import Any

from orchestration.home import Home
from orchestration.run.notes import protection
from orchestration.settings import load_settings
from releases.release import current_release
from releases.withdraw import withdrawals
from sources.contract import all_sources
from sources.ingest.landing import find_deliveries
from sources.restricted.database import DATABASE, restricted_database


def home_status(home: Home) -> dict[str, Any]:
    """Facts of a home; raises ``LabourdbError`` if it has no landing area or a run is going on.

    ``protection`` is what the current release says; where none stands, what one made under these settings would say.
    """
    home.require_landing()
    deliveries, strange = find_deliveries(home.landing)
    known: dict[tuple[str, int], tuple[str, str | None]] = {}
    counts: dict[str, tuple[int, int, int]] = {}
    if (home.restricted / DATABASE).exists():
        with home.locked(), restricted_database(home.restricted) as connection:
            for source, key, state, problem in connection.execute(
                "select source, delivery_key, state, problem from landing.deliveries"
            ).fetchall():
                known[(source, key)] = (state, problem)
            for source, rows, accepted, quarantined in connection.execute(
                "select source, coalesce(sum(rows_read), 0)::bigint, coalesce(sum(accepted), 0)::bigint,"
                " coalesce(sum(quarantined), 0)::bigint from landing.files group by source"
            ).fetchall():
                counts[source] = (rows, accepted, quarantined)
    release = current_release(home.releases)
    manifest = release.manifest if release else None
    sources = []
    for source in all_sources():
        mine = [d for d in deliveries if d.source == source]
        rows, accepted, quarantined = counts.get(source, (0, 0, 0))
        sources.append(
            {
                "source": source,
                "deliveries": len(mine),
                "not_ingested": sum((d.source, d.key) not in known for d in mine),
                "first": mine[0].period if mine else None,
                "last": mine[-1].period if mine else None,
                "rows_read": rows,
                "accepted": accepted,
                "quarantined": quarantined,
            }
        )
    refused = [
        {"folder": d.name, "disposition": "refused", "because": known[(d.source, d.key)][1]}
        for d in deliveries
        if known.get((d.source, d.key), ("", None))[0] == "refused"
    ]
    held = [
        {"folder": d["folder"], "disposition": "held", "because": d["because"]}
        for d in (manifest["inputs"] if manifest else [])
        if d["disposition"] == "held"
    ]
    return {
        "home": str(home.root),
        "current_release": release.id if release else None,
        "withdrawn": [
            {"release": name, **vars(withdrawal)}
            for name, withdrawal in sorted(withdrawals(home.releases).items())
        ],
        "protection": manifest["protection"] if manifest else protection(load_settings(home.settings)),
        "synthetic": manifest["synthetic"] if manifest else None,
        "sources": sources,
        "left_out": refused + held,
        "not_recognised": strange,
    }
