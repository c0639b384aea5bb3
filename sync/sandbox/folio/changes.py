"""What the module sends to EBSCO: None is an explicit null, for it leaves nothing out.

Facts: folio-eholdings-api §2.1.
"""

from dataclasses import dataclass

from sync.sandbox.folio.records import NO_EMBARGO, Contributor, Coverage, Embargo, Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageChange:
    """What the module sends for a package; None is an explicit null."""

    is_selected: bool | None
    is_full_package: bool | None = None
    name: str | None = None
    content_type: str | None = None
    coverage: Coverage | None = None
    hidden: frozenset[str] | None = None
    allow_kb_to_add_titles: bool | None = None
    token: str | None = None
    proxy: str | None = None
    proxy_inherited: bool = False
    url: str | None = None
    display_name: str | None = None
    description: str | None = None
    alternative_names: tuple[str, ...] | None = None
    is_free_access: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChange:
    """What the module sends for a resource, its former values already filled in."""

    is_selected: bool
    is_hidden: bool = False
    coverage_statement: str | None = None
    custom_embargo: Embargo = NO_EMBARGO
    custom_coverages: tuple[Coverage, ...] = ()
    url: str | None = None
    proxy: str | None = None
    user_fields: tuple[str | None, ...] = (None, None, None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleFields:
    """What the module sends for a custom title; None is an explicit null."""

    name: str
    publication_type: str | None
    is_peer_reviewed: bool | None
    publisher: str | None = None
    edition: str | None = None
    description: str | None = None
    contributors: tuple[Contributor, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    user_fields: tuple[str | None, ...] = (None, None, None, None, None)
