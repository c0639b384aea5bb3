"""The cases of a plan: each record that needs a decision, as it shall be in FOLIO, with what it comes from."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

from sync.engine.planning import Matched, Planning
from sync.engine.to_folio.match import title_claim
from sync.engine.work import Work
from sync.errors import DataError
from sync.folio.fit import TITLE_NAME_LIMIT, FolioMaps, fit_holding, fit_package, fit_title
from sync.model import Holding, Kind, Loss, Package, Record, Title
from sync.plan.names import name_candidates
from sync.plan.three_way import Decision
from sync.plan.unite import unite
from sync.store.comparison import (
    Comparison,
    Group,
    SourceRecord,
    differing_holdings,
    differing_packages,
    differing_titles,
    source_records,
)
from sync.store.conflicts import removal_decisions
from sync.store.links import Link, links, package_links
from sync.store.snapshots import all_records, records

BATCH = 500
SUPPRESSED = Loss("suppressed", "true", "its bib is suppressed in Alma, where no reader sees it; in FOLIO readers do")
SAY_WHICH = "say which belong together: links import"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is planned: two readings, what matching settled, the packages FOLIO has and which of them are managed, and
    Alma's hidden collections; `made_again` are records of FOLIO that a person decided to have again.
    """

    planning: Planning
    matched: Matched
    packages: frozenset[str]
    managed_packages: frozenset[str]
    hidden_collections: frozenset[str]
    made_again: frozenset[str]

    @property
    def package_names(self) -> Mapping[str, str]:
        """Return the names of Alma's packages in FOLIO, by Alma key."""
        return self.matched.package_names

    @property
    def title_names(self) -> Mapping[str, str]:
        """Return the names of those of Alma's titles in FOLIO that would share one, by Alma key."""
        return self.matched.title_names

    def left(self, key: str, package: Link | None) -> str:
        """Return why nothing new is written for a collection, "" when it is."""
        ambiguous = self.matched.ambiguous_collections.get(key, "") if package is None else ""
        if ambiguous:
            return f"{ambiguous}: give them names of their own, or {SAY_WHICH}"
        if not self.planning.both_ways:
            return ""
        gone = package is not None and package.folio_id not in self.packages | self.made_again
        return "its package is gone in FOLIO; its removal in Alma is listed" if gone else ""

    def doubt(self, key: str, title: Link | None) -> str:
        """Return why a title waits that may be there already, "" when it does not."""
        why = self.matched.doubtful_bibs.get(key, "") if title is None else ""
        return f"{why}: {SAY_WHICH}" if why else ""

    @property
    def work(self) -> Work:
        """Return the run."""
        return self.planning.work

    @property
    def comparison(self) -> Comparison:
        """Return which two readings are compared."""
        return self.planning.comparison

    @property
    def maps(self) -> FolioMaps:
        """Return Alma's codes in FOLIO's words, and what this FOLIO's packages can hold."""
        return replace(self.work.folio_maps, package_texts=self.planning.folio.package_texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One record to decide: what it shall be, which records of Alma it comes from, what it is linked to.

    `managed_package`: the package is the vendor's, whose titles are selected, never added.
    """

    desired: Record
    sources: Mapping[str, SourceRecord]
    link: Link | None
    losses: tuple[Loss, ...] = ()
    package_key: str = ""
    package_name: str = ""
    title_key: str = ""
    name: str = ""
    identifiers: tuple[str, ...] = ()
    managed_package: bool = False
    withhold: str = ""


async def open_scope(planning: Planning, matched: Matched) -> Scope:
    """Return what the decisions need to know, as both systems were read."""
    database = planning.work.database
    found = all_records(database, planning.folio.id, Kind.PACKAGE)
    packages = {one.key: one.managed async for one in found if isinstance(one, Package)}
    collections = all_records(database, planning.alma.id, Kind.PACKAGE)
    decided = await removal_decisions(database, planning.work.name)
    return Scope(
        planning=planning,
        matched=matched,
        packages=frozenset(packages),
        managed_packages=frozenset(key for key, managed in packages.items() if managed),
        hidden_collections=frozenset([one.key async for one in collections if isinstance(one, Package) and one.hidden]),
        made_again=decided.made_again.get(Decision.ALMA, frozenset()),
    )


async def package_cases(scope: Scope) -> AsyncIterator[list[Case]]:
    """Yield the packages that need a decision, in batches."""
    work, comparison = scope.work, scope.comparison
    keys = await differing_packages(work.database, comparison)
    known = await package_links(work.database, work.name)
    for at in range(0, len(keys), BATCH):
        sources = await source_records(work.database, comparison.alma, Kind.PACKAGE, keys[at : at + BATCH])
        cases = []
        for key, source in sorted(sources.items()):
            package = cast("Package", source.record)
            try:
                fit = fit_package(package, scope.maps)
            except DataError as error:
                await scope.planning.park(Kind.PACKAGE, key, package.name, error)
                continue
            desired = replace(fit.record, name=scope.package_names.get(key, fit.record.name))
            cases.append(
                Case(
                    desired=desired,
                    sources={key: source},
                    link=known.get(key),
                    losses=fit.losses,
                    package_key=key,
                    package_name=desired.name,
                    name=desired.name,
                    withhold=scope.left(key, None) if known.get(key) is None else "",
                )
            )
        yield cases


async def title_cases(scope: Scope) -> AsyncIterator[list[Case]]:
    """Yield the titles that need a decision, in batches; those of the knowledge base are never written."""
    work, comparison = scope.work, scope.comparison
    async for groups in differing_titles(work.database, comparison, BATCH):
        keys = [key for group in groups for key in group.keys]
        sources = await source_records(work.database, comparison.alma, Kind.TITLE, keys)
        known = await links(work.database, work.name, Kind.TITLE, keys)
        cases = []
        for group in groups:
            own = {key: sources[key] for key in group.keys if key in sources}
            title = cast("Title", own[group.identity_key].record)
            link = next((known[key] for key in group.keys if key in known), None)
            if link is not None and link.managed:
                continue
            try:
                fit = fit_title(title)
            except DataError as error:
                await scope.planning.park(Kind.TITLE, title.key, title.name, error)
                continue
            settled = scope.title_names.get(title.key)
            name = settled or next(name_candidates(title_claim(title, link.name if link else ""), TITLE_NAME_LIMIT))
            desired = replace(fit.record, name=name)
            cases.append(
                Case(
                    desired=desired,
                    sources=own,
                    link=link,
                    losses=fit.losses,
                    title_key=group.identity_key,
                    name=desired.name,
                    identifiers=title.numbers(),
                    withhold=scope.doubt(group.identity_key, link),
                )
            )
        yield cases


async def holding_cases(scope: Scope) -> AsyncIterator[list[Case]]:
    """Yield the holdings that need a decision, in batches, package by package."""
    work, comparison = scope.work, scope.comparison
    packages = await package_links(work.database, work.name)
    async for groups in differing_holdings(work.database, comparison, BATCH):
        keys = [key for group in groups for key in group.keys]
        sources = await source_records(work.database, comparison.alma, Kind.HOLDING, keys)
        bibs = [group.identity_key for group in groups]
        titles = await records(work.database, comparison.alma, Kind.TITLE, bibs)
        title_links = await links(work.database, work.name, Kind.TITLE, bibs)
        known = await links(work.database, work.name, Kind.HOLDING, keys)
        there = await records(work.database, comparison.folio, Kind.HOLDING, [one.folio_id for one in known.values()])
        cases = []
        for group in groups:
            package, title = packages.get(group.package_key), title_links.get(group.identity_key)
            place = f"{package.folio_id}-{title.folio_id}" if package and title else ""
            own = [known[key] for key in group.keys if key in known]
            # a portfolio that was put under another bib leaves the former title's resource behind
            link = next((one for one in own if one.folio_id == place), None)
            if link is None and scope.planning.both_ways:
                # its resource was removed, though its bib or its collection is another one's by now: that is no new one
                link = next((one for one in own if one.folio_id not in there), None)
            case = await _holding_case(scope, group, sources, titles, package, title, link)
            cases += [case] if case is not None else []
        yield cases


async def _holding_case(
    scope: Scope,
    group: Group,
    sources: Mapping[str, SourceRecord],
    titles: Mapping[str, Record],
    package: Link | None,
    title_link: Link | None,
    link: Link | None,
) -> Case | None:
    own = {key: sources[key] for key in group.keys}
    title = cast("Title | None", titles.get(group.identity_key))
    if title is None:
        unread = DataError(
            f"its bib {group.identity_key} could not be read", advice="Mend the bib, which is listed too, first."
        )
        await scope.planning.park(Kind.HOLDING, group.keys[0], "", unread)
        return None
    try:
        united = unite([cast("Holding", one.record) for one in own.values()])
        fit = fit_holding(united.record, scope.maps)
    except DataError as error:
        await scope.planning.park(Kind.HOLDING, group.keys[0], title.name, error)
        return None
    incomplete = scope.planning.folio.extraction.incomplete_packages
    unseen = package is not None and package.folio_id in incomplete
    suppressed = (SUPPRESSED,) if title.suppressed and fit.record.available else ()
    return Case(
        desired=fit.record,
        sources=own,
        link=link,
        losses=tuple(dict.fromkeys((*united.losses, *fit.losses, *suppressed))),
        package_key=group.package_key,
        package_name=scope.package_names.get(group.package_key, ""),
        title_key=group.identity_key,
        name=scope.title_names.get(title.key, title.name),
        identifiers=title.numbers(),
        managed_package=package is not None and package.folio_id in scope.managed_packages,
        withhold=scope.left(group.package_key, package)
        or scope.doubt(group.identity_key, title_link)
        or ("the package was not read completely in FOLIO" if unseen and link is None else ""),
    )
