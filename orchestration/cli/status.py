"""``labourdb status``: deliveries by source, what was left out, the current release."""

from __future__ import annotations

from typing import Any

from orchestration.cli import console
from orchestration.cli.app import HomeOption, JsonOption, app, guarded, home_of


@app.command()
@guarded
def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """What has arrived, what was left out and why, and which release is current."""
    from orchestration.tasks.status import home_status

    facts = home_status(home_of(home))
    if as_json:
        console.print_json(facts)
    else:
        render(facts)


def render(facts: dict[str, Any]) -> None:
    """Print the facts for people."""
    columns = (
        "source",
        "deliveries",
        "not_ingested",
        "first",
        "last",
        "rows_read",
        "accepted",
        "quarantined",
    )
    rows = [[f"{s[c]:,}" if isinstance(s[c], int) else s[c] for c in columns] for s in facts["sources"]]
    console.out.print(
        console.table(f"Deliveries in {facts['home']}", columns, rows, numeric=columns[1:3] + columns[5:])
    )
    for item in facts["left_out"]:
        console.out.print(
            f"Left out: {item['folder']} {item['disposition']}: {item['because']}",
            markup=False,
            highlight=False,
        )
    for note in facts["not_recognised"]:
        console.out.print(f"Not read: {note}", markup=False, highlight=False)
    for item in facts["withdrawn"]:
        console.out.print(
            f"Withdrawn: {item['release']} by {item['by']} at {item['at']}: {item['reason']}",
            markup=False,
            highlight=False,
        )
    release = facts["current_release"]
    console.out.print(
        f"Current release: {release or ('none stands' if facts['withdrawn'] else 'none yet')}  {console.banner(facts) if release else facts['protection']}",
        highlight=False,
    )
