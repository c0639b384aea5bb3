"""FOLIO eHoldings' JSON:API as it really comes (facts: folio §1.5), and the bodies of requests.

An absent attribute is None: null attributes are left out of answers, and lists leave out attributes that a record by id
has (package: proxy, allowKbToAddTitles, packageToken; resource: proxy). So None never means "empty".
A record's raw form is the item with what was `included` beside it put inside, as title lists already have it.
"""

from enum import Enum
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from sync.folio.requests import (
    PackagePost,
    PackagePut,
    ResourcePost,
    ResourcePut,
    TagsPut,
    TitlePost,
    TitlePut,
)
from sync.folio.values import (
    AlternativeName,
    Contributor,
    Coverage,
    Embargo,
    EmbargoUnit,
    Identifier,
    Proxy,
    Token,
    Visibility,
    VisibilityData,
)

__all__ = [
    "AccessType",
    "AlternateTitle",
    "Contributor",
    "Coverage",
    "Embargo",
    "EmbargoUnit",
    "Identifier",
    "Included",
    "Package",
    "PackageAttributes",
    "PackagePost",
    "PackagePut",
    "Proxy",
    "ProxyType",
    "Resource",
    "ResourceAttributes",
    "ResourcePost",
    "ResourcePut",
    "RootProxy",
    "Subject",
    "Tags",
    "TagsPut",
    "Title",
    "TitleAttributes",
    "TitlePost",
    "TitlePut",
    "Token",
    "Visibility",
    "VisibilityData",
    "VisibilityForm",
    "package_visibility_form",
]

ModelT = TypeVar("ModelT", bound=BaseModel)


def _as_list(value: Any) -> Any:
    return () if value is None else value


def _as_object(value: Any) -> Any:
    return {} if value is None else value


Many = Annotated[tuple[ModelT, ...], BeforeValidator(_as_list)]
Object = Annotated[dict[str, Any], BeforeValidator(_as_object)]


class Wire(BaseModel):
    """Keeps the keys it does not know."""

    model_config = ConfigDict(
        extra="allow", alias_generator=to_camel, populate_by_name=True, frozen=True, coerce_numbers_to_str=True
    )


class Tags(Wire):
    """The tags of a record; they live in FOLIO only."""

    tag_list: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = ()


class Subject(Wire):
    """A subject of a title."""

    type: str | None = None
    subject: str | None = None


class AlternateTitle(Wire):
    """Another title of a title."""

    title_type: str | None = None
    alternate_title: str | None = None


class Included(Wire):
    """A record that was sent along with another."""

    id: str = ""
    type: str = ""
    attributes: Object = Field(default_factory=dict)


class _Item(Wire):
    ID_FIELD: ClassVar[str] = "id"

    id: str
    type: str | None = None
    relationships: Object = Field(default_factory=dict)
    included: Many[Included] = ()

    @property
    def access_type_id(self) -> str | None:
        """Return the id of the access type, None without one; lists and records by id both tell (facts: folio §1.5)."""
        relation = self.relationships.get("accessType")
        data = relation.get("data") if isinstance(relation, dict) else None
        found = data.get("id") if isinstance(data, dict) else None
        named = (each.id for each in self.included if each.type == "accessTypes")
        return str(found) if found else next(named, None)


class PackageAttributes(Wire):
    """What is known of a package."""

    name: str | None = None
    package_id: int | None = None
    is_custom: bool | None = None
    provider_id: int | None = None
    provider_name: str | None = None
    title_count: int | None = None
    selected_count: int | None = None
    is_selected: bool | None = None
    is_full_package: bool | None = None
    package_type: str | None = None
    content_type: str | None = None
    custom_coverage: Coverage | None = None
    visibility_data: VisibilityData | None = None
    visibility: tuple[Visibility, ...] | None = None
    proxy: Proxy | None = None
    allow_kb_to_add_titles: bool | None = None
    package_token: Token | None = None
    tags: Tags | None = None
    url: str | None = None
    custom_description: str | None = None
    custom_display_name: str | None = None
    custom_alt_names: tuple[AlternativeName, ...] | None = None
    is_free_access: bool | None = None


class Package(_Item):
    """A package; its id is "{provider}-{package}"."""

    attributes: PackageAttributes


class ResourceAttributes(Wire):
    """What is known of a title in a package."""

    title_id: int | None = None
    name: str | None = None
    publication_type: str | None = None
    is_title_custom: bool | None = None
    is_peer_reviewed: bool | None = None
    publisher_name: str | None = None
    edition: str | None = None
    description: str | None = None
    contributors: Many[Contributor] = ()
    identifiers: Many[Identifier] = ()
    subjects: Many[Subject] = ()
    alternate_titles: Many[AlternateTitle] = ()
    package_id: str | None = None
    package_name: str | None = None
    is_package_custom: bool | None = None
    provider_id: int | None = None
    provider_name: str | None = None
    location_id: int | None = None
    is_selected: bool | None = None
    title_has_selected_resources: bool | None = None
    is_token_needed: bool | None = None
    url: str | None = None
    proxy: Proxy | None = None
    coverage_statement: str | None = None
    managed_coverages: Many[Coverage] = ()
    custom_coverages: Many[Coverage] = ()
    managed_embargo_period: Embargo | None = None
    custom_embargo_period: Embargo | None = None
    visibility_data: VisibilityData | None = None
    user_defined_field1: str | None = None
    user_defined_field2: str | None = None
    user_defined_field3: str | None = None
    user_defined_field4: str | None = None
    user_defined_field5: str | None = None
    tags: Tags | None = None


class Resource(_Item):
    """A title in a package; its id is "{provider}-{package}-{title}"."""

    attributes: ResourceAttributes


class TitleAttributes(Wire):
    """What is known of a title."""

    name: str | None = None
    publication_type: str | None = None
    is_title_custom: bool | None = None
    is_peer_reviewed: bool | None = None
    publisher_name: str | None = None
    edition: str | None = None
    description: str | None = None
    contributors: Many[Contributor] = ()
    identifiers: Many[Identifier] = ()
    subjects: Many[Subject] = ()
    alternate_titles: Many[AlternateTitle] = ()
    tags: Tags | None = None
    relationships: Object = Field(default_factory=dict)


class Title(_Item):
    """A title; its id is a number."""

    attributes: TitleAttributes

    @property
    def resources(self) -> tuple[Resource, ...]:
        """Return the title's resources where they were asked for, in whatever packages they are."""
        return tuple(
            Resource.model_validate(each.model_dump(by_alias=True))
            for each in self.included
            if each.type == "resources"
        )

    @property
    def resource_ids(self) -> tuple[str, ...]:
        """Return the ids of the title's resources where they were asked for. Lists keep them inside the attributes."""
        relations = self.relationships.get("resources") or self.attributes.relationships.get("resources")
        data = relations.get("data") if isinstance(relations, dict) else None
        return tuple(str(each["id"]) for each in data or () if isinstance(each, dict) and each.get("id"))


class _NamedAttributes(Wire):
    id: str | None = None
    name: str | None = None


class ProxyTypeAttributes(_NamedAttributes):
    """A proxy's name and address."""

    url_mask: str | None = None


class ProxyType(Wire):
    """A proxy the library may choose; the id <n> is "no proxy"."""

    id: str
    attributes: ProxyTypeAttributes


class RootProxyAttributes(Wire):
    """Which proxy is the library's default."""

    id: str | None = None
    proxy_type_id: str | None = None


class RootProxy(Wire):
    """The library's default proxy."""

    id: str
    attributes: RootProxyAttributes


class AccessTypeAttributes(Wire):
    """An access type's name."""

    name: str | None = None
    description: str | None = None


class AccessType(Wire):
    """An access type the library defined; its id is a UUID."""

    id: str
    attributes: AccessTypeAttributes


class VisibilityForm(Enum):
    """How this version of FOLIO spells a package's visibility (facts: folio §0): the portable mark of its version."""

    DATA = "visibilityData"
    LIST = "visibility"


def package_visibility_form(package: Package) -> VisibilityForm:
    """Return how packages are to be written, by how this one was answered."""
    return VisibilityForm.DATA if package.attributes.visibility is None else VisibilityForm.LIST
