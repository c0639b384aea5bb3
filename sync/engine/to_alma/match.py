"""match, from FOLIO's side: which of Alma's collections, bibs and portfolios are the packages, titles and resources."""

from collections.abc import Sequence
from typing import cast

from sync.engine.planning import Matched
from sync.engine.read import Snapshot
from sync.engine.title_choice import choosing_in_alma
from sync.engine.work import Work
from sync.match.by_name import Doubt, pair_by_name
from sync.match.titles import same_publications
from sync.model import Kind, Package, System, Title
from sync.store.comparison import (
    Comparison,
    Differing,
    differing_from_folio,
    holdings_at,
    unlinked_titles,
)
from sync.store.links import Link, links_from_folio, store_links, taken_by
from sync.store.snapshots import all_records, parked_keys, records

BATCH = 500


async def match_from_folio(work: Work, alma: Snapshot, folio: Snapshot) -> Matched:
    """Link what belongs together and is not linked yet; return what waits for a person."""
    work.progress.begin("match", None)
    doubts = await match_packages(work, alma, folio)
    doubtful = await match_contents(work, alma, folio)
    work.progress.end("match")
    return Matched(doubts=doubts, doubtful_titles=doubtful)


async def match_contents(work: Work, alma: Snapshot, folio: Snapshot) -> dict[str, str]:
    """Link titles and resources to the bibs and portfolios that are there; return why titles wait, by FOLIO key."""
    comparison = Comparison(pair=work.name, alma=alma.id, folio=folio.id, rules=work.rules)
    among = folio.id if folio.complete else None
    doubtful: dict[str, str] = {}
    async for keys in unlinked_titles(work.database, comparison, BATCH):
        doubtful |= await match_titles(work, comparison, keys, among)
        work.progress.advance("match", len(keys))
    holdings = differing_from_folio(work.database, comparison, Kind.HOLDING, run_id=work.run_id, batch=BATCH)
    async for differing in holdings:
        new = [one for one in differing if not (one.present or one.unreadable)]
        await match_holdings(work, alma, new, among)
        work.progress.advance("match", len(differing))
    return doubtful


async def match_packages(work: Work, alma: Snapshot, folio: Snapshot) -> tuple[Doubt, ...]:
    """Link packages to the collections that bear their names; return those that a person tells apart.

    Activated collections of the Community Zone count as well: they can only be found, never created (mapping).
    """
    packages, collections = await _names(work, folio), await _names(work, alma)
    unreadable = await parked_keys(work.database, work.run_id, System.ALMA)
    linked = await links_from_folio(work.database, work.name, Kind.PACKAGE, sorted(packages))
    known = {key for key, found in linked.items() if any(one.alma_id in {*collections, *unreadable} for one in found)}
    taken = await taken_by(
        work.database,
        work.name,
        Kind.PACKAGE,
        sorted(collections),
        among=folio.id if folio.complete else None,
        run_id=work.run_id,
    )
    free = {key: name for key, name in collections.items() if key not in taken}
    pairs = pair_by_name(free, {key: name for key, name in packages.items() if key not in known})
    found = [
        Link(kind=Kind.PACKAGE, alma_id=alma_id, folio_id=folio_id, how="name")
        for alma_id, folio_id in sorted(pairs.same.items())
    ]
    await store_links(work.database, work.name, work.run_id, found)
    return tuple(pairs.doubts)


async def _names(work: Work, snapshot: Snapshot) -> dict[str, str]:
    """Return the names of the packages of one side that are selected, by key."""
    found = all_records(work.database, snapshot.id, Kind.PACKAGE)
    return {one.key: one.name async for one in found if isinstance(one, Package) and one.selected and one.name}


async def match_titles(work: Work, comparison: Comparison, keys: Sequence[str], among: int | None) -> dict[str, str]:
    """Link titles to bibs that portfolios of this library use: by identifier and name, or by the name alone.

    Return why titles wait that may be one of Alma's bibs, by FOLIO key.
    """
    titles = cast("dict[str, Title]", await records(work.database, comparison.folio, Kind.TITLE, keys))

    choosing = choosing_in_alma(work, alma=comparison.alma, folio=comparison.folio, among=among)
    chosen = await choosing.choices(titles)
    found = [
        Link(kind=Kind.TITLE, alma_id=mms_id, folio_id=key, how=one.choice.how, managed=titles[key].managed)
        for key, one in chosen.items()
        if one.choice.title is not None
        for mms_id in _same_bibs(one.choice.title, one.free)
    ]
    await store_links(work.database, work.name, work.run_id, found)
    return {key: why for key, one in chosen.items() if (why := one.choice.why)}


def _same_bibs(chosen: Title, candidates: Sequence[Title]) -> list[str]:
    """Return the bib chosen, and those of its name that are the same publication: several bibs may be one title."""
    same = same_publications(candidates)
    leader = same.get(chosen.key, chosen.key)
    return [one.key for one in candidates if same.get(one.key, one.key) == leader]


async def match_holdings(work: Work, alma: Snapshot, differing: Sequence[Differing], among: int | None) -> None:
    """Link resources to the portfolios that stand in the linked collection on a linked bib."""
    packages = await links_from_folio(
        work.database, work.name, Kind.PACKAGE, sorted({one.package_key for one in differing})
    )
    titles = await links_from_folio(work.database, work.name, Kind.TITLE, sorted({one.title_key for one in differing}))
    places = [
        (one.key, package.alma_id, title.alma_id)
        for one in differing
        for package in packages.get(one.package_key, ())
        for title in titles.get(one.title_key, ())
    ]
    there = await holdings_at(work.database, alma.id, places)
    keys = [key for keys in there.values() for key in keys]
    taken = await taken_by(work.database, work.name, Kind.HOLDING, keys, among=among, run_id=work.run_id)
    found = [
        Link(kind=Kind.HOLDING, alma_id=key, folio_id=place, how="title and package")
        for place, keys in there.items()
        for key in keys
        if key not in taken
    ]
    await store_links(work.database, work.name, work.run_id, found)
