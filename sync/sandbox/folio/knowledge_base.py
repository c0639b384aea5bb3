"""What EBSCO stores for one customer, and when lists notice a change (facts: folio-eholdings-api §2.5)."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from sync.sandbox.controls import Controls
from sync.sandbox.folio.catalogue import Catalogue
from sync.sandbox.folio.quota import Quota
from sync.sandbox.folio.records import Held, Package, Provider, Resource, Title
from sync.sandbox.folio.switches import FolioSwitches

Change = Callable[[Catalogue], None]


class KnowledgeBase:
    """What EBSCO stores for one customer. `live` is current; `seen` is what lists, searches and counts know."""

    def __init__(self, switches: FolioSwitches, controls: Controls) -> None:
        self.switches = switches
        self.quota = Quota(switches, controls)
        self.live = Catalogue(searchable=False)
        self._controls = controls
        self._seen = Catalogue()
        self._unseen: deque[tuple[float, Change]] = deque()
        self._new: dict[tuple[int, int], float] = {}
        self._removed: dict[tuple[int, int], tuple[float, Held]] = {}
        self.package_names: dict[str, int] = {}
        self.title_names: dict[str, int] = {}
        self._last_id = 5_000
        self._last_location = 40_000_000
        self.change(
            lambda catalogue: catalogue.put_provider(
                Provider(id=switches.customer_provider_id, name=switches.customer_provider_name)
            )
        )

    @property
    def seen(self) -> Catalogue:
        """Return the state that lists, searches and counts show now."""
        if self._unseen:
            now = self.now()
            while self._unseen and self._unseen[0][0] <= now:
                self._unseen.popleft()[1](self._seen)
        return self._seen

    def now(self) -> float:
        """Return the practice time in seconds."""
        return self._controls.clock.now().timestamp()

    def new_id(self) -> int:
        """Return an id not used before."""
        self._last_id += 1
        return self._last_id

    def new_location(self) -> int:
        """Return a location id not used before."""
        self._last_location += 1
        return self._last_location

    def change(self, change: Change, *, at_once: bool = False) -> None:
        """Carry out a change; lists notice it after the search lag, or `at_once`."""
        change(self.live)
        lag = 0 if at_once else self.switches.search_lag_seconds
        if lag <= 0 and not self._unseen:
            change(self._seen)
        else:
            self._unseen.append((self.now() + lag, change))

    def put_package(self, package: Package) -> None:
        """Store a package; a custom one under its name."""
        former = self.live.packages.get(package.id)
        if former is not None and former.is_custom:
            self.package_names.pop(self.name_key(former.name), None)
        if package.is_custom:
            self.package_names[self.name_key(package.name)] = package.id
        self.change(lambda catalogue: catalogue.put_package(package))

    def put_title(self, title: Title) -> None:
        """Store a title; a custom one under its name."""
        former = self.live.titles.get(title.id)
        if former is not None and former.is_custom:
            self.title_names.pop(self.name_key(former.name), None)
        if title.is_custom:
            self.title_names[self.name_key(title.name)] = title.id
        self.change(lambda catalogue: catalogue.put_title(title))

    def put_resource(self, resource: Resource) -> None:
        """Store a resource."""
        self.change(lambda catalogue: catalogue.put_resource(resource))

    def remove_resource(self, package_id: int, title_id: int) -> None:
        """Take a title out of a package. A custom title that is in no package any more vanishes."""
        held = self.live.held(package_id, title_id)
        if held is None:
            return
        if self.switches.deleted_record_lag_seconds > 0:
            until = self.now() + self.switches.deleted_record_lag_seconds
            self._removed[package_id, title_id] = (until, held)
        self.change(lambda catalogue: catalogue.remove_resource(package_id, title_id))
        if held.title.is_custom and not self.live.packages_of_title.get(title_id):
            self.title_names.pop(self.name_key(held.title.name), None)
            self.change(lambda catalogue: catalogue.remove_title(title_id))

    def remove_package(self, package_id: int) -> None:
        """Remove a package with all its resources."""
        package = self.live.packages[package_id]
        for title_id in list(self.live.holdings.get(package_id, {})):
            self.remove_resource(package_id, title_id)
        if package.is_custom:
            self.package_names.pop(self.name_key(package.name), None)
        self.change(lambda catalogue: catalogue.remove_package(package_id))

    def select(self, package_id: int, title_ids: list[int], *, selected: bool) -> None:
        """Select or deselect titles of a managed package."""
        for title_id in title_ids:
            resource = self.live.holdings[package_id][title_id]
            if resource.is_selected == selected:
                continue
            changed = replace(resource, is_selected=selected)
            self.put_resource(changed if selected or not self.switches.deselect_clears else _uncustomised(changed))

    def name_key(self, name: str) -> str:
        """Return a custom name as it is compared with the others."""
        return name.strip().casefold() if self.switches.names_ignore_case else name.strip()

    def inherited_proxy(self, provider_id: int) -> str:
        """Return the proxy a package of this provider inherits."""
        provider = self.live.providers.get(provider_id)
        return (provider.proxy if provider else None) or self.switches.root_proxy

    def mark_new(self, package_id: int, title_id: int) -> None:
        """Let a resource (or, with package 0, a title) seem missing for the lag of new records."""
        self._removed.pop((package_id, title_id), None)
        if self.switches.new_record_lag_seconds > 0:
            self._new[package_id, title_id] = self.now() + self.switches.new_record_lag_seconds

    def is_new(self, package_id: int, title_id: int) -> bool:
        """Return whether a resource (or, with package 0, a title) still seems missing."""
        key = (package_id, title_id)
        until = self._new.get(key)
        if until is not None and until <= self.now():
            del self._new[key]
            return False
        return until is not None

    def recently_removed(self, package_id: int, title_id: int) -> Held | None:
        """Return a removed resource that still shows by id."""
        until, held = self._removed.get((package_id, title_id), (0.0, None))
        if held is not None and until <= self.now():
            del self._removed[package_id, title_id]
            return None
        return held


def _uncustomised(resource: Resource) -> Resource:
    """Return the resource without the customer's settings."""
    return Resource(
        package_id=resource.package_id,
        title_id=resource.title_id,
        location_id=resource.location_id,
        is_selected=resource.is_selected,
        url=resource.url,
        managed_coverages=resource.managed_coverages,
        managed_embargo=resource.managed_embargo,
    )
