"""Finds bibs by ISSN and ISBN through Alma's search service (SRU), the only way to do so (facts: alma §4).

It has a host of its own, no key, and does not count towards the API's limits. Suppressed bibs are not found.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from xml.etree import ElementTree

from sync.alma.marc import read_marc, title_from_marc
from sync.errors import ConfigurationError, DataError
from sync.model import Identifier, IdentifierKind, Title
from sync.transport.bodies import ErrorBody
from sync.transport.budget import Budget
from sync.transport.connection import Connection, Options
from sync.transport.http import Answer, Http
from sync.transport.limiter import Limiter
from sync.transport.rules import Call, ErrorRules, Judgement, words
from sync.transport.xml_reader import XmlRefusedError, parse_xml

MARC_RECORD = "{http://www.loc.gov/MARC21/slim}record"
MOST_RECORDS = 50
MOST_NUMBERS = 6
ADVICE = "Check sru_url in [pairs.NAME.alma], and the SRU integration profile in Alma; or leave sru_url out."
REQUESTS_PER_SECOND = 10.0
"""Nothing is published about a limit of its own; this is far below the API's."""


class SearchRules(ErrorRules):
    """Judges the answers of the search service: by their status alone."""

    system = "Alma search (SRU)"
    media_type = "application/xml"

    def judge_own(self, call: Call, answer: Answer, body: ErrorBody) -> Judgement:
        """Return what tells that the address is wrong or the service not enabled; else the status decides."""
        if answer.status not in {401, 403, 404}:
            return None
        return ConfigurationError(f"{call.name}: not available ({answer.status}{words(body)})", advice=ADVICE)


@asynccontextmanager
async def open_search(sru_url: str, options: Options | None = None) -> AsyncIterator["SearchClient"]:
    """Yield a client of the search service at this address and close it afterwards. Nothing is sent yet."""
    options = options or Options()
    parts = urlsplit(sru_url)
    http = Http(
        f"{parts.scheme}://{parts.netloc}",
        connect_seconds=options.connect_seconds,
        read_seconds=options.read_seconds,
        in_flight=options.in_flight,
        transport=options.transport,
    )
    async with Connection(
        http,
        rules=SearchRules(),
        limiter=Limiter(REQUESTS_PER_SECOND),
        budget=Budget(SearchRules.system, daily_limit=None, reserve=0),
        retry=options.retry,
    ) as connection:
        yield SearchClient(connection, parts.path or "/")


class SearchClient:
    """Searches one Alma institution. Each method may raise what `Connection.read` says."""

    def __init__(self, connection: Connection, path: str) -> None:
        self.connection = connection
        self._path = path

    async def titles_numbered(self, identifiers: Sequence[Identifier]) -> list[Title]:
        """Return the bibs that have one of the first six valid identifiers, as titles by their MMS IDs; at most 50.

        Bibs that cannot be read are left out.

        Raises:
            ConfigurationError: when the service refuses the search.
        """
        numbers = [
            f'alma.{"issn" if one.kind is IdentifierKind.ISSN else "isbn"}="{one.value}"'
            for one in identifiers
            if one.valid
        ]
        if not numbers:
            return []
        answer = await self.connection.read(
            self._path,
            params={
                "version": "1.2",
                "operation": "searchRetrieve",
                "recordSchema": "marcxml",
                "maximumRecords": MOST_RECORDS,
                "query": " or ".join(numbers[:MOST_NUMBERS]),
            },
            readable=_is_search_answer,
        )
        refused = [one.text_of("message") for one in parse_xml(answer.content).every("diagnostic")]
        if refused:
            raise ConfigurationError(
                f"Alma's search service refused a search: {'; '.join(refused)}",
                advice=ADVICE,
            )
        # parse_xml has refused a document type already, so nothing is expanded or fetched here
        whole = ElementTree.fromstring(answer.content)  # noqa: S314
        found = []
        for element in whole.iter(MARC_RECORD):
            try:
                record = read_marc(ElementTree.tostring(element, encoding="unicode"))
                found.append(title_from_marc((record["001"].data if "001" in record else None) or "", record))
            except DataError:
                continue  # a bib that cannot be read, or has no title, is nobody's match
        return [one for one in found if one.key]


def _is_search_answer(answer: Answer) -> bool:
    try:
        return parse_xml(answer.content).name == "searchRetrieveResponse"
    except XmlRefusedError:
        return False
