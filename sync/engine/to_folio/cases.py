"""The cases of a plan: each record that needs a decision, as it shall be in FOLIO, with what it comes from."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

from sync.engine.planning import Planning
from sync.engine.to_folio.match import title_claim
from sync.engine.work import Work
from sync.errors import DataError
from sync.folio.fit import TITLE_NAME_LIMIT, FolioMaps, fit_holding, fit_package, fit_title
from sync.model import Holding, Kind, Loss, Package, Record, Title
from sync.plan.names import name_candidates
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
from sync.store.links import Link, links, package_links
from sync.store.snapshots import all_records, records

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is planned: two readings, the names settled when they were matched, FOLIO's managed packages, and Alma's
    hidden collections.
    """

    planning: Planning
    package_names: Mapping[str, str]
    title_names: Mapping[str, str]
    managed_packages: frozenset[str]
    hidden_collections: frozenset[str]

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


async def managed_packages(planning: Planning) -> frozenset[str]:
    """Return the ids of FOLIO's managed packages that are selected."""
    found = all_records(planning.work.database, planning.folio.id, Kind.PACKAGE)
    return frozenset([one.key async for one in found if isinstance(one, Package) and one.managed])


async def hidden_collections(planning: Planning) -> frozenset[str]:
    """Return the ids of Alma's collections none of whose services is available."""
    found = all_records(planning.work.database, planning.alma.id, Kind.PACKAGE)
    return frozenset([one.key async for one in found if isinstance(one, Package) and one.hidden])


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
        cases = []
        for group in groups:
            package, title = packages.get(group.package_key), title_links.get(group.identity_key)
            place = f"{package.folio_id}-{title.folio_id}" if package and title else ""
            # a portfolio that was put under another bib leaves the former title's resource behind
            link = next((known[key] for key in group.keys if key in known and known[key].folio_id == place), None)
            case = await _holding_case(scope, group, sources, titles, package, link)
            cases += [case] if case is not None else []
        yield cases


async def _holding_case(
    scope: Scope,
    group: Group,
    sources: Mapping[str, SourceRecord],
    titles: Mapping[str, Record],
    package: Link | None,
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
    return Case(
        desired=fit.record,
        sources=own,
        link=link,
        losses=tuple(dict.fromkeys((*united.losses, *fit.losses))),
        package_key=group.package_key,
        package_name=scope.package_names.get(group.package_key, ""),
        title_key=group.identity_key,
        name=scope.title_names.get(title.key, title.name),
        identifiers=title.numbers(),
        managed_package=package is not None and package.folio_id in scope.managed_packages,
        withhold="the package was not read completely in FOLIO" if unseen and link is None else "",
    )
