"""What `labourdb explain` prints for people: one number, step by step back to the files (SPEC §8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.markup import escape

from orchestration.cli import console

SHOWN = 12  # files a table lists; --json has all
ROLES = {
    "residence": "Who is resident: the population record in force, one row a person",
    "status": "What decided the status: one row a person",
    "condition": "What puts a person into the count beyond the status: one row a person",
}
CAUSES = {
    "late_data": "late data",
    "corrected_data": "corrected data",
    "later_months": "months after its cut-off",
    "admitted_data": "held or refused then, used now",
    "no_longer_used": "used then, not now",
}


def broken(document: dict[str, Any]) -> list[str]:
    """What does not add up, in words; nothing if everything does."""
    wrong = [line for line in document.get("proof", []) if not line["closes"]]
    if not wrong:
        return []
    told = [
        f"  {line['what']}"
        + (
            ""
            if line["expected"] is None
            else f": {_said(line['found'])} where {_said(line['expected'])} is expected"
        )
        for line in wrong
    ]
    return [
        f"The figures do not add up; this explanation must not be relied on. {len(wrong)} comparison(s) fail:",
        *told,
    ]


def render_explain(document: dict[str, Any]) -> None:
    """Print the document of ``orchestration.tasks.explain``."""
    cell, walk = document["cell"], document["walk"]
    console.out.print(f"{escape(_title(document))}  {console.banner(document)}", highlight=False)
    _print(f"Published: {_figure(cell)}")
    if document["why"]:
        _print(document["why"])
    if "as_counted" in document:
        _as_counted(document)
    definition = document["definition"]
    if definition:
        _print(f"{definition['definition_en']}\n{definition['definition_vi']}")
    if document["missing_sources"]:
        _print(f"Not delivered at all: {', '.join(document['missing_sources'])}; its steps are skipped.")
    if not walk["possible"]:
        console.out.print(
            f"\n[yellow]Not walked back to persons and rows:[/yellow] {escape(walk['why'])}", highlight=False
        )
    if "persons" in document:
        _persons(document["persons"])
        for role, files in document["deliveries"].items():
            _files(role, files)
    if "official" in document:
        _official(document["official"])
    _inputs(document["inputs"])
    if "left_out" in document:
        _left_out(document["left_out"])
    _checks(document["checks"])
    _history(document["history"])
    if walk["possible"] and document["closes"]:
        _print(f"\nEverything adds up: {len(document['proof'])} comparisons.")
    if document.get("counts") == "to the nearest 5" and cell["basis"] == "register":
        _print(
            "Published figures carry noise; numbers of persons and rows in tables 1, 2 and 4 are to the nearest 5, and what"
            " then is 0 is left out. --restricted shows the exact ones, and is logged."
        )


def _print(text: str) -> None:
    console.out.print(text, markup=False, highlight=False)


def _title(document: dict[str, Any]) -> str:
    cell = document["cell"]
    cuts = ", ".join(
        f"{n.replace('_', ' ')} {cell[n]}" for n in ("sex", "age_group", "urban_rural") if cell[n] != "total"
    )
    definition = document.get("definition") or {}
    named = f" ({definition['name_en']} / {definition['name_vi']})" if definition else ""
    return (
        f"{cell['indicator']}{named}, {cell['basis']}, {cell['period']}, {cell['area_name']} {cell['area_code']}"
        f" (list of {cell['area_version']}){f', {cuts}' if cuts else ''}\nRelease {document['release']}."
    )


def _figure(cell: dict[str, Any]) -> str:
    parts = f"{_said(cell['value'])} {cell['unit']}, {cell['status']}"
    if cell["denominator"] is not None:
        parts += f": numerator {_said(cell['numerator'])}, denominator {_said(cell['denominator'])}"
    if cell["ci_low"] is not None or cell["ci_high"] is not None:
        parts += f", 95 % interval {_said(cell['ci_low'])} to {_said(cell['ci_high'])}"
    return parts


def _as_counted(document: dict[str, Any]) -> None:
    """The exact figure, and how much of the published one is noise."""
    counted, noise, cell = document["as_counted"], document["noise"], document["cell"]
    _print(f"As counted: {_figure({**cell, **counted})}")
    if document["figures"] == "noisy" and noise["numerator"] is not None:
        below = "" if noise["denominator"] is None else f", of the denominator {noise['denominator']:+,}"
        _print(
            f"The published figure is the sum of {noise['finest_counts']:,} finest counts; their noise together is"
            f" {noise['numerator']:+,}{below}."
        )


def _said(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.6f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)


def _table(title: str, rows: Sequence[dict[str, Any]], texts: Sequence[str], numbers: Sequence[str]) -> None:
    if not rows:
        return
    shown = [
        [*(escape(_said(r[t])) if r[t] is not None else "" for t in texts), *(_said(r[n]) for n in numbers)]
        for r in rows
    ]
    heads = [n.replace("_", " ") for n in (*texts, *numbers)]
    console.out.print(console.table(title, heads, shown, numeric=heads[len(texts) :]))


def _persons(people: dict[str, Any]) -> None:
    below = people["counted_as"]["denominator"]
    numbers = ("persons", "in_numerator", *(["in_denominator"] if below else []))
    total = {
        "source": "all",
        "status": "",
        **{n: people[n] for n in numbers},
    }
    rows = [*people["by_source"], total]
    counted = f"numerator: {people['counted_as']['numerator']}" + (f", denominator: {below}" if below else "")
    _table(
        f"1. Residents aged 15+ by what decided their status ({counted})", rows, ("source", "status"), numbers
    )


def _files(role: str, files: list[dict[str, Any]]) -> None:
    ordered = sorted(files, key=lambda f: -f["rows"])
    shown = [
        {**f, "decided": f["decides"], "sha256": f"{f['sha256'][:12]}…", "delivery": f["folder"]}
        for f in ordered[:SHOWN]
    ]
    rest = ordered[SHOWN:]
    if rest:
        shown.append({"delivery": f"{len(rest)} more files", "file": "", "sha256": "", "decided": "",
                      **{c: sum(f[c] for f in rest) for c in ("rows", "in_numerator")}})  # fmt: skip
    texts = ("delivery", "file", "sha256", *(["decided"] if role == "status" else []))
    _table(f"2. {ROLES[role]}", shown, texts, ("rows", "in_numerator"))


def _official(official: dict[str, Any]) -> None:
    if official["formula"]:
        _print(f"Derived: {official['formula']}")
    rows = [{**r, "delivery": r["folder"], "sha256": f"{r['sha256'][:12]}…"} for r in official["rows"]]
    texts = ("indicator", "period", "unit", "published_by", "published_on", "delivery", "file", "sha256")
    _table("1. The row of official_statistics", rows, texts, ("line", "value", "rows_replaced"))


def _inputs(inputs: dict[str, Any]) -> None:
    numbers = ("deliveries", "files", "rows_read", "accepted", "quarantined", "duplicate", "superseded")
    _table(
        "3. What was delivered, up to the cut-off", inputs["by_source"], ("source", "disposition"), numbers
    )
    for delivery in inputs["left_out"]:
        because = f": {delivery['because']}" if delivery["because"] else ""
        rows = "" if delivery["rows_read"] is None else f", {delivery['rows_read']:,} rows"
        _print(f"   {delivery['disposition']}: {delivery['folder']}{rows}{because}")


def _left_out(left: dict[str, Any]) -> None:
    disagree = left["conflicts"]
    _table(
        f"4. Conflicts: the next source says another status ({_said(disagree['persons'])} persons)",
        disagree["by_source"], ("source", "status", "runner_up_source", "runner_up_status"), ("persons", "in_numerator"),
    )  # fmt: skip
    _table(
        f"   Register records in force at the date, of {left['scope']}",
        left["not_counted"],
        ("reason",),
        ("persons",),
    )
    places = ("rows", "here", "elsewhere", "unknown")
    _table(f"   Quarantined rows; here: {left['scope']}", left["quarantined"], ("source", "reasons"), places)
    _table("   Accepted rows by linking rule; of social insurance those of the reference month",
           left["linked"], ("source", "rule"), ("rows",))  # fmt: skip
    _table(f"   Linked to nobody; here: {left['scope']}", left["unlinked"], ("source", "rule"), places)


def _checks(checks: dict[str, Any]) -> None:
    numbers = ("objects", "passed", "failed", "not_applicable", "error", "rows_checked", "rows_failed")
    _table("5. Checks that guard it", checks["by_check"], ("gate", "check_id"), numbers)
    for check in checks["not_passed"]:
        waiver = f", waived: {check['waiver']}" if check["waiver"] else ""
        _print(
            f"   {check['status']} ({check['severity']}): {check['check_id']} on {check['object']}:"
            f" {_said(check['rows_failed'])} of {_said(check['rows_checked'])} rows, at most {_said(check['threshold'])}"
            f" of them may{waiver}"
        )


def _history(lines: list[dict[str, Any]]) -> None:
    rows = [
        {
            "release": line["release"] + (" (withdrawn)" if line["withdrawn"] else ""),
            "published_at": line["published_at"], "status": line["status"],
            "value": line["value"], "numerator": line["numerator"], "denominator": line["denominator"],
            "change": line["difference"]["value"] if line["difference"] else None,
        }
        for line in lines
    ]  # fmt: skip
    numbers = ("value", "numerator", "denominator", "change")
    _table("6. The value in every release so far", rows, ("release", "published_at", "status"), numbers)
    for line in lines:
        if line["causes"]:
            _print(f"   {line['since']} to {line['release']}: {_why(line)}")


def _why(line: dict[str, Any]) -> str:
    causes = line["causes"]
    parts = []
    for name, words in CAUSES.items():
        found = causes[name]
        if found["deliveries"]:
            parts.append(
                f"{words}: {found['deliveries']} deliveries, {found['rows_accepted']:,} rows{_of_cell(line, name)}"
            )
    links = causes["changed_links"]
    if links["rows"] is None:
        parts.append(f"changed links: not comparable, {links['why']}")
    elif links["rows"]:
        parts.append(f"changed links: at least {links['rows']:,} rows")
    if causes["changed_noise"]:
        parts.append("figures are shown otherwise (noise)")
    if causes["changed_code"]:
        parts.append("changed code")
    if causes["settings"]:
        parts.append(f"changed settings: {', '.join(causes['settings'])}")
    if causes["as_of"]:
        parts.append(f"as-of quarter {causes['as_of'][0]} then, {causes['as_of'][1]} now")
    if line.get("unexplained"):
        parts.append("THE CHANGE IS NOT EXPLAINED by data, links, code or settings")
    return "; ".join(parts) or "nothing that this figure is made from changed"


def _of_cell(line: dict[str, Any], cause: str) -> str:
    """How many of the rows behind the cell came with a cause, where it was walked."""
    counted = (line.get("rows_of_cell") or {}).get(cause) or {}
    told = [
        f"{role} {n['rows']:,}, {n['in_numerator']:,} of them of the numerator"
        for role, n in counted.items()
        if n["rows"] != 0
    ]
    return f" (rows behind this cell: {'; '.join(told) or 'none'})" if counted else ""
