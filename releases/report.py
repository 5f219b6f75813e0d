"""The short report of a run, in Vietnamese and English: what was held, which checks failed, how to see the rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd


def report_text(manifest: Mapping[str, Any], checks: Path | pd.DataFrame) -> str:
    """Markdown of a release's or a stopped run's quality; ``checks`` is the checks table or its Parquet file."""
    frame = checks if isinstance(checks, pd.DataFrame) else duckdb.read_parquet(str(checks)).df()
    left_out = [d for d in manifest["inputs"] if d["disposition"] in ("held", "refused")]
    failed = frame[frame["status"].isin(["failed", "error"])]
    lines = [
        f"# {manifest['release_id']}: chất lượng / quality",
        "",
        f"**{manifest['protection']}**",
        *(["", "**SYNTHETIC DATA / DỮ LIỆU MÔ PHỎNG**"] if manifest["synthetic"] else []),
        "",
        "Thất nghiệp theo sổ đăng ký là thất nghiệp đăng ký, không theo chuẩn ILO."
        " / Unemployment of basis register is registered unemployment (not ILO).",
        "",
        "## Kết luận / Verdict",
        "",
        _counts(frame),
        "",
        "## Không dùng / Left out",
        "",
    ]
    lines += [f"- `{d['folder']}` {d['disposition']}: {d['because']}" for d in left_out] or [
        "- Không có / none"
    ]
    if manifest["missing_sources"]:
        lines += ["", f"Nguồn thiếu / missing sources: {', '.join(manifest['missing_sources'])}"]
    lines += ["", "## Kiểm tra không đạt / Checks not passed", ""]
    for row in failed.to_dict("records"):
        lines += [
            f"- `{row['check_id']}` ({row['severity']}) {row['object']}: {row['rows_failed']} / {row['rows_checked']}"
            f" rows; {row['why']}",
            *(
                ["", "  ```sql", *(f"  {q}" for q in str(row["query"]).splitlines()), "  ```"]
                if row.get("query")
                else []
            ),
        ]
    if failed.empty:
        lines.append("- Không có / none")
    if manifest["waivers"]:
        lines += ["", "## Miễn trừ / Waivers", ""]
    for w in manifest["waivers"]:
        used = ", ".join(w["waived"]) or "không dùng đến / not needed"
        lines.append(f"- `{w['check']}`: {w['reason']}; {w['person']}, đến / until {w['expires']}: {used}")
    return "\n".join(lines) + "\n"


def _counts(checks: pd.DataFrame) -> str:
    counts = checks.groupby(["gate", "status"]).size().unstack(fill_value=0)
    names = list(counts.columns)
    head = ["| gate | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    body = [
        f"| {gate} | " + " | ".join(str(int(counts.loc[gate, n])) for n in names) + " |"
        for gate in counts.index
    ]
    return "\n".join(head + body)
