"""Text as both systems can hold and compare it."""

import re
import unicodedata
from functools import lru_cache
from hashlib import sha256

_GAPS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
"""White space and control characters, the latter exactly Unicode's category Cc."""


_APOSTROPHES = re.compile("['\u2018\u2019\u201a\u201b\u2032\u02b9-\u02bf\u02c8`\u00b4\u055a\u05f3\uff07]")
_UNDIVIDED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
"""Letters with a mark that Unicode does not take apart."""
_CONJUNCTIONS = frozenset({"and", "und", "et"})
"""What "&" stands for; a name is the same with either."""
ARTICLES = frozenset({"the", "a", "an", "der", "die", "das", "le", "la", "les", "el", "los", "las", "il"})

_ID = re.compile(r"(?=[^.])[A-Za-z0-9._~-]{1,100}\Z")

KEY_BYTES = 1000
"""The longest key that is kept as it is: Postgres indexes no more than 2,704 bytes (attacks, case 1)."""


def clean(text: str) -> str:
    """Return the text without control characters, in Unicode's composed form, with single spaces.

    Markup and formulas are text like any other and stay: they are made harmless where they are shown.
    """
    return _GAPS.sub(" ", unicodedata.normalize("NFC", text)).strip()


def utf16_length(text: str) -> int:
    """Return how many characters Java counts in a text: two for each beyond U+FFFF (cases: wide characters)."""
    return len(text) + sum(char > "\uffff" for char in text)


def cut_at_word(text: str, limit: int) -> str:
    """Return the text, cut at the last word that fits into `limit` characters, with "…" where something was cut.

    Characters are counted as Java does, and never cut in two.
    """
    if utf16_length(text) <= limit:
        return text
    left, end = limit - 1, 0
    while utf16_length(text[end : end + 1]) <= left and end < len(text):
        left -= utf16_length(text[end : end + 1])
        end += 1
    cut = text[:end]
    if not text[end].isspace() and " " in cut.strip():
        cut = cut.rstrip().rsplit(" ", 1)[0]
    return cut.rstrip(" ,;:-–/") + "…"


def name_key(name: str) -> str:
    """Return the name as uniqueness sees it, the strict way, since the facts leave it open.

    Neither case nor spacing, neither control characters nor the spelling of accents count.
    """
    return clean(clean(name).casefold())


def is_usable_id(text: str) -> bool:
    """Return whether a text can be an id: something an address can hold as one of its parts, and a person can read.

    All ids of Alma and FOLIO are digits, some with hyphens (facts: alma §2, folio §1); no other letters end a path.
    """
    return bool(_ID.match(text))


def bounded_key(key: str) -> str:
    """Return a key that an index can hold: a long one is cut, with a digest of the whole in place of the rest."""
    if len(key.encode("utf-8", "surrogatepass")) <= KEY_BYTES:
        return key
    return f"{key[: KEY_BYTES // 8]}…{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


@lru_cache(maxsize=65536)
def name_words(name: str) -> tuple[str, ...]:
    """Return the words of a name as another catalogue may write them.

    Capitals, diacritics, apostrophes, punctuation, and how "and" is written do not count; words joined by hyphens are
    words of their own.
    """
    plain = _APOSTROPHES.sub("", clean(name).casefold())
    letters = "".join(map(_letter, unicodedata.normalize("NFKD", plain))).translate(_UNDIVIDED)
    words = letters.split()
    return tuple(word for word in words if word not in _CONJUNCTIONS) or tuple(words)


def _letter(char: str) -> str:
    """Return a letter, digit or mark of a word as it is, nothing for a diacritic, and a blank for all else.

    Marks that make another letter or vowel of it (of Indic scripts, of Thai, of Japanese) are no diacritics.
    """
    place = unicodedata.combining(char)
    if place == 1 or 10 <= place <= 36 or place >= 200:
        return ""
    return char if char.isalnum() or unicodedata.category(char)[0] == "M" else " "


def same_name_key(name: str) -> str:
    """Return what is equal of two names that are one in two catalogues' spelling.

    Beside what `name_words` leaves out, spaces and hyphens do not count: "E-Journals", "E Journals" and "Ejournals"
    are one name. A name without any letter or digit stands for itself.
    """
    return "".join(name_words(name)) or name_key(name)


def like_name_key(name: str) -> str:
    """Return what is equal of two names that may well be one: the same words in any order, articles left out."""
    words = name_words(name)
    return " ".join(sorted(word for word in words if word not in ARTICLES) or sorted(words)) or name_key(name)
