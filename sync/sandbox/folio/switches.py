"""Everything about the practice FOLIO that the published facts leave open, or that differs between installations.

Each switch names the question it answers. Facts: folio-eholdings-api (§8 lists what is unknown or unverified).
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyKind:
    """A proxy the customer has set up at EBSCO. `url_mask` holds `{targetURL}`, or is put in front of the URL."""

    id: str
    name: str
    url_mask: str = ""


PROXIES = (
    ProxyKind(id="<n>", name="None"),
    ProxyKind(id="EZProxy", name="EZProxy", url_mask="https://ezproxy.example.edu/login?url={targetURL}"),
    ProxyKind(id="WAM", name="Web Access Management", url_mask="https://wam.example.edu/"),
)


@dataclass(slots=True, kw_only=True)
class FolioSwitches:
    """How this practice FOLIO behaves. Everything may be changed while it runs, unless its line says "at start".

    Seconds are practice seconds (they pass with `Controls.clock`). Shares are 0 to 1.
    """

    # --- who may come in
    tenant: str = "diku"
    username: str = "sync"
    password: str = "practice"  # noqa: S105  (opens nothing but a rehearsal)
    permissions: frozenset[str] | None = None
    """The user's permissions, such as "kb-ebsco.packages.item.get"; None: all of them."""
    login_style: Literal["okapi", "eureka"] = "okapi"
    """Which gateway and login module stand in front: decides the bodies of their errors (§4)."""
    legacy_login: bool = False
    """Whether /authn/login still answers; else 404 "Tenant not a legacy token tenant"."""
    token_seconds: float = 600
    refresh_seconds: float = 604_800
    lockout_after: int = 5
    """Failed logins that block the account; 0: never."""
    lockout_window_seconds: float = 600
    """Failures older than this are forgotten. A blocked account stays blocked until `Login.unblock`."""

    # --- the version of mod-kb-ebsco-java
    package_visibility: Literal["visibilityData", "visibility"] = "visibilityData"
    """"visibilityData": v7.0.0. "visibility": the next release (§1.4), which has further package attributes too."""

    # --- EBSCO's quota and rate
    daily_calls: int = 30_000
    """EBSCO calls a day (reset at midnight UTC of the practice clock); 0: unlimited. One FOLIO call costs 0 to 20."""
    failed_calls_count: bool = True
    """Unknown (§8): whether a call that EBSCO answered with an error counts against the quota."""
    requests_per_second: int = 0
    """Calls a second the gateway lets through; 0: no limit. Published facts name no such limit."""

    # --- consistency
    search_lag_seconds: float = 0
    """How long lists, searches and counts show the former state; by id a record is current at once (§2.5)."""
    new_record_lag_seconds: float = 0
    """How long GET, PUT and DELETE by id of a new resource, and PUT of a new title, answer 404 (§2.5)."""
    deleted_record_lag_seconds: float = 0
    """How long GET by id still shows a resource that was removed (§2.5)."""

    # --- what EBSCO does with a write
    upstream_keeps_omitted: bool = False
    """Unknown (§8): keep (True) or clear (False) the package and custom title fields that a PUT leaves out."""
    overlapping_coverages: Literal["accept", "reject", "merge"] = "accept"
    """Unknown (§8): what becomes of customCoverages that overlap."""
    max_custom_coverages: int = 0
    """Unknown (§8): the largest number of customCoverages; 0: no limit."""
    contributor_type_case: Literal["lower", "any"] = "lower"
    """Whether "Author" is refused as a contributor type, as "writer" is. Published bodies show both spellings."""
    names_ignore_case: bool = True
    """Unknown: whether custom names that differ in case only count as the same."""
    deselect_clears: bool = True
    """Whether a managed title or package loses its customisations when it is deselected (the UI warns so)."""
    empty_text_reads_back: Literal["empty", "omitted"] = "empty"
    """Unknown: whether a text cleared with "" comes back as "" or not at all."""
    open_end_reads_back: str = ""
    """How an open end of a custom coverage comes back; recorded bodies also show "9999-12-31"."""

    # --- lists
    beyond_10000: Literal["empty", "400"] = "empty"
    """Unknown (§8): the answer to a page beyond `result_cap`."""
    result_cap: int = 10_000
    """Results that can be reached; totalResults stops here (packages and providers: one higher)."""
    drop_random_items: float = 0.0
    """The share of title and resource list items missing from a page, and taken off that page's totalResults (§2.4)."""
    list_includes_description: bool = False
    """Unverified: whether the resources of a package list carry description and edition."""

    # --- the customer and the module's settings
    kb_credentials: Literal["assigned", "missing", "invalid"] = "assigned"
    """"missing": the user has none (§2.6). "invalid": EBSCO refuses them, which FOLIO answers with 403."""
    customer_id: str = "apidvgvmt"
    customer_provider_id: int = 123_355
    """At start: the provider of the customer's own, custom packages."""
    customer_provider_name: str = "Practice Library"
    """At start: the name of that provider."""
    root_proxy: str = "<n>"
    proxies: tuple[ProxyKind, ...] = PROXIES
    access_types: tuple[str, ...] = ("Subscribed", "Open access")
    """At start: names of the tenant's access types."""
    custom_labels: tuple[str, ...] = ("Label 1", "Label 2")
    """Labels of userDefinedField1 and following, at most 5."""
