"""The bodies FOLIO eHoldings takes, exactly as its published schemas demand (facts: folio §1.3, §2.1).

An unknown key is refused and an explicit null may fail deep inside the module, so what is not set is left out.
Fields that FOLIO clears when they are left out have no default here: whoever writes must say what they shall be.
"""

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, field_validator
from pydantic.alias_generators import to_camel

from sync.folio.values import (
    AlternativeName,
    Contributor,
    Coverage,
    Embargo,
    Identifier,
    Proxy,
    Token,
    Visibility,
    VisibilityData,
)

LONGEST_TAGGED_NAME = 200

ContentType = Literal[
    "Aggregated Full Text",
    "Abstract and Index",
    "E-Book",
    "E-Journal",
    "Print",
    "Unknown",
    "Online Reference",
    "Streaming Media",
    "Mixed Content",
]

PublicationType = Literal[
    "Audiobook",
    "Book",
    "Book Series",
    "Database",
    "Journal",
    "Newsletter",
    "Newspaper",
    "Proceedings",
    "Report",
    "Streaming Audio",
    "Streaming Video",
    "Thesis & Dissertation",
    "Website",
    "Unspecified",
]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True, frozen=True)

    resource_type: ClassVar[str]

    def attributes(self) -> dict[str, Any]:
        """Return the attributes as JSON, without what is not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def body(self) -> dict[str, Any]:
        """Return the whole body as JSON."""
        return {"data": {"type": self.resource_type, "attributes": self.attributes()}}


class PackagePost(_Request):
    """Creates a custom package. Proxy, visibility and the rest follow by PackagePut."""

    resource_type = "packages"

    name: str
    content_type: ContentType
    custom_coverage: Coverage | None = None
    access_type_id: str | None = None


class PackagePut(_Request):
    """Writes a package. `is_custom` must be what it is; an access type left out is unassigned.

    Whether FOLIO keeps or clears the other fields left out is not known (facts: folio §2.1): set all that were read.
    `visibility_data` is for interface 4.0, `visibility` for 5.0; see `package_visibility_form`.
    """

    resource_type = "packages"

    is_custom: bool
    is_selected: bool
    access_type_id: str | None
    name: str | None = None
    content_type: ContentType | None = None
    is_full_package: bool | None = None
    custom_coverage: Coverage | None = None
    allow_kb_to_add_titles: bool | None = None
    proxy: Proxy | None = None
    package_token: Token | None = None
    visibility_data: VisibilityData | None = None
    visibility: tuple[Visibility, ...] | None = None
    url: str | None = None
    custom_description: str | None = None
    custom_display_name: str | None = None
    custom_alt_names: tuple[AlternativeName, ...] | None = None
    is_free_access: bool | None = None


class TitlePut(_Request):
    """Writes a custom title; FOLIO ignores it for a managed one (facts: folio §2.1)."""

    resource_type = "titles"

    name: str
    publication_type: PublicationType
    is_peer_reviewed: bool = False
    publisher_name: str | None = None
    edition: str | None = None
    description: str | None = None
    contributors: tuple[Contributor, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    tags: tuple[str, ...] | None = None

    def attributes(self) -> dict[str, Any]:
        """Return the attributes as JSON; tags stand in an object of their own, an unknown subtype is left out."""
        known = [{key: value for key, value in each.body().items() if value} for each in self.identifiers]
        plain = {**super().attributes(), "identifiers": known}
        return plain if self.tags is None else {**plain, "tags": {"tagList": list(self.tags)}}


class TitlePost(TitlePut):
    """Creates a custom title in one custom package; address, coverage and the rest follow by ResourcePut."""

    package_id: str
    user_defined_field1: str | None = None
    user_defined_field2: str | None = None
    user_defined_field3: str | None = None
    user_defined_field4: str | None = None
    user_defined_field5: str | None = None

    def attributes(self) -> dict[str, Any]:
        """Return the attributes of the title as JSON."""
        return {key: value for key, value in super().attributes().items() if key != "packageId"}

    def body(self) -> dict[str, Any]:
        """Return the whole body as JSON; the package is named beside the title."""
        included = [{"type": "resource", "attributes": {"packageId": self.package_id}}]
        return {**super().body(), "included": included}


class ResourcePost(_Request):
    """Puts a title into a custom package."""

    resource_type = "resources"

    package_id: str
    title_id: str
    url: str | None = None


class ResourcePut(_Request):
    """Writes a title in a package.

    FOLIO clears coverages, embargo and access type when they are left out, so these must be given: () or None clears.
    Everything else that is None is kept as it is; "" clears it. A custom resource that is not selected is deleted.
    """

    resource_type = "resources"

    is_selected: bool
    custom_coverages: tuple[Coverage, ...]
    custom_embargo_period: Embargo | None
    access_type_id: str | None
    url: str | None = None
    coverage_statement: str | None = None
    proxy: Proxy | None = None
    visibility_data: VisibilityData | None = None
    user_defined_field1: str | None = None
    user_defined_field2: str | None = None
    user_defined_field3: str | None = None
    user_defined_field4: str | None = None
    user_defined_field5: str | None = None


class TagsPut(_Request):
    """Writes all tags of a package or resource. The name is cut to what FOLIO takes; packages need a content type."""

    resource_type = "tags"

    name: str
    tags: tuple[str, ...]
    content_type: ContentType | None = None

    @field_validator("name")
    @classmethod
    def _cut(cls, name: str) -> str:
        return name[:LONGEST_TAGGED_NAME]

    def attributes(self) -> dict[str, Any]:
        """Return the attributes as JSON; tags stand in an object of their own."""
        return {**super().attributes(), "tags": {"tagList": list(self.tags)}}
