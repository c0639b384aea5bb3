"""Which title is which: a shared identifier proposes, type and name confirm (facts: domain §4).

An identifier alone is not enough: of titles sharing an ISSN one in a hundred is another publication, and a ratio of
letters alone would refuse a fifth of the right ones (a subtitle more, other word order). So: same words, or the words
of one within the other.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sync.model import Title, name_key

SERIALS = frozenset({"Journal", "Newspaper", "Newsletter", "Proceedings"})
ARTICLES = frozenset(
    {"the", "a", "an", "der", "die", "das", "le", "la", "les", "el", "los", "las", "il", "and", "und", "et"}
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The candidate chosen, and why; None when none is the same publication."""

    title: Title | None
    how: str


def choose(wanted: Title, candidates: Iterable[Title], *, name: str = "") -> Choice:
    """Return the candidate that is the same publication as `wanted`.

    A shared valid identifier with a fitting name and type decides; the more identifiers shared and the closer the
    name, the better; a tie goes to the lowest id, since equal entries of a knowledge base are duplicates of each
    other. Where one of the two has no identifier, a custom title of exactly the same name (`name`, if it differs
    from the title's own) is the same, unless both name a publisher, and another one.
    """
    own = wanted.match_keys()
    scored: list[tuple[int, int, int, str, Title]] = []
    for candidate in candidates:
        if not _types_agree(wanted.publication_type, candidate.publication_type):
            continue
        shared = len(own & candidate.match_keys())
        closeness = max(
            name_closeness(wanted.name, candidate.name), name_closeness(name or wanted.name, candidate.name)
        )
        if shared and closeness:
            scored.append((-shared, -closeness, len(candidate.key), candidate.key, candidate))
        elif not shared and _same_custom(wanted, candidate, name):
            scored.append((0, -closeness, len(candidate.key), candidate.key, candidate))
    if not scored:
        return Choice(None, "none is the same publication")
    shared, *_, best = min(scored, key=lambda one: one[:4])
    return Choice(best, "identifier and name" if shared else "name")


def name_closeness(one: str, other: str) -> int:
    """Return 3 for the same name, 2 for the same words, 1 when the words of one are all in the other, else 0."""
    first, second = _words(one), _words(other)
    if first == second:
        return 3 if first or name_key(one) == name_key(other) else 0
    if sorted(first) == sorted(second):
        return 2
    few, many = sorted((set(first), set(second)), key=len)
    return 1 if few and few <= many else 0


def same_publications(titles: Sequence[Title]) -> dict[str, str]:
    """Return, for titles of one name, which of them are one publication: key → key that stands for all of them.

    Titles are one when name and type are equal and they share a valid identifier, directly or through another of
    them. Titles that stand for themselves are left out.
    """
    leaders = {title.key: title.key for title in titles}

    def leader(key: str) -> str:
        while leaders[key] != key:
            key = leaders[key]
        return key

    by_identifier: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for title in titles:
        for match in title.match_keys():
            by_identifier[match, title.publication_type, name_key(title.name)].append(title.key)
    for keys in by_identifier.values():
        first, *others = sorted(leader(key) for key in keys)
        for other in others:
            leaders[leader(other)] = leader(first)
    roots: dict[str, list[str]] = defaultdict(list)
    for key in leaders:
        roots[leader(key)].append(key)
    return {key: min(keys) for keys in roots.values() for key in keys if key != min(keys)}


def _types_agree(one: str, other: str) -> bool:
    """A serial is never a monograph; a type that was not said agrees with every other."""
    if "Unspecified" in (one, other):
        return True
    return (one in SERIALS) == (other in SERIALS)


def _same_custom(wanted: Title, candidate: Title, name: str) -> bool:
    if candidate.managed or name_key(name or wanted.name) != name_key(candidate.name):
        return False
    if not _publishers_agree(wanted.publisher, candidate.publisher):
        return False
    return not (wanted.match_keys() and candidate.match_keys())


def _publishers_agree(one: str, other: str) -> bool:
    """Two publishers have two publications of one name; one that is not given, or cut short, says nothing."""
    few, many = sorted((_words(one) if one else [], _words(other) if other else []), key=len)
    return many[: len(few)] == few


def _words(name: str) -> list[str]:
    plain = "".join(
        char for char in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(char)
    ).replace("&", " and ")
    words = re.findall(r"\w+", plain)
    return [word for word in words if word not in ARTICLES] or words
