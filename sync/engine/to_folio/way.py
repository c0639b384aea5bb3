"""How changes to FOLIO are carried out."""

from sync.engine.application import Application
from sync.engine.stages import Way
from sync.engine.still_gone import looked_at_again
from sync.engine.to_folio.batch import load
from sync.engine.to_folio.steps import REMOVALS, WRITES
from sync.store.links import Link, package_links


async def _links(application: Application) -> dict[str, Link]:
    return await package_links(application.work.database, application.work.name)


TO_FOLIO = Way(package_links=_links, load=load, writes=WRITES, removals=looked_at_again(REMOVALS))
