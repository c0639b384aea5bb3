"""A practice Alma that holds records with everything set, a client of it, and the bodies it was sent."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from sync.alma.client import AlmaClient, open_alma
from sync.alma.codes import WriteCodes
from sync.sandbox.alma import AlmaSwitches, PracticeAlma
from sync.sandbox.seed import SeedBib, SeedEmbargo, SeedPortfolio, SeedRange
from tests.support.libraries import collection, journal, library, portfolio
from tests.support.practice import Exchange, Meddled
from tests.support.transports import quick

CODES = WriteCodes(collection_access_type="current")
LATER = {"provenance": {"value": "LIBRARY", "desc": "Library"}, "linking_parameters": ["a", {"b": None}]}
"""Keys that today's Alma does not have; every record that is read has them."""

TIDES, DUNES, REEDS, LONELY = (journal(number) for number in range(4))
"""The last one is in no collection."""
LIBRARY = library(
    [TIDES, DUNES, REEDS, LONELY],
    collection("Coastal", [portfolio(TIDES), portfolio(DUNES)], library="MAIN", url_override="https://o.invalid"),
    collection(
        "Zone",
        [
            SeedPortfolio(
                bib=REEDS.key,
                url="https://zone.invalid/reeds",
                coverage_in_use="1",
                global_coverage=(SeedRange(from_year="1990", until_year="2020"),),
                global_embargo=SeedEmbargo(operator=">=", months="6"),
            )
        ],
        is_local=False,
        url="https://zone.invalid",
        description="From the zone",
        library="MAIN",
    ),
    collection("Empty", services=()),
)
SHARED: dict[str, Any] = {
    "license": "LICENSE-1",
    "po_line": "POL-1",
    "activation_date": "2020-02-29",
    "counter_platform": "PRACTICE",
    "public_access_model": "3U",
    "notes": [{"content": "ask Ida", "type": "GENERAL"}],
    "number": [{"value": "POL-2"}, {"value": "POL-3"}],
    "group_settings": [{"group": {"value": "CAMPUS"}, "proxy_enabled": "true", "public_note": "on campus"}],
    "public_note": "Seats: 3",
    "authentication_note": "Ask at the desk",
    "internal_description": "Checked in May",
}
PORTFOLIO: dict[str, Any] = {
    "library": "MAIN",
    "linking_details": {"parser_parameters_override": "bkey=1", "proxy_enabled": "true", "proxy": "ezproxy"},
    "coverage_details": {"perpetual_date_coverage_parameters": [{"from_year": "1980"}]},
}


@dataclass(frozen=True, slots=True)
class AlmaDesk:
    """A practice Alma, a client of it, and the bodies that were sent."""

    alma: PracticeAlma
    client: AlmaClient
    sent: list[Any]

    def place(self, name: str = "Coastal") -> tuple[str, str]:
        """Return the ids of the collection of that name and of its service ("" without one)."""
        found = next(one["id"] for one in self.alma.collections() if one["public_name"] == name)
        return found, next((one["id"] for one in self.alma.services(found)), "")

    def portfolio_of(self, bib: SeedBib) -> str:
        """Return the id of the bib's first portfolio."""
        return str(self.alma.portfolios(mms_id=self.alma.mms_id(bib.key))[0]["id"])

    def everything(self) -> list[Any]:
        """Return all that Alma holds."""
        return [self.alma.collections(), self.alma.services(), self.alma.portfolios(), self.alma.bibs()]


@asynccontextmanager
async def open_alma_desk(key: str = "", **switches: Any) -> AsyncIterator[AlmaDesk]:
    """Yield a desk without limits; `key` is another one than that which may write."""
    alma = PracticeAlma(switches=AlmaSwitches(**{"requests_per_second": 0, **switches}))
    alma.load(LIBRARY)
    for one in alma.portfolios():
        alma.edit_portfolio(one["id"], **SHARED, **PORTFOLIO)
    for one in alma.collections():
        alma.edit_collection(one["id"], **SHARED)
    sent: list[Any] = []
    options = quick(
        httpx.ASGITransport(Meddled(alma, _from_a_later_alma).app), lambda _one, _path, body: sent.append(body)
    )
    async with open_alma("http://alma.invalid", SecretStr(key or alma.switches.api_key), 0, options=options) as client:
        yield AlmaDesk(alma, client, sent)


def _from_a_later_alma(exchange: Exchange) -> None:
    if exchange.method == "GET" and exchange.status == 200 and exchange.body.startswith(b'{"id"'):
        exchange.body = json.dumps({**json.loads(exchange.body), **LATER}).encode()
