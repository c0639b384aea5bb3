"""Creating, listing, reading and deleting with the Alma client: what the practice Alma holds afterwards."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from sync.alma.bodies import Parents, changed_portfolio, new_collection, new_portfolio, new_service
from sync.alma.client import AlmaClient, BibTreatment
from sync.alma.codes import AlmaCodes
from sync.alma.mapping import holding_from_portfolio, package_from_collection, service_from_wire
from sync.errors import InProgressError, LoginRefusedError, NotFoundError, RefusedError
from sync.model import CoverageRange, Holding, Package, PartialDate, Proxy, Service
from sync.sandbox.alma import READ_ONLY_KEY
from tests.support.alma_desk import CODES, DUNES, LONELY, TIDES, AlmaDesk, open_alma_desk

NOBODY = "999"


@dataclass(frozen=True, slots=True)
class Portfolios:
    """The operations on portfolios at one place, and how a new one of a bib is described there."""

    list: Callable[..., Awaitable[Any]]
    create: Callable[..., Awaitable[Any]]
    get: Callable[..., Awaitable[Any]]
    update: Callable[..., Awaitable[Any]]
    delete: Callable[..., Awaitable[Any]]
    parents: Parents


def below_service(desk: AlmaDesk, mms_id: str) -> Portfolios:
    at, client = desk.place(), desk.client
    calls = (client.list_portfolios, client.create_portfolio, client.get_portfolio, client.update_portfolio)
    parents = Parents(mms_id=mms_id, collection_id=at[0], service_id=at[1])
    return Portfolios(*(partial(one, *at) for one in (*calls, client.delete_portfolio)), parents)


def below_bib(desk: AlmaDesk, mms_id: str) -> Portfolios:
    client = desk.client
    calls = (client.list_bib_portfolios, client.create_bib_portfolio, client.get_bib_portfolio)
    more = (client.update_bib_portfolio, client.delete_bib_portfolio)
    return Portfolios(*(partial(one, mms_id) for one in (*calls, *more)), Parents(mms_id=mms_id))


Place = Callable[[AlmaDesk, str], Portfolios]
PLACES = pytest.mark.parametrize("place", [below_service, below_bib])
NEW = Holding(
    key="",
    package_key="",
    title_key="",
    url="https://new.invalid/1",
    public_note="New",
    coverage_statement="Some years",
    authentication_note="Card",
    internal_description="Trial",
    proxy=Proxy(enabled=True, code="ezproxy"),
    access_type="perpetual",
)


def read(record: Any) -> Holding:
    held = holding_from_portfolio(record.model, collection_id="", service=None, package_hidden=False, codes=AlmaCodes())
    return replace(held, losses=())


# --- listing, creating, reading, deleting


async def test_a_collection_is_created_listed_read_and_deleted() -> None:
    async with open_alma_desk() as desk:
        client, alma = desk.client, desk.alma
        wanted = Package(
            key="", name="Harbour", managed=False, type_code="0", url="https://h.invalid", description="Of harbours",
            proxy=Proxy(enabled=True, code="ezproxy"),
        )  # fmt: skip
        created = await client.create_collection(new_collection(wanted, CODES))
        new_id = created.model.id
        found = await client.get_collection(new_id)
        assert package_from_collection(found.model, (), ()) == replace(wanted, key=new_id, access_type="current")
        assert alma.collection(new_id)["is_local"] is True

        pages = [await client.list_collections(offset, 3) for offset in (0, 3)]
        assert [page.total for page in pages] == [4, 4]
        assert {one.model.id for page in pages for one in page.records} == {one["id"] for one in alma.collections()}
        named = await client.list_collections(0, query="name~Harbour")
        assert [one.model.id for one in named.records] == [new_id]

        await client.delete_collection(new_id)
        assert new_id not in alma.state.collections
        with pytest.raises(NotFoundError, match="60121"):
            await client.get_collection(new_id)


@pytest.mark.parametrize("switches", [{}, {"service_list_total_null": True}, {"service_list_brief": False}])
async def test_a_service_is_created_listed_read_and_deleted(switches: dict[str, Any]) -> None:
    async with open_alma_desk(**switches) as desk:
        client = desk.client
        at, _ = desk.place("Empty")
        assert (await client.list_services(at)).records == ()
        wanted = Service(key="", package_key=at, type_code="getFullTxt", available=False, name="Full text")
        created = await client.create_service(at, new_service(wanted))
        found = await client.get_service(at, created.model.id)
        assert service_from_wire(found.model, at) == replace(wanted, key=created.model.id)
        assert [one.model.id for one in (await client.list_services(at)).records] == [created.model.id]

        await client.delete_service(at, created.model.id)
        assert desk.alma.services(at) == []
        with pytest.raises(NotFoundError, match="60122"):
            await client.get_service(at, created.model.id)


@PLACES
async def test_a_portfolio_is_created_listed_read_and_deleted(place: Place) -> None:
    async with open_alma_desk() as desk:
        mms_id = desk.alma.mms_id(LONELY.key)
        at = place(desk, mms_id)
        before = {one.model.id for one in (await at.list(0)).records}
        created = await at.create(new_portfolio(NEW, at.parents, "JOURNAL"))
        new_id = created.model.id
        stored = desk.alma.portfolio(new_id)
        assert stored["is_standalone"] is (place is below_bib)
        assert stored["electronic_collection"]["id"]["value"] == at.parents.collection_id
        assert stored["electronic_collection"]["service"]["value"] == at.parents.service_id
        assert stored["resource_metadata"]["mms_id"]["value"] == mms_id
        assert stored["material_type"]["value"] == "JOURNAL"
        assert read(await at.get(new_id)) == replace(NEW, key=new_id, title_key=mms_id)
        page = await at.list(0)
        assert {one.model.id for one in page.records} == before | {new_id}
        assert page.total == len(before) + 1

        await at.delete(new_id)
        assert new_id not in desk.alma.state.portfolios
        assert {one.model.id for one in (await at.list(0)).records} == before
        with pytest.raises(NotFoundError, match="60123"):
            await at.get(new_id)


@PLACES
@pytest.mark.parametrize("treatment", [None, *BibTreatment])
async def test_a_delete_always_says_what_shall_become_of_the_bib(place: Place, treatment: BibTreatment | None) -> None:
    async with open_alma_desk(bib_path_delete_default="delete") as desk:
        tides, lonely = desk.alma.mms_id(TIDES.key), desk.alma.mms_id(LONELY.key)
        named = {} if treatment is None else {"bib": treatment}
        for mms_id in (tides, lonely):  # that of the first is in a collection as well
            at = place(desk, mms_id)
            created = await at.create(new_portfolio(NEW, at.parents, ""))
            await at.delete(created.model.id, **named)
            call = desk.alma.controls.calls[-1]
            assert (call.method, call.query) == ("DELETE", f"bib={treatment or 'retain'}")
        assert (lonely in desk.alma.state.bibs) is (treatment is not BibTreatment.DELETE)
        if lonely in desk.alma.state.bibs:
            assert desk.alma.state.bibs[lonely].suppressed is (treatment is BibTreatment.SUPPRESS)
        assert not desk.alma.state.bibs[tides].suppressed


async def test_deletes_go_from_the_bottom_up_and_are_refused_otherwise() -> None:
    async with open_alma_desk() as desk:
        client, (at, service) = desk.client, desk.place()
        before = desk.everything()
        for delete in (partial(client.delete_collection, at), partial(client.delete_service, at, service)):
            with pytest.raises(RefusedError) as refused:
                await delete()
            assert refused.value.says("60289")
            assert desk.everything() == before
        for one in desk.alma.portfolios(service_id=service):
            await client.delete_portfolio(at, service, one["id"])
        with pytest.raises(RefusedError, match="60289"):
            await client.delete_collection(at)
        await client.delete_service(at, service)
        await client.delete_collection(at)
        assert at not in desk.alma.state.collections
        assert {desk.alma.mms_id(one.key) for one in (TIDES, DUNES)} <= set(desk.alma.state.bibs)


@pytest.mark.parametrize("what", ["portfolio", "portfolio of the bib", "service"])
async def test_a_delete_that_is_in_process_is_told_from_one_that_is_done(what: str) -> None:
    async with open_alma_desk(delete_in_process_seconds=30) as desk:
        client, alma = desk.client, desk.alma
        at, service = desk.place()
        tides, dunes = (alma.portfolios(mms_id=alma.mms_id(one.key))[0]["id"] for one in (TIDES, DUNES))
        delete = partial(client.delete_portfolio, at, service, tides)
        if what == "portfolio of the bib":
            delete = partial(client.delete_bib_portfolio, alma.mms_id(TIDES.key), tides)
        if what == "service":
            alma.remove_portfolio(tides)
            alma.remove_portfolio(dunes)
            delete = partial(client.delete_service, at, service)
        await delete()
        for _ in range(2):
            with pytest.raises(InProgressError, match=r"60157|60174"):
                await delete()
        if what != "service":
            with pytest.raises(RefusedError, match="60289"):
                await client.delete_service(at, service)
        alma.controls.clock.forward(seconds=31)
        with pytest.raises(NotFoundError):
            await delete()
        assert tides not in alma.state.portfolios


MISSING: list[tuple[str, Callable[[AlmaClient, str, str, str], Awaitable[Any]]]] = [
    ("60121", lambda alma, _at, _service, _bib: alma.get_collection(NOBODY)),
    ("60121", lambda alma, _at, _service, _bib: alma.update_collection(NOBODY, {})),
    ("60121", lambda alma, _at, _service, _bib: alma.delete_collection(NOBODY)),
    ("60121", lambda alma, _at, _service, _bib: alma.list_services(NOBODY)),
    ("60121", lambda alma, _at, _service, _bib: alma.create_service(NOBODY, {})),
    ("60122", lambda alma, at, _service, _bib: alma.get_service(at, NOBODY)),
    ("60122", lambda alma, at, _service, _bib: alma.update_service(at, NOBODY, {})),
    ("60122", lambda alma, at, _service, _bib: alma.delete_service(at, NOBODY)),
    ("60122", lambda alma, at, _service, _bib: alma.list_portfolios(at, NOBODY, 0)),
    ("60122", lambda alma, at, _service, _bib: alma.create_portfolio(at, NOBODY, {})),
    ("60123", lambda alma, at, service, _bib: alma.get_portfolio(at, service, NOBODY)),
    ("60123", lambda alma, at, service, _bib: alma.update_portfolio(at, service, NOBODY, {})),
    ("60122", lambda alma, at, service, _bib: alma.delete_portfolio(at, service, NOBODY)),
    ("60123", lambda alma, _at, _service, bib: alma.get_bib_portfolio(bib, NOBODY)),
    ("60123", lambda alma, _at, _service, bib: alma.update_bib_portfolio(bib, NOBODY, {})),
    ("60123", lambda alma, _at, _service, bib: alma.delete_bib_portfolio(bib, NOBODY)),
    ("402203", lambda alma, _at, _service, _bib: alma.list_bib_portfolios(NOBODY, 0)),
    ("402203", lambda alma, _at, _service, _bib: alma.get_bib_portfolio(NOBODY, NOBODY)),
    ("60221", lambda alma, _at, _service, _bib: alma.update_bib_portfolio(NOBODY, NOBODY, {})),
    ("60221", lambda alma, _at, _service, _bib: alma.delete_bib_portfolio(NOBODY, NOBODY)),
]


@pytest.mark.parametrize(("code", "call"), MISSING)
async def test_what_is_not_there_is_not_found(
    code: str, call: Callable[[AlmaClient, str, str, str], Awaitable[Any]]
) -> None:
    async with open_alma_desk() as desk:
        before = desk.everything()
        with pytest.raises(NotFoundError, match=code):
            await call(desk.client, *desk.place(), desk.alma.mms_id(TIDES.key))
        assert desk.everything() == before


@PLACES
@pytest.mark.parametrize("ignored", [True, False])
async def test_coverage_sent_on_creation_may_be_ignored_and_is_there_after_the_next_put(
    place: Place, ignored: bool
) -> None:
    async with open_alma_desk(coverage_on_create_ignored=ignored) as desk:
        at = place(desk, desk.alma.mms_id(LONELY.key))
        wanted = replace(NEW, coverage=(CoverageRange(begin=PartialDate(1993, 3), end=PartialDate(2001)),))
        early = {"local_date_coverage_parameters": [{"from_year": "1993", "from_month": "3", "until_year": "2001"}]}
        body = new_portfolio(NEW, at.parents, "JOURNAL") | {"coverage_details": early}
        created = await at.create(body)
        assert read(created).coverage == (() if ignored else wanted.coverage)
        fields = frozenset({"coverage"})
        changed = changed_portfolio(created.raw, wanted, read(created), fields, CODES)
        await at.update(created.model.id, changed)
        stored = read(await at.get(created.model.id))
        assert stored == replace(wanted, key=stored.key, title_key=stored.title_key)


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("area", ["Electronic", "Bibs"])
async def test_a_read_only_key_may_read_and_each_write_names_the_right_it_lacks(area: str, status: int) -> None:
    async with open_alma_desk(READ_ONLY_KEY, unauthorized_status=status) as desk:
        client, (at, service), bib = desk.client, desk.place(), desk.alma.mms_id(TIDES.key)
        held = desk.alma.portfolios(mms_id=bib)[0]["id"]
        electronic = (
            client.create_collection({}), client.update_collection(at, {}), client.delete_collection(at),
            client.create_service(at, {}), client.update_service(at, service, {}), client.delete_service(at, service),
            client.create_portfolio(at, service, {}), client.update_portfolio(at, service, held, {}),
            client.delete_portfolio(at, service, held),
        )  # fmt: skip
        bibs = (
            client.create_bib(b"<bib/>"), client.create_bib_portfolio(bib, {}),
            client.update_bib_portfolio(bib, held, {}), client.delete_bib_portfolio(bib, held),
        )  # fmt: skip
        assert (await client.get_portfolio(at, service, held)).model.id == held
        before = desk.everything()
        for write in electronic if area == "Electronic" else bibs:
            with pytest.raises(LoginRefusedError, match=f"the area {area} with read/write permission"):
                await write
        for write in bibs if area == "Electronic" else electronic:
            write.close()
        assert desk.everything() == before
