"""Which package is which, where nothing but the name tells: the same name once on both sides, or a person says so."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sync.model import like_name_key, name_key, same_name_key


@dataclass(frozen=True, slots=True)
class Doubt:
    """Records of both systems that may be one, by their keys, and why nothing tells."""

    alma: tuple[str, ...]
    folio: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """Which records of Alma are which of FOLIO, and those on which a person decides."""

    same: dict[str, str] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)


def pair_by_name(alma: Mapping[str, str], folio: Mapping[str, str]) -> Pairs:
    """Return which packages of both systems, given as key → name, are the same.

    The very name decides first, then the same name in another catalogue's spelling. Where several of a side bear it,
    and where names have the same words in another order or with an article more, a person decides.
    """
    found = Pairs()
    left = dict(alma), dict(folio)
    for key_of in (name_key, same_name_key):
        for in_alma, in_folio in _groups(left, key_of):
            if len(in_alma) == len(in_folio) == 1:
                found.same[in_alma[0]] = in_folio[0]
            elif key_of is same_name_key:
                found.doubts.append(_doubt(in_alma, in_folio, "bear this name"))
            else:
                continue
            for names, keys in zip(left, (in_alma, in_folio), strict=True):
                for key in keys:
                    del names[key]
    for in_alma, in_folio in _groups(left, like_name_key):
        found.doubts.append(_doubt(in_alma, in_folio, "bear names that may be one"))
    return found


def _doubt(in_alma: Sequence[str], in_folio: Sequence[str], words: str) -> Doubt:
    counts = f"{len(in_folio)} packages of FOLIO and {len(in_alma)} collections of Alma"
    return Doubt(tuple(in_alma), tuple(in_folio), f"{counts} {words}")


def _groups(
    left: tuple[dict[str, str], dict[str, str]], key_of: Callable[[str], str]
) -> list[tuple[list[str], list[str]]]:
    """Return the keys of both sides whose names have one key, where there are some on both."""
    groups: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for at, names in enumerate(left):
        for key, name in sorted(names.items()):
            groups[key_of(name)][at].append(key)
    return [(in_alma, in_folio) for in_alma, in_folio in groups.values() if in_alma and in_folio]
