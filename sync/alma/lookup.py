"""Looks for what a write may have made in Alma, by its natural key, among records that are nobody else's."""

from collections.abc import Sequence
from dataclasses import dataclass

from sync.alma import wire
from sync.alma.bodies import Parents
from sync.alma.client import AlmaClient
from sync.alma.marc import read_marc
from sync.alma.marc_write import own_number
from sync.alma.shelves import Shelves
from sync.errors import DataError, RefusedError
from sync.model import name_key
from sync.plan.writes import Claims
from sync.transport.paging import PAGE_SIZE, read_listing
from sync.transport.records import Record


class SeveralError(DataError):
    """Several records may be the one that is meant; which one is a person's decision (design: writing)."""


@dataclass(frozen=True, slots=True)
class AlmaLookup:
    """Looks once. Its methods raise `SeveralError` where more than one record may be meant."""

    client: AlmaClient
    shelves: Shelves

    async def collection(self, name: str, claims: Claims, query: str = "") -> str | None:
        """Return the id of the collection of this name; `query` narrows down the list that is read."""
        try:
            listing = await read_listing(
                lambda page: self.client.list_collections(page * PAGE_SIZE, PAGE_SIZE, query), key=lambda one: one.id
            )
        except RefusedError:  # a search that Alma cannot read
            return None
        same = [one.model.id for one in listing.records if name_key(one.model.public_name) == name_key(name)]
        return await _the_one(same, claims, f"collections named {name!r}")

    async def service(self, collection_id: str) -> str | None:
        """Return the id of the first service of a collection."""
        services = (await self.client.list_services(collection_id)).records
        return next((one.model.id for one in services), None)

    async def bib(self, title_id: str, claims: Claims) -> str | None:
        """Return the MMS ID of the bib that bears our number of a title of FOLIO."""
        number = own_number(title_id)
        page = await self.client.find_bibs(number)
        # how exactly Alma compares these numbers is not documented, so the record itself decides
        own = [one.model.mms_id for one in page.records if number in _other_numbers(one.model)]
        return await _the_one(own, claims, f"bibs with {number} in an 035")

    async def portfolio(self, url: str | None, parents: Parents, claims: Claims) -> Record[wire.Portfolio] | None:
        """Return the portfolio of this bib in this service that is nobody's; of several the one of this address.

        Those that were there before are linked, so this one is ours, however Alma spells its address.
        """
        listing = await read_listing(
            lambda page: self.client.list_bib_portfolios(parents.mms_id, page * PAGE_SIZE, PAGE_SIZE),
            key=lambda one: one.id,
        )
        there: dict[str, Record[wire.Portfolio]] = {}
        for brief in listing.records:
            if brief.model.service_id == parents.service_id and await claims.is_free(brief.model.id):
                whole = await self.client.get_bib_portfolio(parents.mms_id, brief.model.id)
                there[whole.model.id] = whole
        urls = {key: (await self.shelves.seen(whole)).record.url or "" for key, whole in there.items()}
        same = [key for key, one in urls.items() if one == (url or "")]
        one = await _the_one(same or list(there), claims, f"portfolios of bib {parents.mms_id} in this service")
        return there[one] if one is not None else None


async def _the_one(ids: Sequence[str], claims: Claims, what: str) -> str | None:
    """Return the one record that is nobody else's, None without one."""
    free = [one for one in dict.fromkeys(ids) if await claims.is_free(one)]
    if len(free) > 1:
        raise SeveralError(
            f"there are {len(free)} {what}: {', '.join(sorted(free)[:5])}",
            advice="Remove or merge all but one of them in Alma, then run the command again.",
        )
    return free[0] if free and claims.take(free[0]) else None


def _other_numbers(bib: wire.Bib) -> set[str]:
    """Return the numbers of a bib's 035 fields."""
    try:
        fields = read_marc(bib.marc_xml).get_fields("035")
    except DataError:
        return set(bib.network_number)
    return {text.strip() for field in fields for text in field.get_subfields("a")}
