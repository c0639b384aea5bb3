"""match: which record is which. Links are made once, by name or identifier, and stand for good afterwards."""

from collections.abc import Collection, Mapping, Sequence
from typing import cast

from sync.engine.planning import Matched
from sync.engine.read import Snapshot
from sync.engine.to_folio.agreements import links_for
from sync.engine.work import Work
from sync.errors import DataError
from sync.folio.fit import PACKAGE_NAME_LIMIT, TITLE_NAME_LIMIT, fit_package, fit_title
from sync.match.titles import choose, same_publications
from sync.model import Kind, Package, Title, name_key
from sync.plan.names import NameClaim, unique_names
from sync.store.comparison import (
    Comparison,
    Group,
    add_identities,
    differing_holdings,
    differing_titles,
    join_linked_titles,
    same_names,
    title_candidates,
)
from sync.store.links import Link, linked_from, links, package_links, remembered_names, store_links
from sync.store.snapshots import all_records, records

BATCH = 500


async def match_from_alma(work: Work, alma: Snapshot, folio: Snapshot) -> Matched:
    """Link what belongs together and is not linked yet; return the names of packages and titles, by Alma key.

    Package names are complete; title names are given only where a title's own name is wanted by others too.
    """
    work.progress.begin("match", None)
    package_names = await match_packages(work, alma, folio)
    title_names = await match_contents(work, alma, folio)
    work.progress.end("match")
    return Matched(package_names=package_names, title_names=title_names)


async def match_contents(work: Work, alma: Snapshot, folio: Snapshot) -> dict[str, str]:
    """Link bibs and portfolios to the titles and resources that are there; return the names `match_from_alma` does."""
    comparison = Comparison(pair=work.name, alma=alma.id, folio=folio.id, rules=work.rules)
    title_names = await name_titles(work, alma)
    async for groups in differing_titles(work.database, comparison, BATCH):
        await match_titles(work, comparison, groups, title_names, alma_complete=alma.complete)
        work.progress.advance("match", len(groups))
    async for groups in differing_holdings(work.database, comparison, BATCH):
        await match_holdings(work, folio, groups)
        work.progress.advance("match", len(groups))
    return title_names


async def match_packages(work: Work, alma: Snapshot, folio: Snapshot, leave: Collection[str] = ()) -> dict[str, str]:
    """Link collections to the custom packages that bear their names; return every collection's FOLIO name.

    The packages in `leave` are nobody's before a person says whose.
    """
    known = await package_links(work.database, work.name)
    held = await _packages(work, folio)
    collections = await _packages(work, alma)
    # a collection that Alma no longer has keeps its package from nobody
    taken = {link.folio_id for key, link in known.items() if key in collections or not alma.complete}
    free = {name_key(one.name): one.key for one in held.values() if not one.managed and one.key not in taken}
    names = _names(_package_claims(work, collections, known, held), known, free)
    found = [
        Link(kind=Kind.PACKAGE, alma_id=key, folio_id=package_key, how="name", name=name)
        for key, name in sorted(names.items())
        if key not in known and (package_key := free.get(name_key(name), "")) and package_key not in leave
    ]
    await store_links(work.database, work.name, work.run_id, found)
    return names


async def _packages(work: Work, snapshot: Snapshot) -> dict[str, Package]:
    """Return the packages of one side by key."""
    found = all_records(work.database, snapshot.id, Kind.PACKAGE)
    return {record.key: record async for record in found if isinstance(record, Package)}


def _package_claims(
    work: Work, collections: Mapping[str, Package], known: Mapping[str, Link], held: Mapping[str, Package]
) -> list[NameClaim]:
    """Return the claims of collections to names in FOLIO; the one whose package bears a name comes before others."""
    claims = []
    for key, package in collections.items():
        try:
            name = fit_package(package, work.folio_maps).record.name
        except DataError:
            continue  # without a name: parked when it is planned
        link = known.get(key)
        own = held.get(link.folio_id) if link else None
        remembered = own.name if own else link.name if link else ""
        claims.append(NameClaim(key=key, name=name, hints=(package.interface_name,), remembered=remembered))
    return claims


def _names(claims: Sequence[NameClaim], known: Mapping[str, Link], free: Collection[str]) -> dict[str, str]:
    """Return a name for each collection. Those of packages in `free`, nobody's yet, are for collections without one.

    FOLIO refuses to give a package a name that another one bears.
    """
    linked = [one for one in claims if one.key in known]
    names = unique_names(linked, limit=PACKAGE_NAME_LIMIT, taken=dict.fromkeys(free, ""))
    given = {name_key(name): key for key, name in names.items()}
    strangers = [one for one in claims if one.key not in known]
    return names | unique_names(strangers, limit=PACKAGE_NAME_LIMIT, taken=given)


async def name_titles(work: Work, alma: Snapshot) -> dict[str, str]:
    """Settle which bibs are one title, and return the names of those that would otherwise share one."""
    remembered = await remembered_names(work.database, work.name, Kind.TITLE)
    names: dict[str, str] = {}
    async for keys in same_names(work.database, alma.id):
        titles = cast("list[Title]", list((await records(work.database, alma.id, Kind.TITLE, keys)).values()))
        same = same_publications(titles)
        await add_identities(work.database, alma.id, same)
        leaders = sorted((one for one in titles if one.key not in same), key=lambda one: one.key)
        claims = [title_claim(one, remembered.get(one.key, "")) for one in leaders]
        names |= unique_names(claims, limit=TITLE_NAME_LIMIT)
    await join_linked_titles(work.database, work.name, alma.id)
    return names


def title_claim(title: Title, remembered: str) -> NameClaim:
    """Return the claim of a title to a name of its own."""
    fitted = fit_title(title).record
    hints = (fitted.publisher, *(one.value for one in fitted.identifiers[:1]))
    return NameClaim(key=title.key, name=fitted.name, hints=hints, remembered=remembered)


async def match_titles(
    work: Work, comparison: Comparison, groups: Sequence[Group], names: Mapping[str, str], *, alma_complete: bool
) -> None:
    """Link titles that FOLIO's reading already holds: by identifier and name, or by the name of a custom title."""
    known = await links(work.database, work.name, Kind.TITLE, [key for group in groups for key in group.keys])
    new = [group for group in groups if not all(key in known for key in group.keys)]
    if not new:
        return
    own = await records(work.database, comparison.alma, Kind.TITLE, [group.identity_key for group in new])
    wanted = [(key, name_key(names.get(key, cast("Title", title).name))) for key, title in own.items()]
    candidates = await title_candidates(work.database, source=comparison.alma, target=comparison.folio, wanted=wanted)
    keys = sorted({key for keys in candidates.values() for key in keys})
    there = await records(work.database, comparison.folio, Kind.TITLE, keys)
    # a bib that Alma no longer has (merged into another, say) keeps its title from nobody
    among = comparison.alma if alma_complete else None
    owners = await linked_from(work.database, work.name, Kind.TITLE, keys, among=among)
    found: list[Link] = []
    for group in new:
        title = cast("Title | None", own.get(group.identity_key))
        linked = next((known[key] for key in group.keys if key in known), None)
        if linked is None and title is not None:
            free = [
                cast("Title", there[key])
                for key in candidates.get(group.identity_key, ())
                if key in there and not owners.get(key, set()) - set(group.keys)
            ]
            choice = choose(title, free, name=names.get(group.identity_key, ""))
            if choice.title is not None:
                owners.setdefault(choice.title.key, set()).update(group.keys)
                linked = _title_link(title, choice.title, choice.how)
        if linked is not None:
            found += links_for(linked, group.keys)
    await store_links(work.database, work.name, work.run_id, found)


async def match_holdings(work: Work, folio: Snapshot, groups: Sequence[Group]) -> None:
    """Link holdings whose title and package are linked and whose resource is there."""
    packages = await package_links(work.database, work.name)
    titles = await links(work.database, work.name, Kind.TITLE, [group.identity_key for group in groups])
    wanted = {}
    for group in groups:
        package, title = packages.get(group.package_key), titles.get(group.identity_key)
        if package and title:
            wanted[f"{package.folio_id}-{title.folio_id}"] = group
    known = await links(work.database, work.name, Kind.HOLDING, [key for group in groups for key in group.keys])
    there = await records(work.database, folio.id, Kind.HOLDING, list(wanted))
    found = [
        Link(kind=Kind.HOLDING, alma_id=key, folio_id=resource_id, how="title and package")
        for resource_id, group in wanted.items()
        if resource_id in there
        for key in group.keys
        if key not in known or known[key].folio_id != resource_id
    ]
    await store_links(work.database, work.name, work.run_id, found)


def _title_link(title: Title, found: Title, how: str) -> Link:
    name = "" if found.managed or name_key(found.name) == name_key(title.name) else found.name
    return Link(kind=Kind.TITLE, alma_id=title.key, folio_id=found.key, how=how, name=name, managed=found.managed)
