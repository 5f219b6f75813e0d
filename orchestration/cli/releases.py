"""``labourdb releases``: every release, newest last."""

from __future__ import annotations

from rich.markup import escape

from orchestration.cli import console
from orchestration.cli.app import HomeOption, JsonOption, app, guarded, home_of


@app.command()
@guarded
def releases(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Every release, newest last, and which are withdrawn."""
    from releases.release import current_release, list_releases
    from releases.withdraw import withdrawals

    folder = home_of(home).releases
    current = current_release(folder)
    withdrawn = withdrawals(folder)
    rows = []
    for release in list_releases(folder):
        manifest = release.manifest
        held = sum(d["disposition"] in ("held", "refused") for d in manifest["inputs"])
        rows.append(
            {
                "release": release.id,
                "current": current is not None and current.id == release.id,
                "withdrawn": withdrawn[release.id].reason if release.id in withdrawn else None,
                "published_at": manifest["published_at"],
                "protection": manifest["protection"],
                "synthetic": manifest["synthetic"],
                "deliveries": len(manifest["inputs"]),
                "left_out": held,
                "path": str(release.path),
            }
        )
    if as_json:
        console.print_json(rows)
    elif not rows:
        console.out.print("No release yet. Make one with `labourdb run --as-of YYYYQn`.", highlight=False)
    else:
        names = (
            "release",
            "current",
            "published_at",
            "protection",
            "synthetic",
            "deliveries",
            "left_out",
            "withdrawn",
        )
        words = {True: "yes", False: "", None: ""}
        shown = [
            [escape(str(words[r[n]] if isinstance(r[n], bool | None) else r[n])) for n in names] for r in rows
        ]
        console.out.print(console.table("Releases", names, shown))
