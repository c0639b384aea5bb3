"""Alma's electronic records in canonical form (mapping: the Alma columns; facts: alma §2, §4).

Each function takes one record as read and returns its canonical form; what cannot be understood ends in a DataError
that names the record, the field and the remedy.
"""

from collections.abc import Collection as AnyCollection
from collections.abc import Iterator, Sequence

from sync.alma import wire
from sync.alma.codes import AlmaCodes
from sync.alma.coverage import effective_coverage, effective_embargo
from sync.alma.notes import split_note
from sync.model import Holding, Loss, Package, Proxy, Service, clean

AVAILABLE = "11"
STATIC_PREFIX = "jkey="
SELECTIVE_TYPE = "0"
DATABASE_TYPE = "6"
AGGREGATOR_TYPE = "1"
STATIC_TYPES = frozenset({"", "static"})


def package_from_collection(
    collection: wire.Collection, services: Sequence[wire.Service], publication_types: AnyCollection[str]
) -> Package:
    """Return the collection as a package.

    `publication_types` are those of its portfolios, which decide the content type where the collection's own type
    does not; it is hidden when it has services and none of them is available (mapping: content_type, hidden).
    """
    managed = collection.is_local is False
    name = collection.public_name_override if managed and collection.public_name_override else collection.public_name
    return Package(
        key=collection.id,
        name=name,
        managed=managed,
        content_type=content_type_of(collection.type.value, publication_types),
        hidden=bool(services) and not any(is_available(service) for service in services),
        proxy=_proxy(collection.proxy_enabled.value, collection.proxy),
        url=collection.url_override or collection.url,
        description=collection.description_override or collection.description,
        public_note=collection.public_note,
        authentication_note=collection.authentication_note,
        internal_description=collection.internal_description,
        access_type=collection.access_type.value,
        type_code=collection.type.value,
        interface_name=collection.interface.name,
        service_keys=tuple(sorted(service.id for service in services)),
        losses=(
            *_group_losses(collection.group_settings, ""),
            *(loss for service in services for loss in _service_losses(collection, service)),
        ),
    )


def standalone_package(key: str, name: str, publication_types: AnyCollection[str]) -> Package:
    """Return the package that holds the portfolios in no collection."""
    return Package(
        key=key, name=name, managed=False, content_type=content_type_of("", publication_types), access_type=""
    )


def content_type_of(type_code: str, publication_types: AnyCollection[str]) -> str:
    """Return a package's content type: by the collection's type, else by what its portfolios are (mapping: package)."""
    fixed = {DATABASE_TYPE: "Online Reference", AGGREGATOR_TYPE: "Aggregated Full Text"}.get(type_code)
    if fixed or not publication_types:
        return fixed or "Unknown"
    kinds = set(publication_types)
    if kinds == {"Journal"}:
        return "E-Journal"
    return "E-Book" if kinds == {"Book"} else "Mixed Content"


def service_from_wire(service: wire.Service, collection_id: str) -> Service:
    """Return the service; FOLIO has none, so it is kept on the Alma side only."""
    return Service(
        key=service.id,
        package_key=collection_id,
        type_code=service.type.value,
        available=is_available(service),
        name=service.public_description_override or service.public_description,
        public_note=service.public_note,
        authentication_note=service.authentication_note,
        internal_description=service.internal_description,
        proxy=_proxy(service.proxy_enabled.value, service.proxy),
    )


def is_available(service: wire.Service) -> bool:
    """Return whether the service is active as a whole; one that does not say so is."""
    return service.activation_status.value in ("", AVAILABLE)


def holding_from_portfolio(
    portfolio: wire.Portfolio,
    *,
    collection_id: str,
    service: wire.Service | None,
    package_hidden: bool,
    codes: AlmaCodes,
) -> Holding:
    """Return the portfolio as a holding.

    A portfolio below an unavailable service is not available either; where that is true of the whole collection,
    the package is hidden instead and the portfolios keep what they say themselves.

    Raises:
        DataError: when its coverage or embargo cannot be understood.
    """
    service_hides = service is not None and not is_available(service) and not package_hidden
    url, url_loss = address(portfolio.linking_details, service)
    coverage = effective_coverage(portfolio, codes)
    embargo, embargo_losses = effective_embargo(portfolio, codes)
    public_note, statement = split_note(portfolio.public_note)
    return Holding(
        key=portfolio.id,
        package_key=collection_id,
        title_key=portfolio.mms_id,
        service_key=service.id if service else "",
        available=portfolio.availability.value in ("", AVAILABLE) and not service_hides,
        managed=portfolio.is_local is False,
        url=url,
        coverage=coverage,
        embargo=embargo,
        coverage_statement=statement,
        public_note=public_note,
        authentication_note=portfolio.authentication_note,
        internal_description=portfolio.internal_description,
        proxy=_proxy_of(portfolio, service),
        access_type=portfolio.access_type.value,
        losses=(*url_loss, *embargo_losses, *_perpetual(portfolio), *_group_losses(portfolio.group_settings, "")),
    )


def publication_type(material_type: str, codes: AlmaCodes) -> str:
    """Return a portfolio's material type as one of FOLIO's publication types, "" when no map names it."""
    return codes.publication_types.get(material_type.upper(), "")


def address(linking: wire.LinkingDetails, service: wire.Service | None) -> tuple[str | None, tuple[Loss, ...]]:
    """Return the address a reader is led to; None with a loss when it is only made at the moment of the click.

    Overrides come first; static addresses lose their prefix `jkey=` (facts: alma §2c).
    """
    kind = linking.url_type_override.value or linking.url_type.value
    static = linking.static_url_override or linking.static_url
    if kind in STATIC_TYPES and static:
        return _without_prefix(static), ()
    resolved = _without_prefix(linking.url)
    if resolved and (kind in STATIC_TYPES or "://" in resolved):
        return resolved, ()
    if kind not in STATIC_TYPES:
        dynamic = linking.dynamic_url_override or linking.dynamic_url
        rule = dynamic or linking.parser_parameters_override or linking.parser_parameters or kind
        return None, (Loss("url", rule, "the address is made by Alma at each click; there is none to hand on"),)
    if service and (service.parser_override or service.parser):
        parser = service.parser_override or service.parser
        return None, (Loss("url", parser, "the address is made by the service's parser; there is none to hand on"),)
    return "", ()


def _without_prefix(text: str) -> str:
    return text.strip().removeprefix(STATIC_PREFIX).strip()


def _proxy(enabled: str, code: str) -> Proxy | None:
    """A proxy that is neither switched on nor off is left to the level above."""
    if enabled == "":
        return None
    return Proxy(enabled=enabled == "true", code=code if enabled == "true" else "")


def _proxy_of(portfolio: wire.Portfolio, service: wire.Service | None) -> Proxy | None:
    """Return the proxy a reader is led through: the portfolio's own, else its service's (also its No).

    A collection's proxy is not inherited by its portfolios (mapping: proxy; Ex Libris: proxies are set at the service).
    """
    own = _proxy(portfolio.linking_details.proxy_enabled.value, portfolio.linking_details.proxy)
    if own is not None or service is None:
        return own
    return _proxy(service.proxy_enabled.value, service.proxy)


def _service_losses(collection: wire.Collection, service: wire.Service) -> Iterator[Loss]:
    """Yield what a service says to readers and to staff; FOLIO has no services (cases: notes of services)."""
    description = service.public_description_override or service.public_description
    names = {collection.public_name, collection.public_name_override}
    said = {
        "public_description": "" if description in names else description,
        "public_note": service.public_note,
        "authentication_note": service.authentication_note,
        "internal_description": service.internal_description,
    }
    yield from (
        Loss("services", f"{name}: {clean(text)}", "a note of a service, and FOLIO has no services")
        for name, text in said.items()
        if clean(text)
    )
    yield from _group_losses(service.group_settings, "of a service ")


def _group_losses(settings: Sequence[wire.GroupSetting], whose: str) -> Iterator[Loss]:
    """Yield what is set for single groups of readers."""
    for one in settings:
        told = one.model_dump(exclude_defaults=True, exclude={"group"})
        values = "; ".join(f"{name}: {_plain(value)}" for name, value in sorted(told.items()) if _plain(value))
        words = f"{one.group.value or 'a group'}: {values}" if values else one.group.value or "a group"
        yield Loss(
            "group_settings", clean(words)[:500], f"settings {whose}for a group of readers; FOLIO knows no groups"
        )


def _plain(value: object) -> str:
    return str(value.get("value") or "") if isinstance(value, dict) else str(value or "")


def _perpetual(portfolio: wire.Portfolio) -> tuple[Loss, ...]:
    ranges = portfolio.coverage_details.perpetual_date_coverage_parameters
    years = "; ".join(f"{one.from_year}–{one.until_year}" for one in ranges)
    return (Loss("coverage", years, "FOLIO knows no perpetual coverage"),) if ranges else ()
