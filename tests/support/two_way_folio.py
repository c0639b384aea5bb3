"""A FOLIO librarian's hands, as the stories of both systems need them: the same edits as Alma's, FOLIO's way.

An edit that finds nothing to be done to does nothing; what FOLIO's own screens would refuse is not done either.
"""

from dataclasses import replace

from sync.sandbox.folio import PracticeFolio, StoredPackage, StoredResource
from sync.sandbox.folio.records import HIDDEN_EVERYWHERE, Identifier, Package, Resource, Title, folded
from sync.sandbox.seed import SeedBib
from tests.support.two_way_base import POOL
from tests.support.two_way_edits import (
    COVERAGES,
    EMBARGOES,
    NAMES,
    NOTES,
    PROXIES,
    STATEMENTS,
    URLS,
    Edit,
    Verb,
    chosen,
    taken,
)
from tests.support.two_way_seen_folio import title_of_resource

_PROXY_IDS = {"": "<n>", "EZPROXY": "EZProxy"}


class FolioHands:
    """Carries out edits in a practice FOLIO."""

    def __init__(self, folio: PracticeFolio) -> None:
        self.folio = folio

    def do(self, edit: Edit, resource_id: str = "", package_id: str = "") -> str:
        """Carry out an edit and return in words what was done, "" when there was nothing to do it to.

        The ids say which record is meant; without them the edit's own number does.
        """
        if edit.verb is Verb.ADD_PACKAGE:
            return self._add_package(edit)
        if edit.verb in (Verb.SELECT, Verb.SERVICE):
            return self._select(edit)
        if edit.verb in (Verb.RENAME, Verb.HIDE, Verb.REMOVE_PACKAGE, Verb.ADD):
            packages = self._packages()
            place = next((one for one in packages if one.id == package_id), None) or chosen(packages, edit.which)
            return self._to_package(edit, place) if place else ""
        resources = self._resources()
        found = next((one for one in resources if one.id == resource_id), None) or chosen(resources, edit.which)
        return self._to_resource(edit, found) if found else ""

    def _packages(self) -> list[StoredPackage]:
        found = [one for one in self.folio.packages() if one.package.is_selected]
        return sorted(found, key=lambda one: (one.package.name, one.id))

    def _resources(self) -> list[StoredResource]:
        found = [one for one in self.folio.resources() if one.resource.is_selected]
        return sorted(found, key=lambda one: (title_of_resource(one), one.id))

    # --- resources

    def _to_resource(self, edit: Edit, one: StoredResource) -> str:
        folio, pick = self.folio, edit.pick
        custom = self._package_of(one).is_custom
        words = f"FOLIO {one.id} ({title_of_resource(one)}): {edit.verb}"
        if edit.verb is Verb.REMOVE:
            if custom:
                folio.remove_resource(one.id)
            else:
                folio.state.select(one.resource.package_id, [one.title.id], selected=False)
            return words
        if edit.verb is Verb.URL and custom:
            folio.edit_resource(one.id, url=taken(URLS, pick))
        elif edit.verb is Verb.COVERAGE:
            folio.edit_resource(one.id, custom_coverages=taken(COVERAGES, pick).folio)
        elif edit.verb is Verb.EMBARGO:
            folio.edit_resource(one.id, custom_embargo=taken(EMBARGOES, pick).folio)
        elif edit.verb is Verb.STATEMENT:
            folio.edit_resource(one.id, coverage_statement=taken(STATEMENTS, pick))
        elif edit.verb is Verb.NOTE:
            folio.edit_resource(one.id, user_fields=(taken(NOTES, pick), *one.resource.user_fields[1:]))
        elif edit.verb is Verb.AVAILABLE:
            folio.edit_resource(one.id, is_hidden=bool(pick % 2))
        elif edit.verb is Verb.PROXY:
            folio.edit_resource(one.id, proxy=_PROXY_IDS[taken(PROXIES, pick)])
        else:
            return ""
        return f"{words} {pick}"

    def _package_of(self, one: StoredResource) -> Package:
        return self.folio.state.live.packages[one.resource.package_id]

    def _select(self, edit: Edit) -> str:
        """Select a title of the vendor's packages, or, where all are selected, none."""
        found = [one for one in self.folio.resources() if not self._package_of(one).is_custom]
        one = chosen([each for each in found if not each.resource.is_selected], edit.which)
        if one is None:
            return ""
        state = self.folio.state
        state.select(one.resource.package_id, [one.title.id], selected=True)
        state.put_package(replace(self._package_of(one), is_selected=True))
        return f"FOLIO {one.id} ({title_of_resource(one)}): selected"

    # --- packages

    def _to_package(self, edit: Edit, one: StoredPackage) -> str:
        folio, package = self.folio, one.package
        words = f"FOLIO {one.id} ({package.name}): {edit.verb} {edit.pick}"
        if edit.verb is Verb.HIDE:
            folio.edit_package(one.id, hidden=HIDDEN_EVERYWHERE if edit.pick % 2 else frozenset())
            return words
        if edit.verb is Verb.REMOVE_PACKAGE:
            if package.is_custom:
                folio.remove_package(one.id)
            else:
                folio.state.select(package.id, list(folio.state.live.holdings[package.id]), selected=False)
                folio.edit_package(one.id, is_selected=False, hidden=frozenset())
            return words
        if not package.is_custom:
            return ""
        if edit.verb is Verb.ADD:
            return self._add_title(edit, package)
        name = chosen(self._free_names(), edit.pick)
        if name is None:
            return ""
        folio.edit_package(one.id, name=name)
        return f"{words} = {name}"

    def _free_names(self) -> list[str]:
        state = self.folio.state
        return [name for name in NAMES if state.name_key(name) not in state.package_names]

    def _add_package(self, edit: Edit) -> str:
        name = chosen(self._free_names(), edit.pick)
        if name is None:
            return ""
        state, own = self.folio.state, self.folio.switches.customer_provider_id
        package = Package(
            id=state.new_id(), provider_id=own, name=name, is_custom=True, content_type="E-Journal",
            package_type="Custom", is_selected=True,
        )  # fmt: skip
        state.put_package(package)
        added = self._put(package, taken(POOL, edit.which), edit.pick)
        return f"FOLIO: add package {name} ({own}-{package.id}) with {added}"

    def _add_title(self, edit: Edit, package: Package) -> str:
        """Put the first title of the pool from the chosen one on that is not there yet into a package."""
        there = {title_of_resource(one) for one in self.folio.resources() if one.resource.package_id == package.id}
        for bib in (*POOL[edit.pick % len(POOL) :], *POOL[: edit.pick % len(POOL)]):
            title = self._title(bib)
            if title.id not in self.folio.state.live.holdings[package.id] and _key(bib) not in there:
                return f"FOLIO: add {self._put(package, bib, edit.pick)} to {package.name}"
        return ""

    def _put(self, package: Package, bib: SeedBib, pick: int) -> str:
        state, title = self.folio.state, self._title(bib)
        if title.id not in state.live.titles:
            state.put_title(title)
        added = Resource(
            package_id=package.id,
            title_id=title.id,
            location_id=state.new_location(),
            is_selected=True,
            url=taken(URLS, pick),
            custom_coverages=taken(COVERAGES, pick // 2).folio,
        )
        state.put_resource(added)
        return f"{title.name} ({package.provider_id}-{package.id}-{title.id})"

    def _title(self, bib: SeedBib) -> Title:
        """Return the title of that number or name, if FOLIO has one, else a custom one that is not stored yet."""
        numbers = ((bib.issn_print, "ISSN", "Print"), (bib.issn_online, "ISSN", "Online"),
                   (bib.isbn_online, "ISBN", "Online"))  # fmt: skip
        known = tuple(Identifier(*number) for number in numbers if number[0])
        state = self.folio.state
        for title in state.live.titles.values():
            if set(known) & set(title.identifiers) or folded(title.name) == folded(bib.title):
                return title
        return Title(
            id=state.new_id(),
            name=bib.title,
            publication_type="Book" if bib.isbn_online else "Journal",
            is_custom=True,
            publisher=bib.publisher,
            identifiers=known,
        )


def _key(bib: SeedBib) -> str:
    numbers = sorted(one.replace("-", "") for one in (bib.issn_print, bib.issn_online, bib.isbn_online) if one)
    return numbers[0] if numbers else bib.title.casefold()
