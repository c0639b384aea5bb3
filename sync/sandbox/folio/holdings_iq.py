"""What EBSCO does with each call of the module that concerns one record.

Every public method is one call to EBSCO: it counts against the quota and may raise VendorError, of the texts in facts:
folio-eholdings-api §2.6.
"""

from dataclasses import replace

from sync.sandbox.folio.changes import PackageChange, ResourceChange, TitleFields
from sync.sandbox.folio.errors import VendorError
from sync.sandbox.folio.knowledge_base import KnowledgeBase
from sync.sandbox.folio.records import Coverage, Held, Package, Resource, Title
from sync.sandbox.folio.vendor_rules import (
    accepted_coverages,
    check_contributors,
    check_order,
    check_proxy,
    check_statement,
)


class HoldingsIq:
    """EBSCO's interface to the customer's holdings."""

    def __init__(self, base: KnowledgeBase) -> None:
        self.base = base
        self.switches = base.switches
        self.quota = base.quota

    # --- calls: packages

    def get_package(self, provider_id: int, package_id: int) -> Package:
        """Return a package.

        Raises:
            VendorError: 404.
        """
        with self.quota:
            return self._existing_package(provider_id, package_id)

    def create_package(self, name: str, content_type: str, coverage: Coverage) -> Package:
        """Create a custom package of the customer.

        Raises:
            VendorError: 400 when the customer has a custom package of this name, or the coverage is backward.
        """
        with self.quota:
            complaint = "Custom Package with the provided name already exists"
            self._check_name_is_free(self.base.package_names, name, None, complaint)
            check_order(coverage)
            package = Package(
                id=self.base.new_id(),
                provider_id=self.switches.customer_provider_id,
                name=name,
                is_custom=True,
                content_type=content_type,
                package_type="Custom",
                is_selected=True,
                coverage=coverage,
            )
            self.base.put_package(package)
            return package

    def update_package(self, provider_id: int, package_id: int, change: PackageChange) -> None:
        """Change a package; deselecting a custom one deletes it.

        Raises:
            VendorError: 404; 400 for a missing isSelected, a taken name, an unknown proxy or a backward coverage.
        """
        with self.quota:
            package = self._existing_package(provider_id, package_id)
            if change.is_selected is None:
                raise VendorError(400, "Attribute IsSelected is missing.")
            if change.coverage is not None:
                check_order(change.coverage)
            proxy = self._package_proxy(package, change)
            if package.is_custom and not change.is_selected:
                self.base.remove_package(package_id)
            elif package.is_custom:
                name = change.name or package.name
                self._check_name_is_free(self.base.package_names, name, package_id, "Package name already exists")
                changed = replace(package, name=name, content_type=change.content_type or package.content_type)
                self.base.put_package(self._with_change(changed, change, proxy))
            else:
                self._update_managed(package, change, proxy)

    def _update_managed(self, package: Package, change: PackageChange, proxy: str | None) -> None:
        titles = list(self.base.live.holdings[package.id])
        if not change.is_selected:
            self.base.select(package.id, titles, selected=False)
            self.base.put_package(
                replace(_bare(package) if self.switches.deselect_clears else package, is_selected=False)
            )
            return
        if change.is_full_package:
            self.base.select(package.id, titles, selected=True)
        self.base.put_package(self._with_change(replace(package, is_selected=True), change, proxy))

    def _package_proxy(self, package: Package, change: PackageChange) -> str | None:
        """Return the package's own proxy after the change; None: inherited."""
        if change.proxy is None:
            return package.proxy if self.switches.upstream_keeps_omitted else None
        check_proxy(change.proxy, self.switches)
        if not change.proxy_inherited:
            return change.proxy
        if change.proxy != self.base.inherited_proxy(package.provider_id):
            raise VendorError(400, "Invalid Proxy ID")
        return None

    def _with_change(self, package: Package, change: PackageChange, proxy: str | None) -> Package:
        base = package if self.switches.upstream_keeps_omitted else _bare(package)
        hidden = base.hidden if change.hidden is None else change.hidden
        allow = change.allow_kb_to_add_titles
        alternatives = change.alternative_names
        return replace(
            base,
            coverage=base.coverage if change.coverage is None else change.coverage,
            hidden=hidden,
            hidden_reason=_reason(package.hidden_reason, was=bool(package.hidden), now=bool(hidden)),
            allow_kb_to_add_titles=base.allow_kb_to_add_titles if allow is None else allow,
            token=base.token if change.token is None else change.token,
            proxy=proxy,
            url=base.url if change.url is None else change.url,
            display_name=base.display_name if change.display_name is None else change.display_name,
            description=base.description if change.description is None else change.description,
            alternative_names=base.alternative_names if alternatives is None else alternatives,
            is_free_access=base.is_free_access if change.is_free_access is None else change.is_free_access,
        )

    # --- calls: titles

    def get_title(self, title_id: int) -> Title:
        """Return a title.

        Raises:
            VendorError: 404.
        """
        with self.quota:
            if title_id not in self.base.live.titles:
                raise VendorError(404, "Title not found")
            return self.base.live.titles[title_id]

    def create_title(self, provider_id: int, package_id: int, fields: TitleFields) -> Title:
        """Create a custom title and put it into a custom package of the customer.

        Raises:
            VendorError: 404; 400 when the package is not the customer's own, the name is taken, or a field is wrong.
        """
        with self.quota:
            package = self._existing_package(provider_id, package_id)
            if not package.is_custom or package.provider_id != self.switches.customer_provider_id:
                raise VendorError(400, "Cannot create custom title because Customer is not the Provider")
            complaint = "Custom Title with the provided name already exists"
            self._check_name_is_free(self.base.title_names, fields.name, None, complaint)
            blank = Title(id=self.base.new_id(), name="", publication_type="", is_custom=True)
            title = self._title_with(blank, replace(fields, is_peer_reviewed=bool(fields.is_peer_reviewed)))
            self.base.put_title(title)
            self.base.mark_new(0, title.id)
            self._add_to_package(package_id, title.id, user_fields=fields.user_fields)
            return title

    def update_title(self, title_id: int, fields: TitleFields) -> None:
        """Rewrite a custom title through the first package it is in, and select it there.

        Raises:
            VendorError: 404; 400 when the name is taken or a field is wrong.
        """
        with self.quota:
            title = self.base.live.titles.get(title_id)
            if title is None or self.base.is_new(0, title_id):
                raise VendorError(404, "Title not found")
            complaint = "Custom Title with the provided name already exists"
            self._check_name_is_free(self.base.title_names, fields.name, title_id, complaint)
            self.base.put_title(self._title_with(title, fields))
            package_id = next(iter(self.base.live.packages_of_title[title_id]))
            resource = self.base.live.holdings[package_id][title_id]
            if not resource.is_selected:
                self.base.put_resource(replace(resource, is_selected=True))

    def _title_with(self, title: Title, fields: TitleFields) -> Title:
        if fields.publication_type is None:
            raise VendorError(400, "Attribute PubType is missing.")
        if fields.is_peer_reviewed is None:
            raise VendorError(400, "Attribute IsPeerReviewed is missing.")
        check_contributors(fields.contributors, self.switches)
        keeps = self.switches.upstream_keeps_omitted
        return replace(
            title,
            name=fields.name,
            publication_type=fields.publication_type,
            is_peer_reviewed=fields.is_peer_reviewed,
            publisher=title.publisher if keeps and fields.publisher is None else fields.publisher,
            edition=title.edition if keeps and fields.edition is None else fields.edition,
            description=title.description if keeps and fields.description is None else fields.description,
            contributors=fields.contributors,
            identifiers=fields.identifiers,
        )

    # --- calls: resources

    def get_resource(self, provider_id: int, package_id: int, title_id: int, *, own: bool = False) -> Held:
        """Return a resource. `own`: the module reads back what it has just written, which it always sees.

        Raises:
            VendorError: 404, also for a while after the resource was made.
        """
        with self.quota:
            removed = None if own else self.base.recently_removed(package_id, title_id)
            if removed is not None:
                return removed
            self._existing_package(provider_id, package_id)
            if title_id not in self.base.live.titles or (not own and self.base.is_new(package_id, title_id)):
                raise VendorError(404, "Title not found")
            held = self.base.live.held(package_id, title_id)
            if held is None:
                raise VendorError(404, "Title is no longer in this package.")
            return held

    def add_resource(self, provider_id: int, package_id: int, title_id: int, url: str | None) -> None:
        """Put a title into a custom package, or select it there anew with this URL.

        Raises:
            VendorError: 404.
        """
        with self.quota:
            self._existing_package(provider_id, package_id)
            resource = self.base.live.holdings[package_id].get(title_id)
            if resource is None:
                self._add_to_package(package_id, title_id, url=url)
            else:
                self.base.put_resource(replace(resource, url=resource.url if url is None else url))

    def update_resource(self, held: Held, change: ResourceChange) -> None:
        """Change a resource; deselecting it in a custom package takes it out of there.

        Raises:
            VendorError: 404; 400 for a statement too long, coverage or proxy EBSCO does not accept.
        """
        with self.quota:
            resource, package = held.resource, held.package
            if self.base.live.held(package.id, held.title.id) is None:
                raise VendorError(404, "Title not found")
            if not change.is_selected:
                if package.is_custom:
                    self.base.remove_resource(package.id, held.title.id)
                else:
                    self.base.select(package.id, [held.title.id], selected=False)
                return
            check_statement(change.coverage_statement)
            check_proxy(change.proxy, self.switches)
            self.base.put_resource(
                replace(
                    resource,
                    is_selected=True,
                    is_hidden=change.is_hidden,
                    hidden_reason=_reason(resource.hidden_reason, was=resource.is_hidden, now=change.is_hidden),
                    coverage_statement=change.coverage_statement,
                    custom_embargo=change.custom_embargo,
                    custom_coverages=accepted_coverages(change.custom_coverages, package, self.switches),
                    url=change.url if package.is_custom else resource.url,
                    proxy=change.proxy,
                    user_fields=change.user_fields,
                )
            )
            if not package.is_selected:
                self.base.put_package(replace(package, is_selected=True))

    def _add_to_package(
        self,
        package_id: int,
        title_id: int,
        *,
        url: str | None = None,
        user_fields: tuple[str | None, ...] = (None, None, None, None, None),
    ) -> None:
        self.base.mark_new(package_id, title_id)
        self.base.put_resource(
            Resource(
                package_id=package_id,
                title_id=title_id,
                location_id=self.base.new_location(),
                is_selected=True,
                url=url,
                user_fields=user_fields,
            )
        )

    def _check_name_is_free(self, names: dict[str, int], name: str, owner: int | None, complaint: str) -> None:
        if names.get(self.base.name_key(name), owner) != owner:
            raise VendorError(400, complaint)

    def _existing_package(self, provider_id: int, package_id: int) -> Package:
        package = self.base.live.packages.get(package_id)
        if self.switches.package_visibility == "visibilityData":
            if provider_id not in self.base.live.providers:
                raise VendorError(404, "Vendor not found")
            if package is not None and package.provider_id != provider_id:
                package = None
        if package is None:
            raise VendorError(404, "Package not found")
        return package


def _reason(reason: str, *, was: bool, now: bool) -> str:
    """Return why a record is hidden after a change."""
    if was and now:
        return reason
    return "Hidden by Customer" if now else ""


def _bare(package: Package) -> Package:
    """Return the package without the customer's settings."""
    return Package(
        id=package.id,
        provider_id=package.provider_id,
        name=package.name,
        is_custom=package.is_custom,
        content_type=package.content_type,
        package_type=package.package_type,
        is_selected=package.is_selected,
    )
