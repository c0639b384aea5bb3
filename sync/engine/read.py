"""read: one complete reading of each side, into a snapshot."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.alma import extractor as alma_extractor
from sync.alma.codes import AlmaCodes, WriteCodes
from sync.engine.work import Work
from sync.folio import extractor as folio_extractor
from sync.folio.wire import VisibilityForm
from sync.model import Batch, Extraction, Kind, Package, Sink, System, name_key
from sync.store.links import linked_below, package_links
from sync.store.snapshots import (
    add_entries,
    add_parked,
    all_records,
    begin_snapshot,
    finish_snapshot,
    snapshot_info,
)

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A reading that has ended, and how complete it was.

    `codes` are the meanings of Alma's codes, `write_codes` those to write; `package_texts` says what FOLIO's packages
    can hold.
    """

    id: int
    system: System
    extraction: Extraction
    scope: str = ""
    codes: AlmaCodes = field(default_factory=AlmaCodes)
    write_codes: WriteCodes = field(default_factory=WriteCodes)
    package_texts: bool = False

    @property
    def complete(self) -> bool:
        """Return whether absence from it means anything."""
        return not self.extraction.shortfalls

    def with_codes(self, codes: AlmaCodes, write_codes: WriteCodes) -> "Snapshot":
        """Return the snapshot of Alma with the meanings of its codes."""
        return replace(self, codes=codes, write_codes=write_codes)


async def stored_snapshot(database: AsyncEngine, snapshot_id: int) -> Snapshot:
    """Return a reading made earlier, as far as carrying out a plan needs it."""
    info = await snapshot_info(database, snapshot_id)
    extraction = Extraction(declared=info.declared, shortfalls=list(info.shortfalls))
    if not info.complete and not info.shortfalls:
        extraction.shortfalls.append("the reading was not finished")
    return Snapshot(id=snapshot_id, system=info.system, extraction=extraction)


def unread(system: System) -> Snapshot:
    """Return a reading of nothing, for a plan that is not made of readings: absence from it says nothing."""
    return Snapshot(id=0, system=system, extraction=Extraction(shortfalls=["it was not read"]))


async def read_alma(work: Work, *, to_write: bool) -> Snapshot:
    """Read everything the Alma institution holds; with `to_write` also the codes for what is to be written."""
    codes = await alma_extractor.read_codes(work.alma, work.pair.maps)
    settings = work.pair.alma
    write_codes = WriteCodes()
    if to_write:
        write_codes = await alma_extractor.read_write_codes(work.alma, codes, settings.collection_access_type)
    standalone = alma_extractor.Standalone(
        mms_ids=settings.standalone_mms_ids(), package_name=settings.standalone_package
    )

    async def extract(sink: Sink, extraction: Extraction) -> None:
        await alma_extractor.extract(work.alma, codes, sink, extraction, standalone)

    return replace(await _read(work, System.ALMA, "all", extract), codes=codes, write_codes=write_codes)


async def read_folio(work: Work, *, all_titles: bool, beside: Snapshot | None = None) -> Snapshot:
    """Read what the FOLIO tenant has selected; the titles of managed packages only where they are linked, or all.

    `beside` is Alma as it was read: managed packages that bear the name of one of its collections are read as well.
    """
    named = set()
    if beside is not None:
        found = all_records(work.database, beside.id, Kind.PACKAGE)
        named = {name_key(one.name) async for one in found if isinstance(one, Package)}
    linked = {link.folio_id for link in (await package_links(work.database, work.name)).values()}

    async def known_ids(package_id: str) -> Sequence[str]:
        return await linked_below(work.database, work.name, Kind.HOLDING, package_id)

    forms: list[VisibilityForm] = []

    async def extract(sink: Sink, extraction: Extraction) -> None:
        found = await folio_extractor.extract(
            work.folio, sink, extraction, managed=None if all_titles else linked, known_ids=known_ids, named=named
        )
        forms.append(found)

    snapshot = await _read(work, System.FOLIO, "selected" if all_titles else "custom", extract)
    return replace(snapshot, package_texts=forms == [VisibilityForm.LIST])


async def _read(
    work: Work, system: System, scope: str, extract: Callable[[Sink, Extraction], Awaitable[None]]
) -> Snapshot:
    phase = f"read {'Alma' if system is System.ALMA else 'FOLIO'}"
    snapshot_id = await begin_snapshot(work.database, run_id=work.run_id, pair=work.name, system=system, scope=scope)
    extraction = Extraction()
    work.progress.begin(phase, None)

    async def sink(batch: Batch) -> None:
        await add_entries(work.database, snapshot_id, batch.readings)
        await add_parked(work.database, work.run_id, batch.parked)
        work.progress.expect(phase, extraction.expected)
        counted = sum(one.kind is not Kind.SERVICE for one in batch.readings)
        work.progress.advance(phase, counted + len(batch.parked))

    await extract(sink, extraction)
    log.info(
        "read",
        action="read.end",
        run_id=work.run_id,
        system=system,
        snapshot_id=snapshot_id,
        declared=extraction.declared,
        shortfalls=extraction.shortfalls,
    )
    await finish_snapshot(work.database, snapshot_id, declared=extraction.declared, shortfalls=extraction.shortfalls)
    work.progress.end(phase)
    return Snapshot(id=snapshot_id, system=system, extraction=extraction, scope=scope)
