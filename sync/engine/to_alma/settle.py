"""What an interrupted run may have made in Alma: how each sort of creation is looked for, and what links it then."""

from sync.alma import extractor
from sync.alma.bodies import Parents
from sync.alma.lookup import AlmaLookup
from sync.alma.read_portfolios import STANDALONE_KEY
from sync.alma.shelves import Shelves
from sync.engine.adopting import Adopted
from sync.engine.to_alma.hands import AlmaClaims
from sync.engine.work import Work
from sync.model import Kind, Title
from sync.plan.changes import Change
from sync.store.links import Closing, Link


async def collection(work: Work, change: Change, name: str) -> Adopted | None:
    """Look for a collection by its name, in the whole list."""
    found = await (await _lookup(work)).collection(name, _claims(work, change))
    return None if found is None else _linked(Kind.PACKAGE, found, change, name=change.package_name)


async def service(work: Work, _change: Change, collection_id: str) -> Adopted | None:
    """Look for the service of a collection that had none."""
    found = await (await _lookup(work)).service(collection_id)
    return None if found is None else Adopted(answer_id=found)


async def bib(work: Work, change: Change, _number: str) -> Adopted | None:
    """Look for a bib by our number of its title."""
    found = await (await _lookup(work)).bib(change.source_keys[0], _claims(work, change))
    managed = isinstance(change.origin, Title) and change.origin.managed
    return None if found is None else _linked(Kind.TITLE, found, change, managed=managed)


async def portfolio(work: Work, change: Change, natural_key: str) -> Adopted | None:
    """Look for a portfolio by its service, its bib and its address."""
    service_id, mms_id, url = natural_key.split("/", 2)
    parents = Parents(mms_id=mms_id, collection_id="", service_id="" if service_id == STANDALONE_KEY else service_id)
    found = await (await _lookup(work)).portfolio(url, parents, _claims(work, change))
    return None if found is None else _linked(Kind.HOLDING, found.model.id, change)


def _linked(kind: Kind, alma_id: str, change: Change, *, name: str = "", managed: bool = False) -> Adopted:
    folio_id = change.source_keys[0]
    link = Link(kind=kind, alma_id=alma_id, folio_id=folio_id, how="created", name=name, managed=managed)
    # several bibs may be one title, but of what was just made there is one
    closings = () if kind is Kind.TITLE else (Closing(kind=kind, folio_id=folio_id, keep=(alma_id,)),)
    return Adopted(answer_id=alma_id, links=(link,), closings=closings)


async def _lookup(work: Work) -> AlmaLookup:
    codes = await extractor.read_codes(work.alma, work.pair.maps)
    return AlmaLookup(work.alma, Shelves(work.alma, codes))


def _claims(work: Work, change: Change) -> AlmaClaims:
    return AlmaClaims(work, change.kind, change.source_keys[0], {}, None)


SEARCHES = {
    "create collection": collection,
    "create service": service,
    "create bib": bib,
    "create portfolio": portfolio,
}
"""How what each operation makes is looked for; all others change a record that is known, and is read again anyway."""
