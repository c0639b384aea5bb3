"""Holds what both systems show against each other and against what librarians did; says in words what is wrong."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sync.model import Kind, System
from sync.sandbox.folio import PracticeFolio
from sync.sandbox.folio.records import folded
from sync.settings import Policy
from tests.support.two_way import ANY_FIELD, Listing, Named
from tests.support.two_way_alma import AlmaHands
from tests.support.two_way_log import Entry, Log, Place, Shelves, same_name
from tests.support.two_way_seen import (
    HOLDING_FIELDS,
    PACKAGE_FIELDS,
    Field,
    Shown,
    ShownHolding,
    Value,
)
from tests.support.two_way_seen_alma import title_of_bib

SIDES = (System.ALMA, System.FOLIO)
PRODUCT_WORDS = {
    Field.THERE: ("removal",),
    Field.HIDDEN: ("hidden", "available"),
    Field.NOTE: ("public_note", "user_defined", "userDefinedField1"),
}
"""What the product calls a field, where that is not its own word."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something on which both systems do not agree. `around` are the ids of the package, where that is not in both."""

    place: Place
    alma: Value | None
    folio: Value | None
    ids: frozenset[str]
    around: frozenset[str]

    def __str__(self) -> str:
        one = self.place
        where = f"{one.alma or '(none)'} / {one.folio or '(none)'} {one.title}"
        return f"{where}: {one.field} is {self.alma!r} in Alma and {self.folio!r} in FOLIO"


@dataclass(slots=True, kw_only=True)
class Judge:
    """One story's judge. `losses` are those of all plans so far, `kept` what a person decided to leave as it is.

    `needed` are FOLIO's ids of packages with a title about whose removal a person decided.
    """

    notes_mapped: bool
    shelves: Shelves = field(default_factory=Shelves)
    log: Log = field(default_factory=Log)
    losses: list[Named] = field(default_factory=list)
    kept: list[Named] = field(default_factory=list)
    decided: list[Named] = field(default_factory=list)
    needed: set[str] = field(default_factory=set)

    def edited(self, before: Shown, after: Shown, *, during: bool) -> list[Entry]:
        """Take down an edit; what a person decided to leave as it was counts no longer where it is edited."""
        entries = self.log.note(before, after, during=during)
        if during:
            self._may_have_agreed(before, after)
        self._one_more(before, after)
        if not self.notes_mapped:  # they are FOLIO's own then, or Alma's, and no reason to keep anything
            self.log.forget([one for one in entries if one.spot.field is Field.NOTE])
        for entry in entries:
            place = self.shelves.place(entry.system, entry.spot)
            self.kept = [one for one in self.kept if not _names(one, place, entry.ids)]
        return entries

    def _may_have_agreed(self, before: Shown, after: Shown) -> None:
        """Take down what was alike on both sides until a record went in a cycle, which may have seen it before."""
        other = System.FOLIO if before.system is System.ALMA else System.ALMA
        for spot in before.spots():
            if after.value(spot) is not None:
                continue
            entry = self.log.at(other, self.shelves.place(before.system, spot).spot(other))
            if entry is not None and _equal(spot.field, entry.now, before.value(spot)):
                entry.looked = True

    def _one_more(self, before: Shown, after: Shown) -> None:
        """Take down that a record got a second portfolio: what was removed on the other side may come back for it."""
        other = System.FOLIO if before.system is System.ALMA else System.ALMA
        for spot in after.spots():
            if spot.field is not Field.THERE:
                continue
            records = (before.record(spot.package, spot.title), after.record(spot.package, spot.title))
            own = [len(one.own) if isinstance(one, ShownHolding) else 0 for one in records]
            entry = self.log.at(other, self.shelves.place(before.system, spot).spot(other))
            if entry is not None and 0 < own[0] < own[1]:
                entry.united = True

    def looked(self, alma: Shown, folio: Shown) -> None:
        """Take down what a dry run saw alike on both sides."""
        for entry in self.log.entries.values():
            place = self.shelves.place(entry.system, entry.spot)
            if self._same(place, alma, folio):
                entry.looked = True

    # --- after every cycle

    def after_cycle(self, alma: Shown, folio: Shown, listing: Listing, policy: Policy) -> list[str]:
        """Return which edits were lost in a cycle; those on which both systems agree now are forgotten."""
        self.shelves.look(alma, folio, listing.packages)
        self.losses += listing.losses
        shown = {System.ALMA: alma, System.FOLIO: folio}
        places: dict[Place, list[Entry]] = {}
        for entry in self.log.entries.values():
            places.setdefault(self.shelves.place(entry.system, entry.spot), []).append(entry)
        wrong: list[str] = []
        for place in sorted(places, key=lambda one: one.field is Field.THERE):
            wrong += self._settle(place, places[place], shown, policy)
        for entry in self.log.entries.values():
            entry.during = False
        return wrong

    def _settle(
        self, place: Place, entries: Sequence[Entry], shown: dict[System, Shown], policy: Policy
    ) -> Iterator[str]:
        values = {side: shown[side].value(place.spot(side)) for side in SIDES}
        alma, folio = (shown[side] for side in SIDES)
        absent = place.field is not Field.THERE and None in values.values()
        if _waits(place, alma):
            self.log.forget(entries if absent else ())
            return
        if absent:
            yield from self._of_absent(place, entries, values)
            return
        if not self._flows(place, alma, folio):
            self.log.forget(entries)
        elif self._same(place, alma, folio):
            if not _says_more(place, alma):
                yield from self._winner(place, entries, values[System.ALMA], policy)
            self.log.forget(entries)
        else:
            ids = frozenset(one for entry in entries for one in entry.ids)
            if any(_names(one, place, ids) for one in (*self.losses, *self.kept)):
                self.log.forget([entry for entry in entries if not entry.during])
            else:
                self._overruled(place, entries, values, policy)

    def _overruled(
        self, place: Place, entries: Sequence[Entry], values: dict[System, Value | None], policy: Policy
    ) -> None:
        """Forget an edit that the policy gave up, where the other side was edited once more after that."""
        if len(entries) != len(SIDES):
            return
        right = _policy_of(place.field, policy)
        for loser, winner in (tuple(entries), tuple(reversed(entries))):
            given_up = not _equal(place.field, values[loser.system], loser.now)
            if winner.system == right and winner.during and given_up:
                winner.before = values[loser.system]
                self.log.forget([loser])

    def _of_absent(self, place: Place, entries: Sequence[Entry], values: dict[System, Value | None]) -> Iterator[str]:
        for entry in entries:
            if values[entry.system] is not None:
                continue
            if entry.before is None:  # what a record was made with; that it was made is an edit of its own
                self.log.forget([entry])
                continue
            removal = replace(place, field=Field.THERE)
            decided = any(_names(one, removal, entry.ids) for one in self.decided)
            if entry.certain and not decided:
                yield f"edited in {entry.system}, and removed there all the same: {_told(entry)}"
            self.log.forget([entry])

    def _winner(self, place: Place, entries: Sequence[Entry], value: Value | None, policy: Policy) -> Iterator[str]:
        by_person = [one for one in self.decided if any(_names(one, place, entry.ids) for entry in entries)]
        self.decided = [one for one in self.decided if one not in by_person]
        if by_person or not all(entry.certain for entry in entries):
            return
        packages = {place.folio, *(entry.spot.package for entry in entries)}
        if place.field is Field.THERE and not place.title and packages & self.needed:
            return  # a title that a person wanted back needs its package
        if not any(_equal(place.field, value, entry.now) for entry in entries):
            made = place.field is not Field.THERE and all(entry.before is None for entry in entries)
            if made and _policy_of(place.field, policy) not in ("ask", *(entry.system for entry in entries)):
                return  # a new record met one that was there, and the policy says which of them is right
            yield f"edit lost; both show {value!r}: {'; '.join(map(_told, entries))}"
            return
        both = len(entries) > 1 and not _equal(place.field, entries[0].now, entries[1].now)
        # one edit had arrived when the other one was made over it
        both = both and not any(_equal(place.field, one.before, other.now) for one in entries for other in entries)
        # what a record was made with is no edit of it
        if not both or place.field is Field.THERE or any(entry.during or entry.before is None for entry in entries):
            return
        right = _policy_of(place.field, policy)
        if right == "ask":
            yield f"both edited, nobody decided, and both show {value!r}: {'; '.join(map(_told, entries))}"
        elif not any(entry.system == right and _equal(place.field, value, entry.now) for entry in entries):
            yield f"both edited, the policy says {right}, and both show {value!r}: {'; '.join(map(_told, entries))}"

    # --- when all is quiet

    def when_quiet(self, alma: Shown, folio: Shown, listing: Listing) -> list[str]:
        """Return what both systems do not agree on and nobody names, and which edits are gone and nobody names."""
        named = (*listing.named, *self.losses, *self.kept)
        wrong = [
            f"not the same, and not named: {one}" for one in self.differences(alma, folio) if not _is_named(one, named)
        ]
        shown = {System.ALMA: alma, System.FOLIO: folio}
        for entry in self.log.entries.values():
            value = shown[entry.system].value(entry.spot)
            place = self.shelves.place(entry.system, entry.spot)
            if _waits(place, alma):
                continue
            gone = value is None or not _equal(entry.spot.field, value, entry.now)
            if gone and entry.certain and not any(_names(one, place, entry.ids) for one in named):
                wrong.append(f"edit gone, and not named; {entry.system} shows {value!r}: {_told(entry)}")
        return wrong

    def differences(self, alma: Shown, folio: Shown) -> Iterator[Difference]:
        """Yield everything both systems do not agree on."""
        shown = {System.ALMA: alma, System.FOLIO: folio}
        places = dict.fromkeys(
            self.shelves.place(side, spot)
            for side in SIDES
            for spot in shown[side].spots()
            if spot.field is Field.THERE
        )
        for place in places:
            records = [shown[side].record(place.spot(side).package, place.title) for side in SIDES]
            found = [one for one in records if one is not None]
            ids = frozenset(one for record in found for one in record.ids)
            alone = place.alma not in alma.packages or place.folio not in folio.packages
            around = frozenset(filter(None, (place.alma, place.folio))) if alone else frozenset()
            fields = HOLDING_FIELDS if place.title else PACKAGE_FIELDS
            for each in fields if len(found) == len(SIDES) else (Field.THERE,):
                exact = Place(place.alma, place.folio, place.title, each)
                if _waits(exact, alma):
                    continue
                if self._flows(exact, alma, folio) and not self._same(exact, alma, folio):
                    values = [shown[side].value(exact.spot(side)) for side in SIDES]
                    yield Difference(exact, values[0], values[1], ids, around)

    def _flows(self, place: Place, alma: Shown, folio: Shown) -> bool:
        """Return whether a field travels at all between these two records."""
        collection, package = alma.packages.get(place.alma), folio.packages.get(place.folio)
        if collection is None or package is None:
            return True
        if place.field is Field.HIDDEN:
            return collection.services > 0
        if place.field in (Field.NAME, Field.URL):
            return not package.managed
        return place.field is not Field.NOTE or self.notes_mapped

    @staticmethod
    def _same(place: Place, alma: Shown, folio: Shown) -> bool:
        one, other = alma.value(place.spot(System.ALMA)), folio.value(place.spot(System.FOLIO))
        if _says_more(place, alma):
            return str(one) in str(other)
        return _equal(place.field, one, other)


def made_twice(hands: AlmaHands, folio: PracticeFolio) -> list[str]:
    """Return what the product made more than once in Alma; and what FOLIO holds twice, whoever made it."""
    state, by_us = hands.alma.state, hands.made
    own_bibs = {one.bib.mms_id for one in state.collections.values()}
    found = Counter(
        f"collection {one.values['public_name'].casefold()}"
        for one in state.collections.values()
        if one.id not in by_us
    )
    found += Counter(
        f"portfolio of {title_of_bib(one.bib)} in {one.service.collection.id}"
        for one in state.portfolios.values()
        if one.id not in by_us and one.service is not None
    )
    found += Counter(f"bib {title_of_bib(one)}" for one in state.bibs.values() if one.mms_id not in by_us | own_bibs)
    found += Counter(f"package {folded(one.package.name)}" for one in folio.packages() if one.package.is_custom)
    found += Counter(
        f"title {sorted(each.id for each in one.title.identifiers) or folded(one.title.name)}" for one in folio.titles()
    )
    return [f"{times} times: {what}" for what, times in found.items() if times > 1]


def _equal(wanted: Field, one: Value | None, other: Value | None) -> bool:
    if wanted is Field.NAME and isinstance(one, str) and isinstance(other, str):
        return same_name(one, other)
    return one == other


def _says_more(place: Place, alma: Shown) -> bool:
    """Return whether FOLIO's statement has to say what Alma has other fields for, whatever a librarian typed."""
    record = alma.record(place.alma, place.title)
    return place.field is Field.STATEMENT and isinstance(record, ShownHolding) and record.told


def _waits(place: Place, alma: Shown) -> bool:
    """Return whether nobody can see what stands there: a title of a hidden collection is looked at when it is shown.

    Of several portfolios shown as one nobody knows then which of them are: theirs is what the available ones hold.
    """
    collection = alma.packages.get(place.alma)
    if collection is None or not collection.hidden:
        return False
    record = alma.record(place.alma, place.title)
    return place.field is Field.AVAILABLE or (
        place.field is not Field.THERE and isinstance(record, ShownHolding) and record.several
    )


def _told(entry: Entry) -> str:
    spot = entry.spot
    where = f"{spot.package} {spot.title}".strip()
    return f"{entry.system} {where} {spot.field}: {entry.before!r} → {entry.now!r}"


def _policy_of(wanted: Field, policy: Policy) -> str:
    names = (wanted.value, *PRODUCT_WORDS.get(wanted, ()))
    return next((policy.fields[name] for name in names if name in policy.fields), policy.conflicts)


def _names(one: Named, place: Place, ids: frozenset[str]) -> bool:
    kinds = (Kind.HOLDING, Kind.TITLE) if place.title else (Kind.PACKAGE, Kind.SERVICE)
    words = {ANY_FIELD, *PRODUCT_WORDS.get(place.field, (place.field.value,))}
    known = ids | ({place.alma, place.folio} if not place.title else set())
    return one.kind in kinds and bool(one.ids & known) and bool(one.fields & words)


def _is_named(one: Difference, named: Sequence[Named]) -> bool:
    if any(_names(each, one.place, one.ids) for each in named):
        return True
    whole = Place(one.place.alma, one.place.folio, "", Field.THERE)
    return bool(one.around) and any(_names(each, whole, one.around) for each in named)
