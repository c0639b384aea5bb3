"""Each operation of the FOLIO client, against the practice FOLIO: what is stored afterwards, and what is refused."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from sync.errors import BugError, NotFoundError, RefusedError
from sync.folio.client import FolioClient
from sync.folio.requests import PackagePost, PackagePut, ResourcePost, ResourcePut, TagsPut, TitlePost, TitlePut
from sync.folio.values import Coverage, Embargo, EmbargoUnit, Proxy, VisibilityData
from sync.folio.wire import Package
from sync.transport.records import Page
from tests.support.folio_desk import FolioDesk, open_folio_desk

UNKNOWN_PACKAGE, UNKNOWN_RESOURCE = "123355-999999", "123355-999999-999999"


@pytest.fixture
async def desk() -> AsyncIterator[FolioDesk]:
    async with open_folio_desk() as opened:
        yield opened


def names(page: Page[Package]) -> list[str | None]:
    return [one.model.attributes.name for one in page.records]


def put(**changes: Any) -> ResourcePut:
    plain = {"is_selected": True, "custom_coverages": (), "custom_embargo_period": None, "access_type_id": None}
    return ResourcePut(**{**plain, **changes})


def put_package(**changes: Any) -> PackagePut:
    plain = {"is_custom": True, "is_selected": True, "access_type_id": None, "name": "Own", "content_type": "E-Journal"}
    return PackagePut(**{**plain, **changes})


# --- packages


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"Coastal Complete", "Coastal Extra", "Inland", "Own", "Other"}),
        ({"selected": True}, {"Coastal Complete", "Own", "Other"}),
        ({"selected": False}, {"Coastal Extra", "Inland"}),
        ({"selected": "ebsco"}, set()),
        ({"custom": True}, {"Own", "Other"}),
        ({"query": "coastal"}, {"Coastal Complete", "Coastal Extra"}),
        ({"query": "coastal", "selected": False}, {"Coastal Extra"}),
        ({"content_type": "print"}, {"Inland"}),
        ({"content_type": "ejournal", "custom": True}, {"Own", "Other"}),
        ({"tags": ["harbour"]}, {"Own"}),
        ({"tags": ["harbour", "coast"]}, {"Own", "Coastal Extra"}),
        ({"tags": ["nobody's"]}, set()),
        ({"access_types": ["Open access"]}, {"Other"}),
        ({"access_types": ["Open access", "Subscribed"]}, {"Other"}),
    ],
)
async def test_packages_are_listed_by_every_filter(
    desk: FolioDesk, filters: dict[str, Any], expected: set[str]
) -> None:
    client = desk.client
    await client.put_package_tags(
        desk.package("Own").id, TagsPut(name="Own", tags=("harbour",), content_type="E-Journal")
    )
    extra = TagsPut(name="Coastal Extra", tags=("coast",), content_type="E-Book")
    await client.put_package_tags(desk.package("Coastal Extra").id, extra)
    free = next(
        one.model for one in (await client.access_types()).records if one.model.attributes.name == "Open access"
    )
    await client.update_package(desk.package("Other").id, put_package(name="Other", access_type_id=free.id))
    page = await client.list_packages(1, **filters)
    assert (set(names(page)), page.total) == (expected, len(expected))
    pages = [await client.list_packages(number, 1, **filters) for number in range(1, len(expected) + 2)]
    assert {name for one in pages for name in names(one)} == expected
    assert [one.size for one in pages] == [1] * len(expected) + [0]


async def test_packages_found_are_sorted_as_asked(desk: FolioDesk) -> None:
    for name in ("Tides", "A great many Tides"):
        await desk.client.create_package(PackagePost(name=name, content_type="Print"))
    assert names(await desk.client.list_packages(1, query="tides", sort="relevance"))[0] == "Tides"
    assert names(await desk.client.list_packages(1, query="tides", sort="name"))[0] == "A great many Tides"


@pytest.mark.parametrize(
    "filters",
    [
        {"custom": False},
        {"tags": ["a"], "access_types": ["b"]},
        *({own: ["a"], **other} for own in ("tags", "access_types") for other in (
            {"selected": True}, {"selected": False}, {"custom": True}, {"query": "x"}, {"content_type": "print"}
        )),
    ],
)  # fmt: skip
async def test_filters_that_folio_would_ignore_are_our_own_mistake(desk: FolioDesk, filters: dict[str, Any]) -> None:
    before = desk.folio.controls.counts["calls"]
    with pytest.raises(BugError):
        await desk.client.list_packages(1, **filters)
    assert desk.folio.controls.counts["calls"] == before


async def test_a_package_is_created_read_written_and_deleted(desk: FolioDesk) -> None:
    client = desk.client
    coverage = Coverage(begin_coverage="2003-01-01", end_coverage="2003-12-01")
    created = await client.create_package(PackagePost(name="New", content_type="Unknown", custom_coverage=coverage))
    new_id = created.model.id
    found = (await client.get_package(new_id)).model.attributes
    assert (found.name, found.content_type, found.is_custom, found.is_selected) == ("New", "Unknown", True, True)
    assert found.custom_coverage == coverage
    with pytest.raises(RefusedError, match="already exists"):
        await client.create_package(PackagePost(name="New", content_type="Print"))

    hidden = put_package(
        name="Newer",
        content_type="Print",
        custom_coverage=Coverage(),
        proxy=Proxy(id="EZProxy"),
        visibility_data=VisibilityData(is_hidden=True),
    )
    written = (await client.update_package(new_id, hidden)).model.attributes
    assert (written.name, written.content_type, written.proxy) == (
        "Newer",
        "Print",
        Proxy(id="EZProxy", inherited=False),
    )
    stored = desk.package("Newer").package
    assert (stored.coverage.begin, bool(stored.hidden), stored.proxy) == ("", True, "EZProxy")

    await client.create_title(TitlePost(name="Only here", publication_type="Journal", package_id=new_id))
    await client.put_package_tags(new_id, TagsPut(name="Newer", tags=("t",), content_type="Print"))
    await client.delete_package(new_id)
    assert "Newer" not in desk.names()
    assert "Only here" not in {one.title.name for one in desk.folio.titles()}
    assert names(await client.list_packages(1, tags=["t"])) == []
    with pytest.raises(NotFoundError):
        await client.get_package(new_id)
    with pytest.raises(NotFoundError):
        await client.delete_package(new_id)


async def test_a_managed_package_is_selected_and_deselected_but_never_deleted(desk: FolioDesk) -> None:
    extra = desk.package("Coastal Extra").id
    before = desk.everything()
    with pytest.raises(RefusedError) as refused:
        await desk.client.delete_package(extra)
    assert (refused.value.status, refused.value.says("Package cannot be deleted")) == (400, True)
    assert desk.everything() == before
    managed = PackagePut(is_custom=False, is_selected=True, access_type_id=None, is_full_package=True)
    await desk.client.update_package(extra, managed)
    assert all(one.resource.is_selected for one in desk.folio.resources(extra))
    await desk.client.update_package(extra, PackagePut(is_custom=False, is_selected=False, access_type_id=None))
    assert desk.package("Coastal Extra").package.is_selected is False
    assert not any(one.resource.is_selected for one in desk.folio.resources(extra))


async def test_deselecting_what_is_custom_removes_it_and_says_not_found(desk: FolioDesk) -> None:
    held = desk.resource("Own", "Harbour News").id
    with pytest.raises(NotFoundError, match="no longer in this package"):
        await desk.client.update_resource(held, put(is_selected=False))
    assert desk.titles("Own") == set()
    assert "Harbour News" not in {one.title.name for one in desk.folio.titles()}
    with pytest.raises(NotFoundError, match="Package not found"):
        await desk.client.update_package(desk.package("Own").id, put_package(is_selected=False))
    assert "Own" not in desk.names()
    assert "Other" in desk.names()


# --- resources


async def test_the_titles_of_a_package_are_listed_by_selection_and_by_name(desk: FolioDesk) -> None:
    complete = desk.package("Coastal Complete").id
    dunes = desk.resource("Coastal Complete", "Tides and Dunes").id
    await desk.client.update_resource(dunes, put(is_selected=False))

    async def found(**filters: Any) -> set[str | None]:
        page = await desk.client.list_package_resources(complete, 1, **filters)
        assert page.total == page.size
        return {one.model.attributes.name for one in page.records}

    assert await found() == {"Journal of Tides", "Tides and Dunes", "Handbook of Reeds"}
    assert await found(selected=True) == {"Journal of Tides", "Handbook of Reeds"}
    assert await found(selected=False) == {"Tides and Dunes"}
    assert await found(name="tides") == {"Journal of Tides", "Tides and Dunes"}
    assert await found(name="tides", selected=True) == {"Journal of Tides"}
    assert await found(name="quays") == set()
    with pytest.raises(NotFoundError):
        await desk.client.list_package_resources(UNKNOWN_PACKAGE, 1)


async def test_a_resource_is_created_read_written_and_deleted(desk: FolioDesk) -> None:
    client, own = desk.client, desk.package("Own").id
    tides = desk.resource("Coastal Complete", "Journal of Tides").title.id
    created = await client.create_resource(ResourcePost(package_id=own, title_id=str(tides), url="https://t.invalid"))
    new_id = created.model.id
    assert new_id == f"{own}-{tides}"
    with pytest.raises(RefusedError, match="already associated"):
        await client.create_resource(ResourcePost(package_id=own, title_id=str(tides)))
    ranges = (Coverage(begin_coverage="2010-01-01"), Coverage(begin_coverage="2001-01-01", end_coverage="2004-02-01"))
    full = put(
        custom_coverages=ranges,
        custom_embargo_period=Embargo(embargo_unit=EmbargoUnit.MONTHS, embargo_value=5),
        coverage_statement="Some years",
        proxy=Proxy(id="EZProxy"),
        user_defined_field1="note",
        visibility_data=VisibilityData(is_hidden=True),
    )
    written = (await client.update_resource(new_id, full)).model.attributes
    found = (await client.get_resource(new_id)).model.attributes
    assert written == found
    assert (found.url, found.custom_coverages, found.coverage_statement) == ("https://t.invalid", ranges, "Some years")
    assert (found.custom_embargo_period, found.user_defined_field1) == (full.custom_embargo_period, "note")
    stored = desk.resource("Own", "Journal of Tides").resource
    assert (stored.is_hidden, stored.proxy) == (True, "EZProxy")

    await client.update_resource(new_id, put())
    stored = desk.resource("Own", "Journal of Tides").resource
    assert (stored.custom_coverages, stored.custom_embargo.value) == ((), 0)  # left out, these are cleared
    assert (stored.coverage_statement, stored.url, stored.is_hidden) == ("Some years", "https://t.invalid", True)

    await client.delete_resource(new_id)
    assert desk.titles("Own") == {"Harbour News"}
    assert "Journal of Tides" in {one.title.name for one in desk.folio.titles()}  # the vendor's
    with pytest.raises(NotFoundError):
        await client.get_resource(new_id)
    with pytest.raises(NotFoundError):
        await client.delete_resource(new_id)


async def test_a_custom_title_vanishes_when_its_last_package_goes(desk: FolioDesk) -> None:
    client = desk.client
    news = desk.resource("Own", "Harbour News")
    title_id = str(news.title.id)
    second = await client.create_resource(ResourcePost(package_id=desk.package("Other").id, title_id=title_id))
    title = TitlePut(name="Harbour Times", publication_type="Newspaper", publisher_name="Quay Press")
    await client.update_title(title_id, title)
    assert desk.titles("Other") == {"Harbour Times", "Quay Letters"}
    await client.delete_resource(news.id)
    assert (await client.get_title(title_id)).model.attributes.publisher_name == "Quay Press"
    await client.delete_resource(second.model.id)
    with pytest.raises(NotFoundError):
        await client.get_title(title_id)


async def test_what_is_in_a_managed_package_cannot_be_deleted_and_nothing_can_be_put_there(desk: FolioDesk) -> None:
    before = desk.everything()
    with pytest.raises(RefusedError, match="not in a custom package"):
        await desk.client.delete_resource(desk.resource("Coastal Complete", "Journal of Tides").id)
    dunes = str(desk.resource("Coastal Complete", "Tides and Dunes").title.id)
    extra = desk.package("Coastal Extra").id
    with pytest.raises(RefusedError, match="managed Package"):
        await desk.client.create_resource(ResourcePost(package_id=extra, title_id=dunes))
    assert desk.everything() == before


CUSTOMISED = [
    {"custom_coverages": (Coverage(begin_coverage="2001-01-01"),)},
    {"coverage_statement": "Some years"},
    {"custom_embargo_period": Embargo(embargo_unit=EmbargoUnit.YEARS, embargo_value=1)},
    {"visibility_data": VisibilityData(is_hidden=True)},
    *({f"user_defined_field{number}": "note"} for number in range(1, 6)),
]
CLEARED: dict[str, Any] = {
    "coverage_statement": "",
    "visibility_data": VisibilityData(is_hidden=False),
    **{f"user_defined_field{number}": "" for number in range(1, 6)},
}


@pytest.mark.parametrize("custom", CUSTOMISED, ids=lambda one: next(iter(one)))
async def test_a_managed_title_is_deselected_only_without_anything_of_ones_own(
    desk: FolioDesk, custom: dict[str, Any]
) -> None:
    tides = desk.resource("Coastal Complete", "Journal of Tides")
    await desk.client.update_resource(tides.id, put(**custom))
    with pytest.raises(RefusedError) as refused:
        await desk.client.update_resource(tides.id, put(**custom, is_selected=False))
    assert (refused.value.status, refused.value.says("added to holdings")) == (422, True)
    assert desk.resource("Coastal Complete", "Journal of Tides").resource.is_selected is True
    answer = await desk.client.update_resource(tides.id, put(**CLEARED, is_selected=False))
    assert answer.model.attributes.is_selected is False
    assert desk.resource("Coastal Complete", "Journal of Tides").resource.is_selected is False
    assert desk.resource("Coastal Complete", "Tides and Dunes").resource.is_selected is True


# --- tags


async def test_tags_are_replaced_as_a_whole_and_taken_off(desk: FolioDesk) -> None:
    own, news = desk.package("Own").id, desk.resource("Own", "Harbour News").id
    for tags in (("a", "b"), ("c",), ()):
        await desk.client.put_package_tags(own, TagsPut(name="Own", tags=tags, content_type="E-Journal"))
        await desk.client.put_resource_tags(news, TagsPut(name="N" * 400, tags=tags, content_type="E-Journal"))
        assert desk.package("Own").tags == tags
        assert desk.resource("Own", "Harbour News").tags == tags
        for found in (await desk.client.get_package(own), await desk.client.get_resource(news)):
            assert found.model.attributes.tags is not None
            assert found.model.attributes.tags.tag_list == tags


# --- many at a time


async def test_packages_and_resources_are_fetched_in_brief_and_unknown_ones_are_missing(desk: FolioDesk) -> None:
    own, complete = desk.package("Own").id, desk.package("Coastal Complete").id
    page = await desk.client.fetch_packages([own, UNKNOWN_PACKAGE, complete, f"1-{2**63}"])
    assert {one.model.id: one.model.attributes.name for one in page.records} == {
        own: "Own",
        complete: "Coastal Complete",
    }
    assert [one.model.attributes.is_custom for one in page.records] == [True, False]
    news, tides = (desk.resource(*at).id for at in (("Own", "Harbour News"), ("Coastal Complete", "Journal of Tides")))
    found = await desk.client.fetch_resources([news, UNKNOWN_RESOURCE, tides])
    assert [(one.model.id, one.model.attributes.name) for one in found.records] == [
        (news, "Harbour News"),
        (tides, "Journal of Tides"),
    ]
    assert found.records[0].model.attributes.is_selected is None  # the brief form does not say
    assert (await desk.client.fetch_packages([UNKNOWN_PACKAGE])).records == ()


@pytest.mark.parametrize("kind", ["packages", "resources"])
async def test_twenty_different_ones_are_fetched_at_a_time_and_not_one_more(desk: FolioDesk, kind: str) -> None:
    fetch = desk.client.fetch_packages if kind == "packages" else desk.client.fetch_resources
    ids = [f"1-{number}" if kind == "packages" else f"1-2-{number}" for number in range(21)]
    assert (await fetch(ids[:20])).records == ()
    before = desk.folio.controls.counts["calls"]
    assert (await fetch([])).records == ()
    for wrong in (ids, [ids[0], ids[0]]):
        with pytest.raises(BugError, match="up to 20 different"):
            await fetch(wrong)
    assert desk.folio.controls.counts["calls"] == before


async def test_what_is_fetched_or_found_by_a_tag_may_be_a_day_old(desk: FolioDesk) -> None:
    client, own, news = desk.client, desk.package("Own").id, desk.resource("Own", "Harbour News").id
    await client.put_package_tags(own, TagsPut(name="Own", tags=("t",), content_type="E-Journal"))

    async def told() -> tuple[Any, ...]:
        resource = (await client.fetch_resources([news])).records[0].model.attributes
        fetched = names(await client.fetch_packages([own]))
        return (*fetched, *names(await client.list_packages(1, tags=["t"])), resource.coverage_statement)

    assert await told() == ("Own", "Own", None)
    await client.update_package(own, put_package(name="Renamed"))
    await client.update_resource(news, put(coverage_statement="Some years"))
    assert await told() == ("Own", "Own", None)
    assert (await client.get_package(own)).model.attributes.name == "Renamed"
    assert (await client.get_resource(news)).model.attributes.coverage_statement == "Some years"
    desk.folio.controls.clock.forward(hours=25)
    assert await told() == ("Renamed", "Renamed", "Some years")


# --- what it costs


OPERATIONS: dict[str, Callable[[FolioClient, str, str, str], Awaitable[Any]]] = {
    "list": lambda folio, _own, _held, _title: folio.list_packages(1),
    "create a package": lambda folio, _own, _held, _title: folio.create_package(
        PackagePost(name="New", content_type="Print")
    ),
    "get a package": lambda folio, own, _held, _title: folio.get_package(own),
    "write a package": lambda folio, own, _held, _title: folio.update_package(own, put_package()),
    "delete a package": lambda folio, own, _held, _title: folio.delete_package(own),
    "fetch packages": lambda folio, own, _held, _title: folio.fetch_packages([own, UNKNOWN_PACKAGE]),
    "tag a package": lambda folio, own, _held, _title: folio.put_package_tags(
        own, TagsPut(name="Own", tags=("a",), content_type="Print")
    ),
    "list resources": lambda folio, own, _held, _title: folio.list_package_resources(own, 1, name="news"),
    "create a resource": lambda folio, own, _held, title: folio.create_resource(
        ResourcePost(package_id=own, title_id=title)
    ),
    "write a resource": lambda folio, _own, held, _title: folio.update_resource(held, put()),
    "delete a resource": lambda folio, _own, held, _title: folio.delete_resource(held),
    "fetch resources": lambda folio, _own, held, _title: folio.fetch_resources([held, UNKNOWN_RESOURCE]),
    "tag a resource": lambda folio, _own, held, _title: folio.put_resource_tags(held, TagsPut(name="N", tags=("a",))),
}


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_no_operation_costs_more_at_ebsco_than_is_counted(desk: FolioDesk, operation: str) -> None:
    held = desk.resource("Own", "Harbour News").id
    title = str(desk.resource("Coastal Complete", "Journal of Tides").title.id)
    at_ebsco, counted = desk.folio.state.quota.used, desk.client.connection.budget.used
    await OPERATIONS[operation](desk.client, desk.package("Own").id, held, title)
    spent = desk.folio.state.quota.used - at_ebsco
    assert spent <= desk.client.connection.budget.used - counted <= spent + 1
