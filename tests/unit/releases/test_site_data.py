"""How the data files of the site write a column, and that reading it gives it back."""

from __future__ import annotations

import json

import numpy as np
import pytest

from releases.site.data import lettered


def read(letters: str) -> list[int]:
    """As the pages' script reads it."""
    return [ord(letter) - ord(":") - (letter > "\\") for letter in letters]


def test_numbers_of_values_are_letters_that_need_no_escape_and_read_back() -> None:
    numbers = np.arange(40_000)
    letters = lettered(numbers)
    assert read(letters) == list(numbers)
    assert json.dumps(letters, ensure_ascii=False) == f'"{letters}"'
    assert not any(letter.isascii() and letter.isdigit() for letter in letters), (
        "a digit would be taken for a figure"
    )
    assert lettered(np.array([], dtype="int64")) == ""


def test_more_values_than_there_are_letters_are_refused() -> None:
    with pytest.raises(ValueError, match="60001 values"):
        lettered(np.array([60_000]))
