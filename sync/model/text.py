"""Text as both systems can hold and compare it."""

import re
import unicodedata


def clean(text: str) -> str:
    """Return the text without control characters, in Unicode's composed form, with single spaces.

    Markup and formulas are text like any other and stay: they are made harmless where they are shown.
    """
    kept = "".join(" " if unicodedata.category(char) == "Cc" else char for char in unicodedata.normalize("NFC", text))
    return re.sub(r"\s+", " ", kept).strip()


def cut_at_word(text: str, limit: int) -> str:
    """Return the text, cut at the last word that fits into `limit` characters, with "…" where something was cut."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    if not text[limit - 1].isspace() and " " in cut.strip():
        cut = cut.rstrip().rsplit(" ", 1)[0]
    return cut.rstrip(" ,;:-–/") + "…"


def name_key(name: str) -> str:
    """Return the name as uniqueness sees it: neither case nor spacing counts (facts leave it open: the strict way)."""
    return " ".join(name.casefold().split())
