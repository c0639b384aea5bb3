"""Text as both systems can hold and compare it."""

import re
import unicodedata

_GAPS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
"""White space and control characters, the latter exactly Unicode's category Cc."""


def clean(text: str) -> str:
    """Return the text without control characters, in Unicode's composed form, with single spaces.

    Markup and formulas are text like any other and stay: they are made harmless where they are shown.
    """
    return _GAPS.sub(" ", unicodedata.normalize("NFC", text)).strip()


def cut_at_word(text: str, limit: int) -> str:
    """Return the text, cut at the last word that fits into `limit` characters, with "…" where something was cut."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    if not text[limit - 1].isspace() and " " in cut.strip():
        cut = cut.rstrip().rsplit(" ", 1)[0]
    return cut.rstrip(" ,;:-–/") + "…"


def name_key(name: str) -> str:
    """Return the name as uniqueness sees it, the strict way, since the facts leave it open.

    Neither case nor spacing, neither control characters nor the spelling of accents count.
    """
    return clean(clean(name).casefold())
