"""Everything that knows FOLIO eHoldings. Usable as a library of its own, asynchronous and typed:

    async with open_folio("https://folio.example.edu", "diku", "sync", SecretStr(password)) as folio:
        page = await folio.list_packages(page=1, count=10, selected=True)
        for record in page.records:
            print(record.model.attributes.name, record.model.attributes.selected_count)

`FolioClient` has a method for each call, which says what it costs of EBSCO's calls; what each raises is one of
`sync.errors`. Request bodies are in `sync.folio.requests`. The login is made with the first call and renewed in time.
"""

from sync.folio.client import FolioClient, open_folio

__all__ = ["FolioClient", "open_folio"]
