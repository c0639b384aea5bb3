"""Turns the plain records a library is described with into the records of the practice Alma."""

from sync.sandbox.alma.codes import Proxy
from sync.sandbox.alma.records import Bib, Collection, Portfolio, Service, Values
from sync.sandbox.alma.state import State
from sync.sandbox.seed import (
    PublicationKind,
    SeedCollection,
    SeedEmbargo,
    SeedLibrary,
    SeedPortfolio,
    SeedRange,
    SeedService,
)

URL_PREFIX = "jkey="
"""Stands before every static address Alma keeps (facts: codes)."""

_RANGE_PARTS = tuple(SeedRange.__dataclass_fields__)


def load(state: State, library: SeedLibrary, *, today: str) -> None:
    """Add everything a library holds. `today` is the date it was made, YYYY-MM-DD.

    Raises:
        ValueError: a portfolio refers to a bib the library does not have.
    """
    for bib in library.bibs:
        state.add_bib(seed=bib, created=today)
    for collection in library.collections:
        add_collection(state, collection, today=today)


def add_collection(state: State, seed: SeedCollection, *, today: str) -> Collection:
    """Add a collection with its services and portfolios, and whatever its codes point to."""
    institution = state.institution
    if seed.library:
        institution.libraries.setdefault(seed.library, seed.library)
    if seed.interface:
        institution.interfaces.add(seed.interface)
    _know_proxy(state, seed.proxy)
    values: Values = {
        "public_name": seed.name,
        "public_name_override": seed.name_override,
        "description": seed.description,
        "internal_description": seed.internal_description,
        "library": seed.library,
        "type": seed.type,
        "interface": {"name": seed.interface},
        "access_type": seed.access_type,
        "activation_date": today,
        "url": seed.url,
        "url_override": seed.url_override,
        "proxy_enabled": "true" if seed.proxy_enabled else "",
        "proxy": seed.proxy,
        "authentication_note": seed.authentication_note,
        "public_note": seed.public_note,
    }
    bib = state.add_collection_bib(seed.name, created=today)
    collection = state.add_collection(values, bib, is_local=seed.is_local)
    for service in seed.services:
        add_service(state, collection, service)
    return collection


def add_service(state: State, collection: Collection, seed: SeedService) -> Service:
    """Add a service with its portfolios to a collection."""
    values: Values = {
        "type": seed.type,
        "activation_status": seed.activation_status,
        "public_description": seed.public_description,
    }
    service = state.add_service(collection, values, is_local=collection.is_local)
    for portfolio in seed.portfolios:
        add_portfolio(state, service, portfolio)
    return service


def add_portfolio(state: State, service: Service, seed: SeedPortfolio) -> Portfolio:
    """Add a portfolio to a service.

    Raises:
        ValueError: its bib is not there.
    """
    bib = state.keys.get(seed.bib)
    if bib is None:
        raise ValueError(f"a portfolio refers to the bib {seed.bib!r}, which the library does not have")
    _know_proxy(state, seed.proxy)
    is_local = service.is_local if seed.is_local is None else seed.is_local
    return state.add_portfolio(bib, service, _portfolio_values(seed, bib), is_local=is_local)


def _portfolio_values(seed: SeedPortfolio, bib: Bib) -> Values:
    kind = bib.seed.kind if bib.seed is not None else PublicationKind.JOURNAL
    values: Values = {
        "availability": "11" if seed.available else "10",
        "material_type": seed.material_type or str(kind),
        "linking_details": _linking(seed),
        "coverage_details": _coverage(seed),
    }
    for name in ("public_note", "authentication_note", "internal_description"):
        if text := getattr(seed, name):
            values[name] = text
    return values


def _linking(seed: SeedPortfolio) -> Values:
    linking: Values = {}
    for url, suffix in ((seed.url, ""), (seed.url_override, "_override")):
        if not url:
            continue
        linking[f"url_type{suffix}"] = seed.url_type
        if seed.url_type == "static":
            linking[f"static_url{suffix}"] = url if seed.raw_url else URL_PREFIX + url
        elif seed.url_type == "dynamic":
            linking[f"dynamic_url{suffix}"] = url
        else:
            linking[f"parser_parameters{suffix}"] = url
    if seed.proxy_enabled:
        linking["proxy_enabled"] = "true"
    if seed.proxy:
        linking["proxy"] = seed.proxy
    return linking


def _coverage(seed: SeedPortfolio) -> Values:
    coverage: Values = {"coverage_in_use": seed.coverage_in_use}
    for name, ranges in (("local", seed.local_coverage), ("global", seed.global_coverage)):
        if ranges:
            coverage[f"{name}_date_coverage_parameters"] = [range_values(each) for each in ranges]
    for name, embargo in (("local", seed.local_embargo), ("global", seed.global_embargo)):
        if embargo is not None:
            coverage[f"{name}_embargo_information"] = embargo_values(embargo)
    return coverage


def range_values(seed: SeedRange) -> Values:
    """Return the set parts of a range."""
    return {part: text for part in _RANGE_PARTS if (text := getattr(seed, part))}


def embargo_values(seed: SeedEmbargo) -> Values:
    """Return an embargo's values."""
    return {"embargo_operator": seed.operator, "number_of_years": seed.years, "number_of_months": seed.months}


def _know_proxy(state: State, code: str) -> None:
    proxies = state.institution.proxies
    if code and code not in proxies:
        number = f"{110001 + len(proxies)}"
        proxies[code] = Proxy(number, code, code, f"https://{code.lower()}.practice.invalid/login?url=")
