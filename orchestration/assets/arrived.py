"""What became of each delivery, as counts and reasons: what people who look at assets want to know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pandas as pd

from expectations.delivery_gate import DeliveryGate, delivery_gate
from expectations.rules import load_rules
from orchestration.run.scope import Run

COUNTS = ("rows_read", "accepted", "quarantined", "duplicate", "superseded")
LATER = "after_cut_off"  # ingested, but of a month this run does not count


@dataclass(frozen=True)
class Reason:
    """A check of gate 1 that a delivery failed; ``rows_failed`` is null if it could not be measured."""

    check_id: str
    rows_failed: int | None
    rows_checked: int
    threshold: float
    why: str
    column: str = ""  # the column it is about, if it is about one, and how it stands

    @property
    def figures(self) -> str:
        """What failed of how much, and how much may."""
        if self.rows_failed is None:
            return f"{self.check_id}: could not be measured"
        share = 100 * self.rows_failed / self.rows_checked
        return (
            f"{self.check_id}: {self.rows_failed:,} of {self.rows_checked:,} ({share:.1f} %) failed,"
            f" at most {100 * self.threshold:g} % may" + (f" ({self.column})" if self.column else "")
        )


@dataclass(frozen=True)
class Arrived:
    """One delivery as this run sees it.

    ``disposition`` is used, replaced, held or refused, or ``LATER``. ``counts`` is empty for a refused delivery.
    ``problem`` says why it was refused, ``reasons`` why it is held, ``in_force`` which folder of its month counts.
    ``feedback`` is its workbook's place in the home, null if there is nothing to mend; ``send_as`` the folder a
    corrected delivery goes to, null if nothing is left to mend.
    """

    source: str
    key: int
    period: str
    folder: str
    disposition: str
    counts: Mapping[str, int]
    problem: str
    reasons: Sequence[Reason]
    in_force: str | None
    feedback: str | None
    send_as: str | None

    @property
    def left_out(self) -> bool:
        """Whether it was held or refused, and no later revision settled it."""
        return self.disposition in ("held", "refused") and self.send_as is not None

    @property
    def because(self) -> str:
        """Why it does not count, with the figures; empty if it does."""
        if self.disposition == "replaced":
            return f"{self.in_force} replaces it"
        if self.disposition == LATER:
            later = "of a month after the cut-off of this run"
            return f"{later}; refused all the same: {self.problem}" if self.problem else later
        return self.problem or "; ".join(r.figures for r in self.reasons)

    @property
    def because_in_full(self) -> str:
        """The same, and why the checks that hold it must hold."""
        return "\n".join(f"{r.figures}. {r.why}" for r in self.reasons) or self.because


def arrived(run: Run) -> list[Arrived]:
    """Every ingested delivery in order, judged by gate 1's rules; the verdicts that count are the gate's own."""
    rules = load_rules(run.settings.thresholds)
    with run.restricted() as connection:
        gate = delivery_gate(connection, run.scope.cut_off, rules, waivers=run.settings.waived())
        known = _known(connection)
    judged = {d["folder"]: d for d in gate.dispositions.to_dict("records")}
    in_force = {(d["source"], d["period"]): d for d in judged.values() if d["disposition"] == "used"}
    reasons = _reasons(gate)
    last = {(source, period): revision for source, _, period, revision, *_ in known}
    found = []
    for source, key, period, revision, folder, problem, *counts in known:
        disposition = judged[folder]["disposition"] if folder in judged else LATER
        used = in_force.get((source, period))
        workbook = run.home.feedback / f"{folder}.xlsx"
        feedback = workbook.relative_to(run.home.root).as_posix() if workbook.exists() else None
        wrong = disposition in ("held", "refused")
        settled = used is not None and used["revision"] > revision
        found.append(
            Arrived(
                source,
                key,
                period,
                folder,
                disposition,
                {} if disposition == "refused" else dict(zip(COUNTS, counts, strict=True)),
                problem or "",
                reasons.get(folder, ()) if disposition == "held" else (),
                used["folder"] if used else None,
                feedback,
                f"landing/{source}/{period}.r{last[source, period] + 1}"
                if (wrong or feedback) and not settled
                else None,
            )
        )
    return found


def _known(
    connection: duckdb.DuckDBPyConnection,
) -> list[tuple[str, int, str, int, str, str | None, *tuple[int, ...]]]:
    sums = ", ".join(f"coalesce(sum({c}), 0)::bigint" for c in COUNTS)
    return connection.execute(
        f"select source, delivery_key, period, revision, folder, problem, {sums} from landing.deliveries"
        " left join landing.files using (source, delivery_key) group by all order by source, delivery_key"
    ).fetchall()


def _reasons(gate: DeliveryGate) -> dict[str, list[Reason]]:
    """By folder: the checks that failed of it; what was waived holds nothing, and is not asked for."""
    checks = gate.checks
    stopping = checks[checks["status"].isin(["failed", "error"]) & (checks["severity"] == "block")]
    reasons: dict[str, list[Reason]] = {}
    for c in stopping.to_dict("records"):
        failed = None if pd.isna(c["rows_failed"]) else int(c["rows_failed"])
        column = gate.columns.get((c["object"], c["check_id"]), "")
        reason = Reason(
            c["check_id"], failed, int(c["rows_checked"]), float(c["threshold"]), c["why"], column
        )
        reasons.setdefault(c["object"], []).append(reason)
    return reasons
