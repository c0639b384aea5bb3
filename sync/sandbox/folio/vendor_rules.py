"""What EBSCO itself refuses, behind the module's own checks (facts: folio-eholdings-api §2.1, §2.6)."""

from sync.sandbox.folio.errors import VendorError
from sync.sandbox.folio.records import Contributor, Coverage, Package
from sync.sandbox.folio.switches import FolioSwitches

STATEMENT_LIMIT = 200
_CONTRIBUTOR_TYPES = ("author", "editor", "illustrator")


def check_statement(statement: str | None) -> None:
    """Refuse a coverage statement that is too long.

    Raises:
        VendorError: 400.
    """
    if statement is not None and len(statement) > STATEMENT_LIMIT:
        raise VendorError(400, f"Attribute CoverageStatement is longer than {STATEMENT_LIMIT} characters.")


def check_order(coverage: Coverage) -> None:
    """Refuse a range that ends before it begins.

    Raises:
        VendorError: 400.
    """
    if coverage.begin and coverage.end and coverage.begin > coverage.end:
        raise VendorError(400, "BeginCoverage should be smaller than EndCoverage.")


def accepted_coverages(
    coverages: tuple[Coverage, ...], package: Package, switches: FolioSwitches
) -> tuple[Coverage, ...]:
    """Return the ranges as EBSCO stores them, the latest first.

    Raises:
        VendorError: 400 when one ends before it begins, is outside the package's custom coverage, or when they
            overlap or are too many and the switches say that this is refused.
    """
    for coverage in coverages:
        check_order(coverage)
        _check_within(coverage, package.coverage)
    if 0 < switches.max_custom_coverages < len(coverages):
        raise VendorError(400, f"CoverageList cannot contain more than {switches.max_custom_coverages} items.")
    ordered = sorted(coverages, key=lambda coverage: coverage.begin)
    if switches.overlapping_coverages != "accept":
        ordered = _without_overlaps(ordered, merge=switches.overlapping_coverages == "merge")
    return tuple(reversed(ordered))


def _check_within(coverage: Coverage, limits: Coverage) -> None:
    too_early = limits.begin and coverage.begin < limits.begin
    too_late = limits.end and (not coverage.end or coverage.end > limits.end)
    if too_early or too_late:
        raise VendorError(400, "Title custom coverage date should be within the package custom coverage date limit")


def _without_overlaps(ordered: list[Coverage], *, merge: bool) -> list[Coverage]:
    kept: list[Coverage] = []
    for coverage in ordered:
        last = kept[-1] if kept else None
        if last is None or (last.end and coverage.begin > last.end):
            kept.append(coverage)
        elif merge:
            end = "" if not last.end or not coverage.end else max(last.end, coverage.end)
            kept[-1] = Coverage(last.begin, end)
        else:
            raise VendorError(400, "CoverageList cannot contain overlapping dates.")
    return kept


def check_contributors(contributors: tuple[Contributor, ...], switches: FolioSwitches) -> None:
    """Refuse a kind of contributor EBSCO does not know.

    Raises:
        VendorError: 400.
    """
    for contributor in contributors:
        kind = contributor.type.lower() if switches.contributor_type_case == "any" else contributor.type
        if kind not in _CONTRIBUTOR_TYPES:
            allowed = ", ".join(_CONTRIBUTOR_TYPES)
            raise VendorError(400, f"Parameter contributorsList.contributorType must be one of ({allowed}).")


def check_proxy(proxy: str | None, switches: FolioSwitches) -> None:
    """Refuse a proxy the customer has not set up.

    Raises:
        VendorError: 400.
    """
    if proxy is not None and all(proxy != kind.id for kind in switches.proxies):
        raise VendorError(400, "Invalid Proxy ID")
