"""Records on which both sides agree: their base is moved, so that the next run need not look at them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sync.engine.to_folio.current import Current
from sync.engine.work import Work
from sync.model import Kind, Record
from sync.store.bases import Agreement, agree
from sync.store.comparison import SourceRecord
from sync.store.links import Closing, Link, add_links, close_links


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """A record that is in FOLIO what it shall be."""

    kind: Kind
    sources: Mapping[str, SourceRecord]
    link: Link
    current: Current
    desired: Record
    pending: tuple[str, ...] = ()


def agreements_of(
    kind: Kind,
    sources: Mapping[str, SourceRecord],
    listed: Record,
    desired: Record,
    pending: tuple[str, ...] = (),
) -> tuple[Agreement, ...]:
    """Return what to store as the base: for each record of Alma its hash, with what FOLIO holds."""
    return tuple(
        Agreement(
            kind=kind,
            alma_id=key,
            alma_hash=source.hash,
            alma_record=source.record if pending or not source.hash else None,
            folio_listed=listed,
            written=desired,
            pending=pending,
        )
        for key, source in sorted(sources.items())
    )


def links_for(link: Link, keys: Iterable[str]) -> tuple[Link, ...]:
    """Return the same link for each of several records of Alma that are one in FOLIO."""
    return tuple(
        Link(kind=link.kind, alma_id=key, folio_id=link.folio_id, how=link.how, name=link.name, managed=link.managed)
        for key in sorted(keys)
    )


async def store_agreements(work: Work, agreed: Sequence[Agreed]) -> None:
    """Move the base of these records, in one transaction."""
    if not agreed:
        return
    made = [link for one in agreed for link in links_for(one.link, one.sources)]
    items = [
        item
        for one in agreed
        for item in agreements_of(one.kind, one.sources, one.current.listed, one.desired, one.pending)
    ]
    closings = [
        Closing(kind=Kind.HOLDING, folio_id=one.link.folio_id, keep=tuple(one.sources))
        for one in agreed
        if one.kind is Kind.HOLDING
    ]
    async with work.database.begin() as connection:
        await add_links(connection, work.name, work.run_id, made)
        await agree(connection, work.name, work.run_id, work.rules, items)
        await close_links(connection, work.name, closings)
