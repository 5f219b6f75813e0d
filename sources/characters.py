"""Characters that show nothing: zero-width ones, byte order marks, soft hyphens, direction marks (SPEC §1).

Programs put them in unasked; two texts that look the same must be the same text.
"""

from __future__ import annotations

import re

# for a character class of Python's and of RE2's regular expressions; control characters are not here: they are faults
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
ANY_INVISIBLE = re.compile(f"[{INVISIBLE}]")


def visible(text: str) -> str:
    """The text without characters that show nothing."""
    return ANY_INVISIBLE.sub("", text)
