"""The script that draws the site's charts, compiled once and kept: describing and compiling take seconds.

It is the same for every release made with the same descriptions and libraries, so these are its name.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path


def charts_script(kept: Path) -> str:
    """A script with Vega and every chart: ``labourdb.charts`` by name. Taken from the folder ``kept`` if it is there."""
    described = files("releases.site").joinpath("charts.py").read_bytes()
    made_of = [version("vl-convert-python"), version("altair"), hashlib.sha256(described).hexdigest()]
    file = kept / f"charts-{hashlib.sha256(' '.join(made_of).encode()).hexdigest()[:16]}.js"
    if not file.exists():
        kept.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(_compiled(), encoding="utf-8")
        partial.replace(file)
    return file.read_text(encoding="utf-8")


@cache
def _compiled() -> str:
    import vl_convert  # these take a while to import

    from releases.site.charts import CHARTS

    compiled = {name: vl_convert.vegalite_to_vega(chart()) for name, chart in CHARTS.items()}
    runtime = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return f"{runtime}\nlabourdb.charts = {json.dumps(compiled, separators=(',', ':'))};\n"
