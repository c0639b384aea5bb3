"""What the steps of some changes to FOLIO need to know, read from the database at once."""

from collections.abc import Sequence

from sync.engine.application import Application, Batch
from sync.model import Kind, System
from sync.plan.changes import Change, change_id
from sync.store.changes import changes_by_id, planned_places
from sync.store.comparison import source_records
from sync.store.links import links


async def load(application: Application, changes: Sequence[Change]) -> Batch:
    """Return what the steps of these changes, all of one kind, need to know."""
    database, kind = application.work.database, changes[0].kind
    keys = [key for change in changes for key in change.source_keys]
    sources = await source_records(database, application.source, kind, keys)
    title_keys = sorted({change.title_key for change in changes})
    if kind is not Kind.HOLDING:
        places = await planned_places(database, application.plan_id, title_keys) if kind is Kind.TITLE else {}
        return Batch(sources=sources, places=places)
    title_ids = [change_id(System.FOLIO, Kind.TITLE, key) for key in title_keys]
    title_changes = await changes_by_id(database, application.plan_id, title_ids)
    all_keys = sorted({key for one in title_changes.values() for key in one.change.source_keys})
    return Batch(
        sources=sources,
        resources=await links(database, application.work.name, Kind.HOLDING, keys),
        titles=await links(database, application.work.name, Kind.TITLE, title_keys),
        title_changes=title_changes,
        title_sources=await source_records(database, application.source, Kind.TITLE, all_keys),
    )
