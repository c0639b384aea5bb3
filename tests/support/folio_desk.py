"""A practice FOLIO with vendor's packages and custom ones, and a client of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from sync.folio.client import FolioClient, open_folio
from sync.folio.requests import PackagePost, TitlePost
from sync.sandbox.folio import FolioSwitches, PracticeFolio, StoredPackage, StoredResource
from sync.sandbox.seed import SeedKnowledgeBase, SeedKnowledgeBasePackage, SeedKnowledgeBaseTitle
from tests.support.transports import quick

VENDOR = SeedKnowledgeBase(
    titles=(
        SeedKnowledgeBaseTitle(name="Journal of Tides", issn_online="2049-3630"),
        SeedKnowledgeBaseTitle(name="Tides and Dunes"),
        SeedKnowledgeBaseTitle(name="Handbook of Reeds", publication_type="Book"),
    ),
    packages=(
        SeedKnowledgeBasePackage(name="Coastal Complete", provider="Vendor", titles=(0, 1, 2), selected=True),
        SeedKnowledgeBasePackage(name="Coastal Extra", provider="Vendor", titles=(0, 2), content_type="E-Book"),
        SeedKnowledgeBasePackage(name="Inland", provider="Vendor", titles=(2,), content_type="Print"),
    ),
)


@dataclass(frozen=True, slots=True)
class FolioDesk:
    """A practice FOLIO with two custom packages of two custom titles, and a client of it."""

    folio: PracticeFolio
    client: FolioClient

    def package(self, name: str) -> StoredPackage:
        """Return the package of that name."""
        return next(one for one in self.folio.packages() if one.package.name == name)

    def resource(self, package: str, title: str) -> StoredResource:
        """Return the title of that name in the package of that name."""
        held = self.folio.resources(self.package(package).id)
        return next(one for one in held if one.title.name == title)

    def names(self) -> set[str]:
        """Return the names of all packages."""
        return {one.package.name for one in self.folio.packages()}

    def titles(self, package: str) -> set[str]:
        """Return the names of the titles in the package."""
        return {one.title.name for one in self.folio.resources(self.package(package).id)}

    def everything(self) -> list[Any]:
        """Return all that FOLIO holds."""
        return [self.folio.packages(), self.folio.titles(), self.folio.resources()]


@asynccontextmanager
async def open_folio_desk(**switches: Any) -> AsyncIterator[FolioDesk]:
    """Yield a desk without a limit of calls a second."""
    folio = PracticeFolio(switches=FolioSwitches(**switches))
    folio.load(VENDOR)
    one = folio.switches
    options = quick(httpx.ASGITransport(folio.app))
    user = (one.tenant, one.username, SecretStr(one.password))
    async with open_folio("http://folio.invalid", *user, 0, options=options) as client:
        desk = FolioDesk(folio, client)
        for name, title in (("Own", "Harbour News"), ("Other", "Quay Letters")):
            made = await client.create_package(PackagePost(name=name, content_type="E-Journal"))
            post = TitlePost(name=title, publication_type="Journal", package_id=made.model.id)
            await client.create_title(post)
        yield desk
