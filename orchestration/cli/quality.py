"""``labourdb quality``: the short form of a release's quality report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from orchestration.cli import console
from orchestration.cli.app import HomeOption, JsonOption, app, guarded, home_of
from orchestration.home import Home
from releases.pages import words
from sources.errors import UsageError

OUTCOMES = ("passed", "stops", "waived", "warns", "not_applicable", "errors")


@app.command()
@guarded
def quality(
    release: Annotated[
        str | None,
        typer.Argument(metavar="[RELEASE]", help="The release, as 2025Q4.1.", show_default="the current one"),
    ] = None,
    stopped: Annotated[
        bool,
        typer.Option("--stopped", help="Of the last run, which gate 2 or 3 stopped, instead of a release."),
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """How good a release is: verdict, gates, what was left out and why, failed checks, links, coverage, waivers.

    Of a stopped run, the deliveries that moved most what stopped it.
    """
    from releases.quality.facts import facts_of
    from releases.release import REPORT, find_release, standing_release
    from releases.withdraw import withdrawals

    if stopped:
        _quality_of_stop(home_of(home), release, as_json)
        return
    folder = home_of(home).releases
    found = find_release(folder, release) if release else standing_release(folder)
    facts = facts_of(found.path)
    withdrawn = withdrawals(folder).get(found.id)
    reason = withdrawn.reason if withdrawn else None
    if as_json:
        console.print_json(facts | {"withdrawn": reason, "report": str(found.path / REPORT)})
    else:
        render_quality(facts, found.path / REPORT, reason)


def _quality_of_stop(home: Home, release: str | None, as_json: bool) -> None:
    """The same of a run that published nothing; raises ``UsageError`` if the last one did, or a release is named too."""
    if release is not None:
        raise UsageError("Name a release or --stopped, not both: a stopped run has no release.")
    if not home.stopped_facts.exists():
        raise UsageError("The last run was not stopped by gate 2 or 3: there is nothing to tell of one.")
    facts = json.loads(home.stopped_facts.read_text(encoding="utf-8"))
    if as_json:
        console.print_json(facts | {"withdrawn": None, "report": str(home.stopped_report)})
    else:
        render_quality(facts, home.stopped_report, None)


def render_quality(facts: Mapping[str, Any], report: Path, withdrawn: str | None) -> None:
    """Print verdict, gates, what was left out, what failed, links, coverage and waivers, and where the page lies."""
    what = "Stopped run for" if facts["stopped"] else "Release"
    console.out.print(f"{what} {facts['release']}  {console.banner(dict(facts))}", highlight=False)
    if withdrawn is not None:
        _say(f"Withdrawn: {withdrawn}")
    _say(f"{facts['verdict']['vi']}\n{facts['verdict']['en']}")
    gates = [
        [words.GATES[g["gate"]][1], f"{g['checks']:,}", *(f"{g[o]:,}" for o in OUTCOMES)]
        for g in facts["gates"]
    ]
    columns = ("gate", "checks", "passed", "blocks", "waived", "warnings", "not applicable", "not measured")
    console.out.print(console.table("Gates", columns, gates, numeric=columns[1:]))
    for d in facts["left_out"]:
        then = f"{d['in_force']} is in use" if d["settled"] else f"mend it and send it as {d['send_as']}"
        _say(f"Left out: {d['folder']} {d['disposition']}: {d['because']} ({then})")
    for s in facts["missing_sources"]:
        _say(f"Missing source: {s['source']} ({s['title_vi']})")
    for s in facts["column_fill"]:
        for c in s["columns"]:
            for lost in c["lost"]:
                now, before = _share(lost["share"]), _share(lost["before"])
                _say(
                    f"Column lost: {s['source']}.{c['column']} in {lost['month']}: {now} %, {before} % before"
                )
    _failed(facts)
    if facts["stopped"]:
        _moved(facts)
    else:
        _linked(facts)
        _covered(facts)
    for w in facts["waivers"]:
        used = ", ".join(w["waived"]) or "not needed"
        _say(f"Waiver: {w['check']}: {w['reason']}; {w['person']}, until {w['expires']}: {used}")
    _say(f"Report:  {report}")


def _say(text: str) -> None:
    console.out.print(text, markup=False, highlight=False)


def _failed(facts: Mapping[str, Any]) -> None:
    """Every check that failed and does not merely tell why a delivery was left out."""
    rows = [
        [
            escape(c["check_id"]),
            escape(line["object"]),
            _rows_failed(line),
            f"{line['rows_checked']:,}",
            words.OUTCOMES[line["outcome"]][1],
            escape(c["why"]),
        ]
        for c in facts["checks"]
        for line in c["lines"]
        if line["outcome"] in ("waived", "warns") or (line["outcome"] == "stops" and c["gate"] != "delivery")
    ]
    if rows:
        columns = ("check", "object", "failed", "of rows", "outcome", "why")
        console.out.print(console.table("Checks that failed", columns, rows, numeric=("failed", "of rows")))


def _moved(facts: Mapping[str, Any]) -> None:
    """The deliveries behind each check that stopped a run."""
    for c in facts["checks"]:
        for line in c["lines"]:
            if line.get("culprits"):
                _say(f"{c['check_id']} on {line['object']}:")
                _say("\n".join(f"  {text}" for text in words.moved_most(line["culprits"])))


def _rows_failed(line: Mapping[str, Any]) -> str:
    """Published to the nearest five: of a check that failed, 0 may be one or two."""
    if line["rows_failed"] is None:
        return "–"
    return f"{line['rows_failed']:,}" if line["rows_failed"] else "< 5"


def _linked(facts: Mapping[str, Any]) -> None:
    rows = [
        [s["source"], f"{s['rows']:,}", f"{s['unlinked']:,}", _share(s["share"]), _share(s["bound"])]
        for s in facts["linkage"]["sources"]
    ]
    columns = ("source", "rows", "unlinked", "linked %", "gate asks for %")
    console.out.print(console.table("Linkage", columns, rows, numeric=columns[1:]))


def _covered(facts: Mapping[str, Any]) -> None:
    rows = [
        [a["area_version"], escape(str(a["area_name"] or a["area_code"])), _share(a["value"]), a["status"]]
        for a in facts["coverage"]["areas"]
    ]
    columns = ("area list", "area", "status known %", "cell")
    console.out.print(
        console.table(f"Coverage, {facts['period']}", columns, rows, numeric=("status known %",))
    )


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
