"""What FOLIO holds now: from the reading where that tells enough, from the single record where it does not."""

from dataclasses import dataclass

from sync.engine.work import Work
from sync.errors import NotFoundError
from sync.folio.mapping import (
    holding_from_wire,
    listed,
    own_holding,
    own_package,
    package_from_wire,
    title_from_resource,
    title_from_wire,
)
from sync.model import Holding, Package, Record, Title
from sync.plan.compare import differences, fields_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """A record of FOLIO: as compared, and as lists tell it; where it was read singly also as it speaks for itself.

    `title` is the title of a resource that was read singly.
    """

    record: Package | Title | Holding
    listed: Record
    own: Package | Title | Holding | None = None
    title: Title | None = None


async def current_package(work: Work, desired: Package, package_id: str, seen: Package | None) -> Current | None:
    """Return the package as FOLIO holds it, None when it is gone."""
    if seen is not None and _tells_enough(desired, seen):
        return Current(record=seen, listed=seen)
    try:
        stored = (await work.folio_reads.of(work.folio.get_package(package_id))).model
    except NotFoundError:
        return None
    package = package_from_wire(stored)
    return Current(record=package, listed=listed(package), own=own_package(stored)) if package.selected else None


async def current_title(work: Work, desired: Title, title_id: str, seen: Title | None) -> Current | None:
    """Return the title as FOLIO holds it, None when it is gone."""
    if seen is not None and _tells_enough(desired, seen):
        return Current(record=seen, listed=seen)
    try:
        title = title_from_wire((await work.folio_reads.of(work.folio.get_title(title_id))).model)
    except NotFoundError:
        return None
    return Current(record=title, listed=listed(title), own=title)


async def current_holding(work: Work, desired: Holding, resource_id: str, seen: Holding | None) -> Current | None:
    """Return the holding as FOLIO holds it, None when it is gone."""
    if seen is not None and _tells_enough(desired, seen):
        return Current(record=seen, listed=seen)
    try:
        record = (await work.folio_reads.of(work.folio.get_resource(resource_id))).model
    except NotFoundError:
        return None
    if record.attributes.is_selected is False:
        return None
    holding = holding_from_wire(record)
    return Current(record=holding, listed=listed(holding), own=own_holding(record), title=title_from_resource(record))


async def holding_and_title(work: Work, resource_id: str) -> tuple[Holding, Title]:
    """Return a resource as it is now, with its title; one call tells both.

    Raises:
        NotFoundError: when it is not there.
    """
    record = (await work.folio.get_resource(resource_id)).model
    return holding_from_wire(record), title_from_resource(record)


def _tells_enough(desired: Record, seen: Record) -> bool:
    """Return whether a list's record decides, since nothing that is meant differs from it or is missing in it.

    What differs is read singly in any case, so that the report shows the whole "before".
    """
    return not differences(desired, seen, fields_of(desired))
