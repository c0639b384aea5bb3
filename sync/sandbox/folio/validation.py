"""What the module itself refuses before it calls EBSCO: the validation map of facts: folio-eholdings-api §2.1.

Each function raises RefusalError with a JSON:API 422 of the first thing that is wrong.
"""

import re
from datetime import date
from typing import Any

from sync.sandbox.folio.errors import RefusalError, json_api

Attributes = dict[str, Any]
USER_FIELDS = tuple(f"userDefinedField{number}" for number in range(1, 6))
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MARKUP = re.compile(r"<[^>]+>")


def invalid(title: str, detail: str | None) -> RefusalError:
    """Return a 422, to be raised."""
    return RefusalError(json_api(422, title, detail))


def _not_blank(field: str, value: str | None) -> None:
    if value is None or not value.strip():
        raise invalid(f"Invalid {field}", f"{field} must not be empty")


def _not_longer(field: str, value: str | None, limit: int) -> None:
    if value is not None and len(value) > limit:
        raise invalid(f"Invalid {field}", f"{field} is too long (maximum is {limit} characters)")


def _empty(field: str, value: str | None) -> None:
    if value:
        raise invalid(f"Invalid {field}", f"{field} must be empty")


def _date(field: str, value: str | None) -> None:
    if not value:
        return
    try:
        fits = bool(_DATE.fullmatch(value)) and bool(date.fromisoformat(value))
    except ValueError:
        fits = False
    if not fits:
        raise invalid(f"Invalid {field}", f"{field} has invalid format. Should be YYYY-MM-DD")


_ILLEGAL = re.compile(r"[\s\x00-\x1f\x7f|{}\"<>\\^`]|%(?![0-9A-Fa-f]{2})")
_JAVA_URL = re.compile(r"(?:https?|ftp)://[^/?#]+")


def _url(value: str | None, title: str = "Invalid url", name: str = "url") -> None:
    """Check an address as Java's URI.create(value).toURL() does."""
    if not value or not value.strip():
        return
    path = re.sub(r"\A[a-z]+://[^/?#]*", "", value).partition("?")[0].partition("#")[0]
    if _ILLEGAL.search(value) or "[" in path or "]" in path or not _JAVA_URL.match(value):
        raise invalid(title, f"{name} has invalid format. Should start with https:// or http://")


def _dates(coverage: Attributes | None) -> tuple[str, str]:
    begin, end = (coverage or {}).get("beginCoverage"), (coverage or {}).get("endCoverage")
    _date("beginCoverage", begin)
    _date("endCoverage", end)
    return begin or "", end or ""


def package_post(attributes: Attributes) -> None:
    """Check POST /eholdings/packages."""
    _not_blank("name", attributes["name"])
    _not_longer("name", attributes["name"], 200)
    coverage = attributes.get("customCoverage")
    if coverage is not None:
        if coverage.get("beginCoverage") is None:
            raise invalid("Invalid beginCoverage", "beginCoverage must not be null")
        begin, end = _dates(coverage)
        if end and not begin:
            raise invalid("Invalid beginCoverage", "Begin Coverage has an invalid date.")
        if begin and end and begin > end:
            raise invalid("Invalid beginCoverage", "Begin Coverage should be smaller than End Coverage")
    _next_package(attributes)


def package_is_custom(attributes: Attributes, *, is_custom: bool) -> None:
    """Check that isCustom is sent and is right."""
    if attributes.get("isCustom") is not is_custom:
        raise invalid("Package isCustom not matched", f"Package isCustom: {str(is_custom).lower()}")


def custom_package_put(attributes: Attributes) -> None:
    """Check PUT /eholdings/packages/{id} of a custom package."""
    _not_blank("name", attributes.get("name"))
    _not_longer("name", attributes["name"], 200)
    if attributes.get("contentType") is None:
        raise invalid("Invalid contentType", "contentType must not be null")
    _dates(attributes.get("customCoverage"))
    _next_package(attributes)


def managed_package_put(attributes: Attributes) -> None:
    """Check PUT /eholdings/packages/{id} of a managed package."""
    token = (attributes.get("packageToken") or {}).get("value")
    coverage = attributes.get("customCoverage") or {}
    if not attributes.get("isSelected"):
        if attributes.get("allowKbToAddTitles"):
            raise invalid("Invalid allowKbToAddTitles", "allowKbToAddTitles must be false")
        if (attributes.get("visibilityData") or {}).get("isHidden"):
            raise invalid("Invalid visibilityData.isHidden", "visibilityData.isHidden must be false")
        if any(entry["hidden"] for entry in attributes.get("visibility") or []):
            raise invalid("Invalid visibility", "visibility must be empty")
        _empty("beginCoverage", coverage.get("beginCoverage"))
        _empty("endCoverage", coverage.get("endCoverage"))
        if token is not None:
            raise invalid("Invalid packageToken.value", "packageToken.value must be null")
        return
    _not_longer("packageToken.value", token, 500)
    _dates(coverage)
    _next_package(attributes)


def _next_package(attributes: Attributes) -> None:
    """Check what only the release after v7.0.0 knows (facts: §1.4)."""
    _not_longer("customDescription", attributes.get("customDescription"), 2000)
    alternatives = [entry["altName"] for entry in attributes.get("customAltNames") or []]
    if len(alternatives) > 10:
        raise invalid("Invalid customAltNames", "customAltNames is too long (maximum is 10 items)")
    for field, value in [("customDisplayName", attributes.get("customDisplayName"))] + [
        ("altName", name) for name in alternatives
    ]:
        _not_longer(field, value, 300)
        if value and _MARKUP.search(value):
            raise invalid(f"Invalid {field}", f"{field} must not contain HTML")
    url = attributes.get("url")
    if url is not None and not url.strip():  # an empty one is no absolute address
        raise invalid("Invalid url", "url has invalid format. Should start with https:// or http://")
    _not_longer("url", url, 500)
    _url(url)


def resource_post(attributes: Attributes) -> None:
    """Check POST /eholdings/resources before any call. It has no limit on the length of the address."""
    _url(attributes.get("url"), "Invalid Url", "Url")


def resource_put(attributes: Attributes, *, title_is_custom: bool) -> None:
    """Check PUT /eholdings/resources/{id}."""
    if not attributes["isSelected"]:
        if not title_is_custom and _has_customisations(attributes):
            raise invalid(
                "Resource cannot be updated unless added to holdings",
                "Resource must be added to holdings to be able to update",
            )
        return
    if title_is_custom:
        _not_longer("url", attributes.get("url"), 600)
        _url(attributes.get("url"))
    _not_longer("coverageStatement", attributes.get("coverageStatement"), 250)
    for coverage in attributes.get("customCoverages") or []:
        _dates(coverage)
    for field in USER_FIELDS:
        _not_longer(field, attributes.get(field), 500)


def _has_customisations(attributes: Attributes) -> bool:
    return bool(
        attributes.get("coverageStatement")
        or (attributes.get("customEmbargoPeriod") or {}).get("embargoUnit")
        or (attributes.get("visibilityData") or {}).get("isHidden")
        or attributes.get("customCoverages")
        or any(attributes.get(field) for field in USER_FIELDS)
    )


def _title(attributes: Attributes) -> None:
    name = attributes["name"]
    if not name.strip():
        raise invalid("Invalid Title Name", "Title Name must not be empty")
    for title, value, limit in (
        ("Title Name", name, 400),
        ("Publisher name", attributes.get("publisherName"), 250),
        ("Edition", attributes.get("edition"), 250),
        ("Description", attributes.get("description"), 400),
    ):
        _not_longer(title, value, limit)
    for identifier in attributes.get("identifiers") or []:
        if identifier.get("id") is None or len(identifier["id"]) > 20:
            raise invalid("Invalid Identifier id", "")


def title_post(attributes: Attributes, included: list[Attributes]) -> None:
    """Check POST /eholdings/titles."""
    if not included:
        raise invalid("Missing resource", "")
    if not included[0]["attributes"]["packageId"].strip():
        raise invalid("Invalid package Id", "")
    _title(attributes)
    for field in USER_FIELDS:
        _not_longer(field, attributes.get(field), 500)


def title_put(attributes: Attributes) -> None:
    """Check PUT /eholdings/titles/{id}."""
    _title(attributes)


def tags(attributes: Attributes, *, needs_content_type: bool) -> None:
    """Check the PUT of tags."""
    _not_blank("name", attributes.get("name"))
    _not_longer("name", attributes["name"], 200)
    if needs_content_type and attributes.get("contentType") is None:
        raise invalid("Invalid contentType", "contentType must not be null")


def provider_token(value: str | None) -> None:
    """Check the token of PUT /eholdings/providers/{id}."""
    if value is not None and len(value) > 500:
        raise invalid("Invalid value", "Value is too long (maximum is 500 characters)")
