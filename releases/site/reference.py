"""What a site needs beside the release."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from releases.dictionary import Dictionary

INDEX = "site/index.html"


@dataclass(frozen=True)
class Reference:
    """The dictionary, and which province each place below it lies in.

    ``parents`` has area_version, area_code, province_code of districts and communes; ``kept`` is a folder for what
    is the same for every release.
    """

    dictionary: Dictionary
    parents: pd.DataFrame
    kept: Path
