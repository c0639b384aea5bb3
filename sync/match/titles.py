"""Which title is which: a shared identifier proposes, type and name confirm (facts: domain §4).

An identifier alone is not enough: of titles sharing an ISSN one in a hundred is another publication, and a ratio of
letters alone would refuse a fifth of the right ones (a subtitle more, other word order). So: same words, or the words
of one within the other.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sync.model import ARTICLES, Medium, Title, bounded_key, like_name_key, name_words, same_name_key

SERIALS = frozenset({"Journal", "Newspaper", "Newsletter", "Proceedings"})
PART_WORDS = frozenset(
    {"vol", "vols", "volume", "volumes", "band", "bd", "bde", "teil", "tl", "part", "pt", "parts"}
    | {"tome", "tomo", "tom", "series", "ser", "section", "sect", "reihe", "abt", "abteilung", "heft", "issue"}
    | {"supplement", "supplements", "suppl", "beiheft", "number", "no", "nr"}
)
"""Words that say that a name is of a part of something: a volume has the words of its set, and is not the set."""
_ROMAN = re.compile(r"x{0,3}(?:ix|iv|v?i{0,3})\Z")

SAME, REORDERED, WITHIN = 3, 2, 1


@dataclass(frozen=True, slots=True, order=True)
class Fit:
    """How well a candidate fits: by a number before by the name alone, then the very name, then the more numbers in
    common, then the closer name.
    """

    numbered: bool
    same_name: bool
    shared: int
    closeness: int


@dataclass(frozen=True, slots=True)
class Choice:
    """The candidate chosen, and why; None when none is surely the same publication.

    `doubtful` are candidates that may be the same: a person tells them apart, and nothing is made in their place.
    """

    title: Title | None
    how: str
    doubtful: tuple[Title, ...] = ()
    fit: Fit | None = None

    @property
    def sure(self) -> bool:
        """Return whether nothing could fit better than what was chosen: a number and the very name."""
        return self.fit is not None and self.fit.numbered and self.fit.same_name

    @property
    def why(self) -> str:
        """Return in words what may be the same, "" without any doubt."""
        named = ", ".join(f"{one.name!r} ({one.key})" for one in self.doubtful[:3])
        return f"{self.how}: {named}" if self.doubtful else ""


NOBODY = Choice(None, "none is the same publication")


def search_keys(title: Title, name: str = "") -> frozenset[str]:
    """Return what two titles have in common that may be one: a number, the name, or the words of the name.

    `name` is the one the title is given where its own is taken.
    """
    names = {one for one in (title.name, name) if one}
    by_name = {bounded_key(f"={same_name_key(one)}") for one in names}
    by_words = {bounded_key(f"~{like_name_key(one)}") for one in names}
    return title.match_keys() | by_name | by_words


def choose(
    wanted: Title,
    candidates: Iterable[Title],
    *,
    name: str = "",
    rivals: Collection[Title] = (),
    names: Mapping[str, str] = MappingProxyType({}),
) -> Choice:
    """Return the candidate that is the same publication as `wanted`.

    A shared valid identifier with a fitting name and type decides; the best fit wins, and a tie goes to the lowest id,
    since equal entries of a knowledge base are duplicates of each other. Where one of the two has no identifier, a
    custom title of the same name (`name`, if it differs from the title's own) is the same, unless both name a
    publisher, and another one.

    `rivals` are other records of the wanted one's own system that may want the same candidates, `names` the names
    that are given to those of them whose own are taken. A candidate is nobody's but that of the record it fits best;
    of two that fit alike, neither takes it.
    """

    def of_rivals(candidate: Title) -> list[Fit]:
        fits = (fit(rival, candidate, name=names.get(rival.key, "")) for rival in rivals)
        return [one for one in fits if one is not None]

    found = list(candidates)
    fits = ((fit(wanted, one, name=name), one) for one in found)
    ranked = sorted(
        ((own, one) for own, one in fits if own is not None),
        key=lambda each: (*_descending(each[0]), len(each[1].key), each[1].key),
    )
    for own, candidate in ranked:
        best = max(of_rivals(candidate), default=None)
        if best is None or best < own:
            return Choice(candidate, "identifier and name" if own.shared else "name", fit=own)
        if best == own:
            return Choice(None, "another record fits as well", (candidate,))
    beaten = {candidate.key for _, candidate in ranked}
    left = [one for one in found if one.key not in beaten]
    doubtful = tuple(one for one in left if _may_be(wanted, one, name) and not of_rivals(one))
    if doubtful:
        return Choice(None, "may be the same, and nothing tells for sure", doubtful)
    return NOBODY


def fit(wanted: Title, candidate: Title, *, name: str = "") -> Fit | None:
    """Return how well a candidate fits a title, None where it is not the same publication."""
    if not _types_agree(wanted.publication_type, candidate.publication_type):
        return None
    shared = len(wanted.match_keys() & candidate.match_keys())
    closeness = max(name_closeness(one, candidate.name) for one in {wanted.name, name or wanted.name})
    if shared and closeness:
        return Fit(numbered=True, same_name=closeness == SAME, shared=shared, closeness=closeness)
    if not shared and _same_custom(wanted, candidate, name):
        return Fit(numbered=False, same_name=True, shared=0, closeness=closeness)
    return None


def name_closeness(one: str, other: str) -> int:
    """Return 3 for the same name, 2 for the same words, 1 when the words of one are all in the other, else 0.

    Words more that name a part ("vol. 2", "Supplement", a number at the end) make another publication of it.
    """
    first, second = _without_articles(name_words(one)), _without_articles(name_words(other))
    if first == second:
        return SAME if first or same_name_key(one) == same_name_key(other) else 0
    if "".join(first) == "".join(second):
        return SAME
    if sorted(first) == sorted(second):
        return REORDERED
    few, many = sorted((first, second), key=lambda words: len(set(words)))
    return WITHIN if few and set(few) <= set(many) and not _names_a_part(few, many) else 0


def same_publications(titles: Sequence[Title], linked: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return, for titles of one name, which of them are one publication: key → key that stands for all of them.

    Titles are one when name and type are equal and they share a valid identifier, directly or through another of
    them. Titles that stand for themselves are left out. Those that are `linked` to different records of the other
    system (key → id there) stay apart, whatever they share: a link that stands says more than names and numbers.
    """
    same: dict[str, str] = {}
    for keys in _connected(titles):
        by_partner: dict[str, list[str]] = defaultdict(list)
        known = [key for key in keys if key in (linked or {})]
        for key in keys:
            by_partner[(linked or {}).get(key if key in known else next(iter(known), key), "")].append(key)
        same |= {key: min(group) for group in by_partner.values() for key in group if key != min(group)}
    return same


def _connected(titles: Sequence[Title]) -> list[list[str]]:
    """Return the keys of titles that are one by name, type and number, in order; those that stand alone left out."""
    leaders = {title.key: title.key for title in titles}

    def leader(key: str) -> str:
        while leaders[key] != key:
            key = leaders[key]
        return key

    by_identifier: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for title in titles:
        for match in title.match_keys():
            by_identifier[match, title.publication_type, same_name_key(title.name)].append(title.key)
    for keys in by_identifier.values():
        first, *others = sorted(leader(key) for key in keys)
        for other in others:
            leaders[leader(other)] = leader(first)
    groups: dict[str, list[str]] = defaultdict(list)
    for key in sorted(leaders):
        groups[leader(key)].append(key)
    return [keys for keys in groups.values() if len(keys) > 1]


def _descending(own: Fit) -> tuple[int, ...]:
    return -own.numbered, -own.same_name, -own.shared, -own.closeness


def _types_agree(one: str, other: str) -> bool:
    """A serial is never a monograph; a type that was not said agrees with every other."""
    if "Unspecified" in (one, other):
        return True
    return (one in SERIALS) == (other in SERIALS)


def _same_custom(wanted: Title, candidate: Title, name: str) -> bool:
    if candidate.managed or same_name_key(name or wanted.name) != same_name_key(candidate.name):
        return False
    if not _publishers_agree(wanted.publisher, candidate.publisher):
        return False
    return not (wanted.match_keys() and candidate.match_keys())


def _may_be(wanted: Title, candidate: Title, name: str) -> bool:
    """Return whether two titles that nothing joins are not surely different either.

    So it is where a number is shared and one name is that of a part of the other; and, of titles that are the
    library's own, where the names have the same words and no number tells the two apart.
    """
    if not _types_agree(wanted.publication_type, candidate.publication_type):
        return False
    if wanted.match_keys() & candidate.match_keys():
        few, many = sorted((set(name_words(wanted.name)), set(name_words(candidate.name))), key=len)
        return bool(few) and few <= many
    alike = like_name_key(candidate.name) in {like_name_key(wanted.name), like_name_key(name or wanted.name)}
    if candidate.managed or not alike or not _publishers_agree(wanted.publisher, candidate.publisher):
        return False
    return not _numbers_differ(wanted, candidate)


def _numbers_differ(one: Title, other: Title) -> bool:
    """Return whether the numbers of two titles tell them apart: both have some, and not one of print, one online."""
    media = [{number.medium for number in title.identifiers if number.valid} for title in (one, other)]
    if not all(media):
        return False
    return bool(media[0] & media[1]) or Medium.UNKNOWN in media[0] | media[1]


def _publishers_agree(one: str, other: str) -> bool:
    """Two publishers have two publications of one name; one that is not given, or cut short, says nothing."""
    few, many = sorted((name_words(one), name_words(other)), key=len)
    return many[: len(few)] == few


def _without_articles(words: Sequence[str]) -> tuple[str, ...]:
    """Leave articles out; a letter within a name ("Journal of Physics A") is none."""
    kept = tuple(word for at, word in enumerate(words) if word not in ARTICLES or (len(word) == 1 and at))
    return kept or tuple(words)


def _names_a_part(few: Sequence[str], many: Sequence[str]) -> bool:
    """Return whether what one name has more than the other says that it is a part, a year, a series of it."""
    more = set(many) - set(few)
    last = many[-1]
    ends = last in more and (last.isdigit() or len(last) == 1 or bool(_ROMAN.match(last)))
    return ends or bool(more & PART_WORDS)
