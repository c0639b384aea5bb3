"""What deciding a batch of FOLIO's records brings: changes to Alma, and agreements that move the base."""

from dataclasses import dataclass, field

from sync.engine.work import Work
from sync.model import Kind, Loss, Record, System
from sync.plan.changes import Action, Change, FieldChange, change_id
from sync.plan.return_home import MAPPED
from sync.store.bases import Agreement, BaseRecords, agree


@dataclass(slots=True)
class Outcome:
    """What deciding a batch brings."""

    changes: list[Change] = field(default_factory=list)
    agreements: list[Agreement] = field(default_factory=list)


def change_to_alma(  # noqa: PLR0913  (a change's own fields, with what is the same for all on the way to Alma)
    kind: Kind,
    action: Action,
    *,
    key: str,
    name: str,
    desired: Record,
    source_keys: tuple[str, ...],
    reason: str,
    origin: Record | None = None,
    package_key: str = "",
    package_name: str = "",
    title_key: str = "",
    identifiers: tuple[str, ...] = (),
    fields: tuple[FieldChange, ...] = (),
    losses: tuple[Loss, ...] = (),
    pending: tuple[str, ...] = (),
    agreed: bool = False,
) -> Change:
    """Return a change of Alma. `key` is FOLIO's for a creation, else Alma's own: there the change's target."""
    return Change(
        id=change_id(System.ALMA, kind, key),
        system=System.ALMA,
        kind=kind,
        action=action,
        name=name,
        desired=desired,
        origin=origin,
        source_keys=source_keys,
        package_key=package_key,
        package_name=package_name,
        title_key=title_key,
        target_id="" if action is Action.CREATE else key,
        identifiers=identifiers,
        reason=reason,
        fields=fields,
        losses=losses,
        pending=pending,
        agreed=agreed,
    )


def agreement_of(kind: Kind, alma_id: str, alma_hash: bytes, listed: Record, full: Record) -> Agreement:
    """Return what to store as the base: Alma's record by its hash, FOLIO's as listed and in full."""
    return Agreement(kind=kind, alma_id=alma_id, alma_hash=alma_hash, folio_listed=listed, written=full)


def home_fields(fields: tuple[str, ...], base: BaseRecords, rules: str) -> tuple[str, ...]:
    """Return the fields whose unchanged values return home; after a change of the maps, not those they translate."""
    return fields if base.rules == rules else tuple(name for name in fields if name not in MAPPED)


async def store_agreements(work: Work, outcome: Outcome) -> None:
    """Move the base of these records, in one transaction."""
    if outcome.agreements:
        async with work.database.begin() as connection:
            await agree(connection, work.name, work.run_id, work.rules, outcome.agreements)
