"""What librarians did since both systems last agreed, field by field; and which package is which on the other side."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sync.model import System
from sync.sandbox.controls import Call
from tests.support.two_way_seen import Field, Shown, ShownHolding, Spot, Value

EMPTY: tuple[Value | None, ...] = (None, "", ())


@dataclass(frozen=True, slots=True)
class Place:
    """One field of one record, wherever it stands. The ids are those of its package; "" where there is none."""

    alma: str
    folio: str
    title: str
    field: Field

    def spot(self, system: System) -> Spot:
        """Return where it stands in one system."""
        return Spot(self.alma if system is System.ALMA else self.folio, self.title, self.field)


@dataclass(frozen=True, slots=True, order=True)
class Common:
    """A record that both systems hold: a package, or with a title one in it; ordered by name and title."""

    name: str
    title: str
    alma: str
    folio: str
    portfolio: str = ""
    resource: str = ""


class Shelves:
    """Which collection is which package: found out by their names when they first bear the same, and remembered.

    Names are swapped too, and then only the product's own links tell which of two it took for which.
    """

    def __init__(self) -> None:
        self._in_folio: dict[str, str] = {}
        self._in_alma: dict[str, str] = {}

    def look(self, alma: Shown, folio: Shown, links: Mapping[str, str]) -> None:
        """Pair what is new: what is linked, then packages of one name, those first that share most titles."""
        for one, other in links.items():
            if one in alma.packages and other in folio.packages and self._in_folio.get(one) != other:
                self._in_alma.pop(self._in_folio.get(one, ""), None)
                self._in_folio.pop(self._in_alma.get(other, ""), None)
                self._in_folio[one], self._in_alma[other] = other, one
        free_alma = [one for one in alma.packages.values() if self._in_folio.get(one.id) not in folio.packages]
        free_folio = [one for one in folio.packages.values() if self._in_alma.get(one.id) not in alma.packages]
        options = sorted(
            (-len(set(one.holdings) & set(other.holdings)), one.name != other.name, one.id, other.id)
            for one in free_alma
            for other in free_folio
            if same_name(one.name, other.name)
        )
        used: set[str] = set()
        for _, _, one, other in options:
            if not {one, other} & used:
                used |= {one, other}
                self._in_folio[one], self._in_alma[other] = other, one

    def common(self, alma: Shown, folio: Shown) -> list[Common]:
        """Return the packages, and the titles in them, that both systems hold."""
        found = []
        for collection in alma.packages.values():
            package = folio.packages.get(self._in_folio.get(collection.id, ""))
            if package is None:
                continue
            found.append(Common(package.name, "", collection.id, package.id))
            for title in set(collection.holdings) & set(package.holdings):
                ids = (min(one.holdings[title].own) for one in (collection, package))
                found.append(Common(package.name, title, collection.id, package.id, *ids))
        return found

    def place(self, system: System, spot: Spot) -> Place:
        """Return the place of a spot."""
        if system is System.ALMA:
            other = self._in_folio.get(spot.package, "")
            return Place(self._in_alma.get(other, spot.package), other, spot.title, spot.field)
        other = self._in_alma.get(spot.package, "")
        return Place(other, self._in_folio.get(other, spot.package), spot.title, spot.field)


def same_name(one: str, other: str) -> bool:
    """Return whether two names are the same, but for something in brackets that tells one of them apart."""
    if one.casefold() == other.casefold():
        return True
    return any(
        b.casefold().startswith(f"{a.casefold()} (") and b.endswith(")") for a, b in ((one, other), (other, one))
    )


@dataclass(slots=True, kw_only=True)
class Entry:
    """What a librarian left at a spot, and what had stood there when both systems last agreed.

    `ids` are the record's; `during`: it was done in the midst of the cycle just over. `raced`: the product had read
    the record before, and wrote it afterwards, which neither system's API lets it notice. `united`: several portfolios
    are shown as one, so that no value is surely the librarian's own. `looked`: a dry run saw the same on both sides,
    and may have taken that for agreed; or nobody can tell whether it was done before the first reading.
    """

    system: System
    spot: Spot
    before: Value | None
    now: Value | None
    ids: frozenset[str]
    during: bool = False
    raced: bool = False
    united: bool = False
    looked: bool = False

    @property
    def certain(self) -> bool:
        """Return whether the product has to heed the edit."""
        return not (self.raced or self.united or self.looked)


@dataclass(slots=True)
class Log:
    """Everything librarians did since both systems last agreed on it."""

    entries: dict[tuple[System, Spot], Entry] = field(default_factory=dict)

    def note(self, before: Shown, after: Shown, *, during: bool = False) -> list[Entry]:
        """Take down what an edit changed; return the entries of it. What was put back as it was is no edit."""
        touched = []
        for spot in {*before.spots(), *after.spots()}:
            was, now = before.value(spot), after.value(spot)
            if now is None:
                self.entries.pop((after.system, spot), None)  # gone with its record, which says so itself
            if was == now or now is None or (was is None and now in EMPTY):
                continue
            key = (after.system, spot)
            entry = self.entries.get(key)
            if entry is None:
                entry = Entry(system=after.system, spot=spot, before=was, now=now, ids=frozenset())
            records = (before.record(spot.package, spot.title), after.record(spot.package, spot.title))
            entry.ids |= {one for record in records if record is not None for one in record.ids}
            entry.united = entry.united or any(isinstance(one, ShownHolding) and one.several for one in records)
            entry.now, entry.during = now, entry.during or during
            touched.append(entry)
            if entry.now == entry.before and not during:
                self.entries.pop(key, None)
            else:
                self.entries[key] = entry
        return touched

    def at(self, system: System, spot: Spot) -> Entry | None:
        """Return what was left at a spot."""
        return self.entries.get((system, spot))

    def forget(self, entries: Iterable[Entry]) -> None:
        """Both systems agree on these again, or nobody can tell."""
        for one in entries:
            self.entries.pop((one.system, one.spot), None)


def is_raced(entry: Entry, since: Sequence[Call]) -> bool:
    """Return whether the first call to the record after an edit wrote it, without having read it since."""
    for call in since:
        if "/titles/" in call.path or "/bibs/" in call.path:
            continue
        path = call.path.rstrip("/")
        own = any(path.endswith(f"/{one}") for one in entry.ids)
        around = path.endswith((f"/{entry.spot.package}", f"/{entry.spot.package}/resources"))
        if own or (around and call.method in ("GET", "DELETE")):
            return call.method != "GET"
    return False
