"""An Alma librarian's hands, as the stories of both systems need them: edits by their words, in the practice state.

An edit that finds nothing to be done to does nothing.
"""

from sync.sandbox.alma import PracticeAlma
from sync.sandbox.alma.records import Collection, Portfolio, Service, Values
from sync.sandbox.alma.seeding import embargo_values, range_values
from sync.sandbox.seed import SeedBib, SeedCollection, SeedPortfolio, SeedService
from tests.support.libraries import portfolio
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
from tests.support.two_way_seen_alma import MARK, title_of_bib

AVAILABLE, NOT_AVAILABLE = "11", "10"
ONLY_LOCAL = "0"


class AlmaHands:
    """Carries out edits in a practice Alma. `made` are the ids of what was made here: all else the product made."""

    def __init__(self, alma: PracticeAlma) -> None:
        self.alma = alma
        self.made = self._ids()

    def do(self, edit: Edit, portfolio_id: str = "", collection_id: str = "") -> str:
        """Carry out an edit and return in words what was done, "" when there was nothing to do it to.

        The ids say which record is meant; without them the edit's own number does.
        """
        before = self._ids()
        words = self._do(edit, portfolio_id, collection_id)
        self.made |= self._ids() - before
        return words

    def _do(self, edit: Edit, portfolio_id: str, collection_id: str) -> str:
        if edit.verb is Verb.ADD_PACKAGE:
            return self._add_collection(edit)
        state = self.alma.state
        one = state.portfolios.get(portfolio_id) or chosen(self._portfolios(), edit.which)
        place = state.collections.get(collection_id) or chosen(self._collections(), edit.which)
        if edit.verb in (Verb.RENAME, Verb.HIDE, Verb.SERVICE, Verb.REMOVE_PACKAGE, Verb.ADD):
            return self._to_collection(edit, place) if place else ""
        return self._to_portfolio(edit, one) if one else ""

    def _portfolios(self) -> list[Portfolio]:
        held = [one for one in self.alma.state.portfolios.values() if one.service is not None]
        return sorted(held, key=lambda one: (title_of_bib(one.bib), one.id))

    def _collections(self) -> list[Collection]:
        return sorted(self.alma.state.collections.values(), key=lambda one: (one.values["public_name"], one.id))

    # --- portfolios

    def _to_portfolio(self, edit: Edit, one: Portfolio) -> str:
        alma, pick = self.alma, edit.pick
        words = f"Alma {one.id} ({title_of_bib(one.bib)}): {edit.verb}"
        if edit.verb is Verb.REMOVE:
            alma.remove_portfolio(one.id)
            return words
        if edit.verb is Verb.COVERAGE:
            rows = [range_values(each) for each in taken(COVERAGES, pick).alma]
            details: Values = {"coverage_in_use": ONLY_LOCAL, "local_date_coverage_parameters": rows}
            alma.edit_portfolio(one.id, coverage_details=details)
        elif edit.verb is Verb.EMBARGO:
            wall = taken(EMBARGOES, pick).alma
            values = embargo_values(wall) if wall is not None else None
            details = {"coverage_in_use": ONLY_LOCAL, "local_embargo_information": values}
            alma.edit_portfolio(one.id, coverage_details=details)
        elif edit.verb is Verb.URL:
            suffix = "" if one.is_local else "_override"
            address = taken(URLS, pick)
            text = f"jkey={address}" if address else ""
            details = {f"static_url{suffix}": text, f"url_type{suffix}": "static", "url": text}
            alma.edit_portfolio(one.id, linking_details=details)
        elif edit.verb in (Verb.NOTE, Verb.STATEMENT):
            self._set_note(one, edit)
        elif edit.verb is Verb.AVAILABLE:
            alma.edit_portfolio(one.id, availability=(AVAILABLE, NOT_AVAILABLE)[pick % 2])
        elif edit.verb is Verb.PROXY:
            code = taken(PROXIES, pick)
            alma.edit_portfolio(one.id, linking_details={"proxy": code, "proxy_enabled": "true" if code else "false"})
        else:
            return ""
        return f"{words} {pick}"

    def _set_note(self, one: Portfolio, edit: Edit) -> None:
        """Write the note, or the statement of FOLIO's that stands marked behind it; the other part stays."""
        note, _, marked = str(one.values.get("public_note", "")).partition(MARK)
        statement = marked.removesuffix("]")
        if edit.verb is Verb.NOTE:
            note = taken(NOTES, edit.pick)
        else:
            statement = taken(STATEMENTS, edit.pick)
        text = f"{note.strip()} {MARK}{statement}]" if statement else note.strip()
        self.alma.edit_portfolio(one.id, public_note=text.strip())

    # --- collections

    def _to_collection(self, edit: Edit, one: Collection) -> str:
        alma = self.alma
        words = f"Alma {one.id} ({one.values['public_name']}): {edit.verb} {edit.pick}"
        if edit.verb is Verb.ADD:
            return self._add_portfolio(edit, one)
        if edit.verb is Verb.RENAME:
            free = self._free_names()
            if not free:
                return ""
            name = taken(free, edit.pick)
            alma.edit_collection(one.id, **{"public_name" if one.is_local else "public_name_override": name})
            self.made.add(one.id)  # its name is the librarian's from now on
            return f"{words} = {name}"
        if edit.verb is Verb.REMOVE_PACKAGE:
            alma.remove_collection(one.id)
            return words
        services = list(one.services)
        if edit.verb is Verb.SERVICE:
            services = services[edit.which % len(services) :][:1] if services else []
        for service in services:
            alma.edit_service(service, activation_status=(AVAILABLE, NOT_AVAILABLE)[edit.pick % 2])
        return words if services else ""

    def _free_names(self) -> list[str]:
        used = {one.values["public_name"] for one in self.alma.state.collections.values()}
        return [name for name in NAMES if name not in used]

    def _add_collection(self, edit: Edit) -> str:
        name, bib = chosen(self._free_names(), edit.pick), taken(POOL, edit.which)
        if name is None:
            return ""
        self._know(bib)
        service = SeedService(portfolios=(self._seed(bib, edit.pick),))
        made = self.alma.add_collection(SeedCollection(name=name, services=(service,)))
        return f"Alma: add collection {name} ({made}) with {bib.title}"

    def _add_portfolio(self, edit: Edit, one: Collection) -> str:
        """Put the first title of the pool from the chosen one on that is not there yet into a service."""
        there = {title_of_bib(each.bib) for service in one.services.values() for each in service.portfolios.values()}
        ordered = [*POOL[edit.pick % len(POOL) :], *POOL[: edit.pick % len(POOL)]]
        service: Service | None = chosen(list(one.services.values()), edit.pick)
        for bib in ordered:
            self._know(bib)
            if title_of_bib(self.alma.state.keys[bib.key]) not in there and service is not None:
                made = self.alma.add_portfolio(service.id, self._seed(bib, edit.pick))
                return f"Alma: add {bib.title} ({made}) to {one.values['public_name']}"
        return ""

    def _seed(self, bib: SeedBib, pick: int) -> SeedPortfolio:
        return portfolio(bib, url=taken(URLS, pick), local_coverage=taken(COVERAGES, pick // 2).alma)

    def _know(self, bib: SeedBib) -> None:
        """Let the librarian use the bib of that number, or of that name, if there is one, else catalogue it."""
        alma, state = self.alma, self.alma.state
        if bib.key in state.keys:
            return
        numbers = [("issn", bib.issn_online), ("isbn", bib.isbn_online)]
        found = [one for kind, number in numbers if number for one in state.bibs_numbered(kind, number)]
        found += [one for one in state.bibs.values() if one.record.first("245", "a").rstrip(" /:.") == bib.title]
        if found:
            state.keys[bib.key] = found[0]
        else:
            alma.add_bib(bib)

    def _ids(self) -> set[str]:
        state = self.alma.state
        return {*state.collections, *state.services, *state.portfolios, *state.bibs}
