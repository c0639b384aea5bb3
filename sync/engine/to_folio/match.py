"""match: which record is which. Links are made once, by name or identifier, and stand for good afterwards."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sync.engine.planning import Matched
from sync.engine.read import Snapshot
from sync.engine.title_choice import choosing_in_folio
from sync.engine.to_folio.agreements import links_for
from sync.engine.work import Work
from sync.errors import DataError
from sync.folio.fit import PACKAGE_NAME_LIMIT, TITLE_NAME_LIMIT, fit_package, fit_title
from sync.match.by_name import Doubt, pair_by_name
from sync.match.titles import same_publications
from sync.model import Holding, Kind, Package, Title, name_key
from sync.plan.names import NameClaim, unique_names
from sync.store.comparison import (
    Comparison,
    Group,
    add_identities,
    differing_holdings,
    differing_titles,
    join_linked_titles,
    same_names,
)
from sync.store.links import Link, links, package_links, remembered_names, store_links
from sync.store.snapshots import all_records, records

BATCH = 500


@dataclass(frozen=True, slots=True)
class Named:
    """The names that Alma's titles are given where their own are taken, and why titles wait, by Alma key."""

    names: dict[str, str]
    doubtful: dict[str, str]


async def match_from_alma(work: Work, alma: Snapshot, folio: Snapshot) -> Matched:
    """Link what belongs together and is not linked yet; return the names of packages and titles, by Alma key.

    Package names are complete; title names are given only where a title's own name is wanted by others too.
    """
    work.progress.begin("match", None)
    package_names, doubts = await match_packages(work, alma, folio)
    titles = await match_contents(work, alma, folio)
    work.progress.end("match")
    return Matched(package_names=package_names, title_names=titles.names, doubts=doubts, doubtful_bibs=titles.doubtful)


async def match_contents(work: Work, alma: Snapshot, folio: Snapshot) -> Named:
    """Link bibs and portfolios to the titles and resources that are there."""
    comparison = Comparison(pair=work.name, alma=alma.id, folio=folio.id, rules=work.rules)
    title_names = await name_titles(work, alma)
    doubtful: dict[str, str] = {}
    async for groups in differing_titles(work.database, comparison, BATCH):
        doubtful |= await match_titles(work, comparison, groups, title_names, alma_complete=alma.complete)
        work.progress.advance("match", len(groups))
    async for groups in differing_holdings(work.database, comparison, BATCH):
        await match_holdings(work, alma, folio, groups)
        work.progress.advance("match", len(groups))
    return Named(title_names, doubtful)


async def match_packages(
    work: Work, alma: Snapshot, folio: Snapshot, leave: Collection[str] = ()
) -> tuple[dict[str, str], tuple[Doubt, ...]]:
    """Link collections to the custom packages that bear their names; return every collection's FOLIO name.

    With it come those that a person tells apart. The packages in `leave` are nobody's before somebody says whose.
    """
    known = await package_links(work.database, work.name)
    held = await _packages(work, folio)
    collections = await _packages(work, alma)
    # a collection that Alma no longer has keeps its package from nobody
    taken = {link.folio_id for key, link in known.items() if key in collections or not alma.complete}
    free = {one.key: one.name for one in held.values() if not one.managed and one.key not in taken}
    by_name = {name_key(name): key for key, name in free.items()}
    claims = _package_claims(work, collections, known, held)
    names = _names(claims, known, by_name)
    strangers = [one for one in claims if one.key not in known]
    same = _told_apart(strangers, names, {name: key for name, key in by_name.items() if key not in leave})
    pairs = pair_by_name(
        {one.key: one.name for one in strangers if one.key not in same},
        {key: name for key, name in free.items() if key not in {*leave, *same.values()}},
    )
    doubtful = {key for doubt in pairs.doubts for key in (*doubt.alma, *doubt.folio)} | set(leave)
    same |= pairs.same
    for key, name in names.items():
        # an earlier run may have made it under the name that tells it apart
        package_key = by_name.get(name_key(name), "")
        if key not in {*known, *same, *doubtful} and package_key and package_key not in {*doubtful, *same.values()}:
            same[key] = package_key
    found = [
        Link(kind=Kind.PACKAGE, alma_id=key, folio_id=package_key, how="name", name=names[key])
        for key, package_key in sorted(same.items())
    ]
    await store_links(work.database, work.name, work.run_id, found)
    return names, tuple(pairs.doubts)


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


def _told_apart(claims: Sequence[NameClaim], names: Mapping[str, str], by_name: Mapping[str, str]) -> dict[str, str]:
    """Return the packages of collections that share a name, where FOLIO has every name that tells them apart.

    An earlier migration made them so, perhaps from another database. Where a name is missing, a person decides.
    """
    sharing: dict[str, list[str]] = defaultdict(list)
    for one in claims:
        sharing[name_key(one.name)].append(one.key)
    found: dict[str, str] = {}
    for keys in sharing.values():
        packages = {key: by_name[name] for key in keys if (name := name_key(names[key])) in by_name}
        if len(keys) > 1 and len(packages) == len(keys):
            found |= packages
    return found


async def name_titles(work: Work, alma: Snapshot) -> dict[str, str]:
    """Settle which bibs are one title, and return the names of those that would otherwise share one."""
    remembered = await remembered_names(work.database, work.name, Kind.TITLE)
    names: dict[str, str] = {}
    async for keys in same_names(work.database, alma.id):
        titles = cast("list[Title]", list((await records(work.database, alma.id, Kind.TITLE, keys)).values()))
        linked = await links(work.database, work.name, Kind.TITLE, keys)
        same = same_publications(titles, {key: one.folio_id for key, one in linked.items()})
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
) -> dict[str, str]:
    """Link titles that FOLIO's reading already holds: by identifier and name, or by the name of a custom title.

    A link that stands is left as it is. Return why titles wait that may be one of FOLIO's, by the key that stands for
    them.
    """
    known = await links(work.database, work.name, Kind.TITLE, [key for group in groups for key in group.keys])
    found: list[Link] = []
    new: dict[str, Group] = {}
    for group in groups:
        linked = next((known[key] for key in group.keys if key in known), None)
        if linked is None:
            new[group.identity_key] = group
        else:
            found += links_for(linked, [key for key in group.keys if key not in known])
    own = cast("dict[str, Title]", await records(work.database, comparison.alma, Kind.TITLE, list(new)))
    # a bib that Alma no longer has (merged into another, say) keeps its title from nobody
    among = comparison.alma if alma_complete else None
    choosing = choosing_in_folio(work, alma=comparison.alma, folio=comparison.folio, among=among, names=names)
    chosen = await choosing.choices(own)
    for key, one in chosen.items():
        if one.choice.title is not None:
            found += links_for(_title_link(own[key], one.choice.title, one.choice.how), new[key].keys)
    await store_links(work.database, work.name, work.run_id, found)
    return {key: why for key, one in chosen.items() if (why := one.choice.why)}


async def match_holdings(work: Work, alma: Snapshot, folio: Snapshot, groups: Sequence[Group]) -> None:
    """Link holdings whose title and package are linked and whose resource is there.

    A link moves only with its portfolio: where Alma has put it into another collection or under another bib, or a
    person said that its collection or bib is another record of FOLIO.
    """
    packages = await package_links(work.database, work.name)
    titles = await links(work.database, work.name, Kind.TITLE, [group.identity_key for group in groups])
    wanted = {}
    for group in groups:
        package, title = packages.get(group.package_key), titles.get(group.identity_key)
        if package and title:
            wanted[f"{package.folio_id}-{title.folio_id}"] = group
    known = await links(work.database, work.name, Kind.HOLDING, [key for group in groups for key in group.keys])
    there = await records(work.database, folio.id, Kind.HOLDING, list(wanted))
    places = {
        key: resource_id
        for resource_id, group in wanted.items()
        if resource_id in there
        for key in group.keys
        if key not in known or known[key].folio_id != resource_id
    }
    stay = await _stand_elsewhere(work, alma, {key: place for key, place in places.items() if key in known})
    found = [
        Link(kind=Kind.HOLDING, alma_id=key, folio_id=place, how="title and package")
        for key, place in places.items()
        if key not in stay
    ]
    await store_links(work.database, work.name, work.run_id, found)


async def _stand_elsewhere(work: Work, alma: Snapshot, places: Mapping[str, str]) -> set[str]:
    """Return those portfolios whose own bib is linked to another title than these places name."""
    moved = cast("dict[str, Holding]", await records(work.database, alma.id, Kind.HOLDING, list(places)))
    bibs = await links(work.database, work.name, Kind.TITLE, sorted({one.title_key for one in moved.values()}))
    return {
        key
        for key, one in moved.items()
        if one.title_key in bibs and not places[key].endswith(f"-{bibs[one.title_key].folio_id}")
    }


def _title_link(title: Title, found: Title, how: str) -> Link:
    name = "" if found.managed or name_key(found.name) == name_key(title.name) else found.name
    return Link(kind=Kind.TITLE, alma_id=title.key, folio_id=found.key, how=how, name=name, managed=found.managed)
