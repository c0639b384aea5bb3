"""What a practice FOLIO shows, read from its state without the product's code."""

from collections.abc import Sequence

from sync.model import System
from sync.sandbox.folio import PracticeFolio, StoredPackage, StoredResource
from tests.support.two_way_seen import Shown, ShownHolding, ShownPackage, merged, title_key


def shown_in_folio(folio: PracticeFolio) -> Shown:
    """Return what FOLIO shows of what is selected."""
    found = [_package(one, folio.resources(one.id)) for one in folio.packages() if one.package.is_selected]
    return Shown(System.FOLIO, {one.id: one for one in found})


def _package(one: StoredPackage, resources: Sequence[StoredResource]) -> ShownPackage:
    selected = [each for each in resources if each.resource.is_selected]
    return ShownPackage(
        id=one.id,
        ids=frozenset([one.id]),
        name=one.package.name,
        hidden=bool(one.package.hidden),
        managed=not one.package.is_custom,
        holdings={title_of_resource(each): _resource(each) for each in selected},
    )


def title_of_resource(one: StoredResource) -> str:
    """Return the key of a resource's title: the first of its numbers."""
    return title_key([each.id for each in one.title.identifiers], one.title.name)


def _resource(one: StoredResource) -> ShownHolding:
    stored = one.resource
    ranges = stored.custom_coverages or stored.managed_coverages
    embargo = stored.custom_embargo if stored.custom_embargo.unit else stored.managed_embargo
    months = {"Months": embargo.value, "Years": 12 * embargo.value}.get(embargo.unit, 0)
    in_months = f"{months} months" if months else f"{embargo.value} {embargo.unit}"
    return ShownHolding(
        own=frozenset([one.id]),
        ids=frozenset([one.id, str(one.title.id)]),
        available=not stored.is_hidden,
        url=stored.url or "",
        coverage=merged([(each.begin, each.end) for each in ranges]),
        embargo=in_months if embargo.unit and embargo.value else "",
        statement=stored.coverage_statement or "",
        note=stored.user_fields[0] or "",
    )
