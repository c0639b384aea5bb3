"""What the steps of some changes to Alma need to know, read from the database at once."""

from collections.abc import Sequence
from typing import cast

from sync.engine.application import Application, Batch
from sync.model import Holding, Kind, Package, Service, Title
from sync.plan.changes import REMOVALS, Change
from sync.store.changes import planned_services
from sync.store.comparison import source_records
from sync.store.links import Link, links_from_folio
from sync.store.snapshots import records


async def load(application: Application, changes: Sequence[Change]) -> Batch:
    """Return what the steps of these changes, all of one kind, need to know."""
    database, kind = application.work.database, changes[0].kind
    keys = sorted({key for change in changes for key in change.source_keys})
    sources = await source_records(database, application.source, kind, keys)
    if kind is Kind.SERVICE:
        application.services_left |= await planned_services(database, application.plan_id)
        collections = sorted({cast("Service", change.desired).package_key for change in changes})
        found = {
            **await records(database, application.source, Kind.PACKAGE, keys),
            **await records(database, application.target, Kind.PACKAGE, collections),
        }
        return Batch(packages={key: one for key, one in found.items() if isinstance(one, Package)})
    if kind is not Kind.HOLDING:
        return Batch(sources=sources)
    if changes[0].action in REMOVALS:
        mms_ids = sorted({cast("Holding", change.desired).title_key for change in changes})
        bibs = await records(database, application.target, Kind.TITLE, mms_ids)
        return Batch(bibs={key: one for key, one in bibs.items() if isinstance(one, Title)})
    title_keys = sorted({change.title_key for change in changes})
    linked = await links_from_folio(database, application.work.name, Kind.TITLE, title_keys)
    titles = await records(database, application.source, Kind.TITLE, title_keys)
    return Batch(
        sources=sources,
        titles={key: several[0] for key, several in linked.items()},
        source_titles={key: one for key, one in titles.items() if isinstance(one, Title)},
    )


async def package_links(application: Application) -> dict[str, Link]:
    """Return the link of each package by its FOLIO id."""
    database, name = application.work.database, application.work.name
    found = await links_from_folio(database, name, Kind.PACKAGE)
    return {key: several[0] for key, several in found.items()}
