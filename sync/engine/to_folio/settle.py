"""What an interrupted run may have made in FOLIO: how each sort of creation is looked for, and what links it then."""

from dataclasses import replace
from typing import cast

from sync.engine.adopting import Adopted
from sync.engine.to_folio.hands import FolioClaims
from sync.engine.work import Work
from sync.folio.lookup import FolioLookup
from sync.model import Kind, Title
from sync.plan.changes import Change
from sync.store.links import Link


async def package(work: Work, change: Change, name: str) -> Adopted | None:
    """Look for a custom package by its name."""
    found = await FolioLookup(work.folio).package(name, _claims(work, change, change.package_key))
    if found is None:
        return None
    link = Link(kind=Kind.PACKAGE, alma_id=change.package_key, folio_id=found.id, how="created", name=name)
    return Adopted(answer_id=found.id, links=(link,))


async def title(work: Work, change: Change, name: str) -> Adopted | None:
    """Look for a custom title by its name."""
    wanted = replace(cast("Title", change.desired), name=name)
    found = await FolioLookup(work.folio).title(wanted, _claims(work, change, change.title_key))
    if found is None:
        return None
    made = tuple(
        Link(kind=Kind.TITLE, alma_id=key, folio_id=found.id, how="created", name=name) for key in change.source_keys
    )
    return Adopted(answer_id=found.id, links=made)


async def resource(work: Work, change: Change, resource_id: str) -> Adopted | None:
    """Look for a title in a package by its id, which both ids make."""
    if await FolioLookup(work.folio).resource(resource_id) is None:
        return None
    made = tuple(
        Link(kind=Kind.HOLDING, alma_id=key, folio_id=resource_id, how="created") for key in change.source_keys
    )
    return Adopted(answer_id=resource_id, links=made)


def _claims(work: Work, change: Change, owner: str) -> FolioClaims:
    return FolioClaims(work, change.kind, owner, frozenset(change.source_keys), {}, None)


SEARCHES = {"create package": package, "create title": title, "add title to package": resource}
"""How what each operation makes is looked for; all others change a record that is known, and is read again anyway."""
