"""Decides FOLIO's packages on the way to Alma: the collection, and the service that holds its portfolios."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from sync.alma.bodies import FULL_TEXT
from sync.alma.fit import fit_package
from sync.alma.mapping import DATABASE_TYPE
from sync.alma.read_portfolios import STANDALONE_KEY
from sync.engine.arbitration import Arbiter, arbiter_for, only, untold
from sync.engine.in_full import package_in_full
from sync.engine.to_alma.outcome import Outcome, agreement_of, change_to_alma, home_fields
from sync.engine.to_alma.scope import AlmaScope
from sync.errors import DataError
from sync.model import Kind, Loss, Package, Service, name_key
from sync.plan.changes import Action, Change, FieldChange, FitPackage, Status
from sync.plan.compare import ALMA_PACKAGE_FIELDS, differences
from sync.plan.return_home import Base, never_emptied, returned, spoken
from sync.plan.three_way import Comparison, Decision, Verdict
from sync.store.bases import BaseRecords, base_records
from sync.store.comparison import Differing, SourceRecord, source_records
from sync.store.links import links_from_folio

HOME_FIELDS = (*ALMA_PACKAGE_FIELDS, "hidden")


async def decide_packages(scope: AlmaScope, differing: Sequence[Differing]) -> Outcome:
    """Return the changes that these packages need, and the agreements of those that need none."""
    work = scope.work
    listed = await source_records(work.database, scope.planning.folio.id, Kind.PACKAGE, [one.key for one in differing])
    alma_ids = [alma_id for one in differing for alma_id in one.present]
    current = await source_records(work.database, scope.planning.alma.id, Kind.PACKAGE, alma_ids)
    every = await links_from_folio(work.database, work.name, Kind.PACKAGE, [one.key for one in differing])
    link_ids = [link.id for found in every.values() for link in found]
    bases = await base_records(work.database, Kind.PACKAGE, link_ids)
    keys, names = [one.key for one in differing], scope.matched.package_names
    arbiter = await arbiter_for(scope.planning, Kind.PACKAGE, keys, names)
    outcome = Outcome()
    for one in differing:
        if one.key not in scope.packages:
            continue  # deselected: as good as absent
        link = next(iter(scope.collections.get(one.key, ())), None)
        if link is None and one.unreadable:
            scope.left[one.key] = "its collection could not be read in Alma"  # and is listed as parked
            continue
        if link is None and one.linked and arbiter is not None and not arbiter.restores(one.key, Decision.FOLIO):
            scope.left[one.key] = "its collection is gone in Alma; its removal in FOLIO is listed"
            continue
        try:
            if link is None:
                reason = "was in Alma, is there no longer" if one.linked else "only in FOLIO"
                await _create(scope, outcome, scope.packages[one.key], reason)
            else:
                base = bases.get(link.id)
                if base is None and arbiter is not None:  # it took the place of a collection that is gone
                    base = next((bases[each.id] for each in every.get(one.key, ()) if each.id in bases), None)
                await _compare(scope, outcome, listed[one.key], current[link.alma_id], base, arbiter)
        except DataError as error:
            scope.left[one.key] = "its package is parked"
            await scope.planning.park(Kind.PACKAGE, one.key, scope.packages[one.key].name, error)
    return outcome


async def _create(scope: AlmaScope, outcome: Outcome, package: Package, reason: str) -> None:
    """Plan a local collection with its service, unless it is to be left or may be there already."""
    left = scope.matched.ambiguous.get(package.key, "")
    if left:
        left += "; nothing is created: give them names of their own, then run the command again"
        scope.planning.tally.summary.ambiguous += 1
    elif package.managed and scope.work.pair.policy.managed_packages == "leave":
        left = "a managed package, and no activated collection of this name: left, as [pairs.NAME.policy] says"
    if left:
        scope.left[package.key] = left
    full = package if left else await package_in_full(scope.work, package.key)
    fit = _fit(scope, package, full)
    if fit.record.type_code == DATABASE_TYPE:
        fit = _never_hidden(fit)
    create = change_to_alma(
        Kind.PACKAGE,
        Action.CREATE,
        key=package.key,
        name=fit.record.name,
        desired=fit.record,
        origin=full,
        source_keys=(package.key,),
        package_key=package.key,
        package_name=fit.record.name,
        reason=left or reason,
        fields=differences(fit.record, None, ALMA_PACKAGE_FIELDS),
        losses=fit.losses,
    )
    outcome.changes.append(replace(create, status=Status.WITHHELD) if left else create)
    if not left and fit.record.type_code != DATABASE_TYPE:
        outcome.changes.append(_new_service(package.key, fit.record))


async def _compare(
    scope: AlmaScope,
    outcome: Outcome,
    listed: SourceRecord,
    there: SourceRecord,
    base: BaseRecords | None,
    arbiter: Arbiter | None,
) -> None:
    package, current = cast("Package", listed.record), cast("Package", there.record)
    full = package
    if base is None or package != base.folio_listed:
        full = await package_in_full(scope.work, package.key)
    fit = _fit(scope, package, full)
    if not scope.services.get(current.key) and not _wants_service(scope, package, current):
        fit = _never_hidden(fit)
    verdicts = Comparison()
    if arbiter is not None:
        verdicts = arbiter.judge(
            arbiter.pairing(Kind.PACKAGE, package.key, {current.key: there}, {current.key: base}, full)
        )
        if not verdicts.fields(Verdict.TO_ALMA) and scope.services.get(current.key):
            return  # there is nothing for Alma; the other half of the plan keeps the base
        desired = only(fit.record, current, verdicts, Verdict.TO_ALMA, HOME_FIELDS)
    else:
        desired = _wanted(scope, package, full, fit.record, current, base)
    pending = verdicts.fields(Verdict.TO_FOLIO, Verdict.CONFLICT)
    if arbiter is not None and base is not None:
        pending += untold(current, ALMA_PACKAGE_FIELDS, verdicts.fields(Verdict.TO_ALMA))
    found = () if current.key == STANDALONE_KEY else differences(desired, current, ALMA_PACKAGE_FIELDS)
    if found:
        outcome.changes.append(
            change_to_alma(
                Kind.PACKAGE,
                Action.UPDATE,
                key=current.key,
                name=package.name,
                desired=replace(desired, key=current.key, service_keys=current.service_keys),
                origin=full,
                source_keys=(package.key,),
                package_key=package.key,
                package_name=package.name,
                reason="changed in FOLIO or in Alma since both agreed" if base else "differs from FOLIO",
                fields=found,
                losses=fit.losses,
                pending=pending,
                agreed=base is not None,
            )
        )
    services = _services(scope, package, desired, current)
    outcome.changes += services
    if not found and not services and (arbiter is None or verdicts.fields(Verdict.TO_ALMA)):
        written = base.written if base is not None and full is package else full
        agreed = agreement_of(Kind.PACKAGE, current.key, there.hash, package, written)
        outcome.agreements.append(agreed if arbiter is None else replace(agreed, alma_record=current, pending=pending))


def _wanted(
    scope: AlmaScope, package: Package, full: Package, fitted: Package, current: Package, base: BaseRecords | None
) -> Package:
    """Return what a collection shall be in a plan to Alma alone; what FOLIO did not change returns home as it was."""
    if base is not None:
        home = Base(
            target=base.alma, source_listed=base.folio_listed, source_full=base.written, unsettled=base.unsettled
        )
        fields = home_fields(HOME_FIELDS, base, scope.work.rules)
        return spoken(returned(fitted, full, home, fields), full, home, fields)
    if _is_given_name(scope, package) or name_key(fitted.name) == name_key(current.name):
        fitted = replace(fitted, name=current.name)
    return never_emptied(fitted, current, ("url", "description"))


def _fit(scope: AlmaScope, package: Package, full: Package) -> FitPackage:
    types = scope.types.get(package.key, frozenset())
    return fit_package(full, scope.maps, scope.planning.alma.write_codes, types)


def _never_hidden(fit: FitPackage) -> FitPackage:
    """Return the package as a collection without services can hold it: such a one is never hidden."""
    if not fit.record.hidden:
        return fit
    loss = Loss("hidden", "true", "a collection is hidden by its services, and this one has none")
    return FitPackage(record=replace(fit.record, hidden=False), losses=(*fit.losses, loss))


def _wants_service(scope: AlmaScope, package: Package, current: Package) -> bool:
    return package.key in scope.types and current.key not in scope.databases


def _is_given_name(scope: AlmaScope, package: Package) -> bool:
    """Return whether FOLIO's name is the one we gave the package, where Alma's own name was taken."""
    return any(link.name == package.name for link in scope.collections.get(package.key, ()))


def _services(scope: AlmaScope, package: Package, desired: Package, current: Package) -> list[Change]:
    """Plan the service a collection lacks for its titles; hide or show the collection by its services.

    Shown are those again that were hidden with it; what was not available before stays so.
    """
    services = scope.services.get(current.key, [])
    if current.key == STANDALONE_KEY:
        return []
    if not services:
        return [_new_service(package.key, desired)] if _wants_service(scope, package, current) else []
    if desired.hidden == current.hidden:
        return []
    shown = not desired.hidden
    if shown:
        services = scope.shown_again(current.key)
    return [
        change_to_alma(
            Kind.SERVICE,
            Action.UPDATE,
            key=one.key,
            name=one.name or package.name,
            desired=replace(one, available=shown),
            source_keys=(package.key,),
            package_key=package.key,
            package_name=package.name,
            reason="the package is shown in FOLIO" if shown else "the package is hidden in FOLIO",
            fields=(FieldChange("available", one.available, shown),),
        )
        for one in services
        if one.available != shown
    ]


def _new_service(package_key: str, package: Package) -> Change:
    service = Service(
        key="", package_key=package_key, type_code=FULL_TEXT, available=not package.hidden, name=package.name
    )
    return change_to_alma(
        Kind.SERVICE,
        Action.CREATE,
        key=package_key,
        name=package.name,
        desired=service,
        source_keys=(package_key,),
        package_key=package_key,
        package_name=package.name,
        reason="holds the portfolios of the collection",
        fields=differences(service, None, ("available",)),
    )
