"""match, from FOLIO's side: which of Alma's collections, bibs and portfolios are the packages, titles and resources."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from sync.engine.planning import Matched
from sync.engine.read import Snapshot
from sync.engine.work import Work
from sync.match.titles import choose, same_publications
from sync.model import Kind, Package, System, Title, name_key
from sync.store.comparison import (
    Comparison,
    Differing,
    differing_from_folio,
    holdings_at,
    title_candidates,
    unlinked_titles,
)
from sync.store.links import Link, links_from_folio, store_links, taken_by
from sync.store.snapshots import all_records, parked_keys, records

BATCH = 500


async def match_from_folio(work: Work, alma: Snapshot, folio: Snapshot) -> Matched:
    """Link what belongs together and is not linked yet; return which packages may be one of several collections."""
    work.progress.begin("match", None)
    ambiguous = await match_packages(work, alma, folio)
    await match_contents(work, alma, folio)
    work.progress.end("match")
    return Matched(ambiguous=ambiguous.packages)


async def match_contents(work: Work, alma: Snapshot, folio: Snapshot) -> None:
    """Link titles and resources to the bibs and portfolios that are there."""
    comparison = Comparison(pair=work.name, alma=alma.id, folio=folio.id, rules=work.rules)
    among = folio.id if folio.complete else None
    async for keys in unlinked_titles(work.database, comparison, BATCH):
        await match_titles(work, comparison, keys, among)
        work.progress.advance("match", len(keys))
    holdings = differing_from_folio(work.database, comparison, Kind.HOLDING, run_id=work.run_id, batch=BATCH)
    async for differing in holdings:
        new = [one for one in differing if not (one.present or one.unreadable)]
        await match_holdings(work, alma, new, among)
        work.progress.advance("match", len(differing))


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Unlinked packages and collections of one name, with the reason: by FOLIO key, and by Alma key."""

    packages: dict[str, str] = field(default_factory=dict)
    collections: dict[str, str] = field(default_factory=dict)


async def match_packages(work: Work, alma: Snapshot, folio: Snapshot) -> Ambiguous:
    """Link packages to the collection that bears their name, if it is the only one; return those with several.

    Activated collections of the Community Zone count as well: they can only be found, never created (mapping).
    """
    packages, collections = await _by_name(work, folio), await _by_name(work, alma)
    there = {key for keys in collections.values() for key in keys}
    unreadable = await parked_keys(work.database, work.run_id, System.ALMA)
    linked = await links_from_folio(
        work.database, work.name, Kind.PACKAGE, [key for keys in packages.values() for key in keys]
    )
    known = {key for key, found in linked.items() if any(one.alma_id in there | unreadable for one in found)}
    taken = await taken_by(
        work.database,
        work.name,
        Kind.PACKAGE,
        sorted(there),
        among=folio.id if folio.complete else None,
        run_id=work.run_id,
    )
    found: list[Link] = []
    ambiguous = Ambiguous()
    for name, keys in packages.items():
        new = [key for key in keys if key not in known]
        free = [key for key in collections.get(name, ()) if key not in taken]
        if len(new) == 1 and len(free) == 1:
            found.append(Link(kind=Kind.PACKAGE, alma_id=free[0], folio_id=new[0], how="name"))
        elif new and free:
            words = f"{len(new)} packages of FOLIO and {len(free)} collections of Alma bear this name"
            ambiguous.packages.update(dict.fromkeys(new, words))
            ambiguous.collections.update(dict.fromkeys(free, words))
    await store_links(work.database, work.name, work.run_id, found)
    return ambiguous


async def _by_name(work: Work, snapshot: Snapshot) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    async for record in all_records(work.database, snapshot.id, Kind.PACKAGE):
        package = cast("Package", record)
        if package.selected and package.name:
            found[name_key(package.name)].append(package.key)
    return found


async def match_titles(work: Work, comparison: Comparison, keys: Sequence[str], among: int | None) -> None:
    """Link titles to bibs that portfolios of this library use: by identifier and name, or by the name alone."""
    titles = cast("dict[str, Title]", await records(work.database, comparison.folio, Kind.TITLE, keys))
    wanted = [(key, name_key(title.name)) for key, title in titles.items()]
    candidates = await title_candidates(work.database, source=comparison.folio, target=comparison.alma, wanted=wanted)
    mms_ids = sorted({key for found in candidates.values() for key in found})
    bibs = cast("dict[str, Title]", await records(work.database, comparison.alma, Kind.TITLE, mms_ids))
    taken = set(await taken_by(work.database, work.name, Kind.TITLE, mms_ids, among=among, run_id=work.run_id))
    found: list[Link] = []
    for key, title in titles.items():
        free = [bibs[one] for one in candidates.get(key, ()) if one in bibs and one not in taken]
        choice = choose(title, free)
        if choice.title is None:
            continue
        for mms_id in _same_bibs(choice.title, free):
            taken.add(mms_id)
            found.append(Link(kind=Kind.TITLE, alma_id=mms_id, folio_id=key, how=choice.how, managed=title.managed))
    await store_links(work.database, work.name, work.run_id, found)


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
