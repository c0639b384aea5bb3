"""EBSCO's lists and searches. Each method is one call; they show the state that the search index has noticed.

Facts: folio-eholdings-api §2.4: 100 a page, the first 10,000 results only, totals that stop there, ordered by name
without a search text.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sync.sandbox.folio.catalogue import Catalogue, identifier_key
from sync.sandbox.folio.errors import VendorError
from sync.sandbox.folio.knowledge_base import KnowledgeBase
from sync.sandbox.folio.records import Held, Package, Provider, Title, folded
from sync.sandbox.folio.search import WordIndex

Item = TypeVar("Item")
_KEPT_HIT_LISTS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a list shall hold. `selected` is EBSCO's word, `kind` a content or publication type.

    `field`: name, isxn, subject or publisher, of which `text` is looked for.
    """

    text: str | None = None
    field: str = "name"
    selected: str | None = None
    kind: str | None = None
    sort: str = "relevance"
    page: int = 1
    count: int = 25
    package_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Found(Generic[Item]):
    """One page. `facets`: (package id, name, number of titles)."""

    items: list[Item]
    total: int
    facets: tuple[tuple[int, str, int], ...] = ()


class VendorLists:
    """EBSCO's lists of providers, packages, titles and resources."""

    def __init__(self, base: KnowledgeBase) -> None:
        self.base = base
        self.switches = base.switches
        self._hits: dict[object, tuple[object, list[int]]] = {}

    def providers(self, wanted: Wanted) -> Found[Provider]:
        """Return a page of providers."""
        with self.base.quota:
            seen = self.base.seen
            hits = seen.providers.keys() if wanted.text is None else seen.provider_names.find(wanted.text)
            ids = _ordered(hits, seen.provider_names, wanted)
            return Found([seen.providers[one] for one in self._window(ids, wanted)], self._total(ids, 1))

    def packages(self, wanted: Wanted, provider_id: int | None = None) -> Found[Package]:
        """Return a page of packages, of one provider or of all.

        Raises:
            VendorError: 404 when there is no such provider; 400 beyond the last result, if so switched.
        """
        with self.base.quota:
            if provider_id is not None and provider_id not in self.base.live.providers:
                raise VendorError(404, "Vendor not found")
            seen = self.base.seen
            key = ("packages", provider_id, wanted.text, wanted.selected, wanted.kind, wanted.sort)
            ids = self._remembered(key, seen.version)
            if ids is None:
                hits: Iterable[int] = seen.packages if wanted.text is None else seen.package_names.find(wanted.text)
                if provider_id is not None:
                    own = seen.packages_of_provider.get(provider_id, {})
                    hits = [package_id for package_id in hits if package_id in own]
                hits = [package_id for package_id in hits if _package_fits(seen.packages[package_id], wanted)]
                ids = self._remember(key, seen.version, _ordered(hits, seen.package_names, wanted))
            return Found([seen.packages[one] for one in self._window(ids, wanted)], self._total(ids, 1))

    def resources(self, provider_id: int, package_id: int, wanted: Wanted) -> Found[Held]:
        """Return a page of a package's resources.

        Raises:
            VendorError: 404 when there is no such package; 400 beyond the last result, if so switched.
        """
        with self.base.quota:
            package = self.base.live.packages.get(package_id)
            if package is None or provider_id != package.provider_id:
                raise VendorError(404, "Package not found")
            seen = self.base.seen
            key = ("resources", package_id, wanted.text, wanted.field, wanted.selected, wanted.kind, wanted.sort)
            stamp = (seen.version, seen.package_versions.get(package_id))
            ids = self._remembered(key, stamp)
            if ids is None:
                own = seen.holdings.get(package_id, {})
                hits: Iterable[int] = own
                if wanted.text is not None:
                    hits = [title_id for title_id in _title_hits(seen, wanted.field, wanted.text) if title_id in own]
                hits = [
                    title_id
                    for title_id in hits
                    if _selection_fits(own[title_id].is_selected, wanted.selected)
                    and wanted.kind in (None, seen.titles[title_id].publication_type)
                ]
                ids = self._remember(key, stamp, _ordered(hits, seen.title_names, wanted))
            page = (seen.held(package_id, title_id) for title_id in self._window(ids, wanted))
            return Found([held for held in page if held is not None], self._total(ids, 0))

    def titles(self, wanted: Wanted) -> Found[Title]:
        """Return a page of titles.

        Raises:
            VendorError: 400 beyond the last result, if so switched.
        """
        with self.base.quota:
            seen = self.base.seen
            hits: Iterable[int] = seen.titles
            if wanted.text is not None:
                hits = _title_hits(seen, wanted.field, wanted.text)
            ids = _ordered([one for one in hits if _title_fits(seen, one, wanted)], seen.title_names, wanted)
            facets = self._facets(seen, ids)
            return Found([seen.titles[one] for one in self._window(ids, wanted)], self._total(ids, 0), facets)

    def _facets(self, seen: Catalogue, ids: list[int]) -> tuple[tuple[int, str, int], ...]:
        counts = Counter(
            package_id
            for title_id in ids[: self.switches.result_cap]
            for package_id in seen.packages_of_title[title_id]
        )
        return tuple((one, seen.packages[one].name, number) for one, number in counts.most_common(20))

    def _window(self, ids: list[int], wanted: Wanted) -> list[int]:
        cap = self.switches.result_cap
        start = (wanted.page - 1) * wanted.count
        if start >= cap and self.switches.beyond_10000 == "400":
            raise VendorError(400, f"Parameter Offset is outside the first {cap} results.")
        return ids[start : min(start + wanted.count, cap)]

    def _total(self, ids: list[int], above_cap: int) -> int:
        return min(len(ids), self.switches.result_cap + above_cap)

    def _remembered(self, key: object, stamp: object) -> list[int] | None:
        known = self._hits.get(key)
        return known[1] if known is not None and known[0] == stamp else None

    def _remember(self, key: object, stamp: object, ids: list[int]) -> list[int]:
        if len(self._hits) >= _KEPT_HIT_LISTS:
            del self._hits[next(iter(self._hits))]
        self._hits[key] = (stamp, ids)
        return ids


def _ordered(hits: Iterable[int], names: WordIndex, wanted: Wanted) -> list[int]:
    if wanted.text is None or wanted.sort == "name":
        return sorted(hits, key=lambda one: (names.text(one), one))
    exact = folded(wanted.text)
    return sorted(hits, key=lambda one: (names.text(one) != exact, len(names.text(one)), one))


def _selection_fits(is_selected: bool, selected: str | None) -> bool:
    return selected is None or selected == ("selected" if is_selected else "notselected")


def _package_fits(package: Package, wanted: Wanted) -> bool:
    return wanted.kind in (None, package.content_type) and _selection_fits(package.is_selected, wanted.selected)


def _title_fits(seen: Catalogue, title_id: int, wanted: Wanted) -> bool:
    in_packages = seen.packages_of_title[title_id]
    return (
        wanted.kind in (None, seen.titles[title_id].publication_type)
        and (not wanted.package_ids or any(package_id in in_packages for package_id in wanted.package_ids))
        and _selection_fits(seen.selected_of_title[title_id] > 0, wanted.selected)
    )


def _title_hits(seen: Catalogue, field: str, text: str) -> set[int]:
    if field == "isxn":
        return seen.titles_with_identifier.get(identifier_key(text), set())
    index = {"name": seen.title_names, "publisher": seen.publishers, "subject": seen.subjects}[field]
    return index.find(text)
