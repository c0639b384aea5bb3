"""The request bodies the module accepts, per version (facts: folio-eholdings-api §1.3, §1.4)."""

from sync.sandbox.folio.records import CONTENT_TYPES, OTHER_PUBLICATION_TYPES, PUBLICATION_TYPES
from sync.sandbox.folio.schema import UUID, Anything, Flag, Kind, Many, Shape, Text, Whole
from sync.sandbox.folio.switches import FolioSwitches

_COVERAGE = Shape({"beginCoverage": Text(), "endCoverage": Text()})
_EMBARGO = Shape({"embargoUnit": Text(allowed=("Days", "Weeks", "Months", "Years")), "embargoValue": Whole()})
_VISIBILITY_DATA = Shape({"isHidden": Flag(), "reason": Text()})
_PROXY = Shape({"id": Text(), "inherited": Flag()}, open=True)
_TOKEN = Shape({"factName": Text(), "prompt": Text(), "helpText": Text(), "value": Text()})
_TAGS = Shape({"tagList": Many(Text())})
_CONTENT_TYPE = Text(allowed=CONTENT_TYPES)
_PUBLICATION_TYPE = Text(allowed=PUBLICATION_TYPES + OTHER_PUBLICATION_TYPES)
_USER_FIELDS: dict[str, Kind] = {f"userDefinedField{number}": Text() for number in range(1, 6)}

# what the release after v7.0.0 adds to both bodies of a package
_NEXT_PACKAGE: dict[str, Kind] = {
    "customAltNames": Many(Shape({"id": Whole(), "altName": Text()}, required=("altName",))),
    "customDescription": Text(),
    "customDisplayName": Text(),
    "isFreeAccess": Flag(),
    "proxy": _PROXY,
    "url": Text(),
}
_NEXT_VISIBILITY: dict[str, Kind] = {
    "visibility": Many(
        Shape(
            {"category": Text(allowed=("PF", "FTF", "MARC")), "hidden": Flag(), "reason": Text()},
            required=("category", "hidden"),
        )
    )
}

_PACKAGE_POST: dict[str, Kind] = {
    "name": Text(),
    "contentType": _CONTENT_TYPE,
    "accessTypeId": Text(pattern=UUID),
    "customCoverage": _COVERAGE,
}
_PACKAGE_PUT: dict[str, Kind] = {
    "accessTypeId": Text(pattern=UUID),
    "allowKbToAddTitles": Flag(),
    "contentType": _CONTENT_TYPE,
    "customCoverage": _COVERAGE,
    "isCustom": Flag(),
    "isSelected": Flag(),
    "isFullPackage": Flag(),
    "name": Text(),
    "packageToken": _TOKEN,
    "proxy": _PROXY,
    "visibilityData": _VISIBILITY_DATA,
}
_RESOURCE_PUT: dict[str, Kind] = {
    "isTitleCustom": Flag(),
    "titleId": Whole(),
    "coverageStatement": Text(),
    "customEmbargoPeriod": _EMBARGO,
    "isPackageCustom": Flag(),
    "isSelected": Flag(),
    "isTokenNeeded": Flag(),
    "locationId": Whole(),
    "managedEmbargoPeriod": _EMBARGO,
    "packageId": Text(),
    "packageName": Text(),
    "url": Text(),
    "providerId": Whole(),
    "providerName": Text(),
    "visibilityData": _VISIBILITY_DATA,
    "managedCoverages": Many(_COVERAGE),
    "accessTypeId": Text(pattern=UUID),
    "customCoverages": Many(_COVERAGE),
    "proxy": _PROXY,
    **_USER_FIELDS,
}
_TITLE: dict[str, Kind] = {
    "name": Text(),
    "description": Text(),
    "publicationType": _PUBLICATION_TYPE,
    "publisherName": Text(),
    "isPeerReviewed": Flag(),
    "edition": Text(),
    "contributors": Many(Shape({"type": Text(), "contributor": Text()})),
    "identifiers": Many(
        Shape({"id": Text(), "type": Text(allowed=("ISSN", "ISBN")), "subtype": Text(allowed=("Print", "Online"))})
    ),
    "tags": _TAGS,
}
_TITLE_REQUIRED = ("name", "publicationType")


def _document(kind: Text, attributes: Shape, *, with_id: bool = False) -> Shape:
    properties: dict[str, Kind] = {"type": kind, "attributes": attributes}
    if with_id:
        properties["id"] = Text()
    return Shape({"data": Shape(properties, required=("type", "attributes"))}, required=("data",))


def _tags(named: dict[str, Kind]) -> Shape:
    return _document(Text(allowed=("tags",)), Shape({**named, "tags": _TAGS}, required=("tags",)))


TITLE_POST = Shape(
    {
        "data": Shape(
            {"type": Text(), "attributes": Shape({**_TITLE, **_USER_FIELDS}, required=_TITLE_REQUIRED)},
            required=("type", "attributes"),
        ),
        "included": Many(
            Shape(
                {"type": Text(), "attributes": Shape({"packageId": Text()}, required=("packageId",))},
                required=("type", "attributes"),
            )
        ),
    },
    required=("data", "included"),
)
TITLE_PUT = _document(Text(), Shape(_TITLE, required=_TITLE_REQUIRED), with_id=True)
RESOURCE_POST = _document(
    Text(allowed=("resources",)),
    Shape({"packageId": Text(), "titleId": Text(), "url": Text()}, required=("packageId", "titleId")),
)
RESOURCE_PUT = _document(
    Text(allowed=("resources",)), Shape(_RESOURCE_PUT, required=("isSelected",), open=True), with_id=True
)
PACKAGE_TAGS = _tags({"name": Text(), "contentType": _CONTENT_TYPE})
OTHER_TAGS = _tags({"name": Text()})
PACKAGE_BULK = Shape({"packages": Many(Text(), most=20, unique=True, pattern=r"\d+-\d+")}, required=("packages",))
RESOURCE_BULK = Shape(
    {"resources": Many(Text(), most=20, unique=True, pattern=r"\d+-\d+-\d+")}, required=("resources",)
)
PROVIDER_PUT = _document(
    Text(), Shape({"packagesSelected": Whole(), "providerToken": _TOKEN, "proxy": _PROXY}), with_id=True
)
LOGIN = Shape({"username": Text(), "password": Text(), "tenant": Text(), "userId": Anything()}, open=True)

_POST_NOW = _document(Text(allowed=("packages",)), Shape(_PACKAGE_POST, required=("name", "contentType")))
_POST_NEXT = _document(
    Text(allowed=("packages",)), Shape({**_PACKAGE_POST, **_NEXT_PACKAGE}, required=("name", "contentType"))
)
_PUT_NOW = _document(Text(allowed=("packages",)), Shape(_PACKAGE_PUT), with_id=True)
_PUT_NEXT = _document(
    Text(allowed=("packages",)), Shape({**_PACKAGE_PUT, **_NEXT_PACKAGE, **_NEXT_VISIBILITY}), with_id=True
)


def package_post(switches: FolioSwitches) -> Shape:
    """Return the body of POST /eholdings/packages in the version switched on."""
    return _POST_NOW if switches.package_visibility == "visibilityData" else _POST_NEXT


def package_put(switches: FolioSwitches) -> Shape:
    """Return the body of PUT /eholdings/packages/{id} in the version switched on."""
    return _PUT_NOW if switches.package_visibility == "visibilityData" else _PUT_NEXT
