"""What an empty Alma must hold after a library went to FOLIO and from there into it, without the product's own code.

What FOLIO held in between is `tests.support.expectation`'s; this is that, as a practice Alma shows it (mapping: F→A).
"""

import calendar
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from stdnum import isbn, issn

from sync.sandbox.alma import PracticeAlma, marc
from sync.sandbox.alma.records import Bib
from sync.sandbox.seed import SeedBib, SeedCollection, SeedKnowledgeBase, SeedLibrary, SeedPortfolio
from tests.support.expectation import ExpectedPackage, ExpectedResource, expect, identifiers, is_valid, title_name

OWN_MARK = "(FOLIO-EH)"
NOTES = ("public_note", "authentication_note", "internal_description")
NOTHING_KNOWN = SeedKnowledgeBase()
TITLE_LIMIT, COLLECTION_LIMIT, NOTE_LIMIT = 400, 200, 500
TEXTS = (("publisher", "264", "b", 250), ("edition", "250", "a", 250), ("description", "520", "a", 400))
"""A bib's texts that travel: the field of a seed, tag and subfield, and where FOLIO cuts them."""

_STATEMENT = re.compile(r"\A(?P<note>.*?)\s*\[FOLIO coverage: (?P<statement>.+)\]\s*\Z", re.DOTALL)
_WEIGHTS = {"url": 4, "name": 3, "number": 2}
"""How much each mark says that a portfolio is the one of an expected resource."""

Wire = Mapping[str, Any]
Mark = tuple[str, str]


def differences(
    library: SeedLibrary,
    back: PracticeAlma,
    *,
    proxies: Mapping[str, str],
    notes: Mapping[str, str],
    knowledge_base: SeedKnowledgeBase = NOTHING_KNOWN,
) -> list[str]:
    """Return in words everything in which `back` is not what came back of the library; none: all is well.

    `proxies` maps Alma codes to FOLIO's ids, `notes` Alma's note fields to user-defined fields. A bib may have the
    name a title of the `knowledge_base` has for one of its identifiers; without it, FOLIO is taken to know no title.
    """
    judge = _Judge(library=library, back=back, proxies=proxies, notes=notes, knowledge_base=knowledge_base)
    return [*judge.collections(), *judge.bibs()]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A portfolio of `back` and the bib it hangs on."""

    wire: Wire
    bib: Bib

    @property
    def url(self) -> str:
        return _code(self.wire["linking_details"].get("static_url")).removeprefix("jkey=")

    def marks(self) -> set[Mark]:
        name = _name_of(self.bib)
        names = [_head(name), _head(name.rpartition(" (")[0].removesuffix("…"))]
        return _marks(self.url, names, _numbers_of(self.bib))


@dataclass(slots=True, kw_only=True)
class _Judge:
    """Compares collection by collection; `homes` gathers which bib each original bib came back as."""

    library: SeedLibrary
    back: PracticeAlma
    proxies: Mapping[str, str]
    notes: Mapping[str, str]
    knowledge_base: SeedKnowledgeBase
    homes: dict[tuple[str, str], str] = field(default_factory=dict)
    parked: set[str] = field(default_factory=set)
    known: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    title_names: Counter[str] = field(default_factory=Counter)
    collection_names: Counter[str] = field(default_factory=Counter)

    def collections(self) -> Iterator[str]:
        """Yield what is wrong with the collections, everything in them, and portfolios in none."""
        expectation = expect(self.library, self.proxies)
        bibs = {bib.key: bib for bib in self.library.bibs}
        self.parked |= {_head(title_name(bibs[key])) for key in expectation.parked}
        for title in self.knowledge_base.titles:
            for number in filter(None, (title.issn_print, title.issn_online, title.isbn_print, title.isbn_online)):
                self.known[_plain(number)].add(_text(title.name))
        self.title_names.update(_head(title_name(bib)) for bib in bibs.values())
        self.title_names.update({_head(title.name) for title in self.knowledge_base.titles})
        self.collection_names.update(_head(one.name) for one in expectation.packages)
        left = {str(one["id"]): one for one in self.back.collections()}
        names = Counter(_code(one["public_name"]).casefold() for one in left.values())
        yield from (f"collection name {times} times: {name!r}" for name, times in names.items() if times > 1)
        pairs = zip(expectation.packages, self.library.collections, strict=True)
        for package, seed in sorted(pairs, key=lambda pair: -len(pair[0].resources)):
            stored = self._best(package, left.values())
            if stored is None:
                yield f"no collection {package.name!r}"
                continue
            del left[str(stored["id"])]
            yield from (f"collection {package.name!r}: {words}" for words in self._collection(package, seed, stored))
        yield from (f"a collection too many: {_code(one['public_name'])!r}" for one in left.values())
        loose = [one["resource_metadata"]["title"] for one in self.back.portfolios() if one["is_standalone"]]
        yield from (f"a portfolio in no collection: {title!r}" for title in loose)

    def bibs(self) -> Iterator[str]:
        """Yield what is wrong with the bibs that hold portfolios, and every bib that is there twice."""
        states = self.back.state.bibs
        owners: Counter[str] = Counter()
        for bib in states.values():
            own = [text for text in bib.record.texts("035", "a") if text.startswith(OWN_MARK)]
            owners.update(set(own))
            if bib.portfolios and (len(own) != 1 or own[0] == OWN_MARK):
                yield f"bib {_name_of(bib)!r}: 035 with {OWN_MARK} is {own}, not exactly one"
        yield from (f"bib twice: {text} on {times} bibs" for text, times in owners.items() if times > 1)
        bibs = {bib.key: bib for bib in self.library.bibs}
        for (key, mms_id), place in self.homes.items():
            for words in self._bib(bibs[key], states[mms_id]):
                yield f"bib {bibs[key].title!r} (as in {place!r}): {words}"
        came_back, stands = (Counter(pair[at] for pair in self.homes) for at in (0, 1))
        yield from (f"bib {key!r} came back as {times} bibs" for key, times in came_back.items() if times > 1)
        yield from (f"bib {one} stands for {times} bibs of the library" for one, times in stands.items() if times > 1)

    def _best(self, package: ExpectedPackage, stored: Iterable[Wire]) -> Wire | None:
        """Return the collection of this name; of several that with the same addresses in it."""
        doubled = self.collection_names[_head(package.name)] > 1
        same = [
            one
            for one in stored
            if _is_name(package.name, _code(one["public_name"]), COLLECTION_LIMIT, doubled=doubled)
        ]
        wanted = {one.url for one in package.resources}

        def fits(one: Wire) -> tuple[int, bool, bool]:
            urls = {each.url for each in self._held(one)}
            return (
                len(wanted & urls),
                _code(one["type"]) == _type_code(package),
                _code(one["public_name"]) == package.name,
            )

        return max(same, key=fits, default=None)

    def _held(self, collection: Wire) -> list[_Held]:
        found = self.back.portfolios(collection_id=str(collection["id"]))
        bibs = self.back.state.bibs
        return [_Held(wire=one, bib=bibs[_code(one["resource_metadata"]["mms_id"])]) for one in found]

    def _collection(self, package: ExpectedPackage, seed: SeedCollection, stored: Wire) -> Iterator[str]:
        type_code = _type_code(package)
        yield from _unlike(("is_local", stored["is_local"], True), ("type", _code(stored["type"]), type_code))
        yield from self._proxy(stored, {self._alma_proxy(package.proxy)})
        for name in (*NOTES, "description", "url"):  # these may come back or not, by FOLIO's version
            seen = _code(stored.get(name))
            texts = (getattr(seed, name), seed.url_override if name == "url" else "")
            if seen and not any(_is_cut(_clean(text), seen, 2000) for text in texts):
                yield f"{name} is {seen!r}, which the original has not"
        services = self.back.services(str(stored["id"]))
        most = 0 if type_code == "6" else 1
        # FOLIO cannot tell a collection without services from one whose service is empty
        if len(services) != most and (len(services) > most or seed.services or package.resources):
            yield f"{len(services)} services, not {most}"
        for service in services:
            yield from _unlike(
                ("service is_local", service["is_local"], True),
                ("service type", _code(service["type"]), "getFullTxt"),
                ("service activation_status", _code(service["activation_status"]), "10" if package.hidden else "11"),
            )
        yield from self._portfolios(package, seed, self._held(stored))

    def _portfolios(self, package: ExpectedPackage, seed: SeedCollection, held: Sequence[_Held]) -> Iterator[str]:
        bibs = Counter(one.bib for one in held)
        yield from (f"{times} portfolios of one bib, {_name_of(bib)!r}" for bib, times in bibs.items() if times > 1)
        pairs = _paired(package.resources, held)
        for at, resource in enumerate(package.resources):
            if at not in pairs:
                yield f"no portfolio of {resource.bib.key} {resource.bib.title!r}"
                continue
            one = held[pairs[at]]
            self.homes.setdefault((resource.bib.key, one.bib.mms_id), package.name)
            original = _used(seed, resource.bib.key, package_hidden=package.hidden)
            for words in self._portfolio(package, resource, original, one.wire):
                yield f"{resource.bib.title!r}: {words}"
        for number in set(range(len(held))).difference(pairs.values()):
            name = _name_of(held[number].bib)
            yield f"a portfolio too many: {name!r}{', which cannot be moved' if _head(name) in self.parked else ''}"

    def _portfolio(
        self, package: ExpectedPackage, wanted: ExpectedResource, original: SeedPortfolio, stored: Wire
    ) -> Iterator[str]:
        linking = stored["linking_details"]
        kind, material = str(wanted.bib.kind), _code(stored.get("material_type"))
        yield from _unlike(
            ("is_local", stored["is_local"], True),
            ("availability", _code(stored["availability"]), "10" if wanted.hidden else "11"),
            ("static_url", _code(linking.get("static_url")), f"jkey={wanted.url}" if wanted.url else ""),
            ("static_url_override", _code(linking.get("static_url_override")), ""),
        )
        if wanted.url:
            yield from _unlike(("url_type", _code(linking.get("url_type")), "static"))
        if material not in (kind, original.material_type or kind, "" if kind in ("AUDIO", "VIDEO") else kind):
            yield f"material_type is {material!r}, not {kind!r}"
        proxies = {self._alma_proxy(wanted.proxy)}
        if original.proxy_enabled and wanted.proxy is None and package.proxy is not None:
            proxies |= {self._alma_proxy(package.proxy)}  # FOLIO gives a resource without one its package's
        yield from self._proxy(linking, proxies)
        yield from _coverage(wanted, stored["coverage_details"])
        yield from self._noted(wanted, original, stored)

    def _proxy(self, stored: Wire, allowed: Collection[str]) -> Iterator[str]:
        enabled = _code(stored.get("proxy_enabled")) == "true"
        seen = _code(stored.get("proxy")) if enabled else ""
        if seen not in allowed or (enabled and not seen):
            yield f"proxy is {(seen or 'enabled without a code') if enabled else 'none'}, not {sorted(allowed)}"

    def _alma_proxy(self, folio_id: str | None) -> str:
        """Return the one code that leads to FOLIO's id; "", disabled, for none and where it could be several."""
        codes = [code for code, known in self.proxies.items() if known == folio_id]
        return codes[0] if len(codes) == 1 else ""

    def _noted(self, wanted: ExpectedResource, original: SeedPortfolio, stored: Wire) -> Iterator[str]:
        statement = ""
        for name in NOTES:
            seen = _code(stored.get(name))
            marked = _STATEMENT.match(seen) if name == "public_note" else None
            if marked:
                seen, statement = marked["note"], marked["statement"].strip()
            meant = _clean(getattr(original, name)) if name in self.notes else ""
            if not _is_cut(meant, seen, NOTE_LIMIT):
                yield f"{name} is {seen!r}, not {meant!r}"
        room = len(wanted.coverages) < 4
        if wanted.stated is not None and bool(statement) != wanted.stated and (room or not wanted.stated):
            yield f"coverage statement is {statement!r}"

    def _bib(self, wanted: SeedBib, bib: Bib) -> Iterator[str]:
        record, name, numbers = bib.record, _name_of(bib), _numbers_of(bib)
        yield from _unlike(("leader 06 and 07", record.leader[6:8], marc.from_seed(wanted).leader[6:8]))
        if any(name in self.known.get(number, ()) for number in numbers & identifiers(wanted)):
            return
        meant = _text(title_name(wanted))
        if not _is_name(meant, name, TITLE_LIMIT, doubled=self.title_names[_head(title_name(wanted))] > 1):
            yield f"title is {name!r}, not {meant!r}"
        # FOLIO is not given a number with a wrong check digit; so whether it comes back is open
        wrong = {one for one in identifiers(wanted) if not is_valid(one)}
        yield from _unlike(("identifiers", sorted(numbers - wrong), sorted(identifiers(wanted) - wrong)))
        for what, tag, code, limit in TEXTS:
            text, seen = _text(getattr(wanted, what)), _text(record.first(tag, code))
            if not _is_cut(text, seen, limit):
                yield f"{what} is {seen!r}, not {text!r}"
        people = {("author", _text(one)) for one in wanted.authors} | {("editor", _text(one)) for one in wanted.editors}
        fields = [one for one in record.fields if one.tag in ("100", "700")]
        seen_people = {(_role(one.texts("e4")), _text(" ".join(one.texts("a")))) for one in fields}
        yield from _unlike(("people", sorted(seen_people), sorted(people)))


def _paired(resources: Sequence[ExpectedResource], held: Sequence[_Held]) -> dict[int, int]:
    """Return which portfolio is that of which resource, by positions: the pairs with most in common first."""
    by_mark: dict[Mark, list[int]] = defaultdict(list)
    for number, each in enumerate(held):
        for mark in each.marks():
            by_mark[mark].append(number)
    options = []
    for at, one in enumerate(resources):
        scores: Counter[int] = Counter()
        for mark in _marks(one.url, [_head(title_name(one.bib))], identifiers(one.bib)):
            for number in by_mark.get(mark, ()):
                scores[number] += _WEIGHTS[mark[0]]
        options += [(-score, at, number) for number, score in scores.items()]
    pairs: dict[int, int] = {}
    owners: dict[int, int] = {}
    for _, at, number in sorted(options):
        if at not in pairs and number not in owners:
            pairs[at], owners[number] = number, at
    return pairs


def _marks(url: str, names: Iterable[str], numbers: Iterable[str]) -> set[Mark]:
    marks = [("url", url), *(("name", one) for one in names), *(("number", one) for one in numbers)]
    return {(kind, text) for kind, text in marks if text}


def _used(collection: SeedCollection, key: str, *, package_hidden: bool) -> SeedPortfolio:
    """Return the portfolio whose own fields travel: the first of the bib that is shown, else the first."""
    found = [
        (one, one.available and (package_hidden or service.activation_status == "11"))
        for service in collection.services
        for one in service.portfolios
        if one.bib == key
    ]
    return next((one for one, shown in found if shown), found[0][0])


def _type_code(package: ExpectedPackage) -> str:
    codes = {"Aggregated Full Text": "1", "Online Reference": "0" if package.resources else "6"}
    return codes.get(package.content_type, "0")


def _coverage(wanted: ExpectedResource, details: Wire) -> Iterator[str]:
    months = wanted.embargo[1] * (12 if wanted.embargo[0] == "Years" else 1)
    embargo = details.get("local_embargo_information") or {}
    seen_months = 12 * int(embargo.get("number_of_years") or 0) + int(embargo.get("number_of_months") or 0)
    seen = (_code(embargo.get("embargo_operator")), seen_months) if seen_months else ("", 0)
    yield from _unlike(
        ("coverage_in_use", _code(details.get("coverage_in_use")), "0"),
        ("local coverage", _days(details.get("local_date_coverage_parameters") or ()), sorted(wanted.coverages)),
        ("local embargo", seen, (">=", months) if months else ("", 0)),
    )
    for level in ("global", "perpetual"):
        wall = details.get(f"{level}_embargo_information") or {}
        if details.get(f"{level}_date_coverage_parameters") or any(_code(one) for one in wall.values()):
            yield f"{level} coverage or embargo is filled"


def _days(rows: Iterable[Wire]) -> object:
    """Return ranges as days, oldest first, touching ones united, an open end ""; in words what cannot be read."""
    merged: list[tuple[date, date]] = []
    try:
        for begin, end in sorted(_range(row) for row in rows):
            if merged and (merged[-1][1] == date.max or begin <= merged[-1][1] + timedelta(1)):
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((begin, end))
    except ValueError as error:
        return f"unreadable: {error}"
    return [(begin.isoformat(), "" if end == date.max else end.isoformat()) for begin, end in merged]


def _range(row: Wire) -> tuple[date, date]:
    part = {name: _code(value) for name, value in row.items()}
    begin = date(int(part.get("from_year", "")), int(part.get("from_month") or 1), int(part.get("from_day") or 1))
    if not part.get("until_year"):
        return begin, date.max
    year, month = int(part["until_year"]), int(part.get("until_month") or 12)
    end = date(year, month, int(part.get("until_day") or calendar.monthrange(year, month)[1]))
    if end < begin:
        raise ValueError(f"{end} is before {begin}")
    return begin, end


def _unlike(*compared: tuple[str, object, object]) -> Iterator[str]:
    return (f"{what} is {seen!r}, not {meant!r}" for what, seen, meant in compared if seen != meant)


def _code(value: object) -> str:
    return str((value.get("value") if isinstance(value, Mapping) else value) or "")


def _name_of(bib: Bib) -> str:
    return ": ".join(part for part in map(_text, bib.record.texts("245", "ab")) if part)


def _head(name: str) -> str:
    """Return the beginning of a name, which is left of it when it is cut or a bracket is put behind it."""
    return _text(name).casefold()[:60]


def _numbers_of(bib: Bib) -> set[str]:
    """Return a bib's numbers; those in subfields for wrong ones only where they are wrong."""
    texts = bib.record.texts
    good = [*texts("022", "a"), *texts("020", "a"), *texts("776", "xz")]
    bad = [one for one in (*texts("022", "y"), *texts("020", "z")) if not issn.is_valid(one) and not isbn.is_valid(one)]
    return {_plain(one) for one in (*good, *bad)}


def _plain(number: str) -> str:
    (plain,) = identifiers(SeedBib(key="", title="", isbn_online=marc.plain_number(number) or "?"))
    return plain


def _role(words: Iterable[str]) -> str:
    return "editor" if {"edt", "ed", "editor"} & {one.strip(" .,").lower() for one in words} else "author"


def _clean(text: str) -> str:
    plain = "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in unicodedata.normalize("NFC", text))
    return " ".join(plain.split())


def _text(text: str) -> str:
    """Return a text as MARC's punctuation lets it be compared."""
    return re.sub(r" *: +", ": ", _clean(text)).rstrip(" /:;,=")


def _is_cut(wanted: str, seen: str, limit: int) -> bool:
    """Return whether a text is the one wanted, cut where that is longer than the limit."""
    if len(wanted) <= limit:
        return seen == wanted
    return limit // 3 < len(seen) <= limit and seen.endswith("…") and wanted.startswith(seen[:-1])


def _is_name(wanted: str, seen: str, limit: int, *, doubled: bool) -> bool:
    """Return whether a name is the one wanted; one that others have too may be cut for a bracket behind it."""
    heads = [seen[: one.start()] for one in re.finditer(r" \(", seen)] if doubled and seen.endswith(")") else []
    return any(_is_cut(wanted, head, limit - len(seen) + len(head)) for head in (*heads, seen))
