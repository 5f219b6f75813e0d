"""Names that were typed in another alphabet than they are read in (SPEC §3).

Texts of the encodings before Unicode (VNI, TCVN3) are valid UTF-8 once they were exported, but wrong: ``Nguyeãn Huøng``,
``NguyÔn V¨n``. What gives them away are letters that neither Vietnamese nor the minority languages use.
"""

from __future__ import annotations

import duckdb

from sources.contract import Contract

VIETNAMESE = "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ"
MINORITIES = "ƀčñĕĭŏŭ"  # Ê Đê, Gia Rai, Ba Na, M'nông, Cơ Ho in Latin letters
SCRIPTS = r"\p{Khmer}\p{Cham}\p{Tai_Viet}\p{Han}"
LOOK_ALIKES = "ðɖ"  # of đ, as fonts and keyboards give it
MARKS = r"\x{300}-\x{36f}"  # letters and marks apart, and marks no letter is made with
SIGNS = "’‘ʼ′‐‑–—"
LETTERS = f"{VIETNAMESE}{MINORITIES}{LOOK_ALIKES}"
CAPITALS = f"{LETTERS.upper()}\u0130\u212a"  # the last two are an i and a k in small letters
FOREIGN = rf"[^\x00-\x7f{LETTERS}{CAPITALS}{MARKS}{SIGNS}{SCRIPTS}]"


def is_foreign(name: str) -> str:
    """SQL condition that a name holds such a letter."""
    return f"regexp_matches({name}, '{FOREIGN}')"


def has_names(contract: Contract) -> bool:
    """Whether the source's rows name persons."""
    return contract.has("full_name")


def count_names(connection: duckdb.DuckDBPyConnection, contract: Contract, rows: str) -> None:
    """Fill ``names`` and ``foreign_names`` of the source's files in landing.files that have none yet.

    ``rows`` is SQL of delivery_key, file_no and full_name of the rows to look at, accepted or not.
    """
    if not has_names(contract):
        return
    connection.execute(
        f"""
update landing.files as f set names = coalesce(c.names, 0), foreign_names = coalesce(c.foreign_names, 0)
from (
    select k.delivery_key, k.file_no, n.names, n.foreign_names
    from landing.files as k
    left join (
        select delivery_key, file_no, count(full_name) as names,
            count(*) filter (where {is_foreign("full_name")}) as foreign_names
        from ({rows}) group by all
    ) as n using (delivery_key, file_no)
    where k.source = ? and k.names is null and k.rows_read is not null
) as c
where f.source = ? and f.delivery_key = c.delivery_key and f.file_no = c.file_no
""",
        [contract.source, contract.source],
    )
