"""Everything that knows Alma. Usable as a library of its own, asynchronous and typed:

    async with open_alma("https://api-eu.hosted.exlibrisgroup.com", SecretStr(key)) as alma:
        page = await alma.list_collections(offset=0, limit=10)
        for record in page.records:
            print(record.model.public_name, record.model.portfolios.value)

`AlmaClient` has a method for each call; what each raises is one of `sync.errors`. A record comes as `Record`: `model`
to read from, `raw` to write back whole. Reading is limited to the rate given, and repeated where that does no harm.
"""

from sync.alma.client import AlmaClient, AreaAccess, BibTreatment, open_alma
from sync.alma.search import SearchClient, open_search

__all__ = ["AlmaClient", "AreaAccess", "BibTreatment", "SearchClient", "open_alma", "open_search"]
