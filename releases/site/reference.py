"""What a site needs beside the release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from releases.pages.dictionary import Dictionary

if TYPE_CHECKING:  # every command knows where a site lies, few need what takes a while to import
    import pandas as pd

INDEX = "site/index.html"


@dataclass(frozen=True)
class Reference:
    """The dictionary, every area of both lists, and of which provinces each new one was made.

    ``areas`` has area_version, area_code, area_level, area_name, parent_code (district or province it lies in) and province_code
    (that it is or lies in); ``merged`` has province_2025 and province_2024, a row for each pair that shares ground.
    """

    dictionary: Dictionary
    areas: pd.DataFrame
    merged: pd.DataFrame
