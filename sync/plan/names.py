"""Names that must be unique: two collections or two bibs may share a name, two custom packages or titles may not."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sync.model import cut_at_word, name_key, utf16_length

MOST_NUMBERED = 10
"""Even a name with the record's own id may be another record's name; so many numbers are tried, with tries bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameClaim:
    """A record that wants a name. `hints` tell it apart, best first: publisher, year, its own id last."""

    key: str
    name: str
    hints: tuple[str, ...]
    remembered: str = ""


def unique_names(claims: Iterable[NameClaim], *, limit: int, taken: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a name for each key: the remembered one, else its own, else with hints in brackets; at most `limit` long.

    `taken` maps names (as `name_key`) already used by others to the key allowed to use them. The same claims give
    the same names, in whatever order they come.
    """
    owners: dict[str, str] = dict(taken or {})
    ordered = sorted(claims, key=lambda claim: (not _keeps_name(claim, limit), claim.key))
    names: dict[str, str] = {}
    for claim in ordered:
        for candidate in name_candidates(claim, limit):
            if owners.setdefault(name_key(candidate), claim.key) == claim.key:
                names[claim.key] = candidate
                break
    return names


def name_candidates(claim: NameClaim, limit: int) -> Iterator[str]:
    """Yield the names a record may have, best first: its own, then with more and more hints.

    A remembered name comes first as long as it is one of these; after a change of the record's own name it is none.
    """
    if _keeps_name(claim, limit):
        yield claim.remembered
    yield from _own_candidates(claim, limit)


def _keeps_name(claim: NameClaim, limit: int) -> bool:
    return bool(claim.remembered) and claim.remembered in _own_candidates(claim, limit)


def _own_candidates(claim: NameClaim, limit: int) -> Iterator[str]:
    yield cut_at_word(claim.name, limit)
    chosen: list[str] = []
    for hint in claim.hints:
        if hint:
            chosen.append(hint)
            yield with_hint(claim.name, ", ".join(chosen), limit)
    yield with_hint(claim.name, claim.key, limit)
    for number in range(2, MOST_NUMBERED):
        yield with_hint(claim.name, f"{claim.key}/{number}", limit)


def with_hint(name: str, hint: str, limit: int) -> str:
    """Return "name (hint)", the name cut so that both fit."""
    bracket = f" ({cut_at_word(hint, limit // 2)})"
    return cut_at_word(name, limit - utf16_length(bracket)) + bracket
