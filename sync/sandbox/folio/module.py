"""What mod-kb-ebsco-java keeps and does itself, in front of EBSCO: tags, access types, caches, and the way to answer.

Facts: folio-eholdings-api §2.1 (tags and access types exist only here), §2.5 (caches of 24 and 12 hours), §2.8 (cost).
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from starlette.datastructures import QueryParams

from sync.sandbox.controls import Controls
from sync.sandbox.folio.errors import VendorError
from sync.sandbox.folio.holdings_iq import HoldingsIq
from sync.sandbox.folio.knowledge_base import KnowledgeBase
from sync.sandbox.folio.query import ListQuery, bad
from sync.sandbox.folio.render import Json, Renderer
from sync.sandbox.folio.switches import FolioSwitches
from sync.sandbox.folio.vendor_lists import VendorLists

Item = TypeVar("Item")
_SPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "practice-folio.example.org")
CREDENTIALS_ID = str(uuid.uuid5(_SPACE, "credentials"))
_DAY_SECONDS = 86_400.0
_TITLE_SECONDS = 43_200.0
_CUSTOMER_SECONDS = 600.0


def stable_uuid(*parts: str) -> str:
    """Return the same UUID for the same parts."""
    return str(uuid.uuid5(_SPACE, "/".join(parts)))


@dataclass(frozen=True, slots=True)
class Request:
    """One call that was let in. `path` are the parts of the path in braces."""

    path: Mapping[str, str]
    query: QueryParams
    body: bytes
    user_id: str

    @property
    def includes(self) -> frozenset[str]:
        """Return what the include parameter asks for."""
        return frozenset(self.query.get("include", "").split(","))


@dataclass(slots=True)
class OwnRecords:
    """The module's own database. Keys are (type, id), the types being providers, packages, titles and resources."""

    tags: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    access_types: dict[str, str] = field(default_factory=dict)
    assigned: dict[tuple[str, str], str] = field(default_factory=dict)

    def set_tags(self, kind: str, key: str, name: str, tags: list[str]) -> None:
        """Store a record's tags; none: forget it."""
        if tags:
            self.tags[kind, key] = tuple(dict.fromkeys(tags))
            self.names[kind, key] = name
        else:
            self.tags.pop((kind, key), None)

    def set_access_type(self, kind: str, key: str, name: str, access_type: str | None) -> None:
        """Assign an access type to a record; None: take it off."""
        if access_type is None:
            self.assigned.pop((kind, key), None)
        else:
            self.assigned[kind, key] = access_type
            self.names[kind, key] = name

    def forget(self, kind: str, key: str) -> None:
        """Forget the tags and the access type of a record that was deleted."""
        self.tags.pop((kind, key), None)
        self.assigned.pop((kind, key), None)

    def matching(self, kind: str, tags: tuple[str, ...], access_types: tuple[str, ...]) -> list[str]:
        """Return the ids of the records with any of the tags, or of the access types (by id or name), by name."""
        wanted = {one for one, name in self.access_types.items() if one in access_types or name in access_types}
        found = {
            key for (a_kind, key), own in self.tags.items() if a_kind == kind and any(tag in own for tag in tags)
        } | {key for (a_kind, key), one in self.assigned.items() if a_kind == kind and one in wanted}
        return sorted(found, key=lambda key: (self.names[kind, key].casefold(), key))


class Module:
    """The module with all it needs to answer."""

    def __init__(self, base: KnowledgeBase, controls: Controls) -> None:
        self.base = base
        self.vendor = HoldingsIq(base)
        self.lists = VendorLists(base)
        self.render = Renderer(base)
        self.controls = controls
        self.own = OwnRecords()
        self.own.access_types = {stable_uuid("access type", name): name for name in base.switches.access_types}
        self._cache: dict[tuple[str, str], tuple[float, Json]] = {}
        self._customer_known_until = 0.0

    @property
    def switches(self) -> FolioSwitches:
        """Return the switches."""
        return self.base.switches

    def customer_provider(self) -> int:
        """Return the provider of the customer's own packages: one call to EBSCO, unless known for 600 seconds."""
        if self.base.now() >= self._customer_known_until:
            with self.base.quota:
                self._customer_known_until = self.base.now() + _CUSTOMER_SECONDS
        return self.switches.customer_provider_id

    def access_type_of(self, attributes: Json) -> str | None:
        """Return the access type a request names.

        Raises:
            RefusalError: 400 when there is none of this id.
        """
        access_type: str | None = attributes.get("accessTypeId")
        if access_type is not None and access_type not in self.own.access_types:
            raise bad(f"Access type not found: id = {access_type}")
        return access_type

    def access_type(self, access_type: str) -> Json:
        """Return an access type."""
        attributes = {"name": self.own.access_types[access_type], "credentialsId": CREDENTIALS_ID}
        usage = sum(one == access_type for one in self.own.assigned.values())
        return {
            "id": access_type,
            "type": "accessTypes",
            "attributes": attributes,
            "creator": {},
            "usageNumber": usage,
            "metadata": {"createdDate": "2026-01-05T08:00:00.000+00:00"},
        }

    def with_own(self, kind: str, item: Json, *, always: bool = True) -> list[Json]:
        """Add the record's tags and access type; return what is included because of them.

        Args:
            kind: of the record.
            item: as rendered; it is changed.
            always: show an empty list of tags as well.
        """
        key = (kind, item["id"])
        tags = self.own.tags.get(key)
        if tags or always:
            item["attributes"]["tags"] = {"tagList": list(tags or ())}
        access_type = self.own.assigned.get(key)
        if access_type is None or access_type not in self.own.access_types:
            return []
        relationship = {"data": {"type": "accessTypes", "id": access_type}, "meta": {"included": True}}
        item["relationships"] = {**item["relationships"], "accessType": relationship}
        return [self.access_type(access_type)]

    def cached(self, kind: str, key: str, fetch: Callable[[], Json]) -> Json | None:
        """Return a record as it was when last fetched for a cache, up to 24 (titles: 12) hours ago; None: not found."""
        known = self._cache.get((kind, key))
        now = self.base.now()
        if known is not None and now < known[0]:
            return known[1]
        try:
            item = fetch()
        except VendorError:
            return None
        self._cache[kind, key] = (now + (_TITLE_SECONDS if kind == "titles" else _DAY_SECONDS), item)
        return item

    def forget_cached(self, kind: str, key: str) -> None:
        """Drop a record from the cache."""
        self._cache.pop((kind, key), None)

    def local_page(self, kind: str, asked: ListQuery, prefix: str = "") -> tuple[list[str], int]:
        """Return a page of the ids (beginning with `prefix`) of tagged or access-typed records, and their number."""
        keys = [key for key in self.own.matching(kind, asked.tags, asked.access_types) if key.startswith(prefix)]
        start = (asked.wanted.page - 1) * asked.wanted.count
        return keys[start : start + asked.wanted.count], len(keys)

    def page(self, items: list[Item], total: int, *, droppable: bool = False) -> tuple[list[Item], int]:
        """Return a page and its total as the switches and faults spoil them: short, wobbling, in another order."""
        share = self.switches.drop_random_items if droppable else 0.0
        if share:
            kept = [item for item in items if not self.controls.roll(share)]
            total -= len(items) - len(kept)
            items = kept
        faults = self.controls.faults
        if items and self.controls.roll(faults.truncate_pages):
            items = items[: len(items) // 2]
        if faults.shuffle_pages:
            items = self.controls.shuffled(items)
        return items, total
