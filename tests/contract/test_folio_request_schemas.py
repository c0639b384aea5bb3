"""What we send to FOLIO is what its published schemas accept, through the client's own methods."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from sync.folio.client import FolioClient, open_folio
from sync.folio.wire import (
    Contributor,
    Coverage,
    Embargo,
    EmbargoUnit,
    Identifier,
    PackagePost,
    PackagePut,
    Proxy,
    ResourcePost,
    ResourcePut,
    TagsPut,
    TitlePost,
    TitlePut,
    Token,
    Visibility,
    VisibilityData,
)
from tests.support import folio_schemas
from tests.support.transports import FolioScript, answer, login_answer, quick

needs_schemas = pytest.mark.skipif(not folio_schemas.available(), reason=folio_schemas.REASON)

UUID = "f973c3b6-85fc-4d35-bda8-f31b568957bf"
PACKAGE_ID, RESOURCE_ID, TITLE_ID = "123355-2868997", "123355-2868997-17059786", "17059786"


class Stored(FolioScript):
    """Answers every write with the record that was written."""

    def _play(self, request: httpx.Request) -> httpx.Response:
        own = request.url.path.rpartition("/")[2] if request.method == "PUT" else "1-2"
        body = {"data": {"id": own, "type": "any", "attributes": {}}}
        return login_answer("token-1-0123456789") if "authn" in request.url.path else answer(200, body)


FULL_PACKAGE = PackagePut(
    is_custom=True,
    is_selected=True,
    access_type_id=UUID,
    name="Journals",
    content_type="E-Journal",
    is_full_package=True,
    custom_coverage=Coverage(begin_coverage="2003-01-01", end_coverage=""),
    allow_kb_to_add_titles=False,
    proxy=Proxy(id="<n>", inherited=False),
    package_token=Token(value="abc"),
    visibility_data=VisibilityData(is_hidden=False, reason=""),
)
FULL_RESOURCE = ResourcePut(
    is_selected=True,
    custom_coverages=(Coverage(begin_coverage="2001-01-01", end_coverage="2004-02-01"),),
    custom_embargo_period=Embargo(embargo_unit=EmbargoUnit.MONTHS, embargo_value=5),
    access_type_id=UUID,
    url="https://publisher.invalid/x",
    coverage_statement="",
    proxy=Proxy(id="EZProxy"),
    visibility_data=VisibilityData(is_hidden=True),
    user_defined_field1="one",
    user_defined_field5="",
)
BARE_RESOURCE = ResourcePut(is_selected=False, custom_coverages=(), custom_embargo_period=None, access_type_id=None)
TITLE = {
    "name": "Zeitschrift für Ägyptologie",
    "publication_type": "Journal",
    "publisher_name": "Verlag",
    "contributors": (Contributor(type="author", contributor="Smith, J"),),
    "identifiers": (
        Identifier(id="1234-5679", type="ISSN", subtype="Online"),
        Identifier(id="2049-3630", type="ISSN"),
    ),
    "tags": ("a",),
}

WRITES: list[Callable[[FolioClient], Awaitable[Any]]] = [
    lambda folio: folio.create_package(PackagePost(name="Journals", content_type="E-Journal")),
    lambda folio: folio.create_package(
        PackagePost(name="J", content_type="Unknown", custom_coverage=Coverage(), access_type_id=UUID)
    ),
    lambda folio: folio.update_package(PACKAGE_ID, FULL_PACKAGE),
    lambda folio: folio.update_package(PACKAGE_ID, PackagePut(is_custom=False, is_selected=False, access_type_id=None)),
    lambda folio: folio.put_package_tags(PACKAGE_ID, TagsPut(name="J", tags=("a", "b"), content_type="E-Book")),
    lambda folio: folio.create_title(
        TitlePost.model_validate({**TITLE, "package_id": PACKAGE_ID, "user_defined_field2": "two"})
    ),
    lambda folio: folio.create_title(TitlePost(name="T", publication_type="Book", package_id=PACKAGE_ID)),
    lambda folio: folio.update_title(TITLE_ID, TitlePut.model_validate(TITLE)),
    lambda folio: folio.create_resource(ResourcePost(package_id=PACKAGE_ID, title_id=TITLE_ID)),
    lambda folio: folio.create_resource(
        ResourcePost(package_id=PACKAGE_ID, title_id=TITLE_ID, url="https://x.invalid")
    ),
    lambda folio: folio.update_resource(RESOURCE_ID, FULL_RESOURCE),
    lambda folio: folio.update_resource(RESOURCE_ID, BARE_RESOURCE),
    lambda folio: folio.put_resource_tags(RESOURCE_ID, TagsPut(name="T" * 400, tags=(), content_type="E-Book")),
]


@needs_schemas
@pytest.mark.parametrize("write", WRITES)
async def test_every_write_satisfies_the_published_schema(write: Callable[[FolioClient], Awaitable[Any]]) -> None:
    options = quick(Stored(), folio_schemas.check_request)
    async with open_folio("http://folio.invalid", "diku", "sync", SecretStr("pass-word"), 0, options=options) as folio:
        await write(folio)

        assert folio.connection.writes == 1


@needs_schemas
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/eholdings/packages", {"data": {"type": "packages", "attributes": {"name": "x"}}}),
        (
            "PUT",
            f"/eholdings/packages/{PACKAGE_ID}",
            {"data": {"type": "packages", "attributes": {"isSelected": True}}},
        ),
        (
            "PUT",
            f"/eholdings/resources/{RESOURCE_ID}",
            {"data": {"type": "resources", "attributes": {"isSelected": True, "customCoverages": None}}},
        ),
        (
            "PUT",
            f"/eholdings/resources/{RESOURCE_ID}",
            {"data": {"type": "resources", "attributes": {}}, "included": []},
        ),
        ("POST", "/eholdings/package", {}),
        ("DELETE", f"/eholdings/resources/{RESOURCE_ID}", {}),
    ],
)
def test_the_check_finds_what_folio_would_refuse(method: str, path: str, body: Any) -> None:
    with pytest.raises(AssertionError):
        folio_schemas.check_request(method, path, body)


def test_what_folio_would_clear_by_omission_must_be_said() -> None:
    with pytest.raises(ValidationError):
        ResourcePut(is_selected=True)  # type: ignore[call-arg]
    with pytest.raises(ValidationError):
        PackagePut(is_selected=True, access_type_id=None)  # type: ignore[call-arg]


def test_nothing_unset_and_no_null_is_sent() -> None:
    assert BARE_RESOURCE.body()["data"]["attributes"] == {"isSelected": False, "customCoverages": []}
    assert FULL_RESOURCE.body()["data"]["attributes"]["coverageStatement"] == ""
    assert FULL_RESOURCE.body()["data"]["attributes"]["proxy"] == {"id": "EZProxy"}


def test_the_next_interface_has_its_own_form_of_visibility() -> None:
    package = PackagePut(
        is_custom=True,
        is_selected=True,
        access_type_id=None,
        visibility=(Visibility(category="PF", hidden=True), Visibility(category="FTF", hidden=False, reason="")),
    )

    attributes = package.body()["data"]["attributes"]
    assert attributes["visibility"] == [
        {"category": "PF", "hidden": True},
        {"category": "FTF", "hidden": False, "reason": ""},
    ]
    assert "visibilityData" not in attributes
