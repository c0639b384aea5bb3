"""FOLIO -> Alma once both agree: exactly what a FOLIO librarian changed is written, all else stays as Alma has it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.plan import Wanted
from sync.plan.changes import Action, Status
from sync.sandbox.alma import AlmaSwitches
from sync.sandbox.folio.records import Coverage, Embargo
from sync.sandbox.seed import SeedEmbargo, SeedPortfolio, SeedRange, SeedService
from sync.settings import Pair
from tests.support.alma_desk import PORTFOLIO, SHARED
from tests.support.libraries import collection, journal, library, portfolio
from tests.support.migrating import after_looking, all_done, changes, parked, run_migration
from tests.support.practice import Systems, practice_systems
from tests.support.to_alma import entry, package, pair_of, settled, to_alma

READINGS = pytest.mark.parametrize(
    "switches",
    [{}, {"put_clears_omitted": True, "put_null_clears": False, "managed_fields": "reject"}],
    ids=["omitted is kept", "omitted is cleared"],
)
YEAR, MONTHS = SeedEmbargo(operator=">=", years="1"), SeedEmbargo(operator=">=", months="12")
WALL = SeedEmbargo(operator="<=", years="10")
VOLUMES = SeedRange(from_year="1998", from_volume="1", from_issue="2", until_year="2005", until_month="3")
GENERAL = SeedRange(from_year="1990")
MAPS = {"proxies": {"ezproxy": "EZProxy"}, "notes": {"internal_description": "userDefinedField1"}}
SHOWN_NOT = frozenset({"PF", "FTF", "MARC"})


def agreed_pair(systems: Systems, **maps: Any) -> Pair:
    return pair_of(systems, maps={**MAPS, **maps})


async def agree(database: AsyncEngine, systems: Systems, pair: Pair) -> None:
    """Fill Alma's records with whatever they can hold, and FOLIO from it; the way back has nothing to write then."""
    for one in systems.alma.portfolios():
        systems.alma.edit_portfolio(one["id"], **SHARED, **PORTFOLIO)
        systems.alma.edit_portfolio(one["id"], linking_details={"url": one["linking_details"]["static_url"]})
    for one in systems.alma.collections():
        systems.alma.edit_collection(one["id"], **SHARED, description="Of harbours")
    for one in systems.alma.services():
        systems.alma.edit_service(one["id"], public_note="At the desk", parser_parameters_override="x=1")
    assert all_done(await run_migration(database, systems, pair))
    assert await parked(database, await to_alma(database, systems, pair)) == []
    await settled(database, systems, pair)


def everything(systems: Systems) -> dict[str, Any]:
    """Return each value that Alma holds, by kind and id of its record and its path in it; labels left out."""
    alma = systems.alma
    kinds = {
        "collection": alma.collections(),
        "service": alma.services(),
        "portfolio": alma.portfolios(),
        "bib": alma.bibs(),
    }
    return {
        f"{kind} {one.get('id') or one['mms_id']} {path}": value
        for kind, records in kinds.items()
        for one in records
        for path, value in _flat(one, ())
    }


def _flat(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for name, part in value.items():
            if name not in ("desc", "link"):
                yield from _flat(part, path if name == "value" else (*path, name))
    elif isinstance(value, list):
        yield ".".join(path), [dict(_flat(one, ())) for one in value]
    else:
        yield ".".join(path), value


def written(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return what is another value than before, and its value now; a range told by what is set in it."""
    changed = {key: after.get(key) for key in before | after if before.get(key) != after.get(key)}
    return {key: [_set(row) for row in value] if isinstance(value, list) else value for key, value in changed.items()}


def _set(row: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in row.items() if part}


def portfolio_id(systems: Systems, number: int) -> str:
    (found,) = systems.alma.portfolios(mms_id=systems.alma.mms_id(f"bib:{number}"))
    return str(found["id"])


def collection_id(systems: Systems, name: str) -> str:
    return next(str(one["id"]) for one in systems.alma.collections() if one["public_name"] == name)


def resource_id(systems: Systems, number: int) -> str:
    (found,) = [one.id for one in systems.folio.resources() if one.title.name == journal(number).title]
    return found


def edit(systems: Systems, number: int, **fields: Any) -> None:
    """Let a FOLIO librarian edit the resource of the journal of this number."""
    systems.folio.edit_resource(resource_id(systems, number), **fields)


def edit_package(systems: Systems, name: str, /, **fields: Any) -> None:
    (found,) = [one.id for one in systems.folio.packages() if one.package.name == name]
    systems.folio.edit_package(found, **fields)


def one_collection(*portfolios: SeedPortfolio, **more: Any) -> Any:
    return library([journal(number) for number in range(len(portfolios))], collection("One", portfolios, **more))


def address(url: str) -> dict[str, str]:
    return {"linking_details.url": f"jkey={url}", "linking_details.static_url": f"jkey={url}"}


# --- a FOLIO librarian edits


@READINGS
async def test_exactly_what_a_librarian_changed_in_folio_is_written(
    database: AsyncEngine, switches: dict[str, Any]
) -> None:
    plain = [portfolio(number, local_embargo=MONTHS) for number in range(11)]
    several = (SeedService(portfolios=(portfolio(11),)), SeedService(portfolios=(portfolio(12),)))
    seed = library(
        [journal(number) for number in range(14)],
        collection("One", plain, library="MAIN"),
        collection("Two services", services=several),
        collection("Name"),
        collection("One service", [portfolio(13)]),
    )
    with practice_systems(seed, alma=AlmaSwitches(requests_per_second=0, **switches)) as systems:
        own = systems.folio._module.own
        named = {name: key for key, name in own.access_types.items()}
        pair = agreed_pair(systems, access_types={"currper": named["Subscribed"], "perpetual": named["Open access"]})
        systems.alma.edit_portfolio(portfolio_id(systems, 9), access_type="perpetual")
        await agree(database, systems, pair)
        before, ids = everything(systems), [portfolio_id(systems, number) for number in range(14)]
        services = {
            name: systems.alma.services(collection_id(systems, name)) for name in ("Two services", "One service")
        }
        renamed = collection_id(systems, "Name")

        edit(systems, 0, custom_coverages=(Coverage("2001-02-03", "2004-05-31"),))
        edit(systems, 1, custom_embargo=Embargo("Months", 6))
        edit(systems, 2, custom_embargo=Embargo("Years", 2))
        edit(systems, 3, custom_embargo=Embargo("Days", 45))
        edit(systems, 4, custom_embargo=Embargo())
        edit(systems, 5, url="https://new.example.org/5")
        edit(systems, 6, is_hidden=True)
        edit(systems, 7, coverage_statement="Some years only")
        edit(systems, 8, user_fields=("Checked in June", None, None, None, None))
        edit(systems, 9, proxy="<n>", url="https://new.example.org/9")  # a proxy alone is told by no list
        own.assigned[("resources", resource_id(systems, 9))] = named["Subscribed"]
        edit_package(systems, "Two services", hidden=SHOWN_NOT)
        edit_package(systems, "One service", hidden=SHOWN_NOT)
        edit_package(systems, "Name", name="Name, renamed")

        ended = await to_alma(database, systems, pair)
        assert all_done(ended)
        assert await parked(database, ended) == []

        wall = "coverage_details.local_embargo_information"
        expected: dict[int, dict[str, Any]] = {
            0: {"coverage_details.local_date_coverage_parameters": [{
                "from_year": "2001", "from_month": "2", "from_day": "3",
                "until_year": "2004", "until_month": "5", "until_day": "31",
            }]},
            1: {f"{wall}.number_of_months": "6"},
            2: {f"{wall}.number_of_years": "2", f"{wall}.number_of_months": ""},
            3: {f"{wall}.number_of_months": "2"},
            4: dict.fromkeys(
                (f"{wall}.{part}" for part in ("embargo_operator", "number_of_years", "number_of_months")), None
            ),
            5: address("https://new.example.org/5"),
            6: {"availability": "10"},
            7: {"public_note": "Seats: 3 [FOLIO coverage: Some years only]"},
            8: {"internal_description": "Checked in June"},
            9: {**address("https://new.example.org/9"), "access_type": "currper",
                "linking_details.proxy_enabled": "false", "linking_details.proxy": ""},
        }  # fmt: skip
        assert written(before, everything(systems)) == {
            **{f"portfolio {ids[at]} {path}": value for at, own in expected.items() for path, value in own.items()},
            **{f"service {one['id']} activation_status": "10" for several in services.values() for one in several},
            f"collection {renamed} public_name": "Name, renamed",
        }
        found = [one.change for one in await changes(database, ended)]
        assert {one.action for one in found} == {Action.UPDATE}
        assert sorted((one.kind.value, one.name) for one in found) == sorted([
            *(("holding", journal(number).title) for number in range(10)),
            ("service", "One service"), *[("service", "Two services")] * 2, ("package", "Name, renamed"),
        ])  # fmt: skip
        await settled(database, systems, pair)


SPECIAL = {
    "years, volumes, issues": portfolio(0, local_coverage=(VOLUMES,), local_embargo=MONTHS),
    "one year": portfolio(0, local_embargo=YEAR),
    "a rolling wall": portfolio(0, local_embargo=WALL, local_coverage=(VOLUMES,)),
    "both lists": portfolio(0, coverage_in_use="3", local_coverage=(VOLUMES,), global_coverage=(GENERAL,),
                            global_embargo=YEAR),
    "either list": portfolio(0, coverage_in_use="2", local_coverage=(VOLUMES,), global_coverage=(GENERAL,)),
    "only global": portfolio(0, coverage_in_use="1", global_coverage=(GENERAL,), global_embargo=MONTHS),
    "no coverage": portfolio(0, local_coverage=()),
    "dynamic": portfolio(0, url_type="dynamic", url="https://{lookup}/{issn}", local_embargo=WALL),
    "parser": portfolio(0, url_type="param", url="bkey=10.1000/xyz", local_coverage=(VOLUMES,)),
}  # fmt: skip


@READINGS
async def test_what_folio_did_not_change_keeps_its_form_in_alma(
    database: AsyncEngine, switches: dict[str, Any]
) -> None:
    seed = one_collection(*(replace(one, bib=f"bib:{at}") for at, one in enumerate(SPECIAL.values())), library="MAIN")
    with practice_systems(seed, alma=AlmaSwitches(requests_per_second=0, **switches)) as systems:
        pair = agreed_pair(systems)
        await agree(database, systems, pair)
        before = everything(systems)
        expected: dict[str, Any] = {}
        for at, form in enumerate(SPECIAL):
            made_at_click = form in ("dynamic", "parser")
            changed = {"is_hidden": True} if made_at_click else {"url": f"https://new.example.org/{at}"}
            edit(systems, at, **changed)
            paths = {"availability": "10"} if made_at_click else address(f"https://new.example.org/{at}")
            expected |= {f"portfolio {portfolio_id(systems, at)} {path}": value for path, value in paths.items()}
        assert all_done(await to_alma(database, systems, pair))
        assert written(before, everything(systems)) == expected
        await settled(database, systems, pair)


@READINGS
async def test_a_new_coverage_leaves_the_embargo_and_a_new_embargo_the_coverage(
    database: AsyncEngine, switches: dict[str, Any]
) -> None:
    forms = ("a rolling wall", "years, volumes, issues", "both lists")
    seed = one_collection(*(replace(SPECIAL[form], bib=f"bib:{at}") for at, form in enumerate(forms)))
    with practice_systems(seed, alma=AlmaSwitches(requests_per_second=0, **switches)) as systems:
        pair = agreed_pair(systems)
        await agree(database, systems, pair)
        before, ids = everything(systems), [portfolio_id(systems, number) for number in range(3)]
        edit(systems, 0, custom_coverages=(Coverage("2002-01-01", ""),))
        edit(systems, 1, custom_embargo=Embargo("Months", 3))
        edit(systems, 2, custom_coverages=(Coverage("2003-01-01", ""),))
        assert all_done(await to_alma(database, systems, pair))
        details = [f"portfolio {one} coverage_details" for one in ids]
        wall = f"{details[2]}.local_embargo_information"
        assert written(before, everything(systems)) == {
            f"{details[0]}.local_date_coverage_parameters": [{"from_year": "2002", "from_month": "1", "from_day": "1"}],
            f"{details[1]}.local_embargo_information.number_of_months": "3",
            f"{details[2]}.local_date_coverage_parameters": [{"from_year": "2003", "from_month": "1", "from_day": "1"}],
            f"{details[2]}.coverage_in_use": "0",
            f"{wall}.embargo_operator": ">=",
            f"{wall}.number_of_years": "1",
            f"{wall}.number_of_months": "",
        }
        await settled(database, systems, pair)


@pytest.mark.parametrize("managed_fields", ["ignore", "reject"])
async def test_of_a_record_from_the_community_zone_only_overrides_are_written(
    database: AsyncEngine, managed_fields: Any
) -> None:
    zone = [portfolio(number, coverage_in_use="1", global_coverage=(GENERAL,)) for number in range(2)]
    switches = AlmaSwitches(requests_per_second=0, managed_fields=managed_fields)
    with practice_systems(one_collection(*zone, is_local=False, library="MAIN"), alma=switches) as systems:
        pair = agreed_pair(systems)
        await agree(database, systems, pair)
        before, ids = everything(systems), [portfolio_id(systems, number) for number in range(2)]
        edit(systems, 0, url="https://own.example.org/")
        edit(systems, 1, custom_coverages=(Coverage("2002-01-01", ""),))
        edit_package(systems, "One", name="Our own name")
        assert all_done(await to_alma(database, systems, pair))
        assert written(before, everything(systems)) == {
            f"collection {collection_id(systems, 'One')} public_name_override": "Our own name",
            f"portfolio {ids[0]} linking_details.url_type_override": "static",
            f"portfolio {ids[0]} linking_details.static_url_override": "jkey=https://own.example.org/",
            f"portfolio {ids[1]} coverage_details.coverage_in_use": "0",
            f"portfolio {ids[1]} coverage_details.local_date_coverage_parameters": [
                {"from_year": "2002", "from_month": "1", "from_day": "1"}
            ],
        }
        await settled(database, systems, pair)


# --- an Alma librarian edits


async def test_what_only_alma_changed_is_taken_back_as_it_was(database: AsyncEngine) -> None:
    forms = [
        portfolio(0, local_coverage=(VOLUMES,)),
        portfolio(0, local_embargo=MONTHS),
        portfolio(0, local_embargo=WALL),
    ]
    seed = one_collection(*(replace(one, bib=f"bib:{at}") for at, one in enumerate([*forms, *[portfolio(0)] * 5])))
    with practice_systems(seed) as systems:
        pair = agreed_pair(systems)
        await agree(database, systems, pair)
        before, alma = everything(systems), systems.alma
        ids, (service,) = [portfolio_id(systems, number) for number in range(8)], alma.services()
        alma.set_coverage(ids[0], SeedRange(from_year="2000"))
        alma.set_coverage(ids[1], SeedRange(from_year="1998"), embargo=SeedEmbargo(operator=">=", years="3"))
        alma.set_coverage(ids[2], SeedRange(from_year="1998"), embargo=SeedEmbargo(operator=">=", years="10"))
        alma.edit_portfolio(ids[3], linking_details={"static_url": "jkey=https://alma.example.org/"})
        alma.edit_portfolio(ids[4], availability="10")
        alma.edit_portfolio(ids[5], linking_details={"proxy_enabled": "false", "proxy": ""})
        alma.edit_portfolio(ids[6], internal_description="Changed in Alma")
        alma.edit_portfolio(ids[7], public_note="Seats: 3 [FOLIO coverage: Alma's words]")
        alma.edit_service(service["id"], activation_status="10")
        alma.rename_collection(collection_id(systems, "One"), "Alma's own name")
        assert all_done(await to_alma(database, systems, pair))
        assert written(before, everything(systems)) == {}
        await settled(database, systems, pair)


async def test_what_folio_does_not_speak_of_stays_as_alma_has_it(database: AsyncEngine) -> None:
    """mapping: kept whole, by map, by version: no word of FOLIO's, no write."""
    with practice_systems(one_collection(portfolio(0), portfolio(1))) as systems:
        pair = agreed_pair(systems)
        await agree(database, systems, pair)
        own = {"authentication_note": "New", "access_type": "perpetual", "license": "", "library": "ONLINE"}
        systems.alma.edit_portfolio(portfolio_id(systems, 0), **own, public_note="New")
        systems.alma.edit_collection(collection_id(systems, "One"), **own, description="New", url="https://new.invalid")
        before = everything(systems)
        ended = await to_alma(database, systems, pair)
        assert ended.plan.summary.writes == 0, [one.change.fields for one in await changes(database, ended)]
        # nor does it go back with what FOLIO does speak of
        edit(systems, 0, url="https://new.example.org/0")
        edit_package(systems, "One", name="Renamed")
        assert all_done(await to_alma(database, systems, pair))
        assert written(before, everything(systems)) == {
            f"collection {collection_id(systems, 'Renamed')} public_name": "Renamed",
            **{f"portfolio {portfolio_id(systems, 0)} {path}": value
               for path, value in address("https://new.example.org/0").items()},
        }  # fmt: skip
        await settled(database, systems, pair)


async def test_what_somebody_edited_since_the_plan_is_skipped_and_listed(database: AsyncEngine) -> None:
    seed = library(
        [journal(0), journal(1)],
        collection("One", [portfolio(0), portfolio(1)]),
        collection("Name"),
        collection("Shown"),
    )
    with practice_systems(seed) as systems:
        pair = agreed_pair(systems)
        await agree(database, systems, pair)
        alma, (service,) = systems.alma, systems.alma.services(collection_id(systems, "Shown"))
        named, first = collection_id(systems, "Name"), portfolio_id(systems, 0)

        def meanwhile() -> None:
            alma.edit_portfolio(first, internal_description="An Alma librarian's")
            alma.rename_collection(named, "An Alma librarian's name")
            alma.remove_service(service["id"])
            seen.append(everything(systems))

        seen: list[dict[str, Any]] = []
        for number in (0, 1):
            edit(systems, number, url=f"https://new.example.org/{number}")
        edit_package(systems, "Name", name="A FOLIO librarian's name")
        edit_package(systems, "Shown", hidden=SHOWN_NOT)
        ended = await to_alma(database, systems, pair, confirm=after_looking(meanwhile))
        skipped = await changes(database, ended, status=Status.SKIPPED)
        assert {one.change.target_id for one in skipped} == {first, named}
        assert all("when the plan was made" in one.outcome.reason and one.outcome.advice for one in skipped)
        (gone,) = await changes(database, ended, status=Status.FAILED)
        assert (gone.change.target_id, bool(gone.outcome.advice)) == (service["id"], True)
        assert set(written(seen[0], everything(systems))) == {
            f"portfolio {portfolio_id(systems, 1)} {path}" for path in address("")
        }
        assert all_done(await to_alma(database, systems, pair))
        assert alma.collection(named)["public_name"] == "A FOLIO librarian's name"
        assert alma.portfolio(first)["linking_details"]["static_url"] == "jkey=https://new.example.org/0"
        await settled(database, systems, pair)


def _ids(systems: Systems, number: int) -> Sequence[str]:
    return [str(one["id"]) for one in systems.alma.portfolios(mms_id=systems.alma.mms_id(f"bib:{number}"))]


async def test_a_change_to_what_is_several_portfolios_is_for_people(database: AsyncEngine) -> None:
    two = [portfolio(0), portfolio(0, url="https://second.example.org/", local_coverage=(SeedRange(from_year="1980"),))]
    with practice_systems(library([journal(0), journal(1)], collection("One", [*two, portfolio(1)]))) as systems:
        pair = agreed_pair(systems)
        await agree(database, systems, pair)
        before = everything(systems)
        for number in (0, 1):
            edit(systems, number, custom_coverages=(Coverage("1990-01-01", ""),))
        ended = await to_alma(database, systems, pair)
        assert all_done(ended)
        found = await parked(database, ended)
        assert {one.key for one in found} == {resource_id(systems, 0)}
        assert "several portfolios" in found[0].reason
        assert "Alma" in found[0].advice
        assert len(_ids(systems, 0)) == 2
        (only,) = _ids(systems, 1)
        assert set(written(before, everything(systems))) == {
            f"portfolio {only} coverage_details.local_date_coverage_parameters"
        }


# --- what came from FOLIO returns to it unharmed


async def test_a_record_that_came_from_folio_returns_to_it_as_it_was(database: AsyncEngine) -> None:
    with practice_systems() as systems:
        own, pair = package(systems, "Own", coverage=Coverage("1990-01-01", "")), agreed_pair(systems)
        resource = entry(
            systems, own, 0, custom_embargo=Embargo("Months", 12), user_fields=("1", "2", "", "", "5"),
            custom_coverages=(Coverage("2010-01-01", ""), Coverage("2001-02-03", "2004-12-31")),
            coverage_statement="Some years", proxy="WAM",
        )  # fmt: skip
        title_id = resource.rsplit("-", 1)[1]
        systems.folio.edit_title(title_id, is_peer_reviewed=True, edition="2nd ed.", description="Of harbours /")
        assert all_done(await to_alma(database, systems, pair))
        packages, titles, (before,) = systems.folio.packages(), systems.folio.titles(), systems.folio.resources()
        (made,) = systems.alma.portfolios()
        wall = made["coverage_details"]["local_embargo_information"]
        assert (wall["number_of_years"], wall["number_of_months"]) == ("1", "")

        systems.alma.edit_portfolio(made["id"], linking_details={"static_url": "jkey=https://alma.example.org/"})
        ended = await run_migration(database, systems, pair, wanted=Wanted())
        assert all_done(ended)
        (change,) = await changes(database, ended)
        assert [one.field for one in change.change.fields] == ["url"]
        (after,) = systems.folio.resources()
        assert after == replace(before, resource=replace(before.resource, url="https://alma.example.org/"))
        assert (systems.folio.packages(), systems.folio.titles()) == (packages, titles)
        await settled(database, systems, pair)
