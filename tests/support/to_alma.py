"""Migrations from a practice FOLIO to a practice Alma: a FOLIO librarian's hands, and what Alma holds afterwards."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.plan import Wanted
from sync.engine.running import Ended
from sync.plan.direction import Direction
from sync.sandbox.folio.records import Coverage, Identifier, Package, Resource, Title
from sync.sandbox.seed import SeedBib
from sync.settings import Pair
from tests.support.libraries import journal
from tests.support.migrating import changes, run_migration
from tests.support.practice import Systems

TO_ALMA = Wanted(direction=Direction.FOLIO_TO_ALMA)
EARLIER = Coverage("1998-01-01", "")


def pair_of(
    systems: Systems, alma: dict[str, Any] | None = None, maps: dict[str, Any] | None = None, **policy: Any
) -> Pair:
    quick = {"settle_seconds": 0.1, **(alma or {})}
    return systems.pair(folio={"settle_seconds": 0.3}, alma=quick, maps=maps, policy=policy)


async def to_alma(database: AsyncEngine, systems: Systems, pair: Pair | None = None, **more: Any) -> Ended:
    return await run_migration(database, systems, pair or pair_of(systems), wanted=TO_ALMA, **more)


def inside(systems: Systems) -> list[Any]:
    """Return everything both systems hold."""
    alma, folio = systems.alma, systems.folio
    held = [alma.collections(), alma.services(), alma.portfolios(), alma.bibs()]
    return [*held, folio.packages(), folio.titles(), folio.resources()]


async def settled(database: AsyncEngine, systems: Systems, pair: Pair | None = None) -> None:
    """Assert that neither a further run nor one the other way has anything to write."""
    before, writes = inside(systems), systems.alma.controls.writes + systems.folio.controls.writes
    for wanted in (TO_ALMA, Wanted()):
        again = await run_migration(database, systems, pair or pair_of(systems), wanted=wanted)
        assert again.plan.summary.writes == 0, [one.change for one in await changes(database, again)]
    assert systems.alma.controls.writes + systems.folio.controls.writes == writes
    assert inside(systems) == before


# --- a FOLIO librarian's hands


def package(systems: Systems, name: str, **fields: Any) -> Package:
    """Let a FOLIO librarian make a custom package."""
    state, own = systems.folio.state, systems.folio.switches.customer_provider_id
    plain = Package(
        id=state.new_id(), provider_id=own, name=name, is_custom=True, content_type="E-Journal",
        package_type="Custom", is_selected=True,
    )  # fmt: skip
    made = replace(plain, **fields)
    state.put_package(made)
    return made


def title(bib: SeedBib | int, **fields: Any) -> dict[str, Any]:
    """Return what a FOLIO librarian would know of a bib."""
    one = journal(bib) if isinstance(bib, int) else bib
    numbers = ((one.issn_print, "ISSN", "Print"), (one.issn_online, "ISSN", "Online"),
               (one.isbn_print, "ISBN", "Print"), (one.isbn_online, "ISBN", "Online"))  # fmt: skip
    known = tuple(Identifier(*number) for number in numbers if number[0])
    return {
        "name": one.title,
        "publication_type": "Journal",
        "publisher": one.publisher,
        "identifiers": known,
        **fields,
    }


def entry(systems: Systems, into: Package, about: Mapping[str, Any] | int, **fields: Any) -> str:
    """Let a FOLIO librarian put a custom title into a package; return the resource's id."""
    state = systems.folio.state
    made = Title(id=state.new_id(), is_custom=True, **(title(about) if isinstance(about, int) else about))
    state.put_title(made)
    plain = Resource(
        package_id=into.id, title_id=made.id, location_id=state.new_location(), is_selected=True,
        url=f"https://journals.example.org/{made.name.replace(' ', '-')}", custom_coverages=(EARLIER,),
    )  # fmt: skip
    state.put_resource(replace(plain, **fields))
    return f"{into.provider_id}-{into.id}-{made.id}"


def know_proxy(systems: Systems) -> None:
    """Let Alma know the proxy that the configuration names for FOLIO's."""
    proxies = systems.alma.state.institution.proxies
    proxies["EZPROXY"] = replace(proxies["ezproxy"], id="110009", code="EZPROXY")


# --- what Alma holds


def bibs(systems: Systems) -> set[str]:
    """Return the MMS IDs of all bibs but those of the collections themselves."""
    state = systems.alma.state
    return set(state.bibs) - {one.bib.mms_id for one in state.collections.values()}


def collection_named(systems: Systems, name: str) -> dict[str, Any]:
    (found,) = [one for one in systems.alma.collections() if name in (one["public_name"], one["public_name_override"])]
    return found


def portfolios(systems: Systems, name: str) -> dict[str, dict[str, Any]]:
    """Return the portfolios of a collection by their titles; each title has one."""
    found = systems.alma.portfolios(collection_id=collection_named(systems, name)["id"])
    by_title = {one["resource_metadata"]["title"]: one for one in found}
    assert len(by_title) == len(found)
    return by_title


def bib_of(systems: Systems, name: str) -> str:
    """Return the MMS ID under which the only portfolio of a collection stands."""
    (only,) = portfolios(systems, name).values()
    return str(only["resource_metadata"]["mms_id"]["value"])


def ranges(one: Mapping[str, Any]) -> list[str]:
    """Return local ranges as text, months and days included where they are set."""
    found = []
    for row in one["coverage_details"]["local_date_coverage_parameters"]:
        ends = ["-".join(str(_value(row.get(f"{end}_{part}"))) for part in ("year", "month", "day"))
                for end in ("from", "until")]  # fmt: skip
        found.append(" to ".join(end.strip("-") for end in ends).strip())
    return found


def _value(part: Any) -> Any:
    return part["value"] if isinstance(part, dict) else part or ""


def value(record: Mapping[str, Any], name: str) -> str:
    return str(record[name]["value"])
