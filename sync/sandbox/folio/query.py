"""The parameters of lists, with the module's complaints about them (facts: folio-eholdings-api §2.2, §2.3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from sync.sandbox.folio.errors import RefusalError, json_api, plain
from sync.sandbox.folio.records import CONTENT_TYPES, PUBLICATION_TYPES, filter_code
from sync.sandbox.folio.vendor_lists import Wanted

PACKAGE_KINDS: dict[str, str | None] = {"all": None} | {filter_code(name): name for name in CONTENT_TYPES}
TITLE_KINDS: dict[str, str | None] = {filter_code(name): name for name in PUBLICATION_TYPES}
_SELECTED = {"true": "selected", "false": "notselected", "ebsco": "orderedthroughebsco"}
_TEXT_FIELDS = ("name", "isxn", "subject", "publisher")
_LONGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list was asked for. `tags` and `access_types` are set only where they take effect: alone."""

    wanted: Wanted
    tags: tuple[str, ...] = ()
    access_types: tuple[str, ...] = ()
    custom_only: bool = False


def bad(title: str, detail: str | None = None) -> RefusalError:
    """Return a JSON:API 400, to be raised."""
    return RefusalError(json_api(400, title, detail))


def ids_of(text: str, parts: int, complaint: str) -> list[int]:
    """Return the numbers of a composite id; each must be a Java long.

    Raises:
        RefusalError: 400 with the complaint.
    """
    numbers = text.split("-")
    if len(numbers) != parts or not all(re.fullmatch(r"[0-9]+", number, re.ASCII) for number in numbers):
        raise bad(complaint)
    found = [int(number) for number in numbers]
    if max(found) > _LONGEST_ID:
        raise bad(complaint)
    return found


def package_ids(text: str) -> list[int]:
    """Return provider and package of a package's id.

    Raises:
        RefusalError: 400.
    """
    if "-" not in text:
        raise bad("Package and provider id are required")
    return ids_of(text, 2, "Package or provider id are invalid")


def packages(params: QueryParams) -> ListQuery:
    """Return the query of a list of packages.

    Raises:
        RefusalError: 400.
    """
    page, count = _window(params)
    sort = params.get("sort", "relevance")
    local = _local_filter(params, ("q", "filter[selected]", "filter[custom]"), {"filter[type]": "all"})
    if local is not None and any(local):
        return ListQuery(Wanted(page=page, count=count), *local)
    wanted = Wanted(
        text=params.get("q"),
        selected=_selected(params, check=local is None),
        kind=_kind(params, PACKAGE_KINDS, check=local is None),
        sort=sort,
        page=page,
        count=count,
    )
    custom = params.get("filter[custom]")
    if local is None:
        _check_text_and_sort(params.get("q"), sort)
        if custom not in (None, "true"):
            raise bad("Invalid Query Parameter for filter[custom]: only 'true' is supported")
    return ListQuery(wanted, custom_only=custom == "true")


def providers(params: QueryParams) -> ListQuery:
    """Return the query of a list of providers.

    Raises:
        RefusalError: 400.
    """
    page, count = _window(params)
    sort = params.get("sort", "relevance")
    local = _local_filter(params, ("q",), {})
    if local is not None and any(local):
        return ListQuery(Wanted(page=page, count=count), *local)
    if local is None:
        _check_text_and_sort(params.get("q"), sort)
    return ListQuery(Wanted(text=params.get("q"), sort=sort, page=page, count=count))


def titles(params: QueryParams, *, in_package: bool = False) -> ListQuery:
    """Return the query of a list of titles, or of the resources of a package.

    Raises:
        RefusalError: 400.
    """
    page, count = _window(params)
    sort = params.get("sort", "relevance")
    texts = [(field, params[f"filter[{field}]"]) for field in _TEXT_FIELDS if f"filter[{field}]" in params]
    others = tuple(f"filter[{field}]" for field in (*_TEXT_FIELDS, "selected", "type", "packageIds"))
    local = _local_filter(params, others, {})
    if local is not None and any(local):
        return ListQuery(Wanted(page=page, count=count), *local)
    check = local is None
    if check:
        _check_texts(texts, in_package=in_package)
        _check_sort(sort)
    field, text = texts[0] if texts else ("name", None)
    wanted = Wanted(
        text=text,
        field=field,
        selected=_selected(params, check=check),
        kind=_kind(params, TITLE_KINDS, check=check),
        sort=sort,
        page=page,
        count=count,
        package_ids=() if in_package else _package_filter(params, check=check),
    )
    return ListQuery(wanted)


def _check_texts(texts: list[tuple[str, str]], *, in_package: bool) -> None:
    if len(texts) > 1:
        raise bad("Conflicting filter parameters")
    if not texts and not in_package:
        raise bad("All of filter[name], filter[isxn], filter[subject] and filter[publisher] cannot be missing.")
    if texts and not texts[0][1]:
        raise bad(
            "Value of required parameter filter[name], filter[isxn], filter[subject] or filter[publisher] is missing."
        )


def _check_text_and_sort(text: str | None, sort: str) -> None:
    if text == "":
        raise bad("Search parameter cannot be empty")
    _check_sort(sort)


def _check_sort(sort: str) -> None:
    if sort not in ("name", "relevance"):
        raise bad("Invalid Query Parameter for sort")


def _selected(params: QueryParams, *, check: bool) -> str | None:
    asked = params.get("filter[selected]")
    if check and asked is not None and asked not in _SELECTED:
        raise bad("Invalid Query Parameter for filter[selected]")
    return _SELECTED.get(asked or "")


def _kind(params: QueryParams, kinds: Mapping[str, str | None], *, check: bool) -> str | None:
    asked = params.get("filter[type]")
    if check and asked is not None and asked not in kinds:
        raise bad("Invalid Query Parameter for filter[type]")
    return kinds.get(asked or "")


def _package_filter(params: QueryParams, *, check: bool) -> tuple[int, ...]:
    asked = _list(params, "filter[packageIds]")
    if check and not all(re.fullmatch(r"[0-9]{1,18}", one, re.ASCII) for one in asked):
        raise bad("Invalid Query Parameter for filter[packageIds]")
    return tuple(int(one) for one in asked if one.isdecimal())


def _local_filter(
    params: QueryParams, others: tuple[str, ...], defaults: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return the tags or the access types to filter by; both empty when they are ignored; None when none are given."""
    tags, access_types = _list(params, "filter[tags]"), _list(params, "filter[access-type]")
    if not tags and not access_types:
        return None
    criteria = any(name in params or f"{name}[]" in params for name in others) or any(
        params.get(name, default) != default for name, default in defaults.items()
    )
    return ((), ()) if criteria or (tags and access_types) else (tags, access_types)


def _list(params: QueryParams, name: str) -> tuple[str, ...]:
    values = params.getlist(name) + params.getlist(f"{name}[]")
    return tuple(part for value in values for part in value.split(",") if part)


def _window(params: QueryParams) -> tuple[int, int]:
    return _number(params, "page", 1, 2_147_483_647), _number(params, "count", 25, 100)


def _number(params: QueryParams, name: str, default: int, most: int) -> int:
    text = params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?[0-9]{1,18}", text, re.ASCII) or abs(int(text)) > 2_147_483_647:
        raise RefusalError(plain(400, f"value {text} of parameter {name} is not a number"))
    value = int(text)
    for fits, limit in ((value >= 1, "greater than or equal to 1"), (value <= most, f"less than or equal to {most}")):
        if not fits:
            raise bad(f"'{name}' parameter is incorrect. parameter value {{{text}}} is not valid: must be {limit}")
    return value
