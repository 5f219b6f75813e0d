"""What the search of the site finds: indicators, places, topics and words of the dictionary, each with its page."""

from __future__ import annotations

import json
import unicodedata

from releases.pages.page import LANGUAGES
from releases.pages.words import Pair
from releases.site.context import Site
from releases.site.indicator_pages import full_name, known_indicators
from releases.site.short_names import indicator_page, short_name
from releases.site.topics import there


def folded(text: str) -> str:
    """A text as it is searched: lower case, without marks, đ as d; the pages' script folds what is typed alike."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(c for c in plain if not unicodedata.combining(c))


def write_search(site: Site) -> None:
    """Write ``assets/search-<language>.js``: per entry what it is called, what kind it is, its page, further words it is found by."""
    entries: list[tuple[Pair, Pair, str, str]] = []
    for indicator in known_indicators(site):
        name = full_name(site, indicator)
        short = short_name(indicator, "register")
        entries.append(
            (name, ("chỉ tiêu", "indicator"), indicator_page(indicator), f"{' '.join(short)} {indicator}")
        )
    entries += [(t["title"], ("chủ đề", "topic"), t["file"], "") for t in there(site)]
    entries += [
        (name, ("tra cứu", "look closer"), file, "") for t in there(site) for file, name in t["explorers"]
    ]
    for place in site.places.values():
        if place.level == "country":
            continue
        above = site.places.get(f"{place.parent}@{place.version}")
        kind = {
            "province": ("tỉnh", "province"),
            "district": ("huyện", "district"),
            "commune": ("xã", "commune"),
        }[place.level]
        of = f", {above.short}" if above is not None and above.level != "country" else ""
        year = (
            ("trước 7/2025", "before July 2025")
            if place.version == "2024"
            else ("từ 7/2025", "from July 2025")
        )
        file = place.file if place.level != "commune" else f"{above.file}#parts" if above else "places.html"
        entries.append(
            (
                (place.name[0] + of, place.name[1] + of),
                (f"{kind[0]}, {year[0]}", f"{kind[1]}, {year[1]}"),
                file,
                place.code,
            )
        )
    for table in site.reference.dictionary.published:
        entries.append(
            (
                (table.title_vi, table.title_en),
                ("bảng dữ liệu", "table"),
                "dictionary.html#published",
                table.name,
            )
        )
    for number, language in enumerate(LANGUAGES):
        said = [[e[0][number], e[1][number], e[2], folded(f"{e[0][0]} {e[0][1]} {e[3]}")] for e in entries]
        text = f"labourdb.found({json.dumps(said, ensure_ascii=False, separators=(',', ':'))});\n"
        (site.folder / "assets" / f"search-{language}.js").write_text(text, "utf-8")
