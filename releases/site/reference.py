"""What a site needs beside the release."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from releases.pages.dictionary import Dictionary

if TYPE_CHECKING:  # every command knows where a site lies, few need what takes a while to import
    import pandas as pd

INDEX = "site/index.html"


@dataclass(frozen=True)
class Reference:
    """The dictionary, and every area of both lists: its name, and the province it is or lies in.

    ``areas`` has area_version, area_code, area_name, province_code; ``kept`` is a folder for what is the same for
    every release.
    """

    dictionary: Dictionary
    areas: pd.DataFrame
    kept: Path
