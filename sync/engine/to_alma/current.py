"""A record of FOLIO in full, as only the record by its id tells it: proxy, tags, description, contributors."""

from dataclasses import replace

from sync.engine.work import Work
from sync.folio import wire
from sync.folio.mapping import holding_from_wire, package_from_wire, title_from_resource
from sync.model import Holding, Package, Title


async def package_in_full(work: Work, package_id: str) -> Package:
    """Return a package of FOLIO.

    Raises:
        NotFoundError: when it is not there any longer.
    """
    record = (await work.folio.get_package(package_id)).model
    package = package_from_wire(record)
    return replace(package, proxy=None) if _inherited(record.attributes.proxy) else package


async def resource_in_full(work: Work, resource_id: str) -> tuple[Holding, Title]:
    """Return a holding of FOLIO with its title; one call tells both.

    Raises:
        NotFoundError: when it is not there any longer.
        DataError: when it cannot be understood.
    """
    record = (await work.folio.get_resource(resource_id)).model
    holding = holding_from_wire(record)
    if _inherited(record.attributes.proxy):
        holding = replace(holding, proxy=None)
    return holding, title_from_resource(record)


def _inherited(proxy: wire.Proxy | None) -> bool:
    """Return whether a proxy is that of the level above: then the record itself says nothing (facts: folio §1.5)."""
    return proxy is not None and proxy.inherited is not False
